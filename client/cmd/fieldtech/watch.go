package main

import (
	"context"
	"time"

	"fieldsync/client"
)

// seen is a change as watch shows it.
type seen struct {
	At    string `json:"at"` // RFC 3339
	Table string `json:"table,omitempty"`
	ID    string `json:"id,omitempty"`
	Name  string `json:"name,omitempty"`
	Job   string `json:"job,omitempty"` // the number of the job that the row belongs to
	State string `json:"state,omitempty"`
	Gone  bool   `json:"gone,omitempty"` // the row is no longer here
	// Connection is "online" or "offline" in a line that is about nothing else; Trouble says why it is offline.
	Connection string `json:"connection,omitempty"`
	Trouble    string `json:"trouble,omitempty"`
	// Overflow says that there was more than is listed.
	Overflow bool `json:"overflow,omitempty"`
}

func watchCommand() *command {
	return &command{
		Name: "watch", Needs: writing,
		Brief: "stay connected, and show what changes until Ctrl-C",
		About: "It sends and fetches as things happen, and comes back by itself when the connection is lost. Meanwhile\n" +
			"commands that only show something work beside it.",
		Example: "fieldtech watch -json",
		Do:      func(ctx context.Context, a *app, _ []string) error { return a.watch(ctx) },
	}
}

// connectionEvery is how often watch looks whether the connection still stands.
const connectionEvery = 250 * time.Millisecond

func (a *app) watch(ctx context.Context) error {
	changes, stop := a.client.Watch()
	defer stop()
	if err := a.client.Connect(); err != nil {
		return err
	}
	defer a.client.Disconnect()
	look := time.NewTicker(connectionEvery)
	defer look.Stop()
	last := seen{}
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case change := <-changes:
			err = a.showChange(ctx, change)
		case <-look.C:
			last, err = a.showConnection(ctx, last)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (a *app) showChange(ctx context.Context, change client.Change) error {
	var lines []seen
	err := a.client.View(ctx, func(tx client.Tx) error {
		for _, key := range change.Rows {
			what, err := describe(tx, key)
			if err != nil {
				return err
			}
			lines = append(lines, seen{
				Table: what.Table, ID: key.ID.String(), Name: what.Name, Job: what.Job, State: what.State, Gone: what.Gone,
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if change.Overflow {
		lines = append(lines, seen{Overflow: true})
	}
	for _, line := range lines {
		if err := a.showSeen(line); err != nil {
			return err
		}
	}
	return nil
}

// showConnection says when the connection came or went.
func (a *app) showConnection(ctx context.Context, last seen) (seen, error) {
	s, err := a.client.Status(ctx)
	if err != nil {
		return last, err
	}
	now := seen{Connection: "online"}
	if !s.Online {
		now = seen{Connection: "offline", Trouble: s.Trouble}
	}
	if now == last || now.Connection == "offline" && now.Trouble == "" {
		return last, nil
	}
	return now, a.showSeen(now)
}

func (a *app) showSeen(s seen) error {
	now := time.Now()
	s.At = now.UTC().Format(time.RFC3339)
	return a.answer(s, func() {
		clock := now.Format("15:04:05")
		switch {
		case s.Overflow:
			a.say("%s  more changed than can be listed\n", clock)
		case s.Connection == "online":
			a.say("%s  connected\n", clock)
		case s.Connection != "":
			a.say("%s  not connected: %s\n", clock, s.Trouble)
		case s.Gone:
			a.say("%s  %s is no longer here\n", clock, plain(s.Table))
		default:
			a.say("%s  %s\n", clock, thing{Table: s.Table, Name: s.Name, Job: s.Job, State: s.State})
		}
	})
}
