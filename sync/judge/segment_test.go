package judge_test

import (
	"errors"
	"slices"
	"testing"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

// parts is a segment in memory.
type parts struct {
	at, total uint64
	rows      []int // of each part
	ids       map[record.ID]bool
	resumes   [][]byte
	open      int
	fails     error
}

func (p *parts) Begin(at, total uint64) error {
	p.at, p.total, p.ids = at, total, map[record.ID]bool{}
	return nil
}
func (p *parts) Put(row *record.Row) error {
	p.open++
	p.ids[row.ID] = true
	return p.fails
}

func (p *parts) Cut(resume []byte) error {
	p.rows, p.resumes, p.open = append(p.rows, p.open), append(p.resumes, resume), 0
	return nil
}

func (w *world) segment(rows int, into *parts) error {
	return w.hub.Read(func(r judge.Reader) error {
		return judge.ReadSegment(r, simtest.Schema, schema.ClassLibrary, rows, into)
	})
}

func TestAPageGoesOnBehindEachPartOfASegment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	w.parts(25)
	var s parts
	w.must(w.segment(10, &s))
	if !slices.Equal(s.rows, []int{10, 10, 5}) || s.open != 0 || s.total != 25 || len(s.ids) != 25 {
		t.Fatalf("%+v", s)
	}
	w.parts(3) // since
	for i, resume := range s.resumes {
		p, head := w.page(judge.Want{Person: a.Person, Class: schema.ClassLibrary, Resume: resume})
		left := 28 - 10*(i+1)
		if i == 2 {
			left = 3 // they sort behind
		}
		if rowsIn(&p) != left || p.To != s.at || head == s.at || !p.Last || slices.Contains(p.Enter, record.Shared) ||
			!slices.Contains(p.Enter, record.PersonBucket(a.Person)) {
			t.Errorf("behind part %d: %d rows, to %d, enter %v, last: %v", i, rowsIn(&p), p.To, p.Enter, p.Last)
		}
	}
}

func TestASegmentThatCannotBeWrittenIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.parts(5)
	full := errors.New("the disk is full")
	s := parts{fails: full}
	if err := w.segment(10, &s); !errors.Is(err, full) || s.open != 1 || len(s.resumes) > 0 {
		t.Errorf("%v: %+v", err, s)
	}
}
