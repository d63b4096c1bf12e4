package store

import (
	"crypto/sha256"
	"time"

	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// Secrets are kept as their SHA-256 only: they are long and random, so that a slow hash would protect nothing more.

// Hash is the SHA-256 of an enrolment code or a token.
type Hash [sha256.Size]byte

// HashOf returns the hash under which a secret is kept.
func HashOf(secret []byte) Hash { return sha256.Sum256(secret) }

// AddCode makes an enrolment code valid for one device of the person, until it is taken or expires. The code is
// UnknownLogin if there is no such person.
func (tx *Tx) AddCode(h Hash, person record.ID, expires time.Time) error {
	if p, err := tx.Person(person); err != nil || p == nil {
		return orElse(err, UnknownLogin, "There is no such person.")
	}
	_, err := tx.conn.Exec("INSERT INTO _code(hash, person, expires) VALUES(?, ?, ?)", h[:], person[:], millis(expires))
	return err
}

// TakeCode uses up an enrolment code and returns whom it was for. One that is unknown, used or expired, or whose
// person may not sign in, is refused with the code CodeRefused, which does not say which.
func (tx *Tx) TakeCode(h Hash, now time.Time) (person record.ID, err error) {
	found, err := tx.conn.One(func(q *sqlrow.Rows) error { person = q.ID(0); return q.Err() },
		"SELECT person FROM _code JOIN _person ON id = person WHERE hash = ? AND expires > ? AND active = 1",
		h[:], millis(now))
	if err != nil || !found {
		return record.ID{}, orElse(err, CodeRefused, "The code is not valid (any more). Ask the office for a new one.")
	}
	_, err = tx.conn.Exec("DELETE FROM _code WHERE hash = ?", h[:])
	return person, err
}

// PutToken makes a token valid for the device until it expires.
func (tx *Tx) PutToken(h Hash, device record.ID, expires time.Time) error {
	_, err := tx.conn.Exec("INSERT INTO _token(hash, device, expires) VALUES(?, ?, ?)"+
		" ON CONFLICT(hash) DO UPDATE SET device = excluded.device, expires = excluded.expires",
		h[:], device[:], millis(expires))
	return err
}

// TokenDevice returns the device that a token stands for; zero for one that is unknown, dropped or expired.
func (r reads) TokenDevice(h Hash, now time.Time) (device record.ID, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { device = q.ID(0); return q.Err() },
		"SELECT device FROM _token WHERE hash = ? AND expires > ?", h[:], millis(now))
	return device, err
}

// DropTokens makes all tokens of the device worthless.
func (tx *Tx) DropTokens(device record.ID) error {
	_, err := tx.conn.Exec("DELETE FROM _token WHERE device = ?", device[:])
	return err
}

// Expire removes the codes, tokens and browser sessions that have expired. They are refused without it too.
func (tx *Tx) Expire(now time.Time) error {
	for _, table := range []string{"_code", "_token", "_session"} {
		if _, err := tx.conn.Exec("DELETE FROM "+table+" WHERE expires <= ?", millis(now)); err != nil {
			return err
		}
	}
	return nil
}
