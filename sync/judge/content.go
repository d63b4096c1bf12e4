package judge

import (
	"encoding/binary"
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

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

// goOn adds what follows the position, where an earlier part was full. To a device that has only what everybody holds, out
// of a segment, it says what else enters.
func (p *pager) goOn(at position) error {
	scope, err := p.scope()
	if err != nil {
		return err
	}
	if at.segment {
		p.page.Enter = slices.DeleteFunc(slices.Clone(scope.enter), func(b record.Bucket) bool { return b == record.Shared })
		if err := p.countEntering(); err != nil {
			return err
		}
		at.total += p.page.Total
	}
	return p.content(scope, at)
}

// content adds rows of the buckets that enter, in key order, from the position on; a full part ends with the
// position to go on from, and the last one moves the cursor. A bucket that has been taken away since the page began is
// passed over: reading always asks for today's holds.
func (p *pager) content(s scope, at position) error {
	p.page.Done, p.page.Total = at.done, max(at.total, p.page.Total)
	for _, b := range s.enter {
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

// again reports whether the row lies in the bucket by an earlier way, too.
func (src source) again(row *record.Row, b record.Bucket) bool {
	return slices.ContainsFunc(src.table.Buckets[:src.rule], func(rule schema.Bucket) bool { return row.Bucket(rule) == b })
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

// bucket adds rows of one entering bucket and reports whether the part is full.
func (p *pager) bucket(b record.Bucket, at *position) (full bool, err error) {
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
			p.size += wire.SizeOf(row.Vector, row.Cols)
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

// position is where a page in several parts was left off: in the content of a bucket, or, before anything of that was
// started, among the changes, of which those up to the commit to were sent. It travels through the device, which gives it back
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
	segment  bool // what comes before it the device has out of a segment: of the buckets that enter it heard of Shared alone
}

// amongChanges stands in the place of a rule, of which no table has so many.
const amongChanges = 255

func (at position) bytes() []byte {
	if !at.started {
		at.rule = amongChanges
	}
	b := []byte{byte(at.class), byte(at.rule)}
	b = append(b, at.bucket.Bytes()...)
	b = append(b, at.after[:]...)
	for _, n := range []uint64{at.from, at.to, uint64(at.table), at.done, at.total} {
		b = binary.AppendUvarint(b, n)
	}
	if at.segment {
		b = append(b, fromSegment)
	}
	return b
}

// fromSegment ends a position that a segment was made with.
const fromSegment = 's'

func parsePosition(b []byte) (at position, ok bool) {
	const fixed = 2 + 17 + 16
	if len(b) < fixed {
		return position{}, false
	}
	at.class, at.rule, at.started = schema.Class(b[0]), int(b[1]), b[1] != amongChanges
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
	if at.segment = len(b) == 1 && b[0] == fromSegment; at.segment {
		b = nil
	}
	at.table = schema.TableID(table)
	return at, len(b) == 0 && table <= 1<<16-1
}
