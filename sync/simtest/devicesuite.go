package simtest

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// DeviceStore is a replica's storage as TestDeviceStore drives it. A real store's context is its adapter's business.
type DeviceStore interface {
	// Write runs do as one transaction: what it writes is durable when Write returns nil; after an error of do, which
	// Write returns, nothing of it is left.
	Write(do func(device.Store) error) error
}

// TestDeviceStore proves that a store keeps the contract of device.Store, sentence by sentence. Open returns an empty
// store for the schema; each subtest has one of its own.
func TestDeviceStore(t *testing.T, open func(t *testing.T, s *schema.Schema) DeviceStore) {
	for _, c := range deviceStories {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.tell(&deviceStory{t, open(t, Schema), NewMaker(2)})
		})
	}
}

var deviceStories = []struct {
	name string
	tell func(*deviceStory)
}{
	{"the identity comes back as it was put last", (*deviceStory).identity},
	{"a row comes back as it was put, with every kind of value", (*deviceStory).roundTrip},
	{"many rows are put and found at once as one by one", (*deviceStory).manyRows},
	{"rows, bases and items are the caller's to change, those given and those got", (*deviceStory).noAliases},
	{"a row is nil before it was put and after it was dropped", (*deviceStory).noRow},
	{"a deleted row is a row still, but is not found by what it refers to", (*deviceStory).deletedRow},
	{"refs gives the rows in the order of their ids", (*deviceStory).refs},
	{"a bucket has its rows of the class, deleted ones too", (*deviceStory).bucketRows},
	{"a row in two buckets is a row of each", (*deviceStory).twoBuckets},
	{"what is marked stale is confirmed by putting the row or its base", (*deviceStory).stale},
	{"a base comes back as it was put, with and without a row", (*deviceStory).bases},
	{"a row that is shown as the hub has it is settled, and no other", (*deviceStory).settled},
	{"an item comes back as it was put", (*deviceStory).item},
	{"an item that is stamped anew takes its own place", (*deviceStory).restamped},
	{"items are found by state, in order, after a number, up to a limit", (*deviceStory).items},
	{"items that follow each other are judged together", (*deviceStory).judged},
	{"pending items are found by the rows that they change", (*deviceStory).pendingOn},
	{"only what was accepted or closed, and judged in time, is forgotten", (*deviceStory).forget},
	{"an item that has lost values keeps its hash, and rows that were erased are known", (*deviceStory).erasures},
	{"a held bucket is held by its class", (*deviceStory).held},
	{"copies of rows come back in order, those that were taken apart from the others", (*deviceStory).witnesses},
	{"a transaction reads what it wrote", (*deviceStory).readsItsWrites},
	{"a transaction that fails leaves nothing", (*deviceStory).rollback},
	{"a transaction that panics leaves nothing", (*deviceStory).panics},
	{"what was committed is there after a restart", (*deviceStory).restart},
	{"random transactions leave what they leave in memory", (*deviceStory).likeMemory},
}

// deviceStory is one test's store, and what fills it.
type deviceStory struct {
	*testing.T
	DeviceStore
	*Maker
}

func (d *deviceStory) write(story func(device.Store)) {
	d.Helper()
	if err := d.Write(func(tx device.Store) error { return attempt(func() { story(tx) }) }); err != nil {
		d.Fatal(err)
	}
}

func (d *deviceStory) put(rows ...*record.Row) {
	d.Helper()
	d.write(func(tx device.Store) {
		for _, r := range rows {
			do(tx.PutRow(r))
		}
	})
}

func (d *deviceStory) table(name string) *schema.Table { return Schema.Table(name) }

func (d *deviceStory) task(job record.ID) *record.Row {
	return d.DeviceRow(d.table("task"), 1+d.Uint64N(9), record.Values{"job": record.Ref(job)})
}

func (d *deviceStory) dot(actor int, counter uint64) clock.Dot {
	return clock.Dot{Actor: d.Maker.actors[actor], Counter: counter}
}

// newItem returns an outbox item with the number n that updates the rows.
func (d *deviceStory) newItem(n uint64, s device.State, rows ...*record.Row) *device.Item {
	i := &device.Item{N: n, State: s, Change: d.ChangeSet(d.dot(0, n), record.Update, rows...), Chain: d.Hash()}
	if s != device.Pending {
		i.Prior = &wire.Prior{Outcome: wire.Quarantined, Code: "not_allowed", Eff: d.Stamp()}
		i.Seq, i.Code, i.Message = n*10, "not_allowed", "你不能"
	}
	return encoded(i)
}

