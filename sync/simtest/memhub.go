package simtest

import (
	"cmp"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// MemHub is a hub's storage in memory. It is stricter than a database: what breaks the contract of judge.Store is an
// error. It belongs to one goroutine, but a read may stay open while something is written.
type MemHub struct {
	Disk
	schema  *schema.Schema
	state   *hubState
	readers int
	marker  Marker
	serial  uint64
}

// Marker is what a hub keeps outside its database about the epoch it is in.
type Marker struct {
	Epoch     uint32
	RestoreAt uint64 // the commit that the epoch began from
	Before    uint32 // the epoch of the backup that was put back
}

// NewMemHub returns the empty storage of a hub in epoch 0.
func NewMemHub(s *schema.Schema) *MemHub {
	h := &MemHub{schema: s}
	h.state = newHubState(&h.journal)
	return h
}

// Write runs do as one transaction: what it writes is there when Write returns nil, and nothing of it otherwise.
func (h *MemHub) Write(do func(judge.Store) error) error {
	if h.readers > 0 {
		h.state.snapshot()
	}
	return h.transact(func() error { return do(hubTx{h.state, h.schema}) })
}

// Read runs do on a snapshot: what is written meanwhile is not seen.
func (h *MemHub) Read(do func(judge.Reader) error) error {
	if h.dead {
		return ErrCrashed
	}
	h.readers++
	defer func() { h.readers-- }()
	view := *h.state
	return do(&view)
}

// Snapshot is a backup of a hub's database.
type Snapshot struct {
	state *hubState
	epoch uint32
}

// Snapshot returns a backup.
func (h *MemHub) Snapshot() *Snapshot { return &Snapshot{h.state.snapshot(), h.marker.Epoch} }

// Restore puts the backup in the place of the database and begins a new epoch. What lies outside the database
// survives: the epoch's marker, and the registry of who was ever given which actor. How far an actor had come is known
// only as the backup knows it: what was judged since is to be judged again.
func (h *MemHub) Restore(b *Snapshot) {
	registry := h.state.actors.items
	h.state = b.state.snapshot()
	for _, it := range registry {
		if _, ok := h.state.actors.get(it.key); !ok {
			h.state.actors.set(it.key, judge.Actor{Actor: it.key, Person: it.value.Person, Device: it.value.Device})
		}
	}
	head, _ := h.state.Head()
	h.marker = Marker{Epoch: h.marker.Epoch + 1, RestoreAt: head, Before: b.epoch}
	h.serial = 0
}

// Marker returns the epoch the hub is in and where it began.
func (h *MemHub) Marker() Marker { return h.marker }

// Enrol hands out a fresh actor of the epoch and enters it in the registry.
func (h *MemHub) Enrol(person, device record.ID, side clock.Side) (clock.Actor, error) {
	a, err := clock.NewActor(h.marker.Epoch, h.serial+1, side)
	if err != nil {
		return 0, err
	}
	h.serial++
	return a, h.Write(func(tx judge.Store) error {
		return tx.PutActor(&judge.Actor{Actor: a, Person: person, Device: device})
	})
}

// Rows returns every row, dead or alive, in the order of keys.
func (h *MemHub) Rows() []*record.Row {
	rows := make([]*record.Row, 0, len(h.state.rows.items))
	for _, it := range h.state.rows.items {
		rows = append(rows, copyRow(it.value))
	}
	return rows
}

// Entries returns the whole ledger, in the order of dots.
func (h *MemHub) Entries() []*judge.Entry {
	entries := make([]*judge.Entry, 0, len(h.state.entries.items))
	for _, it := range h.state.entries.items {
		entries = append(entries, copyEntry(it.value))
	}
	return entries
}

// Conflicts returns the conflict records of the row by cell, of each cell the open one first, then the closed ones,
// oldest first.
func (h *MemHub) Conflicts(row record.Key) ([]judge.Conflict, error) {
	var conflicts []judge.Conflict
	for k, c := range h.state.conflicts.from(conflictKey{row: row}) {
		if k.row != row {
			break
		}
		conflicts = append(conflicts, copyConflict(c))
	}
	return conflicts, nil
}

// Touched returns the buckets that commits after seq touched, in order, each once: whose holders are to be nudged.
func (h *MemHub) Touched(seq uint64) []record.Bucket {
	buckets, _, _ := h.state.TouchedSince(seq)
	return buckets
}

// hubTx is a write transaction.
type hubTx struct {
	*hubState
	schema *schema.Schema
}

// Foresee implements judge.Reader: in memory there is nothing to gain.
func (s *hubState) Foresee([]record.Key) error { return nil }

// Foresee implements judge.Store.
func (s hubTx) Foresee([]record.Key) error { return nil }

// PutRow implements judge.Store.
func (s hubTx) PutRow(row *record.Row, was uint64) error {
	k := row.Key()
	old, existed := s.rows.get(k)
	switch {
	case row.Table != s.schema.TableByID(k.Table), row.Meta == nil, row.Seq == 0, len(row.Cols) != len(row.Table.Columns):
		return broken("PutRow: %s %s: not a row of a hub", row.Table.Name, row.ID)
	case existed && old.Seq != was, !existed && was != 0, row.Seq < was:
		return broken("PutRow: %s %s: moves from commit %d to %d", row.Table.Name, row.ID, was, row.Seq)
	case existed && !slices.Equal(old.Buckets(), row.Buckets()):
		return broken("PutRow: %s %s: changes its bucket", row.Table.Name, row.ID)
	}
	if existed {
		s.index(old, s.unplace)
		s.file(old, s.feed.drop)
	}
	row = copyRow(row)
	s.rows.put(k, row)
	s.file(row, func(f feedKey) { s.feed.put(f, none{}) })
	s.index(row, func(refs []refKey, places []placeKey) {
		for _, r := range refs {
			s.refs.put(r, none{})
		}
		for _, p := range places {
			s.places.put(p, none{})
		}
	})
	return nil
}

func (s hubTx) unplace(refs []refKey, places []placeKey) {
	for _, r := range refs {
		s.refs.drop(r)
	}
	for _, p := range places {
		s.places.drop(p)
	}
}

// file names the row's feed entries: one a bucket, however many rules lead there.
func (s hubTx) file(r *record.Row, do func(feedKey)) {
	for _, b := range r.Buckets() {
		do(feedKey{b, r.Table.Class, r.Seq, r.Key()})
	}
}

// index names the places in which a living row is found.
func (s hubTx) index(r *record.Row, do func([]refKey, []placeKey)) {
	if r.Deleted {
		return
	}
	var places []placeKey
	for i, rule := range r.Table.Buckets {
		if b := r.Bucket(rule); b == record.Shared || !b.ID.IsZero() {
			places = append(places, placeKey{r.Table.ID, i, b, r.ID})
		}
	}
	do(refsOf(r), places)
}

func refsOf(r *record.Row) []refKey {
	var refs []refKey
	for i, c := range r.Table.Columns {
		if to := r.Cols[i].Ref(); (c.Kind == schema.Ref || c.Kind == schema.AnyRef) && !to.IsZero() {
			refs = append(refs, refKey{r.Table.ID, i, to, r.ID})
		}
	}
	return refs
}

// PutHold implements judge.Store.
func (s hubTx) PutHold(h judge.Hold) error {
	k := holdKey{person: h.Person, bucket: h.Bucket, root: h.Root, since: h.Since}
	old, existed := s.holds.get(k)
	switch {
	case h.Since == 0, h.Until < h.Since, !existed && !h.Open():
		return broken("PutHold: %v", h)
	case existed && old.Open() && old.Right != h.Right:
		return broken("PutHold: %v would take the place of one with the right %q", h, old.Right)
	}
	if existed {
		s.byPerson.drop(holdKey{h.Person, h.Bucket, h.Root, h.Since, old.Until})
		s.byRoot.drop(k)
	}
	s.holds.put(k, h)
	s.byPerson.put(holdKey{h.Person, h.Bucket, h.Root, h.Since, h.Until}, none{})
	if h.Open() {
		s.byRoot.put(k, none{})
	}
	return nil
}

// LateHolds implements judge.Store.
func (s *hubState) LateHolds() (holds []judge.Hold, err error) {
	for _, it := range s.holds.items {
		if h := it.value; h.Open() && h.Late > 0 {
			holds = append(holds, h)
		}
	}
	slices.SortStableFunc(holds, func(a, b judge.Hold) int { return cmp.Compare(a.Late, b.Late) })
	return holds, nil
}

// PutEntry implements judge.Store.
func (s hubTx) PutEntry(e *judge.Entry) error {
	old, existed := s.entries.get(e.Dot)
	if existed && (old.Hash != e.Hash || old.Origin != e.Origin) {
		return broken("PutEntry: %s already names another change set", e.Dot)
	}
	if _, taken := s.rids.get(e.Origin.RID); !taken {
		s.rids.put(e.Origin.RID, e.Dot)
	}
	s.entries.put(e.Dot, copyEntry(e))
	s.open.drop(e.Dot)
	if quarantined(e) {
		s.open.put(e.Dot, none{})
	}
	for _, row := range insertedBy(e) {
		s.inserts.drop(insertKey{row, e.Dot})
		if quarantined(e) {
			s.inserts.put(insertKey{row, e.Dot}, none{})
		}
	}
	return nil
}

// PutActor implements judge.Store.
func (s hubTx) PutActor(a *judge.Actor) error {
	s.actors.put(a.Actor, *a)
	return nil
}

// PutConflict implements judge.Store.
func (s hubTx) PutConflict(c judge.Conflict) error {
	k := conflictKey{row: c.Row, cell: c.Cell}
	s.conflicts.drop(k)
	if !c.Open {
		k.n = 1
		for closed := range s.conflicts.from(k) {
			if closed.row != c.Row || closed.cell != c.Cell {
				break
			}
			k.n = closed.n + 1
		}
	}
	s.conflicts.put(k, copyConflict(c))
	return nil
}

// PutErased implements judge.Store. A row is erased once.
func (s hubTx) PutErased(seq uint64, rows []record.Key) error {
	for _, k := range rows {
		if erased, _ := s.Erased(k); erased {
			return broken("PutErased: %v was erased before", k)
		}
		s.erased.put(k, seq)
	}
	return nil
}

// PutCommit implements judge.Store.
func (s hubTx) PutCommit(seq uint64, at clock.Stamp, buckets []record.Bucket) error {
	head, _ := s.Head()
	if last, _ := s.CommitTime(head); seq <= head || at < last {
		return broken("PutCommit: %d at %d after %d at %d", seq, at, head, last)
	}
	s.log.put(seq, commit{at, slices.Clone(buckets)})
	return nil
}

// TouchedSince implements judge.Reader.
func (s *hubState) TouchedSince(seq uint64) (buckets []record.Bucket, known bool, err error) {
	for _, c := range s.log.from(seq + 1) {
		buckets = append(buckets, c.buckets...)
	}
	slices.SortFunc(buckets, compareBuckets)
	return slices.Compact(buckets), true, nil
}
