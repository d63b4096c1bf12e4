package simtest

import (
	"slices"

	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// check asks for everything that must hold once all is healed and still.
func (f *Fleet) check() {
	f.checkQueues()
	f.checkLedger()
	f.checkFollows()
	f.checkValues()
	f.checkDeletes()
	f.checkTimes()
	f.checkRecorded()
	f.checkHeld()
	f.checkHolds()
	f.checkCopies()
	f.checkErased()
	f.hasInTheEnd()
	if f.hub.diverged > 0 {
		f.fail("sum", "phones said %d times that their rows are not the hub's", f.hub.diverged)
	}
	for _, p := range f.phones {
		f.checkRefused(p)
		f.checkRows(p)
		f.checkSums(p)
		if p.dials > 12 {
			f.fail("loop", "%s connected %d times after everything healed", p.name, p.dials)
		}
	}
}

// checkCommit asks for what must hold after every commit of the hub.
func (f *Fleet) checkCommit() { f.checkValues() }

// checkClose asks why a phone closed a connection: the hub never gives it a reason to complain.
func (f *Fleet) checkClose(p *phone, reason *fault.Error) {
	unknown := reason.Code == fault.Unauthentic && f.Restore && (f.Reenrol || f.Segments) // the backup is from before it was enrolled
	if p.dead || reason.Code == fault.Overloaded || unknown {
		return
	}
	f.fail("session", "%s closes its connection: %v (%v)", p.name, reason, reason.Detail)
}

// accepted returns the first accepted entry of each identity.
func (f *Fleet) accepted() map[record.ID]*judge.Entry {
	entries := map[record.ID]*judge.Entry{}
	for _, it := range f.hub.store.state.entries.items {
		if e := it.value; e.Same.IsZero() && e.Outcome != wire.Quarantined {
			entries[e.Origin.RID] = e
		}
	}
	return entries
}

// checkLedger asks that nothing was taken twice: no identity, and no refused change set by two that replace it.
func (f *Fleet) checkLedger() {
	count, replaced := map[record.ID]int{}, map[string]int{}
	for _, it := range f.hub.store.state.entries.items {
		e := it.value
		if !e.Same.IsZero() {
			continue
		}
		if count[e.Origin.RID]++; count[e.Origin.RID] > 1 {
			f.fail("twice", "%v was judged twice: %s", e.Dot, short(e.Origin.RID))
		}
		cs := must(record.ParseChangeSet(e.Encoded))
		if !cs.Amends.IsZero() && e.Outcome != wire.Quarantined {
			if replaced[cs.Amends.String()]++; replaced[cs.Amends.String()] > 1 {
				f.fail("twice", "%v was replaced twice", cs.Amends)
			}
		}
	}
}

// checkValues asks that no accepted value is lost: it stands, or somebody whose write was accepted had seen it, or it
// is in the record of a conflict.
func (f *Fleet) checkValues() {
	accepted := f.accepted()
	seen := map[*written]bool{}
	putBack := map[*written]bool{} // what the office brought back from a copy, before or after it came again by itself
	for _, d := range f.truth.sets {
		if accepted[d.rid] != nil {
			for _, w := range d.values {
				for x := range w.saw {
					seen[x] = true
				}
				putBack[w] = putBack[w] || w.rid != d.rid
			}
		}
	}
	for _, d := range f.truth.sets {
		if accepted[d.rid] == nil {
			continue
		}
		d.seeReleased(seen)
		for _, w := range d.values {
			if f.erased(w.place) {
				continue
			}
			if !seen[w] && !f.truth.recorded[w] && !f.standsOrRecorded(w) {
				f.fail("value", "%s of %s, written by %s in %v, is gone without a record", valueName(w.value),
					nameOf(w.row)+"."+cellName(w.row.Table, w.cell), d.by, accepted[d.rid].Dot)
			}
			known := seen[w] || putBack[w] || f.truth.recorded[w] || f.truth.wroteOn(d, w.place) || f.truth.stoodForOther(accepted[d.rid].Dot, d.rid)
			if !known && f.droppedOnArrival(w, accepted[d.rid]) {
				f.fail("dropped", "%s of %s, written by %s in %v, was dropped, and nobody had seen it", valueName(w.value),
					nameOf(w.row)+"."+cellName(w.row.Table, w.cell), d.by, accepted[d.rid].Dot)
			}
		}
	}
}

func (f *Fleet) standsOrRecorded(w *written) bool {
	row, ok := f.hub.store.state.rows.get(w.row)
	if !ok {
		_, collected := f.hub.store.state.collected.get(w.row) // by those who had seen it deleted: see collect
		return collected
	}
	if viewOf(map[record.Key]*record.Row{w.row: row})(w.place) == w.value {
		return true
	}
	is := func(s record.Standing) bool { return s.Value == w.value }
	if i, ok := row.Meta.Find(w.cell); ok && slices.ContainsFunc(row.Meta.Cells[i].Others, is) {
		return true
	}
	return f.recorded(w)
}

// droppedOnArrival reports whether the hub took the value for one that somebody had replaced already.
func (f *Fleet) droppedOnArrival(w *written, e *judge.Entry) bool {
	for k, c := range f.hub.store.state.conflicts.from(conflictKey{row: w.row, cell: w.cell}) {
		if k.row != w.row || k.cell != w.cell {
			break
		}
		last := c.Values[len(c.Values)-1]
		if !c.Open && c.Seq == e.Seq && last.Dot == e.Dot && last.Value == w.value {
			return true
		}
	}
	return false
}

// recorded reports whether the value is in the record of a conflict.
func (f *Fleet) recorded(w *written) bool {
	is := func(s record.Standing) bool { return s.Value == w.value }
	for k, c := range f.hub.store.state.conflicts.from(conflictKey{row: w.row, cell: w.cell}) {
		if k.row != w.row || k.cell != w.cell {
			break
		}
		if slices.ContainsFunc(c.Values, is) {
			return true
		}
	}
	return false
}

// checkDeletes asks that nothing is hidden that nobody who deleted its row had seen.
func (f *Fleet) checkDeletes() {
	accepted := f.accepted()
	seen := map[*written]bool{}
	for _, d := range f.truth.sets {
		if accepted[d.rid] != nil {
			for _, w := range d.deleted {
				seen[w] = true
				for x := range w.saw {
					seen[x] = true
				}
			}
		}
	}
	for _, it := range f.hub.store.state.rows.items {
		if !it.value.Deleted {
			continue
		}
		saw := viewOf(map[record.Key]*record.Row{it.key: it.value})
		for _, c := range it.value.Meta.Cells {
			p := place{it.key, c.ID}
			if w := f.truth.writes[p][saw(p)]; w != nil && !seen[w] && !f.truth.recorded[w] {
				f.fail("deleted", "%s of %s was hidden by somebody who had not seen it", valueName(w.value), nameOf(it.key))
			}
		}
	}
}

// keepRecorded takes down what the hub's records of conflicts hold, and what their authors had seen, before it is restored.
func (f *Fleet) keepRecorded() {
	for _, d := range f.truth.sets {
		for _, w := range d.values {
			if !f.recorded(w) {
				continue
			}
			f.truth.recorded[w] = true
			for x := range w.saw {
				f.truth.recorded[x] = true
			}
		}
	}
}

// keepHeld takes down what the phones hold of the hub, before it is restored.
func (f *Fleet) keepHeld() {
	for _, p := range f.phones {
		rows := map[record.Key]*record.Row{}
		for _, r := range p.store.Rows() {
			rows[r.Key()] = r
		}
		for _, it := range p.store.state.bases.items {
			if delete(rows, it.key); it.value.Row != nil {
				rows[it.key] = it.value.Row
			}
		}
		shown := viewOf(rows)
		for place, values := range f.truth.writes {
			if w := values[shown(place)]; w != nil && !rows[place.row].Deleted {
				f.truth.held[w] = p
			}
		}
	}
}

// checkHeld asks that nothing is lost that some phone held when the hub was restored: it is on the hub, or whoever wrote
// after it is, or it was kept for the office.
func (f *Fleet) checkHeld() {
	if len(f.truth.held) == 0 {
		return
	}
	kept, seen := f.testified(), map[*written]bool{}
	accepted := f.accepted()
	for _, d := range f.truth.sets {
		if accepted[d.rid] != nil {
			for _, w := range d.values {
				for x := range w.saw {
					seen[x] = true
				}
			}
		}
	}
	for w, p := range f.truth.held {
		_, judged := f.hub.store.state.rids.get(w.rid)
		if !judged && !f.erased(w.place) && !seen[w] && !f.standsOrRecorded(w) && !kept[w.place][w.value] && !p.putBackSince {
			f.fail("held", "%s of %s was on %s, and neither is it on the restored hub nor did that keep it for the office",
				valueName(w.value), nameOf(w.row)+"."+cellName(w.row.Table, w.cell), p.name)
		}
	}
}

// testified returns the values that the hub keeps, or kept, for the office to decide about, since it lost them.
func (f *Fleet) testified() map[place]map[record.Value]bool {
	values := map[place]map[record.Value]bool{}
	for _, it := range f.hub.store.state.entries.items {
		if !f.isCopy(it.key) || f.hasCome(it.value) {
			continue
		}
		for _, c := range must(record.ParseChangeSet(it.value.Encoded)).Rows {
			for _, w := range c.Cells {
				p := place{c.Key(), w.CellID}
				if values[p] == nil {
					values[p] = map[record.Value]bool{}
				}
				values[p][w.Value] = true
			}
		}
	}
	return values
}

// checkTimes asks that commit times never decrease.
func (f *Fleet) checkTimes() {
	log := f.hub.store.state.log.items
	for i := 1; i < len(log); i++ {
		if log[i].value.at < log[i-1].value.at {
			f.fail("time", "commit %d is earlier than %d", log[i].key, log[i-1].key)
		}
	}
}

// checkRecorded asks that nothing recorded is lost: what was durable on a phone is on the hub, and what waits there
// for a decision is on the phone too.
func (f *Fleet) checkRecorded() {
	for _, d := range f.truth.sets {
		if d.phone == nil {
			continue
		}
		dot, ok := f.hub.store.state.rids.get(d.rid)
		if !ok {
			if !d.lost {
				f.fail("recorded", "%s of %s is not on the hub", short(d.rid), d.by)
			}
			continue
		}
		e, _ := f.hub.store.state.entries.get(dot)
		if quarantined(e) && !d.lost && !d.phone.has(d.rid) {
			f.fail("recorded", "%v is in quarantine, and %s does not know", dot, d.by)
		}
	}
}

// has reports whether the phone has the change set, as refused or as one that its owner has decided about. Of those, a
// phone keeps only what the backups may lack.
func (p *phone) has(rid record.ID) bool {
	for _, i := range p.store.Items() {
		if i.Change.RID(i.Hash) == rid {
			return i.State == device.Refused || i.State == device.Closed
		}
	}
	return p.f.hub.verified > 0 || p.f.Restore
}
