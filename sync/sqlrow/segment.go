package sqlrow

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A segment is a SQLite file with rows as devices keep them, so that a device takes them over by one statement for thousands.
// Its tables have the columns of the device's, and no index; a row's number is its place. Beside them stand
//
//	_segment       one row: what it is of
//	_segment_part  its parts, in the order in which they are taken: each of one table, up to which row number, and where a page
//	               goes on behind it
//	_segment_seen  of each writer the highest counter in the vectors of the rows
const segmentTables = `CREATE TABLE _segment (class INTEGER NOT NULL, epoch INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, total INTEGER NOT NULL);
CREATE TABLE _segment_part (n INTEGER PRIMARY KEY, tbl INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, resume BLOB NOT NULL);
CREATE TABLE _segment_seen (actor INTEGER PRIMARY KEY, counter INTEGER NOT NULL)`

// SegmentOf is what a segment is of.
type SegmentOf struct {
	Class   schema.Class
	Epoch   uint32
	Version int    // of the schema
	At      uint64 // the commit that the page ends with of which it is the beginning
	Total   uint64 // how many rows it has, about
}

// SegmentPart is one of its parts.
type SegmentPart struct {
	Table       schema.TableID
	First, Last int64  // the numbers of its rows
	Resume      []byte // where the page goes on behind it
}

// SegmentWriter writes a segment into an empty database. It implements judge.Segment.
type SegmentWriter struct {
	SegmentOf
	layout *Layout
	conn   *Conn
	tables map[schema.TableID]int64 // how many rows each has
	part   SegmentPart
	seen   map[clock.Actor]uint64
}

// Sealed reports whether a device seals anything of the table's: nobody else can write its rows for it.
func (l *Layout) Sealed(t *schema.Table) bool { return l.tables[t.ID].sealed }

// NewSegment returns a writer; the layout is a device's. Finish is called when all was put.
func (l *Layout) NewSegment(c *Conn, of SegmentOf) *SegmentWriter {
	return &SegmentWriter{SegmentOf: of, layout: l, conn: c, tables: map[schema.TableID]int64{}, seen: map[clock.Actor]uint64{}}
}

// Begin implements judge.Segment.
func (w *SegmentWriter) Begin(at, total uint64) error {
	w.At, w.Total = at, total
	_, err := w.conn.Exec(segmentTables)
	return err
}

// Put implements judge.Segment.
func (w *SegmentWriter) Put(row *record.Row) error {
	t := w.layout.tables[row.Table.ID]
	n, known := w.tables[t.ID]
	if !known {
		if _, err := w.conn.Exec(t.segmentTable(w.layout)); err != nil {
			return err
		}
	}
	args, err := w.layout.args(w.conn, t, row)
	if err == nil {
		_, err = w.conn.Exec("INSERT INTO "+Quote(t.Name)+" VALUES(?"+strings.Repeat(", ?", len(t.columns))+")", args...)
	}
	if w.part.First == 0 {
		w.part.Table, w.part.First = t.ID, n+1
	}
	w.tables[t.ID], w.part.Last = n+1, n+1
	for dot := range row.Vector.All() {
		w.seen[dot.Actor] = max(w.seen[dot.Actor], dot.Counter)
	}
	return err
}

// segmentTable returns the statement that makes the table as a segment has it.
func (t *table) segmentTable(l *Layout) string {
	columns := []string{"id BLOB NOT NULL"}
	for _, c := range t.columns {
		columns = append(columns, l.define(c))
	}
	return "CREATE TABLE " + Quote(t.Name) + " (" + strings.Join(columns, ", ") + ")"
}

// Cut implements judge.Segment.
func (w *SegmentWriter) Cut(resume []byte) error {
	p := w.part
	w.part = SegmentPart{}
	_, err := w.conn.Exec("INSERT INTO _segment_part(tbl, first, last, resume) VALUES(?, ?, ?, ?)", int64(p.Table), p.First, p.Last, resume)
	return err
}

