package judge

import (
	"cmp"
	"fmt"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Parsed is a change set that a device sent, read. Reading takes no store, so it need not keep a transaction waiting.
type Parsed struct {
	wire.Pushed
	Hash record.Hash // what it is known by
	set  *record.ChangeSet
	torn bool // its bytes are not those that it is known by, and no erasure is why
}

// Parse reads a change set. Bytes that are none are refused with fault.Malformed.
func Parse(p wire.Pushed) (Parsed, error) {
	room := record.RoomFor(len(p.Encoded))
	return ParseWithin(p, &room)
}

// ParseWithin is Parse for one of several change sets that come together, and share the memory that they may take.
func ParseWithin(p wire.Pushed, room *int) (Parsed, error) {
	cs, left, err := record.ParseWithin(p.Encoded, *room)
	if err != nil {
		return Parsed{}, fault.Wrap(fault.Malformed, "the device sent a change that cannot be read", err)
	}
	*room = left
	if !cs.Origin.IsZero() && cs.Origin.Dot.IsZero() {
		return Parsed{}, fault.New(fault.Malformed, "the device calls a change by a name that only the server gives")
	}
	own, claimed := record.HashOf(p.Encoded), p.Hash
	if claimed == own {
		p.Hash = record.Hash{}
	}
	return Parsed{Pushed: p, Hash: cmp.Or(claimed, own), set: cs}, nil
}

// Foresee has the store read ahead what judging the change sets will ask of it.
func (b *Batch) Foresee(changes []Parsed) error {
	rows := slices.DeleteFunc(RowsOf(b.Schema, changes), func(key record.Key) bool { return b.rows[key] != nil })
	return b.store.Foresee(rows)
}

// RowsOf returns the rows that the change sets write, but for those of tables that only a newer app knows.
func RowsOf(s *schema.Schema, changes []Parsed) (keys []record.Key) {
	for i := range changes {
		keys = appendKeys(keys, s, changes[i].set)
	}
	return keys
}

// Judge parses one change set that a device sent, and judges it.
func (b *Batch) Judge(author Author, p wire.Pushed) (Ruling, error) {
	parsed, err := Parse(p)
	if err != nil {
		return Ruling{}, err
	}
	return b.JudgeParsed(author, parsed)
}

// JudgeParsed decides about one change set that a device sent, and takes in what it accepts. A foreign actor is an error
// with a code; trouble of the store is any other error. Everything else is a ruling.
func (b *Batch) JudgeParsed(author Author, p Parsed) (Ruling, error) {
	p, err := b.forget(p)
	if err != nil {
		return Ruling{}, err
	}
	cs, hash := p.set, p.Hash
	actor, err := b.actor(cs.Dot.Actor)
	if err != nil {
		return Ruling{}, err
	}
	if actor == nil || actor.Person != author.Person || author.Device.IsZero() {
		return Ruling{}, ErrForeign
	}
	switch next := actor.Counter + 1; {
	case cs.Dot.Counter >= next && !b.writesAs(author, actor): // only what was judged may be asked about from another
		return Ruling{}, ErrForeign
	case cs.Dot.Counter > next:
		return Ruling{Dot: cs.Dot, Outcome: wire.Gap, Seq: next}, nil
	case cs.Dot.Counter < next:
		r, err := b.judgedBefore(cs, hash)
		actor.Forked = actor.Forked || r.Outcome == wire.Forked && actor.Device == author.Device
		return r, err
	}
	if r, ok, err := b.judgedElsewhere(actor, cs, hash, p.Encoded); ok || err != nil {
		return r, err
	}
	return b.judgeNew(author, actor, p)
}

// writesAs reports whether the author's device may bring what was written under the actor of his: its own; or, from an epoch
// that is gone, that of another device of its person's. A device that a restored hub does not know any more is enrolled
// as a new one, and sends again what the hub has forgotten of what it wrote as the old one.
func (b *Batch) writesAs(author Author, actor *Actor) bool {
	return actor.Device == author.Device || !actor.Device.IsZero() && actor.Actor.Epoch() < b.Epoch
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
	e, err := b.entryOf(cs.First(hash))
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
	if err := b.hasCome(cs); err != nil { // under this name it may be what a copy lacks
		return Ruling{}, false, err
	}
	r, err := b.again(&same, cs)
	return r, true, err
}

// entryOf returns the first entry of the change set that was first written so, under whichever dot; nil if there is none.
func (b *Batch) entryOf(o record.Origin) (*Entry, error) {
	e, err := b.store.Entry(o.Dot)
	if err != nil {
		return nil, err
	}
	if e != nil && record.ID(e.Hash) == o.RID {
		return b.judgedFirst(e)
	}
	d, err := b.store.Restamped(o)
	if err != nil || d.IsZero() {
		return nil, err
	}
	return b.store.Entry(d)
}

func (b *Batch) advance(actor *Actor, cs *record.ChangeSet, hash record.Hash) {
	actor.Counter = cs.Dot.Counter
	actor.Chain = record.Chain(actor.Chain, hash)
	actor.LastK = max(actor.LastK, b.knowledge(actor, cs))
}

// judgeNew judges a change set that the hub has never seen.
func (b *Batch) judgeNew(author Author, actor *Actor, p Parsed) (Ruling, error) {
	cs, hash := p.set, p.Hash
	b.seq++
	e := &Entry{Dot: cs.Dot, Origin: cs.First(hash), Hash: hash, Seq: b.seq, Encoded: p.Encoded}
	eff, err := b.effective(actor, cs, p.Prior)
	if err != nil {
		return Ruling{}, err
	}
	e.Eff = eff
	also, err := b.accept(author, actor, p, e)
	if reason, ok := refusal(err); ok {
		e.Outcome, e.Code, e.Message = wire.Quarantined, reason.Code, reason.Message
	} else if err != nil {
		return Ruling{}, err
	}
	b.advance(actor, cs, hash)
	r := ruling(e, cs)
	if e.Outcome == wire.Applied && p.Pushed.Hash != (record.Hash{}) { // its author may show what was erased
		e.Outcome, r.Outcome = wire.Merged, wire.Merged
	}
	if e.Outcome == wire.Applied {
		r.Written = b.keysOf(cs)
	} else {
		r.Return = b.keysOf(cs)
	}
	if err := b.store.PutEntry(e); err != nil {
		return Ruling{}, err
	}
	if err := b.also(also, cs); err != nil {
		return Ruling{}, err
	}
	return r, b.hasCome(cs)
}

// Quarantine enters a change set as refused without judging it: one whose judging failed three times over.
func (b *Batch) Quarantine(author Author, p Parsed, reason *fault.Error) (Ruling, error) {
	p, err := b.forget(p)
	if err != nil {
		return Ruling{}, err
	}
	cs, hash := p.set, p.Hash
	actor, err := b.actor(cs.Dot.Actor)
	if err != nil {
		return Ruling{}, err
	}
	if actor == nil || !b.writesAs(author, actor) || cs.Dot.Counter != actor.Counter+1 {
		return b.JudgeParsed(author, p)
	}
	b.seq++
	e := &Entry{Dot: cs.Dot, Origin: cs.First(hash), Hash: hash, Seq: b.seq, Encoded: p.Encoded,
		Outcome: wire.Quarantined, Code: reason.Code, Message: reason.Message}
	b.advance(actor, cs, hash)
	r := ruling(e, cs)
	r.Return = b.keysOf(cs)
	return r, b.store.PutEntry(e)
}

// errTorn keeps apart what nobody can vouch for: its name binds nothing of what it says. It was damaged on the device, or
// somebody lies; whatever else the device brings is judged.
var errTorn = fault.New(fault.Malformed, "this change was damaged on its way or on the device: compare it with what its author knows")

// accept checks the change set and merges it, or returns the *fault.Error for which it is quarantined. All checks
// come first, so that nothing is half done. What the hub is to write of its own besides is left to the caller.
func (b *Batch) accept(author Author, actor *Actor, p Parsed, e *Entry) (also []record.RowChange, err error) {
	cs := p.set
	amended, err := b.acceptable(author, p)
	if err != nil {
		return nil, err
	}
	k := b.knowledge(actor, cs)
	if amended != nil { // sending again what was refused: what counts is what was known when the work was done
		k = min(k, amended.k)
	}
	author.Heard, author.Eff = k, e.Eff
	var claim *claim
	if !author.Trusted { // what the office and the hub may do was checked before
		claim = b.claimOf(author, k, cs)
		if cs, err = claim.authorised(cs); err != nil {
			return nil, err
		}
		author.Lost = claim.lost
	}
	m, also, err := b.decide(author, claim, cs, e.Eff)
	if err != nil {
		return nil, err
	}
	b.claim = claim
	err = b.mergeAll(&m)
	b.claim = nil
	if err != nil {
		return nil, err
	}
	hidden, err := b.hides(author, m.rows)
	if err != nil {
		return nil, err
	}
	e.Outcome = wire.Applied
	if m.changed || hidden {
		e.Outcome = wire.Merged
	}
	return also, b.closeAmended(amended, cs.Dot)
}

// checkOrigin refuses a change set of a device that says to have been written under a name of somebody else's, or of nobody's:
// what goes by such names, as the numbers that people read do, would be given twice.
func (b *Batch) checkOrigin(author Author, cs *record.ChangeSet) error {
	by := cs.Origin.Dot.Actor
	if author.Trusted || by == 0 || by.Side() > clock.SideHub { // under no incarnation yet
		return nil
	}
	known, err := b.actor(by)
	if err != nil || known == nil && by.Epoch() < b.Epoch { // a restore may have forgotten it
		return err
	}
	if known == nil || known.Person != author.Person {
		return fault.New(fault.Malformed, "this change carries the name of a change of somebody else's: the office decides")
	}
	return nil
}

// refusedBefore returns the reason for which the change set was quarantined in an epoch that is gone, nil if it was not.
// Others wrote on knowing only that it was refused: it carries the verdict it had. There is only the device's word for it,
// which is good for keeping its own work apart, and not for what a hub alone says of something.
func (b *Batch) refusedBefore(cs *record.ChangeSet, prior *wire.Prior) *fault.Error {
	if prior == nil || prior.Outcome != wire.Quarantined || cs.Epoch >= b.Epoch {
		return nil
	}
	code := prior.Code
	switch code {
	case "", fault.Witness, fault.WitnessUnproved, fault.Poison:
		code = fault.RefusedBefore
	}
	return fault.New(code, "refused before the server was restored")
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
	if prior != nil && prior.Eff != 0 && cs.Epoch < b.Epoch {
		return min(prior.Eff, b.now), nil
	}
	heard, err := b.commitTime(b.knowledge(actor, cs))
	return cs.Stamp.Add(cs.Offset).Clamp(heard, b.now), err
}
