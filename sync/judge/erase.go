package judge

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Erase clears every personal value of the rows, those that stand beside the shown ones too, in the author's name. It
// is the one write that changes what is otherwise set once or only added: forgetting somebody overrules keeping a
// record. Devices hear of it as of any change. A row that is not there, or has nothing personal in it, is passed over;
// the zero Ruling says that there was nothing to erase. From then on the hub takes no personal value of the rows in, and
// tells devices to forget what they keep of them: a row may have been lost in a restore, and stand on some phone.
func (b *Batch) Erase(author Author, a clock.Actor, rows []record.Key) (Ruling, error) {
	rows = distinct(rows)
	r, err := b.clear(author, a, rows)
	if err != nil {
		return Ruling{}, err
	}
	var fresh []record.Key
	for _, key := range rows {
		erased, err := b.store.Erased(key)
		if err != nil {
			return Ruling{}, err
		}
		if !erased {
			fresh = append(fresh, key)
		}
	}
	if len(fresh) > 0 {
		b.touched[record.Shared] = true // every device is told, also where no row of its own has changed
		if r.Seq == 0 {                 // and is told by a commit
			b.seq++
		}
	}
	b.erased = true
	return r, b.store.PutErased(b.seq, fresh)
}

// Erased reports whether the row's personal values were erased.
func (b *Batch) Erased(k record.Key) (bool, error) { return b.store.Erased(k) }

// distinct returns each of the rows once: one may be asked for again, before it was done.
func distinct(rows []record.Key) (once []record.Key) {
	seen := make(map[record.Key]bool, len(rows))
	for _, key := range rows {
		if !seen[key] {
			once = append(once, key)
		}
		seen[key] = true
	}
	return once
}

// clear clears the personal values of the rows, in as many change sets as that takes: what is said of somebody in years, or of
// all whom a restored backup is to forget again, is more than one holds.
func (b *Batch) clear(author Author, a clock.Actor, rows []record.Key) (Ruling, error) {
	var changes []record.RowChange
	for _, key := range rows {
		row, err := b.Row(key)
		if err != nil {
			return Ruling{}, err
		}
		if row == nil {
			continue
		}
		if c := erasure(row); len(c.Cells) > 0 {
			changes = append(changes, c)
		}
	}
	author.Trusted, author.erases = true, true
	var last Ruling
	for _, some := range portions(changes) {
		var err error
		if last, err = b.Commit(author, a, some, "erase"); err != nil {
			return Ruling{}, err
		}
	}
	return last, nil
}

// portionBytes is about how many bytes of changes a portion has.
const portionBytes = record.MaxChangeSet / 2

// portions cuts changes into such as a change set holds each.
func portions(changes []record.RowChange) (sets [][]record.RowChange) {
	from, bytes := 0, 0
	for i := range changes {
		alone := record.ChangeSet{Rows: changes[i : i+1]}
		size := len(alone.AppendBinary(nil))
		if i > from && (i-from == record.MaxRows || bytes+size > portionBytes) {
			sets, from, bytes = append(sets, changes[from:i]), i, 0
		}
		bytes += size
	}
	if from < len(changes) {
		sets = append(sets, changes[from:])
	}
	return sets
}

// forget takes out of a change set what it says of rows that were erased, before anything of it is kept. It stays known
// by the hash that it had. One that says to have another hash than its bytes have, and cannot have lost anything by an
// erasure, is torn: see errTorn.
func (b *Batch) forget(p Parsed) (Parsed, error) {
	erased, err := b.erasedOf(p.set)
	if err != nil {
		return p, err
	}
	if p.Pushed.Hash != (record.Hash{}) && !b.lostValues(p.set, erased) {
		p.torn = true
	}
	if len(erased) == 0 {
		return p, nil
	}
	redacted, changed, err := record.Redact(b.Schema, p.Encoded, erased)
	if err != nil || !changed {
		return p, err
	}
	p.Encoded, p.Pushed.Hash = redacted, p.Hash
	p.set, err = record.ParseChangeSet(redacted)
	return p, err
}

// erasedOf returns those rows of the change set whose personal values were erased.
func (b *Batch) erasedOf(cs *record.ChangeSet) (map[record.Key]bool, error) {
	erased := map[record.Key]bool{}
	for i := range cs.Rows {
		c := &cs.Rows[i]
		if t := b.Schema.TableByID(c.Table); t != nil && !hasPersonal(t) {
			continue
		}
		yes, err := b.store.Erased(c.Key())
		if err != nil {
			return nil, err
		}
		if yes {
			erased[c.Key()] = true
		}
	}
	return erased, nil
}

// lostValues reports whether the change set looks as one does whose device took out what was erased: it has no salt, and
// writes nothing where something personal stood, or what this hub is too old to know. The row was erased, or the change
// set is of an epoch that is gone, whose erasures a restored hub may have forgotten.
func (b *Batch) lostValues(cs *record.ChangeSet, erased map[record.Key]bool) bool {
	return cs.Salt == (record.Salt{}) && slices.ContainsFunc(cs.Rows, func(c record.RowChange) bool {
		t := b.Schema.TableByID(c.Table)
		return (erased[c.Key()] || cs.Epoch < b.Epoch) && slices.ContainsFunc(c.Cells, func(w record.CellWrite) bool {
			return w.Value.IsNull() && w.Saw.IsNull() && mayBePersonal(t, w.Column)
		})
	})
}

func mayBePersonal(t *schema.Table, id schema.ColumnID) bool {
	if t == nil || t.ColumnByID(id) < 0 {
		return true
	}
	return t.Columns[t.ColumnByID(id)].Has(schema.Personal)
}

func hasPersonal(t *schema.Table) bool {
	return slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return c.Has(schema.Personal) })
}

// erasure returns the change that clears the row's personal cells, naming every value that stands in them.
func erasure(row *record.Row) record.RowChange {
	c := record.RowChange{Op: record.Update, Table: row.Table.ID, ID: row.ID, Context: row.Vector}
	for _, cell := range row.Meta.Cells {
		i := row.Table.ColumnByID(cell.ID.Column)
		if i < 0 || !row.Table.Columns[i].Has(schema.Personal) || empty(row, i, &cell) {
			continue
		}
		c.Cells = append(c.Cells, record.CellWrite{CellID: cell.ID, Settles: standingDots(&cell)})
	}
	return c
}

func empty(row *record.Row, position int, c *record.Cell) bool {
	shown := row.Cols[position]
	if c.ID.Key != "" {
		shown = shown.Cell(c.ID.Key)
	}
	return shown.IsNull() && !slices.ContainsFunc(c.Others, func(s record.Standing) bool { return !s.Value.IsNull() })
}

func standingDots(c *record.Cell) []clock.Dot {
	dots := []clock.Dot{c.Shown.Dot}
	for _, o := range c.Others {
		dots = append(dots, o.Dot)
	}
	return dots
}
