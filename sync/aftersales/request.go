package aftersales

import (
	"cmp"
	"slices"
	"strconv"

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
	instant(27, "closed_at"),
	office(integer(30, "level")),                  // how often it was escalated
	enum(31, "intake", []string{MailIn, CarryIn}), // how the unit comes to the depot
	office(code(32, "service_level")),             // what the customer's contract promises: code list "service_level"
}, together("handler",
	ref(28, "handler", "person"),    // who holds it: a person or ...
	ref(29, "handler_team", "team"), // ... a group
), fields(), archive())

// How a unit comes to the depot.
const (
	MailIn  = "mail_in"
	CarryIn = "carry_in"
)

var requestTable = &schema.Table{
	ID: 20, Name: "request",
	Columns: requestColumns,
	Buckets: []schema.Bucket{in(RequestBucket, "id")},
	Grants: []schema.Grant{
		{To: "handler", While: "state", In: openRequests, Right: RightWork, Paths: requestPaths},
		{To: "handler_team", Group: &schema.Members{Table: "membership", Group: "team", Person: "person"},
			While: "state", In: openRequests, Right: RightWork, Paths: requestPaths},
	},
	Rights: []schema.Right{{Name: RightWork, Columns: []string{
		"state", "substate", "fault_code", "solution", "first_response_at", "solved_at", "closed_at", "reason", "note",
		"tags", "fields",
	}}},
}

// openRequests are the states of requests that somebody has yet to answer.
var openRequests = []string{RequestNew, RequestEscalated, RequestDepot, RequestOnSite}

// requestPaths lead from a request to what its handler needs.
var requestPaths = []schema.Path{
	{Kind: RequestBucket},
	{Kind: AssetBucket, Via: []string{"unit"}},
	{Kind: AssetBucket, Via: []string{"unit"}, Back: fitted},
	{Kind: CustomerBucket, Via: []string{"party"}},
	{Kind: SiteBucket, Via: []string{"site"}},
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
	ClosedAt        int64          `json:"closed_at"`
	Handler         record.ID      `json:"handler"`
	HandlerTeam     record.ID      `json:"handler_team"`
	Level           int64          `json:"level"`
	Intake          string         `json:"intake"`
	ServiceLevel    string         `json:"service_level"`
	Note            string         `json:"note"`
	Tags            []string       `json:"tags"`
	Fields          map[string]any `json:"fields"`
	ArchivedAt      int64          `json:"archived_at"`
}

// RequestOf returns the row as a Request; the zero Request for nil.
func RequestOf(r *record.Row) Request { return view[Request](r) }

// Over reports whether nothing more is to be done for the request.
func (r Request) Over() bool { return !slices.Contains(openRequests, r.State) }

// RequestInput says what a customer asks for.
type RequestInput struct {
	ID           record.ID // zero: a fresh one
	Branch       record.ID // zero: the customer's, else the author's
	Number       string    // "": the next of the series
	Party        record.ID
	Contact      record.ID
	Site         record.ID
	Unit         record.ID
	Product      record.ID // of a unit that is not registered: it is now, as the customer's
	Serial       string
	Type         string    // "": by the unit's warranty
	ServiceClass string    // "": by the type
	Priority     int64     // 0: the severity, where that is a number
	Severity     string    // of the list "severity"
	Channel      string    // of the list "channel"
	ServiceLevel string    // of the list "service_level"; "": the contract's
	Handler      record.ID // who answers for it: a person or ...
	Team         record.ID // ... a group; neither: by the branch's routes
	Title        string
	Description  string
	FaultCode    string
	ReceivedAt   int64 // ms UTC; 0: now
	DueAt        int64
	Tags         []string
	Fields       FieldValues
	Beside       record.Values // what the same change writes of it next: the rules for new rows count it
}

// CreateRequest registers what a customer asks for. Codes: MissingText without title and description, UnknownCode,
// WhoUnclear, NotAvailable, BadField, MissingField, fault.UnknownRow.
func CreateRequest(tx Tx, in RequestInput) (record.ID, error) {
	if _, err := textFor("what the customer asks for", in.Title+in.Description); err != nil {
		return record.ID{}, err
	}
	if err := in.checkCodes(tx); err != nil {
		return record.ID{}, err
	}
	about, err := whatFor(tx, in.Party, in.Site, in.Unit)
	if err != nil {
		return record.ID{}, err
	}
	if err := needAll(tx, Row{"contact", in.Contact}, Row{"product", in.Product}); err != nil {
		return record.ID{}, err
	}
	if err := checkWelcome(tx, about.party, in.Branch); err != nil {
		return record.ID{}, err
	}
	if err := in.register(tx, &about); err != nil {
		return record.ID{}, err
	}
	id, branch, number, err := identity(tx, in.ID, in.Branch, in.Number, SeriesRequest, about.party, about.unit)
	if err != nil {
		return record.ID{}, err
	}
	in.ID, in.Branch, in.Number, in.ReceivedAt = id, branch, number, cmp.Or(in.ReceivedAt, tx.Now())
	if err := in.triage(tx, about); err != nil {
		return record.ID{}, err
	}
	if err := in.promise(tx, about); err != nil {
		return record.ID{}, err
	}
	return id, insertWithFields(tx, "request", id, in.values(tx, about), in.Fields, in.Beside)
}