// Finish writes what the segment is of.
func (w *SegmentWriter) Finish() error {
	for actor, counter := range w.seen {
		if _, err := w.conn.Exec("INSERT INTO _segment_seen VALUES(?, ?)", int64(actor), int64(counter)); err != nil {
			return err
		}
	}
	_, err := w.conn.Exec("INSERT INTO _segment VALUES(?, ?, ?, ?, ?)",
		int64(w.Class), int64(w.Epoch), int64(w.Version), int64(w.At), int64(w.Total))
	return err
}

// attached is what a segment is called that is attached to a device's database.
const attached = "ready"

var errSegment = errors.New("sqlrow: the file is not a segment")

// Attach attaches the segment's file, by a URI that only reads, outside a transaction; Detach ends that.
func Attach(c *Conn, uri string) error {
	_, err := c.Exec("ATTACH ? AS "+attached, uri)
	return err
}

// Detach lets go of an attached segment.
func Detach(c *Conn) error {
	_, err := c.Exec("DETACH " + attached)
	return err
}

// ReadSegment returns what the attached segment is of, its parts, and the highest counter of the writer in it.
func ReadSegment(c *Conn, writer clock.Actor) (of SegmentOf, parts []SegmentPart, seen uint64, err error) {
	found, err := c.One(func(r *Rows) error {
		of = SegmentOf{schema.Class(r.Uint(0)), uint32(r.Uint(1)), int(r.Int(2)), r.Uint(3), r.Uint(4)}
		return r.Err()
	}, "SELECT class, epoch, version, at, total FROM "+attached+"._segment")
	if err == nil && !found {
		err = errSegment
	}
	if err == nil {
		err = c.Each(func(r *Rows) error {
			parts = append(parts, SegmentPart{schema.TableID(r.Uint(0)), r.Int(1), r.Int(2), append([]byte{}, r.Bytes(3)...)})
			return r.Err()
		}, "SELECT tbl, first, last, resume FROM "+attached+"._segment_part ORDER BY n")
	}
	if err == nil {
		_, err = c.One(func(r *Rows) error { seen = r.Uint(0); return r.Err() },
			"SELECT counter FROM "+attached+"._segment_seen WHERE actor = ?", int64(writer))
	}
	return of, parts, seen, err
}

// TakePart writes the rows of a part of the attached segment; those that are there stay as they are.
func (l *Layout) TakePart(c *Conn, p SegmentPart) error {
	t, err := l.of(p.Table)
	if err != nil {
		return err
	}
	_, names, _ := strings.Cut(t.selects, "SELECT ")
	names, _, _ = strings.Cut(names, " FROM ")
	if err := l.becoming(c, t, p); err != nil {
		return err
	}
	_, err = c.Exec(fmt.Sprintf("INSERT INTO main.%[1]s(%[2]s) SELECT %[2]s FROM %[3]s.%[1]s WHERE rowid BETWEEN ? AND ? ON CONFLICT(id) DO NOTHING",
		Quote(t.Name), names, attached), p.First, p.Last)
	return err
}

// becoming is Upkeep.Changing for the rows of a part that are not there yet.
func (l *Layout) becoming(c *Conn, t *table, p SegmentPart) error {
	u := l.Upkeep(c)
	if u.Search == nil || u.byID[t.ID] == nil {
		return nil
	}
	if err := u.load(); err != nil {
		return err
	}
	of := u.byID[t.ID]
	if of.place > u.place {
		return nil
	}
	query := fmt.Sprintf("INSERT INTO _search_due(tbl, row, old) SELECT ?, id, NULL FROM %[1]s.%[2]s r WHERE rowid BETWEEN ? AND ?"+
		" AND NOT EXISTS (SELECT 1 FROM main.%[2]s m WHERE m.id = r.id)", attached, Quote(t.Name))
	args := []driver.Value{int64(t.ID), p.First, p.Last}
	if of.place == u.place {
		query, args = query+" AND r.id <= ?", append(args, u.row)
	}
	_, err := c.Exec(query+" ON CONFLICT DO NOTHING", args...)
	return err
}
