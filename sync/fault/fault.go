// Package fault is what fieldsync says when it refuses something: a code that programs test for and that survives the
// wire, a message for the person who must act on it, and, apart from both, the detail for the operator's log.
//
// Codes are only ever added. Each package that refuses things declares its own beside the code that returns them.
package fault

import (
	"errors"
	"fmt"
)

// Code names one reason for refusing. It is stable: lower-case snake case, never reused with another meaning.
type Code string

// The codes of the engine. An application adds its own.
const (
	Invalid     Code = "invalid_value"    // a value does not fit its column
	OutOfRange  Code = "out_of_range"     // a number, an amount or a time is beyond what its column may hold
	UnknownRow  Code = "unknown_row"      // an update names a row that does not exist
	Exists      Code = "row_exists"       // an insert names a row that exists
	NotAllowed  Code = "not_allowed"      // the author may not write this, neither then nor now
	LateWrite   Code = "written_too_late" // the author had already heard that the row was no longer his
	DependsOn   Code = "depends_on"       // needs a row that a quarantined change set creates
	Closed      Code = "already_closed"   // names a quarantined change set that was closed before
	Revoked     Code = "revoked"          // the device or person is hard-revoked: kept for the office to decide
	Wipe        Code = "wipe"             // the office has ordered the device to destroy what it holds
	GraceOver   Code = "grace_over"       // reached the hub after the longest time a change may wait
	Poison      Code = "poison"           // judging it failed three times over
	Malformed   Code = "malformed"        // bytes that are no message of this protocol
	TooLarge    Code = "too_large"        // a message or value beyond the limits
	Unauthentic Code = "not_authentic"    // no or wrong credentials
	Version     Code = "version"          // neither end speaks the other's protocol or schema
	Overloaded  Code = "overloaded"       // try again after the time given
	HubFull     Code = "hub_full"         // the hub's disk is full: nothing was written, and it goes on when there is space
	Internal    Code = "internal"         // a fault of the hub; the operator's log has the detail
	InboxFull   Code = "inbox_full"       // too much of this device waits for the office's decision
	Erased      Code = "erased"           // a personal value for a row whose personal values were erased for good

	// RefusedBefore stands in place of a code that a hub alone gives, with what a device says was refused in an epoch that is
	// gone.
	RefusedBefore Code = "refused_before"

	// These stand beside values that came to light again.
	Witness         Code = "lost_in_restore"          // a device still held what a restored hub had lost
	WitnessUnproved Code = "lost_in_restore_unproved" // the same, where it is not known that the device was given the row
)

// Error is a refusal.
type Error struct {
	Code    Code
	Message string // for the person: what happened and what to do next
	Detail  error  // for the operator; never leaves the machine
}

// New returns a refusal.
func New(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// Newf returns a refusal whose message has values in it: %v where one is the name of a state, a table or another thing of
// the domain, which has words of its own in every language, %s and %d where it stands as it is. The sentence between the
// values is how whoever shows the refusal in another language knows it again, long after it went as text over a wire or
// into a ledger; so it is a literal, and has words of its own.
func Newf(code Code, form string, values ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(form, values...)}
}

// Wrap returns a refusal that keeps its cause for the operator.
func Wrap(code Code, message string, cause error) *Error {
	return &Error{Code: code, Message: message, Detail: cause}
}

// Error returns "code: message".
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Unwrap returns the cause, nil if there is none.
func (e *Error) Unwrap() error { return e.Detail }

// CodeOf returns the code of the first refusal in err's chain, "" if there is none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
