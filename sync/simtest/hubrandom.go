package simtest

import (
	"errors"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// likeMemory runs the same random transactions, some of which fail, on the store and on a MemHub, and asks both the
// same questions again and again.
func (h *hubStory) likeMemory() {
	p := &hubPair{hubStory: h, model: NewMemHub(Schema), jobs: h.IDs(4), people: h.IDs(3)}
	p.steps = []func() func(judge.Store){
		p.newRow, p.newRow, p.moveRow, p.moveRow, p.killRow, p.openHold, p.closeHold, p.judge, p.close,
	}
	for p.seq = 1; p.seq < 120 && !h.Failed(); p.seq++ {
		p.transaction()
		if p.seq%8 == 0 {
			p.compare()
		}
	}
	reopen(h.T, h.HubStore)
	p.compare()
}

type hubPair struct {
	*hubStory
	model        *MemHub
	steps        []func() func(judge.Store)
	seq          uint64
	jobs, people []record.ID
	rows         []*record.Row // as last committed
	holds        []judge.Hold
	entries      []*judge.Entry
}

// transaction does some steps on both sides, and takes them back on both now and then.
func (p *hubPair) transaction() {
	var writes []func(judge.Store)
	rows, holds, entries := p.rows, p.holds, p.entries
	for range 1 + p.IntN(5) {
		if w := p.steps[p.IntN(len(p.steps))](); w != nil {
			writes = append(writes, w)
		}
	}
	at := clock.StampAt(int64(1000 * p.seq))
	var fate error
	if p.IntN(5) == 0 {
		fate = errChanged
		p.rows, p.holds, p.entries = rows, holds, entries
	}
	for _, side := range []HubStore{p.model, p.HubStore} {
		err := side.Write(func(tx judge.Store) error {
			return errors.Join(fate, attempt(func() {
				for _, w := range writes {
					w(tx)
				}
				do(tx.PutCommit(p.seq, at, nil))
			}))
		})
		if !errors.Is(err, fate) {
			p.Fatalf("commit %d: %v", p.seq, err)
		}
	}
}

func (p *hubPair) newRow() func(judge.Store) {
	job := p.jobs[p.IntN(len(p.jobs))]
	r := p.task(job, p.seq)
	switch p.IntN(3) {
	case 0:
		r = p.movement(p.jobs[p.IntN(len(p.jobs))], p.jobs[p.IntN(len(p.jobs))], job, p.seq)
	case 1:
		r = p.HubRow(p.table("job"), p.seq, record.Values{"customer": record.Ref(p.people[p.IntN(len(p.people))])})
	}
	return p.keep(r, 0)
}

// keep notes the row as the one to be, and returns how it is written.
func (p *hubPair) keep(r *record.Row, was uint64) func(judge.Store) {
	rows := []*record.Row{r}
	for _, old := range p.rows {
		if old.Key() != r.Key() {
			rows = append(rows, old)
		}
	}
	p.rows = rows
	return func(tx judge.Store) { do(tx.PutRow(r, was)) }
}

func (p *hubPair) someRow() *record.Row {
	if len(p.rows) == 0 {
		return nil
	}
	return copyRow(p.rows[p.IntN(len(p.rows))])
}

func (p *hubPair) moveRow() func(judge.Store) {
	r := p.someRow()
	if r == nil {
		return nil
	}
	was := r.Seq
	r.Deleted, r.Meta.Delete = false, nil
	p.Rewrite(r, p.seq, nil)
	return p.keep(r, was)
}

func (p *hubPair) killRow() func(judge.Store) {
	r := p.someRow()
	if r == nil {
		return nil
	}
	was := r.Seq
	p.Delete(r, p.seq)
	return p.keep(r, was)
}

func (p *hubPair) openHold() func(judge.Store) {
	x := p.hold(p.people[p.IntN(len(p.people))], jobBucket(p.jobs[p.IntN(len(p.jobs))]), p.ID(), "work", p.seq)
	p.holds = append(p.holds[:len(p.holds):len(p.holds)], x)
	return func(tx judge.Store) { do(tx.PutHold(x)) }
}

func (p *hubPair) closeHold() func(judge.Store) {
	if len(p.holds) == 0 {
		return nil
	}
	x := closed(p.holds[0], p.seq)
	p.holds = p.holds[1:]
	return func(tx judge.Store) { do(tx.PutHold(x)) }
}

func (p *hubPair) judge() func(judge.Store) {
	r := p.task(p.jobs[0], p.seq)
	e := p.judged(p.dot(p.IntN(2), 100*p.seq+p.Uint64N(100)), wire.Outcome(1+p.IntN(3)), record.Op(1+p.IntN(2)), r)
	for _, old := range p.entries {
		if old.Dot == e.Dot {
			return nil
		}
	}
	p.entries = append(p.entries[:len(p.entries):len(p.entries)], e)
	return func(tx judge.Store) { do(tx.PutEntry(e)) }
}

func (p *hubPair) close() func(judge.Store) {
	if len(p.entries) == 0 {
		return nil
	}
	e := copyEntry(p.entries[p.IntN(len(p.entries))])
	e.Closed = p.Dot()
	return func(tx judge.Store) { do(tx.PutEntry(e)) }
}

// compare asks both sides everything.
func (p *hubPair) compare() {
	p.Helper()
	sides := make([][]any, 2)
	for i, side := range []HubStore{p.model, p.HubStore} {
		err := side.Write(func(tx judge.Store) error {
			return attempt(func() { sides[i] = p.askStore(tx) })
		})
		if err == nil {
			err = side.Read(func(r judge.Reader) error {
				return attempt(func() { sides[i] = append(sides[i], p.askReader(r)...) })
			})
		}
		if err != nil {
			p.Fatal(err)
		}
	}
	same(p.T, "answers", sides[1], sides[0])
}

func (p *hubPair) askStore(tx judge.Store) (answers []any) {
	answers = append(answers, must(tx.Head()), must(tx.CommitTime(p.seq/2)))
	for _, r := range p.rows {
		answers = append(answers, must(tx.Row(r.Key())), must(tx.QuarantinedInsert(r.Key())))
	}
	for _, e := range p.entries {
		answers = append(answers, must(tx.Entry(e.Dot)), must(tx.Restamped(e.Origin)), must(tx.OldestQuarantined(e.Dot.Actor)))
	}
	for _, person := range p.people {
		answers = append(answers, must(byWhom(tx.HoldsOf(person, p.seq/2))))
	}
	for _, x := range p.holds {
		answers = append(answers, must(byWhom(tx.HoldsFrom(x.Root))))
	}
	return answers
}

func (p *hubPair) askReader(r judge.Reader) (answers []any) {
	for _, id := range p.jobs {
		for _, b := range []record.Bucket{jobBucket(id), vanBucket(id)} {
			answers = append(answers, must(byWhom(r.HoldsOn(b))),
				must(r.FeedSince(b, schema.ClassWork, p.seq/3, p.seq, 7)),
				must(r.FeedSince(b, schema.ClassStock, 0, p.seq, everything)))
		}
		answers = append(answers, must(r.Refs(p.table("task"), "job", id)), must(r.Count(p.table("task"), 0, jobBucket(id))))
		for rule, b := range []record.Bucket{vanBucket(id), vanBucket(id), jobBucket(id)} {
			answers = append(answers, scanned(r, p.table("movement"), rule, b, record.ID{}, everything))
		}
	}
	for _, person := range p.people {
		answers = append(answers, must(r.Refs(p.table("job"), "customer", person)))
	}
	return answers
}
