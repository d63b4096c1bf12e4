package replica

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"

	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// carve looks for items and identities on every page of the damaged file and its journal, in every version, also where no
// path of SQLite's leads any more. An item proves itself by its hash, and its newest version comes first.
func (s *salvage) carve(path string) {
	p := openPages(path)
	defer p.close()
	for on := range p.images() {
		for rowid, values := range p.records(on) {
			if i := s.itemOf(rowid, values); i != nil && s.items[i.N] == nil {
				s.items[i.N] = i
			}
			if who := identityOf(rowid, values); who != nil {
				s.meet(who, on.sound)
			}
		}
	}
}

// meet takes an identity for the replica's, unless a better one is known: one of which it is certain that it is as it was
// written, and a later one.
func (s *salvage) meet(who *device.Identity, certain bool) {
	known := s.identity
	if known == nil || certain && !s.certain || certain == s.certain && who.Stamp > known.Stamp {
		s.identity, s.certain = who, certain
	}
}

// itemOf returns the item that a record of _outbox holds; nil for any other record.
func (s *salvage) itemOf(rowid int64, values []driver.Value) *device.Item {
	if len(values) != 13 || rowid <= 0 {
		return nil
	}
	dot := sqlrow.RowOf(values[1:3]...)
	values[2] = rowid // the record itself leaves the key out
	r := sqlrow.RowOf(values[2:]...)
	i, err := readItem(r, s.layout)
	if err != nil || r.Err() != nil || !sound(i) || uint64(i.Change.Dot.Actor) != dot.Uint(0) {
		return nil
	}
	return i
}

// sound reports whether an item is what its user wrote, and in a state that items have.
func sound(i *device.Item) bool {
	return i.Hash == record.HashOf(i.Encoded) && wellKept(i)
}

func wellKept(i *device.Item) bool {
	return bytes.Equal(i.Encoded, i.Change.AppendBinary(nil)) && i.State >= device.Pending && i.State <= device.Closed
}

// identityOf returns the identity that a record of _identity holds; nil for any other record.
func identityOf(rowid int64, values []driver.Value) *device.Identity {
	if len(values) != 15 || rowid != 1 {
		return nil
	}
	r := sqlrow.RowOf(values[1:]...)
	who, err := readIdentity(r)
	if err != nil || r.Err() != nil || who.Device.IsZero() {
		return nil
	}
	return who
}

// cutInt reads a variable-length integer of SQLite's: big-endian, seven bits a byte, at most nine bytes.
func cutInt(b []byte) (x int64, rest []byte, ok bool) {
	for i := 0; i < len(b) && i < 8; i++ {
		x = x<<7 | int64(b[i]&0x7f)
		if b[i] < 0x80 {
			return x, b[i+1:], true
		}
	}
	if len(b) < 9 {
		return 0, nil, false
	}
	return x<<8 | int64(b[8]), b[9:], true
}

// parseRecord reads the columns of a record: a header of types, then the values.
func parseRecord(b []byte) (values []driver.Value, ok bool) {
	size, header, ok := cutInt(b)
	used := len(b) - len(header)
	if !ok || size < int64(used) || size > int64(len(b)) {
		return nil, false
	}
	header, body := header[:size-int64(used)], b[size:]
	for len(header) > 0 {
		var kind int64
		if kind, header, ok = cutInt(header); !ok {
			return nil, false
		}
		var v driver.Value
		if v, body, ok = cutColumn(kind, body); !ok {
			return nil, false
		}
		values = append(values, v)
	}
	return values, true
}

// cutColumn reads one value of the given serial type.
func cutColumn(kind int64, b []byte) (v driver.Value, rest []byte, ok bool) {
	sizes := [...]int64{0, 1, 2, 3, 4, 6, 8, 8, 0, 0}
	size := int64(0)
	switch {
	case kind >= 12:
		size = (kind - 12) / 2
	case kind < 0 || kind > 9:
		return nil, nil, false
	default:
		size = sizes[kind]
	}
	if size > int64(len(b)) {
		return nil, nil, false
	}
	value, rest := b[:size], b[size:]
	switch {
	case kind == 0 || kind == 7: // null; a float, which nothing of ours is
		return nil, rest, true
	case kind == 8 || kind == 9:
		return kind - 8, rest, true
	case kind >= 12 && kind%2 == 1:
		return string(value), rest, true
	case kind >= 12:
		return value, rest, true
	}
	return signed(value), rest, true
}

// signed reads a big-endian number in two's complement.
func signed(b []byte) int64 {
	var wide [8]byte
	if b[0] >= 0x80 {
		wide = [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	copy(wide[8-len(b):], b)
	return int64(binary.BigEndian.Uint64(wide[:]))
}
