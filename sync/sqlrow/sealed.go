package sqlrow

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/seal"
)

// Sealed columns are encrypted at rest. A store hands its layout a box; then nothing that a sealed column ever held
// stands open in the store's files:
//
//	rows       one BLOB for the column, whatever its kind: sealed, about its table, column and row
//	siblings   concurrent values, in the row's metadata and in conflict records: as in the row, each by itself
//	blobs      change sets (outbox, ledger, quarantine, verdicts) and audit entries that touch a sealed column: whole
//
// Above SealRow and OpenRow nobody knows of it: hashes run over plain values, and the wire is as it was, under TLS. A
// layout without a box stores the same columns open, in the same form.

// Sealing returns the layout with a box that seals its sealed columns.
func (l *Layout) Sealing(box *seal.Box) *Layout {
	with := *l
	with.box = box
	return &with
}

// HasSealed reports whether any column of the schema is sealed.
func HasSealed(s *schema.Schema) bool {
	return slices.ContainsFunc(s.Tables, func(t *schema.Table) bool { return hasSealed(t) })
}

func hasSealed(t *schema.Table) bool {
	return slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return c.Has(schema.Sealed) })
}

func (l *Layout) seals(t *schema.Table) bool {
	known := l.tables[t.ID]
	return known != nil && known.sealed
}

// about names a value: the bytes that are authenticated with it.
func about(t *schema.Table, c *schema.Column, id record.ID) string {
	b := binary.BigEndian.AppendUint16([]byte("value "), uint16(t.ID))
	b = binary.BigEndian.AppendUint16(b, uint16(c.ID))
	return string(append(b, id[:]...))
}

// SealValue returns what is stored of a value of the column: the value itself, or a text that only OpenValue reads.
func (l *Layout) SealValue(t *schema.Table, c *schema.Column, id record.ID, v record.Value) (record.Value, error) {
	if l.box == nil || !c.Has(schema.Sealed) || v.IsNull() {
		return v, nil
	}
	sealed, err := l.box.Seal(v.AppendBinary(nil), about(t, c, id))
	return record.Text(string(sealed)), err
}

// OpenValue returns the value of which SealValue returned v.
func (l *Layout) OpenValue(t *schema.Table, c *schema.Column, id record.ID, v record.Value) (record.Value, error) {
	if !c.Has(schema.Sealed) || v.Shape() != record.ShapeText || !seal.Sealed([]byte(v.Text())) {
		return v, nil // no text begins with a zero byte
	}
	plain, err := l.open([]byte(v.Text()), about(t, c, id))
	if err != nil {
		return record.Null, err
	}
	v, rest, err := record.CutValue(plain)
	if err == nil && len(rest) > 0 {
		err = record.ErrEncoding
	}
	return v, err
}

func (l *Layout) open(sealed []byte, about string) ([]byte, error) {
	if l.box == nil {
		return nil, fault.New(seal.Missing, "the values are sealed, and no key was given")
	}
	return l.box.Open(sealed, about)
}

// SealRow returns the row as it is stored: the same one where nothing of it is sealed.
func (l *Layout) SealRow(row *record.Row) (*record.Row, error) {
	if l.box == nil || !l.seals(row.Table) {
		return row, nil
	}
	row = row.Clone()
	return row, l.eachSealed(row, l.SealValue)
}

// OpenRow turns a row as SealRow returned it into what it was, in place.
func (l *Layout) OpenRow(row *record.Row) error {
	if !l.seals(row.Table) {
		return nil
	}
	return l.eachSealed(row, l.OpenValue)
}

