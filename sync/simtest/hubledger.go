package simtest

import (
	"cmp"
	"errors"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// The stories of TestHubStore about holds, commits, actors and the ledger.

func (h *hubStory) hold(person record.ID, b record.Bucket, root record.ID, right string, since uint64) judge.Hold {
	k := record.Key{Table: h.table("assignment").ID, ID: root}
	return judge.Hold{Person: person, Bucket: b, Root: k, Right: right, Since: since, Until: judge.Forever}
}

func (h *hubStory) putHolds(holds ...judge.Hold) {
	h.Helper()
	h.write(func(tx judge.Store) {
		for _, x := range holds {
			do(tx.PutHold(x))
		}
	})
}

func closed(h judge.Hold, until uint64) judge.Hold {
	h.Until = until
	return h
}

// byWhom orders holds where a contract does not.
func byWhom(holds []judge.Hold, err error) ([]judge.Hold, error) {
	slices.SortFunc(holds, func(a, b judge.Hold) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), compareIDs(a.Person, b.Person),
			compareBuckets(a.Bucket, b.Bucket), compareKeys(a.Root, b.Root))
	})
	return holds, err
}

func (h *hubStory) holdsOn() {
	people, job, root := h.IDs(3), jobBucket(h.ID()), h.IDs(2)
	first := h.hold(people[2], job, root[0], "work", 1)
	second := h.hold(people[0], job, root[1], "help", 4)
	third := h.hold(people[2], job, root[0], "work", 6)
	elsewhere := h.hold(people[0], jobBucket(h.ID()), root[0], "work", 2)
	h.putHolds(first, elsewhere, second)
	h.putHolds(closed(first, 5))
	h.putHolds(third)
	h.write(func(tx judge.Store) {
		same(h.T, "holds", must(tx.HoldsOn(job)), []judge.Hold{closed(first, 5), second, third})
		same(h.T, "nobody's", must(tx.HoldsOn(jobBucket(h.ID()))), []judge.Hold(nil))
	})
	h.read(func(r judge.Reader) {
		same(h.T, "holds", must(r.HoldsOn(job)), []judge.Hold{closed(first, 5), second, third})
	})
}

func (h *hubStory) holdsFrom() {
	person, root := h.ID(), h.IDs(2)
	a := h.hold(person, jobBucket(h.ID()), root[0], "work", 1)
	b := h.hold(person, record.Bucket{Kind: AssetBucket, ID: h.ID()}, root[0], "work", 1)
	other := h.hold(person, a.Bucket, root[1], "work", 2)
	h.putHolds(a, b, other)
	h.write(func(tx judge.Store) {
		same(h.T, "from the root", must(byWhom(tx.HoldsFrom(a.Root))), must(byWhom([]judge.Hold{a, b}, nil)))
	})
	h.putHolds(closed(a, 3))
	h.write(func(tx judge.Store) { same(h.T, "open ones", must(tx.HoldsFrom(a.Root)), []judge.Hold{b}) })
}

func (h *hubStory) lateHolds() {
	person, root := h.ID(), h.IDs(2)
	late := func(root record.ID, since, lost uint64) judge.Hold {
		x := h.hold(person, jobBucket(h.ID()), root, "work", since)
		x.Late = lost
		return x
	}
	first, second, third := late(root[0], 4, 3), late(root[1], 5, 2), late(root[1], 6, 5)
	h.putHolds(first, h.hold(person, jobBucket(h.ID()), root[0], "work", 4), second, third)
	h.write(func(tx judge.Store) { same(h.T, "late ones", must(tx.LateHolds()), []judge.Hold{second, first, third}) })
	kept := first
	kept.Late = 0
	h.putHolds(kept, closed(third, 7))
	h.write(func(tx judge.Store) {
		same(h.T, "late ones", must(tx.LateHolds()), []judge.Hold{second})
		same(h.T, "one that stays", must(tx.HoldsOn(first.Bucket)), []judge.Hold{kept})
		same(h.T, "one that ended", must(tx.HoldsOn(third.Bucket)), []judge.Hold{closed(third, 7)})
	})
}

