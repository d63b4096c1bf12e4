package store

import (
	"time"

	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// NoteFile notes that the person has shown to have the file: he brought so many bytes of it, 0 where the hub had it.
// Noting it again changes nothing.
func (tx *Tx) NoteFile(h Hash, person record.ID, bytes int64, at time.Time) error {
	_, err := tx.conn.Exec("INSERT INTO _file(sha256, person, bytes, at) VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING",
		h[:], person[:], bytes, millis(at))
	return err
}

// HadFile reports whether the person has shown to have the file.
func (r reads) HadFile(h Hash, person record.ID) (bool, error) {
	n, err := r.conn.Int("SELECT EXISTS (SELECT 1 FROM _file WHERE sha256 = ? AND person = ?)", h[:], person[:])
	return n != 0, err
}

// Brought returns how many files, and bytes, the person brought since then.
func (r reads) Brought(person record.ID, since time.Time) (files int, bytes int64, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { files, bytes = int(q.Int(0)), q.Int(1); return q.Err() },
		"SELECT count(*), coalesce(sum(bytes), 0) FROM _file WHERE person = ? AND at > ? AND bytes > 0", person[:], millis(since))
	return files, bytes, err
}

// InDispute reports whether somebody who had the file has a refused change set that is not closed: it may name it.
func (r reads) InDispute(h Hash) (bool, error) {
	n, err := r.conn.Int(`SELECT EXISTS (SELECT 1 FROM _file f JOIN _actor a ON a.person = f.person
		JOIN _refused r ON r.actor = a.actor WHERE f.sha256 = ? AND r.open = 1)`, h[:])
	return n != 0, err
}

// ForgetFile forgets who had the file.
func (tx *Tx) ForgetFile(h Hash) error {
	_, err := tx.conn.Exec("DELETE FROM _file WHERE sha256 = ?", h[:])
	return err
}

// Files returns every file that somebody has shown to have, each once.
func (r reads) Files() (all []Hash, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		var h Hash
		copy(h[:], q.Bytes(0))
		all = append(all, h)
		return q.Err()
	}, "SELECT DISTINCT sha256 FROM _file ORDER BY sha256")
	return all, err
}
