package simtest

import (
	"math/bits"

	"fieldsync/sync/clock"
	"fieldsync/sync/merge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Written is one write into the one cell of a History, with what its author really saw.
type Written struct {
	Dot     clock.Dot
	Eff     clock.Stamp
	Value   record.Value
	Delete  bool        // hides the row instead of writing the cell
	Saw     Writes      // all he had seen: with a write also what its author had seen, and his own earlier ones
	Settles []clock.Dot // which of the values before him he replaces, where a person has to say so
}

// Writes is a set of writes of a History, the i-th of them as bit i.
type Writes uint64

// Has reports whether the i-th write is in the set.
func (w Writes) Has(i int) bool { return w>>i&1 == 1 }

// History is all that was ever written into one cell: the oracle of its merge. It is naive on purpose. It keeps
// everything, knows of no vectors, and answers from the definition: a value stands until somebody who had seen it
// replaces it.
type History struct {
	Table  *schema.Table // with one column
	Writes []Written     // in an order in which everybody only saw what stands before

	vectors map[Writes]clock.Vector // of causally closed sets, once they were asked for
}

// NewCell returns a table with that column alone.
func NewCell(c schema.Column) *schema.Table {
	c.ID, c.Name = 1, "cell"
	s := schema.Must(schema.New("oracle", 1, &schema.Table{
		ID: 1, Name: "rows", Columns: []schema.Column{c}, Buckets: everybody,
	}))
	return s.Tables[0]
}

func (h *History) column() *schema.Column { return &h.Table.Columns[0] }

// All returns the set of all writes.
func (h *History) All() Writes { return 1<<len(h.Writes) - 1 }

// Standing returns which values stand once the writes of a causally closed set have come: those that none of them
// replaced.
func (h *History) Standing(of Writes) Writes {
	standing := of
	for i := range h.Writes {
		switch {
		case !of.Has(i):
		case h.Writes[i].Delete:
			standing &^= 1 << i
		default:
			standing &^= h.Replaced(i)
		}
	}
	return standing
}

// Replaced returns the values that the i-th write knowingly replaced: all that stood before its author, or, where
// these were for a person to settle, those that he named, or else the one that was shown to him.
func (h *History) Replaced(i int) Writes {
	before := h.Standing(h.Writes[i].Saw)
	if !h.forAPerson(before) {
		return before
	}
	if len(h.Writes[i].Settles) == 0 {
		return 1 << h.Shown(before)
	}
	var named Writes
	for _, d := range h.Writes[i].Settles {
		for k := range h.Writes {
			if h.Writes[k].Dot == d {
				named |= 1 << k
			}
		}
	}
	return before & named
}

// forAPerson reports whether only a person may settle between these values.
func (h *History) forAPerson(of Writes) bool {
	for i := range h.Writes {
		for k := range h.Writes {
			if of.Has(i) && of.Has(k) && h.asks(h.Writes[i].Value, h.Writes[k].Value) {
				return true
			}
		}
	}
	return false
}

func (h *History) asks(a, b record.Value) bool {
	if h.column().Policy == schema.Ask {
		return a != b
	}
	for _, pair := range h.column().Asks {
		if a.Text() == pair[0] && b.Text() == pair[1] {
			return true
		}
	}
	return false
}

// Shown returns which of the values is shown: the one that beats every other; -1 for none.
func (h *History) Shown(of Writes) int {
	for i := range h.Writes {
		if of.Has(i) && h.beatsAll(i, of) {
			return i
		}
	}
	return -1
}

func (h *History) beatsAll(i int, of Writes) bool {
	for k := range h.Writes {
		if k != i && of.Has(k) && !h.Beats(i, k) {
			return false
		}
	}
	return true
}

// Beats reports whether the i-th value is shown before the k-th by the column's policy. Exactly one of two beats the
// other.
func (h *History) Beats(i, k int) bool {
	a, b := &h.Writes[i], &h.Writes[k]
	later := a.Eff > b.Eff || a.Eff == b.Eff && a.Dot.Compare(b.Dot) > 0
	prefer := func(a, b bool) bool { return a && !b || a == b && later }
	switch c := h.column(); {
	case c.Kind == schema.Set:
		return prefer(!a.Value.IsNull(), !b.Value.IsNull())
	case c.Policy == schema.Owner:
		owner := c.Owner == schema.Device
		return prefer((a.Dot.Actor.Side() == clock.SideDevice) == owner, (b.Dot.Actor.Side() == clock.SideDevice) == owner)
	case c.Policy == schema.Ladder && a.Value != b.Value:
		return c.Rank(a.Value.Text()) > c.Rank(b.Value.Text())
	case c.Policy == schema.Max && a.Value != b.Value:
		return b.Value.IsNull() || !a.Value.IsNull() && a.Value.Number() > b.Value.Number()
	case c.Policy == schema.Min && a.Value != b.Value:
		return b.Value.IsNull() || !a.Value.IsNull() && a.Value.Number() < b.Value.Number()
	case c.Policy == schema.First:
		return !later
	}
	return later
}

// Hidden reports whether the row is deleted: somebody deleted it, and every write was seen by somebody who did.
func (h *History) Hidden() bool {
	var deletes, covered Writes
	for i, w := range h.Writes {
		if w.Delete {
			deletes |= 1 << i
			covered |= w.Saw | 1<<i
		}
	}
	return deletes != 0 && covered == h.All()
}

// Delivery is the row that the merge makes of a history's writes as they come, in whatever order respects each
// actor's own.
type Delivery struct {
	History *History
	Row     *record.Row
	Came    Writes
}

// Deliver begins a delivery with a row that nobody has written.
func (h *History) Deliver() *Delivery {
	row := &record.Row{Table: h.Table, Cols: make([]record.Value, 1), Meta: &record.Meta{}}
	return &Delivery{History: h, Row: row}
}

// Clone returns a delivery that goes on by itself.
func (d *Delivery) Clone() *Delivery { return &Delivery{d.History, d.Row.Clone(), d.Came} }

// MayCome reports whether the i-th write can be the next: it has not come, and all earlier ones of its actor have.
func (d *Delivery) MayCome(i int) bool {
	for k := range i {
		if !d.Came.Has(k) && d.History.Writes[k].Dot.Actor == d.History.Writes[i].Dot.Actor {
			return false
		}
	}
	return !d.Came.Has(i)
}

// Come merges the i-th write.
func (d *Delivery) Come(i int) []merge.Conflict {
	w := &d.History.Writes[i]
	in := &merge.Write{Op: record.Update, Dot: w.Dot, Eff: w.Eff, Context: d.History.vector(w.Saw), Unseen: d.unseen(w.Saw)}
	if w.Delete {
		in.Op = record.Delete
	} else {
		cell := record.CellID{Column: 1}
		if d.History.column().Kind.Keyed() {
			cell.Key = "key"
		}
		in.Cells = []record.CellWrite{{CellID: cell, Value: w.Value, Settles: w.Settles}}
	}
	d.Came |= 1 << i
	return merge.Apply(d.Row, in, uint64(bits.OnesCount64(uint64(d.Came))))
}

// vector returns the version vector of a causally closed set.
func (h *History) vector(of Writes) clock.Vector {
	if v, ok := h.vectors[of]; ok {
		return v
	}
	var v clock.Vector
	for i := range h.Writes {
		if of.Has(i) {
			v = v.With(h.Writes[i].Dot)
		}
	}
	if h.vectors == nil {
		h.vectors = map[Writes]clock.Vector{}
	}
	h.vectors[of] = v
	return v
}

// unseen returns the part of what an author saw that has not come: as the hub finds it, by the counters of actors.
func (d *Delivery) unseen(saw Writes) clock.Vector {
	came := d.History.vector(d.Came)
	return d.History.vector(saw).Filter(func(x clock.Dot) bool { return !came.Covers(x) })
}

// Standing returns the values that stand in the row, and which of them is shown, -1 for none.
func (d *Delivery) Standing() (standing Writes, shown int) {
	if len(d.Row.Meta.Cells) == 0 {
		return 0, -1
	}
	cell := &d.Row.Meta.Cells[0]
	shown = d.index(cell.Shown.Dot)
	standing = 1 << shown
	for _, o := range cell.Others {
		standing |= 1 << d.index(o.Dot)
	}
	return standing, shown
}

func (d *Delivery) index(dot clock.Dot) int {
	for i := range d.History.Writes {
		if d.History.Writes[i].Dot == dot {
			return i
		}
	}
	return -1
}
