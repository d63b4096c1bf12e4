// Command fieldsyncd is the hub: it serves devices and the office, and keeps house.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"fieldsync/sync/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// command is one thing the program does.
type command struct {
	name  string
	about string // one line; "" hides the command from the list
	run   func(ctx context.Context, args []string, in io.Reader, out io.Writer) error
}

// errUsage says that the flags were wrong and that the flag set has said so.
var errUsage = errors.New("usage")

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

func commands() []command {
	return []command{
		{"demo", "start a hub with demo data and two technicians, or play the whole story", runDemo},
		{"technician", "", runTechnician},
	}
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	if len(args) == 0 || args[0] == "-h" || args[0] == "help" || args[0] == "--help" {
		usage(out)
		return 0
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return exit(errs, c.run(ctx, args[1:], in, out))
		}
	}
	fmt.Fprintf(errs, "fieldsyncd: there is no command %q; see fieldsyncd -h\n", args[0])
	return exitUsage
}

func usage(out io.Writer) {
	fmt.Fprint(out, "fieldsyncd runs the hub of a field service.\n\nusage: fieldsyncd COMMAND [flags]; COMMAND -h tells more\n\n")
	for _, c := range commands() {
		if c.about != "" {
			fmt.Fprintf(out, "  %-14s %s\n", c.name, c.about)
		}
	}
}

// exit prints the error in one line and returns the exit code it calls for.
func exit(errs io.Writer, err error) int {
	var refused *fault.Error
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.As(err, &refused) && refused.Detail != nil:
		fmt.Fprintf(errs, "fieldsyncd: %s (%v)\n", refused.Message, refused.Detail)
	case errors.As(err, &refused):
		fmt.Fprintf(errs, "fieldsyncd: %s\n", refused.Message)
	default:
		fmt.Fprintf(errs, "fieldsyncd: %v\n", err)
	}
	return exitFailed
}
