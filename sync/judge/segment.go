package judge

import (
	"cmp"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Segment takes in what everybody holds of a class: the beginning of the page that a device without anything of the class is
// sent, made once for all of them.
type Segment interface {
	// Begin is called first, with the commit that the page ends with and how many rows there are.
	Begin(at, total uint64) error
	// Put takes a row; it is valid during the call.
	Put(*record.Row) error
	// Cut ends a part, behind which the page goes on at the position.
	Cut(resume []byte) error
}

// SegmentTables returns the tables of the class whose rows everybody holds.
func SegmentTables(s *schema.Schema, class schema.Class) (tables []*schema.Table) {
	for _, src := range sources(s, class, record.Shared) {
		tables = append(tables, src.table)
	}
	return tables
}

// SharedRows returns how many rows everybody holds of the class.
func SharedRows(r Reader, s *schema.Schema, class schema.Class) (rows uint64, err error) {
	for _, src := range sources(s, class, record.Shared) {
		n, err := r.Count(src.table, src.rule, record.Shared)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	return rows, nil
}

// ReadSegment reads the segment of the class, in parts of so many rows, each of one table. A device that has taken a part goes on
// behind it as behind a part of a page: with the next one, or with the hub.
func ReadSegment(r Reader, s *schema.Schema, class schema.Class, rows int, to Segment) error {
	at, err := r.Head()
	if err != nil {
		return err
	}
	total, err := SharedRows(r, s, class)
	if err != nil {
		return err
	}
	if err := to.Begin(at, total); err != nil {
		return err
	}
	place := position{class: class, to: at, started: true, bucket: record.Shared, total: total, segment: true}
	for _, src := range sources(s, class, record.Shared) {
		place.table, place.rule, place.after = src.table.ID, src.rule, record.ID{}
		if err := readSource(r, src, rows, &place, to); err != nil {
			return err
		}
	}
	return nil
}

// readSource reads the rows of one table, each once.
func readSource(r Reader, src source, rows int, place *position, to Segment) (err error) {
	left := rows
	failed := r.Scan(src.table, src.rule, record.Shared, record.ID{}, func(row *record.Row) bool {
		place.after = row.ID
		if src.again(row, record.Shared) {
			return true
		}
		err = to.Put(row)
		place.done++
		if left--; left == 0 && err == nil {
			left, err = rows, to.Cut(place.bytes())
		}
		return err == nil
	})
	if err != nil || failed != nil {
		return cmp.Or(err, failed)
	}
	if left < rows {
		err = to.Cut(place.bytes())
	}
	return err
}
