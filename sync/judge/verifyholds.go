package judge

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Past is what tells which holds are missing: the rows, every hold there was, and who wrote what.
type Past interface {
	Rows
	HoldsOn(record.Bucket) ([]Hold, error)
	HoldsFrom(root record.Key) ([]Hold, error)
	Actor(clock.Actor) (*Actor, error)
	Entry(clock.Dot) (*Entry, error)
	// EntriesOn returns the change sets that name the row, refused ones too.
	EntriesOn(record.Key) ([]*Entry, error)
}

// VerifyHolds returns what is held by the row though it does not give it, and what it gives and nobody holds by it, though it must
// have been opened and cannot have ended. Whatever the office writes opens what the row then gives; of what only a device's
// change has made it give that is known where its author or the person held the bucket then, or where it was open and ended
// since. For the rest nothing is said: it may have led onto what neither held (Batch.opens), or have ended with the grace.
func VerifyHolds(p Past, s *schema.Schema, row *record.Row) (groundless, missing []Hold, err error) {
	read := &reading{Past: p, row: row}
	given, err := grants{Rows: read, schema: s, reads: read.note}.givenBy(row)
	if err != nil {
		return nil, nil, err
	}
	held, err := p.HoldsFrom(row.Key())
	if err != nil {
		return nil, nil, err
	}
	among := func(list []Hold, h Hold) bool {
		return slices.ContainsFunc(list, func(x Hold) bool { return sameHold(x, h) })
	}
	for _, h := range held {
		if !among(given, h) && !read.gap {
			groundless = append(groundless, h)
		}
	}
	for _, h := range given {
		if among(held, h) {
			continue
		}
		must, err := read.mustHold(h)
		if err != nil {
			return nil, nil, err
		}
		if must {
			missing = append(missing, h)
		}
	}
	return groundless, missing, nil
}

// reading is what was read to find out what a row gives: nobody but who writes one of these cells, or brings one of the rows
// back, changes what it gives, and whoever does has it looked at anew.
type reading struct {
	Past
	row   *record.Row
	cells []readCell
	gap   bool // a row on the way was deleted and forgotten: what it led to stays held
}

// Row notes where there is none.
func (r *reading) Row(k record.Key) (*record.Row, error) {
	row, err := r.Past.Row(k)
	r.gap = r.gap || err == nil && row == nil
	return row, err
}

type readCell struct {
	row    *record.Row
	column string
}

func (r *reading) note(row *record.Row, column string) {
	r.cells = append(r.cells, readCell{row, column})
}

// mustHold reports whether it is certain that the hold was opened, and never ended.
func (r *reading) mustHold(h Hold) (bool, error) {
	if r.uncertain(h) {
		return false, nil
	}
	at, by, err := r.latest(nil)
	if err != nil || by.Actor != 0 && by.Actor.Side() != clock.SideDevice {
		return err == nil, err
	}
	past, err := r.HoldsOn(h.Bucket)
	if err != nil {
		return false, err
	}
	ended := false
	for _, x := range past {
		if x.Root == h.Root && sameHold(x, h) {
			if x.Late != 0 {
				return false, nil
			}
			ended = ended || x.Since >= at || x.Until > at
		}
	}
	if ended {
		return true, nil
	}
	if held, err := r.heldThen(h, past, at, by); held || err != nil {
		return held, err
	}
	return r.stayed()
}

// uncertain reports whether the row may have given the same bucket by another right before, or was given it by way of a row that
// is gone, which nobody who writes it leads back from.
func (r *reading) uncertain(h Hold) bool {
	for _, c := range r.cells {
		if c.row.Deleted || c.row.Meta == nil {
			return true
		}
	}
	for _, g := range r.row.Table.Grants {
		if g.Right == h.Right {
			break
		}
		if slices.ContainsFunc(g.Paths, func(p schema.Path) bool { return p.Kind == h.Bucket.Kind }) {
			return true
		}
	}
	return false
}

// latest returns the last commit at which anything changed that decides what the row gives, but for the columns left out, and
// the change set that did; zero where that is not known.
func (r *reading) latest(except []string) (at uint64, by clock.Dot, err error) {
	var dots []clock.Dot
	add := func(seq uint64, dot clock.Dot) {
		if seq > at {
			at, dots = seq, nil
		}
		if seq == at {
			dots = append(dots, dot)
		}
	}
	for _, c := range r.cells {
		add(c.row.Meta.Born, c.row.Meta.Created)
		if c.row == r.row && slices.Contains(except, c.column) {
			continue
		}
		if column := c.row.Table.Column(c.column); column >= 0 {
			if i, written := c.row.Meta.Find(record.CellID{Column: c.row.Table.Columns[column].ID}); written {
				add(c.row.Meta.Cells[i].Seq, c.row.Meta.Cells[i].Shown.Dot)
			}
		}
	}
	for _, dot := range dots {
		e, err := r.Entry(dot)
		if err != nil {
			return at, clock.Dot{}, err
		}
		if e != nil && e.Seq == at {
			return at, dot, nil
		}
	}
	return at, clock.Dot{}, nil
}

// heldThen reports whether the author of the commit held the bucket then, or the person of the hold.
func (r *reading) heldThen(h Hold, past []Hold, at uint64, by clock.Dot) (bool, error) {
	author, err := r.Actor(by.Actor)
	if err != nil || author == nil {
		return false, err
	}
	return slices.ContainsFunc(past, func(x Hold) bool {
		return x.Late == 0 && x.Since < at && (x.Person == author.Person && x.Until >= at || x.Person == h.Person && x.Until > at)
	}), nil
}

// stayed reports whether the row gives what it does since the office last had a part in that, whoever wrote since: nobody ever
// wrote that it gives nothing. A row that stands for another is also written by what was meant for that.
func (r *reading) stayed() (bool, error) {
	var while []string
	for _, g := range r.row.Table.Grants {
		if g.While != "" {
			while = append(while, g.While)
		}
	}
	_, by, err := r.latest(while)
	if err != nil || by.Actor == 0 || by.Actor.Side() == clock.SideDevice || r.row.Table.Alias != "" {
		return false, err
	}
	entries, err := r.EntriesOn(r.row.Key())
	if err != nil {
		return false, err
	}
	began := false
	for _, e := range entries {
		if e.Outcome == wire.Quarantined || !e.Same.IsZero() {
			continue
		}
		cs, err := record.ParseChangeSet(e.Encoded)
		if err != nil {
			return false, nil // others say so
		}
		for i := range cs.Rows {
			if c := &cs.Rows[i]; c.Key() == r.row.Key() && !r.gives(c) {
				return false, nil
			}
		}
		began = began || e.Dot == r.row.Meta.Created
	}
	return began, nil
}

// gives reports whether the row can give what it does with what the change writes, and does with what an insert does.
func (r *reading) gives(c *record.RowChange) bool {
	if c.Op == record.Delete {
		return false
	}
	for _, g := range r.row.Table.Grants {
		if g.While == "" {
			continue
		}
		column := r.row.Table.Columns[r.row.Table.Column(g.While)].ID
		i := slices.IndexFunc(c.Cells, func(w record.CellWrite) bool { return w.Column == column })
		if i < 0 && c.Op == record.Insert || i >= 0 && !slices.Contains(g.In, c.Cells[i].Value.Text()) {
			return false
		}
	}
	return true
}
