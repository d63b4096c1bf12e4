package record

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
)

// Source is where a Draft reads the rows that it does not write itself.
type Source interface {
	// Row returns the row, dead or alive; nil if there is none. It is not changed.
	Row(Key) (*Row, error)
	// Refs returns the ids of the living rows of the table whose reference column holds id.
	Refs(t *schema.Table, column string, id ID) ([]ID, error)
}

// Draft gathers the writes of one transaction into row changes, one a row, and shows them to the reads that follow.
// Nothing reaches the source.
type Draft struct {
	source Source
	schema *schema.Schema
	staged map[Key]*Staged
	order  []Key
}

// Staged is a row that a Draft writes.
type Staged struct {
	Was    *Row      // as the source has it; nil for a row that is created. It is not changed
	Row    *Row      // as it will be shown
	Change RowChange // without a context
}

// NewDraft returns an empty draft over the source.
func NewDraft(source Source, s *schema.Schema) *Draft {
	return &Draft{source: source, schema: s, staged: map[Key]*Staged{}}
}

// Schema returns the draft's schema.
func (d *Draft) Schema() *schema.Schema { return d.schema }

// Staged returns the rows written, in the order in which they were first touched.
func (d *Draft) Staged() []*Staged {
	list := make([]*Staged, len(d.order))
	for i, key := range d.order {
		list[i] = d.staged[key]
	}
	return list
}

// Row returns the living row as the draft leaves it; nil if there is none. The caller must not change it.
func (d *Draft) Row(key Key) (*Row, error) {
	row, err := d.any(key)
	if err != nil || row == nil || row.Deleted {
		return nil, err
	}
	return row, nil
}

func (d *Draft) any(key Key) (*Row, error) {
	if s := d.staged[key]; s != nil {
		return s.Row, nil
	}
	return d.source.Row(key)
}

// Refs returns the ids of the living rows whose reference column holds id, the draft's own included.
func (d *Draft) Refs(t *schema.Table, column string, id ID) ([]ID, error) {
	stored, err := d.source.Refs(t, column, id)
	if err != nil {
		return nil, err
	}
	ids := make([]ID, 0, len(stored))
	for _, have := range stored {
		if d.staged[Key{t.ID, have}] == nil {
			ids = append(ids, have)
		}
	}
	for _, key := range d.order {
		if row := d.staged[key].Row; row.Table == t && !row.Deleted && row.Get(column).Ref() == id {
			ids = append(ids, key.ID)
		}
	}
	return ids, nil
}

// Insert creates a row. What does not fit the schema, or exists, is refused with a *fault.Error and changes nothing.
func (d *Draft) Insert(t *schema.Table, id ID, values Values) error {
	c, err := NewChange(Insert, t, id, values)
	if err != nil {
		return err
	}
	if err := CheckRoom(t, nil, &c); err != nil {
		return err
	}
	if row, err := d.any(c.Key()); err != nil {
		return err
	} else if row != nil {
		return fault.Newf(fault.Exists, "this %v exists already", t.Name)
	}
	d.stage(&Staged{nil, NewRow(t, &c, clock.Dot{}), c})
	return nil
}

// Update writes cells of a row, Delete hides it.
func (d *Draft) Update(t *schema.Table, id ID, values Values) error {
	return d.change(Update, t, id, values)
}

// Delete hides a row.
func (d *Draft) Delete(t *schema.Table, id ID) error { return d.change(Delete, t, id, nil) }

func (d *Draft) change(op Op, t *schema.Table, id ID, values Values) error {
	c, err := NewChange(op, t, id, values)
	if err != nil {
		return err
	}
	row, err := d.Row(c.Key())
	if err != nil {
		return err
	}
	if row == nil {
		return fault.Newf(fault.UnknownRow, "this %v is not here", t.Name)
	}
	if err := CheckRoom(t, row, &c); err != nil {
		return err
	}
	noteSeen(row, &c)
	s := d.staged[c.Key()]
	if s != nil && s.Change.Op == Insert && op == Delete { // nobody else ever saw it: nothing is left to say
		d.unstage(c.Key())
		return nil
	}
	if s == nil {
		s = &Staged{row, row.Clone(), RowChange{Op: op, Table: c.Table, ID: c.ID}}
		d.stage(s)
	}
	s.Row.Show(&c)
	s.Change = Coalesce(s.Change, c)
	return nil
}

func (d *Draft) unstage(key Key) {
	delete(d.staged, key)
	d.order = slices.DeleteFunc(d.order, func(k Key) bool { return k == key })
}

// noteSeen notes, in columns where a person may have to settle, the values that were shown to the author.
func noteSeen(row *Row, c *RowChange) {
	for i := range c.Cells {
		w := &c.Cells[i]
		at := row.Table.ColumnByID(w.Column)
		if at < 0 || !row.Table.Columns[at].Asking() {
			continue
		}
		if w.Saw = row.Cols[at]; w.Key != "" {
			w.Saw = w.Saw.Cell(w.Key)
		}
	}
}

func (d *Draft) stage(s *Staged) {
	key := s.Change.Key()
	d.staged[key] = s
	d.order = append(d.order, key)
}
