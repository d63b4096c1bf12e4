package simtest

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// HubStore is a hub's storage as TestHubStore drives it. A real store's context is its adapter's business.
type HubStore interface {
	// Write runs do as one transaction: what it writes is durable when Write returns nil; after an error of do, which
	// Write returns, nothing of it is left.
	Write(do func(judge.Store) error) error
	// Read runs do on a stable snapshot.
	Read(do func(judge.Reader) error) error
}

// ConflictReader is what a HubStore has besides if the suite is to look at conflict records.
type ConflictReader interface {
	// Conflicts returns the records of the row: by cell, the open one first, then the closed ones, oldest first.
	Conflicts(row record.Key) ([]judge.Conflict, error)
}

// TestHubStore proves that a store keeps the contract of judge.Store and judge.Reader, sentence by sentence. Open
// returns an empty store for the schema; each subtest has one of its own.
func TestHubStore(t *testing.T, open func(t *testing.T, s *schema.Schema) HubStore) {
	for _, c := range hubStories {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.tell(&hubStory{t, open(t, Schema), NewMaker(1)})
		})
	}
}

var hubStories = []struct {
	name string
	tell func(*hubStory)
}{
	{"a row that was never written is nil", (*hubStory).noRow},
	{"a row comes back as it was put, with its metadata and every kind of value", (*hubStory).roundTrip},
	{"rows are the caller's to change, those given and those got", (*hubStory).noAliases},
	{"a dead row is a row still, but is not found by what it refers to", (*hubStory).deadRow},
	{"refs gives the living rows in the order of their ids", (*hubStory).refs},
	{"refs follow a reference that changes", (*hubStory).refsMove},
	{"holds on a bucket are all that ever were, oldest first", (*hubStory).holdsOn},
	{"holds from a root are the open ones", (*hubStory).holdsFrom},
	{"late holds are the open ones that end by themselves", (*hubStory).lateHolds},
	{"holds of a person are the open ones and those closed after the commit", (*hubStory).holdsOf},
	{"a person holds the buckets of his open holds, each once", (*hubStory).heldBy},
	{"the head is the highest commit, and times are those of the commit that includes it", (*hubStory).commits},
	{"an actor is nil until it is handed out, and then what was put last", (*hubStory).actors},
	{"a ledger entry comes back as it was put", (*hubStory).entries},
	{"a change set that came under two dots is found by the first", (*hubStory).rids},
	{"closing a quarantined entry replaces it", (*hubStory).closing},
	{"a quarantined insert is found by its row until it is closed", (*hubStory).quarantinedInsert},
	{"the oldest quarantined change set is the lowest open counter of its actor", (*hubStory).oldestQuarantined},
	{"what was erased is known, and by which commit", (*hubStory).erasures},
	{"a row's feed entry moves with it", (*hubStory).feedMoves},
	{"the feed is cut by bucket, class, commit and limit, in the order of commits", (*hubStory).feedCuts},
	{"a row in two buckets has an entry in each, and one where they are the same", (*hubStory).feedOfTwoBuckets},
	{"a dead row stays in the feed", (*hubStory).feedOfDeadRows},
	{"a scan goes in key order and resumes after an id", (*hubStory).scan},
	{"a scan goes by one bucket rule, and passes dead rows over", (*hubStory).scanRules},
	{"the count is of living rows", (*hubStory).count},
	{"of two records of a conflict the open one is replaced, closed ones stay", (*hubStory).conflicts},
	{"a transaction reads what it wrote", (*hubStory).readsItsWrites},
	{"what was foreseen is read as it stands", (*hubStory).foreseen},
	{"a transaction that fails leaves nothing", (*hubStory).rollback},
	{"a transaction that panics leaves nothing", (*hubStory).panics},
	{"a reader's snapshot stands still", (*hubStory).snapshot},
	{"what was committed is there after a restart", (*hubStory).restart},
	{"random transactions leave what they leave in memory", (*hubStory).likeMemory},
}

// hubStory is one test's store, and what fills it.
type hubStory struct {
	*testing.T
	HubStore
	*Maker
}

func (h *hubStory) write(story func(judge.Store)) {
	h.Helper()
	if err := h.Write(func(tx judge.Store) error { return attempt(func() { story(tx) }) }); err != nil {
		h.Fatal(err)
	}
}

func (h *hubStory) read(story func(judge.Reader)) {
	h.Helper()
	if err := h.Read(func(r judge.Reader) error { return attempt(func() { story(r) }) }); err != nil {
		h.Fatal(err)
	}
}

// put writes new rows in one transaction.
func (h *hubStory) put(rows ...*record.Row) {
	h.Helper()
	h.write(func(tx judge.Store) {
		for _, r := range rows {
			do(tx.PutRow(r, 0))
		}
	})
}

func (h *hubStory) move(r *record.Row, to uint64) {
	h.Helper()
	h.write(func(tx judge.Store) {
		was := r.Seq
		r.Seq = to
		do(tx.PutRow(r, was))
	})
}

