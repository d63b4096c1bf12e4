package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fieldsync/server/store"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
)

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
		{cli.Usage("there is no file %q", "x"), exitUsage, "fieldsyncd: there is no file \"x\"\n"},
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

func TestEveryFailureHasACodeForScripts(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		errors.New("no luck"):              "failed",
		cli.Usage("no sense"):              "usage",
		fault.New(store.Foreign, "no hub"): string(store.Foreign),
	} {
		var line bytes.Buffer
		if (&app{json: true, err: &line}).exit(err); !strings.Contains(line.String(), `{"code":"`+want+`",`) {
			t.Errorf("%v is said as %s", err, line.String())
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
		if c.Example == "" || c.About == "" || c.Do == nil || slices.Contains(names, c.Name) {
			t.Errorf("%s lacks something", c.Name)
		}
		names = append(names, c.Name)
	}
}

// What a newcomer reads first: no line runs out of the window, no name into what it does, and no flag's value is a word of
// the sentence about it.
func TestHelpIsLaidOut(t *testing.T) {
	t.Parallel()
	names := []string{""}
	for _, c := range commands() {
		names = append(names, c.Name)
	}
	for _, name := range names {
		var out bytes.Buffer
		a := &app{out: &out, err: io.Discard}
		if err := a.program().Explain(name); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if utf8.RuneCountInString(line) > 130 {
				t.Errorf("%s: a line of %d columns: %s", name, utf8.RuneCountInString(line), line)
			}
			if _, rest, isFlag := strings.Cut(line, "  -"); isFlag {
				_, value, _ := strings.Cut(rest, " ")
				if value, _, _ = strings.Cut(strings.TrimSpace(value), " "); value == "the" {
					t.Errorf("%s: a flag takes no value by name: %s", name, line)
				}
			}
		}
		for _, c := range commands() {
			if name == "" && c.Brief != "" && !strings.Contains(out.String(), "  "+c.Name+"  ") && !strings.Contains(out.String(), "  "+c.Name+" "+c.Brief) {
				t.Errorf("%s runs into what it does", c.Name)
			}
		}
	}
}

// A hub whose database was deleted or emptied is not founded anew: to everybody it would look as if all work were gone.
func TestALostDatabaseIsNotReplacedByANewOne(t *testing.T) {
	t.Parallel()
	a := &app{data: t.TempDir(), out: io.Discard, err: io.Discard}
	h, err := a.open(t.Context(), quietly())
	if err == nil {
		err = h.close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, lose := range []func(string) error{func(path string) error { return os.Truncate(path, 0) }, os.Remove} {
		if err := lose(a.path()); err != nil {
			t.Fatal(err)
		}
		if _, err := a.open(t.Context(), quietly()); err == nil || !strings.Contains(err.Error(), "fieldsyncd restore") {
			t.Errorf("it was opened: %v", err)
		}
		if err := a.mayRestore(t.Context(), true); err != nil {
			t.Errorf("a backup cannot take its place: %v", err)
		}
	}
}

// Who names an empty database for a folder whose hub has another is refused: a new hub would look as if all work were gone.
func TestAnEmptyDatabaseDoesNotTakeAHubsPlace(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	a := &app{data: t.TempDir(), out: io.Discard, err: io.Discard}
	serves := func(hint string) {
		t.Helper()
		h, err := a.open(t.Context(), quietly())
		if err == nil {
			err = h.close()
		}
		if hint == "" && err != nil || hint != "" && (err == nil || !strings.Contains(err.Error(), hint)) {
			t.Errorf("asked for %q, it says %v", hint, err)
		}
	}
	serves("")
	a.db = server.Database()
	serves("fieldsyncd move")
	if err := a.move(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	serves("")
	moved := a.db
	if err := a.move(t.Context(), false); err == nil || !strings.Contains(err.Error(), "-back") {
		t.Errorf("moved once more: %v", err)
	}
	a.db = server.Database()
	serves("fieldsyncd restore")
	if err := a.move(t.Context(), true); err == nil || !strings.Contains(err.Error(), "no hub in the database that -db names") {
		t.Errorf("moved back from nowhere: %v", err)
	}
	if left, err := filepath.Glob(a.path() + ".incoming*"); len(left) > 0 || err != nil {
		t.Errorf("left behind is %v, %v", left, err)
	}
	other := &app{data: t.TempDir(), db: moved, keyFile: a.keys(), out: io.Discard, err: io.Discard}
	if err := other.move(t.Context(), true); err != nil {
		t.Errorf("not moved into another folder: %v", err)
	}
}

// What serve is told that cannot be is refused before anything is made: a first password is shown once.
func TestServeLooksBeforeItBegins(t *testing.T) {
	t.Parallel()
	taken, err := listen(t.Context(), "127.0.0.1:0", "-addr")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	dir := t.TempDir()
	none, certificate, key := filepath.Join(dir, "data"), filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	if err := errors.Join(os.WriteFile(certificate, nil, 0o600), os.WriteFile(key, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"c.pem":                {"-tls-cert", certificate, "-tls-key", key},
		"address with -http\n": {"-acme", "hub.example.com", "-http", taken.Addr().String()},
	} {
		var out, said strings.Builder
		args = append([]string{"serve", "-data", none, "-addr", "127.0.0.1:0"}, args...)
		if code := run(t.Context(), args, strings.NewReader(""), &out, &said); code != exitUsage || !strings.Contains(said.String(), want) || out.Len() > 0 {
			t.Errorf("%v: %d, %s%s", args, code, out.String(), said.String())
		}
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a hub was made")
	}
}

// The log says why a database or a store for files does not answer; of what was refused to somebody it does not, who may have typed it.
func TestTheLogSaysWhySomethingIsAway(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	log, err := (&serving{log: "text", level: "info"}).logger(&app{err: &said})
	if err != nil {
		t.Fatal(err)
	}
	log.Error("one", "error", fmt.Errorf("reading: %w", fault.Wrap(store.Unavailable, "It is away.", errors.New("the port is closed"))))
	log.Error("other", "error", fault.Wrap(fault.Invalid, "It does not fit.", errors.New("Li Wei is no number")))
	if text := said.String(); !strings.Contains(text, "It is away. (the port is closed)") || strings.Contains(text, "Li Wei") {
		t.Error(text)
	}
}

// A process that dies while it makes a hub leaves a database in which nothing was ever written. The next one sets it up.
func TestAHubThatWasNeverSetUpIsSetUp(t *testing.T) {
	t.Parallel()
	a := &app{data: t.TempDir(), out: io.Discard, err: io.Discard}
	h, err := openHouse(t.Context(), a.data, quietly())
	if err == nil {
		err = h.close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if h, err = a.open(t.Context(), quietly()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.branch(t.Context(), ""); err != nil {
			t.Errorf("there is no branch: %v", err)
		}
		if err := h.close(); err != nil {
			t.Fatal(err)
		}
	}
}
