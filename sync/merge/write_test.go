package merge_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/merge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

func addColumn(id schema.ColumnID) func(*merge.Write) {
	return func(w *merge.Write) {
		w.Cells = append(w.Cells, record.CellWrite{CellID: record.CellID{Column: id}, Value: record.Text("new")})
	}
}

func TestAWriteReplacesWhatItsAuthorHadSeen(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.write(phone, 9, nothing, text("title", "first"))
	s.write(desk, 1, saw(first), text("title", "second"))
	s.expect("title", record.Text("second"))
	s.expectSaid()
}

func TestTheRowRemembersExactlyWhatWasApplied(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	unheard := clock.Dot{Actor: tablet, Counter: 7}
	one := s.write(phone, 1, saw(unheard), text("title", "a"))
	two := s.write(desk, 1, nothing, text("finding", "b"))
	if want := saw(one, two); !s.row.Vector.Equal(want) {
		t.Errorf("the row is at %v, want %v", s.row.Vector, want)
	}
	if s.row.Seq != 2 {
		t.Errorf("the row was touched by the commit %d", s.row.Seq)
	}
}

// The commit at which a cell's values changed decides what a device is sent.
func TestOnlyWrittenCellsAreNew(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	title := s.write(phone, 5, nothing, text("title", "a"))
	s.write(phone, 5, saw(title), text("finding", "b"))
	s.write(desk, 1, nothing, text("title", "loses, and stands beside")) // what is shown is older than its cell
	for column, want := range map[string]uint64{"title": 3, "finding": 2} {
		if got := s.cell(column, "").Seq; got != want {
			t.Errorf("%s changed at %d, want %d", column, got, want)
		}
	}
	s.expect("title", texts("a", "loses, and stands beside")...)
}

func TestAValueIsNoOlderThanWhatItReplaced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ at, want clock.Stamp }{
		"by a slow clock": {2, 9},
		"by a fast clock": {12, 12},
	} {
		s := newStory(t)
		one := s.write(phone, 9, nothing, text("title", "one"))
		two := s.write(tablet, 4, nothing, text("title", "two"))
		s.write(desk, c.at, saw(one, two), text("title", "both seen"))
		if got := s.cell("title", "").Shown.Eff; got != c.want {
			t.Errorf("%s: effective at %d, want %d", name, got, c.want)
		}
		s.write(boss, 5, nothing, text("title", "in between"))
		s.expect("title", texts("both seen", "in between")...)
	}
}

func TestAValueThatReplacesNothingKeepsItsTime(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(phone, 9, nothing, text("title", "one"))
	s.write(desk, 2, nothing, text("title", "knows nothing of it"))
	if got := s.cell("title", "").Others[0].Eff; got != 2 {
		t.Errorf("effective at %d, want 2", got)
	}
}

// A restored hub hears of a replacement before it hears again of what was replaced.
func TestWhatWasReplacedDoesNotStandWhenItComesLate(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	late := clock.Dot{Actor: tablet, Counter: 4}
	s.write(phone, 1, saw(late), text("title", "its replacement"), unseen(saw(late)))
	s.write(tablet, 9, nothing, text("title", "late"), under(late))
	s.expect("title", record.Text("its replacement"))
	s.expectSaid(closed("its replacement", "late"))
	if got := s.cell("title", "").Seq; got != 1 {
		t.Errorf("the cell changed at %d, though what is shown did not", got)
	}
	if !s.row.Vector.Covers(late) {
		t.Error("the row does not remember it")
	}
}

func TestWhatWasReplacedInOneCellStandsInAnother(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	late := clock.Dot{Actor: tablet, Counter: 4}
	s.write(phone, 1, saw(late), text("title", "its replacement"), unseen(saw(late)))
	s.write(tablet, 9, nothing, record.Values{"title": record.Text("late"), "finding": record.Text("late")}, under(late))
	s.expect("title", record.Text("its replacement"))
	s.expect("finding", record.Text("late"))
}

// What the hub has applied itself needs no remembering: it stood in the cell.
func TestACellRemembersOnlyWhatTheHubHasNotApplied(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	one := s.write(phone, 1, nothing, text("title", "one"))
	later := clock.Dot{Actor: tablet, Counter: 4}
	s.write(desk, 1, saw(one), text("title", "two"))
	if got := s.cell("title", "").Seen; !got.IsZero() {
		t.Errorf("it remembers %v", got)
	}
	s.write(phone, 1, saw(one, later), text("title", "three"), unseen(saw(later)))
	s.write(boss, 1, s.row.Vector, text("title", "four"))
	if got := s.cell("title", "").Seen; !got.Equal(saw(later)) {
		t.Errorf("it remembers %v, want %v", got, saw(later))
	}
}

// A refused change set is released under a dot of its own. Whoever wrote on top of what was refused had seen it.
func TestAReleaseDoesNotReplaceWhatWasWrittenOnTopOfIt(t *testing.T) {
	t.Parallel()
	refused := clock.Dot{Actor: phone, Counter: 1}
	for name, c := range map[string]struct {
		by     clock.Actor
		unseen clock.Vector
		want   []string
	}{
		"by its author":               {phone, nothing, []string{"later"}},
		"by somebody who had seen it": {tablet, saw(refused), []string{"later"}},
		"by somebody who had not":     {tablet, nothing, []string{"later", "released"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.write(c.by, 9, saw(refused), text("title", "later"), under(clock.Dot{Actor: c.by, Counter: 2}), unseen(c.unseen))
			s.write(desk, 1, nothing, text("title", "released"), func(w *merge.Write) { w.As = refused })
			s.expect("title", texts(c.want...)...)
		})
	}
}

