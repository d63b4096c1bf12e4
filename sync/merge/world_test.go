package merge_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/sync/clock"
	"fieldsync/sync/merge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

// Two phones, two people at desks, and the hub itself. Of two writes at the same time that of a later one wins.
var (
	phone  = actor(1, clock.SideDevice)
	tablet = actor(2, clock.SideDevice)
	desk   = actor(3, clock.SideOffice)
	boss   = actor(4, clock.SideOffice)
	hub    = actor(5, clock.SideHub)
)

func actor(serial uint64, side clock.Side) clock.Actor {
	a, err := clock.NewActor(0, serial, side)
	if err != nil {
		panic(err) // a handful of serials is in range
	}
	return a
}

// nothing is what somebody had seen who had seen nothing.
var nothing = clock.Vector{}

func saw(dots ...clock.Dot) clock.Vector { return clock.VectorOf(dots...) }

// story is one job and the writes that come to it, each as a commit of its own.
type story struct {
	*testing.T
	row  *record.Row
	said []merge.Conflict // of the last write
}

func newStory(t *testing.T) *story { return storyOf(t, simtest.Schema.Table("job")) }

func storyOf(t *testing.T, table *schema.Table) *story {
	return &story{T: t, row: &record.Row{
		Table: table, ID: record.ID{1}, Cols: make([]record.Value, len(table.Columns)), Meta: &record.Meta{},
	}}
}

// write lets a write of the values, made at the time, come; tune may change it before.
func (s *story) write(
	by clock.Actor, at clock.Stamp, context clock.Vector, values record.Values, tune ...func(*merge.Write),
) clock.Dot {
	s.Helper()
	c, err := record.NewChange(record.Update, s.row.Table, s.row.ID, values)
	if err != nil {
		s.Fatal(err)
	}
	return s.comes(&merge.Write{Op: c.Op, Eff: at, Context: context, Cells: c.Cells}, by, tune)
}

func (s *story) delete(by clock.Actor, context clock.Vector) clock.Dot {
	return s.comes(&merge.Write{Op: record.Delete, Eff: 9, Context: context}, by, nil)
}

func (s *story) comes(w *merge.Write, by clock.Actor, tune []func(*merge.Write)) clock.Dot {
	w.Dot = clock.Dot{Actor: by, Counter: s.row.Vector.Get(by) + 1}
	for _, t := range tune {
		t(w)
	}
	s.said = merge.Apply(s.row, w, s.row.Seq+1)
	s.stored()
	return w.Dot
}

// stored takes the row through its stored form, as every row goes from one commit to the next.
func (s *story) stored() {
	s.Helper()
	r := *s.row
	if err := record.ReadMeta(&r, record.AppendMeta(nil, s.row)); err != nil {
		s.Fatal(err)
	}
	s.row = &r
}

// under gives the write another dot, as when it comes out of turn.
func under(d clock.Dot) func(*merge.Write) { return func(w *merge.Write) { w.Dot = d } }

// shown says what was shown to the author in the cell that he writes.
func shown(v record.Value) func(*merge.Write) { return func(w *merge.Write) { w.Cells[0].Saw = v } }

func settling(dots ...clock.Dot) func(*merge.Write) {
	return func(w *merge.Write) { w.Cells[0].Settles = dots }
}

func (s *story) cell(column, key string) record.Cell {
	s.Helper()
	i, ok := s.row.Meta.Find(record.CellID{Column: s.row.Table.Columns[s.row.Table.Column(column)].ID, Key: key})
	if !ok {
		s.Fatalf("%s %q was never written", column, key)
	}
	return s.row.Meta.Cells[i]
}

// expect says which values stand in the column, the shown one first.
func (s *story) expect(column string, want ...record.Value) {
	s.Helper()
	got := []record.Value{s.row.Get(column)}
	for _, o := range s.cell(column, "").Others {
		got = append(got, o.Value)
	}
	if !slices.Equal(got, want) {
		s.Errorf("in %s stand %v, want %v", column, got, want)
	}
}

// expectSaid says what the last write reported.
func (s *story) expectSaid(want ...said) {
	s.Helper()
	var got []said
	for _, c := range s.said {
		g := said{open: c.Open, ask: c.Ask}
		for _, v := range c.Standing {
			g.values = append(g.values, v.Value.Text())
		}
		got = append(got, g)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(said{})); d != "" {
		s.Errorf("reported (-want +got):\n%s", d)
	}
}

// said is a conflict as it was reported.
type said struct {
	open, ask bool
	values    []string
}

func open(values ...string) said   { return said{open: true, values: values} }
func asks(values ...string) said   { return said{open: true, ask: true, values: values} }
func closed(values ...string) said { return said{values: values} }

func text(column, v string) record.Values         { return record.Values{column: record.Text(v)} }
func number(column string, n int64) record.Values { return record.Values{column: record.Number(n)} }
func emptied(column string) record.Values         { return record.Values{column: record.Null} }
func texts(list ...string) (values []record.Value) {
	for _, v := range list {
		values = append(values, record.Text(v))
	}
	return values
}
