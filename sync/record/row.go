package record

import (
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/schema"
)

// Row is one row as a replica holds it. On a device Meta is nil: a device never merges.
type Row struct {
	Table   *schema.Table
	ID      ID
	Cols    []Value      // the shown values, by position in Table.Columns
	Seq     uint64       // the hub's commit number that last touched the row; 0 for one the hub has not seen
	Vector  clock.Vector // exactly the dots applied to the row in this epoch
	Deleted bool         // hidden; the row is its own tombstone
	Meta    *Meta        // hub only: what merging needs to know
}

// Key returns the row's name.
func (r *Row) Key() Key { return Key{r.Table.ID, r.ID} }

// Get returns the shown value of the named column; null for a column the table does not have.
func (r *Row) Get(column string) Value {
	if i := r.Table.Column(column); i >= 0 {
		return r.Cols[i]
	}
	return Null
}

// Clone returns a copy that shares nothing that anybody changes.
func (r *Row) Clone() *Row {
	c := *r
	c.Cols = append([]Value(nil), r.Cols...)
	c.Meta = r.Meta.Clone()
	return &c
}

// Put sets one cell of the shown values.
func (r *Row) Put(column int, key string, v Value) {
	if key == "" {
		r.Cols[column] = v
		return
	}
	r.Cols[column] = r.Cols[column].WithCell(key, v)
}

// Buckets returns the buckets the row lies in; a rule whose column is empty gives none.
func (r *Row) Buckets() []Bucket {
	buckets := make([]Bucket, 0, len(r.Table.Buckets))
	for _, rule := range r.Table.Buckets {
		if b := r.Bucket(rule); b == Shared || !b.ID.IsZero() {
			buckets = append(buckets, b)
		}
	}
	return buckets
}

// Bucket returns the bucket that a rule of its table puts the row in; one without an id where the rule's column is empty.
func (r *Row) Bucket(rule schema.Bucket) Bucket {
	switch {
	case rule.Kind == schema.SharedBucket:
		return Shared
	case rule.From == "id":
		return Bucket{Kind: rule.Kind, ID: r.ID}
	}
	return Bucket{Kind: rule.Kind, ID: r.Get(rule.From).Ref()}
}

// CellID names a cell within a row: a column, and the key within a keyed one.
type CellID struct {
	Column schema.ColumnID
	Key    string
}

// Compare orders cells by column, then key.
func (c CellID) Compare(d CellID) int {
	if c.Column != d.Column {
		return int(c.Column) - int(d.Column)
	}
	return strings.Compare(c.Key, d.Key)
}

// Standing is one value that no later write has knowingly replaced.
type Standing struct {
	Dot   clock.Dot
	As    clock.Dot   // of a released value: the dot that its author gave it, when it was refused; else zero
	Eff   clock.Stamp // effective time: stamp + offset, clamped by the hub
	Value Value       // for the shown value of a cell it stands in Row.Cols, and here only while merging
}

// By returns the dot under which the value's author wrote it: who releases a value for him is not its author.
func (s *Standing) By() clock.Dot {
	if !s.As.IsZero() {
		return s.As
	}
	return s.Dot
}

// Cell is the merge state of one cell on the hub.
type Cell struct {
	ID     CellID
	Seq    uint64       // the commit at which the set of standing values last changed
	Shown  Standing     //
	Others []Standing   // siblings: concurrent values that are not shown
	Seen   clock.Vector // what the cell's authors had seen and the hub had not: needed after a restore and for releases
}

// Deletion is a delete that holds while its context covers every write in the row.
type Deletion struct {
	Dot     clock.Dot
	Context clock.Vector
}

// Meta is what the hub keeps beside a row's values.
type Meta struct {
	Created clock.Dot // the change set that inserted the row
	Born    uint64    // the commit since which the row is continuously alive; a device behind it needs the whole row
	Delete  *Deletion
	Cells   []Cell // ordered by ID; only cells that were ever written
}

// Clone returns a copy that shares nothing that anybody changes; nil for nil.
func (m *Meta) Clone() *Meta {
	if m == nil {
		return nil
	}
	c := *m
	c.Cells = append([]Cell(nil), m.Cells...)
	for i := range c.Cells {
		c.Cells[i].Others = append([]Standing(nil), c.Cells[i].Others...)
	}
	return &c
}

// Find returns the position of the cell in Cells, or where it would be inserted.
func (m *Meta) Find(id CellID) (int, bool) {
	lo, hi := 0, len(m.Cells)
	for lo < hi {
		mid := (lo + hi) / 2
		if m.Cells[mid].ID.Compare(id) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(m.Cells) && m.Cells[lo].ID == id
}
