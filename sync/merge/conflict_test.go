package merge_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/merge"
	"fieldsync/sync/record"
)

// A conflict is reported exactly when values differ: while they stand, and once more when a write has decided.
func TestAConflictIsReportedWhenItBeginsAndWhenItEnds(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	one := s.write(phone, 1, nothing, text("title", "one"))
	s.expectSaid()
	two := s.write(desk, 2, nothing, text("title", "two"))
	s.expectSaid(open("two", "one"))
	three := s.write(tablet, 3, nothing, text("title", "three"))
	s.expectSaid(open("three", "two", "one"))
	four := s.write(boss, 4, saw(one, two), text("title", "four")) // decides between two, and not the third
	s.expectSaid(closed("four", "three", "two", "one"), open("four", "three"))
	s.write(boss, 5, saw(three, four), text("title", "five"))
	s.expectSaid(closed("five", "four", "three"))
	s.write(boss, 6, s.row.Vector, text("title", "six"))
	s.expectSaid()
}

func TestTheSameValueTwiceIsNoConflict(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	one := s.write(phone, 1, nothing, text("decision", "repair"))
	two := s.write(desk, 2, nothing, text("decision", "repair"))
	s.expectSaid()
	s.expect("decision", texts("repair", "repair")...)
	s.write(boss, 3, saw(one, two), text("decision", "replace"), shown(record.Text("repair")))
	s.expectSaid()
	s.expect("decision", record.Text("replace"))
}

func TestAnEmptiedCellBesideAValueIsAConflict(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(phone, 1, nothing, text("title", "kept"))
	s.write(desk, 2, nothing, emptied("title"))
	s.expectSaid(open("", "kept"))
}

func TestEachCellHasItsOwnConflict(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(phone, 1, nothing, record.Values{"title": record.Text("a"), "finding": record.Text("b")})
	s.write(desk, 2, nothing, record.Values{"title": record.Text("c"), "finding": record.Text("d")})
	s.expectSaid(open("c", "a"), open("b", "d")) // the finding is the technician's
	if a, b := s.said[0].Cell.Column, s.said[1].Cell.Column; a != 1 || b != 6 {
		t.Errorf("they are in the columns %d and %d", a, b)
	}
}

// In an ask column, and between the pairs of a ladder that ask, a write replaces what was shown to its author, and only
// a write that names values settles them.
func TestOnlyWhoNamesValuesSettlesThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		column   string
		one, two string
		want     string
	}{
		"ask":    {"decision", "repair", "replace", "scrap"},
		"ladder": {"state", "cancelled", "done", "work"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			one := s.write(desk, 1, nothing, text(c.column, c.one))
			two := s.write(phone, 2, nothing, text(c.column, c.two))
			s.expectSaid(asks(c.two, c.one))

			three := s.write(phone, 3, saw(one, two), text(c.column, c.two), shown(record.Text(c.two)))
			s.expect(c.column, texts(c.two, c.one)...)
			s.expectSaid(closed(c.two, c.two, c.one), asks(c.two, c.one))

			s.write(boss, 4, saw(one, three), text(c.column, c.want), settling(one, three))
			s.expect(c.column, record.Text(c.want))
			s.expectSaid(closed(c.want, c.two, c.one))
		})
	}
}

func TestWhoNamesOneValueLeavesTheOther(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	one := s.write(desk, 1, nothing, text("decision", "repair"))
	two := s.write(phone, 2, nothing, text("decision", "replace"))
	s.write(boss, 3, saw(one, two), text("decision", "scrap"), shown(record.Text("replace")), settling(one))
	s.expect("decision", texts("scrap", "replace")...)
}

func TestNobodySettlesWhatHeHadNotSeen(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	one := s.write(desk, 1, nothing, text("decision", "repair"))
	two := s.write(phone, 2, nothing, text("decision", "replace"))
	s.write(boss, 3, saw(one), text("decision", "scrap"), settling(one, two))
	s.expect("decision", texts("scrap", "replace")...)
}

// Of a ladder only the listed pairs need a person: what needs none is replaced like anywhere else.
func TestStatesThatNeedNoPersonAreReplacedTogether(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	planned := s.write(desk, 1, nothing, text("state", "planned"))
	work := s.write(phone, 2, nothing, text("state", "work"))
	s.expectSaid(open("work", "planned"))
	s.write(phone, 3, saw(planned, work), text("state", "done"), shown(record.Text("work")))
	s.expect("state", record.Text("done"))
	s.expectSaid(closed("done", "work", "planned"))
}

func TestGoingBackOnALadderIsNoConflictForWhoSaw(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	done := s.write(phone, 1, nothing, text("state", "done"))
	s.write(boss, 2, saw(done), text("state", "cancelled"), shown(record.Text("done")))
	s.expectSaid()
	s.expect("state", record.Text("cancelled"))
}

// Elsewhere a value that comes after its replacement is dropped. Here it takes a person to say that it was replaced.
func TestALateValueOfAQuestionStands(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	late := clock.Dot{Actor: tablet, Counter: 4}
	s.write(phone, 5, saw(late), text("decision", "scrap"), unseen(saw(late)))
	s.write(tablet, 1, nothing, text("decision", "repair"), under(late))
	s.expectSaid(asks("scrap", "repair"))
}

func TestADeleteIsReportedWhereItLoses(t *testing.T) {
	t.Parallel()
	hide := func(s *story, seen clock.Dot) { s.delete(desk, saw(seen)) }
	edit := func(s *story, context clock.Vector) { s.write(phone, 9, context, text("title", "still needed")) }
	for name, c := range map[string]struct {
		tell func(s *story, first clock.Dot)
		want bool
	}{
		"a delete that saw all":        {hide, false},
		"a delete that missed an edit": {func(s *story, _ clock.Dot) { s.delete(desk, nothing) }, true},
		"an edit of who knew":          {func(s *story, d clock.Dot) { hide(s, d); edit(s, s.row.Vector) }, false},
		"an edit of who did not":       {func(s *story, d clock.Dot) { hide(s, d); edit(s, saw(d)) }, true},
		"one more edit of who did not": {func(s *story, d clock.Dot) { hide(s, d); edit(s, saw(d)); edit(s, saw(d)) }, false},
	} {
		s := newStory(t)
		c.tell(s, s.write(phone, 1, nothing, text("finding", "a leak")))
		got := false
		for _, said := range s.said {
			got = got || said.Cell == merge.DeletedCell
		}
		if got != c.want {
			t.Errorf("%s: reported: %v", name, got)
		}
	}
}
