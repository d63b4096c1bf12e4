package device

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Replica takes in what the hub sends, within one write transaction of the store.
type Replica struct {
	store   Store
	schema  *schema.Schema
	id      *Identity
	changed []record.Key
}

// Open begins taking in on the store.
func Open(store Store, s *schema.Schema) (*Replica, error) {
	id, err := store.Identity()
	if err != nil {
		return nil, err
	}
	if id == nil {
		return nil, ErrNotEnrolled
	}
	return &Replica{store: store, schema: s, id: id}, nil
}

// Identity returns who the replica is; the caller must not change it.
func (r *Replica) Identity() *Identity { return r.id }

// Changed returns the rows whose shown values may have changed.
func (r *Replica) Changed() []record.Key { return r.changed }

// ErrPage says that a page does not follow on what the device has: the session begins again.
var ErrPage = fault.New(fault.Malformed, "the server sent a page that does not follow on the last one")

// TakePage applies one part of a page. The cursor moves with the last part, in the same transaction as its rows.
func (r *Replica) TakePage(p *wire.Page) error {
	if int(p.Class) >= schema.Classes || r.id.Cursors[p.Class] != p.From && p.From != 0 || p.To < p.From {
		return ErrPage
	}
	leaving, err := r.leaving(p)
	if err != nil {
		return err
	}
	for _, b := range leaving {
		if err := r.leaveBucket(b, p.Class, leaving); err != nil {
			return err
		}
	}
	if err := r.leaveUnnamed(p); err != nil {
		return err
	}
	if err := r.forget(p.Erased); err != nil { // before: what is written here would count as come along with its bucket
		return err
	}
	if err := r.enter(p); err != nil {
		return err
	}
	for i := range p.Rows {
		if err := r.takeRows(&p.Rows[i], p); err != nil {
			return err
		}
	}
	return r.moveCursor(p)
}

// enter begins to take in buckets. What of them is on the device is to come again, or goes with the last part; but what lies in a
// bucket that stays too, whose changes say what becomes of it, is as it is: one that enters may be lost before all of it has come.
func (r *Replica) enter(p *wire.Page) error {
	if len(p.Enter) == 0 {
		return nil
	}
	held, err := r.store.Held(p.Class)
	if err != nil {
		return err
	}
	staying := slices.DeleteFunc(held, func(b record.Bucket) bool { return slices.Contains(p.Enter, b) })
	for _, b := range p.Enter {
		if err := r.store.MarkStale(b, p.Class); err != nil {
			return err
		}
		if err := r.store.PutHeld(p.Class, b, true); err != nil {
			return err
		}
	}
	if len(staying) == 0 {
		return nil
	}
	return r.confirm(p.Class, staying)
}

