package simtest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Maker makes ids, values, rows and change sets at random, all of them valid. The same seed makes the same ones.
type Maker struct {
	*rand.Rand
	ms     int64
	actors []clock.Actor
}

// NewMaker returns a maker of the seed.
func NewMaker(seed uint64) *Maker {
	m := &Maker{Rand: rand.New(rand.NewPCG(seed, 0x5eed)), ms: 1_750_000_000_000}
	for serial, side := range []clock.Side{clock.SideDevice, clock.SideOffice, clock.SideDevice, clock.SideHub} {
		a, err := clock.NewActor(uint32(serial%2), uint64(serial+1), side)
		if err != nil {
			panic(err) // the numbers above are in range
		}
		m.actors = append(m.actors, a)
	}
	return m
}

// ID returns a fresh id, greater than the ones before.
func (m *Maker) ID() record.ID {
	m.ms += 1 + m.Int64N(1000)
	var random [10]byte
	for i := range random {
		random[i] = byte(m.Uint32())
	}
	return record.NewID(m.ms, random)
}

// IDs returns n fresh ids, in order.
func (m *Maker) IDs(n int) []record.ID {
	ids := make([]record.ID, n)
	for i := range ids {
		ids[i] = m.ID()
	}
	return ids
}

// Dot returns some dot.
func (m *Maker) Dot() clock.Dot {
	return clock.Dot{Actor: m.actors[m.IntN(len(m.actors))], Counter: 1 + m.Uint64N(300)}
}

// Stamp returns some stamp.
func (m *Maker) Stamp() clock.Stamp { return clock.StampAt(m.ms) + clock.Stamp(m.IntN(3)) }

// Vector returns some vector, now and then the empty one.
func (m *Maker) Vector() clock.Vector {
	var v clock.Vector
	for range m.IntN(4) {
		v = v.With(m.Dot())
	}
	return v
}

// Hash returns some hash.
func (m *Maker) Hash() record.Hash { return record.HashOf([]byte(m.text(20))) }

var words = []string{"pump", "Öl", "挖掘机", "液压泵", "", " a b ", "x'y\"z", "ß→😀", "0"}

func (m *Maker) text(longest int) string {
	s := words[m.IntN(len(words))] + strings.Repeat("n", m.IntN(10)) + words[m.IntN(len(words))]
	if len(s) > longest {
		return "short"
	}
	return s
}

// number returns small numbers mostly, and the ends of the range now and then.
func (m *Maker) number() int64 {
	switch m.IntN(8) {
	case 0:
		return -1 << 63
	case 1:
		return 1<<63 - 1
	}
	return m.Int64N(2000) - 1000
}

// Value returns a value for one cell of the column, null now and then.
func (m *Maker) Value(c *schema.Column) record.Value {
	if m.IntN(6) == 0 && !c.Has(schema.Required) {
		return record.Null
	}
	switch c.Kind {
	case schema.Text, schema.Translated:
		return record.Text(m.text(c.MaxText()))
	case schema.Enum:
		if len(c.Codes) == 0 {
			return record.Text("any")
		}
		return record.Text(c.Codes[m.IntN(len(c.Codes))])
	case schema.Integer, schema.Decimal, schema.Instant, schema.Date:
		return record.Number(m.number())
	case schema.Money:
		return record.Money(m.number(), []string{"EUR", "CNY"}[m.IntN(2)])
	case schema.Quantity:
		return record.Quantity(m.number(), []string{"", "l", "m²"}[m.IntN(3)])
	case schema.Ref:
		return record.Ref(m.ID())
	case schema.AnyRef:
		return record.AnyRef(record.Key{Table: schema.TableID(1 + m.IntN(9)), ID: m.ID()})
	case schema.Set:
		return record.Number(1)
	}
	return []record.Value{record.Text("f"), record.Number(m.number()), record.Money(5, "USD")}[m.IntN(3)] // Fields
}

// HubRow returns a row of the table as a hub has it, last touched by the commit seq, with the given values and random
// ones in the other columns: siblings, emptied cells and grouped ones among them.
func (m *Maker) HubRow(t *schema.Table, seq uint64, set record.Values) *record.Row {
	r := &record.Row{Table: t, ID: m.ID(), Cols: make([]record.Value, len(t.Columns)), Seq: seq}
	r.Meta = &record.Meta{Created: m.Dot(), Born: 1 + m.Uint64N(seq)}
	m.Rewrite(r, seq, set)
	return r
}

