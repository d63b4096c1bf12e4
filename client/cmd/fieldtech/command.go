package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// need is what a command needs of the replica.
type need int

const (
	nothing need = iota
	reading      // also beside a program that writes
	writing
	fresh // makes the replica where there is none
)

// command is one command of the program.
type command struct {
	name    string // one word or two
	args    string // as the usage shows them
	least   int    // arguments
	most    int    // arguments; many for any number
	brief   string // what it does, in a line
	about   string // the rest: how it behaves
	example string
	needs   need
	flags   func(*flag.FlagSet) // may be nil; the usage of a flag begins with what its value is called
	do      func(context.Context, *app, []string) error
}

const many = 1 << 20

// commands returns all commands, in the order in which the help lists them.
func commands() []*command {
	return []*command{
		enrolCommand(), syncCommand(), statusCommand(), watchCommand(), appCommand(), chooseCommand(),
		jobsCommand(), showCommand(),
		acceptCommand(), travelCommand(), arriveCommand(), pauseCommand(), resumeCommand(),
		declineCommand(), noAccessCommand(), noteCommand(), findingCommand(), completeCommand(),
		checklistCommand(), answerCommand(), solutionsCommand(),
		consentCommand(), approveCommand(), goOnCommand(), payCommand(), takeAwayCommand(), signCommand(), slipCommand(),
		partUseCommand(), partReturnCommand(), partSearchCommand(), partStockCommand(), partLedgerCommand(),
		photoCommand(), filesCommand(), fetchCommand(),
		partCountCommand(), partAskCommand(),
		giveCommand(), takeCommand(), cancelHandOverCommand(), handOversCommand(),
		outboxCommand(), resendCommand(), dismissCommand(), exportCommand(),
	}
}

const overview = `fieldtech is a technician's work from a command line. It works without a network;
"fieldtech sync" sends what was recorded and fetches what is new.

Usage:
  fieldtech [-data DIR] [-json] COMMAND [ARGUMENTS]

Commands:
%s
Flags of every command:
  -data DIR   folder of the replica
              (default %s, or FIELDTECH_DATA)
  -json       one JSON object, or for lists one a line, in place of text;
              errors are an object with code and message, on standard error
  -authority FILE
              certificates of the company's own authority, PEM, beside the system's
              (default FIELDTECH_AUTHORITY)
  -lease DAYS after so many days without the office nothing is shown until it was met again; for ever
              if 0 (default FIELDTECH_LEASE). Work that waits is sent and exported all the same
  -h          help: also "fieldtech COMMAND -h"

A JOB is a number, or how a number or an id begins. Exit codes: 0 done, 1 refused or failed,
2 wrong usage or no data in DIR.

A first day:
  fieldtech enrol https://hub.example.com ACDE-FGHJ-KMNP
  fieldtech sync
  fieldtech jobs -today
  fieldtech accept J-d1-42
  fieldtech complete J-d1-42 -finding "worn seal" -summary "seal replaced"
  fieldtech sync
`

// parse finds the command and its arguments; the command is nil when only help was asked for.
func (a *app) parse(args []string) (*command, []string, error) {
	a.data, a.authority = os.Getenv("FIELDTECH_DATA"), os.Getenv("FIELDTECH_AUTHORITY")
	if days := os.Getenv("FIELDTECH_LEASE"); days != "" {
		var err error
		if a.lease, err = strconv.Atoi(days); err != nil {
			return nil, nil, usage("FIELDTECH_LEASE is a number of days, not %q", days)
		}
	}
	global := a.flagSet("fieldtech")
	err := global.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, nil, a.help("")
	case err != nil:
		return nil, nil, usage("%s; see fieldtech -h", err)
	}
	args = global.Args()
	if len(args) == 0 {
		return nil, nil, usage("say what to do: fieldtech -h lists the commands")
	}
	if args[0] == "help" {
		return nil, nil, a.help(strings.Join(args[1:], " "))
	}
	c, args := lookUp(args)
	switch {
	case c == nil && len(args) > 1 && slices.Contains([]string{"-h", "-help", "--help"}, args[1]):
		return nil, nil, a.help(args[0])
	case c == nil:
		return nil, nil, unknown(args[0])
	}
	return a.parseFor(c, args)
}

