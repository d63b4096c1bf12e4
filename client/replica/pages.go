package replica

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"
	"iter"
	"math/bits"
	"os"

	"fieldsync/sync/record"
)

// pages reads a database file as what it is made of: pages of one size, some of them in a newer version in the
// journal beside it. The format is SQLite's, https://sqlite.org/fileformat.html. Nothing in it is trusted.
type pages struct {
	file   *os.File
	wal    *os.File         // nil if there is none
	size   int              // of a page
	count  uint32           // of the file, without what only the journal has
	newest map[uint32]int64 // where in the journal a page's newest committed version lies
}

const defaultPage = 4096

func openPages(path string) (*pages, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &pages{file: f, size: defaultPage, newest: map[uint32]int64{}}
	var header [18]byte
	if _, err := f.ReadAt(header[:], 0); err == nil && bytes.HasPrefix(header[:], []byte("SQLite format 3\x00")) {
		p.setSize(uint32(binary.BigEndian.Uint16(header[16:])))
	}
	if p.wal, err = os.Open(path + "-wal"); err == nil {
		p.readJournal()
	}
	if info, err := f.Stat(); err == nil {
		p.count = uint32(info.Size() / int64(p.size))
	}
	return p, nil
}

func (p *pages) close() {
	_ = p.file.Close()
	if p.wal != nil {
		_ = p.wal.Close()
	}
}

func (p *pages) setSize(size uint32) {
	if size == 1 {
		size = 65536
	}
	if size >= 512 && size <= 65536 && bits.OnesCount32(size) == 1 {
		p.size = int(size)
	}
}

// readJournal notes where committed pages lie: those before the last frame of the journal's own generation that ends
// a transaction.
func (p *pages) readJournal() {
	var header [32]byte
	if _, err := p.wal.ReadAt(header[:], 0); err != nil {
		return
	}
	p.setSize(binary.BigEndian.Uint32(header[8:]))
	open := map[uint32]int64{}
	var frame [24]byte
	for at := int64(32); ; at += int64(24 + p.size) {
		if _, err := p.wal.ReadAt(frame[:], at); err != nil || !bytes.Equal(frame[8:16], header[16:24]) {
			return
		}
		n := binary.BigEndian.Uint32(frame[:])
		open[n] = at + 24
		if pagesAfter := binary.BigEndian.Uint32(frame[4:]); pagesAfter > 0 {
			for n, at := range open {
				p.newest[n] = at
			}
			clear(open)
		}
	}
}

// page returns the n-th page, counted from 1; nil if it cannot be read.
func (p *pages) page(n uint32) []byte {
	if n == 0 {
		return nil
	}
	b := make([]byte, p.size)
	var err error
	if at, ok := p.newest[n]; ok {
		_, err = p.wal.ReadAt(b, at)
	} else {
		_, err = p.file.ReadAt(b, int64(n-1)*int64(p.size))
	}
	if err != nil {
		return nil
	}
	return b
}

// records yields the records on the n-th page, by their row ids, if it is a leaf of a table.
func (p *pages) records(n uint32) iter.Seq2[int64, []driver.Value] {
	return func(yield func(int64, []driver.Value) bool) {
		b, head := p.page(n), 0
		if n == 1 {
			head = 100
		}
		const leafOfTable = 13
		if b == nil || b[head] != leafOfTable {
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
	local := p.local(int(size))
	if local == int(size) {
		if len(cell) < local {
			return 0, nil, false
		}
		return rowid, cell[:local], true
	}
	if len(cell) < local+4 {
		return 0, nil, false
	}
	payload = append(payload, cell[:local]...)
	next := binary.BigEndian.Uint32(cell[local:])
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

// numbers yields the number of every page there is.
func (p *pages) numbers() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for n := uint32(1); n <= p.count; n++ {
			if !yield(n) {
				return
			}
		}
		for n := range p.newest {
			if n > p.count && !yield(n) {
				return
			}
		}
	}
}

// local returns how many bytes of a record lie in its cell; the rest is on overflow pages.
func (p *pages) local(size int) int {
	longest, least := p.size-35, (p.size-12)*32/255-23
	if size <= longest {
		return size
	}
	if k := least + (size-least)%(p.size-4); k <= longest {
		return k
	}
	return least
}
