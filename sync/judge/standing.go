package judge

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// standing is how an author stands to a bucket, or to a row: the more the better.
type standing struct {
	rank rank
	lost uint64 // of late and lent: the commit that took away what he stands by
}

type rank uint8

const (
	stranger rank = iota
	bereft        // he held it, and knew that he had lost it
	tooLate       // he held it as far as he knew, and lost it longer ago than a change may wait
	late          // he held it as far as he knew, and lost it
	lent          // he holds it until the grace is over, for what he began while he had not heard that he had lost it
	holder
)

// may reports whether who stands so may do what his right covers.
func (s standing) may() bool { return s.rank >= late }

func better(a, b standing) standing {
	if cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.lost, b.lost)) < 0 {
		return b
	}
	return a
}

// refuse is the reason to quarantine what who stands so may not do.
func (s standing) refuse(thing string, never *fault.Error) error {
	switch s.rank {
	case tooLate:
		return fault.Newf(fault.GraceOver,
			"it was sent too long after the %v had gone to somebody else: the office decides what becomes of it", thing)
	case bereft:
		return fault.Newf(fault.LateWrite, "this %v had gone to somebody else, and this phone knew, when it was changed", thing)
	}
	return never
}

// covering says of the name of a right whether it will do for what is asked.
type covering func(right string) bool

// anyRight stands for whichever right covers most: what somebody makes he may change as any of its holders may.
const anyRight = "*"

func whatever(string) bool { return true }

// toOwner says how the author stands to a bucket, or to the row that has it to itself: whoever holds that row, and so has
// it on his phone, holds what hangs on it. A component lies in its machine's bucket, and what is done to it in its own.
func (c *claim) toOwner(bucket record.Bucket, by covering) (standing, error) {
	s, err := c.toBucket(bucket, by)
	owner := c.ownerTable(bucket.Kind)
	if err != nil || s.rank == holder || owner == nil {
		return s, err
	}
	row, err := c.toRow(record.Key{Table: owner.ID, ID: bucket.ID}, by)
	return better(s, row), err
}

// toRow says how the author stands to a row. What he makes or made is his; so is what stands for a row of his, where the
// office joined the two; and else it is his as one of its buckets is.
func (c *claim) toRow(key record.Key, by covering) (standing, error) {
	if c.makes[key] && by(anyRight) {
		return standing{rank: holder}, nil
	}
	row, err := c.Row(key)
	if err != nil || row == nil {
		return standing{}, err
	}
	if made, err := c.made(row); err != nil || made && by(anyRight) {
		return standing{rank: holder}, err
	}
	s, err := c.toBuckets(row, by)
	if err != nil || s.rank == holder || row.Table.Alias == "" {
		return s, err
	}
	joined, err := c.toJoined(row, by)
	return better(s, joined), err
}

// toJoined says how the author stands to those rows for which this one stands.
func (c *claim) toJoined(row *record.Row, by covering) (standing, error) {
	ids, err := c.Refs(row.Table, row.Table.Alias, row.ID)
	if err != nil {
		return standing{}, err
	}
	return best(ids, func(id record.ID) (standing, error) {
		alias, err := c.Row(record.Key{Table: row.Table.ID, ID: id})
		if err != nil {
			return standing{}, err
		}
		return c.toBuckets(alias, by)
	})
}

func (c *claim) toBuckets(row *record.Row, by covering) (standing, error) {
	return best(row.Buckets(), func(bucket record.Bucket) (standing, error) { return c.toBucket(bucket, by) })
}

// best returns the best of the standings.
func best[T any](list []T, to func(T) (standing, error)) (s standing, err error) {
	for _, x := range list {
		one, err := to(x)
		if err != nil || one.rank == holder {
			return one, err
		}
		s = better(s, one)
	}
	return s, nil
}

// toBucket says how the author stands to a bucket by the holds on it that will do.
func (c *claim) toBucket(bucket record.Bucket, by covering) (standing, error) {
	switch {
	case bucket == record.Shared && by(RightEveryone), bucket == record.PersonBucket(c.author.Person) && by(RightSelf):
		return standing{rank: holder}, nil
	}
	holds, err := c.HoldsOn(bucket)
	if err != nil {
		return standing{}, err
	}
	return best(holds, func(h Hold) (standing, error) {
		if h.Person != c.author.Person || !by(h.Right) {
			return standing{}, nil
		}
		return c.toHold(h)
	})
}

// toHold says how the person of a hold stands by it.
func (c *claim) toHold(h Hold) (standing, error) {
	s := standing{late, h.Until}
	if h.Late != 0 { // what it was opened by was lost before
		s.lost = h.Late
	}
	switch {
	case h.Late == 0 && (h.Open() || h.Until == c.seq): // what he gives up by this very change set he has until it is done
		return standing{rank: holder}, nil
	case h.Open():
		s.rank = lent
	case h.Until <= c.k:
		return standing{rank: bereft}, nil
	case !h.At(c.k):
		return standing{}, nil
	}
	unheard := s.lost
	if !h.Open() { // of this end he has to hear as well, be it that of what was lent to him
		unheard = h.Until
	}
	if over, err := c.graceOver(unheard); err != nil || over {
		return standing{rank: tooLate}, err
	}
	return s, nil
}

// graceOver reports whether the commit is longer ago than a change may wait.
func (b *Batch) graceOver(seq uint64) (bool, error) {
	at, err := b.commitTime(seq)
	return err == nil && b.now.Millis()-at.Millis() > b.Grace.Milliseconds(), err
}

// made reports whether the row was created by an incarnation of the author's person and, as far as K tells, has not been
// assigned since; nor so long ago that he must have heard.
func (c *claim) made(row *record.Row) (bool, error) {
	creator, err := c.actor(row.Meta.Created.Actor)
	if err != nil || creator == nil || creator.Person != c.author.Person || c.author.Person.IsZero() {
		return false, err
	}
	for _, bucket := range row.Buckets() {
		if bucket == record.Shared {
			continue
		}
		holds, err := c.HoldsOn(bucket)
		if err != nil {
			return false, err
		}
		for _, h := range holds {
			if late, err := c.graceOver(h.Since); err != nil || late || h.Since <= c.k {
				return false, err
			}
		}
	}
	return true, nil
}

// toMade says how the author stands to a row that he made: as its holder, unless it went to others before he heard.
func (c *claim) toMade(row *record.Row) (standing, error) {
	var lost, given uint64
	for _, bucket := range row.Buckets() {
		if bucket == record.Shared {
			continue
		}
		holds, err := c.HoldsOn(bucket)
		if err != nil {
			return standing{}, err
		}
		for _, h := range holds { // all of them since K: see made
			switch own := h.Person == c.author.Person; {
			case own && h.Open():
				return standing{rank: holder}, nil
			case own:
				lost = max(lost, h.Until)
			case given == 0:
				given = h.Since
			}
		}
	}
	if lost = cmp.Or(lost, given); lost == 0 {
		return standing{rank: holder}, nil
	}
	return standing{late, lost}, nil
}

// ownerTable returns the table whose rows each have a bucket of that kind to themselves, nil if there is none.
func (b *Batch) ownerTable(kind schema.BucketKind) *schema.Table {
	for _, t := range b.Schema.Tables {
		if slices.Contains(t.Buckets, schema.Bucket{Kind: kind, From: "id"}) {
			return t
		}
	}
	return nil
}
