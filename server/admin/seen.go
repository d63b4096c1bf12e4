package admin

import (
	"encoding/base64"
	"encoding/binary"
	"slices"

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
