package simtest

import (
	"cmp"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// MemDevice is a replica's storage in memory. It is stricter than a database: what breaks the contract of
// device.Store is an error. It belongs to one goroutine.
type MemDevice struct {
	Disk
	schema *schema.Schema
	state  *deviceState
}

// NewMemDevice returns the empty storage of a replica.
func NewMemDevice(s *schema.Schema) *MemDevice {
	d := &MemDevice{schema: s}
	d.state = newDeviceState(&d.journal)
	return d
}

// Write runs do as one transaction: what it writes is there when Write returns nil, and nothing of it otherwise.
func (d *MemDevice) Write(do func(device.Store) error) error {
	return d.transact(func() error { return do(deviceTx{d.state, d.schema}) })
}

// Clone returns a copy of the storage, as when somebody copies the file to a second phone or restores an old backup.
func (d *MemDevice) Clone() *MemDevice {
	c := &MemDevice{schema: d.schema, state: d.state.snapshot()}
	c.state.bind(&c.journal)
	return c
}

// Restore puts the storage back to what the clone holds.
func (d *MemDevice) Restore(c *MemDevice) {
	d.state = c.state.snapshot()
	d.state.bind(&d.journal)
}

// Rows returns every row the replica shows, in the order of keys.
func (d *MemDevice) Rows() []*record.Row {
	rows := make([]*record.Row, 0, len(d.state.rows.items))
	for _, it := range d.state.rows.items {
		rows = append(rows, copyDeviceRow(it.value))
	}
	return rows
}

// Items returns the whole outbox, in order of N.
func (d *MemDevice) Items() []*device.Item {
	items := make([]*device.Item, 0, len(d.state.items.items))
	for _, it := range d.state.items.items {
		items = append(items, copyItem(it.value))
	}
	return items
}

// deviceState is a replica's database. A copy of the struct is a snapshot.
type deviceState struct {
	identity ordered[none, device.Identity]
	rows     ordered[record.Key, *record.Row]
	refs     ordered[refKey, none]
	members  ordered[memberKey, none]
	stale    ordered[staleKey, none]
	bases    ordered[record.Key, *device.Base]
	items    ordered[uint64, *device.Item]
	dots     ordered[clock.Dot, uint64]
	states   ordered[stateKey, none]
	pending  ordered[pendingKey, none]
	held     ordered[heldKey, none]
	copies   ordered[uint64, *device.Witness]
	erased   ordered[record.Key, none]
}

type memberKey struct {
	bucket record.Bucket
	class  schema.Class
	row    record.Key
}

type staleKey struct {
	class schema.Class
	row   record.Key
}

type stateKey struct {
	state device.State
	n     uint64
}

type pendingKey struct {
	row record.Key
	n   uint64
}

type heldKey struct {
	class  schema.Class
	bucket record.Bucket
}

func newDeviceState(j *journal) *deviceState {
	s := &deviceState{}
	s.identity.compare = func(none, none) int { return 0 }
	s.rows.compare, s.refs.compare, s.bases.compare = compareKeys, compareRefs, compareKeys
	s.items.compare, s.dots.compare = cmp.Compare[uint64], compareDots
	s.copies.compare, s.erased.compare = cmp.Compare[uint64], compareKeys
	s.members.compare = func(a, b memberKey) int {
		return cmp.Or(compareBuckets(a.bucket, b.bucket), cmp.Compare(a.class, b.class), compareKeys(a.row, b.row))
	}
	s.stale.compare = func(a, b staleKey) int {
		return cmp.Or(cmp.Compare(a.class, b.class), compareKeys(a.row, b.row))
	}
	s.states.compare = func(a, b stateKey) int {
		return cmp.Or(cmp.Compare(a.state, b.state), cmp.Compare(a.n, b.n))
	}
	s.pending.compare = func(a, b pendingKey) int {
		return cmp.Or(compareKeys(a.row, b.row), cmp.Compare(a.n, b.n))
	}
	s.held.compare = func(a, b heldKey) int {
		return cmp.Or(cmp.Compare(a.class, b.class), compareBuckets(a.bucket, b.bucket))
	}
	s.bind(j)
	return s
}

func (s *deviceState) tables() []table {
	return []table{&s.identity, &s.rows, &s.refs, &s.members, &s.stale, &s.bases, &s.items, &s.dots, &s.states,
		&s.pending, &s.held, &s.copies, &s.erased}
}

func (s *deviceState) bind(j *journal) {
	for _, t := range s.tables() {
		t.bind(j)
	}
}

func (s *deviceState) snapshot() *deviceState {
	for _, t := range s.tables() {
		t.share()
	}
	c := *s
	return &c
}

// deviceTx is a write transaction.
type deviceTx struct {
	*deviceState
	schema *schema.Schema
}

// Identity implements device.Store.
func (s deviceTx) Identity() (*device.Identity, error) {
	id, ok := s.identity.get(none{})
	if !ok {
		return nil, nil
	}
	id = copyIdentity(id)
	return &id, nil
}

// PutIdentity implements device.Store.
func (s deviceTx) PutIdentity(id *device.Identity) error {
	s.identity.put(none{}, copyIdentity(*id))
	return nil
}

// Row implements device.Store.
func (s deviceTx) Row(k record.Key) (*record.Row, error) {
	r, _ := s.rows.get(k)
	return copyDeviceRow(r), nil
}

// Rows implements device.Store.
func (s deviceTx) Rows(keys []record.Key) (map[record.Key]*record.Row, error) {
	rows := make(map[record.Key]*record.Row, len(keys))
	for _, k := range keys {
		if r, ok := s.rows.get(k); ok {
			rows[k] = copyDeviceRow(r)
		}
	}
	return rows, nil
}

// PutRows implements device.Store.
func (s deviceTx) PutRows(rows []*record.Row) error {
	for _, row := range rows {
		if err := s.PutRow(row); err != nil {
			return err
		}
	}
	return nil
}

// PutRow implements device.Store.
func (s deviceTx) PutRow(row *record.Row) error {
	k := row.Key()
	if row.Table != s.schema.TableByID(k.Table) || len(row.Cols) != len(row.Table.Columns) {
		return broken("PutRow: %s %s: not a row of this schema", row.Table.Name, row.ID)
	}
	if err := s.DropRow(k); err != nil {
		return err
	}
	row = copyDeviceRow(row)
	s.rows.put(k, row)
	for _, b := range row.Buckets() {
		s.members.put(memberKey{b, row.Table.Class, k}, none{})
	}
	if row.Deleted {
		return nil
	}
	for _, r := range refsOf(row) {
		s.refs.put(r, none{})
	}
	return nil
}

// DropRow implements device.Store.
func (s deviceTx) DropRow(k record.Key) error {
	row, ok := s.rows.get(k)
	if !ok {
		return nil
	}
	for _, b := range row.Buckets() {
		s.members.drop(memberKey{b, row.Table.Class, k})
	}
	for _, r := range refsOf(row) {
		s.refs.drop(r)
	}
	s.stale.drop(staleKey{row.Table.Class, k})
	s.rows.drop(k)
	return nil
}

// Refs implements device.Store.
func (s deviceTx) Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error) {
	return findRefs(&s.refs, t, column, id)
}

