package replica

import (
	"context"
	"maps"
	"math"
	"os"
	"slices"

	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// salvage is what could be read of a damaged file: what exists nowhere else. The rest is on the hub.
type salvage struct {
	identity *device.Identity
	certain  bool // it is in a frame of the journal that is as it was written
	items    map[uint64]*device.Item
	found    map[uint64]bool             // by SQLite: rows as seen have them on top
	rows     map[record.Key]*record.Row  // as seen, of rows with pending changes
	bases    map[record.Key]*device.Base // of the same rows
	copies   []*device.Witness
	erased   []record.Key
	layout   *sqlrow.Layout
}

// salvage reads the damaged file in two ways: page by page, for what SQLite no longer finds the way to; and then through
// SQLite, a row at a time, since most of a damaged file is whole. What SQLite finds is taken for the later one.
func (r *Replica) salvage(ctx context.Context) *salvage {
	s := &salvage{
		items: map[uint64]*device.Item{}, rows: map[record.Key]*record.Row{}, bases: map[record.Key]*device.Base{},
		found: map[uint64]bool{}, layout: r.layout,
	}
	s.carve(r.options.Path)
	if info, err := os.Stat(r.options.Path); err == nil && info.Size() > 0 { // beside an empty file SQLite removes the journal
		s.query(ctx, r.options.Path, r.layout)
	}
	return s
}

// query takes what SQLite can still read. Whatever it cannot is left out.
func (s *salvage) query(ctx context.Context, path string, layout *sqlrow.Layout) {
	pool, err := open(path, "ro", reading...)
	if err != nil {
		return
	}
	defer pool.Close()
	h, err := hold(ctx, pool)
	if err != nil {
		return
	}
	defer h.close()
	tx := &Tx{conn: h.Conn, layout: layout}
	who, err := tx.Identity()
	if err == nil && who != nil && !(s.certain && s.identity.Stamp > who.Stamp) {
		s.identity = who
	}
	for n := range numbers(h.Conn) {
		if i, err := first(tx.items("WHERE n = ?", int64(n))); err == nil && i != nil && tx.genuine(i) {
			s.items[n], s.found[n] = i, true
		}
	}
	for _, taken := range []bool{false, true} {
		copies, _ := tx.Witnesses(taken, 0, math.MaxInt)
		s.copies = append(s.copies, copies...)
	}
	s.erased, _ = tx.allErased()
	for k := range s.pending() {
		if row, err := tx.Row(k); err == nil && row != nil {
			s.rows[k] = row
		}
		if base, err := tx.Base(k); err == nil && base != nil {
			s.bases[k] = base
		}
	}
}

// numbers gathers the numbers of items from everywhere they stand: a table that is damaged in the middle is walked from
// both ends, and its indexes lead to the rest.
func numbers(c *sqlrow.Conn) map[uint64]bool {
	found := map[uint64]bool{}
	for _, query := range []string{
		"SELECT n FROM _outbox NOT INDEXED ORDER BY n",
		"SELECT n FROM _outbox NOT INDEXED ORDER BY n DESC",
		"SELECT n FROM _outbox INDEXED BY _outbox_dot ORDER BY actor, counter",
		"SELECT n FROM _outbox INDEXED BY _outbox_dot ORDER BY actor DESC, counter DESC",
		"SELECT n FROM _outbox INDEXED BY _outbox_state WHERE state = 1",
		"SELECT n FROM _pending_on",
	} {
		_ = c.Each(func(r *sqlrow.Rows) error {
			found[r.Uint(0)] = true
			return nil
		}, query)
	}
	return found
}

// pending returns the keys of the rows that pending items change, each with the items in order.
func (s *salvage) pending() map[record.Key][]*device.Item {
	on := map[record.Key][]*device.Item{}
	for _, n := range slices.Sorted(maps.Keys(s.items)) {
		i := s.items[n]
		if i.State != device.Pending {
			continue
		}
		for k := range i.Change.Rows {
			key := i.Change.Rows[k].Key()
			on[key] = append(on[key], i)
		}
	}
	return on
}

// write puts everything into a new file.
func (s *salvage) write(tx *Tx) error {
	for _, n := range slices.Sorted(maps.Keys(s.items)) {
		if err := tx.PutItem(s.items[n]); err != nil {
			return err
		}
	}
	for _, w := range s.copies {
		if err := tx.PutWitness(w); err != nil {
			return err
		}
	}
	if err := tx.PutErased(s.erased); err != nil {
		return err
	}
	for key, items := range s.pending() {
		if err := s.writeRow(tx, key, items); err != nil {
			return err
		}
	}
	if s.identity == nil {
		return nil
	}
	return tx.PutIdentity(s.startAgain())
}

// startAgain returns the identity of a replica that has its work and no rows: everything is fetched again, and no
// number is given twice that a lost page may have known of.
func (s *salvage) startAgain() *device.Identity {
	who := *s.identity
	who.Cursors, who.Resume, who.Partial = [len(who.Cursors)]uint64{}, nil, [len(who.Partial)]uint64{}
	for n, i := range s.items {
		who.Queue = max(who.Queue, n)
		if d := i.Change.Dot; d.Actor == who.Actor && d.Counter > who.Counter {
			who.Counter, who.Chain = d.Counter, i.Chain
		}
	}
	return &who
}

// writeRow writes a row with pending changes. Without its base it counts as one that the hub has never sent: what was
// written on it is then taken for written without having seen the hub's values, which costs a question at most.
func (s *salvage) writeRow(tx *Tx, key record.Key, items []*device.Item) error {
	base, row := s.bases[key], s.rows[key]
	if base == nil {
		base = &device.Base{}
	}
	if row != nil { // it has what SQLite found on top
		items = slices.DeleteFunc(slices.Clone(items), func(i *device.Item) bool { return s.found[i.N] })
	}
	row = tx.onTop(row, key, items)
	if row != nil {
		if err := tx.PutRow(row); err != nil {
			return err
		}
	}
	return tx.PutBase(key, base)
}

// onTop returns the row with pending changes on top. Where there is no row they make one by themselves; it returns nil where
// none of them creates it.
func (tx *Tx) onTop(row *record.Row, key record.Key, items []*device.Item) *record.Row {
	t := tx.layout.Schema().TableByID(key.Table)
	if t == nil {
		return nil
	}
	for _, i := range items {
		for k := range i.Change.Rows {
			switch c := &i.Change.Rows[k]; {
			case c.Key() != key:
			case row != nil:
				row.Show(c)
				row.Vector = row.Vector.With(i.Change.Dot)
			case c.Op == record.Insert:
				row = record.NewRow(t, c, i.Change.Dot)
			}
		}
	}
	return row
}
