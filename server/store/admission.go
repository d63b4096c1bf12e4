package store

import (
	"time"

	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// Readmit lets a revoked device in again; an order to wipe itself that did not reach it is withdrawn. The code is UnknownPhone if there is no such device.
func (tx *Tx) Readmit(device record.ID) error {
	return tx.changeDevice("UPDATE _device SET revoked_at = 0, hard_revoked = 0, wipe = 0 WHERE id = ?", device[:])
}

// Token is what is known of a device's token.
type Token struct {
	Device  record.ID // zero for an unknown one
	Expires time.Time
	Used    bool
	Spent   bool // a later one was used
}

// Token returns what is known of the token with the hash.
func (r reads) Token(h Hash) (t Token, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error {
		t = Token{q.ID(0), moment(q.Int(1)), q.Int(2) != 0, q.Int(3) != 0}
		return q.Err()
	}, "SELECT device, expires, used, spent FROM _token WHERE hash = ?", h[:])
	return t, err
}

// UseToken notes that the device has used the token: its others are spent.
func (tx *Tx) UseToken(h Hash, device record.ID) error {
	_, err := tx.conn.Exec("UPDATE _token SET spent = 1 WHERE device = ? AND hash <> ?", device[:], h[:])
	if err == nil {
		_, err = tx.conn.Exec("UPDATE _token SET used = 1 WHERE hash = ?", h[:])
	}
	return err
}

// RevokedSince returns the devices that were revoked at or after the time.
func (r reads) RevokedSince(at time.Time) (devices []record.ID, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error { devices = append(devices, q.ID(0)); return q.Err() },
		"SELECT id FROM _device WHERE revoked_at > 0 AND revoked_at >= ?", millis(at))
	return devices, err
}
