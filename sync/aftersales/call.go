package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Which way a call went.
const (
	CallIn  = "in"
	CallOut = "out"
)

// A call is an entry of the call register: somebody called, or wrote, or was called. It is never edited; what was
// learned later, as whose call it was, stands in an entry that replaces it.
var callTable = &schema.Table{
	ID: 22, Name: "call", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		enum(1, "direction", []string{CallIn, CallOut}, required),
		code(2, "channel"),
		text(3, "phone", personal, searchable, indexed), // as Phone writes it
		text(4, "caller", personal, searchable),         // the name, where he is nobody's contact yet
		text(5, "address", personal, searchable),
		text(6, "model", searchable), // of the product, as he said it
		ref(7, "party", "party", fixed),
		ref(8, "contact", "contact", fixed),
		ref(9, "request", "request", fixed),
		ref(10, "author", "person"),
		integer(11, "duration"), // seconds; empty: not known
		long(64<<10, text(12, "note", searchable)),
		text(13, "recording"), // where the telephone system keeps it
		ref(14, "replaces", "call"),
	}, occurred()),
	Buckets: []schema.Bucket{in(CustomerBucket, "party"), in(RequestBucket, "request")},
	Rights:  add(RightWork),
}

// BadCall says that an entry of the call register says neither which way nor with whom.
const BadCall fault.Code = "bad_call"

// Call is a row of the table call.
type Call struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Direction string    `json:"direction"`
	Channel   string    `json:"channel"`
	Phone     string    `json:"phone"`
	Caller    string    `json:"caller"`
	Address   string    `json:"address"`
	Model     string    `json:"model"`
	Party     record.ID `json:"party"`
	Contact   record.ID `json:"contact"`
	Request   record.ID `json:"request"`
	Author    record.ID `json:"author"`
	Duration  int64     `json:"duration"`
	Note      string    `json:"note"`
	Recording string    `json:"recording"`
	Replaces  record.ID `json:"replaces"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// CallOf returns the row as a Call; the zero Call for nil.
func CallOf(r *record.Row) Call { return view[Call](r) }

// CallInput is a call or a letter.
type CallInput struct {
	ID        record.ID // zero: a fresh one
	Branch    record.ID // zero: the customer's, else the author's
	Direction string    // "": CallIn
	Channel   string    // of the list "channel"; "": the telephone
	Phone     string
	Caller    string
	Address   string
	Model     string
	Party     record.ID
	Contact   record.ID
	Request   record.ID // what became of it
	Duration  int64     // seconds
	Note      string
	Recording string
	Replaces  record.ID // the entry that this one corrects or completes
	At        Moment
}

// RegisterCall adds an entry to the call register. Codes: BadCall for one with neither a number, a name nor a customer,
// UnknownCode, fault.UnknownRow.
func RegisterCall(tx Tx, in CallInput) (record.ID, error) {
	in.Direction, in.Channel = cmp.Or(in.Direction, CallIn), cmp.Or(in.Channel, "phone")
	if in.Direction != CallIn && in.Direction != CallOut || in.Duration < 0 {
		return record.ID{}, fault.New(BadCall, "a call comes in or goes out, and lasts no less than nothing")
	}
	if in.Phone+in.Caller == "" && in.Party.IsZero() && in.Contact.IsZero() {
		return record.ID{}, fault.New(BadCall, "say who called: a number, a name or a customer")
	}
	if err := checkCode(tx, ListChannel, in.Channel); err != nil {
		return record.ID{}, err
	}
	request, party, err := in.about(tx)
	if err != nil {
		return record.ID{}, err
	}
	id, branch, _, err := identity(tx, in.ID, in.Branch, "", "", request, party)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(branch), "direction": record.Text(in.Direction), "channel": record.Text(in.Channel),
		"phone": optional(Phone(in.Phone)), "caller": optional(in.Caller), "address": optional(in.Address),
		"model": optional(in.Model), "party": refTo(party), "contact": record.Ref(in.Contact),
		"request": refTo(request), "author": record.Ref(tx.Author()), "duration": at(in.Duration),
		"note": optional(in.Note), "recording": optional(in.Recording), "replaces": record.Ref(in.Replaces),
	}
	in.At.put(tx, values)
	return id, insert(tx, "call", id, values)
}

// about returns the request and the customer of the call, nil where not known.
func (in CallInput) about(tx Tx) (request, party *record.Row, err error) {
	err = needAll(tx, Row{"contact", in.Contact}, Row{"request", in.Request}, Row{"call", in.Replaces})
	if err != nil {
		return nil, nil, err
	}
	if !in.Request.IsZero() {
		if request, err = need(tx, "request", in.Request); err != nil {
			return nil, nil, err
		}
		in.Party = first(in.Party, here(tx, "party", request.Get("party").Ref()))
	}
	party, err = livingIf(tx, "party", in.Party)
	return request, party, err
}

// TakenBack reports whether the entry takes another off the register: it says nothing itself.
func (c Call) TakenBack() bool { return c.Channel == "" }

// StandingCalls returns the entries that no other replaced, without those that only take one off the register.
func StandingCalls(rows []*record.Row) []*record.Row {
	return slices.DeleteFunc(standing(rows), func(row *record.Row) bool { return CallOf(row).TakenBack() })
}

// TakeBackCall takes an entry off the call register: one that says nothing but why replaces it, and comes to whoever had it.
// Codes: MissingReason, AlreadyReplaced, fault.UnknownRow.
func TakeBackCall(tx Tx, call record.ID, reason string) (record.ID, error) {
	row, err := need(tx, "call", call)
	if err != nil {
		return record.ID{}, err
	}
	if reason, err = reasonFor("take the call off the register", reason); err != nil {
		return record.ID{}, err
	}
	later, err := tx.Refs("call", "replaces", call)
	if err != nil {
		return record.ID{}, err
	}
	if len(later) > 0 || CallOf(row).TakenBack() {
		return record.ID{}, fault.New(AlreadyReplaced, "this call was corrected already, or taken off the register")
	}
	values := record.Values{
		"branch": row.Get("branch"), "direction": row.Get("direction"), "party": row.Get("party"), "contact": row.Get("contact"),
		"request": row.Get("request"), "author": record.Ref(tx.Author()), "note": record.Text(reason), "replaces": record.Ref(call),
	}
	Moment{}.put(tx, values)
	id := tx.NewID()
	return id, insert(tx, "call", id, values)
}
