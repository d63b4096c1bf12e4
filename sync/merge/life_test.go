package merge_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// A delete holds while everything in the row was seen by somebody who deleted it.
func TestADeleteHoldsWhileItCoversEveryWrite(t *testing.T) {
	t.Parallel()
	one, two := clock.Dot{Actor: phone, Counter: 1}, clock.Dot{Actor: tablet, Counter: 1}
	for name, c := range map[string]struct {
		saw  []clock.Vector // by one deleter, or by two
		dead bool
	}{
		"seen by one":               {[]clock.Vector{saw(one, two)}, true},
		"seen in part":              {[]clock.Vector{saw(one)}, false},
		"seen by two together":      {[]clock.Vector{saw(one), saw(two)}, true},
		"seen in part, twice alike": {[]clock.Vector{saw(one), saw(one)}, false},
		"blindly":                   {[]clock.Vector{nothing}, false},
	} {
		s := newStory(t)
		s.write(phone, 1, nothing, text("title", "a"))
		s.write(tablet, 1, nothing, text("finding", "b"))
		for i, context := range c.saw {
			s.delete([]clock.Actor{desk, boss}[i], context)
		}
		if s.row.Deleted != c.dead {
			t.Errorf("%s: deleted: %v", name, s.row.Deleted)
		}
	}
}

func TestADeletedRowKeepsItsValues(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	d := s.write(phone, 1, nothing, text("title", "kept"))
	s.delete(desk, saw(d))
	s.expect("title", record.Text("kept"))
}

// A device that let the row go needs all of it, not only what changed.
func TestARevivedRowIsBornAgain(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.write(phone, 1, nothing, text("title", "a"))
	s.delete(desk, saw(first))
	if !s.row.Deleted || s.row.Meta.Born != 0 {
		t.Fatalf("deleted: %v, born at %d", s.row.Deleted, s.row.Meta.Born)
	}
	s.write(tablet, 1, saw(first), text("finding", "b"))
	if s.row.Deleted || s.row.Meta.Born != 3 {
		t.Errorf("deleted: %v, born at %d, want 3", s.row.Deleted, s.row.Meta.Born)
	}
	s.write(tablet, 1, s.row.Vector, text("finding", "c"))
	if s.row.Meta.Born != 3 {
		t.Errorf("born at %d, want 3 still", s.row.Meta.Born)
	}
}

func TestADeleteThatDoesNotHoldLeavesTheRowAsOldAsItIs(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(phone, 1, nothing, text("title", "a"))
	s.delete(desk, nothing)
	if s.row.Deleted || s.row.Meta.Born != 0 {
		t.Errorf("deleted: %v, born at %d", s.row.Deleted, s.row.Meta.Born)
	}
}

func TestARevivedRowIsDeletedByWhoSawTheRevival(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.write(phone, 1, nothing, text("title", "a"))
	s.delete(desk, saw(first))
	s.write(tablet, 1, saw(first), text("finding", "b"))
	s.delete(boss, s.row.Vector)
	if !s.row.Deleted {
		t.Error("it is alive")
	}
}

// A delete that arrives before a write it had seen waits for it.
func TestADeleteMayComeBeforeWhatItSaw(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.write(phone, 1, nothing, text("title", "a"))
	late := clock.Dot{Actor: tablet, Counter: 3}
	s.delete(desk, saw(first, late))
	s.write(tablet, 1, nothing, text("finding", "b"), under(late))
	if !s.row.Deleted {
		t.Error("what the delete had seen brought the row back")
	}
}

// An office person may delete from a form that is older than his own last write: that write he had not before him.
func TestADeleteFromAnOldFormDoesNotCoverItsAuthorsLaterWrites(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.write(desk, 1, nothing, text("title", "a"))
	form := saw(first)
	s.write(desk, 2, form, text("title", "b"))
	s.delete(desk, form)
	if s.row.Deleted {
		t.Error("it is deleted")
	}
}
