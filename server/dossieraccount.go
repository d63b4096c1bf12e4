package server

import (
	"archive/zip"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/record"
)

// account is what is kept of a colleague that is no row: how he signs in, with what he works, and what was done to his account.
type account struct {
	Login    string          `json:"login"`
	Name     string          `json:"name"`
	Roles    []string        `json:"roles"`
	Language string          `json:"language,omitempty"`
	Active   bool            `json:"active"`
	App      bool            `json:"app_makes_codes,omitempty"`
	Passkeys []accountKey    `json:"passkeys,omitempty"`
	Devices  []accountDevice `json:"devices,omitempty"`
	Views    []admin.View    `json:"views,omitempty"` // of lists, that he saved for himself
	Deeds    []accountDeed   `json:"deeds,omitempty"` // about him
}

type accountKey struct {
	Name string    `json:"name"`
	Made time.Time `json:"made"`
}

type accountDevice struct {
	Name     string     `json:"name"`
	App      string     `json:"app,omitempty"`
	Enrolled time.Time  `json:"enrolled"`
	LastSeen *time.Time `json:"last_seen,omitempty"`
	Revoked  *time.Time `json:"revoked,omitempty"`
}

type accountDeed struct {
	At     time.Time         `json:"at"`
	Action string            `json:"action"`
	Values map[string]string `json:"values,omitempty"`
}

// writeAccounts writes account.json with the accounts of the colleagues among those rows; no file where there is none.
func writeAccounts(out *zip.Writer, v *store.View, keys []record.Key) error {
	people := []account{}
	for _, k := range keys {
		if v.Schema().TableByID(k.Table).Name != "person" {
			continue
		}
		p, err := v.Person(k.ID)
		if err != nil {
			return err
		}
		if p == nil {
			continue
		}
		a, err := accountOf(v, p, k)
		if err != nil {
			return err
		}
		people = append(people, a)
	}
	if len(people) == 0 {
		return nil
	}
	return writeJSON(out, "account.json", people)
}

func accountOf(v *store.View, p *store.Person, key record.Key) (a account, err error) {
	a = account{Login: p.Login, Name: p.Name, Roles: p.Roles, Language: p.Language, Active: p.Active}
	second, err := readKept[auth.Second](string(p.Second), nil)
	if err != nil {
		return a, err
	}
	a.App = second.HasApp()
	for _, k := range second.Passkeys {
		a.Passkeys = append(a.Passkeys, accountKey{k.Name, time.UnixMilli(k.Made).UTC()})
	}
	if a.Views, err = readKept[[]admin.View](v.Setting(viewsSetting(p.ID))); err != nil {
		return a, err
	}
	devices, err := v.Devices()
	if err != nil {
		return a, err
	}
	for _, d := range devices {
		if d.Person == p.ID {
			a.Devices = append(a.Devices, accountDevice{d.Name, d.App, d.EnrolledAt.UTC(), momentIf(d.LastSeen), momentIf(d.RevokedAt)})
		}
	}
	deeds, err := v.AuditOf(key)
	for i := range deeds {
		a.Deeds = append(a.Deeds, deedAbout(&deeds[i]))
	}
	return a, err
}

func deedAbout(e *store.AuditEntry) accountDeed {
	deed := accountDeed{At: e.At.UTC(), Action: e.Action}
	for _, value := range e.Values {
		if deed.Values == nil {
			deed.Values = map[string]string{}
		}
		deed.Values[value.Column] = value.Text
	}
	return deed
}

// momentIf returns nil for the zero time.
func momentIf(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
