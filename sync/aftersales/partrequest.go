package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of a part request.
const (
	PartAsked     = "asked"
	PartApproved  = "approved"
	PartCancelled = "cancelled"
	PartIssued    = "issued"
)

var partRequestColumns = slices.Concat(branch(), []schema.Column{
	text(1, "number", required, searchable, indexed, fixed),
	ref(2, "part", "part", required, fixed),
	quantity(3, "quantity", required, fixed), // asked for
	ref(4, "location", "location", required, fixed),
	ref(5, "job", "job", fixed), // empty: to fill up the stock
	ref(6, "author", "person", fixed),
	ladder(7, "state", []string{PartAsked, PartApproved, PartCancelled, PartIssued}, [2]string{PartCancelled, PartIssued}),
	text(8, "note"),
	text(9, "reason"), // why it was cancelled
	date(10, "needed_on", indexed),
	instant(11, "asked_at", fixed),
	office(quantity(12, "approved")), // how much of it the office lets go
	office(ref(13, "approved_by", "person")),
	ref(14, "movement", "movement"), // that issued it
}, archive())

// A part request asks the store for a part: for a job, or to fill up a van.
var partRequestTable = &schema.Table{
	ID: 194, Name: "part_request", Class: schema.ClassStock,
	Columns: partRequestColumns,
	Buckets: []schema.Bucket{in(LocationBucket, "location"), in(JobBucket, "job")},
	Rights: []schema.Right{
		{Name: RightVan, Insert: true, Columns: []string{"state", "reason", "note", "needed_on"}},
		{Name: RightWork, Insert: true, Columns: []string{"state", "reason", "note", "needed_on"}},
	},
	Withheld: tidied(partRequestColumns, "movement"),
}

// SeriesPartRequest is the series of part requests.
const SeriesPartRequest = "M"

// PartRequest is a row of the table part_request.
type PartRequest struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Number     string    `json:"number"`
	Part       record.ID `json:"part"`
	Quantity   Quantity  `json:"quantity"`
	Location   record.ID `json:"location"`
	Job        record.ID `json:"job"`
	Author     record.ID `json:"author"`
	State      string    `json:"state"`
	Note       string    `json:"note"`
	Reason     string    `json:"reason"`
	NeededOn   int64     `json:"needed_on"` // days since 1970-01-01
	AskedAt    int64     `json:"asked_at"`
	Approved   Quantity  `json:"approved"`
	ApprovedBy record.ID `json:"approved_by"`
	Movement   record.ID `json:"movement"`
}

// PartRequestOf returns the row as a PartRequest; the zero PartRequest for nil.
func PartRequestOf(r *record.Row) PartRequest { return view[PartRequest](r) }

// AskPartInput says which part is needed, where.
type AskPartInput struct {
	Part     record.ID
	Quantity Quantity
	Location record.ID // zero: the author's van
	Job      record.ID // zero: to fill up
	NeededOn int64     // days since 1970-01-01
	Note     string
}

// AskPart asks the store for a part. Codes: UnknownPart, UnknownLocation, BadQuantity, WrongUnit, NoVan, CodeJobClosed,
// NotYourPlace on a phone whose owner does not answer for the location, fault.UnknownRow.
func AskPart(tx Tx, in AskPartInput) (record.ID, error) {
	part, err := partFor(tx, in.Part)
	if err != nil {
		return record.ID{}, err
	}
	if in.Location, err = orVan(tx, in.Location); err != nil {
		return record.ID{}, err
	}
	if err := (MoveInput{Quantity: in.Quantity, From: in.Location, To: VirtualLocation(LocationCustomer), Job: in.Job}).check(tx, part); err != nil {
		return record.ID{}, err
	}
	var job *record.Row
	if !in.Job.IsZero() {
		if job, err = activeJob(tx, in.Job); err != nil {
			return record.ID{}, err
		}
	}
	location, err := need(tx, "location", in.Location)
	if err != nil {
		return record.ID{}, err
	}
	if !tx.Hub() && location.Get("holder").Ref() != tx.Author() {
		return record.ID{}, errOthers()
	}
	id, branch, number, err := identity(tx, record.ID{}, record.ID{}, "", SeriesPartRequest, job, location)
	if err != nil {
		return record.ID{}, err
	}
	return id, insert(tx, "part_request", id, record.Values{
		"branch": record.Ref(branch), "number": record.Text(number), "part": record.Ref(part.ID),
		"quantity": record.Quantity(in.Quantity.Amount, part.Unit), "location": record.Ref(in.Location),
		"job": record.Ref(in.Job), "author": record.Ref(tx.Author()), "state": record.Text(PartAsked),
		"note": optional(in.Note), "needed_on": at(in.NeededOn), "asked_at": record.Instant(tx.Now()),
	})
}

// ApprovePart lets the store issue what was asked for, or another quantity (thousandths of the part's unit; 0: all).
// Codes: WrongState, BadQuantity, fault.UnknownRow.
func ApprovePart(tx Tx, request record.ID, amount int64) error {
	r, err := partRequest(tx, request, PartAsked)
	if err != nil {
		return err
	}
	if amount < 0 {
		return fault.New(BadQuantity, "less than nothing is not issued: cancel the request")
	}
	return tx.Update("part_request", request, record.Values{
		"state": record.Text(PartApproved), "approved_by": record.Ref(tx.Author()),
		"approved": record.Quantity(cmp.Or(amount, r.Quantity.Amount), r.Quantity.Unit),
	})
}

// CancelPart calls a request off. Codes: MissingReason, WrongState, fault.UnknownRow.
func CancelPart(tx Tx, request record.ID, reason string) error {
	if _, err := partRequest(tx, request, PartAsked, PartApproved); err != nil {
		return err
	}
	reason, err := reasonFor("cancel the request", reason)
	if err != nil {
		return err
	}
	return tx.Update("part_request", request, record.Values{
		"state": record.Text(PartCancelled), "reason": record.Text(reason),
	})
}

// IssueAskedInput says from where what was asked for goes out.
type IssueAskedInput struct {
	Request record.ID
	From    record.ID
	Serial  string
	Unit    record.ID
}

// IssueAsked issues what was approved, and returns the movement. Codes: WrongState, and those of IssuePart.
func IssueAsked(tx Tx, in IssueAskedInput) (record.ID, error) {
	r, err := partRequest(tx, in.Request, PartApproved)
	if err != nil {
		return record.ID{}, err
	}
	movement, err := IssuePart(tx, MoveInput{
		Part: r.Part, Quantity: r.Approved, Serial: in.Serial, Unit: in.Unit, From: in.From, To: r.Location, Note: r.Number,
	})
	if err != nil {
		return record.ID{}, err
	}
	return movement, tx.Update("part_request", in.Request, record.Values{
		"state": record.Text(PartIssued), "movement": record.Ref(movement),
	})
}

func partRequest(tx Tx, id record.ID, states ...string) (PartRequest, error) {
	row, err := need(tx, "part_request", id)
	if err != nil {
		return PartRequest{}, err
	}
	r := PartRequestOf(row)
	if !slices.Contains(states, r.State) {
		return r, fault.Newf(WrongState, "the request is %v: this does not follow", r.State)
	}
	return r, nil
}
