package main

import (
	"encoding/hex"
	"errors"
	"fmt"

	"fieldsync/server/hub"
	"fieldsync/server/scope"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// settle decides what only a person can, and has everybody hear of it.
func (t *teller) settle() error {
	if err := t.settleConflicts(); err != nil {
		return err
	}
	if err := t.decideRefused(); err != nil {
		return err
	}
	// They hear what became of what was refused, and what the hub finds by itself a moment after it was brought: until
	// nothing more comes of it, so that none falls between the last sync and the comparison.
	for heard := uint64(0); ; {
		if err := t.company.core.Reconcile(t.ctx); err != nil {
			return err
		}
		head, err := t.head()
		if err != nil || head == heard {
			return err
		}
		if err := t.sync(); err != nil {
			return err
		}
		heard = head
	}
}

// head returns the hub's commit number.
func (t *teller) head() (head uint64, err error) {
	err = t.company.core.Store.Read(t.ctx, func(v *store.View) error {
		head, err = v.Head()
		return err
	})
	return head, err
}

// settleConflicts takes now the one side, now the other.
func (t *teller) settleConflicts() error {
	open, err := t.conflicts()
	if err != nil {
		return err
	}
	t.Conflicts = len(open)
	asked, ends := 0, 0
	job := aftersales.Schema.Table("job")
	state := job.Columns[job.Column("state")].ID
	for _, c := range open {
		if !c.Ask {
			continue
		}
		if err := t.settleOne(c, asked%len(c.Values)); err != nil {
			return err
		}
		asked++
		if c.Row.Table == job.ID && c.Cell.Column == state {
			ends++
		}
	}
	if ends == 0 {
		return errors.New("no job was both cancelled and done")
	}
	t.say("%d values had been written on both sides; %d needed a person, %d of them jobs both cancelled and done",
		t.Conflicts, asked, ends)
	return t.nothingAsked()
}

func (t *teller) conflicts() (open []store.Conflict, err error) {
	err = t.company.core.Store.Read(t.ctx, func(v *store.View) error {
		open, err = v.OpenConflicts(false, 0, 1<<20)
		return err
	})
	return open, err
}

// settleOne chooses one of the values, and checks that it stands alone afterwards.
func (t *teller) settleOne(c store.Conflict, chosen int) error {
	over := make([]clock.Dot, len(c.Values))
	for i, s := range c.Values {
		over[i] = s.Dot
	}
	if _, err := t.company.core.Hub.Settle(t.ctx, record.ID{}, record.ID{}, c.Row, c.Cell, over[chosen], over); err != nil {
		return err
	}
	return t.company.core.Hub.View(t.ctx, func(v hub.View) error {
		row, err := v.Row(c.Row)
		if err != nil || row == nil {
			return errors.Join(errors.New("a row whose conflict was settled is gone"), err)
		}
		i, ok := row.Meta.Find(c.Cell)
		shown := row.Cols[row.Table.ColumnByID(c.Cell.Column)]
		if !ok || len(row.Meta.Cells[i].Others) > 0 || shown != c.Values[chosen].Value {
			return fmt.Errorf("the settled %s of %s is not what was chosen", row.Table.Columns[row.Table.ColumnByID(c.Cell.Column)].Name, row.ID)
		}
		return nil
	})
}

func (t *teller) nothingAsked() error {
	open, err := t.conflicts()
	for _, c := range open {
		if c.Ask {
			return errors.New("a conflict that was settled still waits for a person")
		}
	}
	return err
}

// decideRefused decides about what else was refused, and counts all that ever was.
func (t *teller) decideRefused() error {
	open, err := t.quarantined(true)
	if err != nil {
		return err
	}
	for _, e := range open {
		if _, err := t.company.core.Hub.Release(t.ctx, record.ID{}, record.ID{}, e.Dot, nil); err == nil {
			continue
		}
		if _, err := t.company.core.Hub.Dismiss(t.ctx, record.ID{}, record.ID{}, e.Dot); err != nil {
			return err
		}
	}
	all, err := t.quarantined(false)
	for _, e := range all {
		if e.Same.IsZero() { // else it is one that was counted, under another number
			t.Quarantined++
		}
		if err := t.readable(e.Dot); err != nil {
			return err
		}
	}
	return err
}

// compare holds every phone's rows against the hub's, and looks for every recorded change.
func (t *teller) compare() error {
	t.Converged = true
	for _, m := range t.crew {
		if err := t.remember(m); err != nil {
			return err
		}
		differences, err := t.differences(m)
		if err != nil {
			return err
		}
		for _, d := range differences[:min(5, len(differences))] {
			t.say("%s: %s", m.name, d)
			t.differ = append(t.differ, m.name+": "+d)
		}
		t.Converged = t.Converged && len(differences) == 0
	}
	return t.company.core.Store.Read(t.ctx, func(v *store.View) error {
		entries, err := entriesOf(v, t.recorded)
		if err != nil {
			return err
		}
		for id := range t.recorded {
			kept, err := isKept(v, entries[id])
			if err != nil {
				return err
			}
			if !kept {
				t.Lost++
			}
		}
		return nil
	})
}

// entriesOf returns the hub's entries of the changes with the identities.
func entriesOf(v *store.View, identities map[string]bool) (map[string]*judge.Entry, error) {
	var ids []record.ID
	for text := range identities {
		var id record.ID
		if _, err := hex.Decode(id[:], []byte(text)); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	entries := map[string]*judge.Entry{}
	found, err := v.Identified(ids)
	for id, e := range found {
		entries[hex.EncodeToString(id[:])] = e
	}
	return entries, err
}

// isKept reports whether the change is on the hub: in effect, with every row that it made, or refused, decided about and
// readable.
func isKept(v *store.View, e *judge.Entry) (bool, error) {
	if e == nil {
		return false, nil
	}
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return false, err
	}
	if e.Outcome == wire.Quarantined {
		return !e.Closed.IsZero(), nil
	}
	for _, c := range cs.Rows {
		row, err := v.Row(c.Key())
		if err != nil || c.Op == record.Insert && (row == nil || row.Deleted) {
			return false, err
		}
	}
	return e.Outcome == wire.Applied || e.Outcome == wire.Merged, nil
}

// differences returns in what the member's replica is not what the hub has for him.
func (t *teller) differences(m *member) (found []string, err error) {
	a, err := m.tell(order{Do: "rows"})
	if err != nil {
		return nil, err
	}
	state, err := m.tell(order{Do: "state"})
	if err != nil {
		return nil, err
	}
	if state.Pending > 0 {
		found = append(found, fmt.Sprintf("%d changes still wait", state.Pending))
	}
	var want map[string]string
	err = t.company.core.Hub.View(t.ctx, func(v hub.View) (err error) {
		want, err = scope.Of(v, aftersales.Schema, m.person)
		return err
	})
	if err != nil {
		return nil, err
	}
	return append(found, scope.Differences(a.Rows, want)...), nil
}
