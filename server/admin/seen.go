package admin

import (
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// String returns what a page showed in the form a hidden field carries: base64url of, row by row, the table, the id
// and the vector.
func (s Seen) String() string {
	keys := make([]record.Key, 0, len(s))
	for k := range s {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b record.Key) int { return slices.Compare(a.ID[:], b.ID[:]) })
	var b []byte
	for _, k := range keys {
		b = binary.AppendUvarint(b, uint64(k.Table))
		b = append(b, k.ID[:]...)
		b = s[k].AppendBinary(b)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseSeen reads what String wrote; an empty text has seen nothing. The error is a *fault.Error with the code BadForm.
func parseSeen(text string) (Seen, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errForm
	}
	s := Seen{}
	for len(b) > 0 {
		table, n := binary.Uvarint(b)
		if n <= 0 || len(b) < n+16 || table > 1<<16 {
			return nil, errForm
		}
		k := record.Key{Table: schema.TableID(table), ID: record.ID(b[n : n+16])}
		if s[k], b, err = clock.CutVector(b[n+16:]); err != nil {
			return nil, errForm
		}
	}
	return s, nil
}

// see notes that the page shows the row.
func (s Seen) see(r *record.Row) { s[r.Key()] = r.Vector }

// overtaken returns the row of that key if it holds something that the page did not show, and shows it from now on; nil for one
// that is as it was shown.
func (s Seen) overtaken(r Reader, key record.Key) (*record.Row, error) {
	row, err := r.Row(key)
	if err != nil || row == nil || row.Deleted || s[key].CoversAll(row.Vector) {
		return nil, err
	}
	s.see(row)
	return row, nil
}

// leaving is a transaction of a form that holds all fields of what it does. A field that its user left as it was shown stays as
// somebody else wrote it meanwhile.
type leaving struct {
	aftersales.Tx
	schema *schema.Schema
	seen   Seen
	left   []string
}

func (t leaving) Update(table string, id record.ID, values record.Values) error {
	key := record.Key{Table: t.schema.Table(table).ID, ID: id}
	shown, known := t.seen[key]
	row, err := t.Row(table, id)
	if err != nil {
		return err
	}
	if row == nil || !known {
		return t.Tx.Update(table, id, values)
	}
	values = maps.Clone(values)
	for _, name := range t.left {
		if standing, came := writtenSince(row, name, shown); came || standing == values[name] {
			delete(values, name)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return t.Tx.Update(table, id, values)
}

// writtenSince returns the value that stands in a cell, and whether it came after that was shown.
func writtenSince(row *record.Row, name string, shown clock.Vector) (standing record.Value, came bool) {
	column, key, _ := strings.Cut(name, ".")
	at := row.Table.Column(column)
	if at < 0 {
		return record.Null, false
	}
	if standing = row.Cols[at]; key != "" {
		standing = standing.Cell(key)
	}
	i, ok := row.Meta.Find(record.CellID{Column: row.Table.Columns[at].ID, Key: key})
	return standing, ok && !shown.Covers(row.Meta.Cells[i].Shown.Dot)
}

// errChanged answers a form about what somebody else has changed since the page showed it.
var errChanged = fault.New(fault.Closed, "Somebody changed this before you. Look at it again.")

// stillShown refuses a form about something without a vector that is no longer as its page showed it, which the form says.
// A form that says nothing was shown nothing.
func stillShown(shown, now string) error {
	if shown != "" && shown != now {
		return errChanged
	}
	return nil
}
