package aftersales

import (
	"slices"
	"strconv"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// An API call is what a program asked for once and was answered, written in the change set of what it asked for: asked
// again under the same key, it is answered the same and does nothing twice, until it is swept (SweepCall). It stays on the hub.
var apiCallTable = &schema.Table{
	ID: 224, Name: "api_call",
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "request", required), // the SHA-256 of what was asked, hexadecimal
		integer(2, "status", required),
		text(3, "result"), // the id of the row that came of it
		instant(4, "at", required),
	}),
	Buckets: []schema.Bucket{in(OfficeBucket, "id")},
}

// KeyReused says that a program used the key of one request for another.
const KeyReused fault.Code = "idempotency_key_reused"

// APICall is a row of the table api_call.
type APICall struct {
	ID      record.ID `json:"id"`
	Request string    `json:"request"`
	Status  int64     `json:"status"`
	Result  string    `json:"result"`
	At      int64     `json:"at"`
}

// APICallOf returns the row as an APICall; the zero APICall for nil.
func APICallOf(r *record.Row) APICall { return view[APICall](r) }

// APICallID returns the id of what a program asked under a key of its own.
func APICallID(program record.ID, key string) record.ID {
	return NamedID("api call", program.String(), key)
}

// Once returns what the call was answered, if it was made before; nil if it is to be made now. Codes: KeyReused.
func Once(tx Present, id record.ID, request string) (*APICall, error) {
	row, err := tx.Row("api_call", callIn(id, period(tx)))
	if err == nil && row == nil {
		row, err = tx.Row("api_call", callIn(id, period(tx)-1))
	}
	if err != nil || row == nil {
		return nil, err
	}
	call := APICallOf(row)
	if call.Request != request {
		return nil, fault.New(KeyReused, "this key was used for another request: use a fresh key for each")
	}
	return &call, nil
}

// CallsKept is for how long at least a call is answered from what was done the first time, in ms: who did not hear the
// answer asks again within minutes, and one that was down for long within days.
const CallsKept = 30 * dayMillis

// period counts stretches of CallsKept. The row of a call is named by that in which it was made: one that was swept is dead
// for good, and the same key is later another row.
func period(tx Present) int64 { return tx.Now() / CallsKept }

func callIn(id record.ID, period int64) record.ID {
	return NamedID("api call in", id.String(), strconv.FormatInt(period, 10))
}

// SweepCall drops a call that nobody is answered from any more; another stays. Its id is that of the row.
func SweepCall(tx Tx, id record.ID) error {
	row, err := tx.Row("api_call", id)
	if err != nil || row == nil || APICallOf(row).At+2*CallsKept > tx.Now() {
		return err
	}
	return tx.Delete("api_call", id)
}

// NoteCall notes what a call was answered.
func NoteCall(tx Tx, call APICall) error {
	return insert(tx, "api_call", callIn(call.ID, period(tx)), record.Values{
		"request": record.Text(call.Request), "status": record.Number(call.Status), "result": optional(call.Result),
		"at": record.Instant(tx.Now()),
	})
}
