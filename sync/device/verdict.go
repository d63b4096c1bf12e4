package device

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// Taken is what the verdicts asked of the session.
type Taken struct {
	Judged int    // change sets that now have a verdict
	Forked bool   // the incarnation's numbers name somebody else's change sets too: ask for a new one and send again
	Resend bool   // the hub expects change sets that the device thought were judged: send again
	Queue  uint64 // the number of the latest change set in the queue
}

// TakeVerdicts applies the hub's answer to a push. A change set leaves the queue only by a verdict that names its own
// hash.
func (r *Replica) TakeVerdicts(v *wire.Verdicts) (Taken, error) {
	taken := Taken{}
	rows, err := r.answered(v)
	if err != nil {
		return taken, err
	}
	for i := range v.Verdicts {
		if err := r.takeVerdict(v, &v.Verdicts[i], rows, &taken); err != nil {
			return taken, err
		}
	}
	for _, key := range v.Gone {
		if err := r.goneFrom(key); err != nil {
			return taken, err
		}
	}
	for _, batch := range v.Rows {
		for i := range batch.Rows {
			key := record.Key{Table: batch.Table, ID: batch.Rows[i].ID}
			if row := rows[key]; row != nil {
				if err := r.takeAnswer(key, row); err != nil {
					return taken, err
				}
			}
		}
	}
	taken.Forked, taken.Queue = r.id.Actor == Provisional, r.id.Queue
	return taken, r.store.PutIdentity(r.id)
}

// answered returns the rows that come with the verdicts, by key.
func (r *Replica) answered(v *wire.Verdicts) (map[record.Key]*record.Row, error) {
	rows := map[record.Key]*record.Row{}
	for i := range v.Rows {
		batch := &v.Rows[i]
		t := r.schema.TableByID(batch.Table)
		if t == nil {
			continue
		}
		positions := positionsOf(t, batch.Columns)
		for j := range batch.Rows {
			if row := brought(t, positions, true, &batch.Rows[j], nil); row != nil && batch.Whole {
				rows[row.Key()] = row
			}
		}
	}
	return rows, nil
}

func (r *Replica) takeVerdict(v *wire.Verdicts, run *wire.Verdict, rows map[record.Key]*record.Row, taken *Taken) error {
	switch run.Outcome {
	case wire.Forked:
		return r.fork(clock.Dot{Actor: v.Actor, Counter: run.Counter})
	case wire.Gap:
		return r.gap(v.Actor, run.Seq, taken)
	}
	items, err := r.judgedItems(v.Actor, run)
	if err != nil || items == nil {
		return err
	}
	taken.Judged += len(items)
	fresh := make([]*Item, 0, len(items))
	for i, item := range items {
		if item.State == Accepted { // its verdict came twice, and the rows have gone on since
			continue
		}
		r.judged(item, run, i)
		fresh = append(fresh, item)
	}
	if err := r.store.PutJudged(fresh); err != nil {
		return err
	}
	return r.settleAll(fresh, run.Outcome, rows)
}

// judgedItems returns the items of a run of verdicts, or nil where it does not name their hashes: then it is about
// other change sets than these, and changes nothing.
func (r *Replica) judgedItems(a clock.Actor, run *wire.Verdict) ([]*Item, error) {
	items, err := r.store.ItemsFrom(clock.Dot{Actor: a, Counter: run.Counter}, run.Count)
	if err != nil || uint64(len(items)) != run.Count {
		return nil, err
	}
	hashes := make([]record.Hash, len(items))
	for i, item := range items {
		hashes[i] = item.Hash
	}
	if wire.RunHash(hashes...) != run.Hash {
		return nil, nil
	}
	return items, nil
}

// judged notes the i-th verdict of the run on its item.
func (r *Replica) judged(item *Item, run *wire.Verdict, i int) {
	eff := run.EffOf(i, item.Change.Stamp.Add(item.Change.Offset))
	item.Seq, item.Code, item.Message = run.Seq+uint64(i), run.Code, run.Message
	item.Prior = &wire.Prior{Outcome: run.Outcome, Code: run.Code, Eff: eff}
	switch run.Outcome {
	case wire.Quarantined:
		if item.State != Closed { // sent again after a restore, though its author had decided about it
			item.State = Refused
		}
	case wire.Released:
		item.State, item.Prior.Outcome = Closed, wire.Quarantined
	default:
		item.State = Accepted
	}
}

// judgedChange is what a change set that was judged does to a row.
type judgedChange struct {
	*record.RowChange
	item *Item
}

// settleAll brings the rows of change sets that were judged alike up to date, each row once.
func (r *Replica) settleAll(items []*Item, outcome wire.Outcome, rows map[record.Key]*record.Row) error {
	changes := make(map[record.Key][]judgedChange, len(items))
	keys := make([]record.Key, 0, len(items))
	for _, item := range items {
		for k := range item.Change.Rows {
			c := &item.Change.Rows[k]
			if changes[c.Key()] == nil {
				keys = append(keys, c.Key())
			}
			changes[c.Key()] = append(changes[c.Key()], judgedChange{c, item})
		}
	}
	for _, key := range keys {
		if err := r.settle(key, changes[key], outcome == wire.Applied && rows[key] == nil); err != nil {
			return err
		}
	}
	return nil
}

