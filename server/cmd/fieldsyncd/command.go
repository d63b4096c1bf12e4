package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"

	"fieldsync/sync/cli"
)

type command = cli.Command[*app, struct{}]

// commands returns all commands, in the order in which the help lists them.
func commands() []*command {
	return slices.Concat([]*command{serveCommand(), demoCommand()}, importCommands(), []*command{
		personAddCommand(), deviceEnrolCommand(), deviceRevokeCommand(),
		backupCommand(), restoreCommand(), verifyCommand(), rehearseCommand(), moveCommand(), keyAddCommand(),
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
  -files ADDRESS
              where photos and other files are, as s3://host/bucket/prefix: any store that speaks S3, in place of a
              folder in the folder (environment: FIELDSYNC_FILES; its keys: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)
  -key-file FILE
              the keys of what is stored encrypted, made by the first start; keep a copy of it apart from backups
              (default hub.db.keys in the hub's folder; environment: FIELDSYNC_KEY_FILE)
  -json       one JSON object in place of text;
              errors are an object on standard error: code (usage, failed, or that of a refusal), message
  -h          help: also "fieldsyncd COMMAND -h"

All but serve, restore and move also work while a hub serves the same folder; it hears of what they do.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, a missing file or a port in use.

A first day:
  fieldsyncd serve                                   # prints the administrator's first password
  fieldsyncd person add "Li Wei" -login li -van
  fieldsyncd device enrol li                         # prints a code for his phone
  fieldsyncd import jobs orders.csv
`

func (a *app) program() *cli.Program[*app, struct{}] {
	return &cli.Program[*app, struct{}]{
		Name: "fieldsyncd", Commands: commands(), Flags: a.flags, Help: a.out,
		Overview: func(commands string) string { return fmt.Sprintf(overview, commands, defaultData) },
		Common: []cli.Flag{
			{Name: "-data DIR", Usage: "the hub's folder (default " + defaultData + "; environment: FIELDSYNC_DATA)"},
			{Name: "-db ADDRESS", Usage: "its database, where it is PostgreSQL: postgres://… (environment: FIELDSYNC_DB)"},
			{Name: "-files ADDRESS", Usage: "photos and other files, where they are in a bucket: s3://… (environment: FIELDSYNC_FILES)"},
			{Name: "-json", Usage: "JSON in place of text"},
		},
	}
}

// flags adds the flags of every command.
func (a *app) flags(flags *flag.FlagSet) {
	flags.StringVar(&a.data, "data", cmp.Or(a.data, env("FIELDSYNC_DATA", defaultData)), "")
	flags.StringVar(&a.db, "db", cmp.Or(a.db, env("FIELDSYNC_DB", "")), "")
	flags.StringVar(&a.files, "files", cmp.Or(a.files, env("FIELDSYNC_FILES", "")), "")
	flags.StringVar(&a.keyFile, "key-file", cmp.Or(a.keyFile, env("FIELDSYNC_KEY_FILE", "")), "")
	flags.BoolVar(&a.json, "json", a.json, "")
}

// env returns what the environment says, or else the default.
func env(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }
