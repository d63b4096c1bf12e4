//go:build unix

package disk

import "syscall"

// Free returns what the disk of a folder has left for a process like this one, in bytes; false where the system does not say.
func Free(dir string) (free int64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(uint64(s.Bavail) * uint64(s.Bsize)), true //nolint:unconvert // the types differ between systems
}
