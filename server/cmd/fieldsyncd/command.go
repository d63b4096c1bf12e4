package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// command is one command of the program.
type command struct {
	name    string // one word or two
	args    string // as the usage shows them
	least   int    // arguments
	most    int    // arguments
	brief   string // what it does, in a line; "" hides it from the list
	about   string // the rest: how it behaves
	example string
	flags   func(*flag.FlagSet) // may be nil; the usage of a flag begins with what its value is called
	do      func(context.Context, *app, []string) error
}

// commands returns all commands, in the order in which the help lists them.
func commands() []*command {
	return slices.Concat([]*command{serveCommand(), demoCommand()}, importCommands(), []*command{
		personAddCommand(), deviceEnrolCommand(), deviceRevokeCommand(),
		backupCommand(), restoreCommand(), verifyCommand(), moveCommand(), keyAddCommand(),
		technicianCommand(),
	})
}

const overview = `fieldsyncd is the hub of a field service: technicians' devices sync with it, the office works on its pages.

Usage:
  fieldsyncd COMMAND [ARGUMENTS] [FLAGS]

Commands:
%s
Flags of every command:
  -data DIR   the hub's folder, with its database
              (default %s; environment: FIELDSYNC_DATA)
  -db ADDRESS where the database stands, as postgres://user:password@host/database: PostgreSQL in place of the
              embedded SQLite in the folder, which still holds photos and keys (environment: FIELDSYNC_DB)
  -key-file FILE
              the keys of what is stored encrypted, made by the first start; keep a copy of it apart from backups
              (default hub.db.keys in the hub's folder; environment: FIELDSYNC_KEY_FILE)
  -json       one JSON object in place of text;
              errors are an object with code and message, on standard error
  -h          help: also "fieldsyncd COMMAND -h"

All but serve, restore and move also work while a hub serves the same folder; it hears of what they do.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, a missing file or a port in use.

A first day:
  fieldsyncd serve                                   # prints the administrator's first password
  fieldsyncd person add "Li Wei" -login li -van
  fieldsyncd device enrol li                         # prints a code for his phone
  fieldsyncd import jobs orders.csv
`

// parse finds the command and its arguments; the command is nil when only help was asked for.
func (a *app) parse(args []string) (*command, []string, error) {
	a.data, a.db, a.keyFile = env("FIELDSYNC_DATA", defaultData), env("FIELDSYNC_DB", ""), env("FIELDSYNC_KEY_FILE", "")
	global := a.flagSet("fieldsyncd")
	err := global.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, nil, a.help("")
	case err != nil:
		return nil, nil, usage("%s; see fieldsyncd -h", err)
	}
	args = global.Args()
	if len(args) == 0 {
		return nil, nil, usage("say what to do: fieldsyncd -h lists the commands")
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
		return nil, nil, usage("%s; see fieldsyncd %s -h", err, c.name)
	case len(args) < c.least || len(args) > c.most:
		return nil, nil, usage("usage: %s; see fieldsyncd %s -h", c.usage(), c.name)
	}
	return c, args, nil
}

// flagSet returns a set with the flags of every command.
func (a *app) flagSet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.StringVar(&a.data, "data", a.data, "")
	flags.StringVar(&a.db, "db", a.db, "")
	flags.StringVar(&a.keyFile, "key-file", a.keyFile, "")
	flags.BoolVar(&a.json, "json", a.json, "")
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
	var near []string
	for _, c := range commands() {
		if c.brief != "" && strings.HasPrefix(c.name, word) {
			near = append(near, "fieldsyncd "+c.name)
		}
	}
	if len(near) > 0 {
		return usage("say more: %s", strings.Join(near, ", "))
	}
	return usage("there is no command %q: fieldsyncd -h lists the commands", word)
}

func (c *command) usage() string { return strings.TrimSpace("fieldsyncd " + c.name + " " + c.args) }

// help shows what the program, or one command of it, is for.
func (a *app) help(name string) error {
	if name == "" {
		var lines strings.Builder
		for _, c := range commands() {
			if c.brief != "" {
				fmt.Fprintf(&lines, "  %-18s%s\n", c.name, c.brief)
			}
		}
		a.say(overview, lines.String(), defaultData)
		return nil
	}
	c, rest := lookUp(strings.Fields(name))
	if c == nil || len(rest) > 0 {
		return a.helpGroup(name)
	}
	a.say("%s\n\nUsage:\n  %s\n", sentence(cmp.Or(c.brief, c.name))+strings.TrimRight("\n"+c.about, "\n"), c.usage())
	a.flagHelp(c)
	a.say("\nExample:\n  %s\n", strings.ReplaceAll(strings.TrimSpace(c.example), "\n", "\n  "))
	return nil
}

// helpGroup shows the commands that begin with the word.
func (a *app) helpGroup(word string) error {
	group := slices.DeleteFunc(commands(), func(c *command) bool { return c.brief == "" || !strings.HasPrefix(c.name, word+" ") })
	if len(group) == 0 {
		return unknown(word)
	}
	for _, c := range group {
		a.say("  %-18s%s\n", c.name, c.brief)
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
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); !ok || !b.IsBoolFlag() {
			value, rest, _ := strings.Cut(what, " ")
			name, what = name+" "+value, rest
			if f.DefValue != "" && f.DefValue != "0" {
				what += " (default " + f.DefValue + ")"
			}
		}
		a.say("  %-20s%s\n", name, folded(what, 96, 22))
	})
	a.say("  %-20s%s\n  %-20s%s\n  %-20s%s\n", "-data DIR", "the hub's folder (default "+defaultData+"; environment: FIELDSYNC_DATA)",
		"-db ADDRESS", "its database, where it is PostgreSQL: postgres://… (environment: FIELDSYNC_DB)",
		"-json", "JSON in place of text")
}

// folded breaks a text between words into lines of so many columns, all but the first indented.
func folded(text string, width, indent int) string {
	var lines strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i > 0 && column+1+n > width:
			lines.WriteString("\n" + strings.Repeat(" ", indent))
			column = 0
		case i > 0:
			lines.WriteByte(' ')
			column++
		}
		lines.WriteString(word)
		column += n
	}
	return lines.String()
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

// env returns what the environment says, or else the default.
func env(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }
