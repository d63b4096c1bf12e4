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

// Token returns the device that a token was given to, and until when it is good; a zero device for an unknown one.
func (r reads) Token(h Hash) (device record.ID, expires time.Time, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error {
		device, expires = q.ID(0), moment(q.Int(1))
		return q.Err()
	}, "SELECT device, expires FROM _token WHERE hash = ?", h[:])
	return device, expires, err
}

// RevokedSince returns the devices that were revoked at or after the time.
func (r reads) RevokedSince(at time.Time) (devices []record.ID, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error { devices = append(devices, q.ID(0)); return q.Err() },
		"SELECT id FROM _device WHERE revoked_at > 0 AND revoked_at >= ?", millis(at))
	return devices, err
}
