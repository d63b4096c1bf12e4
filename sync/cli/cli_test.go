package cli_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"

	"fieldsync/sync/cli"
)

// bell is a program with two commands, one that works in secret, and a flag of all of them.
type bell struct {
	hard bool
	help bytes.Buffer
}

func (b *bell) program() *cli.Program[*bell, string] {
	nothing := func(context.Context, *bell, []string) error { return nil }
	return &cli.Program[*bell, string]{
		Name: "bell", Help: &b.help, Flags: func(f *flag.FlagSet) { f.BoolVar(&b.hard, "hard", b.hard, "") },
		Overview: func(commands string) string { return "bell rings.\n" + commands },
		Common:   []cli.Flag{{"-hard", "with all might"}},
		Commands: []*cli.Command[*bell, string]{
			{Name: "ring", Args: "[WHO...]", Most: cli.Any, Needs: "a rope", Brief: "ring the bell", Example: "bell ring", Do: nothing, Flags: func(f *flag.FlagSet) {
				f.Int("times", 3, "N how often, which is "+strings.Repeat("really ", 20)+"often")
			}},
			{Name: "hang up", Args: "WHERE", Least: 1, Most: 1, Brief: "hang the bell up", Example: "bell hang up tower", Do: nothing},
			{Name: "crack", Do: nothing, Example: "bell crack"},
		},
	}
}

func TestFlagsStandBeforeBetweenAndAfterArguments(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"ring":                    "false []",
		"ring a":                  "false [a]",
		"-hard ring a":            "true [a]",
		"ring -hard a":            "true [a]",
		"ring a -hard":            "true [a]",
		"ring a -hard b":          "true [a b]",
		"ring a -- -hard":         "false [a -hard]",
		"ring -- a -hard":         "false [a -hard]",
		"ring a -hard=false -- b": "false [a b]",
		"hang up tower":           "false [tower]",
		"crack":                   "false []",
	} {
		b := new(bell)
		c, rest, err := b.program().Parse(strings.Fields(line))
		if err != nil || !strings.HasPrefix(strings.TrimPrefix(line, "-hard "), c.Name) {
			t.Errorf("%q is read as %+v, %v", line, c, err)
		} else if got := fmt.Sprint(b.hard, rest); got != want {
			t.Errorf("%q is read as %s, not as %s", line, got, want)
		}
	}
}

func TestWhatMakesNoSenseSaysWhatWould(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                 "say what to do: bell -h lists the commands",
		"dance":            `there is no command "dance": bell -h lists the commands`,
		"help dance":       `there is no command "dance": bell -h lists the commands`,
		"hang":             "say more: bell hang up",
		"cr":               `there is no command "cr": bell -h lists the commands`, // it is not told of
		"hang up":          "usage: bell hang up WHERE; see bell hang up -h",
		"hang up here now": "usage: bell hang up WHERE; see bell hang up -h",
		"-soft":            "flag provided but not defined: -soft; see bell -h",
		"ring -times much": `invalid value "much" for flag -times: parse error; see bell ring -h`,
	} {
		_, _, err := new(bell).program().Parse(strings.Fields(line))
		if u := new(cli.UsageError); !errors.As(err, &u) || err.Error() != want {
			t.Errorf("%q says %v, not %s", line, err, want)
		}
	}
}

func TestHelpIsOfTheProgramOfAGroupOrOfACommand(t *testing.T) {
	t.Parallel()
	for want, lines := range map[string][]string{
		"bell rings.\n  ring              ring the bell\n  hang up           hang the bell up\n": {"-h", "help", "--help"},
		"  hang up           hang the bell up\n":                                                 {"hang -h", "help hang"},
		"Hang the bell up.\n\nUsage:\n  bell hang up WHERE\n\nFlags:\n  -hard                 with all might\n\nExample:\n  bell hang up tower\n": {
			"hang up -h", "hang up tower -h", "help hang up"},
	} {
		for _, line := range lines {
			b := new(bell)
			if c, _, err := b.program().Parse(strings.Fields(line)); c != nil || err != nil || b.help.String() != want {
				t.Errorf("%q says %v:\n%s", line, err, b.help.String())
			}
		}
	}
}

func TestAFlagIsExplainedWithItsValueAndDefaultAndFolded(t *testing.T) {
	t.Parallel()
	b := new(bell)
	if err := b.program().Explain("ring"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n  -times N              how often, which", "\n                        really", "often (default 3)\n"} {
		if !strings.Contains(b.help.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.help.String())
		}
	}
}
