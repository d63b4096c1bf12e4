package simtest

import (
	"cmp"
	"fmt"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// hubState is a hub's database: tables and the indexes that its questions need. A copy of the struct is a snapshot.
type hubState struct {
	rows      ordered[record.Key, *record.Row]
	refs      ordered[refKey, none]   // living rows by what they refer to
	places    ordered[placeKey, none] // living rows by where they lie
	feed      ordered[feedKey, none]
	holds     ordered[holdKey, judge.Hold]
	byRoot    ordered[holdKey, none] // open holds
	byPerson  ordered[holdKey, none]
	entries   ordered[clock.Dot, *judge.Entry]
	rids      ordered[record.ID, clock.Dot]
	open      ordered[clock.Dot, none] // quarantined entries that nobody has closed
	inserts   ordered[insertKey, none] // the rows that those would insert
	conflicts ordered[conflictKey, judge.Conflict]
	log       ordered[uint64, commit]
	actors    ordered[clock.Actor, judge.Actor]
	erased    ordered[record.Key, uint64] // by which commit
	collected ordered[record.Key, uint64] // deleted rows that were forgotten, by the commit that last touched them
	forgot    ordered[none, uint64]       // see judge.Collector.PutCollected
}

func newHubState(j *journal) *hubState {
	s := &hubState{}
	s.rows.compare, s.refs.compare, s.places.compare, s.feed.compare = compareKeys, compareRefs, comparePlaces, compareFeed
	s.holds.compare, s.byRoot.compare, s.byPerson.compare = holdsByBucket, holdsByRoot, holdsByPerson
	s.entries.compare, s.rids.compare, s.open.compare = compareDots, compareIDs, compareDots
	s.inserts.compare, s.conflicts.compare = compareInserts, compareConflicts
	s.log.compare, s.actors.compare, s.erased.compare = cmp.Compare[uint64], cmp.Compare[clock.Actor], compareKeys
	s.collected.compare, s.forgot.compare = compareKeys, func(none, none) int { return 0 }
	for _, t := range s.tables() {
		t.bind(j)
	}
	return s
}

func (s *hubState) tables() []table {
	return []table{&s.rows, &s.refs, &s.places, &s.feed, &s.holds, &s.byRoot, &s.byPerson, &s.entries, &s.rids, &s.open,
		&s.inserts, &s.conflicts, &s.log, &s.actors, &s.erased, &s.collected, &s.forgot}
}

// snapshot returns a copy that later changes of s leave alone.
func (s *hubState) snapshot() *hubState {
	for _, t := range s.tables() {
		t.share()
	}
	c := *s
	return &c
}

type none = struct{}

type refKey struct {
	table  schema.TableID
	column int
	to, id record.ID
}

type placeKey struct {
	table  schema.TableID
	rule   int
	bucket record.Bucket
	id     record.ID
}

type feedKey struct {
	bucket record.Bucket
	class  schema.Class
	seq    uint64
	row    record.Key
}

type holdKey struct {
	person record.ID
	bucket record.Bucket
	root   record.Key
	since  uint64
	until  uint64 // only in the index by person
}

type insertKey struct {
	row record.Key
	dot clock.Dot
}

type conflictKey struct {
	row  record.Key
	cell record.CellID
	n    int // 0 for the open one, then from 1 as they were closed
}

type commit struct {
	at      clock.Stamp
	buckets []record.Bucket
}

func compareRefs(a, b refKey) int {
	return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.column, b.column),
		compareIDs(a.to, b.to), compareIDs(a.id, b.id))
}

func comparePlaces(a, b placeKey) int {
	return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.rule, b.rule),
		compareBuckets(a.bucket, b.bucket), compareIDs(a.id, b.id))
}

func compareFeed(a, b feedKey) int {
	return cmp.Or(compareBuckets(a.bucket, b.bucket), cmp.Compare(a.class, b.class),
		cmp.Compare(a.seq, b.seq), compareKeys(a.row, b.row))
}

func holdsByBucket(a, b holdKey) int {
	return cmp.Or(compareBuckets(a.bucket, b.bucket), cmp.Compare(a.since, b.since),
		compareIDs(a.person, b.person), compareKeys(a.root, b.root))
}