func unseen(v clock.Vector) func(*merge.Write) { return func(w *merge.Write) { w.Unseen = v } }

// released makes a write the release of what was refused under the dot.
func released(d clock.Dot) func(*merge.Write) { return func(w *merge.Write) { w.As = d } }

// Two edits of one cell were refused, and the office releases both: the second, whose author is the same, replaces the
// first, in whatever order they are released.
func TestReleasedEditsOfOneAuthorDoNotConflict(t *testing.T) {
	t.Parallel()
	first, second := clock.Dot{Actor: phone, Counter: 1}, clock.Dot{Actor: phone, Counter: 2}
	for _, order := range [][]clock.Dot{{first, second}, {second, first}} {
		s := newStory(t)
		for _, d := range order {
			s.write(desk, clock.Stamp(d.Counter), nothing, text("title", map[clock.Dot]string{first: "one", second: "two"}[d]), released(d))
		}
		s.expect("title", record.Text("two"))
	}
	s := newStory(t)
	s.write(desk, 1, nothing, text("title", "one"), released(first))
	s.write(phone, 2, nothing, text("title", "three"), under(clock.Dot{Actor: phone, Counter: 3}))
	s.expect("title", record.Text("three"))
	s.write(desk, 3, nothing, text("title", "another's"), released(clock.Dot{Actor: tablet, Counter: 9}))
	s.expect("title", texts("another's", "three")...)
}

// Whoever releases what was refused writes for its author.
func TestAReleasedValueIsItsAuthors(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(boss, 9, nothing, text("finding", "the office's"))
	s.write(desk, 1, nothing, text("finding", "the technician's"), released(clock.Dot{Actor: phone, Counter: 1}))
	s.expect("finding", texts("the technician's", "the office's")...)
}

// What devices held and a restore lost is kept under one actor: copies of different times, of different people. That one
// was kept after another does not mean that its author had seen the other.
func TestCopiesThatAreReleasedStandBesideEachOther(t *testing.T) {
	t.Parallel()
	for _, order := range [][]uint64{{1, 2}, {2, 1}} {
		s := newStory(t)
		for _, n := range order {
			s.write(desk, clock.Stamp(n), nothing, text("title", map[uint64]string{1: "one", 2: "two"}[n]), released(clock.Dot{Actor: hub, Counter: n}))
		}
		s.expect("title", texts("two", "one")...)
	}
}

// An office that amends what it releases writes what its author had not seen. Where his later write takes its place, or
// was there before it, that is recorded.
func TestWhatWasAmendedIsRecordedWhereItsAuthorReplacesIt(t *testing.T) {
	t.Parallel()
	refused := clock.Dot{Actor: phone, Counter: 1}
	amends := func(s *story) { s.write(desk, 1, nothing, text("title", "amended"), released(refused)) }
	goesOn := func(s *story) {
		s.write(phone, 2, saw(refused), text("title", "later"), under(clock.Dot{Actor: phone, Counter: 2}))
	}
	for name, order := range map[string][]func(*story){"before": {amends, goesOn}, "after": {goesOn, amends}} {
		s := newStory(t)
		for _, happens := range order {
			happens(s)
		}
		s.expect("title", record.Text("later"))
		if want := closed("later", "amended"); len(s.said) != 1 {
			t.Errorf("released %s it: nothing is recorded", name)
		} else {
			s.expectSaid(want)
		}
	}
}

// After a restore the office may put back what a device kept of a value, before its author's change set comes again: it
// stands once, and is no question.
func TestAValueThatWasPutBackStandsOnceWhenItComesAgain(t *testing.T) {
	t.Parallel()
	lost := clock.Dot{Actor: tablet, Counter: 4}
	s := newStory(t)
	s.write(desk, 1, saw(lost), text("title", "lost"), unseen(saw(lost)), released(clock.Dot{Actor: hub, Counter: 1}))
	s.write(tablet, 1, nothing, text("title", "lost"), under(lost))
	s.expect("title", record.Text("lost"))
	s.expectSaid(closed("lost", "lost"))
}

// What was seen is remembered as far as a row takes it. One writer more, and a value that was seen stands beside: asked once too
// often, and not lost.
func TestWhatWasSeenIsRememberedAsFarAsARowTakesIt(t *testing.T) {
	t.Parallel()
	late := clock.Dot{Actor: phone, Counter: 1}
	for writers, want := range map[int][]string{clock.MaxVectorLen - 1: {"later"}, clock.MaxVectorLen: {"later", "late"}} {
		many := make([]clock.Dot, writers)
		for i := range many {
			many[i] = clock.Dot{Actor: actor(uint64(100+i), clock.SideDevice), Counter: 1}
		}
		s := newStory(t)
		s.write(desk, 8, nothing, text("title", "first"), unseen(saw(many...)))
		s.write(desk, 9, saw(clock.Dot{Actor: desk, Counter: 1}), text("title", "later"), unseen(saw(late)))
		s.write(phone, 1, nothing, text("title", "late"))
		s.expect("title", texts(want...)...)
	}
}
