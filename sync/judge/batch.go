package judge

import (
	"errors"
	"slices"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/merge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Author is in whose name a change set is judged. The hub derives it from the connection, never from a message.
type Author struct {
	Person  record.ID
	Device  record.ID // zero for the office and the hub
	Trusted bool      // the office and the hub: permissions were checked before
	Revoked bool      // hard-revoked: everything is kept for a person to decide

	// Heard is for Rules to see: the commit up to which the author had heard of what others did when he wrote. It is what his
	// change set claims (K), raised to what his device acknowledged before it wrote: nobody forgets what would bind him.
	Heard uint64

	// Lost is for Rules to see: the commit that took from the author what he writes by, and of which he had not heard. It
	// is 0 for whoever writes by what he holds.
	Lost uint64

	// Eff is for Rules to see: when it happened, as the hub takes it. What a device's clock says may be years ahead.
	Eff clock.Stamp

	erases bool // may change what is set once: see Erase
}

// Decision is what a hub rule says of a change set: accept it (the zero Decision), refuse it, or merge other changes
// in its place, as when a late change to an audited slip becomes a supplement that names it. Also are changes of the
// hub's own that follow from an accepted change set, as notices do: they are committed with it, or not at all, in the
// hub's name and under a dot of its own (Config.Own), and say nothing about the verdict. An insert among them of a row
// that is there is passed over, so that what follows twice is written once.
type Decision struct {
	Refuse  *fault.Error
	Instead []record.RowChange
	Also    []record.RowChange
}

// Rules are the application's own, asked after authorisation and before the merge.
type Rules interface {
	Review(rows Rows, cs *record.ChangeSet, author Author) (Decision, error)
}

// Config is what judging needs to know besides the store.
type Config struct {
	Schema    *schema.Schema
	Rules     Rules       // may be nil
	Own       clock.Actor // the hub's own, in whose name it writes what Rules decide Also; 0 where they decide none
	Epoch     uint32
	RestoreAt uint64             // the commit this epoch began from
	Before    uint32             // the epoch whose history goes up to RestoreAt: that of the backup
	Grace     time.Duration      // how long after a loss a change made before it is still accepted; 0 means DefaultGrace
	Salt      func() record.Salt // chance, for what is written on the hub itself
}

// DefaultGrace bounds causal authorisation: a change that reaches the hub longer than this after its author lost the
// bucket goes to quarantine, whatever he knew.
const DefaultGrace = 30 * 24 * time.Hour

// salt gives a change set of the hub's own its salt, if it says something personal.
func (c *Config) salt(cs *record.ChangeSet) {
	if record.WritesPersonal(c.Schema, cs.Rows) {
		cs.Salt = c.Salt()
	}
}

// ErrForeign says that a change set carries an actor that is not its author's: the connection is closed.
var ErrForeign = fault.New(fault.NotAllowed, "the change set carries a number that belongs to another device")

// Ruling is what became of one change set.
type Ruling struct {
	Dot     clock.Dot
	Hash    record.Hash
	Outcome wire.Outcome
	Seq     uint64      // the commit that judged it; for wire.Gap the counter expected
	Eff     clock.Stamp // the effective time it was given
	Meant   clock.Stamp // the one its author meant
	Code    fault.Code
	Message string
	Again   bool         // it had been judged before
	Written []record.Key // for a fresh wire.Applied: the rows that the author's device has as they are now
	Return  []record.Key // rows whose state the author's device must be told
}

// Batch judges change sets within one transaction of the store: one group commit. Rows stay in memory between them
// and are written once, by Flush. A Batch whose method returned an error must be thrown away with its transaction.
type Batch struct {
	Config
	store   Store
	now     clock.Stamp
	seq     uint64
	first   uint64
	rows    map[record.Key]*held
	order   []record.Key // of rows, as first touched
	actors  map[clock.Actor]*Actor
	holds   map[record.Bucket][]Hold
	times   map[uint64]clock.Stamp
	touched map[record.Bucket]bool

	came []arrival // what was brought of an epoch that is gone, and the rows that it is on

	claim     *claim // of the device's change set that is being merged
	regranted bool
	erased    bool
}

// held is a row in the batch's memory.
type held struct {
	row   *record.Row // nil: there is none
	was   uint64      // its seq in the store
	dirty bool
}

// NewBatch begins a batch at the time now; it must not be earlier than that of the batch before.
func NewBatch(store Store, cfg Config, now clock.Stamp) (*Batch, error) {
	head, err := store.Head()
	if err != nil {
		return nil, err
	}
	last, err := store.CommitTime(head)
	if err != nil {
		return nil, err
	}
	if cfg.Grace == 0 {
		cfg.Grace = DefaultGrace
	}
	return &Batch{
		Config: cfg, store: store, now: max(now, last), seq: head, first: head,
		rows: map[record.Key]*held{}, actors: map[clock.Actor]*Actor{}, holds: map[record.Bucket][]Hold{},
		times: map[uint64]clock.Stamp{}, touched: map[record.Bucket]bool{},
	}, nil
}

// Head returns the highest commit number given, this batch's included.
func (b *Batch) Head() uint64 { return b.seq }

// Regranted reports whether the batch has changed who holds what.
func (b *Batch) Regranted() bool { return b.regranted }

// Touched returns the buckets whose rows or holders the batch has changed, in order.
func (b *Batch) Touched() []record.Bucket {
	buckets := make([]record.Bucket, 0, len(b.touched))
	for t := range b.touched {
		buckets = append(buckets, t)
	}
	slices.SortFunc(buckets, compareBuckets)
	return buckets
}

// Flush writes what the batch still holds in memory. The caller commits the transaction afterwards.
func (b *Batch) Flush() error {
	if err := b.flushRows(); err != nil {
		return err
	}
	if err := b.closeTestimonies(); err != nil {
		return err
	}
	for _, a := range sortedActors(b.actors) {
		if err := b.store.PutActor(a); err != nil {
			return err
		}
	}
	if b.seq == b.first {
		return nil
	}
	return b.store.PutCommit(b.seq, b.now, b.Touched())
}

func sortedActors(actors map[clock.Actor]*Actor) []*Actor {
	var list []*Actor
	for _, a := range actors {
		if a != nil {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(x, y *Actor) int { return clock.Dot{Actor: x.Actor}.Compare(clock.Dot{Actor: y.Actor}) })
	return list
}

func (b *Batch) flushRows() error {
	for _, key := range b.order {
		h := b.rows[key]
		if !h.dirty {
			continue
		}
		if err := b.store.PutRow(h.row, h.was); err != nil {
			return err
		}
		h.was, h.dirty = h.row.Seq, false
	}
	return nil
}

// Row returns the row as it stands in the batch; nil if there was never one. The caller must not change it.
func (b *Batch) Row(key record.Key) (*record.Row, error) {
	h, err := b.load(key)
	if err != nil {
		return nil, err
	}
	return h.row, nil
}

// Refs returns the ids of living rows by a reference, this batch's changes included.
func (b *Batch) Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error) {
	if err := b.flushRows(); err != nil {
		return nil, err
	}
	return b.store.Refs(t, column, id)
}

// Flushed returns the store with this batch's changes in it, for who asks it what a Store does not answer.
func (b *Batch) Flushed() (Store, error) { return b.store, b.flushRows() }

func (b *Batch) load(key record.Key) (*held, error) {
	if h := b.rows[key]; h != nil {
		return h, nil
	}
	row, err := b.store.Row(key)
	if err != nil {
		return nil, err
	}
	h := &held{row: row}
	if row != nil {
		h.was = row.Seq
	}
	b.rows[key] = h
	b.order = append(b.order, key)
	return h, nil
}

// write merges w into the row of that key, which is created for an insert.
func (b *Batch) write(t *schema.Table, key record.Key, w *merge.Write) ([]merge.Conflict, error) {
	h, err := b.load(key)
	if err != nil {
		return nil, err
	}
	if h.row == nil {
		h.row = &record.Row{
			Table: t, ID: key.ID, Cols: make([]record.Value, len(t.Columns)),
			Meta: &record.Meta{Created: creation(w), Born: b.seq},
		}
	}
	conflicts := merge.Apply(h.row, w, b.seq)
	h.dirty = true
	for _, bucket := range h.row.Buckets() {
		b.touched[bucket] = true
	}
	return conflicts, nil
}

// creation returns the change set that created a row: of one that was refused first, the technician's, not the office's
// release of it. He may go on with what he began.
func creation(w *merge.Write) clock.Dot {
	if !w.As.IsZero() {
		return w.As
	}
	return w.Dot
}

func (b *Batch) actor(a clock.Actor) (*Actor, error) {
	if known, ok := b.actors[a]; ok {
		return known, nil
	}
	known, err := b.store.Actor(a)
	if err != nil {
		return nil, err
	}
	b.actors[a] = known
	return known, nil
}

// HoldsOn returns every hold there ever was on the bucket, this batch's included.
func (b *Batch) HoldsOn(bucket record.Bucket) ([]Hold, error) {
	if holds, ok := b.holds[bucket]; ok {
		return holds, nil
	}
	holds, err := b.store.HoldsOn(bucket)
	if err != nil {
		return nil, err
	}
	b.holds[bucket] = holds
	return holds, nil
}

func (b *Batch) putHold(h Hold) error {
	delete(b.holds, h.Bucket)
	b.regranted = true
	b.touched[h.Bucket] = true
	b.touched[record.PersonBucket(h.Person)] = true
	return b.store.PutHold(h)
}

func (b *Batch) commitTime(seq uint64) (clock.Stamp, error) {
	if seq > b.first {
		return b.now, nil
	}
	if at, ok := b.times[seq]; ok {
		return at, nil
	}
	at, err := b.store.CommitTime(seq)
	if err != nil {
		return 0, err
	}
	b.times[seq] = at
	return at, nil
}

// refusal returns err as the reason to quarantine, and whether it is one: any other error is the hub's own trouble,
// and says nothing about the change set.
func refusal(err error) (*fault.Error, bool) {
	var f *fault.Error
	return f, errors.As(err, &f)
}
