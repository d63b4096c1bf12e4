package main

import (
	"context"
	"time"

	"fieldsync/client"
	"fieldsync/sync/record"
)

// standing is what status answers.
type standing struct {
	Data     string    `json:"data"`
	Enrolled bool      `json:"enrolled"`
	Person   record.ID `json:"person"`
	Name     string    `json:"name"`
	Pending  int       `json:"pending"`
	Oldest   string    `json:"oldest,omitempty"` // RFC 3339, of the oldest pending change
	Refused  int       `json:"refused"`
	Contact  string    `json:"contact,omitempty"` // RFC 3339, when the hub was last heard
	Ready    bool      `json:"ready"`             // today's work is on this computer
	Complete bool      `json:"complete"`          // everything is
	Offset   int64     `json:"clock_offset_ms"`
}

func statusCommand() *command {
	return &command{
		Name: "status", Needs: reading,
		Brief:   "show what waits to be sent, what was refused, and what is here",
		Example: "fieldtech status -json",
		Do:      func(ctx context.Context, a *app, _ []string) error { return a.status(ctx) },
	}
}

func (a *app) status(ctx context.Context) error {
	s, err := a.client.Status(ctx)
	if err != nil {
		return err
	}
	name, err := a.personName(ctx, s)
	if err != nil {
		return err
	}
	answer := standing{
		Data: a.data, Enrolled: s.Enrolled, Person: s.Person, Name: name, Pending: s.Pending, Refused: s.Refused,
		Ready: s.Ready, Complete: s.Complete, Offset: s.Offset.Milliseconds(),
	}
	if !s.Contact.IsZero() {
		answer.Contact = s.Contact.UTC().Format(time.RFC3339)
	}
	if !s.Oldest.IsZero() {
		answer.Oldest = s.Oldest.UTC().Format(time.RFC3339)
	}
	return a.answer(answer, func() { a.sayStatus(s, name) })
}

// personName returns whose replica it is, "" where that has not been fetched yet.
func (a *app) personName(ctx context.Context, s client.Status) (name string, err error) {
	if !s.Enrolled {
		return "", nil
	}
	err = a.client.View(ctx, func(tx client.Tx) error {
		row, err := tx.Row("person", s.Person)
		if row != nil {
			name = row.Get("name").Text()
		}
		return err
	})
	return name, err
}

func (a *app) sayStatus(s client.Status, name string) {
	if !s.Enrolled {
		a.say("This computer is not enrolled. Next: fieldtech enrol SERVER CODE\n")
		return
	}
	var t table
	if name != "" {
		t.add("Person", name)
	}
	t.add("Data", a.data)
	t.add("Fetched", fetched(s))
	t.add("Waiting", waiting(s))
	if s.Refused > 0 {
		t.add("Refused", count(s.Refused, "change")+": fieldtech outbox says why")
	} else {
		t.add("Refused", "nothing")
	}
	if !s.Contact.IsZero() {
		t.add("Contact", when(s.Contact.UnixMilli()))
	}
	if s.Offset.Abs() >= time.Minute {
		t.add("Clock", "this computer's differs from the hub's by "+s.Offset.Round(time.Second).String())
	}
	a.say("%s", &t)
}

func fetched(s client.Status) string {
	switch {
	case s.Complete:
		return "everything"
	case s.Ready:
		return "today's work; the catalogue and the library come with the next fieldtech sync"
	}
	return "nothing yet: fieldtech sync"
}

func waiting(s client.Status) string {
	if s.Pending == 0 {
		return "nothing"
	}
	return count(s.Pending, "change") + ", the oldest of " + when(s.Oldest.UnixMilli()) + ": fieldtech sync sends them"
}
