package store

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Deeds are what is done to the hub itself: to people, devices, roles, by an erasure, a backup, a restore. Rows change by
// change sets, which the ledger has. Both are in the chain (see chain.go). The values of a deed enter it as SHA-256(salt,
// value): to erase a value is to drop it and its salt; the hash stays, and nobody can find the value by guessing.

// AuditEntry is a deed: who did what to which row, when, from which device.
type AuditEntry struct {
	N      uint64    // counts from 1 without a gap; given by Audit
	Seq    uint64    // the commit that it stands behind; given by Audit
	At     time.Time // to the millisecond
	Person record.ID // zero for the hub itself
	Device record.ID // zero for the office
	Action string    // what was done: "device_enrol", "erase"
	Row    record.Key
	Values []AuditValue
}

// AuditValue is a value that was written, as a person reads it.
type AuditValue struct {
	Column string
	Text   string // empty once it is erased
	Erased bool

	salt [16]byte
	hash Hash
}

// Audit adds a deed to the chain and returns its number.
func (tx *Tx) Audit(e AuditEntry) (n uint64, err error) {
	last, err := tx.conn.Int("SELECT max(n) FROM _audit")
	if err == nil {
		err = tx.findEnd()
	}
	if err != nil {
		return 0, err
	}
	if e.Seq, err = tx.lastCommit(); err != nil {
		return 0, err
	}
	e.N = uint64(last) + 1
	for i := range e.Values {
		if err = tx.seal(&e.Values[i]); err != nil {
			return 0, err
		}
	}
	values, err := tx.sealAudit(&e)
	if err != nil {
		return 0, err
	}
	tx.end = e.chain(tx.end)
	_, err = tx.conn.Exec(`INSERT INTO _audit(n, seq, at, person, device, action, tbl, pk, "values", chain)`+
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", int64(e.N), int64(e.Seq), millis(e.At), e.Person[:], e.Device[:], e.Action,
		int64(e.Row.Table), e.Row.ID[:], values, tx.end[:])
	return e.N, err
}

// seal gives the value its salt and hash.
func (tx *Tx) seal(v *AuditValue) error {
	salt, err := tx.random(len(v.salt))
	if err == nil {
		v.salt = [16]byte(salt)
		v.hash = v.sum()
	}
	return err
}

func (v *AuditValue) sum() Hash { return sha256.Sum256(append(v.salt[:], v.Text...)) }

// chain returns the hash over the entry and the one before it.
func (e *AuditEntry) chain(prev Hash) Hash {
	b := append(prev[:], 1)
	b = binary.BigEndian.AppendUint64(b, e.N)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(millis(e.At)))
	b = append(append(b, e.Person[:]...), e.Device[:]...)
	b = appendText(b, e.Action)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Row.Table))
	b = append(b, e.Row.ID[:]...)
	for i := range e.Values {
		b = append(appendText(b, e.Values[i].Column), e.Values[i].hash[:]...)
	}
	return sha256.Sum256(b)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

const selectAudit = `SELECT n, at, person, device, action, tbl, pk, "values", seq FROM _audit `

// AuditPage returns up to limit entries before the number, the latest first; 0 begins with the latest.
func (r reads) AuditPage(before uint64, limit int) (page []AuditEntry, err error) {
	where := "WHERE n < ? "
	if before == 0 {
		where = "WHERE n > ? "
	}
	return r.audit(selectAudit+where+"ORDER BY n DESC LIMIT ?", int64(before), int64(limit))
}

// AuditBy is AuditPage of the entries with one of the actions, and of the person; without actions of all, and with the zero
// person of everybody.
func (r reads) AuditBy(before uint64, actions []string, person record.ID, limit int) ([]AuditEntry, error) {
	where, args := "WHERE n > ?", []driver.Value{int64(before)}
	if before > 0 {
		where = "WHERE n < ?"
	}
	if len(actions) > 0 {
		where += " AND action IN (?" + strings.Repeat(", ?", len(actions)-1) + ")"
		for _, a := range actions {
			args = append(args, a)
		}
	}
	if !person.IsZero() {
		where, args = where+" AND person = ?", append(args, person[:])
	}
	return r.audit(selectAudit+where+" ORDER BY n DESC LIMIT ?", append(args, int64(limit))...)
}

// deed returns the deed of that number.
func (r reads) deed(n uint64) (e AuditEntry, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { e, err = r.readAudit(q); return err }, selectAudit+"WHERE n = ?", int64(n))
	return e, err
}

