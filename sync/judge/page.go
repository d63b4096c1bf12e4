package judge

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// PageRows is how many rows a part of a page carries at most: enough to compress well, few enough to commit at once.
const PageRows = 1000

// pageBytes is how many bytes of values a part of a page gathers, so that long texts do not take the hub's memory.
const pageBytes = 4 * wire.MaxPart

// Want is what a device lacks: the state of one class after From.
type Want struct {
	Person record.ID
	Class  schema.Class
	From   uint64
	After  uint64                // at least From: up to here there was nothing that the device does not have
	Own    map[record.Key]uint64 // rows that the device has as they were at that commit: what it wrote itself
	UpTo   uint64                // no commit after it; 0 for all there are
	Resume []byte                // where a page in several parts goes on; empty begins one
}

// pager builds one part of a page.
type pager struct {
	Reader
	schema *schema.Schema
	want   Want
	page   wire.Page
	rows   rowBatches
	left   int // rows that the part still takes
	size   int // bytes of values in it
}

// NextPage returns the next part of a page that brings the device forward, and the hub's head; when there is nothing
// new, one with nothing in it, From = To and not Last. State is sent, not history: each row as it stands, to the person
// as he stands.
func NextPage(r Reader, s *schema.Schema, want Want) (page wire.Page, head uint64, err error) {
	if head, err = r.Head(); err != nil {
		return wire.Page{}, 0, err
	}
	if want.UpTo > 0 {
		head = min(head, want.UpTo)
	}
	p := &pager{Reader: r, schema: s, want: want, left: PageRows}
	p.page = wire.Page{Class: want.Class, From: want.From, To: head}
	if at, ok := parsePosition(want.Resume); ok && at.class == want.Class && at.from == want.From && at.to <= head {
		p.page.To = at.to
		err = p.content(at)
	} else if max(want.From, want.After) >= head {
		p.page.To = want.From
	} else {
		err = p.begin()
	}
	p.page.Rows = p.rows.batches
	return p.page, head, err
}

// begin builds the first part: what leaves, what changed in the buckets that stay, and the beginning of those that
// enter.
func (p *pager) begin() error {
	p.want.After = max(p.want.From, p.want.After)
	touched, known, err := p.touched()
	if err != nil {
		return err
	}
	if known {
		return p.changes(touched)
	}
	return p.whole()
}

// touched returns the buckets in which something happened since After and that the person holds; known is false where
// his holds may have changed too, or so much that looking everywhere is no dearer.
func (p *pager) touched() (held []record.Bucket, known bool, err error) {
	if p.want.From == 0 {
		return nil, false, nil
	}
	touched, known, err := p.TouchedSince(p.want.After)
	if err != nil || !known || slices.Contains(touched, record.PersonBucket(p.want.Person)) {
		return nil, false, err
	}
	for _, b := range touched {
		ok, err := HoldsNow(p.Reader, p.want.Person, b)
		if err != nil {
			return nil, false, err
		}
		if ok {
			held = append(held, b)
		}
	}
	return held, true, nil
}

// changes builds a page of what changed in the buckets, while nothing entered or left.
func (p *pager) changes(buckets []record.Bucket) error {
	changed, to, err := p.changed(buckets)
	if err != nil {
		return err
	}
	p.page.To, p.page.Last = to, true
	for _, e := range changed {
		if err := p.addChanged(e); err != nil {
			return err
		}
	}
	return nil
}

// whole builds the first part of a page by all that the person holds and held.
func (p *pager) whole() error {
	scope, err := p.scope()
	if err != nil {
		return err
	}
	changed, to, err := p.changed(scope.stay)
	if err != nil {
		return err
	}
	if to < p.page.To { // more than one page: this one ends where it is full
		p.page.To = to
		if scope, err = p.scope(); err != nil {
			return err
		}
	}
	p.page.Leave, p.page.Enter = scope.leave, scope.enter
	for _, e := range changed {
		if err := p.addChanged(e); err != nil {
			return err
		}
	}
	if err := p.countEntering(); err != nil {
		return err
	}
	return p.content(position{class: p.want.Class, from: p.want.From, to: p.page.To})
}

// scope is how the buckets that the person holds changed between the page's two ends. A bucket stays only if it was
// held all the time between: what was passed over while it was not makes it enter anew.
type scope struct{ stay, enter, leave []record.Bucket }