func (h *hubStory) holdsOf() {
	people, root := h.IDs(2), h.ID()
	past := h.hold(people[0], jobBucket(h.ID()), root, "work", 1)
	open := h.hold(people[0], jobBucket(h.ID()), root, "work", 2)
	later := h.hold(people[0], jobBucket(h.ID()), root, "work", 9)
	others := h.hold(people[1], past.Bucket, root, "work", 1)
	h.putHolds(past, open, later, others)
	h.putHolds(closed(past, 5))
	h.read(func(r judge.Reader) {
		for _, c := range []struct {
			person record.ID
			seq    uint64
			want   []judge.Hold
		}{
			{people[0], 0, []judge.Hold{closed(past, 5), open, later}},
			{people[0], 4, []judge.Hold{closed(past, 5), open, later}}, // at commit 4 he held it
			{people[0], 5, []judge.Hold{open, later}},                  // the commit 5 took it
			{people[1], 5, []judge.Hold{others}},
		} {
			for range 2 { // what comes back is the caller's to change
				holds := must(byWhom(r.HoldsOf(c.person, c.seq)))
				same(h.T, "holds", holds, c.want)
				clear(holds)
			}
		}
	})
}

func (h *hubStory) heldBy() {
	people, root := h.IDs(2), h.IDs(2)
	past := h.hold(people[0], jobBucket(h.ID()), root[0], "work", 1)
	twice := h.hold(people[0], vanBucket(h.ID()), root[0], "work", 2)
	again := h.hold(people[0], twice.Bucket, root[1], "help", 3)
	open := h.hold(people[0], jobBucket(h.ID()), root[1], "work", 4)
	h.putHolds(past, twice, again, open, h.hold(people[1], past.Bucket, root[1], "work", 1))
	h.putHolds(closed(past, 5))
	want := []record.Bucket{twice.Bucket, open.Bucket}
	slices.SortFunc(want, compareBuckets)
	h.write(func(tx judge.Store) { same(h.T, "buckets", must(tx.HeldBy(people[0])), want) })
	h.read(func(r judge.Reader) {
		same(h.T, "buckets", must(r.HeldBy(people[0])), want)
		same(h.T, "nobody's", must(r.HeldBy(h.ID())), []record.Bucket(nil))
	})
}

func (h *hubStory) commits() {
	h.write(func(tx judge.Store) {
		same(h.T, "head of nothing", must(tx.Head()), uint64(0))
		same(h.T, "time of nothing", must(tx.CommitTime(0)), clock.Stamp(0))
		do(tx.PutCommit(3, clock.StampAt(1000), []record.Bucket{record.Shared}))
	})
	h.write(func(tx judge.Store) {
		do(tx.PutCommit(7, clock.StampAt(1000)+5, nil))
		same(h.T, "head", must(tx.Head()), uint64(7))
		for seq, want := range []clock.Stamp{0, 1, 1, 1, 2, 2, 2, 2} {
			at := []clock.Stamp{0, clock.StampAt(1000), clock.StampAt(1000) + 5}[want]
			same(h.T, "commit time", must(tx.CommitTime(uint64(seq))), at)
		}
	})
	h.read(func(r judge.Reader) { same(h.T, "head", must(r.Head()), uint64(7)) })
}

func (h *hubStory) actors() {
	a := &judge.Actor{
		Actor: h.Maker.actors[0], Person: h.ID(), Device: h.ID(), Counter: 3, Chain: h.Hash(), AckK: 4, AckN: 2, LastK: 5, Forked: true,
	}
	office := &judge.Actor{Actor: h.Maker.actors[1], Person: h.ID()}
	h.write(func(tx judge.Store) {
		same(h.T, "actor", must(tx.Actor(a.Actor)), (*judge.Actor)(nil))
		do(tx.PutActor(a))
		do(tx.PutActor(office))
	})
	want := *a
	a.Counter = 99 // ours, once more
	h.write(func(tx judge.Store) {
		same(h.T, "actor", must(tx.Actor(a.Actor)), &want)
		same(h.T, "office", must(tx.Actor(office.Actor)), office)
		want.Counter, want.LastK = 4, 8
		do(tx.PutActor(&want))
		same(h.T, "actor", must(tx.Actor(a.Actor)), &want)
	})
}

// judged returns a ledger entry of a change set that does op to the rows.
func (h *hubStory) judged(d clock.Dot, o wire.Outcome, op record.Op, rows ...*record.Row) *judge.Entry {
	cs := h.ChangeSet(d, op, rows...)
	encoded := cs.AppendBinary(nil)
	hash := record.HashOf(encoded)
	e := &judge.Entry{
		Dot: d, Origin: cs.First(hash), Hash: hash, Seq: 1 + h.Uint64N(90), Eff: h.Stamp(), Outcome: o, Encoded: encoded,
	}
	if o == wire.Quarantined {
		e.Code, e.Message = "not_allowed", "您不能更改此作业"
	}
	return e
}

