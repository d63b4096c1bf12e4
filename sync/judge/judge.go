package judge

import (
	"fmt"
	"math"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/merge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Judge decides about one change set that a device sent, and takes in what it accepts. Bytes that are no change set
// and a foreign actor are errors with a code; trouble of the store is any other error. Everything else is a ruling.
func (b *Batch) Judge(author Author, p wire.Pushed) (Ruling, error) {
	cs, err := record.ParseChangeSet(p.Encoded)
	if err != nil {
		return Ruling{}, fault.Wrap(fault.Malformed, "the device sent a change that cannot be read", err)
	}
	actor, err := b.actor(cs.Dot.Actor)
	if err != nil {
		return Ruling{}, err
	}
	if actor == nil || actor.Person != author.Person || author.Device.IsZero() {
		return Ruling{}, ErrForeign
	}
	hash := record.HashOf(p.Encoded)
	switch next := actor.Counter + 1; {
	case cs.Dot.Counter >= next && actor.Device != author.Device: // only what was judged may be asked about from another
		return Ruling{}, ErrForeign
	case cs.Dot.Counter > next:
		return Ruling{Dot: cs.Dot, Outcome: wire.Gap, Seq: next}, nil
	case cs.Dot.Counter < next:
		return b.judgedBefore(cs, hash)
	}
	if r, ok, err := b.judgedElsewhere(actor, cs, hash, p.Encoded); ok || err != nil {
		return r, err
	}
	return b.judgeNew(author, actor, cs, hash, p)
}

// judgedBefore answers a dot that is in the ledger: the same verdict again, or the news that it forked.
func (b *Batch) judgedBefore(cs *record.ChangeSet, hash record.Hash) (Ruling, error) {
	e, err := b.store.Entry(cs.Dot)
	if err != nil {
		return Ruling{}, err
	}
	if e == nil || e.Hash != hash {
		return Ruling{Dot: cs.Dot, Hash: hash, Outcome: wire.Forked}, nil
	}
	return b.again(e, cs)
}

// again is the ruling of an entry of the ledger, told once more.
func (b *Batch) again(e *Entry, cs *record.ChangeSet) (Ruling, error) {
	first, err := b.judgedFirst(e)
	if err != nil {
		return Ruling{}, err
	}
	r := ruling(e, cs)
	r.Again, r.Return = true, b.keysOf(cs)
	switch {
	case first.Outcome == wire.Quarantined && !first.Closed.IsZero():
		r.Outcome = wire.Released
	case e.Outcome == wire.Applied:
		r.Outcome = wire.Merged // the row may have changed since: it comes along
	}
	return r, nil
}

// judgedFirst returns the entry under which the change set was judged: e itself, unless it had been judged under another dot
// before.
func (b *Batch) judgedFirst(e *Entry) (*Entry, error) {
	if e.Same.IsZero() {
		return e, nil
	}
	first, err := b.store.Entry(e.Same)
	if err == nil && first == nil {
		err = fmt.Errorf("judge: ledger entry %v names %v, which is missing", e.Dot, e.Same)
	}
	return first, err
}

// ruling is what an entry of the ledger says.
func ruling(e *Entry, cs *record.ChangeSet) Ruling {
	return Ruling{
		Dot: cs.Dot, Hash: e.Hash, Outcome: e.Outcome, Seq: e.Seq, Eff: e.Eff, Code: e.Code, Message: e.Message,
		Meant: cs.Stamp.Add(cs.Offset),
	}
}

// judgedElsewhere answers a change set that was judged under another dot, before it was re-stamped: its verdict
// stands, and is entered under this dot too. Of what is in quarantine the first entry alone waits for a decision.
func (b *Batch) judgedElsewhere(actor *Actor, cs *record.ChangeSet, hash record.Hash, encoded []byte) (Ruling, bool, error) {
	e, err := b.store.EntryByRID(cs.RID(hash))
	if err != nil || e == nil {
		return Ruling{}, false, err
	}
	same := *e
	same.Dot, same.Hash, same.Encoded, same.Same = cs.Dot, hash, encoded, e.Dot
	if e.Outcome == wire.Quarantined {
		same.Closed = e.Dot
	}
	b.seq++
	same.Seq = b.seq
	b.advance(actor, cs, hash)
	if err := b.store.PutEntry(&same); err != nil {
		return Ruling{}, false, err
	}
	r, err := b.again(&same, cs)
	return r, true, err
}

func (b *Batch) advance(actor *Actor, cs *record.ChangeSet, hash record.Hash) {
	actor.Counter = cs.Dot.Counter
	actor.Chain = record.Chain(actor.Chain, hash)
	actor.LastK = max(actor.LastK, b.knowledge(actor, cs))
}

// judgeNew judges a change set that the hub has never seen.
func (b *Batch) judgeNew(author Author, actor *Actor, cs *record.ChangeSet, hash record.Hash, p wire.Pushed) (Ruling, error) {
	b.seq++
	e := &Entry{Dot: cs.Dot, RID: cs.RID(hash), Hash: hash, Seq: b.seq, Encoded: p.Encoded}
	eff, err := b.effective(actor, cs, p.Prior)
	if err != nil {
		return Ruling{}, err
	}
	e.Eff = eff
	err = b.accept(author, actor, cs, e, p.Prior)
	if reason, ok := refusal(err); ok {
		e.Outcome, e.Code, e.Message = wire.Quarantined, reason.Code, reason.Message
	} else if err != nil {
		return Ruling{}, err
	}
	b.advance(actor, cs, hash)
	r := ruling(e, cs)
	if e.Outcome == wire.Applied {
		r.Written = b.keysOf(cs)
	} else {
		r.Return = b.keysOf(cs)
	}
	return r, b.store.PutEntry(e)
}

// Quarantine enters a change set as refused without judging it: one whose judging failed three times over.
func (b *Batch) Quarantine(author Author, p wire.Pushed, reason *fault.Error) (Ruling, error) {
	cs, err := record.ParseChangeSet(p.Encoded)
	if err != nil {
		return Ruling{}, fault.Wrap(fault.Malformed, "the device sent a change that cannot be read", err)
	}
	actor, err := b.actor(cs.Dot.Actor)
	if err != nil {
		return Ruling{}, err
	}
	if actor == nil || actor.Device != author.Device || cs.Dot.Counter != actor.Counter+1 {
		return b.Judge(author, p)
	}
	hash := record.HashOf(p.Encoded)
	b.seq++
	e := &Entry{Dot: cs.Dot, RID: cs.RID(hash), Hash: hash, Seq: b.seq, Encoded: p.Encoded,
		Outcome: wire.Quarantined, Code: reason.Code, Message: reason.Message}
	b.advance(actor, cs, hash)
	r := ruling(e, cs)
	r.Return = b.keysOf(cs)
	return r, b.store.PutEntry(e)
}

// accept checks the change set and merges it, or returns the *fault.Error for which it is quarantined. All checks
// come first, so that nothing is half done.
func (b *Batch) accept(author Author, actor *Actor, cs *record.ChangeSet, e *Entry, prior *wire.Prior) error {
	if prior != nil && prior.Outcome == wire.Quarantined {
		// It was refused before a restore, and others wrote on knowing only that: it carries the verdict it had.
		return fault.New(prior.Code, "refused before the server was restored")
	}
	if author.Revoked {
		return fault.New(fault.Revoked, "this device was shut out; the office decides about its last changes")
	}
	amended, err := b.amended(cs, author)
	if err != nil {
		return err
	}
	if err := b.check(author, cs); err != nil {
		return err
	}
	k := b.knowledge(actor, cs)
	if amended != nil { // sending again what was refused: what counts is what was known when the work was done
		k = min(k, amended.k)
	}
	if err := b.authorise(author, k, cs); err != nil {
		return err
	}
	decision, err := b.review(cs, author)
	if err != nil {
		return err
	}
	m := merging{cs: cs, eff: e.Eff, rows: cs.Rows}
	if decision.Instead != nil {
		m.rows, m.changed = decision.Instead, true
	}
	if err := b.mergeAll(&m); err != nil {
		return err
	}
	hidden, err := b.hides(author, m.rows)
	if err != nil {
		return err
	}
	e.Outcome = wire.Applied
	if m.changed || hidden {
		e.Outcome = wire.Merged
	}
	return b.closeAmended(amended, cs.Dot)
}

// hides reports whether the author may not see a row that he wrote: one that he may write because he created it, in a
// bucket that nobody gave him. No page will ever take it from him, for its bucket never entered; so the verdict does.
func (b *Batch) hides(author Author, rows []record.RowChange) (bool, error) {
	if author.Trusted {
		return false, nil
	}
	for i := range rows {
		visible, err := maySee(b.HoldsOn, author.Person, b.rows[rows[i].Key()].row)
		if !visible || err != nil {
			return true, err
		}
	}
	return false, nil
}

func (b *Batch) review(cs *record.ChangeSet, author Author) (Decision, error) {
	if b.Rules == nil {
		return Decision{}, nil
	}
	d, err := b.Rules.Review(b, cs, author)
	if err == nil && d.Refuse != nil {
		return d, d.Refuse
	}
	return d, err
}

// original is a quarantined change set that another one replaces: its entry, those that it was to replace itself, and
// the least that their author knew.
type original struct {
	entry *Entry
	older []*Entry
	k     uint64
}

// amended finds the quarantined change set that cs replaces; nil if it replaces none. One that was closed before
// cannot be closed again, or its stock would move twice.
func (b *Batch) amended(cs *record.ChangeSet, author Author) (*original, error) {
	if cs.Amends.IsZero() {
		return nil, nil
	}
	e, err := b.store.Entry(cs.Amends)
	if err != nil {
		return nil, err
	}
	if e == nil || e.Outcome != wire.Quarantined {
		return nil, fault.New(fault.Invalid, "it replaces a change that is not waiting for a decision")
	}
	if e, err = b.judgedFirst(e); err != nil {
		return nil, err
	}
	by, err := b.actor(e.Dot.Actor)
	if err != nil {
		return nil, err
	}
	if !author.Trusted && (by == nil || by.Person != author.Person) {
		return nil, fault.New(fault.NotAllowed, "it replaces a change of somebody else")
	}
	if !e.Closed.IsZero() {
		return nil, errClosed
	}
	o := &original{entry: e, k: math.MaxUint64}
	return o, b.addOlder(o, by, e, len(cs.Rows) == 0)
}

var errClosed = fault.New(fault.Closed, "the change that this one replaces was already decided")

// addOlder follows a change set that was sent again, and refused again, to those before it: they are the same work, and
// of them one at most takes effect. A dismissal ends one alone.
func (b *Batch) addOlder(o *original, by *Actor, e *Entry, dismissal bool) error {
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return fmt.Errorf("judge: ledger entry %v: %w", e.Dot, err)
	}
	o.k = min(o.k, b.knowledge(by, cs))
	if dismissal || cs.Amends.IsZero() {
		return nil
	}
	older, err := b.store.Entry(cs.Amends)
	if err != nil || older == nil || older.Outcome != wire.Quarantined {
		return err
	}
	if older, err = b.judgedFirst(older); err != nil {
		return err
	}
	if !older.Closed.IsZero() {
		took, err := b.tookEffect(older.Closed)
		if took {
			return errClosed
		}
		return err
	}
	o.older = append(o.older, older)
	return b.addOlder(o, by, older, false)
}

// tookEffect reports whether what closed a quarantined change set was more than a dismissal.
func (b *Batch) tookEffect(d clock.Dot) (bool, error) {
	e, err := b.store.Entry(d)
	if err != nil || e == nil {
		return false, err
	}
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return false, fmt.Errorf("judge: ledger entry %v: %w", d, err)
	}
	return len(cs.Rows) > 0, nil
}

func (b *Batch) closeAmended(o *original, by clock.Dot) error {
	if o == nil {
		return nil
	}
	for _, e := range append(o.older, o.entry) {
		e.Closed = by
		if err := b.store.PutEntry(e); err != nil {
			return err
		}
	}
	return nil
}

// knowledge returns the K that the change set is judged at: what its author claims to have known, raised to what he
// has been heard to know, and never beyond what this epoch's history can vouch for.
func (b *Batch) knowledge(actor *Actor, cs *record.ChangeSet) uint64 {
	k := cs.K
	if cs.Epoch != b.Epoch {
		k = min(k, b.RestoreAt)
	}
	if actor != nil {
		k = max(k, actor.LastK)
		if cs.Dot.Counter > actor.AckN {
			k = max(k, actor.AckK)
		}
	}
	return min(k, b.seq)
}

// effective returns when the change set happened, by the only clock all share: the author's, corrected, but not
// before what he had heard nor after he was heard. One judged before a restore keeps the time it was given then.
func (b *Batch) effective(actor *Actor, cs *record.ChangeSet, prior *wire.Prior) (clock.Stamp, error) {
	if prior != nil && prior.Eff != 0 && cs.Epoch != b.Epoch {
		return min(prior.Eff, b.now), nil
	}
	heard, err := b.commitTime(b.knowledge(actor, cs))
	return cs.Stamp.Add(cs.Offset).Clamp(heard, b.now), err
}

// merging is the state of taking in one change set.
type merging struct {
	cs      *record.ChangeSet
	rows    []record.RowChange
	as      clock.Dot // see merge.Write.As
	eff     clock.Stamp
	changed bool // some row is now another than its author's
}

func (b *Batch) mergeAll(m *merging) error {
	for i := range m.rows {
		if err := b.mergeRow(m, &m.rows[i]); err != nil {
			return err
		}
	}
	for i := range m.rows {
		if err := b.regrant(&m.rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) mergeRow(m *merging, c *record.RowChange) error {
	t := b.Schema.TableByID(c.Table)
	saw, err := b.believable(c, m.cs.Dot.Actor)
	if err != nil {
		return err
	}
	unseen, err := b.unseen(saw, m.cs.Dot.Actor)
	if err != nil {
		return err
	}
	w := &merge.Write{Op: c.Op, Dot: m.cs.Dot, As: m.as, Eff: m.eff, Context: saw, Unseen: unseen, Cells: c.Cells}
	conflicts, err := b.write(t, c.Key(), w)
	if err != nil {
		return err
	}
	row := b.rows[c.Key()].row
	m.changed = m.changed || len(conflicts) > 0 || !row.Vector.Equal(c.Context.With(m.cs.Dot)) || row.Deleted != (c.Op == record.Delete)
	for _, conflict := range conflicts {
		if err := b.putConflict(row, conflict, saw); err != nil {
			return err
		}
	}
	return b.revive(m, row)
}

func (b *Batch) putConflict(row *record.Row, c merge.Conflict, saw clock.Vector) error {
	return b.store.PutConflict(Conflict{
		Row: row.Key(), Cell: c.Cell, Seq: b.seq, Ask: c.Ask, Open: c.Open, Values: c.Standing, Context: saw,
	})
}

// revive brings back the deleted row that owns a row which was just written: an edit of the part is an edit of the
// whole.
func (b *Batch) revive(m *merging, row *record.Row) error {
	if row.Table.Parent == "" || row.Deleted {
		return nil
	}
	key, ok := b.parent(row)
	if !ok {
		return nil
	}
	parent, err := b.Row(key)
	if err != nil || parent == nil || !parent.Deleted {
		return err
	}
	m.changed = true
	w := &merge.Write{Op: record.Update, Dot: m.cs.Dot, Eff: m.eff}
	conflicts, err := b.write(parent.Table, key, w)
	if err != nil {
		return err
	}
	for _, c := range conflicts {
		if err := b.putConflict(parent, c, clock.Vector{}); err != nil {
			return err
		}
	}
	return b.revive(m, parent)
}

func (b *Batch) parent(row *record.Row) (record.Key, bool) {
	column := row.Table.Columns[row.Table.Column(row.Table.Parent)]
	id := row.Get(row.Table.Parent).Ref()
	return record.Key{Table: b.Schema.Table(column.Ref).ID, ID: id}, !id.IsZero()
}

// believable returns the part of a change's context that its author can have seen: of others who write in this epoch,
// no more than the row carries, for nobody hears of a change set before the hub has judged it. A claim to have seen what
// comes would silence whoever writes next. Of earlier epochs he may know what a restore has lost.
func (b *Batch) believable(c *record.RowChange, by clock.Actor) (clock.Vector, error) {
	row, err := b.Row(c.Key())
	if err != nil {
		return clock.Vector{}, err
	}
	var carries clock.Vector
	if row != nil {
		carries = row.Vector
	}
	if carries.CoversAll(c.Context) {
		return c.Context, nil
	}
	var dots []clock.Dot
	for d := range c.Context.All() {
		if d.Actor != by && d.Actor.Epoch() >= b.Epoch {
			d.Counter = min(d.Counter, carries.Get(d.Actor))
		}
		if d.Counter > 0 {
			dots = append(dots, d)
		}
	}
	return clock.NewVector(dots)
}

// unseen returns the part of an author's context that the hub has not applied: change sets it has not judged, as
// after a restore, and his own that stand in quarantine. The cells he wrote remember it, so that what he had knowingly
// replaced does not come back when it arrives after him. Of others' quarantined change sets a context says nothing: it
// covers their numbers for the sake of later ones.
func (b *Batch) unseen(context clock.Vector, by clock.Actor) (clock.Vector, error) {
	var failed error
	open := context.Filter(func(d clock.Dot) bool {
		actor, err := b.actor(d.Actor)
		if err == nil && (actor == nil || d.Counter > actor.Counter) {
			return true
		}
		var oldest uint64
		if err == nil && d.Actor == by {
			oldest, err = b.store.OldestQuarantined(d.Actor)
		}
		if err != nil {
			failed = err
		}
		return oldest != 0 && oldest <= d.Counter
	})
	return open, failed
}

// keysOf returns the rows that the change set writes, but for those of tables that only a newer app knows.
func (b *Batch) keysOf(cs *record.ChangeSet) []record.Key {
	keys := make([]record.Key, 0, len(cs.Rows))
	for i := range cs.Rows {
		if b.Schema.TableByID(cs.Rows[i].Table) != nil {
			keys = append(keys, cs.Rows[i].Key())
		}
	}
	return keys
}

// check reports whether the change set fits the schema and the rows there are.
func (b *Batch) check(author Author, cs *record.ChangeSet) error {
	fresh := make(map[record.Key]record.Op, len(cs.Rows))
	for i := range cs.Rows {
		c := &cs.Rows[i]
		t := b.Schema.TableByID(c.Table)
		if t == nil {
			return fault.New(fault.Invalid, "the app writes a table that this server does not know: it is newer")
		}
		if _, twice := fresh[c.Key()]; twice {
			return fault.New(fault.Invalid, "one change writes the same "+t.Name+" twice")
		}
		fresh[c.Key()] = c.Op
		if err := record.CheckChange(t, c); err != nil && !author.erases {
			return err
		}
		if err := b.checkExistence(t, c); err != nil {
			return err
		}
		if err := b.checkRoom(author, t, c); err != nil {
			return err
		}
	}
	return b.checkRefs(cs, fresh)
}

// maxBeside is how many values of authors who did not know of each other stand in one cell. No honest company has more;
// a device that says of every write that it has seen nothing would fill the row with them.
const maxBeside = 100

// checkRoom refuses what would make a row too large to be sent to anybody.
func (b *Batch) checkRoom(author Author, t *schema.Table, c *record.RowChange) error {
	row, err := b.Row(c.Key())
	if err != nil {
		return err
	}
	if err := record.CheckRoom(t, row, c); err != nil || row == nil || author.Trusted {
		return err
	}
	for i := range c.Cells {
		w := &c.Cells[i]
		at, known := row.Meta.Find(w.CellID)
		if known && crowded(&t.Columns[t.ColumnByID(w.Column)], &row.Meta.Cells[at], c.Context, w) {
			return fault.New(fault.TooLarge, "too many different values of this "+t.Name+" are waiting to be settled: ask the office")
		}
	}
	return nil
}

// crowded reports whether so many values stay beside the write's that there is no room for another.
func crowded(column *schema.Column, cell *record.Cell, saw clock.Vector, w *record.CellWrite) bool {
	stay := 0
	for _, s := range cell.Others {
		if !saw.Covers(s.Dot) || column.Asking() && len(w.Settles) == 0 {
			stay++
		}
	}
	return stay >= maxBeside
}

// checkExistence refuses an insert of a row that is there and an update of one that never was.
func (b *Batch) checkExistence(t *schema.Table, c *record.RowChange) error {
	row, err := b.Row(c.Key())
	if err != nil {
		return err
	}
	switch {
	case c.Op == record.Insert && row != nil:
		return fault.New(fault.Exists, "this "+t.Name+" exists already")
	case c.Op != record.Insert && row == nil:
		return b.missing(t, c.Key())
	}
	return nil
}

// missing says why a row that a change needs is not there.
func (b *Batch) missing(t *schema.Table, key record.Key) error {
	by, err := b.store.QuarantinedInsert(key)
	if err != nil {
		return err
	}
	if !by.IsZero() {
		return fault.New(fault.DependsOn, fmt.Sprintf("the %s it belongs to was refused (%s): decide about that first", t.Name, by))
	}
	return fault.New(fault.UnknownRow, "this "+t.Name+" is not on the server")
}

// checkRefs quarantines an insert that hangs on a row which a quarantined change set creates: its owner, or the row
// that gives it its bucket.
func (b *Batch) checkRefs(cs *record.ChangeSet, fresh map[record.Key]record.Op) error {
	for i := range cs.Rows {
		c := &cs.Rows[i]
		if c.Op != record.Insert {
			continue
		}
		t := b.Schema.TableByID(c.Table)
		for _, w := range c.Cells {
			column := &t.Columns[t.ColumnByID(w.Column)]
			if column.Kind != schema.Ref || !hangsOn(t, column.Name) || w.Value.IsNull() {
				continue
			}
			owner := b.Schema.Table(column.Ref)
			key := record.Key{Table: owner.ID, ID: w.Value.Ref()}
			if fresh[key] == record.Insert {
				continue
			}
			row, err := b.Row(key)
			if err != nil {
				return err
			}
			if row == nil {
				return b.missing(owner, key)
			}
		}
	}
	return nil
}

// hangsOn reports whether a row of the table belongs to the row that the column names.
func hangsOn(t *schema.Table, column string) bool {
	if t.Parent == column {
		return true
	}
	for _, rule := range t.Buckets {
		if rule.From == column {
			return true
		}
	}
	return false
}
