package judge

import (
	"cmp"
	"math"
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// PageRows is how many rows a part of a page carries at most: enough to compress well, few enough to commit at once. Of
// more than that, the first part is smaller, so that the device has something to do while the hub reads the next.
const PageRows = 500

// firstShare is the share of a part that the first one of several carries.
const firstShare = 4

// pageBytes is how many bytes the rows take that a part of a page gathers, so that long texts do not take the hub's memory.
const pageBytes = 4 * wire.MaxPart

// Want is what a device lacks: the state of one class after From.
type Want struct {
	Person record.ID
	Class  schema.Class
	From   uint64
	After  uint64                // at least From: the feed up to here was sent, or there was nothing in it for the device
	Since  uint64                // at least From: of every row it has what changed up to here; 0 means After
	Own    map[record.Key]uint64 // rows that the device has as they were at that commit: what it wrote itself
	UpTo   uint64                // no commit after it; 0 for all there are
	Resume []byte                // where a page in several parts goes on; empty begins one
	Rows   int                   // how many a part carries at most; 0 means PageRows
}

// pager builds one part of a page.
type pager struct {
	Reader
	schema *schema.Schema
	want   Want
	page   wire.Page
	head   uint64 // the hub's
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
	want.Rows = cmp.Or(want.Rows, PageRows)
	if want, err = reachable(r, want); err != nil {
		return wire.Page{}, 0, err
	}
	p := &pager{Reader: r, schema: s, want: want, head: head, left: want.Rows}
	if want.UpTo > 0 {
		head = min(head, want.UpTo)
	}
	p.want.After = max(want.From, want.After)
	p.want.Since = cmp.Or(want.Since, p.want.After)
	p.page = wire.Page{Class: want.Class, From: want.From, To: head}
	at, ok := parsePosition(want.Resume)
	ok = ok && at.class == want.Class && at.from == want.From && at.to <= head
	switch {
	case ok && at.started:
		p.page.To = at.to
		err = p.goOn(at)
	case ok:
		p.want.After, p.want.Since = max(p.want.After, at.to), cmp.Or(want.Since, want.From)
		err = p.begin()
	case p.want.After >= head:
		p.page.To = want.From
	default:
		err = p.begin()
	}
	p.page.Rows = p.rows.batches
	return p.page, head, err
}

// reachable returns what can be told to a device that lacks it: everything, where it has not heard of deleted rows that are
// forgotten. Admit has looked, but more may have been forgotten since: nobody waits for one whose file is older than what it acknowledged.
func reachable(r Reader, want Want) (Want, error) {
	if want.Class != schema.ClassWork || want.From == 0 {
		return want, nil
	}
	collected, err := r.Collected()
	if err == nil && cmp.Or(want.Since, want.After, want.From) < collected {
		want.From, want.After, want.Since, want.Resume = 0, 0, 0, nil
	}
	return want, err
}

// begin builds the first part: what was erased, what leaves, what changed in the buckets that stay, and the beginning of those that
// enter.
func (p *pager) begin() error {
	touched, known, err := p.touched()
	if err != nil {
		return err
	}
	if known {
		err = p.changes(touched)
	} else {
		err = p.whole()
	}
	if err == nil && p.want.Class == schema.ClassWork {
		p.page.Erased, err = p.ErasedSince(p.want.From, p.page.To) // not from After: of its own commits a device is sent nothing
	}
	return err
}

// touched returns the buckets in which something happened since Since and that the person holds; known is false where
// his holds may have changed too, or so much that looking everywhere is no dearer.
func (p *pager) touched() (held []record.Bucket, known bool, err error) {
	if p.want.From == 0 {
		return nil, false, nil
	}
	touched, known, err := p.TouchedSince(p.want.Since)
	if err != nil || !known || slices.Contains(touched, record.PersonBucket(p.want.Person)) {
		return nil, false, err
	}
	held, err = heldOf(p.Reader, p.want.Person, touched)
	return held, true, err
}

// manyBuckets is of how many buckets it is dearer to ask who holds each than what the person holds.
const manyBuckets = 32

// heldOf returns those of the buckets that the person holds now.
func heldOf(h Holds, person record.ID, buckets []record.Bucket) (held []record.Bucket, err error) {
	holds := func(b record.Bucket) (bool, error) { return HoldsNow(h, person, b) }
	if len(buckets) > manyBuckets {
		all, err := h.HeldBy(person)
		if err != nil {
			return nil, err
		}
		open := map[record.Bucket]bool{record.Shared: true, record.PersonBucket(person): true}
		for _, b := range all {
			open[b] = true
		}
		holds = func(b record.Bucket) (bool, error) { return open[b], nil }
	}
	for _, b := range buckets {
		ok, err := holds(b)
		if err != nil {
			return nil, err
		}
		if ok {
			held = append(held, b)
		}
	}
	return held, nil
}

// changes builds a page of what changed in the buckets, while nothing entered or left.
func (p *pager) changes(buckets []record.Bucket) error {
	changed, to, err := p.changed(buckets)
	if err != nil {
		return err
	}
	left, err := p.leavesOut(buckets, to)
	if err != nil {
		return err
	}
	if left {
		p.goOnAfter(to)
	} else {
		p.page.To, p.page.Last = to, true
	}
	return p.addAll(changed)
}

// manyLeft is how many rows beyond the end of a page are looked at: where there are more, one of them is taken to be what
// is looked for.
const manyLeft = 64

// leavesOut reports whether rows of the buckets are left out of a page that ends with the commit to, because they changed
// after it, though they changed before it too: a row has one entry in the feed. Whoever goes on from there would never
// hear of the earlier change.
func (p *pager) leavesOut(buckets []record.Bucket, to uint64) (bool, error) {
	if to >= p.head {
		return false, nil
	}
	for _, b := range buckets {
		entries, err := p.FeedSince(b, p.want.Class, to, p.head, manyLeft)
		if err != nil || len(entries) == manyLeft {
			return true, err
		}
		for _, e := range entries {
			row, err := p.Row(e.Key)
			if err != nil {
				return false, err
			}
			if row != nil && changedWithin(row, p.want.Since, to) {
				return true, nil
			}
		}
	}
	return false, nil
}

// changedWithin reports whether the row came to be, or the values of a cell changed, by a commit with after < seq <= to.
func changedWithin(row *record.Row, after, to uint64) bool {
	within := func(seq uint64) bool { return after < seq && seq <= to }
	return within(row.Meta.Born) || slices.ContainsFunc(row.Meta.Cells, func(c record.Cell) bool { return within(c.Seq) })
}

// goOnAfter makes the page one that does not move the cursor, and that goes on with what changed after the commit to:
// with the next part, or, where no more may be read yet, with another page from the same cursor.
func (p *pager) goOnAfter(to uint64) {
	if to < p.page.To { // the page is full
		p.page.Resume = position{class: p.want.Class, from: p.want.From, to: to}.bytes()
	}
	p.page.To, p.page.Last = to, false
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
	left, err := p.leavesOut(scope.stay, to)
	if err != nil {
		return err
	}
	if left { // what leaves and enters comes with the last part
		p.goOnAfter(to)
		return p.addAll(changed)
	}
	if to < p.page.To { // more than one page: this one ends where it is full
		p.page.To = to
		if scope, err = p.scope(); err != nil {
			return err
		}
	}
	p.page.Leave, p.page.Enter = scope.leave, scope.enter
	if err := p.addAll(changed); err != nil {
		return err
	}
	if err := p.countEntering(); err != nil {
		return err
	}
	if p.page.Total > uint64(p.want.Rows) {
		p.left = max(p.want.Rows/firstShare, 1)
	}
	return p.content(scope, position{class: p.want.Class, from: p.want.From, to: p.page.To})
}

// scope is how the buckets that the person holds changed between the page's two ends. A bucket stays only if it was
// held all the time between: what was passed over while it was not makes it enter anew. One that was taken away since the page's end
// has no content for him: it leaves already, and does not enter, or it would sweep away what of its rows he has by other buckets.
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
	then, now, open := false, false, false
	for _, h := range holds {
		open = open || h.Open()
		then = then || from > 0 && h.At(from)
		now = now || h.At(to)
		if h.Since <= held {
			held = max(held, h.Until)
		}
	}
	switch {
	case then && now && open && held > to:
		s.stay = append(s.stay, b)
	case now && open:
		s.enter = append(s.enter, b)
	case from > 0 && holds[0].Since <= to: // held at some time since From: a verdict may have brought rows of it
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
	all, to, err := p.entries(buckets, p.page.To, p.want.Rows+1)
	if err != nil {
		return nil, 0, err
	}
	if most := p.want.Rows; len(all) > most && all[most].Seq <= to {
		to = all[most].Seq - 1
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

// addAll adds what the device lacks of the rows.
func (p *pager) addAll(changed []FeedEntry) error {
	keys := make([]record.Key, len(changed))
	for i, e := range changed {
		keys[i] = e.Key
	}
	if err := p.Foresee(keys); err != nil {
		return err
	}
	for _, e := range changed {
		if err := p.addChanged(e); err != nil {
			return err
		}
	}
	return nil
}

// addChanged adds what the device lacks of a row it has.
func (p *pager) addChanged(e FeedEntry) error {
	row, err := p.Row(e.Key)
	if err == nil && row != nil {
		p.rows.addSince(row, p.want.Since)
	}
	return err
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
