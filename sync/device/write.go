package device

import (
	"fmt"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Provisional is the incarnation of a replica that has none: work is written under it, and stamped anew when the hub
// has handed one out. It is never sent.
const Provisional = ^clock.Actor(0)

// ErrNotEnrolled says that the replica belongs to nobody yet.
var ErrNotEnrolled = fault.New(fault.NotAllowed, "this device is not enrolled: ask the office for a code")

// Tx is one local write: what the user does at once, and what will be judged at once. Reads see its own writes.
type Tx struct {
	store  Store
	schema *schema.Schema
	id     *Identity
	stamp  clock.Stamp
	rows   map[record.Key]*staged
	order  []record.Key
}

// staged is a row that the transaction writes.
type staged struct {
	row    *record.Row // as it will be shown
	change record.RowChange
}

// Begin starts a local write on the store at the wall-clock time now (ms since 1970 UTC).
func Begin(store Store, s *schema.Schema, now int64) (*Tx, error) {
	id, err := store.Identity()
	if err != nil {
		return nil, err
	}
	if id == nil || id.Person.IsZero() {
		return nil, ErrNotEnrolled
	}
	return &Tx{
		store: store, schema: s, id: id, stamp: clock.NewHLC(id.Stamp).Now(now), rows: map[record.Key]*staged{},
	}, nil
}

// Person returns the replica's person.
func (t *Tx) Person() record.ID { return t.id.Person }

// Stamp returns when the write happens, by the device's clock.
func (t *Tx) Stamp() clock.Stamp { return t.stamp }

// Now returns when the write happens by the hub's clock, as well as the device knows it, in ms since 1970 UTC.
func (t *Tx) Now() int64 { return t.stamp.Add(t.id.Offset).Millis() }

// Dot returns the dot that the write will carry, for numbers that must be unique for ever.
func (t *Tx) Dot() clock.Dot { return clock.Dot{Actor: t.id.Actor, Counter: t.id.Counter + 1} }

// Row returns the living row as the transaction sees it; nil if there is none. The caller must not change it.
func (t *Tx) Row(key record.Key) (*record.Row, error) {
	row, err := t.any(key)
	if err != nil || row == nil || row.Deleted {
		return nil, err
	}
	return row, nil
}

func (t *Tx) any(key record.Key) (*record.Row, error) {
	if s := t.rows[key]; s != nil {
		return s.row, nil
	}
	return t.store.Row(key)
}

// Refs returns the ids of the living rows whose reference column holds id, the transaction's own writes included.
func (t *Tx) Refs(table *schema.Table, column string, id record.ID) ([]record.ID, error) {
	stored, err := t.store.Refs(table, column, id)
	if err != nil {
		return nil, err
	}
	var ids []record.ID
	for _, have := range stored {
		if t.rows[record.Key{Table: table.ID, ID: have}] == nil {
			ids = append(ids, have)
		}
	}
	for _, key := range t.order {
		if row := t.rows[key].row; row.Table == table && !row.Deleted && row.Get(column).Ref() == id {
			ids = append(ids, key.ID)
		}
	}
	return ids, nil
}

// Insert creates a row, Update writes cells of one, Delete hides one. What does not fit is refused with a
// *fault.Error and changes nothing.
func (t *Tx) Insert(table *schema.Table, id record.ID, values record.Values) error {
	c, err := record.NewChange(record.Insert, table, id, values)
	if err != nil {
		return err
	}
	if row, err := t.any(c.Key()); err != nil {
		return err
	} else if row != nil {
		return fault.New(fault.Exists, "this "+table.Name+" exists already")
	}
	t.stage(&staged{record.NewRow(table, &c, clock.Dot{}), c})
	return nil
}

// Update writes cells of a row.
func (t *Tx) Update(table *schema.Table, id record.ID, values record.Values) error {
	c, err := record.NewChange(record.Update, table, id, values)
	if err != nil {
		return err
	}
	return t.change(c)
}

// Delete hides a row.
func (t *Tx) Delete(table *schema.Table, id record.ID) error {
	c, err := record.NewChange(record.Delete, table, id, nil)
	if err != nil {
		return err
	}
	return t.change(c)
}

func (t *Tx) change(c record.RowChange) error {
	table := t.schema.TableByID(c.Table)
	row, err := t.Row(c.Key())
	if err != nil {
		return err
	}
	if row == nil {
		return fault.New(fault.UnknownRow, "this "+table.Name+" is not on this device")
	}
	s := t.rows[c.Key()]
	if s == nil {
		s = &staged{row.Clone(), record.RowChange{Op: c.Op, Table: c.Table, ID: c.ID}}
		t.stage(s)
	}
	s.row.Show(&c)
	s.change = record.Coalesce(s.change, c)
	return nil
}

func (t *Tx) stage(s *staged) {
	key := s.change.Key()
	t.rows[key] = s
	t.order = append(t.order, key)
}

// Commit makes one change set of the transaction's writes and puts it, with the rows as they are now shown, into the
// store, whose transaction the caller then commits. It returns nil when nothing was written.
func (t *Tx) Commit(cause string) (*Item, error) {
	if len(t.order) == 0 {
		return nil, nil
	}
	cs := &record.ChangeSet{
		Dot: t.Dot(), Stamp: t.stamp, Offset: t.id.Offset, Epoch: t.id.Epoch, K: t.id.Cursors[schema.ClassWork], Cause: cause,
	}
	return t.commit(cs)
}

// CommitAmended is Commit for what replaces a change set that was refused: old names it.
func (t *Tx) CommitAmended(cause string, old clock.Dot) (*Item, error) {
	refused, err := t.store.Item(old)
	if err != nil {
		return nil, err
	}
	if refused == nil || refused.State != Refused {
		return nil, fault.New(fault.Closed, "this change is not waiting to be sent again")
	}
	refused.State = Closed
	if err := t.store.PutItem(refused); err != nil {
		return nil, err
	}
	return t.commit(&record.ChangeSet{
		Dot: t.Dot(), Stamp: t.stamp, Offset: t.id.Offset, Epoch: t.id.Epoch, K: t.id.Cursors[schema.ClassWork],
		Cause: cause, Amends: old,
	})
}

func (t *Tx) commit(cs *record.ChangeSet) (*Item, error) {
	for _, key := range t.order {
		s := t.rows[key]
		if err := t.pin(s); err != nil {
			return nil, err
		}
		cs.Rows = append(cs.Rows, s.change)
	}
	item := &Item{N: t.id.Queue + 1, Change: cs, State: Pending}
	item.encode(t.id.Chain)
	if len(item.Encoded) > record.MaxChangeSet {
		return nil, fault.New(fault.TooLarge, "this is too much to record at once; do it in smaller steps")
	}
	for _, key := range t.order {
		if err := t.store.PutRow(t.rows[key].row); err != nil {
			return nil, err
		}
	}
	if err := t.store.PutItem(item); err != nil {
		return nil, err
	}
	t.id.Counter, t.id.Chain, t.id.Queue, t.id.Stamp = cs.Dot.Counter, item.Chain, item.N, t.stamp
	return item, t.store.PutIdentity(t.id)
}

// encode fills in what follows from the change set: its bytes, their hash, and the chain after prev.
func (i *Item) encode(prev record.Hash) {
	i.Encoded = i.Change.AppendBinary(nil)
	i.Hash = record.HashOf(i.Encoded)
	i.Chain = record.Chain(prev, i.Hash)
}

// pin keeps the hub's row beside one that is about to have a pending change, and stamps the change with its context:
// the row's vector as its author saw it, with his own pending dots on the row. While the row has pending changes, a
// further one carries the lowest vector that the row had since the oldest of them: what came in under a pending value
// was not seen.
func (t *Tx) pin(s *staged) error {
	key := s.change.Key()
	base, err := t.store.Base(key)
	if err != nil {
		return err
	}
	if base == nil {
		base = &Base{}
		if s.change.Op != record.Insert {
			if base.Row, err = t.store.Row(key); err != nil {
				return err
			}
			base.Low = base.Row.Vector
		}
	} else if base.Row != nil {
		base.Low = base.Low.Meet(base.Row.Vector)
	}
	if err := t.store.PutBase(key, base); err != nil {
		return err
	}
	s.change.Context = base.Low
	own, err := t.store.PendingOn(key)
	if err != nil {
		return err
	}
	for _, item := range own {
		s.change.Context = s.change.Context.With(item.Change.Dot)
	}
	return nil
}

// changeOf returns what the item does to the row.
func (i *Item) changeOf(key record.Key) (*record.RowChange, error) {
	for k := range i.Change.Rows {
		if c := &i.Change.Rows[k]; c.Key() == key {
			return c, nil
		}
	}
	return nil, fmt.Errorf("device: item %d does not change the row it is filed under", i.N)
}
