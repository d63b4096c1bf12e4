package simtest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/clock"
	"fieldsync/sync/merge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// cellCase is a column, and values for it that its policy tells apart.
type cellCase struct {
	name   string
	column schema.Column
	values []record.Value
}

var (
	texts = []record.Value{record.Text("a"), record.Text("b")}
	steps = []string{"planned", "cancelled", "done"}
	codes = []record.Value{record.Text("planned"), record.Text("cancelled"), record.Text("done")}
	some  = []record.Value{record.Null, record.Number(1), record.Number(2)}
)

// cells are one column for each way of merging in which nobody has to be asked.
var cells = []cellCase{
	{"last", schema.Column{Kind: schema.Text}, texts},
	{"first", schema.Column{Kind: schema.Instant, Policy: schema.First}, some[1:]},
	{"max", schema.Column{Kind: schema.Integer, Policy: schema.Max}, some[1:]},
	{"max or none", schema.Column{Kind: schema.Integer, Policy: schema.Max}, some[:2]},
	{"min", schema.Column{Kind: schema.Decimal, Policy: schema.Min}, some[1:]},
	{"min or none", schema.Column{Kind: schema.Decimal, Policy: schema.Min}, some[:2]},
	{"ladder", schema.Column{Kind: schema.Enum, Policy: schema.Ladder, Codes: steps}, codes[1:]},
	{"office owns", schema.Column{Kind: schema.Text, Policy: schema.Owner, Owner: schema.Office}, texts},
	{"device owns", schema.Column{Kind: schema.Text, Policy: schema.Owner, Owner: schema.Device}, texts},
	{"group", schema.Column{Kind: schema.Instant, Policy: schema.Group, Group: "plan"}, some[1:]},
	{"set", schema.Column{Kind: schema.Set}, some[:2]},
	{"translated", schema.Column{Kind: schema.Translated}, texts},
}

// asking are the columns in which some values are for a person to settle.
var asking = []cellCase{
	{"ask", schema.Column{Kind: schema.Text, Policy: schema.Ask}, texts},
	{"ladder that asks", schema.Column{
		Kind: schema.Enum, Policy: schema.Ladder, Codes: steps, Asks: [][2]string{{"cancelled", "done"}},
	}, codes},
}

// sides returns the sides of the three actors of the small model. Only a policy that looks at them tells actors apart.
func (c *cellCase) sides() []clock.Side {
	if c.column.Policy == schema.Owner {
		return []clock.Side{clock.SideDevice, clock.SideOffice, clock.SideDevice}
	}
	return make([]clock.Side, 3)
}

func actorOf(i int, side clock.Side) clock.Actor {
	a, err := clock.NewActor(0, uint64(i+1), side)
	if err != nil {
		panic(err) // a handful of serials is in range
	}
	return a
}

// modelSize is how many writes the small model has: fewer where time is short, and for the race detector, which has
// nothing to find in a pure function.
func modelSize() int {
	if testing.Short() || raceDetector {
		return 3
	}
	return 4
}

// The small model: 3 actors, up to 4 writes into one cell, everything that each can have seen, all values, all clocks
// that agree with what was seen, and every order of arrival that respects each actor's own, also after what built on
// it as when a restored hub is told again. The oracle knows what stands in the end, and what may go on the way.
func TestEveryOrderOfArrivalGivesTheSameRow(t *testing.T) {
	t.Parallel()
	for _, c := range cells {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			count := 0
			smallHistories(c, modelSize(), func(h *History) {
				everyOrder(t, h.Deliver(), func(d *Delivery) {
					count++
					mustAgree(t, d)
				})
			})
			t.Logf("%d deliveries", count)
		})
	}
}

// Where values are for a person to settle, what is replaced depends on what was shown, and the merge is only held to
// what must never happen.
func TestNothingGoesUnseenWhereAPersonSettles(t *testing.T) {
	t.Parallel()
	for _, c := range asking {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			smallHistories(c, modelSize(), func(h *History) { everyOrder(t, h.Deliver(), func(*Delivery) {}) })
		})
	}
}

