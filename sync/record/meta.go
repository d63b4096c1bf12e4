package record

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/schema"
)

// The packed form of a row's metadata is one blob beside its values, at most a fifth of the row at twenty columns.
// Most columns of a row were last written together, so cells without siblings are gathered in groups that share dot,
// effective time and seq; a group names its columns by a bit set of their positions, so
// that a table gets columns at its end only: sqlrow.Migrate refuses others.
//
//	meta     = vector created:dot born deletion groups cells
//	deletion = 0 | 1 dot vector
//	groups   = n { dot eff seq columns }
//	cells    = n { column key seq head dot eff [as] others { dot eff [as] value } seen:vector }
//
// Head is twice the number of others, plus one where as follows: the dot that a value was released for, zero for none.
// A dot is the index of its actor in the vector, plus one, and the counter; an actor that is not in the vector is
// written as 0 and the actor itself. All numbers are unsigned varints.
const metaVersion = 1

// AppendMeta appends the packed form of the row's vector and metadata.
func AppendMeta(b []byte, r *Row) []byte {
	e := metaWriter{b: append(b, metaVersion), vector: r.Vector}
	m := r.Meta
	e.b = r.Vector.AppendBinary(e.b)
	e.dot(m.Created)
	e.uvarint(m.Born)
	if m.Delete == nil {
		e.b = append(e.b, 0)
	} else {
		e.b = append(e.b, 1)
		e.dot(m.Delete.Dot)
		e.b = m.Delete.Context.AppendBinary(e.b)
	}
	groups, single := groupCells(r.Table, m.Cells)
	e.uvarint(uint64(len(groups)))
	for _, g := range groups {
		e.dot(g.shown.Dot)
		e.uvarint(uint64(g.shown.Eff))
		e.uvarint(g.seq)
		e.uvarint(g.columns)
	}
	e.uvarint(uint64(len(single)))
	for _, c := range single {
		e.cell(c)
	}
	return e.b
}

// groupedCells is a set of plain columns whose cells share everything but the value.
type groupedCells struct {
	shown   Standing
	seq     uint64
	columns uint64 // bit i: the column at position i
}

func groupCells(t *schema.Table, cells []Cell) (groups []groupedCells, single []*Cell) {
	for i := range cells {
		c := &cells[i]
		position := t.ColumnByID(c.ID.Column)
		if c.ID.Key != "" || len(c.Others) > 0 || !c.Seen.IsZero() || position < 0 || !c.Shown.As.IsZero() {
			single = append(single, c)
			continue
		}
		groups = addToGroup(groups, c, uint64(1)<<position)
	}
	return groups, single
}

func addToGroup(groups []groupedCells, c *Cell, bit uint64) []groupedCells {
	for i := range groups {
		g := &groups[i]
		if g.shown.Dot == c.Shown.Dot && g.shown.Eff == c.Shown.Eff && g.seq == c.Seq {
			g.columns |= bit
			return groups
		}
	}
	return append(groups, groupedCells{c.Shown, c.Seq, bit})
}

type metaWriter struct {
	b      []byte
	vector clock.Vector
}

func (e *metaWriter) uvarint(x uint64) { e.b = binary.AppendUvarint(e.b, x) }

func (e *metaWriter) dot(d clock.Dot) {
	index := uint64(0)
	for v := range e.vector.All() {
		index++
		if v.Actor == d.Actor {
			e.uvarint(index)
			e.uvarint(d.Counter)
			return
		}
	}
	e.uvarint(0)
	e.uvarint(uint64(d.Actor))
	e.uvarint(d.Counter)
}

func (e *metaWriter) cell(c *Cell) {
	e.uvarint(uint64(c.ID.Column))
	e.b = appendText(e.b, c.ID.Key)
	released := hasReleased(c)
	head := uint64(len(c.Others)) << 1
	if released {
		head |= 1
	}
	e.uvarint(c.Seq)
	e.uvarint(head)
	e.standing(&c.Shown, released)
	for i := range c.Others {
		e.standing(&c.Others[i], released)
		e.b = c.Others[i].Value.AppendBinary(e.b)
	}
	e.b = c.Seen.AppendBinary(e.b)
}

