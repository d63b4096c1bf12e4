package replica

import (
	"time"

	"fieldsync/sync/device"
)

// Waiting returns how many items of the outbox are in the state, and when the oldest of them was written, by the
// device's clock; the zero time if there are none. It reads one item, however many there are.
func (tx *Tx) Waiting(s device.State) (n int, oldest time.Time, err error) {
	count, err := tx.conn.Int("SELECT count(*) FROM _outbox WHERE state = ?", int64(s))
	if err != nil || count == 0 {
		return 0, time.Time{}, err
	}
	items, err := tx.Items(s, 0, 1)
	if err != nil || len(items) == 0 {
		return int(count), time.Time{}, err
	}
	return int(count), items[0].Change.Stamp.Time(), nil
}
