//go:build !unix

package files

// FreeSpace does not know on this system: a full disk is noticed when it is.
func FreeSpace(string) (free int64, known bool) { return 0, false }
