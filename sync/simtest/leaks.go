package simtest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Main runs the tests of a package, and fails when they leave goroutines behind. It does not return.
func Main(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := Leaks(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// Leaks returns an error that shows the goroutines that run and do not end. Goleak by itself waits less than half a
// second for those that are about to, which is short on a busy machine: Leaks waits a minute.
func Leaks(ignore ...goleak.Option) (err error) {
	for begun := time.Now(); time.Since(begun) < time.Minute; {
		if err = goleak.Find(ignore...); err == nil {
			return nil
		}
	}
	return err
}
