// Command fieldsyncd is the hub: it serves devices and the office, and keeps house. `fieldsyncd -h` lists the commands.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // the zones of branches and sites, where the system has none

	"fieldsync/server/files/bucket"
	"fieldsync/server/importer"
	"fieldsync/server/store"
	"fieldsync/server/wake"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
	"fieldsync/sync/seal"

	_ "golang.org/x/crypto/x509roots/fallback" // the authorities that notices trust, where the system names none
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	exitDone    = 0
	exitRefused = 1 // what was asked is refused, or failed
	exitUsage   = 2 // what was asked makes no sense: wrong flags, a file that is not there, a port that is taken
)

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	a := &app{in: in, out: out, err: err}
	return a.exit(a.run(ctx, args))
}

// app is one run of the program.
type app struct {
	in       io.Reader
	out, err io.Writer
	data     string // the hub's folder
	db       string // postgres://…; "" means the file in the folder
	files    string // s3://…; "" means a folder in the folder
	keyFile  string // "" means beside the database
	json     bool
}

func (a *app) run(ctx context.Context, args []string) error {
	c, rest, err := a.program().Parse(args)
	if err != nil || c == nil {
		return err
	}
	return c.Do(ctx, a, rest)
}

// say prints to standard output.
func (a *app) say(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format, args...) }

// tell says something to the person that is not the answer.
func (a *app) tell(format string, args ...any) { _, _ = fmt.Fprintf(a.err, format+"\n", args...) }

// answer prints v as one line of JSON where -json asks for it, else what text prints.
func (a *app) answer(v any, text func()) error {
	if a.json {
		encoder := json.NewEncoder(a.out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	}
	text()
	return nil
}

// many counts things: "1 job", "2 jobs".
func many(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// errQuiet is a failure that the command has told of already.
var errQuiet = errors.New("failed")

// exit reports how the command ended, in one line, and returns the exit code.
func (a *app) exit(err error) int {
	if err == nil {
		return exitDone
	}
	code, exit := fault.CodeOf(err), exitRefused
	if code == seal.Missing || code == seal.Wrong {
		err = fmt.Errorf("%s; the key file is %s, -key-file names another", message(err), a.keys())
	}
	if u := new(cli.UsageError); errors.As(err, &u) {
		code, exit = "usage", exitUsage
	}
	if senseless[code] {
		exit = exitUsage
	}
	switch {
	case errors.Is(err, errQuiet):
	case a.json:
		_ = json.NewEncoder(a.err).Encode(failure{cmp.Or(code, "failed"), message(err)})
	default:
		a.tell("fieldsyncd: %s", message(err))
	}
	return exit
}

// senseless are the refusals that another command line avoids.
var senseless = map[fault.Code]bool{
	importer.BadMapping: true, importer.BadOption: true, importer.NoColumn: true, importer.Unreadable: true, importer.TooLarge: true,
	store.Foreign: true, store.ReadOnly: true, store.Unreadable: true, store.BackupExists: true, store.Occupied: true,
	bucket.BadAddress: true, wake.BadAddress: true,
}

// failure is an error as -json shows it.
type failure struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
}

// message returns what an error says to the person, on one line.
func message(err error) string {
	text := err.Error()
	if f := new(fault.Error); errors.As(err, &f) {
		text = f.Message
		if f.Detail != nil {
			text += fmt.Sprintf(" (%v)", f.Detail)
		}
	}
	if errors.Is(err, context.Canceled) {
		text = "stopped; what was done is kept"
	}
	return strings.Join(strings.Fields(text), " ")
}

// listen opens the port that the flag names. One that is taken is the command line's fault.
func listen(ctx context.Context, address, flag string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, cli.Usage("%s is in use: stop what listens there, or choose another address with %s", address, flag)
	case err != nil:
		return nil, cli.Usage("cannot listen on %s: choose another address with %s (%v)", address, flag, err)
	}
	return l, nil
}
