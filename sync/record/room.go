package record

// MaxRoom is what change sets that were sent together may take in memory beyond 4 times their bytes.
const MaxRoom = 1 << 20

// RoomFor returns what change sets of so many bytes together may take in memory of whoever reads them: a hostile sender can
// make a change set of cells that take 4 bytes each and 28 times that once they are read.
func RoomFor(bytes int) int { return 4*bytes + MaxRoom }

// Size returns how many bytes ParseWithin takes of its room for the change set.
func (c *ChangeSet) Size() int {
	n := sizeOfSet + sizeOfText(len(c.Cause)) + sizeOfRows(len(c.Rows))
	for i := range c.Rows {
		row := &c.Rows[i]
		n += sizeOfDots(row.Context.Len()) + sizeOfCells(len(row.Cells))
		for k := range row.Cells {
			w := &row.Cells[k]
			n += sizeOfText(len(w.Key)) + sizeOfText(len(w.Value.text)) + sizeOfText(len(w.Saw.text)) + sizeOfDots(len(w.Settles))
		}
	}
	return n
}

// What the parts of a change set take at most, with what the allocator adds.
const sizeOfSet = 320

func sizeOfRows(n int) int  { return rounded(80 * n) }
func sizeOfCells(n int) int { return rounded(112 * n) }
func sizeOfDots(n int) int  { return rounded(16 * n) }
func sizeOfText(n int) int  { return rounded(n) }

// rounded returns what an allocation of n bytes takes at most: the allocator gives sizes of its own.
func rounded(n int) int {
	switch {
	case n < 2: // none is made for a single byte
		return 0
	case n <= 16:
		return (n + 7) &^ 7
	}
	return n + min(n/8+16, 8<<10)
}
