package store

import "fieldsync/sync/sqlrow"

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