// What a person has to settle does not depend on the order of arrival either, as long as nobody comes before what he
// had seen: it follows from what was shown to each author. After a restore more values may stand, never fewer.
func TestEveryOrderAsksTheSamePersonTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range asking {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			smallHistories(c, modelSize(), func(h *History) {
				h.Look()
				first := Writes(0)
				everyCausalOrder(t, h.Deliver(), func(d *Delivery) {
					standing, _ := d.Standing(0)
					if first == 0 {
						first = standing
					}
					if standing != first {
						t.Fatalf("%b stand, and %b in another order\n%s", standing, first, tale(d))
					}
				})
			})
		})
	}
}

// everyCausalOrder is everyOrder of those in which nobody comes before what he had seen.
func everyCausalOrder(t failer, d *Delivery, done func(*Delivery)) {
	if d.Came == d.History.All() {
		done(d)
		return
	}
	for i, w := range d.History.Writes {
		if d.MayCome(i) && w.Saw&^d.Came == 0 {
			c := d.Clone()
			step(t, c, i)
			everyCausalOrder(t, c, done)
		}
	}
}

// A deleted row stays so exactly while every write in it was seen by somebody who deleted it.
func TestEveryOrderOfDeletesGivesTheSameLife(t *testing.T) {
	t.Parallel()
	last := cellCase{"last", schema.Column{Kind: schema.Integer}, []record.Value{record.Number(1)}}
	smallHistories(last, modelSize(), func(h *History) {
		for deletes := range Writes(1) << len(h.Writes) {
			for i := range h.Writes {
				h.Writes[i].Delete = deletes.Has(i)
			}
			everyOrder(t, h.Deliver(), func(d *Delivery) {
				mustAgree(t, d)
				if d.Row.Deleted != h.Hidden() {
					t.Fatalf("deleted %v, want %v\n%s", d.Row.Deleted, h.Hidden(), tale(d))
				}
			})
		}
	})
}

// Bigger histories than can be counted: five actors, a dozen writes into two cells of a row, clocks that tie, deletes;
// or else writes that are refused first and released in the end.
func TestAnyOrderOfArrivalGivesTheSameRow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		for range 20 {
			d := h.Deliver()
			for d.Came != h.All() {
				step(t, d, drawNext(t, d))
			}
			mustAgree(t, d)
			if d.Row.Deleted != h.Hidden() {
				t.Fatalf("deleted %v, want %v\n%s", d.Row.Deleted, h.Hidden(), tale(d))
			}
		}
	})
}

// drawNext draws which write comes next: any, as when a restored hub is told again, unless there are releases. Whether
// an author had seen one of those, a vector that was there before cannot tell.
func drawNext(t *rapid.T, d *Delivery) int {
	var next []int
	for i, w := range d.History.Writes {
		if d.MayCome(i) && (w.Saw&^d.Judged == 0 || d.History.released() == 0) {
			next = append(next, i)
		}
	}
	return next[rapid.IntRange(0, len(next)-1).Draw(t, "comes")]
}

func drawHistory(t *rapid.T) *History {
	cases := []cellCase{rapid.SampledFrom(cells).Draw(t, "first"), rapid.SampledFrom(cells).Draw(t, "second")}
	h := &History{Table: NewTable(cases[0].column, cases[1].column)}
	releases := rapid.Bool().Draw(t, "releases")
	counters := map[int]uint64{}
	for range rapid.IntRange(1, 12).Draw(t, "writes") {
		a, column := rapid.IntRange(0, 4).Draw(t, "actor"), rapid.IntRange(0, 1).Draw(t, "column")
		counters[a]++
		w := Written{
			Dot: clock.Dot{Actor: actorOf(a, clock.Side(a%3)), Counter: counters[a]}, Column: column,
			Value: rapid.SampledFrom(cases[column].values).Draw(t, "value"),
			Eff:   clock.Stamp(rapid.IntRange(1, 9).Draw(t, "eff")),
		}
		w.Saw = drawSight(t, h, w.Dot.Actor)
		for i := range h.Writes {
			if w.Saw.Has(i) {
				w.Eff = max(w.Eff, h.Writes[i].Eff)
			}
		}
		switch chance := rapid.IntRange(0, 7).Draw(t, "kind"); {
		case chance == 0 && !releases:
			w.Delete = true
		case chance <= 1 && releases:
			w.Release = clock.Dot{Actor: actorOf(7, clock.SideOffice), Counter: uint64(len(h.Writes) + 1)}
		}
		h.Writes = append(h.Writes, w)
	}
	return h
}

