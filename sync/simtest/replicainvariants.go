package simtest

import (
	"slices"

	"fieldsync/sync/device"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// checkQueues asks that nothing waits any more.
func (f *Fleet) checkQueues() {
	for _, p := range f.phones {
		for _, i := range p.store.Items() {
			if i.State == device.Pending {
				f.fail("queue", "%s still waits for a verdict on %v", p.name, i.Change.Dot)
			}
		}
		p.withStore(func(tx device.Store) {
			if keys := must(tx.Bases()); len(keys) > 0 {
				f.fail("queue", "%s keeps the base of %s without a pending change", p.name, nameOf(keys[0]))
			}
		})
		if !f.connected(p.device()) {
			f.fail("loop", "%s is not connected", p.name)
		}
	}
}

// connected reports whether the device has its one connection, by whichever copy of it.
func (f *Fleet) connected(device record.ID) bool {
	return slices.ContainsFunc(f.phones, func(p *phone) bool { return p.conn != nil && p.device() == device })
}

// checkRefused asks that what the phone shows as refused is.
func (f *Fleet) checkRefused(p *phone) {
	for _, i := range p.store.Items() {
		if i.State != device.Refused {
			continue
		}
		dot, ok := f.hub.store.state.rids.get(i.Change.RID(i.Hash))
		e, _ := f.hub.store.state.entries.get(dot)
		if !ok || !quarantined(e) {
			f.fail("refused", "%s shows %v as refused, and it is not", p.name, i.Change.Dot)
		}
	}
}

func (p *phone) withStore(do func(device.Store)) {
	if err := p.store.Write(func(tx device.Store) error { return attempt(func() { do(tx) }) }); err != nil {
		p.f.fail("phone", "%s: %v", p.name, err)
	}
}

// scope returns the living rows that the person may see.
func (f *Fleet) scope(person record.ID) map[record.Key]*record.Row {
	rows := map[record.Key]*record.Row{}
	f.hub.read(func(r judge.Reader) error {
		for _, it := range f.hub.store.state.rows.items {
			for _, b := range it.value.Buckets() {
				ok, err := judge.HoldsNow(r, person, b)
				if err != nil {
					return err
				}
				if ok && !it.value.Deleted {
					rows[it.key] = it.value
				}
			}
		}
		return nil
	})
	return rows
}

// checkRows asks that the phone shows the rows of its scope and nothing else, each as the hub has it.
func (f *Fleet) checkRows(p *phone) {
	want, have := f.scope(p.person), p.shown()
	for _, it := range f.hub.store.state.rows.items {
		hub, mine := want[it.key], have[it.key]
		switch {
		case hub != nil && p.schema.TableByID(it.key.Table) == nil:
		case hub != nil && mine == nil:
			f.fail("missing", "%s lacks %s", p.name, nameOf(it.key))
		case hub == nil && mine != nil:
			f.fail("scope", "%s has %s, which is not in its scope (deleted %v)", p.name, nameOf(it.key), it.value.Deleted)
		case hub != nil:
			f.compare(p, hub, mine)
		}
		delete(have, it.key)
	}
	for k := range have {
		f.fail("scope", "%s has %s, which the hub has not", p.name, nameOf(k))
	}
}

func (f *Fleet) compare(p *phone, hub, mine *record.Row) {
	name := nameOf(hub.Key())
	for i := range mine.Table.Columns {
		c := &mine.Table.Columns[i]
		if want, have := hub.Get(c.Name), mine.Cols[i]; want != have {
			f.fail("differs", "%s shows %s.%s as %v, the hub as %v", p.name, name, c.Name, have, want)
		}
	}
	if !hub.Vector.Equal(mine.Vector) {
		f.fail("vector", "%s has %s at %v, the hub at %v", p.name, name, mine.Vector, hub.Vector)
	}
	if hub.Seq != mine.Seq {
		f.fail("seq", "%s has %s at %d, the hub at %d", p.name, name, mine.Seq, hub.Seq)
	}
}

// checkSums asks that the checksums of the buckets are those of the rows that the phone has.
func (f *Fleet) checkSums(p *phone) {
	if p.schema != Schema {
		return
	}
	held := map[record.Bucket]bool{}
	var buckets []record.Bucket
	p.withStore(func(tx device.Store) {
		for class := range schema.Class(schema.Classes) {
			for _, b := range must(tx.Held(class)) {
				if !held[b] {
					held[b] = true
					buckets = append(buckets, b)
				}
			}
		}
	})
	f.hub.read(func(r judge.Reader) error {
		sums, err := judge.Sums(r, Schema, p.person, buckets, must(r.Head()), Schema.Version)
		if len(sums.Sums) != len(buckets) {
			f.fail("scope", "%s holds %d buckets, the hub says %d", p.name, len(buckets), len(sums.Sums))
		}
		for _, s := range sums.Sums {
			if mine := p.sum(s.Bucket); mine != s.Sum {
				f.fail("sum", "%s has another sum than the hub for the bucket %d/%s", p.name, s.Bucket.Kind, short(s.Bucket.ID))
			}
		}
		return err
	})
}

// sum returns the checksum of a bucket over the rows that the phone shows.
func (p *phone) sum(b record.Bucket) (sum uint64) {
	for _, r := range p.store.Rows() {
		if !r.Deleted && slices.Contains(r.Buckets(), b) {
			sum += wire.RowSum(r, Schema.Version)
		}
	}
	return sum
}
