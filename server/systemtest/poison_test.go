package systemtest

import (
	"sync/atomic"
	"testing"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// brittle are rules that fail at every change of one cause.
type brittle struct {
	judge.Rules
	cause string
	times atomic.Int64
}

func (b *brittle) Review(rows judge.Rows, cs *record.ChangeSet, author judge.Author) (judge.Decision, error) {
	if cs.Cause == b.cause {
		b.times.Add(1)
		panic("there is a hole in the rules")
	}
	return b.Rules.Review(rows, cs, author)
}

// A hub that fails at a change tries it three times, and goes on with the next one: the office has what it failed at.
func TestAChangeAtWhichTheHubFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rules := &brittle{Rules: server.Rules(), cause: "hole"}
	w.rules = rules
	w.restart()
	li, person := w.technician("li")
	job := w.pumpLeaks(person)
	sync(t, li)
	for _, cause := range []string{aftersales.CauseEdit, rules.cause, aftersales.CauseComment} {
		update(t, li, cause, func(tx aftersales.Tx) error {
			_, err := aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: job}, Text: "by " + cause})
			return err
		})
	}
	persist(t, li)
	if n := rules.times.Load(); n != 3 {
		t.Errorf("the hub tried it %d times, want 3", n)
	}
	refused, err := li.Outbox(t.Context(), client.Refused)
	if err != nil || len(refused) != 1 || refused[0].Code != fault.Poison || refused[0].Cause != rules.cause {
		t.Errorf("refused are %v, %v", refused, err)
	}
	rows, err := w.core.Store.Query(t.Context(), "SELECT count(*) FROM comment")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var n int
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	if n != 2 {
		t.Errorf("%d comments are on the hub, want those before and after it", n)
	}
}