// eachSealed replaces the sealed values of the row, those shown and their siblings.
func (l *Layout) eachSealed(
	row *record.Row, by func(*schema.Table, *schema.Column, record.ID, record.Value) (record.Value, error),
) (err error) {
	t := row.Table
	for i := range t.Columns {
		if row.Cols[i], err = by(t, &t.Columns[i], row.ID, row.Cols[i]); err != nil {
			return err
		}
	}
	if row.Meta == nil {
		return nil
	}
	for i := range row.Meta.Cells {
		cell := &row.Meta.Cells[i]
		at := t.ColumnByID(cell.ID.Column)
		for k := range cell.Others {
			if at < 0 {
				break
			}
			other := &cell.Others[k]
			if other.Value, err = by(t, &t.Columns[at], row.ID, other.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendSealed appends what stands in the one BLOB of a sealed column: a sealed value, or an open one encoded.
func appendSealed(args []driver.Value, v record.Value) []driver.Value {
	switch {
	case v.IsNull():
		return append(args, nil)
	case v.Shape() == record.ShapeText && seal.Sealed([]byte(v.Text())):
		return append(args, []byte(v.Text()))
	}
	return append(args, v.AppendBinary(nil))
}

// sealed reads what appendSealed wrote.
func (r *Rows) sealed(i int) (v record.Value, next int, err error) {
	b := r.Bytes(i)
	switch {
	case len(b) == 0:
		return record.Null, i + 1, r.err
	case seal.Sealed(b):
		return record.Text(string(b)), i + 1, r.err
	}
	v, rest, err := record.CutValue(b)
	if err == nil && len(rest) > 0 {
		err = record.ErrEncoding
	}
	return v, i + 1, err
}

// SealChange returns an encoded change set as it is stored: whole, sealed, where it carries a value of a sealed column or
// of one that this version does not know. The hash is what the store knows it by.
func (l *Layout) SealChange(encoded []byte, hash record.Hash) ([]byte, error) {
	if l.box == nil || len(encoded) == 0 {
		return encoded, nil
	}
	change, err := record.ParseChangeSet(encoded)
	if err == nil && !l.touches(change) {
		return encoded, nil
	}
	return l.box.Seal(encoded, "change "+string(hash[:])) // what cannot be read may be anything
}

func (l *Layout) touches(change *record.ChangeSet) bool {
	for i := range change.Rows {
		c := &change.Rows[i]
		t := l.schema.TableByID(c.Table)
		for _, w := range c.Cells {
			if t == nil || t.ColumnByID(w.Column) < 0 || t.Columns[t.ColumnByID(w.Column)].Has(schema.Sealed) {
				return true
			}
		}
	}
	return false
}

// OpenChange returns the encoded change set of which SealChange returned stored.
func (l *Layout) OpenChange(stored []byte, hash record.Hash) ([]byte, error) {
	return l.OpenBlob(stored, "change "+string(hash[:]))
}

// SealBlob seals bytes of the store's own about something; they do not begin with a zero byte.
func (l *Layout) SealBlob(b []byte, about string) ([]byte, error) {
	if l.box == nil {
		return b, nil
	}
	return l.box.Seal(b, about)
}

// OpenBlob returns the bytes of which SealBlob returned stored; bytes that are not sealed as they are.
func (l *Layout) OpenBlob(stored []byte, about string) ([]byte, error) {
	if !seal.Sealed(stored) {
		return stored, nil
	}
	return l.open(stored, about)
}

// CheckKeys reports whether every key that anything in the database was ever sealed with is there: a *fault.Error with
// the code seal.Missing or seal.Wrong if not. It only reads.
func (l *Layout) CheckKeys(c *Conn) error {
	_, err := l.checkKeys(c)
	return err
}

func (l *Layout) checkKeys(c *Conn) (newestKnown bool, err error) {
	have, err := c.HasTable("_key")
	if err != nil || !have {
		return false, err
	}
	err = c.Each(func(r *Rows) error {
		if l.box == nil {
			return fault.New(seal.Missing, "the values are sealed, and no key was given")
		}
		id, proof := seal.KeyID(r.Int(0)), r.Bytes(1)
		if !slices.Equal(r.Bytes(2), proofSum(id, proof)) { // else damage would look like another key
			return fmt.Errorf("%w: the proof of key %08x", ErrUnreadable, uint32(id))
		}
		newestKnown = newestKnown || id == l.box.Newest()
		return l.box.Prove(proof)
	}, "SELECT id, proof, sum FROM _key")
	return newestKnown, err
}

// UseKeys is CheckKeys, and notes the newest key before anything is sealed with it. It belongs into the transaction that
// opens the store.
func (l *Layout) UseKeys(c *Conn) error {
	known, err := l.checkKeys(c)
	if err != nil || known || l.box == nil {
		return err
	}
	proof, err := l.box.Proof()
	if err == nil {
		_, err = c.Exec(l.dialect.Definition("CREATE TABLE IF NOT EXISTS _key (id INTEGER PRIMARY KEY, proof BLOB NOT NULL, sum BLOB NOT NULL)"))
	}
	if err == nil {
		id := l.box.Newest()
		_, err = c.Exec("INSERT INTO _key(id, proof, sum) VALUES(?, ?, ?)", int64(id), proof, proofSum(id, proof))
	}
	return err
}

func proofSum(id seal.KeyID, proof []byte) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint32(slices.Clone(proof), uint32(id)))
	return sum[:16]
}

// NewBox returns the box for a schema: nil where it has nothing sealed; from the keys, or where there are none from the
// key file at path, which is made with a fresh key if it does not exist.
func NewBox(s *schema.Schema, keys seal.Keys, path string, random io.Reader) (*seal.Box, error) {
	if !HasSealed(s) {
		return nil, nil
	}
	return KeyBox(keys, path, random)
}

// KeyBox returns a box of the keys, or of the key file where there are none: see NewBox.
func KeyBox(keys seal.Keys, path string, random io.Reader) (*seal.Box, error) {
	if keys == nil {
		keys = KeyFile{path, random}
	}
	return seal.NewBox(keys, random)
}