func (h *hubStory) table(name string) *schema.Table { return Schema.Table(name) }

// task returns a new task of the job: a row in another row's bucket.
func (h *hubStory) task(job record.ID, seq uint64) *record.Row {
	return h.HubRow(h.table("task"), seq, record.Values{"job": record.Ref(job)})
}

func (h *hubStory) movement(from, to, job record.ID, seq uint64) *record.Row {
	return h.HubRow(h.table("movement"), seq, record.Values{
		"part": record.Ref(h.ID()), "from": record.Ref(from), "to": record.Ref(to), "job": record.Ref(job),
	})
}

func jobBucket(id record.ID) record.Bucket { return record.Bucket{Kind: JobBucket, ID: id} }

func vanBucket(id record.ID) record.Bucket { return record.Bucket{Kind: LocationBucket, ID: id} }

func (h *hubStory) noRow() {
	k := record.Key{Table: h.table("job").ID, ID: h.ID()}
	h.write(func(tx judge.Store) { same(h.T, "row", must(tx.Row(k)), (*record.Row)(nil)) })
	h.read(func(r judge.Reader) { same(h.T, "row", must(r.Row(k)), (*record.Row)(nil)) })
}

func (h *hubStory) roundTrip() {
	var rows []*record.Row
	for _, t := range Schema.Tables {
		for seq := range uint64(20) {
			rows = append(rows, h.HubRow(t, seq+1, nil))
		}
	}
	h.put(rows...)
	h.expect(rows)
	h.write(func(tx judge.Store) {
		for _, r := range rows {
			was := r.Seq
			h.Rewrite(r, 30, nil)
			do(tx.PutRow(r, was))
		}
	})
	h.expect(rows)
}

// expect says that the rows are there, for writers and readers alike.
func (h *hubStory) expect(rows []*record.Row) {
	h.Helper()
	h.write(func(tx judge.Store) {
		for _, r := range rows {
			same(h.T, r.Table.Name, must(tx.Row(r.Key())), copyRow(r))
		}
	})
	h.read(func(rd judge.Reader) {
		for _, r := range rows {
			same(h.T, r.Table.Name, must(rd.Row(r.Key())), copyRow(r))
		}
	})
}

func (h *hubStory) noAliases() {
	given := h.HubRow(h.table("job"), 1, nil)
	h.Delete(given, 2)
	want := copyRow(given)
	h.put(given)
	spoil(given)
	h.write(func(tx judge.Store) {
		got := must(tx.Row(want.Key()))
		same(h.T, "row", got, want)
		spoil(got)
		same(h.T, "row once more", must(tx.Row(want.Key())), want)
	})
}

// spoil writes into everything of a row that can be written into.
func spoil(r *record.Row) {
	clear(r.Cols)
	for i := range r.Meta.Cells {
		clear(r.Meta.Cells[i].Others)
	}
	clear(r.Meta.Cells)
	*r.Meta.Delete = record.Deletion{}
	r.Seq, r.Vector = 77, clock.Vector{}
}

func (h *hubStory) deadRow() {
	job := h.ID()
	task := h.task(job, 1)
	h.put(task)
	h.Delete(task, 2)
	h.write(func(tx judge.Store) {
		do(tx.PutRow(task, 1))
		same(h.T, "row", must(tx.Row(task.Key())), copyRow(task))
		same(h.T, "refs", must(tx.Refs(task.Table, "job", job)), []record.ID(nil))
	})
	task.Deleted, task.Meta.Delete = false, nil
	h.write(func(tx judge.Store) {
		do(tx.PutRow(task, 2))
		same(h.T, "refs of the row brought back", must(tx.Refs(task.Table, "job", job)), []record.ID{task.ID})
	})
}

func (h *hubStory) refs() {
	job := h.ID()
	a, other, b, c := h.task(job, 1), h.task(h.ID(), 1), h.task(job, 1), h.task(job, 1)
	h.put(c, a, other, b)
	want := []record.ID{a.ID, b.ID, c.ID}
	h.write(func(tx judge.Store) { same(h.T, "tasks", must(tx.Refs(a.Table, "job", job)), want) })
	h.read(func(r judge.Reader) {
		same(h.T, "tasks", must(r.Refs(a.Table, "job", job)), want)
		same(h.T, "nobody's", must(r.Refs(a.Table, "job", h.ID())), []record.ID(nil))
	})
}

func (h *hubStory) refsMove() {
	asset := h.table("asset")
	one, two := h.ID(), h.ID()
	a := h.HubRow(asset, 1, record.Values{"customer": record.Ref(one)})
	h.put(a)
	for _, to := range []record.ID{two, {}, one} {
		h.Rewrite(a, a.Seq, record.Values{"customer": record.Ref(to)})
		h.move(a, a.Seq+1)
		h.write(func(tx judge.Store) {
			for _, c := range []record.ID{one, two} {
				want := []record.ID{a.ID}
				if c != to {
					want = nil
				}
				same(h.T, "assets", must(tx.Refs(asset, "customer", c)), want)
			}
		})
	}
}
