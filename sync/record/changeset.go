package record

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/schema"
)

// Op is what a change does to its row.
type Op uint8

// The operations.
const (
	Insert Op = 1 // creates the row; refused where it exists
	Update Op = 2 // writes cells; quarantined where the row is unknown
	Delete Op = 3 // hides the row while the context covers every write in it
)

// CellWrite is one cell that a change writes.
type CellWrite struct {
	CellID
	Value Value
	// Saw is the value that was shown to the author, in columns where a person may have to settle: the write replaces
	// that one, and leaves beside it what would have needed a person. Null where nothing was shown.
	Saw Value
	// Settles names, in such columns, exactly the standing values that the write replaces, as a person does who settles
	// them; empty leaves it to Saw.
	Settles []clock.Dot
}

// RowChange is what a change set does to one row.
type RowChange struct {
	Op      Op
	Table   schema.TableID
	ID      ID
	Context clock.Vector // what the author had seen of this row; stamped when it is written, never refreshed
	Cells   []CellWrite  // ordered by CellID
}

// Key returns the name of the row.
func (c *RowChange) Key() Key { return Key{c.Table, c.ID} }

// ChangeSet is everything that one local transaction did: atomic, the unit of upload and of verdict.
type ChangeSet struct {
	Dot    clock.Dot
	Origin Origin      // how it was first written, if it was re-stamped; zero for one that never was
	Stamp  clock.Stamp // when it happened, by the author's clock
	Offset int64       // ms to add to the author's clock to get the hub's, as measured when it was written
	Epoch  uint32      // the epoch of K
	K      uint64      // how far the author's class of assignments was complete
	Amends clock.Dot   // the quarantined change set that this one replaces, zero for none
	Cause  string      // what the author did: the name of a command, for the audit
	Salt   Salt        // of one that says something personal; zero for others
	Rows   []RowChange
}

// Salt is chance, in a change set that writes personal values. It goes with them when they are erased: what stays is a
// hash that nobody can find them by, guessing. So the chains over hashes hold, and tell nothing.
type Salt [16]byte

// WritesPersonal reports whether a change writes a personal value.
func WritesPersonal(s *schema.Schema, rows []RowChange) bool {
	for i := range rows {
		t := s.TableByID(rows[i].Table)
		if t != nil && slices.ContainsFunc(rows[i].Cells, func(w CellWrite) bool { return w.isPersonal(t) }) {
			return true
		}
	}
	return false
}

// isPersonal reports whether the write says something personal.
func (w *CellWrite) isPersonal(t *schema.Table) bool {
	at := t.ColumnByID(w.Column)
	return at >= 0 && t.Columns[at].Has(schema.Personal) && !(w.Value.IsNull() && w.Saw.IsNull())
}

// Hash is the first half of a SHA-256 over canonical bytes.
type Hash [16]byte

// HashOf returns the hash of an encoded change set.
func HashOf(encoded []byte) Hash {
	sum := sha256.Sum256(encoded)
	return Hash(sum[:16])
}

// Chain returns the hash of an actor's change sets up to one whose hash is h, when prev is the chain before it.
func Chain(prev, h Hash) Hash {
	var both [32]byte
	copy(both[:16], prev[:])
	copy(both[16:], h[:])
	return HashOf(both[:])
}

// Origin is how a change set was first written: what survives re-stamping. RID is the hash of the bytes under which it
// was first encoded: its stamp, context and the ids it made tell it from every other, so that nothing random need be
// sent. Dot is where to look for it; zero for what nobody wrote under a dot.
type Origin struct {
	Dot clock.Dot
	RID ID
}

// IsZero reports whether o is that of a change set that was never re-stamped.
func (o Origin) IsZero() bool { return o.RID.IsZero() }

// First returns how the change set, whose hash is h, was first written.
func (c *ChangeSet) First(h Hash) Origin {
	if !c.Origin.IsZero() {
		return c.Origin
	}
	return Origin{c.Dot, ID(h)}
}

// RID returns the identity that survives re-stamping.
func (c *ChangeSet) RID(h Hash) ID { return c.First(h).RID }

// Limits of a change set, checked when it is encoded and when it is decoded.
const (
	MaxChangeSet = 512 << 10 // bytes, encoded
	MaxRows      = 4096      // row changes
	MaxCause     = 64        // bytes
)

// AppendBinary appends the canonical encoding:
//
//	changeset = dot flags [origin] stamp offset:zigzag epoch K [amends:dot] cause [salt:16] rows:n { row }
//	origin    = dot rid:16
//	row       = op table id:16 context:vector cells:n { column key value settles [saw:value] { dot } }
//
// All numbers are unsigned varints unless said otherwise; flag bit 0 says that origin follows, bit 1 amends, bit 2
// salt. Settles is twice the number of dots, plus one where saw follows.
func (c *ChangeSet) AppendBinary(b []byte) []byte {
	b = appendDot(b, c.Dot)
	flags := byte(0)
	if !c.Origin.IsZero() {
		flags |= 1
	}
	if !c.Amends.IsZero() {
		flags |= 2
	}
	if c.Salt != (Salt{}) {
		flags |= 4
	}
	b = append(b, flags)
	if flags&1 != 0 {
		b = append(appendDot(b, c.Origin.Dot), c.Origin.RID[:]...)
	}
	b = binary.AppendUvarint(b, uint64(c.Stamp))
	b = binary.AppendVarint(b, c.Offset)
	b = binary.AppendUvarint(b, uint64(c.Epoch))
	b = binary.AppendUvarint(b, c.K)
	if flags&2 != 0 {
		b = appendDot(b, c.Amends)
	}
	b = appendText(b, c.Cause)
	if flags&4 != 0 {
		b = append(b, c.Salt[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Rows)))
	for i := range c.Rows {
		b = c.Rows[i].appendBinary(b)
	}
	return b
}

