package simtest

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// erase lets the office erase what is personal of somebody.
func (f *Fleet) erase() {
	name := []string{"customer", "customer", "person"}[f.IntN(3)]
	if row, ok := pick(f, f.office.rows(name)); ok {
		f.hub.erase(row.Key())
	}
}

// erase is written down outside the database before it is done, so that neither a crash nor a backup forgets it.
func (h *fleetHub) erase(k record.Key) {
	h.f.tracef("%s is to be ERASED", nameOf(k))
	h.erasures = append(h.erasures, k)
	h.eraseAgain()
}

// eraseAgain does what was written down, as a hub does when it opens.
func (h *fleetHub) eraseAgain() {
	if h.down || len(h.erasures) == 0 {
		return
	}
	own, err := h.own()
	if err != nil {
		h.trouble(err)
		return
	}
	_, err = h.write(func(b *judge.Batch) error {
		_, err := b.Erase(judge.Author{}, own, h.erasures)
		return err
	}, func(tx judge.Store, _ *judge.Batch) error { return tx.(hubTx).redact(h.erasures) })
	if err != nil {
		h.trouble(err)
	}
}

// redact takes the personal values of the rows out of the ledger and the records of conflicts.
func (s hubTx) redact(rows []record.Key) error {
	chosen := map[record.Key]bool{}
	for _, k := range rows {
		chosen[k] = true
	}
	for _, it := range append([]item[clock.Dot, *judge.Entry](nil), s.entries.items...) {
		left, changed, err := record.Redact(s.schema, it.value.Encoded, chosen)
		if err == nil && changed {
			e := copyEntry(it.value)
			e.Encoded = left
			err = s.PutEntry(e)
		}
		if err != nil {
			return err
		}
	}
	for _, it := range append([]item[conflictKey, judge.Conflict](nil), s.conflicts.items...) {
		if chosen[it.key.row] && isPersonal(it.key.row, it.key.cell) {
			s.conflicts.drop(it.key)
		}
	}
	return nil
}

func isPersonal(k record.Key, c record.CellID) bool {
	t := Schema.TableByID(k.Table)
	at := t.ColumnByID(c.Column) // none of a conflict about the row as a whole
	return at >= 0 && t.Columns[at].Has(schema.Personal)
}

// erased reports whether the value of the cell is one that nobody may keep.
func (f *Fleet) erased(p place) bool {
	for _, k := range f.hub.erasures {
		if k == p.row {
			return isPersonal(p.row, p.cell)
		}
	}
	return false
}

// checkErased asks that nothing is left anywhere of what was erased: not on the hub, and on no phone.
func (f *Fleet) checkErased() {
	for _, k := range f.hub.erasures {
		s := f.hub.store.state
		if row, ok := s.rows.get(k); ok && !forgotten(row) {
			f.fail("erased", "the hub still has what was erased of %s", nameOf(k))
		}
		for _, it := range s.conflicts.items {
			has := slices.ContainsFunc(it.value.Values, func(s record.Standing) bool { return !s.Value.IsNull() })
			if it.key.row == k && isPersonal(k, it.key.cell) && has {
				f.fail("erased", "a conflict's record still has what was erased of %s", nameOf(k))
			}
		}
		for _, it := range s.entries.items {
			if tells(must(record.ParseChangeSet(it.value.Encoded)), k) {
				f.fail("erased", "the ledger still has what was erased of %s, in %v", nameOf(k), it.key)
			}
		}
		for _, p := range f.phones {
			f.checkErasedOn(p, k)
		}
	}
}

// checkErasedOn looks at what the phone shows, keeps of rows, and ever wrote.
func (f *Fleet) checkErasedOn(p *phone, k record.Key) {
	s := p.store.state
	for _, it := range s.rows.items {
		if it.key == k && !forgotten(it.value) {
			f.fail("erased", "%s still shows what was erased of %s", p.name, nameOf(k))
		}
	}
	for _, it := range s.copies.items {
		if it.value.Row.Key() == k && !forgotten(it.value.Row) {
			f.fail("erased", "%s still has a copy of what was erased of %s", p.name, nameOf(k))
		}
	}
	for _, it := range s.items.items {
		if tells(it.value.Change, k) {
			f.fail("erased", "%s still has what was erased of %s, in %v, state %d", p.name, nameOf(k), it.value.Change.Dot, it.value.State)
		}
	}
}

// forgotten reports whether the row has no personal value, shown or beside a shown one.
func forgotten(row *record.Row) bool {
	for i := range row.Table.Columns {
		if row.Table.Columns[i].Has(schema.Personal) && !row.Cols[i].IsNull() {
			return false
		}
	}
	if row.Meta == nil {
		return true
	}
	for _, c := range row.Meta.Cells {
		for _, o := range c.Others {
			if isPersonal(row.Key(), c.ID) && !o.Value.IsNull() {
				return false
			}
		}
	}
	return true
}

// tells reports whether the change set has a personal value of the row.
func tells(cs *record.ChangeSet, k record.Key) bool {
	for i := range cs.Rows {
		if cs.Rows[i].Key() == k && record.WritesPersonal(Schema, cs.Rows[i:i+1]) {
			return true
		}
	}
	return false
}