// BucketRows implements device.Store.
func (s deviceTx) BucketRows(b record.Bucket, class schema.Class) ([]record.Key, error) {
	var keys []record.Key
	for k := range s.members.from(memberKey{bucket: b, class: class}) {
		if k.bucket != b || k.class != class {
			break
		}
		keys = append(keys, k.row)
	}
	return keys, nil
}

// MarkStale implements device.Store.
func (s deviceTx) MarkStale(b record.Bucket, class schema.Class) error {
	keys, err := s.BucketRows(b, class)
	for _, k := range keys {
		s.stale.put(staleKey{class, k}, none{})
	}
	return err
}

// Stale implements device.Store.
func (s deviceTx) Stale(class schema.Class) ([]record.Key, error) {
	var keys []record.Key
	for k := range s.stale.from(staleKey{class: class}) {
		if k.class != class {
			break
		}
		keys = append(keys, k.row)
	}
	return keys, nil
}

// ClearStale implements device.Store.
func (s deviceTx) ClearStale(class schema.Class) error {
	keys, err := s.Stale(class)
	for _, k := range keys {
		s.stale.drop(staleKey{class, k})
	}
	return err
}

// Base implements device.Store.
func (s deviceTx) Base(k record.Key) (*device.Base, error) {
	if b, ok := s.bases.get(k); ok {
		return copyBase(b), nil
	}
	return nil, nil
}

// PutBase implements device.Store.
func (s deviceTx) PutBase(k record.Key, b *device.Base) error {
	if b.Row != nil && b.Row.Key() != k {
		return broken("PutBase: a base of %v under the key %v", b.Row.Key(), k)
	}
	s.bases.put(k, copyBase(b))
	s.stale.drop(staleKey{s.schema.TableByID(k.Table).Class, k})
	return nil
}

// Settle implements device.Store.
func (s deviceTx) Settle(k record.Key, seq uint64, vector clock.Vector, inserted bool) (bool, error) {
	row, shown := s.rows.get(k)
	base, pinned := s.bases.get(k)
	if !shown || !pinned || base.Hidden || base.Row == nil && !inserted {
		return false, nil
	}
	if pending, err := s.PendingOn(k); err != nil || len(pending) > 0 {
		return false, err
	}
	row = copyDeviceRow(row)
	row.Seq, row.Vector = seq, vector
	s.bases.drop(k)
	return true, s.PutRow(row)
}

// DropBase implements device.Store.
func (s deviceTx) DropBase(k record.Key) error {
	s.bases.drop(k)
	return nil
}

// Bases implements device.Store.
func (s deviceTx) Bases() ([]record.Key, error) {
	var keys []record.Key
	for _, it := range s.bases.items {
		keys = append(keys, it.key)
	}
	return keys, nil
}

// Held implements device.Store.
func (s deviceTx) Held(class schema.Class) ([]record.Bucket, error) {
	var buckets []record.Bucket
	for k := range s.held.from(heldKey{class: class}) {
		if k.class != class {
			break
		}
		buckets = append(buckets, k.bucket)
	}
	return buckets, nil
}

// PutHeld implements device.Store.
func (s deviceTx) PutHeld(class schema.Class, b record.Bucket, held bool) error {
	if held {
		s.held.put(heldKey{class, b}, none{})
	} else {
		s.held.drop(heldKey{class, b})
	}
	return nil
}