// restampedAs returns the dot that the entry's change set is found by as it was first written; zero where it never was
// re-stamped.
func restampedAs(e *judge.Entry) clock.Dot {
	if e.Origin.RID == record.ID(e.Hash) {
		return clock.Dot{}
	}
	return e.Dot
}

func (h *hubStory) dot(actor int, counter uint64) clock.Dot {
	return clock.Dot{Actor: h.Maker.actors[actor], Counter: counter}
}

func (h *hubStory) putEntries(entries ...*judge.Entry) {
	h.Helper()
	h.write(func(tx judge.Store) {
		for _, e := range entries {
			do(tx.PutEntry(e))
		}
	})
}

func (h *hubStory) entries() {
	task := h.task(h.ID(), 1)
	a := h.judged(h.dot(0, 1), wire.Applied, record.Insert, task)
	b := h.judged(h.dot(0, 2), wire.Quarantined, record.Update, task)
	c := h.judged(h.dot(2, 1), wire.Merged, record.Delete, task)
	h.putEntries(a, b, c)
	h.write(func(tx judge.Store) {
		for _, e := range []*judge.Entry{a, b, c} {
			same(h.T, "entry", must(tx.Entry(e.Dot)), e)
			same(h.T, "re-stamped", must(tx.Restamped(e.Origin)), restampedAs(e))
		}
		same(h.T, "no entry", must(tx.Entry(h.dot(2, 2))), (*judge.Entry)(nil))
		same(h.T, "never heard of", must(tx.Restamped(record.Origin{Dot: a.Dot, RID: h.ID()})), clock.Dot{})
		spoiled := must(tx.Entry(a.Dot))
		clear(spoiled.Encoded)
		same(h.T, "entry once more", must(tx.Entry(a.Dot)), a)
	})
}

func (h *hubStory) rids() {
	first := h.judged(h.dot(2, 5), wire.Applied, record.Update, h.task(h.ID(), 1))
	first.Origin = record.Origin{Dot: h.dot(1, 4), RID: h.ID()}
	again := h.judged(h.dot(0, 1), wire.Applied, record.Update, h.task(h.ID(), 1))
	again.Origin, again.Same = first.Origin, first.Dot
	h.putEntries(first)
	h.putEntries(again)
	h.write(func(tx judge.Store) {
		same(h.T, "as it was first written", must(tx.Restamped(first.Origin)), first.Dot)
		elsewhere := record.Origin{Dot: h.dot(1, 5), RID: first.Origin.RID}
		same(h.T, "under another dot", must(tx.Restamped(elsewhere)), clock.Dot{})
		same(h.T, "by the second dot", must(tx.Entry(again.Dot)), again)
	})
}

func (h *hubStory) closing() {
	e := h.judged(h.dot(0, 1), wire.Quarantined, record.Update, h.task(h.ID(), 1))
	h.putEntries(e)
	e.Closed = h.dot(1, 9)
	h.putEntries(e)
	h.write(func(tx judge.Store) {
		same(h.T, "entry", must(tx.Entry(e.Dot)), e)
		same(h.T, "re-stamped", must(tx.Restamped(e.Origin)), restampedAs(e))
	})
}

func (h *hubStory) quarantinedInsert() {
	fresh, known, fine := h.task(h.ID(), 1), h.task(h.ID(), 1), h.task(h.ID(), 1)
	e := h.judged(h.dot(0, 4), wire.Quarantined, record.Insert, fresh)
	h.putEntries(e,
		h.judged(h.dot(0, 5), wire.Quarantined, record.Update, known), h.judged(h.dot(0, 6), wire.Applied, record.Insert, fine))
	h.write(func(tx judge.Store) {
		same(h.T, "inserted in quarantine", must(tx.QuarantinedInsert(fresh.Key())), e.Dot)
		same(h.T, "updated in quarantine", must(tx.QuarantinedInsert(known.Key())), clock.Dot{})
		same(h.T, "inserted and accepted", must(tx.QuarantinedInsert(fine.Key())), clock.Dot{})
		same(h.T, "on what is inserted", must(tx.QuarantinedOn(fresh.Key())), []clock.Dot{e.Dot})
		same(h.T, "on what is there", must(tx.QuarantinedOn(known.Key())), []clock.Dot{h.dot(0, 5)})
		same(h.T, "on what is fine", len(must(tx.QuarantinedOn(fine.Key()))), 0)
	})
	e.Closed = h.dot(1, 1)
	h.putEntries(e)
	h.write(func(tx judge.Store) {
		same(h.T, "decided about", must(tx.QuarantinedInsert(fresh.Key())), clock.Dot{})
		same(h.T, "on what was decided about", len(must(tx.QuarantinedOn(fresh.Key()))), 0)
	})
}