// AuditOf returns the row's entries, oldest first.
func (r reads) AuditOf(row record.Key) ([]AuditEntry, error) {
	return r.audit(selectAudit+"WHERE tbl = ? AND pk = ? ORDER BY n", int64(row.Table), row.ID[:])
}

func (r reads) audit(query string, args ...driver.Value) (page []AuditEntry, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		e, err := r.readAudit(q)
		page = append(page, e)
		return err
	}, query, args...)
	return page, err
}

func (r reads) readAudit(q *sqlrow.Rows) (e AuditEntry, err error) {
	e = AuditEntry{N: q.Uint(0), At: moment(q.Int(1)), Person: q.ID(2), Device: q.ID(3), Action: q.Text(4), Row: key(q, 5),
		Seq: q.Uint(8)}
	packed, err := r.layout.OpenBlob(q.Bytes(7), aboutAudit(e.N))
	if err == nil {
		e.Values, err = unpackAudit(packed)
	}
	if err == nil {
		err = q.Err()
	}
	return e, err
}

// intact reports whether the values are those that were sealed.
func (e *AuditEntry) intact() bool {
	for i := range e.Values {
		if v := &e.Values[i]; !v.Erased && v.sum() != v.hash {
			return false
		}
	}
	return true
}

// EraseAudit erases the values of the named columns from every entry about the row, and returns how many there were.
func (tx *Tx) EraseAudit(row record.Key, columns ...string) (erased int, err error) {
	entries, err := tx.AuditOf(row)
	if err != nil {
		return 0, err
	}
	for i := range entries {
		e := &entries[i]
		n := e.erase(columns)
		if n == 0 {
			continue
		}
		erased += n
		values, err := tx.sealAudit(e)
		if err == nil {
			_, err = tx.conn.Exec(`UPDATE _audit SET "values" = ? WHERE n = ?`, values, int64(e.N))
		}
		if err != nil {
			return erased, err
		}
	}
	return erased, nil
}

func (e *AuditEntry) erase(columns []string) (erased int) {
	for i := range e.Values {
		if v := &e.Values[i]; !v.Erased && slices.Contains(columns, v.Column) {
			*v = AuditValue{Column: v.Column, Erased: true, hash: v.hash}
			erased++
		}
	}
	return erased
}

// sealAudit returns the entry's values packed; sealed, where one of them is of a sealed column.
func (tx *Tx) sealAudit(e *AuditEntry) ([]byte, error) {
	packed := packAudit(e.Values)
	t := tx.layout.Schema().TableByID(e.Row.Table)
	for i := range e.Values {
		column, _, _ := strings.Cut(e.Values[i].Column, ".")
		if t == nil || t.Column(column) < 0 || t.Columns[t.Column(column)].Has(schema.Sealed) {
			return tx.layout.SealBlob(packed, aboutAudit(e.N))
		}
	}
	return packed, nil
}

func aboutAudit(n uint64) string { return "audit " + strconv.FormatUint(n, 10) }

// packAudit packs values as { column hash:32 state salt:16 text }, the last two only while state is 1.
func packAudit(values []AuditValue) []byte {
	b := []byte{}
	for i := range values {
		v := &values[i]
		b = append(appendText(b, v.Column), v.hash[:]...)
		if v.Erased {
			b = append(b, 0)
			continue
		}
		b = append(append(b, 1), v.salt[:]...)
		b = appendText(b, v.Text)
	}
	return b
}

func unpackAudit(b []byte) (values []AuditValue, err error) {
	for len(b) > 0 {
		var v AuditValue
		var ok bool
		if v.Column, b, ok = cutText(b); !ok || len(b) < len(v.hash)+1 {
			return nil, record.ErrEncoding
		}
		b = b[copy(v.hash[:], b):]
		v.Erased = b[0] == 0
		b = b[1:]
		if !v.Erased {
			if len(b) < len(v.salt) {
				return nil, record.ErrEncoding
			}
			b = b[copy(v.salt[:], b):]
			if v.Text, b, ok = cutText(b); !ok {
				return nil, record.ErrEncoding
			}
		}
		values = append(values, v)
	}
	return values, nil
}

func cutText(b []byte) (s string, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil, false
	}
	return string(b[size : size+int(n)]), b[size+int(n):], true
}

// fixed returns b as a hash; whatever has another length is no hash of ours.
func fixed(b []byte) (h Hash) {
	if len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}