func holdsByRoot(a, b holdKey) int {
	return cmp.Or(compareKeys(a.root, b.root), holdsByBucket(a, b))
}

func holdsByPerson(a, b holdKey) int {
	return cmp.Or(compareIDs(a.person, b.person), cmp.Compare(a.until, b.until), holdsByBucket(a, b))
}

func compareInserts(a, b insertKey) int {
	return cmp.Or(compareKeys(a.row, b.row), a.dot.Compare(b.dot))
}

func compareConflicts(a, b conflictKey) int {
	return cmp.Or(compareKeys(a.row, b.row), a.cell.Compare(b.cell), cmp.Compare(a.n, b.n))
}

// Everything that only reads: it serves transactions, snapshots for readers, and questions of the simulation alike.

// Row implements judge.Rows.
func (s *hubState) Row(k record.Key) (*record.Row, error) {
	r, _ := s.rows.get(k)
	return copyRow(r), nil
}

// Refs implements judge.Rows.
func (s *hubState) Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error) {
	return findRefs(&s.refs, t, column, id)
}

func findRefs(refs *ordered[refKey, none], t *schema.Table, column string, to record.ID) ([]record.ID, error) {
	at := t.Column(column)
	if at < 0 {
		return nil, broken("Refs: table %s has no column %q", t.Name, column)
	}
	var ids []record.ID
	for k := range refs.from(refKey{table: t.ID, column: at, to: to}) {
		if k.table != t.ID || k.column != at || k.to != to {
			break
		}
		ids = append(ids, k.id)
	}
	return ids, nil
}

// HoldsOn implements judge.Holds.
func (s *hubState) HoldsOn(b record.Bucket) ([]judge.Hold, error) {
	var holds []judge.Hold
	for k, h := range s.holds.from(holdKey{bucket: b}) {
		if k.bucket != b {
			break
		}
		holds = append(holds, h)
	}
	return holds, nil
}

// HoldsFrom implements judge.Holds.
func (s *hubState) HoldsFrom(root record.Key) ([]judge.Hold, error) {
	var holds []judge.Hold
	for k := range s.byRoot.from(holdKey{root: root}) {
		if k.root != root {
			break
		}
		holds = append(holds, s.hold(k))
	}
	return holds, nil
}

// HoldsOf implements judge.Holds.
func (s *hubState) HoldsOf(person record.ID, seq uint64) ([]judge.Hold, error) {
	var holds []judge.Hold
	for k := range s.byPerson.from(holdKey{person: person, until: seq + 1}) {
		if k.person != person {
			break
		}
		holds = append(holds, s.hold(k))
	}
	return holds, nil
}

// HeldBy implements judge.Holds.
func (s *hubState) HeldBy(person record.ID) ([]record.Bucket, error) {
	open, err := s.HoldsOf(person, judge.Forever-1)
	var held []record.Bucket
	for _, h := range open {
		held = append(held, h.Bucket)
	}
	slices.SortFunc(held, compareBuckets)
	return slices.Compact(held), err
}

func (s *hubState) hold(k holdKey) judge.Hold {
	k.until = 0
	h, _ := s.holds.get(k)
	return h
}

// Head implements judge.Store and judge.Reader.
func (s *hubState) Head() (uint64, error) {
	if n := len(s.log.items); n > 0 {
		return s.log.items[n-1].key, nil
	}
	return 0, nil
}

// CommitTime implements judge.Store.
func (s *hubState) CommitTime(seq uint64) (clock.Stamp, error) {
	if seq == 0 {
		return 0, nil
	}
	for _, c := range s.log.from(seq) {
		return c.at, nil
	}
	return 0, nil
}

// Actor implements judge.Store.
func (s *hubState) Actor(a clock.Actor) (*judge.Actor, error) {
	if known, ok := s.actors.get(a); ok {
		return &known, nil
	}
	return nil, nil
}

// ActorsOf implements judge.Actors.
func (s *hubState) ActorsOf(person record.ID) (actors []judge.Actor, err error) {
	for _, it := range s.actors.items {
		if it.value.Person == person {
			actors = append(actors, it.value)
		}
	}
	return actors, nil
}

