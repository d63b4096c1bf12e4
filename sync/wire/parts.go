package wire

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// MaxPart is how many bytes rows may take with whom they are sent to, as Row.Size counts them, before they come in parts:
// enough to compress well, and so much below MaxMessage that Decode has room for them, however few bytes say it.
const MaxPart = 960 << 10

// maxErased is how many keys of erased rows a part carries.
const maxErased = 4096

// Parts returns the page as pages of at most about limit bytes each, in which only the last one moves the
// cursor or says where to go on. A page that is small enough is its own only part.
func (m *Page) Parts(limit int) []Page {
	var parts []Page
	part, size := *m, 0
	part.Rows = nil
	for len(part.Erased) > maxErased {
		first := part.unfinished()
		first.Leave, first.Enter, first.Erased = nil, nil, part.Erased[:maxErased]
		parts, part.Erased = append(parts, first), part.Erased[maxErased:]
	}
	for _, batch := range m.Rows {
		rows := batch
		rows.Rows = batch.Rows[:0:0]
		for _, row := range batch.Rows {
			n := row.Size()
			if size > 0 && size+n > limit {
				part.addRows(rows)
				parts = append(parts, part.unfinished())
				part = Page{Class: m.Class, From: m.From, To: m.To, Last: m.Last, Resume: m.Resume, Done: m.Done, Total: m.Total}
				rows.Rows, size = nil, 0
			}
			rows.Rows = append(rows.Rows, row)
			size += n
		}
		part.addRows(rows)
	}
	return append(parts, part)
}

func (m *Page) addRows(rows Rows) {
	if len(rows.Rows) > 0 {
		m.Rows = append(m.Rows, rows)
	}
}

// unfinished returns the page as one that others follow.
func (m *Page) unfinished() Page {
	part := *m
	part.Last, part.Resume = false, nil
	return part
}

// Size returns how many bytes the row takes at most in the memory of whoever reads it, his working memory included.
func (r *Row) Size() int { return SizeOf(r.Vector, r.Values) }

// SizeOf returns what Size does of a row with that vector and those values.
func SizeOf(vector clock.Vector, values []record.Value) int {
	n := sizeOfRow + sizeOfWork + sizeOfDot*vector.Len() + sizeOfValue*len(values)
	for i := range values {
		n += len(values[i].Text())
	}
	return n
}

// sizeOfRow is what a Row takes in memory beside its vector and values.
const sizeOfRow = 80
