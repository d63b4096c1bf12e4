package device_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// phone is a replica over a store in memory, and one job that the hub may send it.
type phone struct {
	*testing.T
	store  *simtest.MemDevice
	schema *schema.Schema
	make   *simtest.Maker
	actor  clock.Actor
	person record.ID
	job    record.Key
	seq    uint64 // of the hub
	now    int64
	taken  device.Taken
}

// desk is the incarnation of the office.
var desk = actorOf(9, clock.SideOffice)

func actorOf(serial uint64, side clock.Side) clock.Actor {
	a, err := clock.NewActor(0, serial, side)
	if err != nil {
		panic(err) // a handful of serials is in range
	}
	return a
}

func dot(a clock.Actor, n uint64) clock.Dot { return clock.Dot{Actor: a, Counter: n} }
func saw(dots ...clock.Dot) clock.Vector    { return clock.VectorOf(dots...) }
func text(column, v string) record.Values   { return record.Values{column: record.Text(v)} }
func jobBucket(job record.Key) record.Bucket {
	return record.Bucket{Kind: simtest.JobBucket, ID: job.ID}
}
func table(name string) *schema.Table { return simtest.Schema.Table(name) }
func (p *phone) key(name string) record.Key {
	return record.Key{Table: table(name).ID, ID: p.make.ID()}
}
func (p *phone) bucket() record.Bucket { return jobBucket(p.job) }

// newPhone returns the phone of somebody who was enrolled and has nothing yet.
func newPhone(t *testing.T) *phone {
	t.Helper()
	m := simtest.NewMaker(1)
	p := &phone{T: t, store: simtest.NewMemDevice(simtest.Schema), schema: simtest.Schema, make: m,
		actor: actorOf(1, clock.SideDevice), person: m.ID(), now: 1_750_000_000_000, seq: 1}
	p.job = p.key("job")
	p.must(p.store.Write(func(tx device.Store) error {
		return tx.PutIdentity(&device.Identity{
			Device: m.ID(), Person: p.person, Actor: p.actor, Schema: simtest.Schema.Version,
		})
	}))
	return p
}

// onAJob returns a phone that was sent the job, as the office's first change set made it.
func onAJob(t *testing.T) *phone {
	p := newPhone(t)
	p.takes(p.enters(p.office(1, text("title", "a pump"))))
	return p
}

func (p *phone) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *phone) replica(do func(*device.Replica) error) error {
	return p.store.Write(func(tx device.Store) error {
		r, err := device.Open(tx, p.schema)
		if err != nil {
			return err
		}
		return do(r)
	})
}

func (p *phone) tx(do func(device.Store) error) {
	p.Helper()
	p.must(p.store.Write(do))
}

func (p *phone) identity() (id *device.Identity) {
	p.tx(func(tx device.Store) (err error) { id, err = tx.Identity(); return err })
	return id
}

func (p *phone) row(key record.Key) (row *record.Row) {
	p.tx(func(tx device.Store) (err error) { row, err = tx.Row(key); return err })
	return row
}

func (p *phone) base(key record.Key) (base *device.Base) {
	p.tx(func(tx device.Store) (err error) { base, err = tx.Base(key); return err })
	return base
}

// office returns the job as the hub has it after the n-th change set of the office.
func (p *phone) office(n uint64, values record.Values) wire.Rows {
	p.seq++
	return p.hubRow(p.job, saw(dot(desk, n)), values)
}

// hubRow returns a whole row as the hub sends it.
func (p *phone) hubRow(key record.Key, at clock.Vector, values record.Values) wire.Rows {
	t := simtest.Schema.TableByID(key.Table)
	rows := wire.Rows{Table: key.Table, Whole: true}
	row := wire.Row{ID: key.ID, Seq: p.seq, Vector: at}
	for _, c := range t.Columns {
		rows.Columns = append(rows.Columns, c.ID)
		row.Values = append(row.Values, values[c.Name])
	}
	rows.Rows = []wire.Row{row}
	return rows
}

// part leaves of whole rows the named columns.
func part(rows wire.Rows, columns ...string) wire.Rows {
	t := simtest.Schema.TableByID(rows.Table)
	cut := wire.Rows{Table: rows.Table}
	row := rows.Rows[0]
	row.Values = nil
	for _, name := range columns {
		i := t.Column(name)
		cut.Columns = append(cut.Columns, t.Columns[i].ID)
		row.Values = append(row.Values, rows.Rows[0].Values[i])
	}
	cut.Rows = []wire.Row{row}
	return cut
}