func (h *hubStory) oldestQuarantined() {
	task := h.task(h.ID(), 1)
	a := h.judged(h.dot(0, 7), wire.Quarantined, record.Update, task)
	b := h.judged(h.dot(0, 300), wire.Quarantined, record.Update, task)
	h.putEntries(h.judged(h.dot(0, 6), wire.Applied, record.Update, task), b, a)
	h.putEntries(h.judged(h.dot(2, 1), wire.Merged, record.Update, task))
	expect := func(actor int, want uint64) {
		h.Helper()
		h.write(func(tx judge.Store) {
			same(h.T, "oldest", must(tx.OldestQuarantined(h.Maker.actors[actor])), want)
		})
	}
	waits := func(entries ...*judge.Entry) {
		h.Helper()
		bytes := 0
		for _, e := range entries {
			bytes += len(e.Encoded)
		}
		h.write(func(tx judge.Store) {
			n, size, err := tx.Waiting(h.Maker.actors[0])
			do(err)
			same(h.T, "waiting, and its bytes", []int{n, size}, []int{len(entries), bytes})
		})
	}
	waits(a, b)
	expect(0, 7)
	expect(2, 0)
	a.Closed = h.dot(1, 1)
	h.putEntries(a)
	expect(0, 300)
	waits(b)
	b.Closed = h.dot(1, 2)
	h.putEntries(b)
	expect(0, 0)
}

func (h *hubStory) conflicts() {
	reader, ok := h.HubStore.(ConflictReader)
	if !ok {
		h.Skipf("%T does not show its conflict records", h.HubStore)
	}
	row := record.Key{Table: h.table("job").ID, ID: h.ID()}
	title, tag := record.CellID{Column: 1}, record.CellID{Column: 10, Key: "urgent"}
	at := func(cell record.CellID, seq uint64, open bool) judge.Conflict {
		values := []record.Standing{
			{Dot: h.Dot(), Eff: h.Stamp(), Value: record.Text("a")}, {Dot: h.Dot(), Eff: h.Stamp(), Value: record.Text("b")},
		}
		return judge.Conflict{
			Row: row, Cell: cell, Seq: seq, Ask: seq%2 == 0, Open: open, Values: values, Context: h.Vector(),
		}
	}
	put := func(c judge.Conflict) judge.Conflict {
		h.write(func(tx judge.Store) { do(tx.PutConflict(c)) })
		return c
	}
	put(at(title, 1, true))
	put(at(title, 2, true))
	settled := put(at(title, 3, false))
	other := put(at(tag, 4, true))
	open := put(at(title, 5, true))
	same(h.T, "conflicts", must(reader.Conflicts(row)), []judge.Conflict{open, settled, other})
	again := put(at(title, 6, false))
	same(h.T, "conflicts", must(reader.Conflicts(row)), []judge.Conflict{settled, again, other})
}

func (h *hubStory) erasures() {
	person, customer := h.table("person").ID, h.table("customer").ID
	a, b, c := record.Key{Table: person, ID: h.ID()}, record.Key{Table: customer, ID: h.ID()}, record.Key{Table: customer, ID: h.ID()}
	erased := func(tx judge.Store, k record.Key) bool { return must(tx.Erased(k)) }
	h.write(func(tx judge.Store) {
		same(h.T, "nobody", erased(tx, a), false)
		do(tx.PutErased(3, []record.Key{a, c}))
		same(h.T, "at once", erased(tx, a), true)
	})
	_ = h.Write(func(tx judge.Store) error { return errors.Join(tx.PutErased(4, []record.Key{b}), errChanged) })
	h.write(func(tx judge.Store) {
		same(h.T, "of the same id in another table", erased(tx, record.Key{Table: customer, ID: a.ID}), false)
		same(h.T, "not after all", erased(tx, b), false)
		do(tx.PutErased(7, []record.Key{b}))
		do(tx.PutErased(8, nil))
	})
	h.read(func(r judge.Reader) {
		for _, x := range []struct {
			after, to uint64
			want      []record.Key
		}{{0, 9, []record.Key{a, b, c}}, {0, 6, []record.Key{a, c}}, {3, 7, []record.Key{b}}, {2, 3, []record.Key{a, c}}, {7, 9, nil}} {
			want := slices.Clone(x.want)
			slices.SortFunc(want, compareKeys)
			same(h.T, "erased since", must(r.ErasedSince(x.after, x.to)), want)
		}
	})
}
