package judge_test

import (
	"slices"
	"testing"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// news lets do work on a batch, and returns what is told of its commit.
func (w *world) news(do func(*judge.Batch) error) (n *judge.News) {
	w.Helper()
	var b *judge.Batch
	w.must(w.batch(func(in *judge.Batch) error { b = in; return do(in) }))
	return b.News()
}

// changing lets the office make the changes in one commit.
func (w *world) changing(changes ...record.RowChange) *judge.News {
	w.Helper()
	return w.news(func(b *judge.Batch) (err error) {
		w.said, err = b.Commit(judge.Author{}, w.desk, changes, "test")
		return err
	})
}

func (t *tech) holds(b record.Bucket) (yes bool) {
	t.must(t.hub.Read(func(r judge.Reader) (err error) { yes, err = judge.HoldsNow(r, t.Person, b); return err }))
	return yes
}

// expectSame says that who is told of a commit hears what he would find himself.
func (t *tech) expectSame(n *judge.News) {
	t.Helper()
	told := n.Rows(t.holds)
	for class := range schema.Class(schema.Classes) {
		p, _ := t.page(judge.Want{Person: t.Person, Class: class, From: n.Since})
		got := wire.Page{Rows: told[class]}
		if rowsIn(&got) != rowsIn(&p) {
			t.Errorf("class %d: %d rows are told, and %d to be read", class, rowsIn(&got), rowsIn(&p))
		}
		for _, batch := range p.Rows {
			for _, row := range batch.Rows {
				t.expectSameRow(&got, &batch, &row)
			}
		}
	}
}

func (t *tech) expectSameRow(told *wire.Page, batch *wire.Rows, want *wire.Row) {
	t.Helper()
	_, of := columnsOf(told, record.Key{Table: batch.Table, ID: want.ID})
	if of == nil || of.Whole != batch.Whole || !slices.Equal(of.Columns, batch.Columns) {
		t.Errorf("told %+v, to be read %+v", of, batch)
		return
	}
	at := slices.IndexFunc(of.Rows, func(r wire.Row) bool { return r.ID == want.ID })
	got := of.Rows[at]
	if got.Seq != want.Seq || got.Deleted != want.Deleted || !got.Vector.Equal(want.Vector) || !slices.Equal(got.Values, want.Values) {
		t.Errorf("told %+v, to be read %+v", got, want)
	}
}

func TestWhoIsToldOfACommitHearsWhatHeWouldRead(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	other := a.job("somebody else's")
	comment := a.fresh("comment")
	for _, changes := range []func() []record.RowChange{
		func() []record.RowChange {
			return []record.RowChange{a.change(record.Update, job, text("title", "changed"))}
		},
		func() []record.RowChange {
			return []record.RowChange{a.change(record.Update, job, text("title", "again")), a.change(record.Update, other, text("title", "no"))}
		},
		func() []record.RowChange {
			values := record.Values{"job": record.Ref(job.ID), "text": record.Text("new")}
			return []record.RowChange{a.change(record.Insert, comment, values)}
		},
		func() []record.RowChange {
			return []record.RowChange{a.change(record.Update, other, text("title", "no more"))}
		},
	} {
		n := a.changing(changes()...)
		if n == nil || !n.Whole || n.Head != a.head() || n.Since >= n.Head {
			t.Fatalf("%+v", n)
		}
		a.expectSame(n)
	}
}

func TestWhoHoldsWhatIsForTheStoreToSay(t *testing.T) {
	t.Parallel()
	a, _ := atWork(t)
	job := a.job("his from now on")
	key := a.fresh("assignment")
	n := a.changing(a.change(record.Insert, key, record.Values{"job": record.Ref(job.ID), "person": record.Ref(a.Person), "state": record.Text("offered")}))
	if n == nil || n.Whole || !slices.Contains(n.Touched, record.PersonBucket(a.Person)) {
		t.Errorf("%+v", n)
	}
}

func TestOfALargeCommitTheStoreTells(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	var changes []record.RowChange
	for range 65 {
		changes = append(changes, a.change(record.Insert, a.fresh("comment"), record.Values{"job": record.Ref(job.ID), "text": record.Text("one of many")}))
	}
	if n := a.changing(changes...); n == nil || n.Whole {
		t.Errorf("%+v", n)
	}
	if n := a.news(func(*judge.Batch) error { return nil }); n != nil {
		t.Errorf("of nothing: %+v", n)
	}
}
