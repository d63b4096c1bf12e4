package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/words"
)

// newcomer is the command "person add" with its flags.
type newcomer struct {
	login, roles, branch, language string
	van, password                  bool
}

func personAddCommand() *command {
	n := &newcomer{}
	return &command{
		Name: "person add", Args: "NAME", Least: 1, Most: 1,
		Brief: "make somebody known who signs in, or works with a device",
		About: `
A technician works with a device: fieldsyncd device enrol LOGIN gives him a code for it. Others sign in on the
office's pages: -password prints a password for the first time, after which they choose their own.
With -json it prints {"id":…,"login":…,"password":…}.`,
		Example: `fieldsyncd person add "Li Wei" -login li -van
fieldsyncd person add "Grace Wu" -login grace -role dispatcher -password`,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&n.login, "login", "", "LOGIN to sign in with; needed")
			f.StringVar(&n.roles, "role", string(auth.Technician), "ROLE,… such as administrator, manager, dispatcher, auditor or technician")
			f.StringVar(&n.branch, "branch", "", "CODE of the branch he works for; needed where there are several")
			f.StringVar(&n.language, "language", "", "TAG of his pages: en, zh-Hans or zh-Hant; else as his browser says")
			f.BoolVar(&n.van, "van", false, "give him a van to take parts from")
			f.BoolVar(&n.password, "password", false, "print a password for the first time")
		},
		Do: n.run,
	}
}

func (n *newcomer) run(ctx context.Context, a *app, args []string) error {
	if n.login == "" {
		return cli.Usage("say with -login what %s signs in with", args[0])
	}
	if n.language != "" && !slices.Contains(words.Tags, n.language) {
		return cli.Usage("-language takes %s", strings.Join(words.Tags, ", "))
	}
	h, err := a.open(ctx, quietly())
	if err != nil {
		return err
	}
	defer func() { _ = h.close() }() // what was written is durable
	roles, err := h.roles(ctx, n.roles)
	if err != nil {
		return err
	}
	branch, err := h.branch(ctx, n.branch)
	if err != nil {
		return err
	}
	p, err := h.hub.People().Add(ctx, auth.Person{Login: n.login, Name: args[0], Roles: roles, Language: n.language}, "")
	if err != nil {
		return err
	}
	if err := h.post(ctx, p, branch, n.van); err != nil {
		return err
	}
	return n.report(ctx, a, h, p)
}

// roles reads a list of roles, those of the company's own among them.
func (h *house) roles(ctx context.Context, said string) ([]auth.Role, error) {
	roles, err := h.hub.People().ParseRoles(ctx, strings.Split(said, ","))
	if fault.CodeOf(err) != auth.UnknownRole {
		return roles, err
	}
	known, err := h.hub.People().Roles(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(known))
	for i, d := range known {
		names[i] = string(d.Role)
	}
	return nil, cli.Usage("-role takes %s", strings.Join(names, ", "))
}

// post makes the person one of the branch, with a van if he is to have one.
func (h *house) post(ctx context.Context, p *auth.Person, branch record.ID, van bool) error {
	return h.do(ctx, aftersales.CauseCreate, func(tx aftersales.Tx) error {
		row, err := tx.Row("person", p.ID)
		if err != nil {
			return err
		}
		if row == nil {
			return fault.New(fault.UnknownRow, "The account of "+p.Name+" was made, and its row is missing. Start the hub again.")
		}
		if row.Get("branch").IsNull() {
			if err := tx.Update("person", p.ID, record.Values{"branch": record.Ref(branch)}); err != nil {
				return err
			}
			values := record.Values{"branch": record.Ref(branch), "person": record.Ref(p.ID)}
			if err := tx.Insert("posting", tx.NewID(), values); err != nil {
				return err
			}
		}
		if !van {
			return nil
		}
		_, err = aftersales.CreateLocation(tx, aftersales.LocationInput{
			Branch: branch, Code: "VAN-" + p.Login, Name: "Van of " + p.Name, Holder: p.ID,
		})
		return err
	})
}

func (n *newcomer) report(ctx context.Context, a *app, h *house, p *auth.Person) (err error) {
	answer := struct {
		ID       string `json:"id"`
		Login    string `json:"login"`
		Password string `json:"password,omitempty"`
	}{ID: p.ID.String(), Login: p.Login}
	if n.password {
		if answer.Password, err = h.hub.People().OneTimePassword(ctx, p.ID); err != nil {
			return err
		}
	}
	return a.answer(answer, func() {
		a.say("%s is known now, as %s.\n", p.Name, p.Login)
		if n.password {
			a.say("The first password is %s (it is shown this once).\n", answer.Password)
		}
		if fmt.Sprint(p.Roles) == fmt.Sprint([]auth.Role{auth.Technician}) {
			a.say("For his device: fieldsyncd device enrol %s\n", p.Login)
		}
	})
}
