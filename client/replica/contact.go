package replica

import "time"

// PutHeard notes when the hub was last heard, to the millisecond.
func (tx *Tx) PutHeard(at time.Time) error {
	_, err := tx.conn.Exec("INSERT INTO _contact(id, heard) VALUES(1, ?) ON CONFLICT(id) DO UPDATE SET heard = excluded.heard",
		at.UnixMilli())
	return err
}

// Heard returns when the hub was last heard as far as it was noted; the zero time for never.
func (tx *Tx) Heard() (time.Time, error) {
	if noted, err := tx.conn.HasTable("_contact"); err != nil || !noted { // read as an older program left it
		return time.Time{}, err
	}
	ms, err := tx.conn.Int("SELECT max(heard) FROM _contact")
	if err != nil || ms == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(ms), nil
}
