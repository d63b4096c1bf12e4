package store

import (
	"context"
	"errors"
	"net/url"
	"slices"

	sqlite3 "modernc.org/sqlite"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// segmentRows is how many rows a part of a segment has: so many that what a transaction costs is spread thin, so few that it fits a
// phone's cache, and nobody waits for one.
const segmentRows = 2500

// HasSegment reports whether a segment can be made of the class: it has rows that everybody holds, of which devices seal nothing,
// and it is not the first class, by which devices know whose work is whose.
func HasSegment(s *schema.Schema, class schema.Class) bool {
	tables := judge.SegmentTables(s, class)
	layout := sqlrow.New(s, sqlrow.SQLite, sqlrow.Device)
	for _, t := range tables {
		if layout.Sealed(t) {
			return false
		}
	}
	return len(tables) > 0 && class != schema.ClassWork
}

// SegmentState is how a class stands, and what has happened to it since a segment was made.
type SegmentState struct {
	Rows    uint64      // that everybody holds, about
	Changed int         // rows of those that changed since
	Erased  bool        // somebody's personal values were, who may stand in it
	Made    clock.Stamp // when its commit was made
}

// SegmentState returns how the class stands since the commit. Changed counts no further than most.
func (s *Store) SegmentState(ctx context.Context, class schema.Class, at uint64, most int) (state SegmentState, err error) {
	err = s.Read(ctx, func(v *View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		entries, err := v.FeedSince(record.Shared, class, at, head, most)
		if err != nil {
			return err
		}
		erased, err := v.ErasedSince(at, head)
		if err != nil {
			return err
		}
		state.Changed = len(entries)
		for _, t := range judge.SegmentTables(s.layout.Schema(), class) {
			state.Erased = state.Erased || slices.ContainsFunc(erased, func(k record.Key) bool { return k.Table == t.ID })
		}
		if state.Made, err = v.CommitTime(at); err != nil {
			return err
		}
		state.Rows, err = judge.SharedRows(v, s.layout.Schema(), class)
		return err
	})
	return state, err
}

// WriteSegment writes the segment of the class into a new file at path, and returns what it is of.
func (s *Store) WriteSegment(ctx context.Context, class schema.Class, path string) (of sqlrow.SegmentOf, err error) {
	create(path)
	at := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: url.Values{"_pragma": {"page_size(65536)", "journal_mode(OFF)", "synchronous(OFF)"}}.Encode()}
	raw, err := new(sqlite3.Driver).Open(at.String())
	if err != nil {
		return of, s.explain(err)
	}
	c := &conn{sqlrow.Wrap(raw), raw}
	defer func() { err = errors.Join(err, s.explain(c.close())) }()
	schema := s.layout.Schema()
	w := sqlrow.New(schema, sqlrow.SQLite, sqlrow.Device).NewSegment(c.Conn, sqlrow.SegmentOf{Class: class, Epoch: s.Epoch(), Version: schema.Version})
	err = c.Transaction("BEGIN", func() error {
		err := s.Read(ctx, func(v *View) error {
			return judge.ReadSegment(v, schema, class, segmentRows, ending{w, ctx})
		})
		if err != nil {
			return err
		}
		return w.Finish()
	})
	return w.SegmentOf, s.explain(err)
}

// ending is a segment that is given up when its context ends.
type ending struct {
	judge.Segment
	ctx context.Context
}

func (e ending) Put(row *record.Row) error {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	return e.Segment.Put(row)
}
