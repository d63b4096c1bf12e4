package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/server"
)

// Of a damaged file verify says what mends it: a restore leaves the files that are there, and begins an epoch for all devices.
func TestADamagedFileIsNoReasonToRestore(t *testing.T) {
	t.Parallel()
	a := &app{data: t.TempDir(), out: io.Discard, err: io.Discard}
	h, err := a.open(t.Context(), quietly())
	if err == nil {
		err = h.close()
	}
	rotten := filepath.Join(server.FilesPath(a.path()), "whole", "aa", strings.Repeat("a", 64))
	if err := errors.Join(err, os.MkdirAll(filepath.Dir(rotten), 0o700), os.WriteFile(rotten, []byte("rot"), 0o600)); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	exit := run(t.Context(), []string{"verify", "-data", a.data}, strings.NewReader(""), &said, &said)
	if text := said.String(); exit != exitRefused || !strings.Contains(text, "1 problem found.\n") || !strings.Contains(text, "hub-files") {
		t.Errorf("exit code %d: %s", exit, text)
	}
}