// settle brings a row up to date after changes of it were judged. Once they are applied, the hub's row is what the
// author saw with his changes on top, and its vector the last one's context with its dot; otherwise the hub's row comes
// along.
func (r *Replica) settle(key record.Key, changes []judgedChange, applied bool) error {
	if applied {
		if done, err := r.settleShown(key, changes); done || err != nil {
			return err
		}
	}
	base, err := r.store.Base(key)
	if err != nil || base == nil {
		return err
	}
	for _, c := range changes {
		switch {
		case !applied:
		case c.Op == record.Insert: // it is all that there is of the row
			base.Row, base.Gone = r.appliedTo(base.Row, c), false
		case base.Row != nil && !base.Gone:
			base.Row = r.appliedTo(base.Row, c) // whose vector is the change's context, which Low was part of: Low stays
		}
	}
	if applied && base.Row != nil && !base.Gone {
		if base.Hidden, err = r.hides(base); err != nil {
			return err
		}
	}
	return r.unpin(key, base)
}

// settleShown is settle where the row is already shown as it is to be, which is nearly always so: nothing else is pending
// on it, and nothing was told of it again after a restore. It takes neither the base nor the values.
func (r *Replica) settleShown(key record.Key, changes []judgedChange) (bool, error) {
	for _, c := range changes {
		if c.item.Change.Epoch != r.id.Epoch {
			return false, nil
		}
	}
	last := changes[len(changes)-1]
	vector := last.Context.With(last.item.Change.Dot)
	done, err := r.store.Settle(key, last.item.Seq, vector, changes[0].Op == record.Insert)
	if done {
		r.changed = append(r.changed, key)
	}
	return done, err
}

// hides reports whether the row stays hidden now that the hub has it: unless one of its buckets has come back meanwhile,
// without a row that was still on its way.
func (r *Replica) hides(base *Base) (bool, error) {
	if !base.Hidden {
		return false, nil
	}
	held, err := r.store.Held(base.Row.Table.Class)
	if err != nil {
		return true, err
	}
	return !slices.ContainsFunc(base.Row.Buckets(), func(b record.Bucket) bool { return slices.Contains(held, b) }), nil
}

// appliedTo returns the hub's row after the change. One that the change made has its values and no others: what lay under
// it here came from a hub that has lost the row since, with all that was written to it later.
func (r *Replica) appliedTo(have *record.Row, c judgedChange) *record.Row {
	row := have
	if c.Op == record.Insert {
		row = record.NewRow(r.schema.TableByID(c.Table), c.RowChange, clock.Dot{})
	} else {
		row.Show(c.RowChange)
	}
	row.Vector, row.Seq = c.Context.With(c.item.Change.Dot), c.item.Seq
	return row
}

// unpin writes the base back, or lets it go when nothing is pending on the row any more.
func (r *Replica) unpin(key record.Key, base *Base) error {
	pending, err := r.store.PendingOn(key)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		if err := r.store.PutBase(key, base); err != nil {
			return err
		}
		return r.show(key, base)
	}
	if err := r.store.DropBase(key); err != nil {
		return err
	}
	r.changed = append(r.changed, key)
	if base.Row == nil || base.Hidden {
		return r.store.DropRow(key)
	}
	return r.store.PutRow(base.Row)
}

// takeAnswer takes in today's row of the hub, as a verdict brought it.
func (r *Replica) takeAnswer(key record.Key, row *record.Row) error {
	base, err := r.store.Base(key)
	if err == nil {
		err = r.meetItself(row.Vector)
	}
	if err != nil {
		return err
	}
	if base != nil {
		if base.Row != nil {
			base.Low = base.Low.Meet(row.Vector)
		}
		base.Row, base.Hidden, base.Gone = row, false, false
		if err := r.store.PutBase(key, base); err != nil {
			return err
		}
		return r.show(key, base)
	}
	r.changed = append(r.changed, key)
	return r.store.PutRow(row)
}

// letGo is leave for a row that the hub may not know yet: one inserted here, with changes on top, is still ours to
// send, and stays.
func (r *Replica) letGo(key record.Key) error {
	base, err := r.store.Base(key)
	if err != nil || base != nil && base.Row == nil {
		return err
	}
	return r.leave(key)
}

// goneFrom lets go of a row as a verdict says. Where more is pending on it, what was merged into it is not known here: it stays
// hidden until the hub brings it whole, or what is written next would say to have seen that.
func (r *Replica) goneFrom(key record.Key) error {
	if err := r.letGo(key); err != nil {
		return err
	}
	base, err := r.store.Base(key)
	if err != nil || base == nil || base.Row == nil {
		return err
	}
	base.Gone = true
	return r.store.PutBase(key, base)
}

// Dismiss closes a refused change set that its author gives up. It stays on the hub for the office.
func (r *Replica) Dismiss(d clock.Dot) error {
	item, err := r.store.Item(d)
	if err != nil {
		return err
	}
	if item == nil || item.State != Refused {
		return fault.New(fault.Closed, "this change is not waiting for a decision")
	}
	item.State = Closed
	return r.store.PutItem(item)
}
