package server

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/record"
)

// Deeds are what is done to the hub itself rather than to rows: they are entered into the audit in the transaction that
// does them, in the name of whoever asked; what is done at the command line is the hub's own.

// deed returns a deed about a person, or about the hub where it is about nobody.
func deed(ctx context.Context, s *store.Store, at time.Time, action string, about record.ID, values ...store.AuditValue) store.AuditEntry {
	e := store.AuditEntry{At: at, Person: auth.ByOf(ctx), Action: action, Row: record.Key{ID: about}, Values: values}
	if t := s.Schema().Table("person"); t != nil && !about.IsZero() {
		e.Row.Table = t.ID
	}
	return e
}

// notePerson enters what has changed of an account; was is nil for a new one.
func (s peopleStore) notePerson(ctx context.Context, tx *store.Tx, was *store.Person, is store.Person) error {
	action := "person_change"
	if was == nil {
		action, was = "person_add", &store.Person{}
	}
	var values []store.AuditValue
	note := func(column, before, after string) {
		if before != after {
			values = append(values, store.AuditValue{Column: column, Text: after})
		}
	}
	note("name", was.Name, is.Name)
	note("roles", strings.Join(was.Roles, " "), strings.Join(is.Roles, " "))
	note("active", strconv.FormatBool(was.Active), strconv.FormatBool(is.Active))
	if was.PasswordHash != is.PasswordHash {
		note("password", "", "replaced")
	}
	before, err1 := readKept[auth.Second](string(was.Second), nil)
	after, err2 := readKept[auth.Second](string(is.Second), nil)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	note("second_step", "", secondDone(before, after))
	if len(values) == 0 && was.Ended != is.Ended {
		note("sessions", "", "ended")
	}
	if len(values) == 0 {
		return nil
	}
	_, err := tx.Audit(deed(ctx, s.Store, s.now(), action, is.ID, values...))
	return err
}

// secondDone says what became of somebody's second step, "" for nothing that is worth to be told.
func secondDone(was, is auth.Second) string {
	switch {
	case !was.HasApp() && is.HasApp():
		return "set_up"
	case was.HasApp() && !is.HasApp() && is.On():
		return "app_removed"
	case was.HasApp() && !is.HasApp():
		return "removed"
	case len(is.Passkeys) > len(was.Passkeys):
		return "passkey_added"
	case len(is.Passkeys) < len(was.Passkeys):
		return "passkey_removed"
	case len(is.Recovery) < len(was.Recovery):
		return "recovery_used"
	case !slices.Equal(is.Recovery, was.Recovery):
		return "recovery_renewed"
	}
	return ""
}

// note enters what was done to a device, or about one that is to come.
func (s deviceStore) note(ctx context.Context, tx *store.Tx, action string, person, device record.ID) error {
	e := deed(ctx, s.Store, s.now(), action, person)
	if !device.IsZero() {
		e.Values = []store.AuditValue{{Column: "device", Text: device.String()}}
	}
	_, err := tx.Audit(e)
	return err
}

// deedOf names the deed of giving a device a standing.
func deedOf(to auth.Standing) string {
	switch to {
	case auth.Revoked:
		return "device_revoke"
	case auth.HardRevoked:
		return "device_shut_out"
	case auth.Wiping:
		return "device_wipe"
	}
	return "device_readmit"
}