// promise sets when the first promise of the request is due and who answers for it, where that was not given. Lists go by
// when it is due, and the hub keeps that as the clocks say (AnnounceClocks); the clocks go by the policies.
func (in *RequestInput) promise(tx Tx, about subject) error {
	r, region := in.asRow(about)
	if in.Handler.IsZero() && in.Team.IsZero() {
		var err error
		if in.Handler, in.Team, err = route(tx, r, region); err != nil {
			return err
		}
	} else if err := checkAssignee(tx, in.Handler, in.Team); err != nil {
		return err
	}
	if in.DueAt != 0 {
		return nil
	}
	h := history{at: map[string]int64{EventReceived: in.ReceivedAt}}
	clocks, err := NewSLABook(tx).clocks(r, h, nil, in.ReceivedAt)
	in.DueAt = NextDue(clocks)
	return err
}

// asRow returns the request as policies see it, and the region of its site.
func (in RequestInput) asRow(about subject) (r Request, region string) {
	r = Request{
		Branch: in.Branch, State: RequestNew, Type: in.Type, ServiceClass: in.ServiceClass, Severity: in.Severity,
		ServiceLevel: in.ServiceLevel, ReceivedAt: in.ReceivedAt,
	}
	if about.site != nil {
		r.Site, region = about.site.ID, about.site.Get("region").Text()
	}
	return r, region
}

func (in RequestInput) checkCodes(tx Tx) error {
	for list, code := range map[string]string{
		ListFault: in.FaultCode, ListSeverity: in.Severity, ListChannel: in.Channel, ListServiceLevel: in.ServiceLevel,
	} {
		if err := checkCode(tx, list, code); err != nil {
			return err
		}
	}
	return nil
}

func (in RequestInput) values(tx Tx, about subject) record.Values {
	values := record.Values{
		"branch": record.Ref(in.Branch), "number": record.Text(in.Number), "state": record.Text(RequestNew),
		"party": refTo(about.party), "site": refTo(about.site), "unit": refTo(about.unit),
		"contact": record.Ref(in.Contact), "product": record.Ref(in.Product), "serial": optional(in.Serial),
		"type": optional(in.Type), "service_class": optional(in.ServiceClass), "priority": at(in.Priority),
		"severity": optional(in.Severity), "channel": optional(in.Channel), "title": optional(in.Title),
		"description": optional(in.Description), "fault_code": optional(in.FaultCode),
		"received_at": record.Instant(in.ReceivedAt), "due_at": at(in.DueAt), "taken_by": record.Ref(tx.Author()),
		"service_level": optional(in.ServiceLevel), "handler": record.Ref(in.Handler), "handler_team": record.Ref(in.Team),
	}
	addSet(values, "tags", in.Tags)
	return values
}

// register finds the unit that the customer names by product and serial number, or makes it: what somebody calls about
// stands somewhere.
func (in RequestInput) register(tx Tx, about *subject) (err error) {
	if about.unit != nil || about.party == nil || in.Product.IsZero() && in.Serial == "" {
		return nil
	}
	if about.unit, err = in.registered(tx, about.party.ID); err != nil || about.unit != nil {
		return err
	}
	unit := UnitInput{Serial: in.Serial, Product: in.Product, Party: about.party.ID}
	if about.site != nil {
		unit.Site = about.site.ID
	}
	id, err := CreateUnit(tx, unit)
	if err != nil {
		return err
	}
	about.unit, err = need(tx, "unit", id)
	return err
}

// registered returns the customer's one unit that the product and serial number fit, nil if none or several do.
func (in RequestInput) registered(tx Tx, party record.ID) (found *record.Row, err error) {
	rows, err := tx.Refs("unit", "party", party)
	for _, row := range rows {
		u := UnitOf(row)
		fits := in.Serial == "" || u.Serial == in.Serial
		if !fits || !in.Product.IsZero() && !u.Product.IsZero() && u.Product != in.Product {
			continue
		}
		if found != nil {
			return nil, err
		}
		found = row
	}
	return found, err
}

// triage sets what follows from the unit's warranty, the customer's contract and the severity, where it was not given.
func (in *RequestInput) triage(tx Tx, about subject) error {
	if n, err := strconv.ParseInt(in.Severity, 10, 8); err == nil && in.Priority == 0 {
		in.Priority = n
	}
	if about.unit != nil && (in.Type == "" || in.ServiceClass == "" || in.ServiceLevel == "") {
		work := Work{Branch: in.Branch, Party: idOf(about.party), Site: idOf(about.site)}
		d, err := Entitle(tx, about.unit.ID, work, in.ReceivedAt)
		if err != nil {
			return err
		}
		in.ServiceLevel = cmp.Or(in.ServiceLevel, d.Level)
		if d.Term.Until != 0 { // else nobody knows yet when the unit was sold
			in.Type = cmp.Or(in.Type, d.Type)
		}
		if in.Type == d.Type || in.Type == "" && d.Class == ClassContract {
			in.ServiceClass = cmp.Or(in.ServiceClass, d.Class)
		}
	}
	if in.ServiceClass == "" {
		in.ServiceClass = map[string]string{TypeInWarranty: ClassFree, TypeOutOfWarranty: ClassPaid}[in.Type]
	}
	return nil
}

// idOf returns the row's id, zero for nil.
func idOf(row *record.Row) record.ID {
	if row == nil {
		return record.ID{}
	}
	return row.ID
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
