package store

import (
	"database/sql/driver"
	"encoding/json"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/seal"
	"fieldsync/sync/sqlrow"
)

// Person is somebody who may sign in, in the office or with a device.
type Person struct {
	ID           record.ID // also the id of the application's row about the person, and of his bucket
	Login        string    // what he signs in with; told apart without regard to case
	Name         string
	Roles        []string
	Language     string // a BCP 47 tag
	PasswordHash string // argon2id in its encoded form; empty for one who only uses a device
	Active       bool   // false: can no longer sign in; what he did stays his
	Ended        int64  // how often all his sessions were ended
	Second       []byte // his second step of signing in, which rests sealed; nil for none
}

// AddPerson adds a person. A login that another one has is refused with the code LoginTaken.
func (tx *Tx) AddPerson(p Person) error {
	if other, err := tx.PersonByLogin(p.Login); err != nil || other != nil {
		return orElse(err, LoginTaken, "Somebody else signs in as "+p.Login+". Choose another login.")
	}
	roles, err := json.Marshal(p.Roles)
	if err != nil {
		return err
	}
	second, err := tx.sealSecond(p)
	if err != nil {
		return err
	}
	_, err = tx.conn.Exec("INSERT INTO _person(id, login, login_key, name, roles, language, password, active, ended, second)"+
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		p.ID[:], p.Login, loginKey(p.Login), p.Name, string(roles), p.Language, p.PasswordHash, flag(p.Active), p.Ended, second)
	return err
}

// sealSecond returns the person's second step as it is kept, nil for none. It is kept in no other way than sealed: the
// code of the error is seal.Missing where the database has no keys, since its schema seals nothing.
func (tx *Tx) sealSecond(p Person) (driver.Value, error) {
	if len(p.Second) == 0 {
		return nil, nil
	}
	sealed, err := tx.layout.SealBlob(p.Second, aboutSecond(p.ID))
	if err == nil && !seal.Sealed(sealed) {
		err = fault.New(seal.Missing, "This hub has no keys to seal with: it keeps no second step.")
	}
	return sealed, err
}

func aboutSecond(person record.ID) string { return "second step " + string(person[:]) }

// PutPerson writes what can change of a person: name, roles, language, how often his sessions were ended, and his second
// step. The code is UnknownLogin if there is none.
func (tx *Tx) PutPerson(p Person) error {
	roles, err := json.Marshal(p.Roles)
	if err != nil {
		return err
	}
	second, err := tx.sealSecond(p)
	if err != nil {
		return err
	}
	return tx.change(UnknownLogin, "There is no such person.", "UPDATE _person SET name = ?, roles = ?, language = ?, ended = ?,"+
		" second = ? WHERE id = ?", p.Name, string(roles), p.Language, p.Ended, second, p.ID[:])
}

// SetPassword replaces the person's password hash. The code is UnknownLogin if there is no such person.
func (tx *Tx) SetPassword(person record.ID, hash string) error {
	return tx.change(UnknownLogin, "There is no such person.", "UPDATE _person SET password = ? WHERE id = ?",
		hash, person[:])
}

// SetActive lets a person sign in or keeps him from it. The code is UnknownLogin if there is no such person.
func (tx *Tx) SetActive(person record.ID, active bool) error {
	return tx.change(UnknownLogin, "There is no such person.", "UPDATE _person SET active = ? WHERE id = ?",
		flag(active), person[:])
}

// Deactivate keeps a person from signing in: the codes that wait for him end too. His devices are revoked apart. The
// code is UnknownLogin if there is no such person.
func (tx *Tx) Deactivate(person record.ID) error {
	if err := tx.SetActive(person, false); err != nil {
		return err
	}
	_, err := tx.conn.Exec("DELETE FROM _code WHERE person = ?", person[:])
	return err
}

// EraseAccount takes a person's name, login, password and second step away, and the names of his devices: the account is
// closed, and called by what is given. Nothing happens where there is none.
func (tx *Tx) EraseAccount(person record.ID, called string) error {
	_, err := tx.conn.Exec("UPDATE _person SET name = ?, login = ?, login_key = ?, language = '', password = '', active = 0,"+
		" ended = ended + 1, second = NULL WHERE id = ? AND login <> ?", called, called, loginKey(called), person[:], called)
	if err == nil {
		_, err = tx.conn.Exec("UPDATE _device SET name = ? WHERE person = ?", called, person[:])
	}
	return err
}

const selectPerson = "SELECT id, login, name, roles, language, password, active, ended, second FROM _person "

// Person returns nil if there is none with that id.
func (r reads) Person(id record.ID) (*Person, error) { return r.person("WHERE id = ?", id[:]) }

// PersonByLogin returns nil if nobody signs in with that name.
func (r reads) PersonByLogin(login string) (*Person, error) {
	return r.person("WHERE login_key = ?", loginKey(login))
}

func (r reads) person(where string, arg driver.Value) (p *Person, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) (err error) { p, err = r.readPerson(q); return err }, selectPerson+where, arg)
	return p, err
}

// People returns everybody, in order of login.
func (r reads) People() (people []Person, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		p, err := r.readPerson(q)
		if err == nil {
			people = append(people, *p)
		}
		return err
	}, selectPerson+"ORDER BY login_key")
	return people, err
}

func (r reads) readPerson(q *sqlrow.Rows) (*Person, error) {
	p := &Person{ID: q.ID(0), Login: q.Text(1), Name: q.Text(2), Language: q.Text(4), PasswordHash: q.Text(5),
		Active: q.Int(6) != 0, Ended: q.Int(7)}
	if err := json.Unmarshal(q.Bytes(3), &p.Roles); err != nil {
		return nil, err
	}
	sealed := q.Bytes(8)
	if err := q.Err(); err != nil || len(sealed) == 0 {
		return p, err
	}
	var err error
	p.Second, err = r.layout.OpenBlob(sealed, aboutSecond(p.ID))
	return p, err
}

func loginKey(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// orElse returns err, or if there is none a refusal.
func orElse(err error, code fault.Code, message string) error {
	if err != nil {
		return err
	}
	return fault.New(code, message)
}

// change executes an UPDATE or DELETE that names one row, and refuses with the code if there was none.
func (tx *Tx) change(code fault.Code, message, query string, args ...driver.Value) error {
	n, err := tx.conn.Exec(query, args...)
	if err == nil && n == 0 {
		err = fault.New(code, message)
	}
	return err
}
