package wire

import (
	"encoding/binary"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A batch of rows is written column by column, since neighbours in a column resemble each other more than neighbours
// in a row:
//
//	rows = table flags columns:n{column} count ids seqs:numbers vectors [deleted:bits] column{n}
//	ids  = upper:numbers lower:8{count}
//
// Flag bit 0 says that rows are whole, bit 1 that some are deleted: then a bit a row follows, from the lowest bit of
// the first byte on. An id is cut in two halves of eight bytes, big-endian: the upper ones are numbers, close to one
// another where the ids are UUIDv7 or in order, the lower ones stand as they are. What a column is made of says
// column.go, vectors vectors.go. Nothing here needs the schema, so that an end can pass over tables and columns that
// it does not know.
const (
	flagWhole   = 1
	flagDeleted = 2
)

// minRows is what the smallest batch takes; minRow what a row takes at least: the lower half of its id.
const (
	minRows = 4
	minRow  = 8
)

func walkRows(f *form, r *Rows) {
	if f.reading {
		r.read(f)
	} else if err := r.check(); err != nil {
		f.fail(err)
	} else {
		r.write(f)
	}
}

// check refuses a batch that cannot be written.
func (r *Rows) check() error {
	if r.Table == 0 || len(r.Columns) > MaxColumns || !distinct(r.Columns) {
		return fault.New(fault.Internal, "a batch of rows needs a table, and columns that are known, distinct and few")
	}
	for i := range r.Rows {
		if len(r.Rows[i].Values) != len(r.Columns) {
			return fault.New(fault.Internal, "a row has more or fewer values than its batch has columns")
		}
	}
	return nil
}

func distinct(columns []schema.ColumnID) bool {
	for i, c := range columns {
		for _, d := range columns[:i] {
			if c == d {
				return false
			}
		}
		if c == 0 {
			return false
		}
	}
	return true
}

func (r *Rows) write(f *form) {
	flags := r.flags()
	unsigned(f, &r.Table)
	octet(f, &flags, 0, 3)
	list(f, &r.Columns, 1, unsigned[schema.ColumnID])
	f.writeUvarint(uint64(len(r.Rows)))
	if len(r.Rows) == 0 {
		return
	}
	r.writeIDs(f)
	r.writeSeqs(f)
	writeVectors(f, r.Rows)
	if flags&flagDeleted != 0 {
		f.writeBits(len(r.Rows), func(i int) bool { return r.Rows[i].Deleted })
	}
	for i := range r.Columns {
		writeColumn(f, r.Rows, i)
	}
}

func (r *Rows) flags() uint8 {
	flags := uint8(0)
	if r.Whole {
		flags |= flagWhole
	}
	for i := range r.Rows {
		if r.Rows[i].Deleted {
			return flags | flagDeleted
		}
	}
	return flags
}

func (r *Rows) writeIDs(f *form) {
	upper := resize(&f.numbers, len(r.Rows))
	for i := range r.Rows {
		upper[i] = int64(binary.BigEndian.Uint64(r.Rows[i].ID[:8]))
	}
	f.writeNumbers(upper)
	for i := range r.Rows {
		f.b = append(f.b, r.Rows[i].ID[8:]...)
	}
}

func (r *Rows) writeSeqs(f *form) {
	seqs := resize(&f.numbers, len(r.Rows))
	for i := range r.Rows {
		seqs[i] = int64(r.Rows[i].Seq)
	}
	f.writeNumbers(seqs)
}

func (r *Rows) read(f *form) {
	flags := uint8(0)
	between(f, &r.Table, 1, 1<<16-1)
	octet(f, &flags, 0, 3)
	list(f, &r.Columns, 1, unsigned[schema.ColumnID])
	n := 0
	if f.small(&n); len(r.Columns) > MaxColumns || !distinct(r.Columns) {
		f.malformed()
	}
	r.Whole = flags&flagWhole != 0
	if r.Rows = makeList[Row](f, n, minRow); r.Rows == nil || !f.widen(n) {
		return
	}
	r.readIDs(f)
	r.readSeqs(f)
	readVectors(f, r.Rows)
	if flags&flagDeleted != 0 {
		f.readBits(n, func(i int) { r.Rows[i].Deleted = true })
	}
	r.readColumns(f)
}

// sizeOfWork is what working memory takes for each row of a batch: six numbers, a text and a value.
const sizeOfWork = 96

// widen accounts for the working memory of a batch of n rows; the batches of a message share it.
func (f *form) widen(n int) bool {
	more := max(0, n-f.widest)
	f.widest += more
	return f.reserve(more, sizeOfWork)
}

func (r *Rows) readIDs(f *form) {
	upper := resize(&f.numbers, len(r.Rows))
	f.readNumbers(upper)
	lower := f.take(8 * len(r.Rows))
	if f.err != nil {
		return
	}
	for i := range r.Rows {
		id := &r.Rows[i].ID
		binary.BigEndian.PutUint64(id[:8], uint64(upper[i]))
		copy(id[8:], lower[8*i:])
	}
}

func (r *Rows) readSeqs(f *form) {
	seqs := resize(&f.numbers, len(r.Rows))
	f.readNumbers(seqs)
	for i := range r.Rows {
		r.Rows[i].Seq = uint64(seqs[i])
	}
}

// readColumns reads the values of all rows into one piece of memory, from which each row has its part.
func (r *Rows) readColumns(f *form) {
	width := len(r.Columns)
	if width == 0 || !f.reserve(len(r.Rows)*width, sizeOfValue) {
		return
	}
	values := make([]record.Value, len(r.Rows)*width)
	for i := range r.Columns {
		readColumn(f, values[i:], width, len(r.Rows))
	}
	for i := range r.Rows {
		r.Rows[i].Values = values[i*width : (i+1)*width : (i+1)*width]
	}
}

// sizeOfValue is what a value takes in memory beside its text.
const sizeOfValue = 32

// writeBits writes a bit for each of n things.
func (f *form) writeBits(n int, set func(int) bool) {
	octets := byte(0)
	for i := range n {
		if set(i) {
			octets |= 1 << (i & 7)
		}
		if i&7 == 7 || i == n-1 {
			f.b = append(f.b, octets)
			octets = 0
		}
	}
}

// readBits calls yield for each of n things whose bit is set.
func (f *form) readBits(n int, yield func(int)) {
	p := f.take((n + 7) / 8)
	for i := range min(n, 8*len(p)) {
		if p[i>>3]>>(i&7)&1 != 0 {
			yield(i)
		}
	}
}
