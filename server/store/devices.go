package store

import (
	"crypto/ed25519"
	"database/sql/driver"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// Device is a phone, tablet or laptop that holds one person's replica.
type Device struct {
	ID          record.ID
	Person      record.ID
	Name        string
	PublicKey   ed25519.PublicKey // 32 bytes; the device keeps the private half
	EnrolledAt  time.Time
	RevokedAt   time.Time // zero while it is not
	HardRevoked bool      // what it wrote and still sends is quarantined
	Wipe        bool      // it is to destroy what it holds
	WipedAt     time.Time // when it said that it had; zero for not yet
	Report                // what it said of itself at its last contact
}

// Report is what a device says of itself at every contact.
type Report struct {
	App           string      // the program and its version
	Schema        int         // the schema version it speaks
	LastSeen      time.Time   // by the hub's clock
	Pending       int         // how many changes wait on it
	OldestPending time.Time   // when the oldest of them was written; zero for none
	ClockOffset   int64       // ms to add to the device's clock to get the hub's
	Actor         clock.Actor // the incarnation that its new changes carry; 0 for none yet
}

// Revoked reports whether the device may no longer connect.
func (d *Device) Revoked() bool { return !d.RevokedAt.IsZero() }

// AddDevice enrols a device.
func (tx *Tx) AddDevice(d Device) error {
	_, err := tx.conn.Exec("INSERT INTO _device(id, person, name, public_key, enrolled_at, revoked_at, hard_revoked, wipe, wiped_at, app,"+
		" schema, last_seen, pending, oldest, clock_offset, actor) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		d.ID[:], d.Person[:], d.Name, []byte(d.PublicKey), millis(d.EnrolledAt), millis(d.RevokedAt), flag(d.HardRevoked),
		flag(d.Wipe), millis(d.WipedAt), d.App, int64(d.Schema), millis(d.LastSeen), int64(d.Pending), millis(d.OldestPending), d.ClockOffset, int64(d.Actor))
	return err
}

// Touch notes what a device said of itself. The code is UnknownPhone if there is no such device.
func (tx *Tx) Touch(device record.ID, r Report) error {
	err := tx.changeDevice("UPDATE _device SET app = ?, schema = ?, pending = ?, oldest = ?, clock_offset = ?, actor = ?"+
		" WHERE id = ?", r.App, int64(r.Schema), int64(r.Pending), millis(r.OldestPending), r.ClockOffset, int64(r.Actor), device[:])
	if err != nil {
		return err
	}
	return tx.Saw(device, r.LastSeen)
}

// Saw notes when a device was last heard, unless it was heard later.
func (tx *Tx) Saw(device record.ID, at time.Time) error {
	_, err := tx.conn.Exec("UPDATE _device SET last_seen = ? WHERE id = ? AND last_seen < ?", millis(at), device[:], millis(at))
	return err
}

// Revoke ends a device's access, and with hard also its right to have written what it still sends. Its tokens are
// dropped; whoever calls closes its connection. A device that was revoked before keeps that time, and stays hard
// revoked if it was. The code is UnknownPhone if there is no such device.
func (tx *Tx) Revoke(device record.ID, hard bool, now time.Time) error {
	if err := tx.DropTokens(device); err != nil {
		return err
	}
	return tx.changeDevice("UPDATE _device SET revoked_at = CASE revoked_at WHEN 0 THEN ? ELSE revoked_at END,"+
		" hard_revoked = CASE WHEN hard_revoked = 1 THEN 1 ELSE ? END WHERE id = ?", millis(now), flag(hard), device[:])
}

// Wipe orders the device to destroy what it holds, beside that it is revoked hard. See Revoke.
func (tx *Tx) Wipe(device record.ID, now time.Time) error {
	if err := tx.Revoke(device, true, now); err != nil {
		return err
	}
	return tx.changeDevice("UPDATE _device SET wipe = 1 WHERE id = ?", device[:])
}

// NoteWiped notes that the device has destroyed what it held; the first time counts. The code is UnknownPhone if there is no
// such device.
func (tx *Tx) NoteWiped(device record.ID, now time.Time) error {
	return tx.changeDevice("UPDATE _device SET wiped_at = CASE wiped_at WHEN 0 THEN ? ELSE wiped_at END WHERE id = ?", millis(now), device[:])
}

func (tx *Tx) changeDevice(query string, args ...driver.Value) error {
	return tx.change(UnknownPhone, "There is no such device.", query, args...)
}

const selectDevice = "SELECT id, person, name, public_key, enrolled_at, revoked_at, hard_revoked, app, schema," +
	" last_seen, pending, oldest, clock_offset, actor, wipe, wiped_at FROM _device "

// Device returns nil if there is none with that id.
func (r reads) Device(id record.ID) (*Device, error) {
	devices, err := r.devices(selectDevice+"WHERE id = ?", id[:])
	if len(devices) == 0 {
		return nil, err
	}
	return &devices[0], err
}

// Devices returns all devices, in the order in which they were enrolled.
func (r reads) Devices() ([]Device, error) {
	return r.devices(selectDevice + "ORDER BY enrolled_at, id")
}

// DevicesOf returns the person's devices, in the order in which they were enrolled.
func (r reads) DevicesOf(person record.ID) ([]Device, error) {
	return r.devices(selectDevice+"WHERE person = ? ORDER BY enrolled_at, id", person[:])
}

func (r reads) devices(query string, args ...driver.Value) (devices []Device, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		d := Device{ID: q.ID(0), Person: q.ID(1), Name: q.Text(2), PublicKey: q.Bytes(3),
			EnrolledAt: moment(q.Int(4)), RevokedAt: moment(q.Int(5)), HardRevoked: q.Int(6) != 0,
			Wipe: q.Int(14) != 0, WipedAt: moment(q.Int(15))}
		d.Report = Report{App: q.Text(7), Schema: int(q.Int(8)), LastSeen: moment(q.Int(9)), Pending: int(q.Int(10)),
			OldestPending: moment(q.Int(11)), ClockOffset: q.Int(12), Actor: clock.Actor(q.Uint(13))}
		devices = append(devices, d)
		return q.Err()
	}, query, args...)
	return devices, err
}
