package simtest

import (
	"errors"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// The stories of TestDeviceStore about the outbox, and the random ones.

// byKey orders keys where a contract does not.
func byKey(keys []record.Key, err error) ([]record.Key, error) {
	slices.SortFunc(keys, compareKeys)
	return keys, err
}

func byBucket(buckets []record.Bucket, err error) ([]record.Bucket, error) {
	slices.SortFunc(buckets, compareBuckets)
	return buckets, err
}

// numbers returns which items these are.
func numbers(items []*device.Item, err error) ([]uint64, error) {
	var ns []uint64
	for _, i := range items {
		ns = append(ns, i.N)
	}
	return ns, err
}

func (d *deviceStory) putItems(items ...*device.Item) {
	d.Helper()
	d.write(func(tx device.Store) {
		for _, i := range items {
			do(tx.PutItem(i))
		}
	})
}

func (d *deviceStory) item() {
	one, two := d.newItem(1, device.Pending, d.task(d.ID()), d.task(d.ID())), d.newItem(2, device.Refused, d.task(d.ID()))
	d.putItems(one, two)
	d.write(func(tx device.Store) {
		same(d.T, "pending item", must(tx.Item(one.Change.Dot)), one)
		same(d.T, "refused item", must(tx.Item(two.Change.Dot)), two)
		same(d.T, "no item", must(tx.Item(d.dot(2, 1))), (*device.Item)(nil))
	})
	two.State, two.Prior, two.Code, two.Message = device.Pending, nil, "", ""
	d.putItems(two)
	d.write(func(tx device.Store) { same(d.T, "item replaced", must(tx.Item(two.Change.Dot)), two) })
}

func (d *deviceStory) restamped() {
	row := d.task(d.ID())
	item, next := d.newItem(1, device.Pending, row), d.newItem(2, device.Pending, row)
	d.putItems(item, next)
	old := item.Change.Dot
	item.Change.Origin, item.Change.Dot = item.Change.First(item.Hash), d.dot(2, 1)
	d.putItems(encoded(item))
	d.write(func(tx device.Store) {
		same(d.T, "under the old dot", must(tx.Item(old)), (*device.Item)(nil))
		same(d.T, "under the new dot", must(tx.Item(item.Change.Dot)), item)
		same(d.T, "in its place", must(tx.Items(device.Pending, 0, 9)), []*device.Item{item, next})
		same(d.T, "on its row", must(tx.PendingOn(row.Key())), []*device.Item{item, next})
	})
}

func (d *deviceStory) items() {
	row := d.task(d.ID())
	const waits, refused, accepted, closed = device.Pending, device.Refused, device.Accepted, device.Closed
	for n, s := range []device.State{waits, refused, waits, accepted, waits, closed} {
		d.putItems(d.newItem(uint64(300-50*n), s, row))
	}
	d.write(func(tx device.Store) {
		in := func(s device.State, after uint64, limit int) []uint64 {
			return must(numbers(tx.Items(s, after, limit)))
		}
		same(d.T, "pending", in(device.Pending, 0, 9), []uint64{100, 200, 300})
		same(d.T, "after one", in(device.Pending, 100, 9), []uint64{200, 300})
		same(d.T, "up to two", in(device.Pending, 0, 2), []uint64{100, 200})
		same(d.T, "after the last", in(device.Pending, 300, 9), []uint64(nil))
		same(d.T, "accepted", in(device.Accepted, 0, 9), []uint64{150})
		same(d.T, "refused", in(device.Refused, 0, 9), []uint64{250})
		same(d.T, "closed", in(device.Closed, 0, 9), []uint64{50})
	})
}

func (d *deviceStory) judged() {
	a, b := d.task(d.ID()), d.task(d.ID())
	var items []*device.Item
	for n := range uint64(5) {
		items = append(items, d.newItem(n+1, device.Pending, a, b))
	}
	d.putItems(slices.Concat(items[:3], items[4:])...)
	from := func(counter, n uint64) (found []*device.Item) {
		d.write(func(tx device.Store) { found = must(tx.ItemsFrom(d.dot(0, counter), n)) })
		return found
	}
	same(d.T, "up to the gap", from(1, 9), items[:3])
	same(d.T, "up to two", from(2, 2), items[1:3])
	same(d.T, "none", from(4, 9), []*device.Item(nil))
	same(d.T, "of nobody", from(6, 1<<63), []*device.Item(nil))
	for k, i := range items[:3] {
		i.State, i.Seq = device.Accepted, uint64(20+k)
		i.Prior = &wire.Prior{Outcome: wire.Applied, Eff: i.Change.Stamp.Add(i.Change.Offset)}
	}
	items[2].Prior.Eff++ // the hub gave it another time than its author meant
	d.write(func(tx device.Store) { do(tx.PutJudged(items[:3])) })
	same(d.T, "judged", from(1, 9), items[:3])
	d.write(func(tx device.Store) {
		same(d.T, "what is left", must(numbers(tx.Items(device.Pending, 0, 9))), []uint64{5})
		same(d.T, "what is left on a row", must(numbers(tx.PendingOn(b.Key()))), []uint64{5})
	})
}

func (d *deviceStory) pendingOn() {
	a, b, c := d.task(d.ID()), d.task(d.ID()), d.task(d.ID())
	both := d.newItem(2, device.Pending, a, b)
	d.putItems(d.newItem(3, device.Pending, a), both, d.newItem(1, device.Accepted, a))
	expect := func(r *record.Row, want ...uint64) {
		d.Helper()
		d.write(func(tx device.Store) { same(d.T, "pending", must(numbers(tx.PendingOn(r.Key()))), want) })
	}
	expect(a, 2, 3)
	expect(b, 2)
	expect(c)
	both.State = device.Accepted
	d.putItems(both)
	expect(a, 3)
	expect(b)
	both.State = device.Pending // the hub was restored
	d.putItems(both)
	expect(a, 2, 3)
	d.write(func(tx device.Store) { same(d.T, "item", must(tx.PendingOn(b.Key())), []*device.Item{both}) })
}

func (d *deviceStory) forget() {
	row := d.task(d.ID())
	for n := range uint64(8) {
		d.putItems(d.newItem(n+1, []device.State{device.Pending, device.Accepted, device.Refused, device.Closed}[n%4], row))
	}
	left := func() (ns []uint64) {
		d.write(func(tx device.Store) {
			for s := device.Pending; s <= device.Closed; s++ {
				ns = append(ns, must(numbers(tx.Items(s, 0, 99)))...)
			}
		})
		slices.Sort(ns)
		return ns
	}
	d.write(func(tx device.Store) { do(tx.Forget(40)) }) // items are judged by the commit 10 N
	same(d.T, "left", left(), []uint64{1, 3, 5, 6, 7, 8})
	d.write(func(tx device.Store) {
		do(tx.Forget(1000))
		same(d.T, "a forgotten item", must(tx.Item(d.dot(0, 2))), (*device.Item)(nil))
	})
	same(d.T, "left", left(), []uint64{1, 3, 5, 7})
}

func (d *deviceStory) held() {
	one, two := jobBucket(d.ID()), jobBucket(d.ID())
	d.write(func(tx device.Store) {
		held := func(c schema.Class) []record.Bucket { return must(byBucket(tx.Held(c))) }
		same(d.T, "held", held(schema.ClassWork), []record.Bucket(nil))
		do(tx.PutHeld(schema.ClassWork, two, true))
		do(tx.PutHeld(schema.ClassWork, one, true))
		do(tx.PutHeld(schema.ClassWork, one, true)) // once more changes nothing
		do(tx.PutHeld(schema.ClassWork, record.Shared, true))
		do(tx.PutHeld(schema.ClassStock, two, true))
		same(d.T, "work", held(schema.ClassWork), []record.Bucket{record.Shared, one, two})
		do(tx.PutHeld(schema.ClassWork, two, false))
		do(tx.PutHeld(schema.ClassWork, two, false))
		same(d.T, "work", held(schema.ClassWork), []record.Bucket{record.Shared, one})
		same(d.T, "stock", held(schema.ClassStock), []record.Bucket{two})
	})
}

// likeMemory runs the same random transactions, some of which fail, on the store and on a MemDevice, and asks both the
// same questions again and again.
func (d *deviceStory) likeMemory() {
	p := &devicePair{deviceStory: d, model: NewMemDevice(Schema), jobs: d.IDs(4)}
	for range 30 {
		p.rows = append(p.rows, p.task(p.jobs[p.IntN(4)]))
		p.rows = append(p.rows, p.DeviceRow(p.table("movement"), 1, record.Values{
			"from": record.Ref(p.jobs[p.IntN(4)]), "to": record.Ref(p.jobs[p.IntN(4)]), "job": record.Ref(p.jobs[p.IntN(4)]),
		}))
	}
	for n := range 150 {
		p.transaction()
		if n%10 == 0 {
			p.compare()
		}
	}
	reopen(d.T, d.DeviceStore)
	p.compare()
}

type devicePair struct {
	*deviceStory
	model *MemDevice
	jobs  []record.ID
	rows  []*record.Row
	queue uint64
}

func (p *devicePair) transaction() {
	var writes []func(device.Store)
	for range 1 + p.IntN(6) {
		writes = append(writes, p.step())
	}
	var fate error
	if p.IntN(5) == 0 {
		fate = errChanged
	}
	for _, side := range []DeviceStore{p.model, p.DeviceStore} {
		err := side.Write(func(tx device.Store) error {
			return errors.Join(fate, attempt(func() {
				for _, w := range writes {
					w(tx)
				}
			}))
		})
		if !errors.Is(err, fate) {
			p.Fatal(err)
		}
	}
}

// step returns one random write.
func (p *devicePair) step() func(device.Store) {
	row, bucket := copyDeviceRow(p.rows[p.IntN(len(p.rows))]), jobBucket(p.jobs[p.IntN(4)])
	class, yes, upTo := schema.Class(p.IntN(schema.Classes)), p.IntN(2) == 0, p.Uint64N(10*p.queue+1)
	row.Seq, row.Deleted = p.Uint64N(50), p.IntN(4) == 0
	switch p.IntN(11) {
	case 0, 1, 2:
		if yes {
			return func(tx device.Store) { do(tx.PutRows([]*record.Row{row})) }
		}
		return func(tx device.Store) { do(tx.PutRow(row)) }
	case 3:
		return func(tx device.Store) { do(tx.DropRow(row.Key())) }
	case 4:
		base := &device.Base{Row: row, Low: p.Vector(), Hidden: yes}
		return func(tx device.Store) { do(tx.PutBase(row.Key(), base)) }
	case 5:
		return func(tx device.Store) { do(tx.DropBase(row.Key())) }
	case 6:
		return func(tx device.Store) { do(tx.PutHeld(class, bucket, yes)) }
	case 7:
		n := 1 + p.Uint64N(p.queue+1) // an old one changes its state, and maybe its rows
		p.queue = max(p.queue, n)
		item := p.newItem(n, device.State(1+p.IntN(4)), row)
		return func(tx device.Store) { do(tx.PutItem(item)) }
	case 8:
		return func(tx device.Store) { do(tx.Forget(upTo)) }
	case 9:
		first, n, state := p.dot(0, 1+p.Uint64N(p.queue+1)), p.Uint64N(5), device.State(2+p.IntN(3))
		return func(tx device.Store) { do(tx.PutJudged(p.judge(must(tx.ItemsFrom(first, n)), state, upTo))) }
	}
	return func(tx device.Store) {
		do(tx.ClearStale(schema.ClassStock))
		do(tx.MarkStale(bucket, schema.ClassStock))
	}
}

// judge notes one verdict on the items; for the second half of the numbers with another effective time than was meant.
func (p *devicePair) judge(items []*device.Item, s device.State, seq uint64) []*device.Item {
	for k, i := range items {
		i.State, i.Seq, i.Code, i.Message = s, seq+uint64(k), "", ""
		i.Prior = &wire.Prior{Outcome: wire.Merged, Eff: i.Change.Stamp.Add(i.Change.Offset)}
		if i.N > p.queue/2 {
			i.Prior.Eff++
		}
	}
	return items
}

// compare asks both sides everything.
func (p *devicePair) compare() {
	p.Helper()
	sides := make([][]any, 2)
	for i, side := range []DeviceStore{p.model, p.DeviceStore} {
		err := side.Write(func(tx device.Store) error {
			return attempt(func() { sides[i] = p.ask(tx) })
		})
		if err != nil {
			p.Fatal(err)
		}
	}
	same(p.T, "answers", sides[1], sides[0])
}

func (p *devicePair) ask(tx device.Store) (answers []any) {
	for _, r := range p.rows {
		answers = append(answers, must(tx.Row(r.Key())), must(tx.Base(r.Key())), must(tx.PendingOn(r.Key())))
	}
	for _, id := range p.jobs {
		answers = append(answers, must(tx.Refs(p.table("task"), "job", id)), must(tx.Refs(p.table("movement"), "to", id)),
			must(byKey(tx.BucketRows(jobBucket(id), schema.ClassStock))),
			must(byKey(tx.BucketRows(vanBucket(id), schema.ClassStock))))
	}
	for s := device.Pending; s <= device.Closed; s++ {
		answers = append(answers, must(tx.Items(s, p.queue/4, 20)))
	}
	for n := range p.queue {
		dot := clock.Dot{Actor: p.actors[0], Counter: n + 1}
		answers = append(answers, must(tx.Item(dot)), must(tx.ItemsFrom(dot, 3)))
	}
	for _, k := range must(byKey(tx.Stale(schema.ClassStock))) {
		if must(tx.Row(k)) != nil { // whether a row that went is stale is nobody's business
			answers = append(answers, k)
		}
	}
	return append(answers, must(byKey(tx.Bases())), must(byBucket(tx.Held(schema.ClassWork))))
}

// places returns which copies these are, and of which rows.
func places(copies []*device.Witness, err error) (ns []uint64, rows []*record.Row, e error) {
	for _, w := range copies {
		ns, rows = append(ns, w.N), append(rows, w.Row)
	}
	return ns, rows, err
}

func (d *deviceStory) witnesses() {
	rows := []*record.Row{d.task(d.ID()), d.task(d.ID()), d.task(d.ID())}
	d.write(func(tx device.Store) {
		for _, r := range rows {
			do(tx.PutWitness(&device.Witness{Row: r}))
		}
	})
	all := func(taken bool) (ns []uint64, copies []*record.Row) {
		d.write(func(tx device.Store) {
			var err error
			ns, copies, err = places(tx.Witnesses(taken, 0, 9))
			do(err)
		})
		return ns, copies
	}
	ns, copies := all(false)
	same(d.T, "copies", copies, rows)
	d.write(func(tx device.Store) {
		after, _, err := places(tx.Witnesses(false, ns[0], 1))
		do(err)
		same(d.T, "after the first, one", after, ns[1:2])
		do(tx.PutWitness(&device.Witness{N: ns[0], Row: rows[0], Seq: 20}))
		do(tx.PutWitness(&device.Witness{N: ns[1], Row: rows[1], Seq: 21}))
	})
	waiting, _ := all(false)
	taken, _ := all(true)
	same(d.T, "waiting", waiting, ns[2:])
	same(d.T, "taken", taken, ns[:2])
	d.write(func(tx device.Store) { do(tx.Forget(20)) })
	taken, _ = all(true)
	same(d.T, "not in the backups yet", taken, ns[1:2])
	d.write(func(tx device.Store) { do(tx.DropWitness(ns[2])) })
	waiting, _ = all(false)
	same(d.T, "waiting still", waiting, []uint64(nil))
}

func (d *deviceStory) erasures() {
	row, other := d.DeviceRow(d.table("customer"), 1, record.Values{"phone": record.Text("secret")}), d.task(d.ID())
	key := row.Key()
	item := d.newItem(1, device.Refused, row)
	item.Change.Rows[0].Cells = []record.CellWrite{{CellID: record.CellID{Column: 2}, Value: record.Text("secret")}}
	item.Change.Salt = record.Salt{7}
	d.putItems(encoded(item), d.newItem(2, device.Pending, row, other))
	left, changed, err := record.Redact(Schema, item.Encoded, map[record.Key]bool{key: true})
	do(err)
	same(d.T, "there was something", changed, true)
	item.Encoded, item.Change = left, must(record.ParseChangeSet(left))
	d.write(func(tx device.Store) {
		same(d.T, "nobody yet", must(tx.Erased(key)), false)
		do(tx.PutRedacted(item))
		do(tx.PutErased([]record.Key{key}))
		do(tx.PutErased([]record.Key{key}))
		do(tx.Purge([]record.Key{key}))
	})
	d.write(func(tx device.Store) {
		same(d.T, "what is left", must(tx.Item(item.Change.Dot)), item)
		same(d.T, "still refused", must(numbers(tx.Items(device.Refused, 0, 9))), []uint64{1})
		same(d.T, "still on its row", must(numbers(tx.PendingOn(key))), []uint64{2})
		same(d.T, "erased", must(tx.Erased(key)), true)
		same(d.T, "not erased", must(tx.Erased(other.Key())), false)
		item.State, item.Prior, item.Code, item.Message = device.Pending, nil, "", "" // the hub was restored
		do(tx.PutItem(item))
	})
	reopen(d.T, d.DeviceStore)
	d.write(func(tx device.Store) {
		same(d.T, "after a restart", must(tx.Item(item.Change.Dot)), item)
		same(d.T, "erased, after a restart", must(tx.Erased(key)), true)
	})
}