func (c *RowChange) appendBinary(b []byte) []byte {
	b = append(b, byte(c.Op))
	b = binary.AppendUvarint(b, uint64(c.Table))
	b = append(b, c.ID[:]...)
	b = c.Context.AppendBinary(b)
	b = binary.AppendUvarint(b, uint64(len(c.Cells)))
	for _, w := range c.Cells {
		b = binary.AppendUvarint(b, uint64(w.Column))
		b = appendText(b, w.Key)
		b = w.Value.AppendBinary(b)
		b = w.appendSettles(b)
		for _, d := range w.Settles {
			b = appendDot(b, d)
		}
	}
	return b
}

func (w *CellWrite) appendSettles(b []byte) []byte {
	n := uint64(len(w.Settles)) << 1
	if w.Saw.IsNull() {
		return binary.AppendUvarint(b, n)
	}
	return w.Saw.AppendBinary(binary.AppendUvarint(b, n|1))
}

func appendDot(b []byte, d clock.Dot) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(d.Actor)), d.Counter)
}

// ParseChangeSet decodes exactly one change set. The error is ErrEncoding: the bytes are not what AppendBinary gives,
// or beyond the limits. What the values mean is checked against a schema, elsewhere.
func ParseChangeSet(b []byte) (*ChangeSet, error) {
	c, _, err := ParseWithin(b, math.MaxInt)
	return c, err
}

// ParseWithin is ParseChangeSet for bytes of somebody who may be hostile: it allocates at most room bytes, and returns what
// is left of them. A change set that takes more is refused, too.
func ParseWithin(b []byte, room int) (c *ChangeSet, left int, err error) {
	if len(b) > MaxChangeSet {
		return nil, room, ErrEncoding
	}
	r := reader{b: b, bounded: true, room: room}
	if !r.reserve(sizeOfSet) {
		return nil, room, ErrEncoding
	}
	if c, _ = r.changeSet(MaxRows); r.err != nil || len(r.b) > 0 || c.Dot.Counter == 0 || c.Dot.Actor == 0 {
		return nil, room, ErrEncoding
	}
	return c, r.room, nil
}

// ParseFirstRows decodes a change set with no more than its first most rows, and returns how many there are in all. It
// takes what ParseChangeSet takes, and looks at nothing behind those rows: it is for whoever shows what a hub has judged.
func ParseFirstRows(b []byte, most int) (c *ChangeSet, rows int, err error) {
	if len(b) > MaxChangeSet {
		return nil, 0, ErrEncoding
	}
	r := reader{b: b}
	c, rows = r.changeSet(most)
	if r.err != nil || len(c.Rows) == rows && len(r.b) > 0 || c.Dot.Counter == 0 || c.Dot.Actor == 0 {
		return nil, 0, ErrEncoding
	}
	return c, rows, nil
}

// changeSet reads a change set with no more than its first most rows, and how many it has.
func (r *reader) changeSet(most int) (c *ChangeSet, rows int) {
	c = &ChangeSet{Dot: r.dot()}
	flags := r.byte()
	if flags&1 != 0 {
		c.Origin = Origin{r.dot(), r.id()}
	}
	c.Stamp, c.Offset = clock.Stamp(r.uvarint()), r.varint()
	c.Epoch, c.K = uint32(r.below(math.MaxUint32)), r.uvarint()
	if flags&2 != 0 {
		c.Amends = r.dot()
	}
	c.Cause = r.text()
	if flags&4 != 0 {
		c.Salt = Salt(r.id())
	}
	n := r.count(20)
	if flags > 7 || flags&1 != 0 && c.Origin.IsZero() || flags&2 != 0 && c.Amends.IsZero() ||
		flags&4 != 0 && c.Salt == (Salt{}) || n > MaxRows || len(c.Cause) > MaxCause || !isText(c.Cause) {
		r.fail()
	}
	if r.err == nil && r.reserve(sizeOfRows(min(n, most))) {
		c.Rows = make([]RowChange, min(n, most))
	}
	for i := range c.Rows {
		c.Rows[i] = r.rowChange()
	}
	return c, n
}

func (r *reader) rowChange() RowChange {
	c := RowChange{Op: Op(r.byte()), Table: r.table(), ID: r.id(), Context: r.vector()}
	n := r.count(4)
	if c.Op < Insert || c.Op > Delete || n > 0 && c.Op == Delete {
		r.fail()
	}
	if r.err != nil || n == 0 || !r.reserve(sizeOfCells(n)) {
		return c
	}
	c.Cells = make([]CellWrite, n)
	for i := range c.Cells {
		w := &c.Cells[i]
		w.CellID = CellID{r.column(), r.text()}
		w.Value = r.value()
		r.settles(w)
		if r.err != nil || i > 0 && c.Cells[i-1].Compare(w.CellID) >= 0 {
			r.fail()
			return c
		}
	}
	return c
}

func (r *reader) settles(w *CellWrite) {
	n := r.uvarint()
	if n&1 != 0 {
		if w.Saw = r.value(); w.Saw.IsNull() {
			r.fail()
		}
	}
	if n >>= 1; n > uint64(len(r.b)/2) || n > 0 && !r.reserve(sizeOfDots(int(n))) {
		r.fail()
		return
	}
	if n > 0 {
		w.Settles = make([]clock.Dot, n)
	}
	for i := range w.Settles {
		w.Settles[i] = r.dot()
	}
}