func encoded(i *device.Item) *device.Item {
	i.Encoded = i.Change.AppendBinary(nil)
	i.Hash = record.HashOf(i.Encoded)
	return i
}

func keysOf(rows ...*record.Row) (keys []record.Key) {
	for _, r := range rows {
		keys = append(keys, r.Key())
	}
	return keys
}

func (d *deviceStory) identity() {
	id := &device.Identity{
		Device: d.ID(), Person: d.ID(), Actor: d.Maker.actors[1], Counter: 7, Chain: d.Hash(), Stamp: d.Stamp(), Offset: -12,
		Epoch: 3, Cursors: [schema.Classes]uint64{5, 0, 1 << 40}, Resume: []byte{0, 1, 2}, Partial: [3]uint64{1, 2, 3},
		Schema: 2, Queue: 11,
		Retired: []device.Past{{Actor: d.Maker.actors[0], Chain: d.Hash()}, {Actor: device.Provisional}},
	}
	d.write(func(tx device.Store) {
		if got := must(tx.Identity()); got != nil && !empty(*got) {
			d.Errorf("a new store is somebody: %+v", got)
		}
		do(tx.PutIdentity(id))
	})
	want := copyIdentity(*id)
	clear(id.Resume)
	clear(id.Retired)
	d.write(func(tx device.Store) {
		got := must(tx.Identity())
		same(d.T, "identity", got, &want)
		clear(got.Resume)
		clear(got.Retired)
		same(d.T, "identity once more", must(tx.Identity()), &want)
		do(tx.PutIdentity(&device.Identity{Device: want.Device}))
		same(d.T, "another identity", must(tx.Identity()), &device.Identity{Device: want.Device})
	})
}

func (d *deviceStory) roundTrip() {
	var rows []*record.Row
	for _, t := range Schema.Tables {
		for seq := range uint64(20) {
			rows = append(rows, d.DeviceRow(t, seq, nil))
		}
	}
	for range 2 { // as they were put, and as they were put again
		d.put(rows...)
		d.write(func(tx device.Store) {
			for _, r := range rows {
				same(d.T, r.Table.Name, must(tx.Row(r.Key())), r)
			}
		})
		for i, r := range rows {
			again := d.DeviceRow(r.Table, r.Seq+1, nil)
			for c := range r.Table.Columns {
				if r.Table.Columns[c].Has(schema.Immutable) {
					again.Cols[c] = r.Cols[c]
				}
			}
			again.ID = r.ID
			rows[i] = again
		}
	}
}

// manyRows puts new rows, and ones that exist among them at every place, one of them twice.
func (d *deviceStory) manyRows() {
	job, unknown := d.ID(), record.Key{Table: d.table("task").ID, ID: d.ID()}
	var rows []*record.Row
	for range 80 {
		rows = append(rows, d.task(job))
	}
	want := map[record.Key]*record.Row{}
	for at := 0; at <= len(rows); at += 7 {
		d.write(func(tx device.Store) {
			do(tx.MarkStale(jobBucket(job), rows[0].Table.Class))
			do(tx.PutRows(rows[:at]))
			for _, r := range rows[:at] {
				want[r.Key()] = r
			}
			same(d.T, "rows", must(tx.Rows(append(keysOf(rows[:at]...), unknown))), want)
			same(d.T, "stale", len(must(tx.Stale(rows[0].Table.Class))), 0)
		})
	}
	twice := copyDeviceRow(rows[3])
	twice.Seq++
	d.write(func(tx device.Store) { do(tx.PutRows(append(rows, twice))) })
	d.write(func(tx device.Store) {
		same(d.T, "the last one counts", must(tx.Rows(keysOf(twice))), map[record.Key]*record.Row{twice.Key(): twice})
		same(d.T, "of the job", len(must(tx.Refs(twice.Table, "job", job))), len(rows))
	})
}

