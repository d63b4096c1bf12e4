package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of a service request.
const (
	RequestNew       = "new"
	RequestEscalated = "escalated"
	RequestDepot     = "depot"   // in the queue of the in-house repair
	RequestOnSite    = "on_site" // a job was made of it
	RequestCancelled = "cancelled"
	RequestSolved    = "solved" // on the telephone, or by its job
	RequestClosed    = "closed"
)

var requestStates = []string{
	RequestNew, RequestEscalated, RequestDepot, RequestOnSite, RequestCancelled, RequestSolved, RequestClosed,
}

// The types of request, set from the warranty of the faulty product.
const (
	TypeInstall       = "install"
	TypeInWarranty    = "in_warranty"
	TypeOutOfWarranty = "out_of_warranty"
	TypeMaintenance   = "maintenance"
	TypeOther         = "other"
)

var requestTypes = []string{TypeInstall, TypeInWarranty, TypeOutOfWarranty, TypeMaintenance, TypeOther}

// The service classes: paid, contract, free, internal work.
const (
	ClassPaid     = "A"
	ClassContract = "B"
	ClassFree     = "C"
	ClassInternal = "D"
)

var serviceClasses = []string{ClassPaid, ClassContract, ClassFree, ClassInternal}

var requestColumns = slices.Concat(branch(), []schema.Column{
	text(1, "number", searchable, indexed, fixed),
	ref(2, "party", "party"),
	ref(3, "contact", "contact"),
	ref(4, "site", "site"),
	ref(5, "unit", "unit"),
	ref(6, "product", "product"),
	text(7, "serial", searchable),
	ladder(8, "state", requestStates, [2]string{RequestCancelled, RequestSolved}),
	text(9, "substate"),
	office(enum(10, "type", requestTypes)),
	office(enum(11, "service_class", serviceClasses)),
	office(integer(12, "priority")), // 1 is the most urgent
	code(13, "severity"),
	code(14, "channel"),
	text(15, "title", searchable),
	long(64<<10, text(16, "description", searchable)),
	code(17, "fault_code"),
	long(64<<10, text(18, "solution", searchable)),
	instant(19, "received_at", indexed),
	by(schema.Min, instant(20, "first_response_at")),
	instant(21, "solved_at"),
	text(22, "reason"),
	office(instant(23, "due_at", indexed)),
	ref(24, "taken_by", "person"),
	text(25, "note"),
	set(26, "tags"),
}, fields(), archive())

var requestTable = &schema.Table{
	ID: 20, Name: "request", Create: true,
	Columns: requestColumns,
	Buckets: []schema.Bucket{in(RequestBucket, "id")},
	Rights: []schema.Right{{Name: RightWork, Columns: []string{
		"state", "substate", "fault_code", "solution", "first_response_at", "solved_at", "note", "tags", "fields",
	}}},
}

// Request is a row of the table request.
type Request struct {
	ID              record.ID      `json:"id"`
	Branch          record.ID      `json:"branch"`
	Number          string         `json:"number"`
	Party           record.ID      `json:"party"`
	Contact         record.ID      `json:"contact"`
	Site            record.ID      `json:"site"`
	Unit            record.ID      `json:"unit"`
	Product         record.ID      `json:"product"`
	Serial          string         `json:"serial"`
	State           string         `json:"state"`
	Substate        string         `json:"substate"`
	Type            string         `json:"type"`
	ServiceClass    string         `json:"service_class"`
	Priority        int64          `json:"priority"`
	Severity        string         `json:"severity"`
	Channel         string         `json:"channel"`
	Title           string         `json:"title"`
	Description     string         `json:"description"`
	FaultCode       string         `json:"fault_code"`
	Solution        string         `json:"solution"`
	ReceivedAt      int64          `json:"received_at"`
	FirstResponseAt int64          `json:"first_response_at"`
	SolvedAt        int64          `json:"solved_at"`
	Reason          string         `json:"reason"`
	DueAt           int64          `json:"due_at"`
	TakenBy         record.ID      `json:"taken_by"`
	Note            string         `json:"note"`
	Tags            []string       `json:"tags"`
	Fields          map[string]any `json:"fields"`
	ArchivedAt      int64          `json:"archived_at"`
}

// RequestOf returns the row as a Request; the zero Request for nil.
func RequestOf(r *record.Row) Request { return view[Request](r) }

// RequestInput says what a customer asks for.
type RequestInput struct {
	ID           record.ID // zero: a fresh one
	Branch       record.ID // zero: the customer's, else the author's
	Number       string    // "": the next of the series
	Party        record.ID
	Contact      record.ID
	Site         record.ID
	Unit         record.ID
	Product      record.ID
	Serial       string
	Type         string
	ServiceClass string
	Priority     int64
	Severity     string
	Channel      string
	Title        string
	Description  string
	FaultCode    string
	ReceivedAt   int64 // ms UTC; 0: now
	DueAt        int64
	Tags         []string
	Fields       FieldValues
}

