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
	*record.Draft
	store Store
	id    *Identity
	now   int64
	stamp clock.Stamp
	salt  record.Salt
}

// Begin starts a local write on the store at the wall-clock time now (ms since 1970 UTC). Salt is chance of the caller's;
// none will do for one who only reads.
func Begin(store Store, s *schema.Schema, now int64, salt record.Salt) (*Tx, error) {
	id, err := store.Identity()
	if err != nil {
		return nil, err
	}
	if id == nil || id.Person.IsZero() {
		return nil, ErrNotEnrolled
	}
	return &Tx{record.NewDraft(store, s), store, id, now, clock.NewHLC(id.Stamp).Now(now), salt}, nil
}

// Person returns the replica's person.
func (t *Tx) Person() record.ID { return t.id.Person }

// Stamp returns when the write happens, by the device's clock.
func (t *Tx) Stamp() clock.Stamp { return t.stamp }

// Now returns when the write happens by the hub's clock, as well as the device knows it, in ms since 1970 UTC. It rises from write
// to write, but where the device's clock was put back by more than clock.MaxAhead: stamps go on from how far ahead it had been, be it
// years, and times follow the clock.
func (t *Tx) Now() int64 {
	at := t.stamp
	if at.Millis() > t.now+clock.MaxAhead.Milliseconds() {
		at = clock.StampAt(t.now)
	}
	return at.Add(t.id.Offset).Millis()
}

// Clock returns what the device's clock said when the write began, right or wrong, in ms since 1970 UTC.
func (t *Tx) Clock() int64 { return t.now }

// Dot returns the dot that the write will carry, for numbers that must be unique for ever.
func (t *Tx) Dot() clock.Dot { return clock.Dot{Actor: t.id.Actor, Counter: t.id.Counter + 1} }

// Commit makes one change set of the transaction's writes and puts it, with the rows as they are now shown, into the
// store, whose transaction the caller then commits. It returns nil when nothing was written.
func (t *Tx) Commit(cause string) (*Item, error) {
	if len(t.Staged()) == 0 {
		return nil, nil
	}
	return t.commit(cause, clock.Dot{})
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
	return t.commit(cause, old)
}

func (t *Tx) commit(cause string, amends clock.Dot) (*Item, error) {
	cs := &record.ChangeSet{
		Dot: t.Dot(), Stamp: t.stamp, Offset: t.id.Offset, Epoch: t.id.Epoch, K: t.id.Cursors[schema.ClassWork],
		Cause: cause, Amends: amends,
	}
	rows := t.Staged()
	for _, s := range rows {
		if err := t.checkErased(s); err != nil {
			return nil, err
		}
		if err := t.pin(s); err != nil {
			return nil, err
		}
		cs.Rows = append(cs.Rows, s.Change)
	}
	if record.WritesPersonal(t.Schema(), cs.Rows) {
		cs.Salt = t.salt
	}
	item := &Item{N: t.id.Queue + 1, Change: cs, State: Pending}
	item.encode(t.id.Chain)
	if !fits(item) {
		return nil, fault.New(fault.TooLarge, "this is too much to record at once; do it in smaller steps")
	}
	if _, err := record.ParseChangeSet(item.Encoded); err != nil { // the hub could not read it, and all behind it would wait
		return nil, fault.Wrap(fault.Invalid, "this cannot be recorded so: its cause or a text is malformed or too long", err)
	}
	for _, s := range rows {
		if err := t.store.PutRow(s.Row); err != nil {
			return nil, err
		}
	}
	if err := t.store.PutItem(item); err != nil {
		return nil, err
	}
	t.id.Counter, t.id.Chain, t.id.Queue, t.id.Stamp = cs.Dot.Counter, item.Chain, item.N, t.stamp
	return item, t.store.PutIdentity(t.id)
}

// What is left free of a change set's bounds, so that the hub can read it under another name too: stamped anew it carries its
// origin, and the context of each row an entry more.
const (
	roomForOrigin = 64
	roomForEntry  = 32
)

// fits reports whether the hub can read the change set, be it stamped anew before it comes. One that it cannot read would have
// no verdict, and all behind it would wait.
func fits(item *Item) bool {
	cs, bytes := item.Change, len(item.Encoded)
	entries := len(cs.Rows) * roomForEntry
	return len(cs.Rows) <= record.MaxRows && bytes+roomForOrigin+entries <= record.MaxChangeSet &&
		cs.Size()+2*entries <= record.RoomFor(bytes)
}

// checkErased refuses a personal value for a row whose personal values were erased: the hub would take it out, and nobody
// would tell this device again to forget it.
func (t *Tx) checkErased(s *record.Staged) error {
	if !record.WritesPersonal(t.Schema(), []record.RowChange{s.Change}) {
		return nil
	}
	erased, err := t.store.Erased(s.Change.Key())
	if err == nil && erased {
		err = fault.Newf(fault.Erased, "the personal data of this %v was erased on request: record what is new in another one", s.Row.Table.Name)
	}
	return err
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
func (t *Tx) pin(s *record.Staged) error {
	key := s.Change.Key()
	base, err := t.store.Base(key)
	if err != nil {
		return err
	}
	if base == nil {
		base = &Base{Row: s.Was}
		if s.Was != nil {
			base.Low = s.Was.Vector
		}
	} else if base.Row != nil {
		base.Low = base.Low.Meet(base.Row.Vector)
	}
	if t.id.Schema < t.Schema().Version { // columns that this app knows were passed over by the last: nobody saw them
		base.Low = clock.Vector{}
	}
	if err := t.store.PutBase(key, base); err != nil {
		return err
	}
	s.Change.Context = base.Low
	own, err := t.store.PendingOn(key)
	if err != nil {
		return err
	}
	for _, item := range own {
		s.Change.Context = s.Change.Context.With(item.Change.Dot)
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
