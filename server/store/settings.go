package store

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// Setting returns the value of a setting, "" if it was never set.
func (r reads) Setting(name string) (value string, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { value = q.Text(0); return q.Err() },
		"SELECT value FROM _setting WHERE name = ?", name)
	return value, err
}

// Settings returns all settings by name.
func (r reads) Settings() (map[string]string, error) {
	all := map[string]string{}
	err := r.conn.Each(func(q *sqlrow.Rows) error { all[q.Text(0)] = q.Text(1); return q.Err() },
		"SELECT name, value FROM _setting")
	return all, err
}

// PutSetting sets a setting.
func (tx *Tx) PutSetting(name, value string) error {
	_, err := tx.conn.Exec("INSERT INTO _setting(name, value) VALUES(?, ?)"+
		" ON CONFLICT(name) DO UPDATE SET value = excluded.value", name, value)
	return err
}

// ExternalKey is what a row is called in another system. A key names one row of its system; a row may have several.
type ExternalKey struct {
	System string
	Key    string
}

// ByExternalKey returns the row that the other system's key names, and false if there is none.
func (r reads) ByExternalKey(k ExternalKey) (row record.Key, found bool, err error) {
	found, err = r.conn.One(func(q *sqlrow.Rows) error { row = key(q, 0); return q.Err() },
		"SELECT tbl, pk FROM _external WHERE system = ? AND key = ?", k.System, k.Key)
	return row, found, err
}

// ExternalKeysOf returns what the row is called elsewhere, in order of system and key.
func (r reads) ExternalKeysOf(row record.Key) (keys []ExternalKey, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		keys = append(keys, ExternalKey{q.Text(0), q.Text(1)})
		return q.Err()
	}, "SELECT system, key FROM _external WHERE tbl = ? AND pk = ? ORDER BY system, key", int64(row.Table), row.ID[:])
	return keys, err
}

// PutExternalKey notes what the row is called elsewhere; once more is no matter. A key that names another row is
// refused with the code KeyTaken.
func (tx *Tx) PutExternalKey(k ExternalKey, row record.Key) error {
	old, found, err := tx.ByExternalKey(k)
	switch {
	case err != nil || found && old == row:
		return err
	case found:
		return fault.New(KeyTaken, "In "+k.System+" the key "+k.Key+" names another row. Remove it there first.")
	}
	_, err = tx.conn.Exec("INSERT INTO _external(system, key, tbl, pk) VALUES(?, ?, ?, ?)",
		k.System, k.Key, int64(row.Table), row.ID[:])
	return err
}

// DropExternalKey forgets a key; there need not be one.
func (tx *Tx) DropExternalKey(k ExternalKey) error {
	_, err := tx.conn.Exec("DELETE FROM _external WHERE system = ? AND key = ?", k.System, k.Key)
	return err
}
