package judge

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// acceptable refuses what is wrong with a change set whatever its author holds, and returns the refused one that it amends,
// nil for none.
func (b *Batch) acceptable(author Author, p Parsed) (*original, error) {
	if p.torn {
		return nil, errTorn
	}
	if reason := b.refusedBefore(p.set, p.Prior); reason != nil {
		return nil, reason
	}
	if author.Revoked {
		return nil, fault.New(fault.Revoked, "this device was shut out; the office decides about its last changes")
	}
	if err := b.checkOrigin(author, p.set); err != nil {
		return nil, err
	}
	amended, err := b.amended(p.set, author)
	if err != nil {
		return nil, err
	}
	return amended, b.check(author, p.set)
}

// check reports whether the change set fits the schema and the rows there are.
func (b *Batch) check(author Author, cs *record.ChangeSet) error {
	fresh := make(map[record.Key]record.Op, len(cs.Rows))
	for i := range cs.Rows {
		c := &cs.Rows[i]
		t := b.Schema.TableByID(c.Table)
		if t == nil {
			return fault.New(fault.Invalid, "the app writes a table that this server does not know: it is newer")
		}
		if _, twice := fresh[c.Key()]; twice {
			return fault.Newf(fault.Invalid, "one change writes the same %v twice", t.Name)
		}
		fresh[c.Key()] = c.Op
		if err := b.checkValues(author, t, c); err != nil {
			return err
		}
		if err := b.checkExistence(author, t, c); err != nil {
			return err
		}
		if err := b.checkRoom(author, t, c); err != nil {
			return err
		}
	}
	return b.checkRefs(cs, fresh)
}

// checkValues refuses values that do not fit, and personal ones for a row whose personal values were erased: those that a
// device sends are taken out before, so that it is an office person who hears of it.
func (b *Batch) checkValues(author Author, t *schema.Table, c *record.RowChange) error {
	if author.erases {
		return nil
	}
	erased := false
	if hasPersonal(t) {
		var err error
		if erased, err = b.store.Erased(c.Key()); err != nil {
			return err
		}
	}
	if !erased {
		return record.CheckChange(t, c)
	}
	for _, w := range c.Cells {
		if at := t.ColumnByID(w.Column); at >= 0 && t.Columns[at].Has(schema.Personal) && !w.Value.IsNull() {
			return fault.Newf(fault.Erased, "the personal data of this %v was erased on request: record what is new in another one", t.Name)
		}
	}
	return record.CheckErased(t, c)
}

// maxBeside is how many values of one person stand in a cell beside each other. Nobody honest has more; a device that says of
// every write that it has seen nothing would fill the row with them. Those of others are not counted: whoever fills a cell is
// refused, and not who writes next.
const maxBeside = 100

// checkRoom refuses what would make a row too large to be sent to anybody.
func (b *Batch) checkRoom(author Author, t *schema.Table, c *record.RowChange) error {
	row, err := b.Row(c.Key())
	if err != nil {
		return err
	}
	if err := record.CheckRoom(t, row, c); err != nil || row == nil || author.Trusted {
		return err
	}
	for i := range c.Cells {
		w := &c.Cells[i]
		at, known := row.Meta.Find(w.CellID)
		if !known {
			continue
		}
		full, err := b.crowded(author, &t.Columns[t.ColumnByID(w.Column)], &row.Meta.Cells[at], c.Context, w)
		if err != nil {
			return err
		}
		if full {
			return fault.Newf(fault.TooLarge, "too many different values of this %v are waiting to be settled: ask the office", t.Name)
		}
	}
	return nil
}

// crowded reports whether so many values of the author's stay beside the write's that there is no room for another.
func (b *Batch) crowded(author Author, column *schema.Column, cell *record.Cell, saw clock.Vector, w *record.CellWrite) (bool, error) {
	stay := 0
	for _, s := range cell.Others {
		if saw.Covers(s.Dot) && (!column.Asking() || len(w.Settles) > 0) {
			continue
		}
		a, err := b.actor(s.Dot.Actor)
		if err != nil {
			return false, err
		}
		if a != nil && a.Person == author.Person {
			stay++
		}
	}
	return stay >= maxBeside, nil
}

// checkExistence refuses an insert of a row that is there, or by a device under an id that is none, and an update of one
// that never was.
func (b *Batch) checkExistence(author Author, t *schema.Table, c *record.RowChange) error {
	row, err := b.Row(c.Key())
	if err != nil {
		return err
	}
	switch {
	case c.Op == record.Insert && row != nil:
		return fault.Newf(fault.Exists, "this %v exists already", t.Name)
	case c.Op == record.Insert && !author.Trusted && !c.ID.IsGiven():
		return fault.Newf(fault.Malformed, "the number of this %v is not one that an app makes", t.Name)
	case c.Op != record.Insert && row == nil:
		return b.missing(t, c.Key())
	}
	return nil
}

// missing says why a row that a change needs is not there.
func (b *Batch) missing(t *schema.Table, key record.Key) error {
	by, err := b.store.QuarantinedInsert(key)
	if err != nil {
		return err
	}
	if !by.IsZero() {
		return fault.Newf(fault.DependsOn, "the %v it belongs to was refused: decide about that first", t.Name)
	}
	return fault.Newf(fault.UnknownRow, "this %v is not on the server", t.Name)
}

// checkRefs quarantines an insert that hangs on a row which a quarantined change set creates: its owner, or the row
// that gives it its bucket.
func (b *Batch) checkRefs(cs *record.ChangeSet, fresh map[record.Key]record.Op) error {
	for i := range cs.Rows {
		c := &cs.Rows[i]
		if c.Op != record.Insert {
			continue
		}
		t := b.Schema.TableByID(c.Table)
		for _, w := range c.Cells {
			column := &t.Columns[t.ColumnByID(w.Column)]
			if column.Kind != schema.Ref || !hangsOn(t, column.Name) || w.Value.IsNull() {
				continue
			}
			owner := b.Schema.Table(column.Ref)
			key := record.Key{Table: owner.ID, ID: w.Value.Ref()}
			if fresh[key] == record.Insert {
				continue
			}
			row, err := b.Row(key)
			if err != nil {
				return err
			}
			if row == nil {
				return b.missing(owner, key)
			}
		}
	}
	return nil
}

// hangsOn reports whether a row of the table belongs to the row that the column names.
func hangsOn(t *schema.Table, column string) bool {
	if t.Parent == column {
		return true
	}
	for _, rule := range t.Buckets {
		if rule.From == column {
			return true
		}
	}
	return false
}