// CreateRequest registers what a customer asks for. Codes: MissingText without title and description, UnknownCode,
// BadField, MissingField, fault.UnknownRow.
func CreateRequest(tx Tx, in RequestInput) (record.ID, error) {
	if _, err := textFor("what the customer asks for", in.Title+in.Description); err != nil {
		return record.ID{}, err
	}
	if err := checkCode(tx, ListFault, in.FaultCode); err != nil {
		return record.ID{}, err
	}
	about, err := whatFor(tx, in.Party, in.Site, in.Unit)
	if err != nil {
		return record.ID{}, err
	}
	if err := needAll(tx, Row{"contact", in.Contact}, Row{"product", in.Product}); err != nil {
		return record.ID{}, err
	}
	id, branch, number, err := identity(tx, in.ID, in.Branch, in.Number, SeriesRequest, about.party, about.unit)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(branch), "number": record.Text(number), "state": record.Text(RequestNew),
		"party": refTo(about.party), "site": refTo(about.site), "unit": refTo(about.unit),
		"contact": record.Ref(in.Contact), "product": record.Ref(in.Product), "serial": optional(in.Serial),
		"type": optional(in.Type), "service_class": optional(in.ServiceClass), "priority": at(in.Priority),
		"severity": optional(in.Severity), "channel": optional(in.Channel), "title": optional(in.Title),
		"description": optional(in.Description), "fault_code": optional(in.FaultCode),
		"received_at": record.Instant(cmp.Or(in.ReceivedAt, tx.Now())), "due_at": at(in.DueAt),
		"taken_by": record.Ref(tx.Author()),
	}
	addSet(values, "tags", in.Tags)
	return id, insertWithFields(tx, "request", id, values, in.Fields)
}

// subject is whom and what a request or a job is about: living rows, nil where unknown.
type subject struct{ party, site, unit *record.Row }

// whatFor returns the rows that stand for those given; the unit tells the party and the site where they are not.
func whatFor(tx Tx, party, site, unit record.ID) (s subject, err error) {
	if s.unit, err = livingIf(tx, "unit", unit); err != nil {
		return s, err
	}
	if s.unit != nil && party.IsZero() {
		party = here(tx, "party", s.unit.Get("party").Ref())
	}
	if s.unit != nil && site.IsZero() {
		site = here(tx, "site", s.unit.Get("site").Ref())
	}
	if s.party, err = livingIf(tx, "party", party); err != nil {
		return s, err
	}
	s.site, err = livingIf(tx, "site", site)
	return s, err
}

// here returns the id if its row is on this replica, else zero: a unit's customer need not be on every phone.
func here(tx Tx, table string, id record.ID) record.ID {
	if row, err := tx.Row(table, id); err != nil || row == nil {
		return record.ID{}
	}
	return id
}

// SolveRequestInput says how a request was solved without a visit.
type SolveRequestInput struct {
	Request   record.ID
	Solution  string
	FaultCode string
}

// SolveRequest closes a request that was solved on the telephone. Codes: MissingText, UnknownCode, WrongState,
// fault.UnknownRow.
func SolveRequest(tx Tx, in SolveRequestInput) error {
	row, err := need(tx, "request", in.Request)
	if err != nil {
		return err
	}
	solution, err := textFor("the solution", in.Solution)
	if err != nil {
		return err
	}
	if err := checkCode(tx, ListFault, in.FaultCode); err != nil {
		return err
	}
	if s := row.Get("state").Text(); !slices.Contains([]string{RequestNew, RequestEscalated, RequestDepot}, s) {
		return fault.New(WrongState, "a request that is "+readable(s)+" is not solved on the telephone")
	}
	values := record.Values{
		"state": record.Text(RequestSolved), "solution": record.Text(solution),
		"solved_at": record.Instant(tx.Now()), "substate": record.Null,
	}
	if in.FaultCode != "" {
		values["fault_code"] = record.Text(in.FaultCode)
	}
	return tx.Update("request", row.ID, values)
}

// MoveRequestInput says where a request goes: RequestEscalated, RequestDepot or RequestCancelled.
type MoveRequestInput struct {
	Request record.ID
	To      string
	Reason  string
}

// MoveRequest escalates a request, puts it into the depot's queue or cancels it. Codes: MissingReason, WrongState,
// fault.UnknownRow.
func MoveRequest(tx Tx, in MoveRequestInput) error {
	row, err := need(tx, "request", in.Request)
	if err != nil {
		return err
	}
	reason, err := reasonFor("move the request", in.Reason)
	if err != nil {
		return err
	}
	from := row.Get("state").Text()
	if !slices.Contains(requestMoves[from], in.To) {
		return fault.New(WrongState, "a request that is "+readable(from)+" cannot become "+readable(in.To))
	}
	return tx.Update("request", row.ID, record.Values{
		"state": record.Text(in.To), "reason": record.Text(reason), "substate": record.Null,
	})
}

var requestMoves = map[string][]string{
	RequestNew:       {RequestEscalated, RequestDepot, RequestCancelled},
	RequestEscalated: {RequestDepot, RequestCancelled},
	RequestDepot:     {RequestEscalated, RequestCancelled},
}
