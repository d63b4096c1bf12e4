package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fieldsync/server/hub"
	"fieldsync/server/scope"
	"fieldsync/server/store"
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// sumUp says what would be asked of whom, and checks that nothing was lost.
func (r *rehearsal) sumUp(ctx context.Context) error {
	r.Asked, r.Converged = slices.Clip(r.Asked), true
	open, err := (&house{core: r.core}).ids(ctx, "SELECT id FROM discrepancy WHERE _del = 0 AND settled_at IS NULL ORDER BY id")
	if err != nil {
		return err
	}
	err = r.core.Store.Read(ctx, func(v *store.View) error {
		if err := r.count(v); err != nil {
			return err
		}
		if err := r.conflicts(v); err != nil {
			return err
		}
		return r.discrepancies(v, open)
	})
	for _, p := range r.phones {
		if err == nil {
			err = p.check(ctx)
		}
	}
	return err
}

// count counts what became of what phones wrote; what was refused is asked of the office, and its author is told.
func (r *rehearsal) count(v *store.View) error {
	list, err := v.EntriesAfter(r.head)
	for _, e := range list {
		if err != nil {
			return err
		}
		if e.Dot.Actor.Side() != clock.SideDevice {
			continue
		}
		switch e.Outcome {
		case wire.Applied:
			r.Applied++
		case wire.Merged:
			r.Merged++
		default:
			r.Refused++
			var cs *record.ChangeSet
			if cs, err = record.ParseChangeSet(e.Encoded); err == nil {
				r.ask(office, cs.Cause+" of "+r.author(v, e.Dot), string(e.Code), e.Message)
			}
		}
	}
	return err
}

func (r *rehearsal) ask(who, about, code, says string) {
	r.Asked = append(r.Asked, Question{who, about, code, says})
}

// author returns who wrote it.
func (r *rehearsal) author(v *store.View, d clock.Dot) string {
	actor, err := v.Actor(d.Actor)
	if err != nil || actor == nil {
		return "somebody"
	}
	if name := r.names[actor.Person]; name != "" {
		return name
	}
	return office
}

// conflicts lists what stands side by side, and only a person decides.
func (r *rehearsal) conflicts(v *store.View) error {
	open, err := v.OpenConflicts(true, 0, 1<<20)
	for _, c := range open {
		if err != nil {
			return err
		}
		if c.Seq <= r.head {
			continue // it was asked before
		}
		var row *record.Row
		if row, err = v.Row(c.Row); err != nil || row == nil {
			continue
		}
		var sides []string
		for _, s := range c.Values {
			sides = append(sides, fmt.Sprintf("%s by %s", readable(s.Value), r.author(v, s.By())))
		}
		column := row.Table.Columns[row.Table.ColumnByID(c.Cell.Column)].Name
		r.ask(office, called(row)+", "+column, "conflict", strings.Join(sides, ", or "))
	}
	return err
}

// readable writes a value for an administrator.
func readable(v record.Value) string {
	switch v.Shape() {
	case record.ShapeNull:
		return "nothing"
	case record.ShapeText:
		return fmt.Sprintf("%q", v.Text())
	}
	return fmt.Sprint(v.Number())
}

// called is what people call a row.
func called(row *record.Row) string {
	for _, name := range []string{"number", "title", "name", "code"} {
		if i := row.Table.Column(name); i >= 0 && row.Cols[i].Shape() == record.ShapeText {
			return row.Table.Name + " " + row.Cols[i].Text()
		}
	}
	return row.Table.Name + " " + row.ID.String()
}

// discrepancies lists what does not fit together: who can say more is asked, and else the office.
func (r *rehearsal) discrepancies(v *store.View, open []record.ID) error {
	table := r.schema.Table("discrepancy")
	for _, id := range open {
		row, err := v.Row(record.Key{Table: table.ID, ID: id})
		if err != nil {
			return err
		}
		if row == nil || row.Seq <= r.head {
			continue
		}
		who := office
		if name := r.names[row.Get("person").Ref()]; name != "" {
			who = name
		}
		about := strings.ReplaceAll(row.Get("kind").Text(), "_", " ")
		for _, of := range []string{"part", "location", "job"} {
			other, err := v.Row(record.Key{Table: r.schema.Table(of).ID, ID: row.Get(of).Ref()})
			if err != nil {
				return err
			}
			if other != nil {
				about += ", " + called(other)
			}
		}
		r.ask(who, about, "discrepancy", "what is there does not fit what was written: it waits for his word")
	}
	return nil
}

// check looks for all that the phone ever wrote on the hub, and holds its rows against what it should have.
func (p *rehearsing) check(ctx context.Context) error {
	wrote, err := p.app.wrote(ctx)
	if err != nil {
		return err
	}
	have, err := p.app.rows(ctx)
	if err != nil {
		return err
	}
	knows := p.schema
	if p.older {
		knows = p.oldSchema
	}
	err = p.core.Hub.View(ctx, func(v hub.View) error {
		want, err := scope.Known(v, p.schema, knows, p.person)
		for _, d := range scope.Differences(have, want) {
			p.Converged = false
			p.tell("%s: %s", p.name, d)
		}
		return err
	})
	if err != nil {
		return err
	}
	return p.core.Store.Read(ctx, func(v *store.View) error {
		found, err := v.Identified(wrote)
		p.Lost += len(wrote) - len(found)
		return err
	})
}