func (p *pager) scope() (scope, error) {
	holds, err := p.HoldsOf(p.want.Person, p.want.From)
	if err != nil {
		return scope{}, err
	}
	for _, b := range []record.Bucket{record.Shared, record.PersonBucket(p.want.Person)} {
		holds = append(holds, Hold{Bucket: b, Since: 1, Until: Forever})
	}
	slices.SortFunc(holds, func(a, b Hold) int {
		return cmp.Or(compareBuckets(a.Bucket, b.Bucket), cmp.Compare(a.Since, b.Since))
	})
	var s scope
	for from := 0; from < len(holds); {
		to := from
		for to < len(holds) && holds[to].Bucket == holds[from].Bucket {
			to++
		}
		s.sort(holds[from:to], p.want.From, p.page.To)
		from = to
	}
	return s, nil
}

// sort puts a bucket where it belongs, by all holds on it in order of Since.
func (s *scope) sort(holds []Hold, from, to uint64) {
	b, held := holds[0].Bucket, from // the bucket is held from From up to but not including held
	then, now := false, false
	for _, h := range holds {
		then = then || from > 0 && h.At(from)
		now = now || h.At(to)
		if h.Since <= held {
			held = max(held, h.Until)
		}
	}
	switch {
	case then && now && held > to:
		s.stay = append(s.stay, b)
	case now:
		s.enter = append(s.enter, b)
	case then:
		s.leave = append(s.leave, b)
	}
}

func compareBuckets(a, b record.Bucket) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), slices.Compare(a.ID[:], b.ID[:]))
}

// changed returns the feed's entries since After, each row once, in order of seq, and the commit they are complete up
// to: To, unless there are more than a page takes. What the device has as it stands is passed over.
func (p *pager) changed(buckets []record.Bucket) ([]FeedEntry, uint64, error) {
	all, to, err := p.complete(buckets)
	known := func(e FeedEntry) bool { return p.want.Own[e.Key] == e.Seq }
	return slices.DeleteFunc(all, known), to, err
}

// complete returns the entries of whole commits, as many as a page takes, and the commit they are complete up to.
func (p *pager) complete(buckets []record.Bucket) ([]FeedEntry, uint64, error) {
	all, to, err := p.entries(buckets, p.page.To, PageRows+1)
	if err != nil {
		return nil, 0, err
	}
	if len(all) > PageRows && all[PageRows].Seq <= to {
		to = all[PageRows].Seq - 1
	}
	if first := firstCommit(all, p.want.After); first > to { // a commit is never split, however many rows it touched
		return p.entries(buckets, first, math.MaxInt32)
	}
	end, _ := slices.BinarySearchFunc(all, to+1, func(e FeedEntry, seq uint64) int { return cmp.Compare(e.Seq, seq) })
	return all[:end], to, nil
}

// entries returns the feed's entries of the buckets since After up to the commit to, at most limit of each bucket, each
// row once, in order of seq, and the commit they are complete up to.
func (p *pager) entries(buckets []record.Bucket, to uint64, limit int) ([]FeedEntry, uint64, error) {
	var all []FeedEntry
	for _, b := range buckets {
		entries, err := p.FeedSince(b, p.want.Class, p.want.After, to, limit)
		if err != nil {
			return nil, 0, err
		}
		if len(entries) == limit { // complete only up to before the last one's commit
			to = min(to, entries[limit-1].Seq-1)
		}
		all = append(all, entries...)
	}
	slices.SortFunc(all, func(a, b FeedEntry) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Key.Table, b.Key.Table), slices.Compare(a.Key.ID[:], b.Key.ID[:]))
	})
	return slices.Compact(all), to, nil
}

// firstCommit returns the seq of the first entry, from if there is none.
func firstCommit(all []FeedEntry, from uint64) uint64 {
	if len(all) == 0 {
		return from
	}
	return all[0].Seq
}

// addChanged adds what the device lacks of a row it has: the columns whose values changed since After; the whole row
// where it was born since.
func (p *pager) addChanged(e FeedEntry) error {
	row, err := p.Row(e.Key)
	if err != nil || row == nil {
		return err
	}
	if row.Deleted || row.Meta.Born > p.want.After {
		p.rows.addWhole(row)
		return nil
	}
	var columns uint64
	for _, c := range row.Meta.Cells {
		if i := row.Table.ColumnByID(c.ID.Column); i >= 0 && c.Seq > p.want.After {
			columns |= 1 << i
		}
	}
	p.rows.add(row, columns, false)
	return nil
}

func (p *pager) countEntering() error {
	for _, b := range p.page.Enter {
		for _, src := range sources(p.schema, p.want.Class, b) {
			n, err := p.Count(src.table, src.rule, b)
			if err != nil {
				return err
			}
			p.page.Total += n
		}
	}
	return nil
}

