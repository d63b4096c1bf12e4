// Command fieldbench measures the engine, from one end to the other: a hub and devices as processes of their own, real
// sockets on this machine, databases on its disk, and a hub that is durable at every commit. The figures are medians of
// the runs, and bytes on the wire are TCP payload of both directions, counted between the two ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// errUsage says that the command line was wrong and that the person has been told.
var errUsage = errors.New("usage")

// options are the flags of a scenario.
type options struct {
	source
	runs    int
	devices int           // of a crowd; 0 leaves it to the scenario
	tls     bool          // a crowd speaks TLS
	during  time.Duration // of a mixed day
	json    bool
	dir     string
	db      string // a server of PostgreSQL; "" for SQLite
	profile string
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	err := dispatch(ctx, args, in, out, errs)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return exitUsage
	}
	fmt.Fprintf(errs, "fieldbench: %v\n", err)
	return exitFailed
}

func dispatch(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	if len(args) == 0 {
		return complain(errs, "say what to measure: fieldbench -h lists the scenarios")
	}
	if args[0] == "-h" || args[0] == "--help" || args[0] == "help" {
		usage(out)
		return nil
	}
	if roleOf(args[0]) != nil {
		return work(ctx, args[0], args[1:], in, out)
	}
	chosen := choose(args[0])
	if chosen == nil {
		return complain(errs, "there is no scenario %q; see fieldbench -h", args[0])
	}
	o, err := parseFlags(args[0], args[1:], out, errs)
	if err != nil {
		return err
	}
	return measure(ctx, chosen, o, out, errs)
}

func complain(errs io.Writer, format string, args ...any) error {
	fmt.Fprintf(errs, "fieldbench: "+format+"\n", args...)
	return errUsage
}

// choose returns the scenario of that name, or every one for "all".
func choose(name string) (chosen []scenario) {
	for _, s := range scenarios() {
		if name == s.name || name == "all" {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

func usage(out io.Writer) {
	fmt.Fprint(out, "fieldbench measures how fast and how small synchronising is.\n\nusage: fieldbench SCENARIO [flags]\n\n")
	for _, s := range scenarios() {
		fmt.Fprintf(out, "  %-12s %s\n", s.name, s.about)
	}
	fmt.Fprintf(out, "  %-12s each of them\n\nflags:\n", "all")
	flags, _ := flagSet("fieldbench")
	flags.SetOutput(out)
	flags.PrintDefaults()
	fmt.Fprint(out, `
examples:
  fieldbench first-sync -rows 100000
  fieldbench all -data jobs-10000.jsonl -json
  fieldbench storm -devices 10000 -tls -runs 5
  fieldbench live -devices 1000
  fieldbench mixed -db postgres://me@localhost/postgres
  fieldbench push -profile /tmp/profiles     (then: go tool pprof /tmp/profiles/hub-process-*.cpu)
`)
}

func flagSet(name string) (*flag.FlagSet, *options) {
	var o options
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.IntVar(&o.rows, "rows", 10_000, "how many rows the hub has")
	flags.StringVar(&o.data, "data", "", "take the rows from this `file` of JSON lines instead of making them")
	flags.Uint64Var(&o.seed, "seed", 1, "of the rows that are made: the same seed makes the same rows")
	flags.IntVar(&o.runs, "runs", 5, "how often to measure; figures are medians")
	flags.IntVar(&o.devices, "devices", 0, "how many devices there are in idle and storm (10,000 by default) and mixed (2,000), and how many more are online in live (none)")
	flags.BoolVar(&o.tls, "tls", false, "the devices of idle, storm and mixed speak TLS, each connection negotiated from the beginning")
	flags.DurationVar(&o.during, "for", time.Minute, "how long mixed lasts")
	flags.BoolVar(&o.json, "json", false, "print one JSON object a scenario")
	flags.StringVar(&o.dir, "dir", "", "`folder` on the disk to measure; the system's for temporary files by default")
	flags.StringVar(&o.db, "db", "", "`postgres://…` of a server whose user may make databases: the hub has its rows there, in databases of its own that go with the bench")
	flags.StringVar(&o.profile, "profile", "", "write CPU and allocation profiles of every process into this `folder`")
	return flags, &o
}

// parseFlags reads the flags that follow a scenario's name.
func parseFlags(scenario string, args []string, out, errs io.Writer) (options, error) {
	flags, o := flagSet("fieldbench " + scenario)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		usage(out)
		return *o, err
	case err != nil:
		return *o, complain(errs, "%v; see fieldbench -h", err)
	case flags.NArg() > 0:
		return *o, complain(errs, "%q is too much: one scenario, then flags", flags.Arg(0))
	case o.rows < 1 || o.runs < 1 || o.devices < 0 || o.during <= 0:
		return *o, complain(errs, "-rows and -runs must be at least 1, -devices and -for not negative")
	}
	for _, p := range []struct {
		path   string
		folder bool
	}{{o.data, false}, {o.dir, true}, {o.profile, true}} {
		switch info, err := os.Stat(p.path); {
		case p.path == "":
		case err != nil:
			return *o, complain(errs, "%v", err)
		case p.folder && !info.IsDir():
			return *o, complain(errs, "%s is no folder", p.path)
		case !p.folder && info.IsDir():
			return *o, complain(errs, "%s is no file", p.path)
		}
	}
	return *o, nil
}

func measure(ctx context.Context, chosen []scenario, o options, out, errs io.Writer) (err error) {
	r, err := build(ctx, o, errs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for _, s := range chosen {
		fmt.Fprintf(errs, "%s ...\n", s.name)
		t := newTally(s.name, o.rows)
		if err := s.run(ctx, r, t); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := report(out, t, o.json); err != nil {
			return err
		}
	}
	return nil
}

func report(out io.Writer, t *tally, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(t)
	}
	t.print(out)
	return nil
}
