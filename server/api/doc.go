// Package api is what other programs work with: REST and JSON over the same commands, and under the same rights, as the
// office's pages. What there is is declared (resource.go, and a file for each part of the business); routes and the OpenAPI
// document follow from the declarations (route.go).
//
// A program proves itself by a token, which an administrator makes and revokes. Its writes carry the vectors of the rows
// that it was shown (If-Match), so that it overwrites nothing that it had not seen; what came between is merged, as
// everywhere else. A write under an Idempotency-Key is done once, however often it is sent.
package api

import (
	"context"
	"database/sql/driver"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Prefix is where all of it lies.
const Prefix = "/api/v1"

// Engine is the hub, seen from a program. Errors for the program are *fault.Error.
type Engine interface {
	// View runs read in one stable snapshot of the rows that the context may see.
	View(ctx context.Context, read func(Reader) error) error
	// Do runs the command in one durable transaction, in the program's name; seen are the vectors of rows as it was shown
	// them.
	Do(ctx context.Context, by Author, seen map[record.Key]clock.Vector, cause string, command func(Tx) error) error
	// Settle settles a conflict. The code is fault.Closed where none of the values stands any more.
	Settle(ctx context.Context, by Author, choice Choice) error
	// Decide closes a refused change set. The code is fault.Closed where somebody was quicker, else what it was refused with.
	Decide(ctx context.Context, by Author, decision Decision) error
}

// Tx is a program's transaction.
type Tx interface {
	aftersales.Tx
	// Saw says what the program had seen of a row, where only the command finds that out.
	Saw(record.Key, clock.Vector)
}

// Author is the program that writes, and in whose name.
type Author struct{ Person, Program record.ID }

// Reader is one snapshot.
type Reader interface {
	// Row returns the row with its metadata, dead or alive; nil if there was never one, or not for these eyes.
	Row(record.Key) (*record.Row, error)
	// Refs returns the ids of the living rows of the table whose reference column holds id, in order.
	Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error)
	// Conflict returns the conflict listed under the number, Refused the refused change set of that dot; nil for none, or
	// none for these eyes.
	Conflict(n uint64) (*Conflict, error)
	Refused(clock.Dot) (*Refused, error)
	// Opens reports whether a row opens the file that it names to these eyes.
	Opens(row *record.Row, h blob.Hash) (bool, error)
	// Select runs a query of the program's.
	Select(read func(*sqlrow.Rows) error, query string, args ...driver.Value) error
}

// Bearer knows programs by their tokens.
type Bearer interface {
	// Bearer returns nil for a token that lets nobody in.
	Bearer(ctx context.Context, token string) (*auth.Program, *auth.Person, error)
}

// The codes of this package.
const (
	NotFound     fault.Code = "not_found"
	BadRequest   fault.Code = "bad_request"           // a body, a cursor or a header that cannot be read
	NeedsMatch   fault.Code = "precondition_required" // an edit without If-Match
	NoRight      fault.Code = "no_right"              // the token does not include this
	BadMethod    fault.Code = "method_not_allowed"
	TooOften     fault.Code = "too_many_requests"
	UnknownField fault.Code = "unknown_field"
)