func (e *metaWriter) standing(s *Standing, released bool) {
	e.dot(s.Dot)
	e.uvarint(uint64(s.Eff))
	if released {
		e.dot(s.As)
	}
}

// hasReleased reports whether one of the cell's values was refused first, and then released.
func hasReleased(c *Cell) bool {
	return !c.Shown.As.IsZero() || slices.ContainsFunc(c.Others, func(s Standing) bool { return !s.As.IsZero() })
}

// ReadMeta unpacks what AppendMeta packed into r.Vector and r.Meta; r.Table must be set. The error is ErrEncoding.
func ReadMeta(r *Row, b []byte) error {
	d := metaReader{reader: reader{b: b}}
	if d.byte() != metaVersion {
		d.fail()
	}
	d.actors = d.vector()
	m := &Meta{Created: d.metaDot(), Born: d.uvarint()}
	if d.below(1) == 1 {
		m.Delete = &Deletion{Dot: d.metaDot(), Context: d.vector()}
	}
	cells := make([]Cell, 0, len(r.Table.Columns))
	for n := d.count(4); n > 0; n-- {
		cells = d.group(cells, r.Table)
	}
	for n := d.count(7); n > 0; n-- {
		cells = append(cells, d.cell())
	}
	if d.err != nil || len(d.b) > 0 {
		return ErrEncoding
	}
	if sortCells(cells); !ordered(cells) {
		return ErrEncoding
	}
	m.Cells = cells
	r.Vector, r.Meta = d.actors, m
	return nil
}

// MetaVector returns the vector of the row whose metadata AppendMeta packed, and reads nothing else of it. The error is
// ErrEncoding.
func MetaVector(b []byte) (clock.Vector, error) {
	d := reader{b: b}
	if d.byte() != metaVersion {
		d.fail()
	}
	v := d.vector()
	return v, d.err
}

type metaReader struct {
	reader
	actors clock.Vector
}

func (d *metaReader) metaDot() clock.Dot {
	index := d.uvarint()
	if index == 0 {
		return d.dot()
	}
	for v := range d.actors.All() {
		if index--; index == 0 {
			return clock.Dot{Actor: v.Actor, Counter: d.uvarint()}
		}
	}
	d.fail()
	return clock.Dot{}
}

func (d *metaReader) group(cells []Cell, t *schema.Table) []Cell {
	shown := Standing{Dot: d.metaDot(), Eff: clock.Stamp(d.uvarint())}
	seq := d.uvarint()
	for set := d.uvarint(); set != 0 && d.err == nil; set &= set - 1 {
		position := bits.TrailingZeros64(set)
		if position >= len(t.Columns) || len(cells) == len(t.Columns) {
			d.fail()
			break
		}
		cells = append(cells, Cell{ID: CellID{Column: t.Columns[position].ID}, Seq: seq, Shown: shown})
	}
	return cells
}

func (d *metaReader) cell() Cell {
	c := Cell{ID: CellID{d.column(), d.text()}, Seq: d.uvarint()}
	head := d.uvarint()
	c.Shown = d.standing(head)
	if head>>1 > uint64(len(d.b)/4) {
		d.fail()
	}
	for n := head >> 1; n > 0 && d.err == nil; n-- {
		s := d.standing(head)
		s.Value = d.value()
		c.Others = append(c.Others, s)
	}
	c.Seen = d.vector()
	if head&1 != 0 && !hasReleased(&c) {
		d.fail()
	}
	return c
}

func (d *metaReader) standing(head uint64) Standing {
	s := Standing{Dot: d.metaDot(), Eff: clock.Stamp(d.uvarint())}
	if head&1 != 0 {
		s.As = d.metaDot()
	}
	return s
}

// ordered reports whether no cell comes twice.
func ordered(cells []Cell) bool {
	for i := 1; i < len(cells); i++ {
		if cells[i-1].ID.Compare(cells[i].ID) >= 0 {
			return false
		}
	}
	return true
}

// sortCells orders cells by id. They come nearly ordered, so an insertion sort is the fast one.
func sortCells(cells []Cell) {
	for i := 1; i < len(cells); i++ {
		for j := i; j > 0 && cells[j].ID.Compare(cells[j-1].ID) < 0; j-- {
			cells[j], cells[j-1] = cells[j-1], cells[j]
		}
	}
}