func (d *deviceStory) noAliases() {
	row := d.task(d.ID())
	base, item := &device.Base{Row: copyDeviceRow(row), Low: d.Vector()}, d.newItem(1, device.Refused, row)
	wantRow, wantBase, wantItem := copyDeviceRow(row), copyBase(base), copyItem(item)
	spoil := func(r *record.Row, b *device.Base, i *device.Item) {
		clear(r.Cols)
		clear(b.Row.Cols)
		clear(i.Encoded)
		clear(i.Change.Rows[0].Cells)
		clear(i.Change.Rows)
		*i.Prior = wire.Prior{}
	}
	d.write(func(tx device.Store) {
		do(tx.PutRow(row))
		do(tx.PutBase(row.Key(), base))
		do(tx.PutItem(item))
		spoil(row, base, item)
	})
	for range 2 {
		d.write(func(tx device.Store) {
			r, b, i := must(tx.Row(wantRow.Key())), must(tx.Base(wantRow.Key())), must(tx.Item(wantItem.Change.Dot))
			same(d.T, "row", r, wantRow)
			same(d.T, "base", b, wantBase)
			same(d.T, "item", i, wantItem)
			spoil(r, b, i)
		})
	}
}

func (d *deviceStory) noRow() {
	row := d.task(d.ID())
	nothing := func() {
		d.Helper()
		d.write(func(tx device.Store) {
			same(d.T, "row", must(tx.Row(row.Key())), (*record.Row)(nil))
			same(d.T, "refs", must(tx.Refs(row.Table, "job", row.Get("job").Ref())), []record.ID(nil))
			same(d.T, "bucket", must(tx.BucketRows(jobBucket(row.Get("job").Ref()), schema.ClassWork)), []record.Key(nil))
			do(tx.DropRow(row.Key())) // there is none: nothing happens
		})
	}
	nothing()
	d.put(row)
	d.write(func(tx device.Store) { do(tx.DropRow(row.Key())) })
	nothing()
}

func (d *deviceStory) deletedRow() {
	job := d.ID()
	row := d.task(job)
	d.put(row)
	row.Deleted = true
	d.put(row)
	d.write(func(tx device.Store) {
		same(d.T, "row", must(tx.Row(row.Key())), row)
		same(d.T, "refs", must(tx.Refs(row.Table, "job", job)), []record.ID(nil))
	})
	row.Deleted = false
	d.put(row)
	d.write(func(tx device.Store) {
		same(d.T, "refs of the row brought back", must(tx.Refs(row.Table, "job", job)), []record.ID{row.ID})
	})
}

func (d *deviceStory) refs() {
	job, customers := d.ID(), d.IDs(2)
	a, other, b := d.task(job), d.task(d.ID()), d.task(job)
	asset := d.DeviceRow(d.table("asset"), 1, record.Values{"customer": record.Ref(customers[0])})
	d.put(b, other, a, asset)
	asset.Put(asset.Table.Column("customer"), "", record.Ref(customers[1]))
	d.put(asset)
	d.write(func(tx device.Store) {
		same(d.T, "tasks", must(tx.Refs(a.Table, "job", job)), []record.ID{a.ID, b.ID})
		same(d.T, "former customer", must(tx.Refs(asset.Table, "customer", customers[0])), []record.ID(nil))
		same(d.T, "customer", must(tx.Refs(asset.Table, "customer", customers[1])), []record.ID{asset.ID})
	})
}

func (d *deviceStory) bucketRows() {
	job := d.DeviceRow(d.table("job"), 1, nil)
	task, gone := d.task(job.ID), d.task(job.ID)
	gone.Deleted = true
	part := d.DeviceRow(d.table("movement"), 1, record.Values{"job": record.Ref(job.ID)})
	d.put(gone, task, job, part, d.task(d.ID()))
	d.write(func(tx device.Store) {
		in := func(b record.Bucket, c schema.Class) []record.Key { return must(byKey(tx.BucketRows(b, c))) }
		same(d.T, "work", in(jobBucket(job.ID), schema.ClassWork), must(byKey(keysOf(job, task, gone), nil)))
		same(d.T, "stock", in(jobBucket(job.ID), schema.ClassStock), keysOf(part))
		same(d.T, "library", in(jobBucket(job.ID), schema.ClassLibrary), keysOf())
	})
}

func (d *deviceStory) twoBuckets() {
	vans := d.IDs(2)
	across := d.DeviceRow(d.table("movement"), 1, record.Values{"from": record.Ref(vans[0]), "to": record.Ref(vans[1])})
	within := d.DeviceRow(d.table("movement"), 1, record.Values{"from": record.Ref(vans[1]), "to": record.Ref(vans[1])})
	part := d.DeviceRow(d.table("part"), 1, nil)
	d.put(across, within, part)
	d.write(func(tx device.Store) {
		in := func(b record.Bucket, c schema.Class) []record.Key { return must(byKey(tx.BucketRows(b, c))) }
		same(d.T, "first van", in(vanBucket(vans[0]), schema.ClassStock), keysOf(across))
		same(d.T, "second van", in(vanBucket(vans[1]), schema.ClassStock), keysOf(across, within))
		same(d.T, "everybody's", in(record.Shared, schema.ClassLibrary), keysOf(part))
	})
}

