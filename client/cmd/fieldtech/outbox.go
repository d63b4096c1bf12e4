package main

import (
	"context"
	"flag"
	"slices"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
)

// sent is a change as outbox shows it.
type sent struct {
	Change  string     `json:"change"` // names it to outbox resend and dismiss; "" before the hub numbers it
	State   string     `json:"state"`  // waiting, refused, accepted or closed
	Cause   string     `json:"cause"`
	Written string     `json:"written"` // RFC 3339
	About   []string   `json:"about"`
	Code    fault.Code `json:"code,omitempty"`
	Message string     `json:"message,omitempty"`
}

var stateNames = map[device.State]string{
	device.Pending: "waiting", device.Refused: "refused", device.Accepted: "accepted", device.Closed: "closed",
}

func outboxCommand() *command {
	var all bool
	return &command{
		Name: "outbox", Args: "[-all]", Needs: reading,
		Brief: "list what waits to be sent, and what was refused and why",
		About: "A refused change is kept, here and in the office. When the office has made room for it, send it again with\n" +
			"fieldtech outbox resend; give it up with fieldtech outbox dismiss.",
		Example: "fieldtech outbox",
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&all, "all", false, "also what was accepted lately, and what was refused and closed")
		},
		Do: func(ctx context.Context, a *app, _ []string) error {
			states := []device.State{device.Refused, device.Pending}
			if all {
				states = append(states, device.Accepted, device.Closed)
			}
			return a.outbox(ctx, states)
		},
	}
}

func (a *app) outbox(ctx context.Context, states []device.State) error {
	var t table
	for _, state := range states {
		list, err := a.client.Outbox(ctx, state)
		if err != nil {
			return err
		}
		for _, s := range list {
			if err := a.outboxLine(ctx, &t, s); err != nil {
				return err
			}
		}
	}
	if !a.json && len(t.rows) == 0 {
		a.say("Nothing waits, and nothing was refused.\n")
	}
	a.say("%s", &t)
	return nil
}

func (a *app) outboxLine(ctx context.Context, t *table, s client.Sent) error {
	shown := sent{
		Change: dotName(s.Dot), State: stateNames[s.State], Cause: s.Cause, Written: s.Written.UTC().Format(time.RFC3339),
		Code: s.Code, Message: s.Message,
	}
	err := a.client.View(ctx, func(tx client.Tx) error {
		for i := range s.Rows {
			what, err := describeChange(tx, &s.Rows[i])
			if err != nil {
				return err
			}
			what.State = "" // today's, not the change's
			if !slices.Contains(shown.About, what.String()) {
				shown.About = append(shown.About, what.String())
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.answer(shown, func() {
		about := short(strings.Join(shown.About, "; "), 60)
		t.add(shown.Change, shown.State, when(s.Written.UnixMilli()), s.Cause, about, s.Message)
	})
}

// dotName returns the name of a change, "" while it has only a provisional one.
func dotName(d clock.Dot) string {
	if d.Actor == device.Provisional {
		return ""
	}
	return d.String()
}

func resendCommand() *command {
	return &command{
		Name: "outbox resend", Args: "CHANGE", Least: 1, Most: 1, Needs: writing,
		Brief:   "send a refused change again, as it was",
		About:   "The hub judges it anew, by what was known when the work was done.",
		Example: "fieldtech outbox resend d1:12",
		Do: func(ctx context.Context, a *app, args []string) error {
			return a.settle(ctx, args[0], "resent", "It is sent again with the next fieldtech sync.", a.client.SendAgain)
		},
	}
}

func dismissCommand() *command {
	return &command{
		Name: "outbox dismiss", Args: "CHANGE", Least: 1, Most: 1, Needs: writing,
		Brief:   "give up a refused change",
		About:   "The office still has it, and may release it.",
		Example: "fieldtech outbox dismiss d1:12",
		Do: func(ctx context.Context, a *app, args []string) error {
			return a.settle(ctx, args[0], "dismissed", "It is given up here; the office still has it.", a.client.Dismiss)
		},
	}
}

// settled is what outbox resend and outbox dismiss answer.
type settled struct {
	Change string `json:"change"`
	Did    string `json:"did"`
}

// settle does something to the refused change with that name.
func (a *app) settle(ctx context.Context, name, did, text string, do func(context.Context, clock.Dot) error) error {
	refused, err := a.client.Outbox(ctx, device.Refused)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(refused, func(s client.Sent) bool { return s.Dot.String() == name })
	if i < 0 {
		return fault.New(fault.UnknownRow, "no refused change is called "+name+": fieldtech outbox lists them")
	}
	if err := do(ctx, refused[i].Dot); err != nil {
		return err
	}
	return a.answer(settled{name, did}, func() { a.say("%s\n", text) })
}
