package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"fieldsync/sync/cli"
)

// need is what a command needs of the replica.
type need int

const (
	nothing need = iota
	reading      // also beside a program that writes
	writing
	fresh // makes the replica where there is none
)

type command = cli.Command[*app, need]

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
              errors are an object on standard error: code (usage, failed, or that of a refusal), message
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
func (a *app) parse(args []string) (c *command, rest []string, err error) {
	a.data, a.authority = os.Getenv("FIELDTECH_DATA"), os.Getenv("FIELDTECH_AUTHORITY")
	if days := os.Getenv("FIELDTECH_LEASE"); days != "" {
		if a.lease, err = strconv.Atoi(days); err != nil {
			return nil, nil, cli.Usage("FIELDTECH_LEASE is a number of days, not %q", days)
		}
	}
	c, rest, err = a.program().Parse(args)
	if c == nil || err != nil {
		return nil, nil, err
	}
	if a.data == "" {
		if a.data = defaultData(); a.data == "" {
			return nil, nil, cli.Usage("there is no folder for your settings here: say with -data where the replica is")
		}
	}
	return c, rest, nil
}

func (a *app) program() *cli.Program[*app, need] {
	return &cli.Program[*app, need]{
		Name: "fieldtech", Commands: commands(), Flags: a.flags, Help: a.out,
		Overview: func(commands string) string { return fmt.Sprintf(overview, commands, defaultData()) },
		Common:   []cli.Flag{{Name: "-data DIR", Usage: "folder of the replica"}, {Name: "-json", Usage: "JSON in place of text"}},
	}
}

// flags adds the flags of every command.
func (a *app) flags(flags *flag.FlagSet) {
	flags.StringVar(&a.data, "data", a.data, "")
	flags.BoolVar(&a.json, "json", a.json, "")
	flags.StringVar(&a.authority, "authority", a.authority, "")
	flags.IntVar(&a.lease, "lease", a.lease, "")
}

func defaultData() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "fieldtech")
}
