// Package disk says what a disk has left, for those who leave some of it to the rows.
package disk

// Reserve is how much of a disk all but the rows leave free, in bytes: changes go first.
const Reserve = 256 << 20

// Short reports whether less than the reserve would be left of the folder's disk if so many bytes more were written; never
// where the system does not say what is free.
func Short(dir string, bytes, reserve int64) bool {
	free, known := Free(dir)
	return known && free-bytes < reserve
}
