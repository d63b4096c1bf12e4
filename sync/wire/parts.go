package wire

// MaxPart is how many bytes of values a page carries before it is sent in parts: enough to compress well, and far
// enough below MaxInflated and MaxMessage for whatever the texts are.
const MaxPart = 512 << 10

// maxErased is how many keys of erased rows a part carries.
const maxErased = 4096

// Parts returns the page as pages of at most about limit bytes of values each, in which only the last one moves the
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
			n := row.size()
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

// size returns about how many bytes the row takes before it is compressed.
func (r *Row) size() int {
	n := 16 + 8 + 4*r.Vector.Len()
	for _, v := range r.Values {
		n += 2 + len(v.Text())
	}
	return n
}

// Size returns about how many bytes of values the rows take before they are compressed.
func (r *Rows) Size() int {
	n := 0
	for i := range r.Rows {
		n += r.Rows[i].size()
	}
	return n
}
