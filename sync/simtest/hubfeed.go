package simtest

import (
	"errors"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// The stories of TestHubStore about the feed, scans and transactions.

// everything is more than any feed of these tests has.
const everything = 1000

func (h *hubStory) feedMoves() {
	job := h.ID()
	task := h.task(job, 3)
	h.put(task)
	h.expectFeed(jobBucket(job), 0, 10, task)
	h.move(task, 8)
	h.expectFeed(jobBucket(job), 0, 10, task)
	h.expectFeed(jobBucket(job), 0, 7)
	h.move(task, 8) // written twice by one commit
	h.expectFeed(jobBucket(job), 0, 10, task)
}

// expectFeed says that the bucket's feed in the class of work holds the rows, in that order.
func (h *hubStory) expectFeed(b record.Bucket, after, to uint64, rows ...*record.Row) {
	h.Helper()
	h.read(func(r judge.Reader) {
		h.Helper()
		same(h.T, "feed", must(r.FeedSince(b, schema.ClassWork, after, to, everything)), entriesOf(rows...))
	})
}

func entriesOf(rows ...*record.Row) []judge.FeedEntry {
	var entries []judge.FeedEntry
	for _, r := range rows {
		entries = append(entries, judge.FeedEntry{Seq: r.Seq, Key: r.Key()})
	}
	return entries
}

func (h *hubStory) feedCuts() {
	job := h.ID()
	own := h.HubRow(h.table("job"), 300, nil)
	a, b, c := h.task(job, 2), h.task(job, 5), h.task(job, 257)
	part := h.movement(record.ID{}, record.ID{}, job, 4) // the same bucket, another class
	h.put(c, a, part, own, b, h.task(h.ID(), 3))
	h.expectFeed(jobBucket(job), 0, 1000, a, b, c)
	h.expectFeed(jobBucket(job), 2, 257, b, c) // after is passed, to is included
	h.expectFeed(jobBucket(job), 2, 256, b)
	h.expectFeed(jobBucket(job), 257, 1000)
	h.expectFeed(jobBucket(own.ID), 0, 1000, own)
	h.read(func(r judge.Reader) {
		same(h.T, "limit", must(r.FeedSince(jobBucket(job), schema.ClassWork, 0, 1000, 2)), entriesOf(a, b))
		same(h.T, "class", must(r.FeedSince(jobBucket(job), schema.ClassStock, 0, 1000, everything)), entriesOf(part))
	})
}

func (h *hubStory) feedOfTwoBuckets() {
	vans, job := h.IDs(2), h.ID()
	across, within := h.movement(vans[0], vans[1], job, 1), h.movement(vans[0], vans[0], record.ID{}, 2)
	h.put(across, within)
	h.read(func(r judge.Reader) {
		feed := func(b record.Bucket) []judge.FeedEntry {
			return must(r.FeedSince(b, schema.ClassStock, 0, 9, everything))
		}
		same(h.T, "first van", feed(vanBucket(vans[0])), entriesOf(across, within))
		same(h.T, "second van", feed(vanBucket(vans[1])), entriesOf(across))
		same(h.T, "job", feed(jobBucket(job)), entriesOf(across))
		same(h.T, "no job", feed(jobBucket(record.ID{})), entriesOf())
	})
}

func (h *hubStory) feedOfDeadRows() {
	job := h.ID()
	task := h.task(job, 1)
	h.put(task)
	h.Delete(task, 2)
	h.write(func(tx judge.Store) { do(tx.PutRow(task, 1)) })
	h.expectFeed(jobBucket(job), 0, 9, task)
}

// scanned returns what a scan yields, at most limit rows.
func scanned(r judge.Reader, t *schema.Table, rule int, b record.Bucket, after record.ID, limit int) []*record.Row {
	var rows []*record.Row
	do(r.Scan(t, rule, b, after, func(row *record.Row) bool {
		rows = append(rows, copyDeviceRow(row))
		return len(rows) < limit
	}))
	return rows
}

// shownOf returns rows as a reader needs them: without metadata.
func shownOf(rows ...*record.Row) (shown []*record.Row) {
	for _, r := range rows {
		shown = append(shown, copyDeviceRow(r))
	}
	return shown
}

func (h *hubStory) scan() {
	job, before := h.ID(), h.ID()
	a, b, c := h.task(job, 3), h.task(job, 1), h.task(job, 2)
	h.put(b, c, a, h.task(h.ID(), 1))
	h.read(func(r judge.Reader) {
		scan := func(after record.ID, limit int) []*record.Row {
			return scanned(r, a.Table, 0, jobBucket(job), after, limit)
		}
		same(h.T, "all", scan(record.ID{}, everything), shownOf(a, b, c))
		same(h.T, "after an id that is no row's", scan(before, everything), shownOf(a, b, c))
		same(h.T, "after a row", scan(a.ID, everything), shownOf(b, c))
		same(h.T, "stopped", scan(record.ID{}, 2), shownOf(a, b))
		same(h.T, "after the last", scan(c.ID, everything), shownOf())
	})
}

func (h *hubStory) scanRules() {
	vans, job := h.IDs(2), h.ID()
	a, b := h.movement(vans[0], vans[1], job, 1), h.movement(vans[1], vans[1], record.ID{}, 1)
	own := h.HubRow(h.table("job"), 1, nil)
	part, dead := h.HubRow(h.table("part"), 1, nil), h.HubRow(h.table("part"), 1, nil)
	h.Delete(dead, 2)
	h.put(a, b, own, part, dead)
	h.read(func(r judge.Reader) {
		scan := func(t *schema.Table, rule int, b record.Bucket) []*record.Row {
			return scanned(r, t, rule, b, record.ID{}, everything)
		}
		same(h.T, "from the first van", scan(a.Table, 0, vanBucket(vans[0])), shownOf(a))
		same(h.T, "to the first van", scan(a.Table, 1, vanBucket(vans[0])), shownOf())
		same(h.T, "from the second van", scan(a.Table, 0, vanBucket(vans[1])), shownOf(b))
		same(h.T, "to the second van", scan(a.Table, 1, vanBucket(vans[1])), shownOf(a, b))
		same(h.T, "for the job", scan(a.Table, 2, jobBucket(job)), shownOf(a))
		same(h.T, "a bucket of its own", scan(own.Table, 0, jobBucket(own.ID)), shownOf(own))
		same(h.T, "everybody's", scan(part.Table, 0, record.Shared), shownOf(part))
	})
}

func (h *hubStory) count() {
	job := h.ID()
	dead := h.task(job, 1)
	h.Delete(dead, 2)
	h.put(h.task(job, 1), h.task(job, 1), dead, h.task(h.ID(), 1), h.HubRow(h.table("part"), 1, nil))
	h.read(func(r judge.Reader) {
		same(h.T, "tasks", must(r.Count(h.table("task"), 0, jobBucket(job))), uint64(2))
		same(h.T, "parts", must(r.Count(h.table("part"), 0, record.Shared)), uint64(1))
		same(h.T, "people", must(r.Count(h.table("person"), 0, record.Shared)), uint64(0))
	})
}

// life makes something of everything at the commit: a way to write it, and a question that all of it answers.
func (h *hubStory) life(seq uint64) (write func(judge.Store), ask func(judge.Store) []any) {
	job, person, at := h.ID(), h.ID(), h.Stamp()
	task := h.task(job, seq)
	hold := h.hold(person, jobBucket(job), h.ID(), "work", seq)
	entry := h.judged(h.dot(0, seq), wire.Quarantined, record.Insert, task)
	entry.Origin = record.Origin{Dot: h.dot(1, seq), RID: h.ID()}
	actor := &judge.Actor{Actor: h.Maker.actors[2], Counter: seq}
	write = func(tx judge.Store) {
		do(tx.PutRow(task, 0))
		do(tx.PutHold(hold))
		do(tx.PutEntry(entry))
		do(tx.PutActor(actor))
		do(tx.PutCommit(seq, at, []record.Bucket{jobBucket(job)}))
	}
	return write, func(tx judge.Store) []any {
		return []any{
			must(tx.Row(task.Key())), must(tx.Refs(task.Table, "job", job)), must(tx.HoldsOn(hold.Bucket)),
			must(tx.HoldsFrom(hold.Root)), must(tx.HoldsOf(person, 0)), must(tx.Entry(entry.Dot)),
			must(tx.Restamped(entry.Origin)),
			must(tx.QuarantinedInsert(task.Key())), must(tx.OldestQuarantined(entry.Dot.Actor)), must(tx.Actor(actor.Actor)),
			must(tx.Head()), must(tx.CommitTime(seq)),
		}
	}
}

func (h *hubStory) readsItsWrites() {
	write, ask := h.life(5)
	var inside []any
	h.write(func(tx judge.Store) {
		write(tx)
		inside = ask(tx)
	})
	for i, answer := range inside {
		if empty(answer) {
			h.Errorf("answer %d of the open transaction is empty", i)
		}
	}
	h.write(func(tx judge.Store) { same(h.T, "answers after the commit", ask(tx), inside) })
}

func (h *hubStory) foreseen() {
	there, coming, never := h.task(h.ID(), 1), h.task(h.ID(), 2), h.ID()
	known := h.judged(h.dot(0, 1), wire.Applied, record.Update, there)
	fresh := h.judged(h.dot(0, 2), wire.Applied, record.Update, there)
	h.put(there)
	h.putEntries(known)
	keys := []record.Key{there.Key(), coming.Key(), {Table: there.Table.ID, ID: never}}
	for range 100 { // more than a store may take at once
		keys = append(keys, record.Key{Table: there.Table.ID, ID: h.ID()})
	}
	look := func(tx judge.Store, want *record.Row, later *judge.Entry) {
		same(h.T, "a row that is there", must(tx.Row(there.Key())), there)
		same(h.T, "a row that comes", must(tx.Row(coming.Key())), want)
		same(h.T, "a row that never was", must(tx.Row(keys[2])), (*record.Row)(nil))
		same(h.T, "an entry that is there", must(tx.Entry(known.Dot)), known)
		same(h.T, "an entry that comes", must(tx.Entry(fresh.Dot)), later)
	}
	h.write(func(tx judge.Store) {
		do(tx.Foresee(keys))
		look(tx, nil, nil)
		do(tx.Foresee(keys))
		do(tx.PutRow(coming, 0))
		do(tx.PutEntry(fresh))
		look(tx, coming, fresh)
	})
	h.write(func(tx judge.Store) { look(tx, coming, fresh) })
}

func (h *hubStory) rollback() {
	h.leavesNothing(func(tx func(judge.Store)) {
		err := h.Write(func(s judge.Store) error {
			return errors.Join(attempt(func() { tx(s) }), errChanged)
		})
		if !errors.Is(err, errChanged) {
			h.Errorf("Write returned %v, want the error of the transaction", err)
		}
	})
}

func (h *hubStory) panics() {
	h.leavesNothing(func(tx func(judge.Store)) {
		defer func() {
			if recover() == nil {
				h.Error("the panic of a transaction was swallowed")
			}
		}()
		_ = h.Write(func(s judge.Store) error {
			tx(s)
			panic("in the middle of a transaction")
		})
	})
}

// leavesNothing says that a transaction which wrote something of everything, and which fail makes fail, left nothing.
func (h *hubStory) leavesNothing(fail func(tx func(judge.Store))) {
	bucket := jobBucket(h.ID())
	kept := h.task(bucket.ID, 1)
	h.put(kept)
	write, ask := h.life(5)
	var before []any
	h.write(func(tx judge.Store) { before = ask(tx) })
	fail(func(tx judge.Store) {
		write(tx)
		moved := copyRow(kept)
		moved.Seq = 5
		do(tx.PutRow(moved, 1))
	})
	h.write(func(tx judge.Store) { same(h.T, "what is left", ask(tx), before) })
	h.expect([]*record.Row{kept})
	h.expectFeed(bucket, 0, 99, kept)
}

func (h *hubStory) snapshot() {
	job := h.ID()
	task := h.task(job, 1)
	h.put(task)
	before := copyRow(task)
	h.read(func(r judge.Reader) {
		same(h.T, "row", must(r.Row(task.Key())), before)
		h.Rewrite(task, 1, record.Values{"text": record.Text("written meanwhile")})
		h.move(task, 2)
		h.put(h.task(job, 3))
		same(h.T, "row", must(r.Row(task.Key())), before)
		same(h.T, "feed", must(r.FeedSince(jobBucket(job), schema.ClassWork, 0, 9, everything)), entriesOf(before))
		same(h.T, "scan", scanned(r, task.Table, 0, jobBucket(job), record.ID{}, everything), shownOf(before))
		same(h.T, "refs", must(r.Refs(task.Table, "job", job)), []record.ID{task.ID})
	})
	h.expect([]*record.Row{task})
}

func (h *hubStory) restart() {
	write, ask := h.life(5)
	var before []any
	h.write(func(tx judge.Store) {
		write(tx)
		before = ask(tx)
	})
	reopen(h.T, h.HubStore)
	h.write(func(tx judge.Store) { same(h.T, "answers after the restart", ask(tx), before) })
}
