package replica

import (
	"database/sql/driver"
	"encoding/binary"
	"iter"
	"os"
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// pages reads a database file as what it is made of: pages of one size, and the versions of them in the journal beside it.
// The format is SQLite's, https://sqlite.org/fileformat.html. Nothing in it is trusted, its own word for the size of a page
// least of all: every replica has the same.
type pages struct {
	file   *os.File // nil if there is none
	wal    *os.File // nil if there is none
	count  uint32   // of the file, without what only the journal has
	frames []sqlrow.Frame
	newest map[uint32]int64 // where in the journal a page's newest version lies
}

const pageSize = 4096

func openPages(path string) *pages {
	p := &pages{newest: map[uint32]int64{}}
	p.file, _ = os.Open(path) // what is not there is not read
	p.wal, _ = os.Open(path + "-wal")
	if p.file != nil {
		if info, err := p.file.Stat(); err == nil {
			p.count = uint32(info.Size() / pageSize)
		}
	}
	if found, err := sqlrow.ReadFrames(path); err == nil {
		p.frames = found.List
	}
	for _, f := range p.frames {
		p.newest[f.Page] = f.At
	}
	return p
}

func (p *pages) close() {
	for _, f := range []*os.File{p.file, p.wal} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// image is a page as it once was, or is.
type image struct {
	page  uint32
	bytes []byte
	sound bool // it is known to be as it was written
}

// images yields every page there is in every version, the newest of a page first.
func (p *pages) images() iter.Seq[image] {
	return func(yield func(image) bool) {
		for _, f := range slices.Backward(p.frames) {
			if b := read(p.wal, f.At); b != nil && !yield(image{f.Page, b, f.Sound}) {
				return
			}
		}
		for n := range p.count {
			if b := read(p.file, int64(n)*pageSize); b != nil && !yield(image{n + 1, b, false}) {
				return
			}
		}
	}
}

// read returns the page that begins there; nil if it cannot be read.
func read(f *os.File, at int64) []byte {
	b := make([]byte, pageSize)
	if f == nil {
		return nil
	}
	if _, err := f.ReadAt(b, at); err != nil {
		return nil
	}
	return b
}

// page returns the n-th page, counted from 1, in its newest version; nil if it cannot be read.
func (p *pages) page(n uint32) []byte {
	if at, ok := p.newest[n]; ok {
		return read(p.wal, at)
	}
	return read(p.file, (int64(n)-1)*pageSize)
}

// records yields the records on a page, by their row ids, if it is a leaf of a table.
func (p *pages) records(on image) iter.Seq2[int64, []driver.Value] {
	return func(yield func(int64, []driver.Value) bool) {
		b, head := on.bytes, 0
		if on.page == 1 {
			head = headerSize
		}
		const leafOfTable = 13
		if b[head] != leafOfTable {
			return
		}
		for i := range int(binary.BigEndian.Uint16(b[head+3:])) {
			pointer := head + 8 + 2*i
			if pointer+2 > len(b) {
				return
			}
			cell := int(binary.BigEndian.Uint16(b[pointer:]))
			if cell > len(b) {
				continue
			}
			rowid, payload, ok := p.payload(b[cell:])
			if !ok {
				continue
			}
			if values, ok := parseRecord(payload); ok && !yield(rowid, values) {
				return
			}
		}
	}
}

// payload returns the row id and the record of a cell, gathered from overflow pages where it is long.
func (p *pages) payload(cell []byte) (rowid int64, payload []byte, ok bool) {
	size, cell, ok := cutInt(cell)
	if !ok || size < 0 || size > 2*record.MaxChangeSet {
		return 0, nil, false
	}
	if rowid, cell, ok = cutInt(cell); !ok {
		return 0, nil, false
	}
	here := local(int(size))
	if here == int(size) {
		if len(cell) < here {
			return 0, nil, false
		}
		return rowid, cell[:here], true
	}
	if len(cell) < here+4 {
		return 0, nil, false
	}
	payload = append(payload, cell[:here]...)
	next := binary.BigEndian.Uint32(cell[here:])
	for len(payload) < int(size) {
		b := p.page(next)
		if b == nil {
			return 0, nil, false
		}
		next = binary.BigEndian.Uint32(b)
		payload = append(payload, b[4:min(len(b), 4+int(size)-len(payload))]...)
	}
	return rowid, payload, true
}

// local returns how many bytes of a record lie in its cell; the rest is on overflow pages.
func local(size int) int {
	const longest, least = pageSize - 35, (pageSize-12)*32/255 - 23
	if size <= longest {
		return size
	}
	if k := least + (size-least)%(pageSize-4); k <= longest {
		return k
	}
	return least
}