// Entry implements judge.Store.
func (s *hubState) Entry(d clock.Dot) (*judge.Entry, error) {
	if e, ok := s.entries.get(d); ok {
		return copyEntry(e), nil
	}
	return nil, nil
}

// Restamped implements judge.Store.
func (s *hubState) Restamped(o record.Origin) (clock.Dot, error) {
	d, ok := s.rids.get(o.RID)
	if e, _ := s.entries.get(d); !ok || e.Origin != o || record.ID(e.Hash) == o.RID {
		return clock.Dot{}, nil
	}
	return d, nil
}

// QuarantinedInsert implements judge.Store.
func (s *hubState) QuarantinedInsert(row record.Key) (clock.Dot, error) {
	for k := range s.inserts.from(insertKey{row: row}) {
		if k.row == row {
			return k.dot, nil
		}
		break
	}
	return clock.Dot{}, nil
}

// QuarantinedOn implements judge.Store.
func (s *hubState) QuarantinedOn(row record.Key) (dots []clock.Dot, err error) {
	for _, it := range s.open.items {
		e, _ := s.entries.get(it.key)
		cs, err := record.ParseChangeSet(e.Encoded)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(cs.Rows, func(c record.RowChange) bool { return c.Key() == row }) {
			dots = append(dots, it.key)
		}
	}
	return dots, nil
}

// OldestQuarantined implements judge.Store.
func (s *hubState) OldestQuarantined(a clock.Actor) (uint64, error) {
	for d := range s.open.from(clock.Dot{Actor: a}) {
		if d.Actor == a {
			return d.Counter, nil
		}
		break
	}
	return 0, nil
}

// Waiting implements judge.Store.
func (s *hubState) Waiting(a clock.Actor) (n, bytes int, err error) {
	for d := range s.open.from(clock.Dot{Actor: a}) {
		if d.Actor != a {
			break
		}
		e, _ := s.entries.get(d)
		n, bytes = n+1, bytes+len(e.Encoded)
	}
	return n, bytes, nil
}

// Erased implements judge.Store.
func (s *hubState) Erased(k record.Key) (bool, error) {
	_, erased := s.erased.get(k)
	return erased, nil
}

// ErasedSince implements judge.Reader.
func (s *hubState) ErasedSince(after, to uint64) (rows []record.Key, err error) {
	for _, it := range s.erased.items {
		if after < it.value && it.value <= to {
			rows = append(rows, it.key)
		}
	}
	return rows, nil
}

// FeedSince implements judge.Reader.
func (s *hubState) FeedSince(b record.Bucket, class schema.Class, after, to uint64, limit int) (
	entries []judge.FeedEntry, err error) {
	for k := range s.feed.from(feedKey{bucket: b, class: class, seq: after + 1}) {
		if k.bucket != b || k.class != class || k.seq > to || len(entries) == limit {
			break
		}
		entries = append(entries, judge.FeedEntry{Seq: k.seq, Key: k.row})
	}
	return entries, nil
}

// Scan implements judge.Reader. The row it lends is spoiled after the call, as that of a real store would be.
func (s *hubState) Scan(t *schema.Table, rule int, b record.Bucket, after record.ID,
	yield func(*record.Row) bool) error {
	for k := range s.places.from(placeKey{t.ID, rule, b, after}) {
		if k.table != t.ID || k.rule != rule || k.bucket != b {
			break
		}
		if k.id == after {
			continue
		}
		stored, _ := s.rows.get(record.Key{Table: t.ID, ID: k.id})
		lent := copyRow(stored)
		more := yield(lent)
		clear(lent.Cols)
		*lent = record.Row{}
		if !more {
			break
		}
	}
	return nil
}

// Count implements judge.Reader.
func (s *hubState) Count(t *schema.Table, rule int, b record.Bucket) (n uint64, err error) {
	for k := range s.places.from(placeKey{table: t.ID, rule: rule, bucket: b}) {
		if k.table != t.ID || k.rule != rule || k.bucket != b {
			break
		}
		n++
	}
	return n, nil
}

// broken says that the engine asked the store for something that its contract rules out.
func broken(format string, args ...any) error {
	return fmt.Errorf("simtest: contract broken: "+format, args...)
}
