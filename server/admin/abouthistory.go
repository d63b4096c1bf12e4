package admin

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// signature is who wrote a row first, when, and from which device.
type signature struct {
	By, Device string
	At         int64
}

type commentView struct {
	ID   string
	Kind string
	Text string
	signature
}

// signed returns who wrote the row first.
func (b *builder) signed(row *record.Row) (signature, error) {
	if row.Meta == nil {
		return signature{}, nil
	}
	w, err := b.n.writer(row.Meta.Created.Actor)
	s := signature{By: b.v.called(w), Device: w.Device}
	for _, c := range row.Meta.Cells {
		if s.At == 0 || c.Shown.Dot == row.Meta.Created { // of a released row no cell carries the dot it was created by
			s.At = c.Shown.Eff.Millis()
		}
	}
	if at := row.Get("corrected").Number(); at != 0 {
		s.At = at
	}
	return s, err
}

// comments reads what was said on a row: via "job" on a job and all that belongs to it, via "about" on the row alone.
func (b *builder) comments(row *record.Row, via string) error {
	rows, err := b.about("comment", via, row.ID)
	if err != nil {
		return err
	}
	for _, c := range aftersales.StandingComments(rows) {
		view := commentView{ID: c.ID.String(), Kind: c.Get("kind").Text(), Text: c.Get("text").Text()}
		if view.signature, err = b.signed(c); err != nil {
			return err
		}
		b.page.Comments = append(b.page.Comments, view)
	}
	return nil
}

// conflicts gathers the open conflicts of all rows shown, those that ask for a person first.
func (b *builder) conflicts(*record.Row) error {
	for _, key := range b.keys {
		found, _, _, err := b.r.Conflicts(true, key, "", pageSize)
		if err != nil {
			return err
		}
		views, err := b.o.conflictViews(b.v, b.n, found)
		if err != nil {
			return err
		}
		b.page.Conflicts = append(b.page.Conflicts, views...)
	}
	slices.SortStableFunc(b.page.Conflicts, func(x, y conflictView) int {
		switch {
		case x.Ask == y.Ask:
			return 0
		case x.Ask:
			return -1
		}
		return 1
	})
	return nil
}

// history gathers what happened to the rows shown, and apart from it what others did while the visitor was editing.
func (b *builder) history(row *record.Row) error {
	entries, next, err := b.r.History(b.keys, b.v.query("older"), pageSize)
	if err != nil {
		return err
	}
	if next != "" {
		b.page.Older = b.v.with("older", next)
	}
	if b.v.Who.May(auth.SeeAudit) {
		b.page.Trail = trailURL(row.Key())
	}
	before, err := parseSeen(b.v.query("since"))
	if err != nil {
		return err
	}
	known, edited := before[row.Key()]
	for i := range entries {
		shown := entries[i].trimmed(func(k record.Key) bool { return slices.Contains(b.keys, k) })
		view, err := b.o.changeView(b.v, b.n, shown)
		if err != nil {
			return err
		}
		view.More = len(entries[i].Change.Rows) - len(shown.Change.Rows)
		b.page.History = append(b.page.History, view)
		w, err := b.n.writer(entries[i].Dot.Actor)
		if err != nil {
			return err
		}
		if edited && !known.Covers(entries[i].Dot) && touches(&entries[i], row.Key()) && (w.Device != "" || w.Person != b.v.Who.ID) {
			b.page.Missed = append(b.page.Missed, view)
		}
	}
	return nil
}

func touches(e *Event, k record.Key) bool {
	return slices.ContainsFunc(e.Change.Rows, func(c record.RowChange) bool { return c.Key() == k })
}