// confirm takes the rows that lie in one of the buckets off the list of those that are to come again.
func (r *Replica) confirm(class schema.Class, buckets []record.Bucket) error {
	stale, err := r.store.Stale(class)
	if err != nil {
		return err
	}
	rows, err := r.store.Rows(stale)
	if err != nil {
		return err
	}
	lies := func(b record.Bucket) bool { return slices.Contains(buckets, b) }
	for _, key := range stale {
		if row := rows[key]; row != nil && slices.ContainsFunc(row.Buckets(), lies) {
			if err := r.store.PutRow(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Replica) moveCursor(p *wire.Page) error {
	r.id.Resume, r.id.Partial = p.Resume, [3]uint64{uint64(p.Class), p.From, p.To}
	if p.Last {
		r.id.Cursors[p.Class] = p.To
		r.id.Resume, r.id.Partial = nil, [3]uint64{}
		if err := r.sweep(p.Class); err != nil {
			return err
		}
	}
	return r.store.PutIdentity(r.id)
}

// sweep lets go of the rows that were on the device when their bucket entered, and were not among its content.
func (r *Replica) sweep(class schema.Class) error {
	stale, err := r.store.Stale(class)
	if err != nil {
		return err
	}
	for _, key := range stale {
		if err := r.letGo(key); err != nil {
			return err
		}
	}
	return r.store.ClearStale(class)
}

func (r *Replica) takeRows(batch *wire.Rows, p *wire.Page) error {
	t := r.schema.TableByID(batch.Table)
	if t == nil {
		return nil // the app is older than the table: it will ask again when it has learned it
	}
	b := taking{Page: p, table: t, positions: positionsOf(t, batch.Columns), whole: batch.Whole}
	for rows := range slices.Chunk(batch.Rows, takenAtOnce) {
		if err := r.takeChunk(&b, rows); err != nil {
			return err
		}
	}
	return nil
}

// takenAtOnce is how many rows are read and written together: so many that what a statement costs besides the rows is
// spread thin.
const takenAtOnce = 64

// taking is a batch of rows that is being taken in.
type taking struct {
	*wire.Page
	table     *schema.Table
	positions []int
	whole     bool
	have      map[record.Key]*record.Row // rows that are on the device, as they will stand
}

func (r *Replica) takeChunk(b *taking, rows []wire.Row) (err error) {
	if b.From > 0 || !b.whole {
		keys := make([]record.Key, len(rows))
		for i := range rows {
			keys[i] = record.Key{Table: b.table.ID, ID: rows[i].ID}
		}
		if b.have, err = r.store.Rows(keys); err != nil {
			return err
		}
	}
	put := make([]*record.Row, 0, len(rows))
	for i := range rows {
		row, err := r.takeRow(b, &rows[i])
		if err != nil {
			return err
		}
		if row != nil {
			put = append(put, row)
		}
	}
	return r.store.PutRows(put)
}

// positionsOf returns where the columns stand in the table, -1 for those this version does not know.
func positionsOf(t *schema.Table, columns []schema.ColumnID) []int {
	positions := make([]int, len(columns))
	for i, id := range columns {
		positions[i] = t.ColumnByID(id)
	}
	return positions
}

// takeRow returns the row that is to be put now; nil where there is none, or the row has pending changes and is written
// already.
func (r *Replica) takeRow(b *taking, in *wire.Row) (*record.Row, error) {
	key := record.Key{Table: b.table.ID, ID: in.ID}
	base, err := r.store.Base(key)
	if err == nil {
		err = r.meetItself(in.Vector)
	}
	if err != nil {
		return nil, err
	}
	if base != nil {
		return nil, r.takeUnder(key, base, brought(b.table, b.positions, b.whole, in, base.Row), b.Page)
	}
	have := b.have[key]
	if newer(have, b.Page) {
		return have, nil // as it is: put again, so that it counts as one of the bucket's
	}
	row := brought(b.table, b.positions, b.whole, in, have)
	if row == nil {
		return nil, nil // a part of a row that the device does not have: the checksums will tell
	}
	if b.have != nil {
		b.have[key] = row
	}
	r.changed = append(r.changed, key)
	return row, nil
}

// meetItself looks for another copy of this database: a row with a number of this incarnation that was not used here. What
// is written from now on must not carry that number too, or whoever has seen the one would seem to have seen the other.
func (r *Replica) meetItself(row clock.Vector) error {
	if row.Get(r.id.Actor) <= r.id.Counter {
		return nil
	}
	return r.Renounce()
}

// newer reports whether the device has the row from a verdict that was given after the page was made.
func newer(have *record.Row, p *wire.Page) bool { return have != nil && p.From > 0 && have.Seq > p.To }

// brought returns the hub's row as the message leaves it; nil for a part of a row that is not there.
func brought(t *schema.Table, positions []int, whole bool, in *wire.Row, have *record.Row) *record.Row {
	row := &record.Row{Table: t, ID: in.ID}
	switch {
	case whole || have != nil && len(have.Cols) == 0:
		row.Cols = make([]record.Value, len(t.Columns))
	case have == nil:
		return nil
	default:
		row = have.Clone()
	}
	row.Seq, row.Vector, row.Deleted = in.Seq, in.Vector, in.Deleted
	for i, at := range positions {
		if at >= 0 && i < len(in.Values) {
			row.Cols[at] = in.Values[i]
		}
	}
	return row
}

// takeUnder puts the hub's row under the pending changes of one that has some.
func (r *Replica) takeUnder(key record.Key, base *Base, row *record.Row, p *wire.Page) error {
	if row == nil {
		return nil
	}
	if newer(base.Row, p) {
		return r.store.PutBase(key, base) // as it is, for the same reason as in takeRow
	}
	base.Low = base.Low.Meet(row.Vector)
	base.Row, base.Hidden, base.Gone = row, false, false
	if err := r.store.PutBase(key, base); err != nil {
		return err
	}
	return r.show(key, base)
}

// has reports whether the hub's row has taken in a change that is sent again after a restore.
func has(row *record.Row, item *Item) bool {
	return row != nil && item.Seq == Unjudged && row.Vector.Covers(item.Change.Dot)
}

// lastKnown returns which of the pending changes is the last that the hub's row has, -1 for none. It has those before it too
// that were judged once, in their order: the row may name them by the numbers of another incarnation.
func lastKnown(pending []*Item, row *record.Row) int {
	for i, item := range slices.Backward(pending) {
		if has(row, item) {
			return i
		}
	}
	return -1
}

// show writes the visible row: the hub's, with the pending changes on top. Where there is no row to lay them on, as when
// the insert was refused, nothing is shown: a part of a row is none.
func (r *Replica) show(key record.Key, base *Base) error {
	pending, err := r.store.PendingOn(key)
	if err != nil {
		return err
	}
	r.changed = append(r.changed, key)
	var row *record.Row
	if base.Row != nil {
		row = base.Row.Clone()
	}
	known := lastKnown(pending, base.Row)
	for i, item := range pending {
		c, err := item.changeOf(key)
		if err != nil {
			return err
		}
		switch {
		case i <= known && (item.Prior != nil || has(base.Row, item)):
			// Sent again after a restore, and the hub has it: what its row shows may be later.
		case row != nil:
			row.Show(c)
		case c.Op == record.Insert:
			row = record.NewRow(r.schema.TableByID(key.Table), c, clock.Dot{})
		}
	}
	if row == nil || base.Hidden {
		return r.store.DropRow(key)
	}
	return r.store.PutRow(row)
}
