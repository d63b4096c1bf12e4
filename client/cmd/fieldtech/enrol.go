package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"os"
	"strings"

	"fieldsync/sync/cli"
	"fieldsync/sync/record"
)

// enrolled is what enrol answers.
type enrolled struct {
	Person record.ID `json:"person"`
	Server string    `json:"server"`
	Data   string    `json:"data"`
}

func enrolCommand() *command {
	var name string
	return &command{
		Name: "enrol", Args: "[SERVER] CODE [-name NAME]", Least: 1, Most: 2,
		Brief: "give this computer to the person whom the office made the code for",
		About: "The computer makes a key of its own; only the public half leaves it. A code works once.\n" +
			"SERVER may stand in FIELDTECH_SERVER instead; CODE as - is read from standard input.\n" +
			"Enrolling again, for the same person, keeps the work that is there.",
		Example: "fieldtech enrol https://hub.example.com ACDE-FGHJ-KMNP -name \"Li's laptop\"",
		Flags: func(f *flag.FlagSet) {
			host, _ := os.Hostname() // nameless is no reason to stop
			f.StringVar(&name, "name", host, "NAME what the office calls this computer")
		},
		Do: func(ctx context.Context, a *app, args []string) error { return a.enrol(ctx, args, name) },
	}
}

func (a *app) enrol(ctx context.Context, args []string, name string) error {
	server, code := os.Getenv("FIELDTECH_SERVER"), args[len(args)-1]
	if len(args) == 2 {
		server = args[0]
	}
	if !strings.HasPrefix(server, "https://") && !strings.HasPrefix(server, "http://") {
		return cli.Usage("the server's address begins with https:// or http://, as in %s", "https://hub.example.com")
	}
	if code == "-" {
		line, err := bufio.NewReader(a.in).ReadString('\n')
		if code = strings.TrimSpace(line); code == "" {
			return cli.Usage("no code came from standard input: %v", err)
		}
	}
	if err := a.open(ctx, fresh); err != nil {
		return err
	}
	return errors.Join(a.enrolAt(ctx, server, code, name), a.client.Close())
}

func (a *app) enrolAt(ctx context.Context, server, code, name string) error {
	if err := a.client.Enrol(ctx, server, code, name); err != nil {
		return err
	}
	person, err := a.client.Person(ctx)
	if err != nil {
		return err
	}
	return a.answer(enrolled{person, server, a.data}, func() {
		a.say("This computer is enrolled; its data is in %s. Next: fieldtech sync\n", a.data)
	})
}