func (d *deviceStory) stale() {
	job := d.ID()
	a, b, c, other := d.task(job), d.task(job), d.task(job), d.task(d.ID())
	part := d.DeviceRow(d.table("movement"), 1, record.Values{"job": record.Ref(job)})
	d.put(a, b, c, other, part)
	d.write(func(tx device.Store) {
		stale := func(c schema.Class) []record.Key { return must(byKey(tx.Stale(c))) }
		same(d.T, "nothing is stale", stale(schema.ClassWork), keysOf())
		do(tx.MarkStale(jobBucket(job), schema.ClassWork))
		do(tx.MarkStale(jobBucket(job), schema.ClassStock))
		same(d.T, "all is stale", stale(schema.ClassWork), keysOf(a, b, c))
		do(tx.PutRow(b))
		do(tx.PutBase(c.Key(), &device.Base{}))
		same(d.T, "one is stale", stale(schema.ClassWork), keysOf(a))
		do(tx.ClearStale(schema.ClassWork))
		same(d.T, "nothing is stale any more", stale(schema.ClassWork), keysOf())
		same(d.T, "of another class", stale(schema.ClassStock), keysOf(part))
	})
}

func (d *deviceStory) settled() {
	seen := d.Vector()
	settle := func(tx device.Store, row *record.Row, inserted bool) bool {
		return must(tx.Settle(row.Key(), 90, seen, inserted))
	}
	d.write(func(tx device.Store) {
		known, fresh, hidden, unpinned := d.task(d.ID()), d.task(d.ID()), d.task(d.ID()), d.task(d.ID())
		waits := d.task(d.ID())
		for _, row := range []*record.Row{known, fresh, hidden, unpinned, waits} {
			do(tx.PutRow(row))
		}
		do(tx.PutItem(d.newItem(1, device.Pending, waits)))
		do(tx.PutBase(waits.Key(), &device.Base{Row: waits}))
		do(tx.PutBase(known.Key(), &device.Base{Row: known}))
		do(tx.PutBase(fresh.Key(), &device.Base{}))
		do(tx.PutBase(hidden.Key(), &device.Base{Row: hidden, Hidden: true}))
		same(d.T, "unpinned", settle(tx, unpinned, true), false)
		same(d.T, "hidden", settle(tx, hidden, true), false)
		same(d.T, "not on the hub", settle(tx, fresh, false), false)
		same(d.T, "not there", settle(tx, d.task(d.ID()), true), false)
		same(d.T, "with a pending change", settle(tx, waits, true), false)
		same(d.T, "bases kept", len(must(tx.Bases())), 4)
		for _, row := range []*record.Row{known, fresh} {
			same(d.T, "settled", settle(tx, row, row == fresh), true)
			same(d.T, "base", must(tx.Base(row.Key())), (*device.Base)(nil))
			row.Seq, row.Vector = 90, seen
			same(d.T, "row", must(tx.Row(row.Key())), row)
		}
	})
}

func (d *deviceStory) bases() {
	a, b := d.task(d.ID()), d.task(d.ID())
	a.Deleted = true
	one, two := &device.Base{Row: a, Low: clock.VectorOf(d.Dot(), d.Dot()), Hidden: true, Gone: true}, &device.Base{Hidden: true}
	d.write(func(tx device.Store) {
		same(d.T, "base", must(tx.Base(a.Key())), (*device.Base)(nil))
		do(tx.PutBase(a.Key(), one))
		do(tx.PutBase(b.Key(), two))
	})
	d.write(func(tx device.Store) {
		same(d.T, "base", must(tx.Base(a.Key())), one)
		same(d.T, "base without a row", must(tx.Base(b.Key())), two)
		same(d.T, "bases", must(byKey(tx.Bases())), keysOf(a, b))
		same(d.T, "the base is not shown", must(tx.Row(a.Key())), (*record.Row)(nil))
		do(tx.PutBase(b.Key(), &device.Base{Row: b}))
		same(d.T, "base replaced", must(tx.Base(b.Key())), &device.Base{Row: b})
		do(tx.DropBase(a.Key()))
		same(d.T, "base dropped", must(tx.Base(a.Key())), (*device.Base)(nil))
		same(d.T, "bases left", must(tx.Bases()), keysOf(b))
	})
}