// content adds rows of the buckets that enter, in key order, from the position on; a full part ends with the
// position to go on from, and the last one moves the cursor.
func (p *pager) content(at position) error {
	if len(p.page.Enter) == 0 && !at.started {
		p.page.Last = true
		return nil
	}
	scope, err := p.scope()
	if err != nil {
		return err
	}
	p.page.Done, p.page.Total = at.done, max(at.total, p.page.Total)
	for _, b := range scope.enter {
		if at.started && compareBuckets(b, at.bucket) < 0 {
			continue
		}
		full, err := p.bucket(b, &at)
		if full || err != nil {
			return err
		}
	}
	p.page.Last = true
	return nil
}

// source is one way in which rows lie in a bucket: a table, and which of its bucket rules.
type source struct {
	table *schema.Table
	rule  int
}

// sources returns where the rows of a bucket are found, in order of tables.
func sources(s *schema.Schema, class schema.Class, b record.Bucket) []source {
	var found []source
	for _, t := range s.Tables {
		for i, rule := range t.Buckets {
			if t.Class == class && rule.Kind == b.Kind {
				found = append(found, source{t, i})
			}
		}
	}
	return found
}

// bucket adds rows of one entering bucket and reports whether the part is full. A bucket that has been taken away
// since the page began is passed over: reading always asks for today's holds.
func (p *pager) bucket(b record.Bucket, at *position) (full bool, err error) {
	ok, err := HoldsNow(p.Reader, p.want.Person, b)
	if !ok || err != nil {
		return false, err
	}
	for _, src := range sources(p.schema, p.want.Class, b) {
		after := record.ID{}
		if at.started && at.bucket == b {
			switch {
			case src.table.ID < at.table || src.table.ID == at.table && src.rule < at.rule:
				continue
			case src.table.ID == at.table && src.rule == at.rule:
				after = at.after
			}
		}
		last := after
		err := p.Scan(src.table, src.rule, b, after, func(row *record.Row) bool {
			if p.left == 0 || p.size > pageBytes {
				full = true
				return false
			}
			p.rows.addWhole(row)
			p.left--
			p.size += sizeOf(row)
			p.page.Done++
			last = row.ID
			return true
		})
		if err != nil {
			return false, err
		}
		if full {
			p.page.Resume = position{
				class: p.want.Class, from: p.want.From, to: p.page.To, started: true,
				bucket: b, table: src.table.ID, rule: src.rule, after: last, done: p.page.Done, total: p.page.Total,
			}.bytes()
			return true, nil
		}
	}
	return false, nil
}

// HoldsNow reports whether the person holds the bucket now.
func HoldsNow(h Holds, person record.ID, b record.Bucket) (bool, error) {
	if b == record.Shared || b == record.PersonBucket(person) {
		return true, nil
	}
	holds, err := h.HoldsOn(b)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(holds, func(x Hold) bool { return x.Person == person && x.Open() }), nil
}

// position is where a page in several parts was left off. It travels through the device, which gives it back
// unchanged; one that it made up shows it no more than it may see.
type position struct {
	class    schema.Class
	from, to uint64
	started  bool
	bucket   record.Bucket
	table    schema.TableID
	rule     int
	after    record.ID
	done     uint64
	total    uint64
}