// Rewrite writes the given values, and some random ones, into a hub's row.
func (m *Maker) Rewrite(r *record.Row, seq uint64, set record.Values) {
	together := record.Cell{Seq: seq, Shown: record.Standing{Dot: m.Dot(), Eff: m.Stamp()}}
	for i := range r.Table.Columns {
		c := &r.Table.Columns[i]
		v, given := set[c.Name]
		switch {
		case c.Kind.Keyed():
			for range m.IntN(4) {
				m.write(r, i, []string{"en", "zh-Hans", "k", "引擎"}[m.IntN(4)], m.Value(c), together)
			}
		case given:
			m.write(r, i, "", v, together)
		case !c.Has(schema.Immutable) && m.IntN(4) > 0:
			m.write(r, i, "", m.Value(c), together)
		}
	}
	r.Seq, r.Vector = seq, vectorOf(r.Meta)
}

func (m *Maker) write(r *record.Row, column int, key string, v record.Value, cell record.Cell) {
	c := &r.Table.Columns[column]
	r.Put(column, key, v)
	cell.ID = record.CellID{Column: c.ID, Key: key}
	if m.IntN(4) == 0 {
		cell.Shown = record.Standing{Dot: m.Dot(), Eff: m.Stamp()}
		for range m.IntN(3) {
			cell.Others = append(cell.Others, record.Standing{Dot: m.Dot(), Eff: m.Stamp(), Value: m.Value(c)})
		}
		cell.Seen = m.Vector()
	}
	i, found := r.Meta.Find(cell.ID)
	if !found {
		r.Meta.Cells = slices.Insert(r.Meta.Cells, i, record.Cell{})
	}
	r.Meta.Cells[i] = cell
}

func vectorOf(m *record.Meta) clock.Vector {
	v := clock.VectorOf(m.Created)
	for _, c := range m.Cells {
		v = v.With(c.Shown.Dot)
		for _, o := range c.Others {
			v = v.With(o.Dot)
		}
	}
	return v
}

// Delete hides a hub's row.
func (m *Maker) Delete(r *record.Row, seq uint64) {
	d := m.Dot()
	r.Vector = r.Vector.With(d)
	r.Meta.Delete = &record.Deletion{Dot: d, Context: r.Vector}
	r.Deleted, r.Seq = true, seq
}

// DeviceRow returns a row of the table as a device has it.
func (m *Maker) DeviceRow(t *schema.Table, seq uint64, set record.Values) *record.Row {
	r := m.HubRow(t, max(seq, 1), set)
	r.Meta, r.Seq = nil, seq
	return r
}

// ChangeSet returns a change set under the dot that makes one change of each row: updates, unless op says otherwise.
func (m *Maker) ChangeSet(d clock.Dot, op record.Op, rows ...*record.Row) *record.ChangeSet {
	c := &record.ChangeSet{Dot: d, Stamp: m.Stamp(), Offset: m.Int64N(9) - 4, K: m.Uint64N(50), Cause: "test"}
	if m.IntN(3) == 0 {
		c.Origin = record.Origin{Dot: clock.Dot{Actor: m.actors[0], Counter: m.Uint64N(50)}, RID: m.ID()}
	}
	for _, r := range rows {
		c.Rows = append(c.Rows, m.change(op, r))
	}
	return c
}

func (m *Maker) change(op record.Op, r *record.Row) record.RowChange {
	c := record.RowChange{Op: op, Table: r.Table.ID, ID: r.ID, Context: m.Vector()}
	for i := range r.Table.Columns {
		column := &r.Table.Columns[i]
		if op == record.Delete || column.Kind.Keyed() || op == record.Update && column.Has(schema.Immutable) {
			continue
		}
		w := record.CellWrite{CellID: record.CellID{Column: column.ID}, Value: r.Cols[i]}
		if column.Policy == schema.Ask {
			w.Settles = []clock.Dot{m.Dot()}
		}
		c.Cells = append(c.Cells, w)
	}
	slices.SortFunc(c.Cells, func(a, b record.CellWrite) int { return cmp.Compare(a.Column, b.Column) })
	return c
}
