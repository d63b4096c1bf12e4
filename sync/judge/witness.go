package judge

import (
	"cmp"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// How much of one device may wait for the office.
const (
	maxTestimonies    = 5000
	maxTestimonyBytes = 16 << 20
)

// What the office reads beside what a device testified.
var (
	errLost = fault.New(fault.Witness,
		"this device still held these values, and the server lost them when it was restored: apply them, or dismiss them")
	errLostUnproved = fault.New(fault.WitnessUnproved,
		"this device still held these values, and the server lost them when it was restored. That it was given this row is lost "+
			"too, or was never so: look at it before you apply it")
	errInboxFull = fault.New(fault.InboxFull,
		"the office has to decide about what this device held before the server was restored; the rest stays on the device until then")
)

// Testify takes in rows as a device had them in an epoch that is gone. What this hub lacks of them is kept as quarantined
// change sets of the actor a, which belongs to the hub and names the device: for a person to apply or to dismiss, one row
// in each. No row is changed by it. A row of a table that the hub remakes, one of which everything is here, one that was kept before, from this device or
// another, and one that the person cannot have held need no keeping. It stops where a row comes again, of another epoch, and
// where much had to be read: the device offers what is left anew, and others have their turn.
func (b *Batch) Testify(author Author, a clock.Actor, rows []wire.Rows) (wire.Kept, error) {
	actor, err := b.actor(a)
	if err != nil || actor == nil {
		return wire.Kept{}, err
	}
	n, bytes, err := b.store.Waiting(a)
	if err != nil {
		return wire.Kept{}, err
	}
	k, seen, left := wire.Kept{}, map[record.Key]bool{}, maxLooks
	for i := range rows {
		for j := range rows[i].Rows {
			key := record.Key{Table: rows[i].Table, ID: rows[i].Rows[j].ID}
			if left <= 0 || seen[key] {
				k.At = b.seq
				return k, nil
			}
			seen[key] = true
			var e *Entry
			if err := left.forOne(func(left *looks) (err error) {
				e, err = b.testimony(author, actor, &rows[i], &rows[i].Rows[j], left)
				return err
			}); err != nil {
				return wire.Kept{}, err
			}
			if e != nil && (n >= maxTestimonies || bytes+len(e.Encoded) > maxTestimonyBytes) {
				b.seq--
				k.At, k.Code, k.Message = b.seq, errInboxFull.Code, errInboxFull.Message
				return k, nil
			}
			if e != nil {
				n, bytes = n+1, bytes+len(e.Encoded)
				if err := b.enter(actor, e); err != nil {
					return wire.Kept{}, err
				}
			}
			k.Count++
		}
	}
	k.At = b.seq
	return k, nil
}

// testimony returns the quarantined change set, with the next commit number, that keeps what the hub lacks of a row; nil
// where there is nothing to keep.
func (b *Batch) testimony(author Author, actor *Actor, batch *wire.Rows, in *wire.Row, left *looks) (*Entry, error) {
	t := b.Schema.TableByID(batch.Table)
	if t == nil || t.Remade {
		return nil, nil
	}
	*left--
	have, err := b.Row(record.Key{Table: t.ID, ID: in.ID})
	if err != nil {
		return nil, err
	}
	c := lostChange(t, have, batch, in)
	if c == nil {
		return nil, nil
	}
	if gone, err := b.forgetLost(t, c); gone || err != nil { // first: what is erased is no value that the hub lacks
		return nil, err
	}
	if lacks, err := b.lacks(have, c, left); !lacks || err != nil {
		return nil, err
	}
	reason, err := b.couldHold(author, t, have, c)
	if err != nil || reason == nil {
		return nil, err
	}
	return b.testimonyOf(actor, c, reason)
}

// forgetLost takes out of the change what was erased since its device had it, and reports whether nothing is left.
func (b *Batch) forgetLost(t *schema.Table, c *record.RowChange) (nothing bool, err error) {
	erased, err := b.store.Erased(c.Key())
	if err != nil || !erased {
		return false, err
	}
	c.Cells = slices.DeleteFunc(c.Cells, func(w record.CellWrite) bool {
		return t.Columns[t.ColumnByID(w.Column)].Has(schema.Personal)
	})
	return len(c.Cells) == 0 && c.Op == record.Update, nil
}

func (b *Batch) testimonyOf(actor *Actor, c *record.RowChange, reason *fault.Error) (*Entry, error) {
	eff, err := b.commitTime(b.RestoreAt)
	if err != nil {
		return nil, err
	}
	origin, err := b.originOf(c)
	if err != nil {
		return nil, err
	}
	known, err := b.entryOf(origin)
	if err != nil || known != nil && isTestimony(known) {
		return nil, err
	}
	cs := &record.ChangeSet{
		Dot: clock.Dot{Actor: actor.Actor, Counter: actor.Counter + 1}, Origin: origin, Stamp: eff, Epoch: b.Epoch, K: b.RestoreAt,
		Cause: "witness", Rows: []record.RowChange{*c},
	}
	if known != nil { // somebody gave his own change set the name that this one would have
		cs.Origin = record.Origin{}
	}
	b.salt(cs)
	encoded := cs.AppendBinary(nil)
	if len(encoded) > record.MaxChangeSet {
		return nil, nil
	}
	b.seq++
	hash := record.HashOf(encoded)
	return &Entry{
		Dot: cs.Dot, Origin: cs.First(hash), Hash: hash, Seq: b.seq, Eff: eff, Encoded: encoded,
		Outcome: wire.Quarantined, Code: reason.Code, Message: reason.Message,
	}, nil
}

// originOf returns what a testimony is known by, of whichever device: two that held the same are heard once. Personal
// values are left out, since nobody is to find them by it; the row's vector, which stands for them, is in it. Whoever holds
// the row can reckon it, so that no device may give the name: it has no dot, as that of every work of a device does.
func (b *Batch) originOf(c *record.RowChange) (record.Origin, error) {
	same := record.ChangeSet{Dot: clock.Dot{Actor: 1, Counter: 1}, Rows: []record.RowChange{*c}}
	bare, _, err := record.Redact(b.Schema, same.AppendBinary(nil), map[record.Key]bool{c.Key(): true})
	return record.Origin{RID: record.ID(record.HashOf(bare))}, err
}

// isTestimony reports whether the entry is a copy that the hub kept of what a device held: under an incarnation of its own.
func isTestimony(e *Entry) bool {
	return e.Dot.Actor.Side() == clock.SideHub && (e.Code == fault.Witness || e.Code == fault.WitnessUnproved)
}

// enter writes a testimony into the ledger.
func (b *Batch) enter(actor *Actor, e *Entry) error {
	actor.Counter, actor.Chain = e.Dot.Counter, record.Chain(actor.Chain, e.Hash)
	return b.store.PutEntry(e)
}

// arrival is a change set of an epoch that is gone, on one of the rows that it is on.
type arrival struct {
	row record.Key
	dot clock.Dot
}

// hasCome notes that a change set that a restored hub may have lost was brought by its author: what was kept of its rows may
// lack nothing any more. Of more rows than may be looked at it is not noted: what was kept of those waits for a person.
func (b *Batch) hasCome(cs *record.ChangeSet) error {
	if cs.Epoch >= b.Epoch {
		return nil
	}
	for i := range cs.Rows {
		if len(b.came) >= int(maxLooks) {
			return nil
		}
		line, err := b.lineOf(&cs.Rows[i])
		if err != nil {
			return err
		}
		for _, key := range line { // a copy of what owns the row may have lacked this: it brought the owner back
			b.came = append(b.came, arrival{key, cs.Dot})
		}
	}
	return nil
}

// closeTestimonies closes what was kept of rows that a restored hub had lost, once all that it names was brought. It says who
// brought the last of it. Each copy is looked at once, whatever came; what would be too much waits for a person.
func (b *Batch) closeTestimonies() error {
	left, came := maxLooks, b.came
	b.came = nil
	slices.SortStableFunc(came, func(x, y arrival) int {
		return cmp.Or(cmp.Compare(x.row.Table, y.row.Table), slices.Compare(x.row.ID[:], y.row.ID[:]))
	})
	for len(came) > 0 && left > 0 {
		n := slices.IndexFunc(came, func(a arrival) bool { return a.row != came[0].row })
		if n < 0 {
			n = len(came)
		}
		if err := b.closeTestimoniesOf(came[:n], &left); err != nil {
			return err
		}
		came = came[n:]
	}
	return nil
}

// closeTestimoniesOf is closeTestimonies of one row.
func (b *Batch) closeTestimoniesOf(came []arrival, left *looks) error {
	*left--
	open, err := b.store.QuarantinedOn(came[0].row)
	if err != nil {
		return err
	}
	open = slices.DeleteFunc(open, func(d clock.Dot) bool { return d.Actor.Side() != clock.SideHub })
	if len(open) == 0 {
		return nil
	}
	dots := map[clock.Dot]bool{}
	for _, a := range came {
		dots[a.dot] = true
	}
	for _, d := range open {
		if *left <= 0 {
			return nil
		}
		if err := left.forOne(func(left *looks) error { return b.closeTestimony(d, dots, left) }); err != nil {
			return err
		}
	}
	return nil
}

// closeTestimony closes a copy that names one of those who came, if it lacks nothing any more.
func (b *Batch) closeTestimony(d clock.Dot, came map[clock.Dot]bool, left *looks) error {
	e, err := b.look(d, left)
	if err != nil || e == nil || !isTestimony(e) {
		return err
	}
	cs, err := read(e)
	if err != nil {
		return err
	}
	var by clock.Dot
	for i := range cs.Rows {
		for d := range cs.Rows[i].Context.All() {
			if came[d] {
				by = d
			}
		}
		if by.IsZero() {
			return nil
		}
		have, err := b.Row(cs.Rows[i].Key())
		if err != nil {
			return err
		}
		if lacks, err := b.lacks(have, &cs.Rows[i], left); lacks || err != nil {
			return err
		}
	}
	e.Closed = by
	return b.store.PutEntry(e)
}

// couldHold returns what to tell the office of where the row lay: that the person held one of its buckets, or that this
// is not known. It is nil for a row that he cannot have held: in another person's bucket, or in another place than the
// hub's.
func (b *Batch) couldHold(author Author, t *schema.Table, have *record.Row, c *record.RowChange) (*fault.Error, error) {
	row := have
	if row == nil {
		row = record.NewRow(t, c, clock.Dot{})
	}
	var reason *fault.Error
	for _, bucket := range row.Buckets() {
		if bucket == record.Shared || bucket == record.PersonBucket(author.Person) {
			return errLost, nil
		}
		if bucket.Kind == schema.PersonBucket {
			continue
		}
		holds, err := b.HoldsOn(bucket)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(holds, func(h Hold) bool { return h.Person == author.Person }) {
			return errLost, nil
		}
		reason = errLostUnproved
	}
	return reason, nil
}
