// Package cli is how this project's programs are spoken to: commands of one word or two, flags before, between and after
// their arguments, help for the program, for the commands that share a word and for each of them; and a usage error
// where none of it makes sense. It parses and explains; what a command does is the program's.
package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Any is the number of arguments of a command that takes any number.
const Any = 1 << 20

// Command is one command of a program whose commands work on an A, once what they need of it is there.
type Command[A, Needs any] struct {
	Name    string // one word or two
	Args    string // as the usage shows them
	Least   int    // arguments
	Most    int    // arguments, or Any
	Brief   string // what it does, in a line; "" hides it from the list
	About   string // the rest: how it behaves
	Example string
	Needs   Needs
	Flags   func(*flag.FlagSet) // may be nil; the usage of a flag begins with what its value is called
	Do      func(ctx context.Context, a A, args []string) error
}

// Program is what a command line is parsed for.
type Program[A, Needs any] struct {
	Name     string
	Commands []*Command[A, Needs]         // in the order in which the help lists them
	Overview func(commands string) string // its help, around the list of the commands
	Flags    func(*flag.FlagSet)          // adds the flags of every command; each keeps the value that it has
	Common   []Flag                       // those of them that the help of a command shows
	Help     io.Writer                    // where help is written
}

// Flag is a flag as help shows it: "-data DIR", and what it is for.
type Flag struct{ Name, Usage string }

// UsageError is a command line that makes no sense.
type UsageError struct{ text string }

// Error says what makes no sense, and what would.
func (e *UsageError) Error() string { return e.text }

// Usage returns a UsageError.
func Usage(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// Parse finds the command and its arguments, and sets the flags. The command is nil when only help was asked for, and
// was given. The error is a UsageError.
func (p *Program[A, Needs]) Parse(args []string) (*Command[A, Needs], []string, error) {
	global := p.flagSet(p.Name)
	err := global.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, nil, p.Explain("")
	case err != nil:
		return nil, nil, Usage("%s; see %s -h", err, p.Name)
	}
	args = global.Args()
	if len(args) == 0 {
		return nil, nil, Usage("say what to do: %s -h lists the commands", p.Name)
	}
	if args[0] == "help" {
		return nil, nil, p.Explain(strings.Join(args[1:], " "))
	}
	c, args := p.find(args)
	switch {
	case c == nil && len(args) > 1 && slices.Contains([]string{"-h", "-help", "--help"}, args[1]):
		return nil, nil, p.Explain(args[0])
	case c == nil:
		return nil, nil, p.unknown(args[0])
	}
	return p.parseFor(c, args)
}

func (p *Program[A, Needs]) parseFor(c *Command[A, Needs], args []string) (*Command[A, Needs], []string, error) {
	flags := p.flagSet(c.Name)
	if c.Flags != nil {
		c.Flags(flags)
	}
	args, err := interspersed(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, nil, p.Explain(c.Name)
	case err != nil:
		return nil, nil, Usage("%s; see %s %s -h", err, p.Name, c.Name)
	case len(args) < c.Least || len(args) > c.Most:
		return nil, nil, Usage("usage: %s; see %s %s -h", p.usage(c), p.Name, c.Name)
	}
	return c, args, nil
}

// flagSet returns a set with the flags of every command.
func (p *Program[A, Needs]) flagSet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	p.Flags(flags)
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

// find returns the command that the arguments begin with, and the rest of them; nil and all of them if there is none.
func (p *Program[A, Needs]) find(args []string) (*Command[A, Needs], []string) {
	for words := min(2, len(args)); words > 0; words-- {
		name := strings.Join(args[:words], " ")
		for _, c := range p.Commands {
			if c.Name == name {
				return c, args[words:]
			}
		}
	}
	return nil, args
}

// unknown says which commands there are instead.
func (p *Program[A, Needs]) unknown(word string) error {
	var near []string
	for _, c := range p.Commands {
		if c.Brief != "" && strings.HasPrefix(c.Name, word) {
			near = append(near, p.Name+" "+c.Name)
		}
	}
	if len(near) > 0 {
		return Usage("say more: %s", strings.Join(near, ", "))
	}
	return Usage("there is no command %q: %s -h lists the commands", word, p.Name)
}

func (p *Program[A, Needs]) usage(c *Command[A, Needs]) string {
	return strings.TrimSpace(p.Name + " " + c.Name + " " + c.Args)
}

// Explain writes what the program is for, or by its name what one command is for, or those that begin with a word.
func (p *Program[A, Needs]) Explain(name string) error {
	if name == "" {
		p.say("%s", p.Overview(list(p.Commands)))
		return nil
	}
	c, rest := p.find(strings.Fields(name))
	if c == nil || len(rest) > 0 {
		return p.explainGroup(name)
	}
	p.say("%s\n\nUsage:\n  %s\n", sentence(cmp.Or(c.Brief, c.Name))+strings.TrimRight("\n"+c.About, "\n"), p.usage(c))
	p.explainFlags(c)
	p.say("\nExample:\n  %s\n", strings.ReplaceAll(strings.TrimSpace(c.Example), "\n", "\n  "))
	return nil
}

// explainGroup lists the commands that begin with the word.
func (p *Program[A, Needs]) explainGroup(word string) error {
	var group []*Command[A, Needs]
	for _, c := range p.Commands {
		if strings.HasPrefix(c.Name, word+" ") {
			group = append(group, c)
		}
	}
	lines := list(group)
	if lines == "" {
		return p.unknown(word)
	}
	p.say("%s", lines)
	return nil
}

func list[A, Needs any](commands []*Command[A, Needs]) string {
	var lines strings.Builder
	for _, c := range commands {
		if c.Brief != "" {
			fmt.Fprintf(&lines, "  %-18s%s\n", c.Name, c.Brief)
		}
	}
	return lines.String()
}

func (p *Program[A, Needs]) explainFlags(c *Command[A, Needs]) {
	flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	if c.Flags != nil {
		c.Flags(flags)
	}
	p.say("\nFlags:\n")
	flags.VisitAll(func(f *flag.Flag) {
		name, what := "-"+f.Name, f.Usage
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); !ok || !b.IsBoolFlag() {
			value, rest, _ := strings.Cut(what, " ")
			name, what = name+" "+value, rest
			if f.DefValue != "" && f.DefValue != "0" {
				what += " (default " + f.DefValue + ")"
			}
		}
		p.explainFlag(name, what)
	})
	for _, f := range p.Common {
		p.explainFlag(f.Name, f.Usage)
	}
}

func (p *Program[A, Needs]) explainFlag(name, usage string) {
	p.say("  %-22s%s\n", name, folded(usage, 96, 24))
}

func (p *Program[A, Needs]) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Help, format, args...)
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }
