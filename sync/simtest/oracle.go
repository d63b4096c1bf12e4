package simtest

import (
	"math/bits"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/merge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Written is one write into one cell of a History, with what its author really saw.
type Written struct {
	Dot     clock.Dot
	Eff     clock.Stamp
	Column  int // of the table
	Value   record.Value
	Delete  bool         // hides the row instead of writing the cell
	Saw     Writes       // all he had seen: with a write also what its author had seen, and his own earlier ones
	Shown   record.Value // in columns that ask: the value that was shown to him, see History.Look
	Settles []clock.Dot  // which of the values before him he replaces, where a person has to say so
	// Release is the dot under which the write comes in the end, if it was refused first. Until then nobody but its
	// author has seen it.
	Release clock.Dot
}

// final returns the dot under which the write comes in the end.
func (w *Written) final() clock.Dot {
	if w.Release.IsZero() {
		return w.Dot
	}
	return w.Release
}

// owns reports whether the write comes from the side that owns the column; the hub is of the office.
func (w *Written) owns(c *schema.Column) bool {
	return (w.Dot.Actor.Side() == clock.SideDevice) == (c.Owner == schema.Device)
}

// Writes is a set of writes of a History, the i-th of them as bit i.
type Writes uint64

// Has reports whether the i-th write is in the set.
func (w Writes) Has(i int) bool { return w>>i&1 == 1 }

// History is all that was ever written into one row: the oracle of its merge. It is naive on purpose. It keeps
// everything, knows of no vectors, and answers from the definition: a value stands until somebody who had seen it
// replaces it.
type History struct {
	Table  *schema.Table
	Writes []Written // in an order in which everybody only saw what stands before

	vectors map[Writes]clock.Vector // of causally closed sets, once they were asked for
}

// NewTable returns a table with columns of these kinds and policies.
func NewTable(columns ...schema.Column) *schema.Table {
	columns = append([]schema.Column(nil), columns...)
	for i := range columns {
		columns[i].ID, columns[i].Name = schema.ColumnID(i+1), string(rune('a'+i))
	}
	s := schema.Must(schema.New("oracle", 1, &schema.Table{ID: 1, Name: "rows", Columns: columns, Buckets: everybody}))
	return s.Tables[0]
}

func (h *History) column(i int) *schema.Column { return &h.Table.Columns[h.Writes[i].Column] }

// All returns the set of all writes.
func (h *History) All() Writes { return 1<<len(h.Writes) - 1 }

// released returns the set of writes that were refused first.
func (h *History) released() (set Writes) {
	for i := range h.Writes {
		if !h.Writes[i].Release.IsZero() {
			set |= 1 << i
		}
	}
	return set
}

// Standing returns which values stand in the column once the writes of a causally closed set have come: those that
// none of them replaced.
func (h *History) Standing(column int, of Writes) Writes {
	var standing Writes
	for i := range h.Writes {
		if of.Has(i) && !h.Writes[i].Delete && h.Writes[i].Column == column {
			standing = standing&^h.Replaced(i) | 1<<i
		}
	}
	return standing
}

// Replaced returns the values that the i-th write knowingly replaced: all that stood before its author, or, where
// these were for a person to settle, those that he named, or else the one that was shown to him.
func (h *History) Replaced(i int) Writes {
	before := h.Standing(h.Writes[i].Column, h.Writes[i].Saw)
	if !h.forAPerson(before) {
		return before
	}
	if len(h.Writes[i].Settles) == 0 {
		return 1 << h.Shown(before)
	}
	var named Writes
	for k := range h.Writes {
		if slices.Contains(h.Writes[i].Settles, h.Writes[k].Dot) {
			named |= 1 << k
		}
	}
	return before & named
}

// forAPerson reports whether only a person may settle between these values.
func (h *History) forAPerson(of Writes) bool {
	for i := range h.Writes {
		for k := range h.Writes {
			if of.Has(i) && of.Has(k) && asks(h.column(i), h.Writes[i].Value, h.Writes[k].Value) {
				return true
			}
		}
	}
	return false
}

func asks(c *schema.Column, a, b record.Value) bool {
	if c.Policy == schema.Ask {
		return a != b
	}
	return slices.Contains(c.Asks, [2]string{a.Text(), b.Text()})
}

// Shown returns which of a column's values is shown: the one that beats every other; -1 for none.
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
	later := a.Eff > b.Eff || a.Eff == b.Eff && a.final().Compare(b.final()) > 0
	prefer := func(a, b bool) bool { return a && !b || a == b && later }
	switch c := h.column(i); {
	case c.Kind == schema.Set:
		return prefer(!a.Value.IsNull(), !b.Value.IsNull())
	case c.Policy == schema.Owner:
		return prefer(a.owns(c), b.owns(c))
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
	Judged  Writes // came, or were refused for the time being
	Came    Writes
}

// Deliver begins a delivery with a row that nobody has written.
func (h *History) Deliver() *Delivery {
	row := &record.Row{Table: h.Table, Cols: make([]record.Value, len(h.Table.Columns)), Meta: &record.Meta{}}
	return &Delivery{History: h, Row: row}
}

// Clone returns a delivery that goes on by itself.
func (d *Delivery) Clone() *Delivery {
	c := *d
	c.Row = d.Row.Clone()
	return &c
}

// Look notes for each write the value that was shown to its author: what a device shows that has all he had seen.
func (h *History) Look() {
	for i := range h.Writes {
		d := h.Deliver()
		for k := range i {
			if h.Writes[i].Saw.Has(k) {
				d.Come(k)
			}
		}
		h.Writes[i].Shown = record.Null
		if _, shown := d.Standing(h.Writes[i].Column); shown >= 0 {
			h.Writes[i].Shown = h.Writes[shown].Value
		}
	}
}

// MayCome reports whether the i-th write can be the next: it has not come, and all earlier ones of its actor were
// judged.
func (d *Delivery) MayCome(i int) bool {
	for k := range i {
		if !d.Judged.Has(k) && d.History.Writes[k].Dot.Actor == d.History.Writes[i].Dot.Actor {
			return false
		}
	}
	return !d.Came.Has(i)
}

// Come merges the i-th write. One that is to be released is refused the first time, and changes nothing.
func (d *Delivery) Come(i int) []merge.Conflict {
	w := &d.History.Writes[i]
	in := &merge.Write{Op: record.Update, Dot: w.Dot, Eff: w.Eff, Context: d.History.vector(w.Saw), Unseen: d.unseen(w)}
	if !w.Release.IsZero() {
		if !d.Judged.Has(i) {
			d.Judged |= 1 << i
			return nil
		}
		in.Dot, in.As = w.Release, w.Dot
	}
	if w.Delete {
		in.Op = record.Delete
	} else {
		in.Cells = []record.CellWrite{{CellID: cellOf(d.History.column(i)), Value: w.Value, Saw: w.Shown, Settles: w.Settles}}
	}
	d.Judged |= 1 << i
	d.Came |= 1 << i
	return merge.Apply(d.Row, in, uint64(bits.OnesCount64(uint64(d.Came))))
}

func cellOf(c *schema.Column) record.CellID {
	if c.Kind.Keyed() {
		return record.CellID{Column: c.ID, Key: "key"}
	}
	return record.CellID{Column: c.ID}
}

// vector returns the version vector of a set of writes.
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

// unseen returns the part of what an author saw that the hub has not applied: what was not judged yet, and of his own
// what stands in quarantine. That of others he cannot have seen, whatever his vector covers.
func (d *Delivery) unseen(w *Written) clock.Vector {
	judged := d.History.vector(d.Judged)
	return d.History.vector(w.Saw).Filter(func(x clock.Dot) bool {
		return !judged.Covers(x) || x.Actor == w.Dot.Actor && d.refuses(x)
	})
}

// refuses reports whether a change set of the actor up to the dot stands in quarantine.
func (d *Delivery) refuses(x clock.Dot) bool {
	for i := range d.History.Writes {
		w := &d.History.Writes[i]
		if d.Judged.Has(i) && !d.Came.Has(i) && w.Dot.Actor == x.Actor && w.Dot.Counter <= x.Counter {
			return true
		}
	}
	return false
}

// Standing returns the values that stand in the row's column, and which of them is shown, -1 for none.
func (d *Delivery) Standing(column int) (standing Writes, shown int) {
	at, ok := d.Row.Meta.Find(cellOf(&d.History.Table.Columns[column]))
	if !ok {
		return 0, -1
	}
	cell := &d.Row.Meta.Cells[at]
	shown = d.History.Index(cell.Shown.Dot)
	standing = 1 << shown
	for _, o := range cell.Others {
		standing |= 1 << d.History.Index(o.Dot)
	}
	return standing, shown
}

// Index returns which write came under the dot.
func (h *History) Index(dot clock.Dot) int {
	for i := range h.Writes {
		if h.Writes[i].Dot == dot || h.Writes[i].Release == dot {
			return i
		}
	}
	return -1
}
