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
	numbers3 = []record.Value{record.Null, record.Number(1), record.Number(2)}
	codes    = []string{"planned", "cancelled", "done"}
	codes3   = []record.Value{record.Text("planned"), record.Text("cancelled"), record.Text("done")}
	two      = numbers3[1:]
)

// cells are one column for each way of merging in which nobody has to be asked.
var cells = []cellCase{
	{"last", schema.Column{Kind: schema.Integer}, two},
	{"first", schema.Column{Kind: schema.Instant, Policy: schema.First}, two},
	{"max", schema.Column{Kind: schema.Integer, Policy: schema.Max}, numbers3},
	{"min", schema.Column{Kind: schema.Decimal, Policy: schema.Min}, numbers3},
	{"ladder", schema.Column{Kind: schema.Enum, Policy: schema.Ladder, Codes: codes}, codes3},
	{"office owns", schema.Column{Kind: schema.Integer, Policy: schema.Owner, Owner: schema.Office}, two},
	{"device owns", schema.Column{Kind: schema.Integer, Policy: schema.Owner, Owner: schema.Device}, two},
	{"group", schema.Column{Kind: schema.Instant, Policy: schema.Group, Group: "plan"}, two},
	{"set", schema.Column{Kind: schema.Set}, []record.Value{record.Null, record.Number(1)}},
	{"translated", schema.Column{Kind: schema.Translated}, []record.Value{record.Text("a"), record.Text("b")}},
}

// asking are the columns in which some values are for a person to settle.
var asking = []cellCase{
	{"ask", schema.Column{Kind: schema.Integer, Policy: schema.Ask}, two},
	{"ladder that asks", schema.Column{Kind: schema.Enum, Policy: schema.Ladder, Codes: codes, Asks: [][2]string{{"cancelled", "done"}}}, codes3},
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

// modelSize is how many writes the small model has; fewer where time is short.
func modelSize() int {
	if testing.Short() {
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
				everyOrder(h.Deliver(), func(d *Delivery) {
					count++
					mustAgree(t, d)
				}, check(t))
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
			smallHistories(c, modelSize(), func(h *History) { everyOrder(h.Deliver(), func(*Delivery) {}, check(t)) })
		})
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
			everyOrder(h.Deliver(), func(d *Delivery) {
				mustAgree(t, d)
				if d.Row.Deleted != h.Hidden() {
					t.Fatalf("deleted %v, want %v\n%s", d.Row.Deleted, h.Hidden(), tale(d))
				}
			}, check(t))
		}
	})
}

// Bigger histories than can be counted: five actors, a dozen writes, clocks that tie.
func TestAnyOrderOfArrivalGivesTheSameRow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, rapid.SampledFrom(cells).Draw(t, "policy"))
		d := h.Deliver()
		for d.Came != h.All() {
			var next []int
			for i := range h.Writes {
				if d.MayCome(i) {
					next = append(next, i)
				}
			}
			check(t)(d, rapid.SampledFrom(next).Draw(t, "comes"))
		}
		mustAgree(t, d)
		if d.Row.Deleted != h.Hidden() {
			t.Fatalf("deleted %v, want %v\n%s", d.Row.Deleted, h.Hidden(), tale(d))
		}
	})
}

func drawHistory(t *rapid.T, c cellCase) *History {
	h := &History{Table: NewCell(c.column)}
	counters := map[int]uint64{}
	for k := range rapid.IntRange(1, 12).Draw(t, "writes") {
		a := rapid.IntRange(0, 4).Draw(t, "actor")
		counters[a]++
		w := Written{
			Dot:    clock.Dot{Actor: actorOf(a, clock.Side(a%3)), Counter: counters[a]},
			Value:  rapid.SampledFrom(c.values).Draw(t, "value"),
			Eff:    clock.Stamp(rapid.IntRange(1, 9).Draw(t, "eff")),
			Delete: rapid.IntRange(0, 5).Draw(t, "delete") == 0,
		}
		for i := range k {
			if h.Writes[i].Dot.Actor == w.Dot.Actor || rapid.IntRange(0, 2).Draw(t, "saw") == 0 {
				w.Saw |= h.Writes[i].Saw | 1<<i
			}
		}
		for i := range k {
			if w.Saw.Has(i) {
				w.Eff = max(w.Eff, h.Writes[i].Eff)
			}
		}
		h.Writes = append(h.Writes, w)
	}
	return h
}

// failer is a test or a property.
type failer interface {
	Helper()
	Fatalf(string, ...any)
}

// check returns what merges the i-th write and holds the merge to what must be true at each step: nobody's value goes
// but by somebody who had seen it; what stands is shown by the policy; and what does not agree is reported.
func check(t failer) func(d *Delivery, i int) {
	return func(d *Delivery, i int) {
		before, _ := d.Standing()
		conflicts := d.Come(i)
		after, shown := d.Standing()
		w := &d.History.Writes[i]
		if gone := before &^ after; gone&^w.Saw != 0 || w.Delete && gone != 0 {
			t.Fatalf("write %d replaced %b, and its author had seen %b\n%s", i, gone, w.Saw, tale(d))
		}
		if !w.Delete && !after.Has(i) {
			mustHaveBeenSeen(t, d, i, conflicts)
		}
		if shown != d.History.Shown(after) {
			t.Fatalf("of %b it shows %d, want %d\n%s", after, shown, d.History.Shown(after), tale(d))
		}
		if !w.Delete && after.Has(i) {
			mustReport(t, d, after, conflicts)
		}
	}
}

// mustHaveBeenSeen says that a write which never stood was replaced by one that had come before it, and is recorded.
func mustHaveBeenSeen(t failer, d *Delivery, i int, conflicts []merge.Conflict) {
	for k := range d.History.Writes {
		if d.Came.Has(k) && d.History.Writes[k].Saw.Has(i) {
			for _, c := range conflicts {
				for _, s := range c.Standing {
					if s.Dot == d.History.Writes[i].Dot && s.Value == d.History.Writes[i].Value {
						return
					}
				}
			}
			t.Fatalf("write %d was dropped without a record\n%s", i, tale(d))
		}
	}
	t.Fatalf("write %d was dropped, and nobody had seen it\n%s", i, tale(d))
}

// mustReport says that the cell's conflict is reported, open, while its values differ.
func mustReport(t failer, d *Delivery, standing Writes, conflicts []merge.Conflict) {
	differ, first := false, -1
	for i := range d.History.Writes {
		if standing.Has(i) && first < 0 {
			first = i
		}
		differ = differ || standing.Has(i) && d.History.Writes[i].Value != d.History.Writes[first].Value
	}
	for _, c := range conflicts {
		if c.Cell == merge.DeletedCell {
			continue
		}
		var values Writes
		for _, s := range c.Standing {
			values |= 1 << d.index(s.Dot)
		}
		if c.Open != differ || values != standing {
			t.Fatalf("reported %b, open %v; want %b, open %v\n%s", values, c.Open, standing, differ, tale(d))
		}
		return
	}
	if differ {
		t.Fatalf("%b stand, and no conflict was reported\n%s", standing, tale(d))
	}
}

// mustAgree holds a complete delivery to the oracle.
func mustAgree(t failer, d *Delivery) {
	t.Helper()
	want := d.History.Standing(d.History.All())
	if got, shown := d.Standing(); got != want || shown != d.History.Shown(want) {
		t.Fatalf("%b stand and %d is shown, want %b and %d\n%s", got, shown, want, d.History.Shown(want), tale(d))
	}
}

// tale tells a history, for the one who has to find out.
func tale(d *Delivery) string {
	s := ""
	for i, w := range d.History.Writes {
		s += fmt.Sprintf("write %d: %v value %v eff %d delete %v saw %b came %v\n", i, w.Dot, w.Value, w.Eff, w.Delete, w.Saw, d.Came.Has(i))
	}
	return s + fmt.Sprintf("row: %+v", d.Row.Meta)
}

// everyOrder merges what has not come in every order that respects each actor's own, and calls done for each.
func everyOrder(d *Delivery, done func(*Delivery), come func(*Delivery, int)) {
	if d.Came == d.History.All() {
		done(d)
		return
	}
	for i := range d.History.Writes {
		if d.MayCome(i) {
			c := d.Clone()
			come(c, i)
			everyOrder(c, done, come)
		}
	}
}

// smallHistories calls yield with every history of up to size writes by up to 3 actors.
func smallHistories(c cellCase, size int, yield func(*History)) {
	table, sides := NewCell(c.column), c.sides()
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