func (a *app) parseFor(c *command, args []string) (*command, []string, error) {
	flags := a.flagSet(c.name)
	if c.flags != nil {
		c.flags(flags)
	}
	args, err := interspersed(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, nil, a.help(c.name)
	case err != nil:
		return nil, nil, usage("%s; see fieldtech %s -h", err, c.name)
	case len(args) < c.least || len(args) > c.most:
		return nil, nil, usage("usage: %s; see fieldtech %s -h", c.usage(), c.name)
	}
	if a.data == "" {
		if a.data = defaultData(); a.data == "" {
			return nil, nil, usage("there is no folder for your settings here: say with -data where the replica is")
		}
	}
	return c, args, nil
}

// flagSet returns a set with the flags of every command.
func (a *app) flagSet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.StringVar(&a.data, "data", a.data, "")
	flags.BoolVar(&a.json, "json", a.json, "")
	flags.StringVar(&a.authority, "authority", a.authority, "")
	flags.IntVar(&a.lease, "lease", a.lease, "")
	return flags
}

// interspersed parses flags before, between and after the arguments; what follows "--" is arguments.
func interspersed(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		left := flags.Args()
		if n := len(args) - len(left); n > 0 && args[n-1] == "--" {
			return append(rest, left...), nil
		}
		if len(left) == 0 {
			break
		}
		rest, args = append(rest, left[0]), left[1:]
	}
	return rest, nil
}

// lookUp returns the command that the arguments begin with, and the rest of them; nil and all of them if there is none.
func lookUp(args []string) (*command, []string) {
	for words := min(2, len(args)); words > 0; words-- {
		name := strings.Join(args[:words], " ")
		for _, c := range commands() {
			if c.name == name {
				return c, args[words:]
			}
		}
	}
	return nil, args
}

// unknown says which commands there are instead.
func unknown(word string) error {
	var close []string
	for _, c := range commands() {
		if strings.HasPrefix(c.name, word) {
			close = append(close, "fieldtech "+c.name)
		}
	}
	if len(close) > 0 {
		return usage("say more: %s", strings.Join(close, ", "))
	}
	return usage("there is no command %q: fieldtech -h lists the commands", word)
}

func defaultData() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "fieldtech")
}

func (c *command) usage() string { return strings.TrimSpace("fieldtech " + c.name + " " + c.args) }

// help shows what the program, or one command of it, is for.
func (a *app) help(name string) error {
	if name == "" {
		var lines strings.Builder
		for _, c := range commands() {
			fmt.Fprintf(&lines, "  %-16s%s\n", c.name, c.brief)
		}
		a.say(overview, lines.String(), defaultData())
		return nil
	}
	c, rest := lookUp(strings.Fields(name))
	if c == nil || len(rest) > 0 {
		return a.helpGroup(name)
	}
	a.say("%s\n\nUsage:\n  %s\n", sentence(c.brief)+strings.TrimRight("\n"+c.about, "\n"), c.usage())
	a.flagHelp(c)
	a.say("\nExample:\n  %s\n", c.example)
	return nil
}

// helpGroup shows the commands that begin with the word.
func (a *app) helpGroup(word string) error {
	group := slices.DeleteFunc(commands(), func(c *command) bool { return !strings.HasPrefix(c.name, word+" ") })
	if len(group) == 0 {
		return unknown(word)
	}
	for _, c := range group {
		a.say("  %-16s%s\n", c.name, c.brief)
	}
	return nil
}

func (a *app) flagHelp(c *command) {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	if c.flags != nil {
		c.flags(flags)
	}
	a.say("\nFlags:\n")
	flags.VisitAll(func(f *flag.Flag) {
		name, what := "-"+f.Name, f.Usage
		if _, boolean := f.Value.(interface{ IsBoolFlag() bool }); !boolean {
			value, rest, _ := strings.Cut(what, " ")
			name, what = name+" "+value, rest
		}
		a.say("  %-22s%s\n", name, what)
	})
	a.say("  %-22s%s\n  %-22s%s\n", "-data DIR", "folder of the replica", "-json", "JSON in place of text")
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }
