package judge

import (
	"cmp"
	"math"
	"slices"

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
	return p.addAll(changed)
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
	if err := p.addAll(changed); err != nil {
		return err
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