// drawSight draws what the actor has seen: all of his own, and of others' what was not refused, with all that these
// had seen of that kind.
func drawSight(t *rapid.T, h *History, a clock.Actor) (saw Writes) {
	shown := h.All() &^ h.released() // to others
	for i, w := range h.Writes {
		switch {
		case w.Dot.Actor == a:
			saw |= w.Saw | 1<<i
		case shown.Has(i) && rapid.IntRange(0, 2).Draw(t, "saw") == 0:
			saw |= (w.Saw | 1<<i) & shown
		}
	}
	return saw
}

// failer is a test or a property. These steps are taken millions of times: too often for a call of Helper.
type failer interface{ Fatalf(string, ...any) }

// step merges the i-th write and holds the merge to what must be true each time: nobody's value goes but by somebody
// who had seen it; what stands is shown by the policy; and what does not agree is reported.
func step(t failer, d *Delivery, i int) {
	w := &d.History.Writes[i]
	before, _ := d.Standing(w.Column)
	conflicts := d.Come(i)
	after, shown := d.Standing(w.Column)
	if gone := before &^ after; gone&^w.Saw != 0 || w.Delete && gone != 0 {
		t.Fatalf("write %d replaced %b, and its author had seen %b\n%s", i, gone, w.Saw, tale(d))
	}
	if shown != d.History.Shown(after) {
		t.Fatalf("of %b it shows %d, want %d\n%s", after, shown, d.History.Shown(after), tale(d))
	}
	switch {
	case w.Delete || !d.Came.Has(i):
	case !w.Release.IsZero() && after.Has(i) && seenBefore(d, i):
		t.Fatalf("write %d was released, and stands though its author had replaced it\n%s", i, tale(d))
	case !after.Has(i):
		if !seenBefore(d, i) {
			t.Fatalf("write %d was dropped, and nobody had seen it\n%s", i, tale(d))
		}
		mustRecord(t, d, after|1<<i, conflicts)
	case d.differ(before) && !d.differ(after):
		mustRecord(t, d, before, conflicts)
	}
	if !w.Delete && d.Came.Has(i) {
		mustReport(t, d, after, conflicts)
	}
}

// seenBefore reports whether a write into the same cell has come whose author had seen the i-th.
func seenBefore(d *Delivery, i int) bool {
	for k, w := range d.History.Writes {
		if d.Came.Has(k) && w.Column == d.History.Writes[i].Column && w.Saw.Has(i) {
			return true
		}
	}
	return false
}

// mustRecord says that a closed record keeps the values.
func mustRecord(t failer, d *Delivery, values Writes, conflicts []merge.Conflict) {
	for _, c := range conflicts {
		if kept := d.valuesOf(c); !c.Open && values&^kept == 0 {
			return
		}
	}
	t.Fatalf("no record keeps the values of %b\n%s", values, tale(d))
}

// mustReport says that the cell's conflict is reported as open while its values differ, and only then.
func mustReport(t failer, d *Delivery, standing Writes, conflicts []merge.Conflict) {
	open := 0
	for _, c := range conflicts {
		if c.Open {
			open++
			if values := d.valuesOf(c); values != standing || d.History.Index(c.Standing[0].Dot) != d.History.Shown(standing) {
				t.Fatalf("reported %b, but %b stand\n%s", values, standing, tale(d))
			}
		}
	}
	if differ := d.differ(standing); open > 1 || differ != (open == 1) {
		t.Fatalf("%b stand, which differ: %v; reported as open %d times\n%s", standing, differ, open, tale(d))
	}
}

// differ reports whether the values are not all the same.
func (d *Delivery) differ(of Writes) bool {
	for i, w := range d.History.Writes {
		if of.Has(i) && w.Value != d.History.Writes[d.History.Shown(of)].Value {
			return true
		}
	}
	return false
}

// valuesOf returns the values of a record, which must be those that were written.
func (d *Delivery) valuesOf(c merge.Conflict) (values Writes) {
	for _, s := range c.Standing {
		if i := d.History.Index(s.Dot); d.History.Writes[i].Value == s.Value {
			values |= 1 << i
		}
	}
	return values
}

