package client

import (
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/seal"
)

// What stands in the signatures of this package, under names of its own: for programs that import nothing else.
type (
	ID    = record.ID      // of a row
	Row   = aftersales.Row // a table and an id
	Error = fault.Error    // what every refusal is
	Code  = fault.Code     // why
	State = device.State   // of a change of the user's
	KeyID = seal.KeyID     // the number of a key; see Options.Keys
)

// KeyMissing is the code of a key that is not there.
const KeyMissing = seal.Missing

// The states of a change; see Client.Outbox.
const (
	Pending  = device.Pending  // waits for the hub's answer
	Accepted = device.Accepted // the hub has it; kept until its backups include it
	Refused  = device.Refused  // the hub put it aside: Sent.Code and Message say why
	Closed   = device.Closed   // was refused, and then sent anew in another form, dismissed, or settled by the office
)

var whiches = [...]string{JobsOpen: "open", JobsToday: "today", JobsAll: "all"}

// MarshalText and UnmarshalText name the choice in JSON: "open", "today" or "all". Codes: fault.Invalid.
func (w Which) MarshalText() ([]byte, error) {
	if w < 0 || int(w) >= len(whiches) {
		return nil, fault.New(fault.Invalid, "jobs are open, today or all")
	}
	return []byte(whiches[w]), nil
}

// UnmarshalText is described at MarshalText.
func (w *Which) UnmarshalText(text []byte) error {
	for i, name := range whiches {
		if name == string(text) {
			*w = Which(i)
			return nil
		}
	}
	return fault.New(fault.Invalid, "jobs are open, today or all")
}
