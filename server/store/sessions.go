package store

import (
	"context"
	"time"

	"fieldsync/sync/sqlrow"
)

// Sessions keeps the office's browser sessions, in the shape that alexedwards/scs asks of a store. Tokens are kept as
// their hash, so that a backup does not sign anybody in.
type Sessions struct{ store *Store }

// Sessions returns the store of browser sessions.
func (s *Store) Sessions() Sessions { return Sessions{s} }

// FindCtx returns the data of a session, and false for one that is unknown or expired.
func (s Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	h := HashOf([]byte(token))
	err = s.store.Read(ctx, func(v *View) error {
		found, err = v.conn.One(func(q *sqlrow.Rows) error { data = q.Bytes(0); return q.Err() },
			"SELECT data FROM _session WHERE hash = ? AND expires > ?", h[:], millis(time.Now()))
		return err
	})
	return data, found, err
}

// CommitCtx writes a session, which expires at the time.
func (s Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	h := HashOf([]byte(token))
	return s.store.Write(ctx, func(tx *Tx) error {
		_, err := tx.conn.Exec("INSERT INTO _session(hash, data, expires) VALUES(?, ?, ?)"+
			" ON CONFLICT(hash) DO UPDATE SET data = excluded.data, expires = excluded.expires",
			h[:], data, millis(expiry))
		return err
	})
}

// DeleteCtx ends a session; there need not be one.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	h := HashOf([]byte(token))
	return s.store.Write(ctx, func(tx *Tx) error {
		_, err := tx.conn.Exec("DELETE FROM _session WHERE hash = ?", h[:])
		return err
	})
}

// Find, Commit and Delete are the same without a context.
func (s Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit writes a session, which expires at the time.
func (s Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete ends a session; there need not be one.
func (s Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
