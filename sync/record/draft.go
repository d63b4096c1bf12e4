package record

import (
	"slices"
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
)

// Values are cells by name, for code that writes rows: "state", or "fields.engine_no" for one cell of a keyed column.
type Values map[string]Value

// NewChange returns the change of one row that writes the values: checked against the columns, cells in canonical
// order, without a context. The error is a *fault.Error with the codes of CheckChange.
func NewChange(op Op, t *schema.Table, id ID, values Values) (RowChange, error) {
	c := RowChange{Op: op, Table: t.ID, ID: id}
	for name, v := range values {
		column, key, _ := strings.Cut(name, ".")
		i := t.Column(column)
		if i < 0 {
			return RowChange{}, fault.Newf(fault.Invalid, "%v has no column %s", t.Name, column)
		}
		c.Cells = append(c.Cells, CellWrite{CellID: CellID{t.Columns[i].ID, key}, Value: v})
	}
	slices.SortFunc(c.Cells, func(a, b CellWrite) int { return a.Compare(b.CellID) })
	return c, CheckChange(t, &c)
}

// Values returns the cells that the change writes by their names, as NewChange takes them. It reports false where one is
// of a column that only a newer program knows.
func (c *RowChange) Values(t *schema.Table) (values Values, known bool) {
	values = Values{}
	for _, w := range c.Cells {
		name, known := CellName(t, w.CellID)
		if !known {
			return nil, false
		}
		values[name] = w.Value
	}
	return values, true
}

// CellName returns what Values calls the cell. It reports false where the table has no such column.
func CellName(t *schema.Table, c CellID) (name string, known bool) {
	i := t.ColumnByID(c.Column)
	switch {
	case i < 0:
		return "", false
	case c.Key == "":
		return t.Columns[i].Name, true
	}
	return t.Columns[i].Name + "." + c.Key, true
}

// CheckChange reports whether the change fits its table: known columns, values of their kinds, columns of a group
// together, nothing immutable or ledgered rewritten, nothing required missing. The error is a *fault.Error with the
// code fault.Invalid, or fault.OutOfRange for a number that no sum could hold.
func CheckChange(t *schema.Table, c *RowChange) error { return checkChange(t, c, false) }

// CheckErased is CheckChange for a row whose personal values were erased: they are missing, though they be required.
func CheckErased(t *schema.Table, c *RowChange) error { return checkChange(t, c, true) }

func checkChange(t *schema.Table, c *RowChange, erased bool) error {
	if c.Op != Insert && t.Mode == schema.Ledger {
		return fault.Newf(fault.Invalid, "%v is a ledger: a correction is a new row naming the one it replaces", t.Name)
	}
	written := make(map[schema.ColumnID]bool, len(c.Cells))
	for i := range c.Cells {
		w := &c.Cells[i]
		at := t.ColumnByID(w.Column)
		if at < 0 {
			return fault.Newf(fault.Invalid, "%v has no such column: the app is newer than the hub", t.Name)
		}
		column := &t.Columns[at]
		if err := Check(column, w.Key, w.Value); err != nil {
			return err
		}
		if c.Op == Update && column.Has(schema.Immutable) {
			return fault.Newf(fault.Invalid, "%v is set once and cannot change", column.Name)
		}
		written[w.Column] = written[w.Column] || !w.Value.IsNull()
	}
	if c.Op == Insert {
		if err := checkRequired(t, written, erased); err != nil {
			return err
		}
	}
	return checkGroups(t, c)
}

func checkRequired(t *schema.Table, written map[schema.ColumnID]bool, erased bool) error {
	for i := range t.Columns {
		column := &t.Columns[i]
		if column.Has(schema.Required) && !written[column.ID] && !(erased && column.Has(schema.Personal)) {
			return fault.Newf(fault.Invalid, "%v is missing", column.Name)
		}
	}
	return nil
}

// checkGroups refuses an update that writes some columns of a group and not the others.
func checkGroups(t *schema.Table, c *RowChange) error {
	if c.Op != Update {
		return nil
	}
	touched := map[string]int{}
	for _, w := range c.Cells {
		if g := t.Columns[t.ColumnByID(w.Column)].Group; g != "" {
			touched[g]++
		}
	}
	for i := range t.Columns {
		if column := &t.Columns[i]; touched[column.Group] > 0 && column.Group != "" && !c.writes(column.ID) {
			return fault.Newf(fault.Invalid, "%v must be written together with the rest of its group %v", column.Name, column.Group)
		}
	}
	return nil
}

// CheckRoom reports whether the row, nil for one that is not there yet, has room for the change: MaxMap bytes in each
// keyed column, and MaxCells cells where its metadata is known. The error is a *fault.Error with the code fault.TooLarge.
func CheckRoom(t *schema.Table, row *Row, c *RowChange) error {
	if !slices.ContainsFunc(c.Cells, func(w CellWrite) bool { return w.Key != "" && !w.Value.IsNull() }) {
		return nil
	}
	after, cells := NewRow(t, c, clock.Dot{}), len(c.Cells)
	if row != nil {
		after = row.Clone()
		after.Show(c)
	}
	if after.Meta != nil {
		cells += len(after.Meta.Cells)
	}
	for i := range t.Columns {
		if t.Columns[i].Kind.Keyed() && len(after.Cols[i].Text()) > MaxMap || cells > MaxCells {
			return fault.Newf(fault.TooLarge, "%v holds too much; take something out first", t.Columns[i].Name)
		}
	}
	return nil
}

func (c *RowChange) writes(id schema.ColumnID) bool {
	return slices.ContainsFunc(c.Cells, func(w CellWrite) bool { return w.Column == id })
}

// NewRow returns the row that an insert creates, without metadata: its values and its vector.
func NewRow(t *schema.Table, c *RowChange, d clock.Dot) *Row {
	r := &Row{Table: t, ID: c.ID, Cols: make([]Value, len(t.Columns)), Vector: clock.VectorOf(d)}
	r.Show(c)
	return r
}

// Show puts the cells of a change on top of the row's shown values; cells of columns this version does not know are
// passed over.
func (r *Row) Show(c *RowChange) {
	for i := range c.Cells {
		w := &c.Cells[i]
		if at := r.Table.ColumnByID(w.Column); at >= 0 {
			r.Put(at, w.Key, w.Value)
		}
	}
	switch c.Op {
	case Delete:
		r.Deleted = true
	case Update, Insert:
		r.Deleted = false
	}
}

// Coalesce returns the one change that does what first and then second do to a row: later cells replace earlier ones,
// an update of a new row is part of its insert, and a delete leaves nothing else to do.
func Coalesce(first, second RowChange) RowChange {
	if second.Op == Delete {
		second.Context = first.Context
		return second
	}
	merged := first
	merged.Cells = slices.Clone(first.Cells)
	for _, w := range second.Cells {
		i, ok := slices.BinarySearchFunc(merged.Cells, w.CellID, func(a CellWrite, id CellID) int { return a.Compare(id) })
		if ok {
			w.Saw = merged.Cells[i].Saw // what was shown before the author began
			merged.Cells[i] = w
		} else {
			merged.Cells = slices.Insert(merged.Cells, i, w)
		}
	}
	return merged
}
