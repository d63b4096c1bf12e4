//go:build !unix

package main

// lockFolder does nothing: these systems do not let a file be exchanged that a process has open.
func lockFolder(string, bool) (unlock func(), err error) { return func() {}, nil }

// lockServing does nothing: see lockFolder.
func lockServing(string) (unlock func(), err error) { return func() {}, nil }
