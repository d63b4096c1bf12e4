//go:build !unix

package files

// freeBytes does not know on this system: a full disk is noticed when it is.
func freeBytes(string) (free int64, known bool) { return 0, false }