// enters is the page with which the job's bucket enters; brings one that brings rows of a bucket that stays.
func (p *phone) enters(rows ...wire.Rows) *wire.Page {
	page := p.brings(rows...)
	page.Enter = []record.Bucket{p.bucket()}
	return page
}

func (p *phone) brings(rows ...wire.Rows) *wire.Page {
	return &wire.Page{From: p.identity().Cursors[0], To: p.seq, Last: true, Rows: rows}
}

func (p *phone) leaves(buckets ...record.Bucket) *wire.Page {
	p.seq++
	page := p.brings()
	page.Leave = buckets
	return page
}

func (p *phone) takes(page *wire.Page) {
	p.Helper()
	p.must(p.replica(func(r *device.Replica) error { return r.TakePage(page) }))
}

// does is one local transaction, writes one that writes cells of the job.
func (p *phone) doing(do func(*device.Tx) error) (item *device.Item, err error) {
	err = p.store.Write(func(store device.Store) error {
		tx, err := device.Begin(store, p.schema, p.now, record.Salt{1})
		if err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		item, err = tx.Commit("test")
		return err
	})
	return item, err
}

func (p *phone) does(do func(*device.Tx) error) *device.Item {
	p.Helper()
	item, err := p.doing(do)
	p.must(err)
	return item
}

func (p *phone) writes(values record.Values) *device.Item {
	p.Helper()
	return p.does(func(tx *device.Tx) error { return tx.Update(table("job"), p.job.ID, values) })
}

func (p *phone) inserts(name string, values record.Values) (record.Key, *device.Item) {
	p.Helper()
	key := p.key(name)
	return key, p.does(func(tx *device.Tx) error { return tx.Insert(table(name), key.ID, values) })
}

// hears takes in a verdict on an item, and what comes with it.
func (p *phone) hears(item *device.Item, outcome wire.Outcome, code fault.Code, rows []wire.Rows, gone ...record.Key) {
	p.Helper()
	p.seq++
	p.takesVerdicts(&wire.Verdicts{
		Actor: item.Change.Dot.Actor, At: p.seq, Rows: rows, Gone: gone,
		Verdicts: []wire.Verdict{{
			Counter: item.Change.Dot.Counter, Count: 1, Hash: item.Hash, Outcome: outcome, Seq: p.seq, Code: code,
		}},
	})
}

func (p *phone) takesVerdicts(v *wire.Verdicts) {
	p.Helper()
	p.must(p.replica(func(r *device.Replica) (err error) { p.taken, err = r.TakeVerdicts(v); return err }))
}

func (p *phone) item(d clock.Dot) (item *device.Item) {
	p.tx(func(tx device.Store) (err error) { item, err = tx.Item(d); return err })
	return item
}

func (p *phone) welcome(w wire.Welcome) (renew bool) {
	p.Helper()
	p.must(p.replica(func(r *device.Replica) (err error) { renew, err = r.Greet(&w, p.now); return err }))
	return renew
}

func (p *phone) expectContext(item *device.Item, want clock.Vector) {
	p.Helper()
	if got := item.Change.Rows[0].Context; !got.Equal(want) {
		p.Errorf("%v was written having seen %v, want %v", item.Change.Dot, got, want)
	}
}

func (p *phone) expectTitle(want string) {
	p.Helper()
	row := p.row(p.job)
	if row == nil || row.Get("title").Text() != want {
		p.Errorf("the phone shows %v, want %q", row, want)
	}
}

func (p *phone) expectGone(key record.Key) {
	p.Helper()
	if row := p.row(key); row != nil {
		p.Errorf("the phone shows %v", row)
	}
}

func (p *phone) expectState(item *device.Item, want device.State) {
	p.Helper()
	if got := p.item(item.Change.Dot); got == nil || got.State != want {
		p.Errorf("%v is %+v, want the state %d", item.Change.Dot, got, want)
	}
}

func (p *phone) expectCode(err error, want fault.Code) {
	p.Helper()
	if fault.CodeOf(err) != want {
		p.Errorf("%v, want the code %q", err, want)
	}
}
