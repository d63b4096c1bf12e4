package server

import (
	"context"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/wire"
)

// apiReader is one snapshot of the hub as programs see it: that of the office, with the inbox as api has it.
type apiReader struct{ reader }

func (e apiEngine) View(ctx context.Context, read func(api.Reader) error) error {
	return e.Store.Read(ctx, func(v *store.View) error { return read(apiReader{reader{v, auth.BranchesOf(ctx)}}) })
}

func (r apiReader) by(a clock.Actor) (api.Writer, error) {
	w, err := r.Writer(a)
	return api.Writer{Person: w.Person, Name: w.Name, Device: w.Device}, err
}

func (r apiReader) Conflict(n uint64) (*api.Conflict, error) {
	found, at, err := r.reader.Conflict(n)
	if err != nil || found == nil {
		return nil, err
	}
	c := &api.Conflict{Row: found.Row, Cell: found.Cell, Ask: found.Ask, Open: found.Open, Changed: at}
	for _, s := range found.Values {
		w, err := r.by(s.Dot.Actor)
		if err != nil {
			return nil, err
		}
		c.Values = append(c.Values, api.Rival{Standing: s, By: w})
	}
	return c, nil
}

func (r apiReader) Refused(dot clock.Dot) (*api.Refused, error) {
	e, err := r.Entry(dot)
	if err != nil || e == nil || e.Outcome != wire.Quarantined {
		return nil, err
	}
	w, err := r.by(dot.Actor)
	return &api.Refused{
		Change: e.Change, By: w, Happened: e.Eff.Time(), Received: time.UnixMilli(e.Received), Why: fault.New(e.Code, e.Message), Open: e.Closed.IsZero(),
	}, err
}

func (e apiEngine) Settle(ctx context.Context, by api.Author, c api.Choice) error {
	return engine(e).settle(ctx, by, admin.Choice{Row: c.Row, Cell: c.Cell, Chosen: c.Chosen, Over: c.Over})
}

func (e apiEngine) Decide(ctx context.Context, by api.Author, d api.Decision) error {
	verb := admin.Release
	switch {
	case d.Dismiss:
		verb = admin.Dismiss
	case d.Rows != nil:
		verb = admin.Amend
	}
	return engine(e).decide(ctx, by, admin.Decision{Dot: d.Dot, Verb: verb, Rows: d.Rows, Reason: d.Reason})
}
