// Command fieldtech is a technician's work from a command line: it keeps a replica on this computer, works without a
// network, and syncs with the hub when told to. `fieldtech -h` lists the commands.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"fieldsync/client"
	"fieldsync/client/replica"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
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
	exitUsage   = 2 // what was asked makes no sense: wrong flags, no data where -data says
)

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	o := &output{Writer: out}
	a := &app{in: in, out: o, err: err}
	failed := a.run(ctx, args)
	if failed == nil && o.failed != nil {
		failed = fmt.Errorf("the answer could not be written: %w", o.failed)
	}
	return a.exit(failed)
}

// app is one run of the program.
type app struct {
	in        io.Reader
	out, err  io.Writer
	data      string // the folder of the replica
	json      bool
	authority string         // a file with certificates, PEM
	lease     int            // days; 0 is for ever
	client    *client.Client // nil for commands that need none
}

func (a *app) run(ctx context.Context, args []string) error {
	c, rest, err := a.parse(args)
	if err != nil || c == nil {
		return err
	}
	if c.Needs == nothing {
		return c.Do(ctx, a, rest)
	}
	if err := a.open(ctx, c.Needs); err != nil {
		return err
	}
	if a.client.LeaseOver() && !slices.Contains(withoutLease, c.Name) {
		return errors.Join(errLease, a.client.Close())
	}
	return errors.Join(c.Do(ctx, a, rest), a.client.Close())
}

// withoutLease are the commands that show nothing of customers; app asks for a contact itself.
var withoutLease = []string{"sync", "status", "export", "app"}

var errLease = fault.New("lease_over", "this computer has not met the office for longer than it may: run fieldtech sync; what waits is kept")

// open opens the replica. What only reads also works beside a program that has the replica open for writing.
func (a *app) open(ctx context.Context, n need) error {
	path := filepath.Join(a.data, "replica.db")
	if _, err := os.Stat(path); err != nil && n != fresh {
		return cli.Usage("there is no replica in %s: run fieldtech enrol first, or name another folder with -data", a.data)
	}
	o, err := a.options(path)
	if err != nil {
		return err
	}
	c, err := a.inTurn(ctx, o, n)
	switch fault.CodeOf(err) {
	case replica.ReadOnly, replica.Foreign:
		return cli.Usage("%s", message(err))
	}
	if err != nil {
		return err
	}
	a.client = c
	if r := c.Recovered(); r != nil {
		a.tell("the data was damaged: what could be read was taken over, the damaged file lies in %s; run fieldtech sync", r.Aside)
	}
	return nil
}

func (a *app) options(path string) (o client.Options, err error) {
	o = client.Options{
		Path: path, App: "fieldtech", Lease: time.Duration(a.lease) * 24 * time.Hour, Files: client.FileOptions{Ahead: client.AheadDocuments},
	}
	if a.lease < 0 {
		return o, cli.Usage("-lease takes a number of days, or 0 for ever")
	}
	if a.authority != "" {
		if o.Reach.Roots, err = os.ReadFile(a.authority); err != nil {
			return o, cli.Usage("-authority names a file with the certificates of the company's own authority: %v", err)
		}
	}
	return o, nil
}

// patience is how long a command waits for another one that has the replica open.
const patience = 3 * time.Second

var errBusy = fault.New(replica.InUse, "another fieldtech works on this data, as app and watch do until Ctrl-C: they send by themselves, and "+
	"the app takes what you write. Go on there, or end it and try again")

// unwritable is why a replica can perhaps only be read.
var unwritable = []fault.Code{replica.InUse, replica.DiskFull, replica.Storage, replica.ReadOnly}

// inTurn opens the replica when nobody else has it open for writing any more. What only reads need not wait.
func (a *app) inTurn(ctx context.Context, o client.Options, n need) (*client.Client, error) {
	for deadline := time.Now().Add(patience); ; {
		c, err := client.Open(ctx, o)
		beside := o
		beside.ReadOnly = true
		if err != nil && n == reading && slices.Contains(unwritable, fault.CodeOf(err)) {
			if c, e := client.Open(ctx, beside); e == nil {
				if fault.CodeOf(err) != replica.InUse {
					a.tell("%s What is here is shown all the same.", message(err))
				}
				return c, nil
			}
		}
		if fault.CodeOf(err) != replica.InUse {
			return c, err
		}
		if time.Now().After(deadline) {
			return nil, errBusy
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tell says something to the person that is not the answer.
func (a *app) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(a.err, "fieldtech: "+format+"\n", args...)
}

// exit reports how the command ended, in one line, and returns the exit code.
func (a *app) exit(err error) int {
	if err == nil {
		return exitDone
	}
	code, exit := fault.CodeOf(err), exitRefused
	if u := new(cli.UsageError); errors.As(err, &u) {
		code, exit = "usage", exitUsage
	}
	if a.json {
		_ = json.NewEncoder(a.err).Encode(failure{cmp.Or(code, "failed"), message(err)})
	} else {
		a.tell("%s", message(err))
	}
	return exit
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
	}
	if errors.Is(err, context.Canceled) {
		text = "stopped; what was recorded is kept"
	}
	return strings.Join(strings.Fields(text), " ")
}
