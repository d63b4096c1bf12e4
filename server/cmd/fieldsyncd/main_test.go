package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"fieldsync/server/store"
	"fieldsync/sync/fault"
)

func TestFlagsStandBeforeBetweenAndAfterArguments(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                   "false []",
		"a":                  "false [a]",
		"-hard a":            "true [a]",
		"a -hard":            "true [a]",
		"a -hard b":          "true [a b]",
		"a -- -hard":         "false [a -hard]",
		"-- a -hard":         "false [a -hard]",
		"a -hard=false -- b": "false [a b]",
	} {
		flags := flag.NewFlagSet("test", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		hard := flags.Bool("hard", false, "")
		rest, err := interspersed(flags, strings.Fields(line))
		if got := fmt.Sprint(*hard, rest); got != want || err != nil {
			t.Errorf("%q is read as %s, %v; not as %s", line, got, err, want)
		}
	}
}

func TestAddressesBecomeURLsThatAPersonCanOpen(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"127.0.0.1:8470": "http://127.0.0.1:8470",
		":8470":          "http://127.0.0.1:8470",
		"0.0.0.0:80":     "http://127.0.0.1:80",
		"[::]:80":        "http://127.0.0.1:80",
		"[::1]:80":       "http://[::1]:80",
		"hub.local:80":   "http://hub.local:80",
	} {
		if got := urlOf(address); got != want {
			t.Errorf("%s becomes %s, not %s", address, got, want)
		}
	}
}

func TestErrorsAreOneLineWithTheRightExitCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		code int
		line string
	}{
		{nil, exitDone, ""},
		{errQuiet, exitRefused, ""},
		{errors.New("the disk\nis on fire"), exitRefused, "fieldsyncd: the disk is on fire\n"},
		{usage("there is no file %q", "x"), exitUsage, "fieldsyncd: there is no file \"x\"\n"},
		{fault.New(store.BackupExists, "There is a file already."), exitUsage, "fieldsyncd: There is a file already.\n"},
		{fmt.Errorf("story: %w", fault.Wrap(store.DiskFull, "The disk is full.", errors.New("no space"))), exitRefused,
			"fieldsyncd: The disk is full. (no space)\n"},
	} {
		var line bytes.Buffer
		a := &app{out: io.Discard, err: &line}
		if code := a.exit(c.err); code != c.code || line.String() != c.line {
			t.Errorf("%v exits %d with %q", c.err, code, line.String())
		}
	}
}

func TestProgressIsForTerminalsOnly(t *testing.T) {
	t.Parallel()
	var seen bytes.Buffer
	a := &app{err: &seen}
	line := a.progress("copying")
	line.show(1, 2, "half")
	line.clear()
	if err := line.during(func() (int64, int64, string) { return 1, 1, "" }, func() error { return nil }); err != nil || seen.Len() > 0 {
		t.Errorf("a pipe is shown %q, %v", seen.String(), err)
	}
	line = &progress{to: &seen, title: "copying"}
	line.show(1, 2, "half")
	line.clear()
	if want := "\r\033[Kcopying [████████████············]  50 %  half\r\033[K"; seen.String() != want {
		t.Errorf("a terminal is shown %q, not %q", seen.String(), want)
	}
}

func TestEveryCommandSaysWhatItIs(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range commands() {
		if c.example == "" || c.about == "" || c.do == nil || slices.Contains(names, c.name) {
			t.Errorf("%s lacks something", c.name)
		}
		names = append(names, c.name)
		if found, rest := lookUp(append(strings.Fields(c.name), "more")); found == nil || found.name != c.name || len(rest) != 1 {
			t.Errorf("%s is not found by its name", c.name)
		}
	}
}
