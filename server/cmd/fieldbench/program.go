package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A device's program is the client library and little else. This one carries the hub and the office too, and a process that
// is made of it has 20 MiB of their pages in memory before a device opens anything. So the bench has a program without the hub's
// side built for its devices: this package with the tag "device".

// The roles that are processes of a device's program.
const (
	deviceRole = "device-process"
	searchRole = "search-process"
	readerRole = "reader-process"
)

// databasesRole is the process that makes databases for the hubs, where -db names a server.
const databasesRole = "databases-process"

// deviceProgram builds the program of devices in the folder, from the sources that this one was built from, and returns
// where it lies.
func deviceProgram(ctx context.Context, dir string) (string, error) {
	_, source, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(source) {
		return "", errors.New("this program does not know its sources")
	}
	program := filepath.Join(dir, "device")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.CommandContext(ctx, "go", "build", "-tags", "device", "-o", program, ".")
	build.Dir = filepath.Dir(source)
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, strings.TrimSpace(string(said)))
	}
	return program, nil
}

// programOf returns which program a worker is a process of.
func programOf(role string, p place) (string, error) {
	if p.device != "" && (role == deviceRole || role == searchRole || role == readerRole) {
		return p.device, nil
	}
	return os.Executable()
}
