package replica

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

const (
	identityColumns = "device, person, actor, counter, chain, stamp, clock_offset, epoch, cursors, resume, partial," +
		" schema, queue, retired"
	selectIdentity = "SELECT " + identityColumns + " FROM _identity"
	putIdentity    = "INSERT INTO _identity(id, " + identityColumns + ")" +
		" VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET" +
		" device = excluded.device, person = excluded.person, actor = excluded.actor, counter = excluded.counter," +
		" chain = excluded.chain, stamp = excluded.stamp, clock_offset = excluded.clock_offset," +
		" epoch = excluded.epoch, cursors = excluded.cursors, resume = excluded.resume, partial = excluded.partial," +
		" schema = excluded.schema, queue = excluded.queue, retired = excluded.retired"
)

// Identity implements device.Store. A replica that was never enrolled has none: nil.
func (tx *Tx) Identity() (i *device.Identity, err error) {
	if tx.identity != nil {
		return ownIdentity(tx.identity), nil
	}
	_, err = tx.conn.One(func(r *sqlrow.Rows) error {
		i, err = readIdentity(r)
		return err
	}, selectIdentity)
	if err == nil && i != nil {
		tx.identity = ownIdentity(i)
	}
	return i, err
}

// ownIdentity returns a copy that shares nothing.
func ownIdentity(i *device.Identity) *device.Identity {
	own := *i
	own.Resume, own.Retired = bytes.Clone(i.Resume), slices.Clone(i.Retired)
	return &own
}

func readIdentity(r *sqlrow.Rows) (*device.Identity, error) {
	i := &device.Identity{
		Device: r.ID(0), Person: r.ID(1), Actor: clock.Actor(r.Uint(2)), Counter: r.Uint(3), Chain: hash(r, 4),
		Stamp: clock.Stamp(r.Uint(5)), Offset: r.Int(6), Epoch: uint32(r.Uint(7)), Resume: r.Bytes(9),
		Schema: int(r.Int(11)), Queue: r.Uint(12),
	}
	err := errors.Join(json.Unmarshal(r.Bytes(8), &i.Cursors), json.Unmarshal(r.Bytes(10), &i.Partial))
	if !r.Null(13) {
		err = errors.Join(err, json.Unmarshal(r.Bytes(13), &i.Retired))
	}
	if err != nil {
		return nil, corrupt("the identity", err)
	}
	return i, nil
}

// PutIdentity implements device.Store.
func (tx *Tx) PutIdentity(i *device.Identity) error {
	cursors, err := json.Marshal(i.Cursors)
	if err != nil {
		return err
	}
	partial, err := json.Marshal(i.Partial)
	if err != nil {
		return err
	}
	var resume, retired driver.Value
	if len(i.Resume) > 0 {
		resume = i.Resume
	}
	if len(i.Retired) > 0 {
		past, err := json.Marshal(i.Retired)
		if err != nil {
			return err
		}
		retired = string(past)
	}
	_, err = tx.conn.Exec(putIdentity, i.Device[:], i.Person[:], int64(i.Actor), int64(i.Counter), i.Chain[:],
		int64(i.Stamp), i.Offset, int64(i.Epoch), string(cursors), resume, string(partial), int64(i.Schema),
		int64(i.Queue), retired)
	if err == nil {
		tx.identity = ownIdentity(i)
	}
	return err
}

// hash returns the i-th value as a hash, zero for anything else than 16 bytes.
func hash(r *sqlrow.Rows, i int) record.Hash { return record.Hash(r.ID(i)) }