func (at position) bytes() []byte {
	b := []byte{byte(at.class), byte(at.rule)}
	b = append(b, at.bucket.Bytes()...)
	b = append(b, at.after[:]...)
	for _, n := range []uint64{at.from, at.to, uint64(at.table), at.done, at.total} {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func parsePosition(b []byte) (at position, ok bool) {
	const fixed = 2 + 17 + 16
	if len(b) < fixed {
		return position{}, false
	}
	at.class, at.rule, at.started = schema.Class(b[0]), int(b[1]), true
	at.bucket, _ = record.BucketFromBytes(b[2:19])
	copy(at.after[:], b[19:fixed])
	b = b[fixed:]
	var table uint64
	for _, n := range []*uint64{&at.from, &at.to, &table, &at.done, &at.total} {
		x, size := binary.Uvarint(b)
		if size <= 0 {
			return position{}, false
		}
		*n, b = x, b[size:]
	}
	at.table = schema.TableID(table)
	return at, len(b) == 0 && table <= 1<<16-1
}

// rowBatches gathers rows for the wire, those of one table and one set of columns together.
type rowBatches struct {
	batches []wire.Rows
	index   map[batchKey]int
	arena   []record.Value
}

type batchKey struct {
	table   schema.TableID
	columns uint64
	whole   bool
}

func (r *rowBatches) addWhole(row *record.Row) {
	r.add(row, uint64(1)<<len(row.Table.Columns)-1, true)
}

func (r *rowBatches) add(row *record.Row, columns uint64, whole bool) {
	key := batchKey{row.Table.ID, columns, whole}
	i, ok := r.index[key]
	if !ok {
		if r.index == nil {
			r.index = map[batchKey]int{}
		}
		i = len(r.batches)
		r.index[key] = i
		r.batches = append(r.batches, wire.Rows{Table: row.Table.ID, Columns: columnIDs(row.Table, columns), Whole: whole})
	}
	batch := &r.batches[i]
	batch.Rows = append(batch.Rows, wire.Row{
		ID: row.ID, Seq: row.Seq, Vector: row.Vector, Deleted: row.Deleted, Values: r.values(row, columns, len(batch.Columns)),
	})
}

// values copies the row's values of the given columns into the arena.
func (r *rowBatches) values(row *record.Row, columns uint64, n int) []record.Value {
	if cap(r.arena)-len(r.arena) < n {
		r.arena = make([]record.Value, 0, max(4096, n))
	}
	from := len(r.arena)
	for i := range row.Cols {
		if columns>>i&1 != 0 {
			r.arena = append(r.arena, row.Cols[i])
		}
	}
	return r.arena[from:len(r.arena):len(r.arena)]
}

func columnIDs(t *schema.Table, columns uint64) []schema.ColumnID {
	var ids []schema.ColumnID
	for i := range t.Columns {
		if columns>>i&1 != 0 {
			ids = append(ids, t.Columns[i].ID)
		}
	}
	return ids
}

// Answer returns today's state of rows, as far as the person may see it: whole rows, and the keys of those that he
// may not see or that are not there. Rows beyond what a message takes are left out: the next page brings them.
func Answer(r interface {
	Row(record.Key) (*record.Row, error)
	HoldsOn(record.Bucket) ([]Hold, error)
}, person record.ID, keys []record.Key) (rows []wire.Rows, gone []record.Key, err error) {
	var batches rowBatches
	seen, size := map[record.Key]bool{}, 0
	for _, key := range keys {
		if seen[key] {
			continue
		}
		seen[key] = true
		row, err := r.Row(key)
		if err != nil {
			return nil, nil, err
		}
		visible, err := maySee(r.HoldsOn, person, row)
		if err != nil {
			return nil, nil, err
		}
		if !visible {
			gone = append(gone, key)
			continue
		}
		if size += sizeOf(row); size <= wire.MaxPart {
			batches.addWhole(row)
		}
	}
	return batches.batches, gone, nil
}

func sizeOf(row *record.Row) int {
	n := 0
	for _, v := range row.Cols {
		n += 2 + len(v.Text())
	}
	return n
}

func maySee(holdsOn func(record.Bucket) ([]Hold, error), person record.ID, row *record.Row) (bool, error) {
	if row == nil {
		return false, nil
	}
	for _, b := range row.Buckets() {
		if b == record.Shared || b == record.PersonBucket(person) {
			return true, nil
		}
		holds, err := holdsOn(b)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(holds, func(h Hold) bool { return h.Person == person && h.Open() }) {
			return true, nil
		}
	}
	return false, nil
}

// Sums returns the checksums of the buckets over their living rows of all classes, for a device that has come up to the
// commit at. Buckets that the person does not hold, and those that changed since, are left out.
func Sums(r Reader, s *schema.Schema, person record.ID, buckets []record.Bucket, at uint64) (wire.Sums, error) {
	sums := wire.Sums{At: at}
	for _, b := range buckets {
		held, err := HoldsNow(r, person, b)
		if err != nil {
			return wire.Sums{}, err
		}
		if !held {
			continue
		}
		sum, newest, err := sumOf(r, s, b)
		if err != nil {
			return wire.Sums{}, err
		}
		if newest <= at {
			sums.Sums = append(sums.Sums, wire.Sum{Bucket: b, Sum: sum})
		}
	}
	return sums, nil
}

// sumOf returns the bucket's checksum, and the latest commit that touched one of its rows.
func sumOf(r Reader, s *schema.Schema, b record.Bucket) (sum, newest uint64, err error) {
	for class := range schema.Class(schema.Classes) {
		for _, src := range sources(s, class, b) {
			err := r.Scan(src.table, src.rule, b, record.ID{}, func(row *record.Row) bool {
				sum += wire.RowSum(row.Key(), row.Seq)
				newest = max(newest, row.Seq)
				return true
			})
			if err != nil {
				return 0, 0, err
			}
		}
	}
	return sum, newest, nil
}

// Acknowledge notes how far a device has come and which of its change sets have seen that.
func (b *Batch) Acknowledge(a clock.Actor, k, written uint64) error {
	actor, err := b.actor(a)
	if err != nil || actor == nil || k <= actor.AckK { // what is said of the same K again is not more
		return err
	}
	actor.AckK, actor.AckN = min(k, b.seq), written
	return nil
}