// mustAgree holds a complete delivery to the oracle. A value that was released may stand though it had been replaced:
// who came after the release had seen it under its old name only, and a needless question beats a lost value.
func mustAgree(t failer, d *Delivery) {
	released := d.History.released()
	for column := range d.History.Table.Columns {
		want := d.History.Standing(column, d.History.All())
		got, shown := d.Standing(column)
		if extra := got &^ want; want&^got != 0 || extra&^released != 0 || extra == 0 && shown != d.History.Shown(want) {
			t.Fatalf("%b stand and %d is shown, want %b and %d\n%s", got, shown, want, d.History.Shown(want), tale(d))
		}
	}
}

// tale tells a history, for the one who has to find out.
func tale(d *Delivery) string {
	s := ""
	for i, w := range d.History.Writes {
		s += fmt.Sprintf("write %d: %v column %d value %v eff %d delete %v saw %b release %v came %v\n",
			i, w.Dot, w.Column, w.Value, w.Eff, w.Delete, w.Saw, w.Release, d.Came.Has(i))
	}
	return s + fmt.Sprintf("row: %+v", d.Row.Meta)
}

// everyOrder merges what has not come in every order that respects each actor's own, and calls done for each.
func everyOrder(t failer, d *Delivery, done func(*Delivery)) {
	if d.Came == d.History.All() {
		done(d)
		return
	}
	for i := range d.History.Writes {
		if d.MayCome(i) {
			c := d.Clone()
			step(t, c, i)
			everyOrder(t, c, done)
		}
	}
}

// smallHistories calls yield with every history of up to size writes by up to 3 actors.
func smallHistories(c cellCase, size int, yield func(*History)) {
	table, sides := NewTable(c.column), c.sides()
	for n := 1; n <= size; n++ {
		everySight(sides, make([]int, 0, n), make([]Writes, 0, n), func(actors []int, saw []Writes) {
			h := &History{Table: table, Writes: make([]Written, n)}
			counters := map[int]uint64{}
			for i, a := range actors {
				counters[a]++
				h.Writes[i] = Written{Dot: clock.Dot{Actor: actorOf(a, sides[a]), Counter: counters[a]}, Saw: saw[i]}
			}
			everyValue(h, 0, c.values, func() { everyClock(h, 0, 0, func() { yield(h) }) })
		})
	}
}

// everySight completes who wrote and what he had seen in every way, but for exchanging actors of the same side.
func everySight(sides []clock.Side, actors []int, saw []Writes, yield func([]int, []Writes)) {
	k := len(actors)
	if k == cap(actors) {
		yield(actors, saw)
		return
	}
	for a := range sides {
		if twinWaits(sides, actors, a) {
			continue
		}
		var own Writes
		for i := range k {
			if actors[i] == a {
				own |= saw[i] | 1<<i
			}
		}
		for seen := range Writes(1) << k {
			if seen&own == own && closedUnder(seen, saw) {
				everySight(sides, append(actors, a), append(saw, seen), yield)
			}
		}
	}
}

// twinWaits reports whether an actor of the same side before a has not written yet: then a need not either.
func twinWaits(sides []clock.Side, actors []int, a int) bool {
	for b := range a {
		if sides[b] == sides[a] && !slices.Contains(actors, b) {
			return true
		}
	}
	return false
}

func closedUnder(seen Writes, saw []Writes) bool {
	for i := range saw {
		if seen.Has(i) && saw[i]&^seen != 0 {
			return false
		}
	}
	return true
}

func everyValue(h *History, i int, values []record.Value, yield func()) {
	if i == len(h.Writes) {
		yield()
		return
	}
	for _, v := range values {
		h.Writes[i].Value = v
		everyValue(h, i+1, values, yield)
	}
}

// everyClock gives the writes every order of effective times that agrees with what was seen; the hub clamps the
// others away. The writes of the set done have theirs.
func everyClock(h *History, at clock.Stamp, done Writes, yield func()) {
	if done == h.All() {
		yield()
		return
	}
	for i := range h.Writes {
		if !done.Has(i) && h.Writes[i].Saw&^done == 0 {
			h.Writes[i].Eff = at + 1
			everyClock(h, at+1, done|1<<i, yield)
		}
	}
}
