package aftersales

import (
	"cmp"
	"maps"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of a job.
const (
	JobNew       = "new"
	JobPlanned   = "planned"
	JobInWork    = "in_work"
	JobCancelled = "cancelled"
	JobDone      = "done"
	JobClosed    = "closed"
)

var jobStates = []string{JobNew, JobPlanned, JobInWork, JobCancelled, JobDone, JobClosed}

// Where a job came from.
const (
	OriginRequest  = "request"
	OriginOffice   = "office"
	OriginFound    = "found" // by a technician on site
	OriginImport   = "import"
	OriginPlan     = "plan" // preventive maintenance
	OriginFollowUp = "follow_up"
)

var jobOrigins = []string{OriginRequest, OriginOffice, OriginFound, OriginImport, OriginPlan, OriginFollowUp}

// findingColumns say what was wrong and what cured it. An audited slip locks them.
var findingColumns = []string{
	"finding", "fault_code", "cause_code", "remedy_code", "solution", "meter", "first_time_fix",
}

var jobColumns = slices.Concat(branch(), []schema.Column{
	text(1, "number", searchable, indexed, fixed),
	ref(2, "request", "request"),
	ref(3, "party", "party"),
	ref(4, "contact", "contact"),
	ref(5, "site", "site"),
	ref(6, "unit", "unit"),
	enum(7, "origin", jobOrigins, fixed),
	code(8, "kind"), // code list "job_kind"
	office(enum(9, "service_class", serviceClasses)),
	text(10, "title", searchable),
	long(64<<10, text(11, "description", searchable)), // as it was reported or typed
	office(integer(12, "priority")),                   // 1 is the most urgent
	ladder(13, "state", jobStates, [2]string{JobDone, JobCancelled}),
	text(14, "substate"),
	text(15, "state_reason"), // why it was cancelled, reopened
	date(16, "reported_on", indexed),
	office(instant(17, "due_at", indexed)),
	by(schema.Min, instant(18, "first_response_at")),
	by(schema.Min, instant(19, "started_at")),
	instant(20, "finished_at", indexed),
}, together("plan",
	instant(21, "plan_start", indexed),
	instant(22, "plan_end"),
), []schema.Column{
	office(money(23, "price")), // quoted to the customer
	office(money(24, "cost")),
	office(enum(25, "charge", []string{"warranty", "contract", "paid", "goodwill", "internal"})),
	technician(long(64<<10, text(30, "finding", searchable))),
	technician(code(31, "fault_code")),
	technician(code(32, "cause_code")),
	technician(code(33, "remedy_code")),
	technician(long(64<<10, text(34, "solution", searchable))),
	by(schema.Max, integer(35, "meter")),
	technician(integer(36, "first_time_fix")), // 0 or 1
	technician(integer(37, "follow_up")),      // 0 or 1
	text(38, "follow_up_reason"),
	long(64<<10, text(40, "note", searchable)),
	set(41, "tags"),
	ref(42, "locked_by", "slip"), // the audited slip that locks the findings
	ref(43, "follows", "job"),
	office(set(44, "needs")), // skills that it takes, codes of the list "skill"
}, fields(), archive())

var jobTable = &schema.Table{
	ID: 30, Name: "job", Create: true,
	Columns: jobColumns,
	Buckets: []schema.Bucket{in(JobBucket, "id")},
	Rights: []schema.Right{{Name: RightWork, Columns: slices.Concat(findingColumns, []string{
		"state", "substate", "state_reason", "first_response_at", "started_at", "finished_at",
		"follow_up", "follow_up_reason", "note", "tags", "fields", "unit", "contact", "site",
	})}},
	Withheld: tidied(jobColumns),
}

// The codes of commands on a job.
const (
	CodeJobClosed fault.Code = "job_closed"    // the job is closed or cancelled
	NotSeen       fault.Code = "changed_since" // the row is no longer as the author saw it
	BadWindow     fault.Code = "bad_window"    // a window ends before it starts
)

// Job is a row of the table job.
type Job struct {
	ID              record.ID      `json:"id"`
	Branch          record.ID      `json:"branch"`
	Number          string         `json:"number"`
	Request         record.ID      `json:"request"`
	Party           record.ID      `json:"party"`
	Contact         record.ID      `json:"contact"`
	Site            record.ID      `json:"site"`
	Unit            record.ID      `json:"unit"`
	Origin          string         `json:"origin"`
	Kind            string         `json:"kind"`
	ServiceClass    string         `json:"service_class"`
	Title           string         `json:"title"`
	Description     string         `json:"description"`
	Priority        int64          `json:"priority"`
	State           string         `json:"state"`
	Substate        string         `json:"substate"`
	StateReason     string         `json:"state_reason"`
	ReportedOn      int64          `json:"reported_on"` // days since 1970-01-01
	DueAt           int64          `json:"due_at"`
	FirstResponseAt int64          `json:"first_response_at"`
	StartedAt       int64          `json:"started_at"`
	FinishedAt      int64          `json:"finished_at"`
	PlanStart       int64          `json:"plan_start"`
	PlanEnd         int64          `json:"plan_end"`
	Price           Money          `json:"price"`
	Cost            Money          `json:"cost"`
	Charge          string         `json:"charge"`
	Finding         string         `json:"finding"`
	FaultCode       string         `json:"fault_code"`
	CauseCode       string         `json:"cause_code"`
	RemedyCode      string         `json:"remedy_code"`
	Solution        string         `json:"solution"`
	Meter           int64          `json:"meter"`
	FirstTimeFix    bool           `json:"first_time_fix"`
	FollowUp        bool           `json:"follow_up"`
	FollowUpReason  string         `json:"follow_up_reason"`
	Note            string         `json:"note"`
	Tags            []string       `json:"tags"`
	LockedBy        record.ID      `json:"locked_by"`
	Follows         record.ID      `json:"follows"`
	Needs           []string       `json:"needs"`
	Fields          map[string]any `json:"fields"`
	ArchivedAt      int64          `json:"archived_at"`
	ArchivedReason  string         `json:"archived_reason"`
}

// JobOf returns the row as a Job; the zero Job for nil.
func JobOf(r *record.Row) Job { return view[Job](r) }

// Over reports whether work on the job has ended, one way or the other.
func (j Job) Over() bool { return slices.Contains(overStates, j.State) }

var overStates = []string{JobCancelled, JobDone, JobClosed}

// JobInput says what there is to do.
type JobInput struct {
	ID           record.ID // zero: a fresh one
	Branch       record.ID // zero: the request's, the customer's, else the author's
	Number       string    // "": the next of the series
	Request      record.ID
	Party        record.ID // zero: the request's or the unit's; so for Site, Unit and Contact
	Contact      record.ID
	Site         record.ID
	Unit         record.ID
	Origin       string // "": the office; OriginFound makes the author the job's lead
	Kind         string
	ServiceClass string
	Title        string
	Description  string
	Priority     int64
	ReportedOn   int64 // days since 1970-01-01; 0: today in UTC
	DueAt        int64 // ms UTC
	PlanStart    int64
	PlanEnd      int64
	Price        Money
	Cost         Money
	Note         string
	Tags         []string
	Fields       FieldValues
	Beside       record.Values // what the same change writes of it next: the rules for new rows count it
	Follows      record.ID     // the job that this one continues
	Needs        []string      // skills that it takes, of the list "skill"
}

// CreateJob makes a job: in the office, of a request, or found on site by a technician, who is its lead then. Codes:
// MissingText without title and description, BadWindow, UnknownCode, BadField, MissingField, WrongState for a request
// that is over, fault.UnknownRow.
func CreateJob(tx Tx, in JobInput) (record.ID, error) {
	request, err := in.fillFrom(tx)
	if err != nil {
		return record.ID{}, err
	}
	if _, err := textFor("what there is to do", in.Title+in.Description); err != nil {
		return record.ID{}, err
	}
	if err := checkWindow(in.PlanStart, in.PlanEnd); err != nil {
		return record.ID{}, err
	}
	if err := checkCode(tx, ListJobKind, in.Kind); err != nil {
		return record.ID{}, err
	}
	about, err := whatFor(tx, in.Party, in.Site, in.Unit)
	if err != nil {
		return record.ID{}, err
	}
	if err := needAll(tx, Row{"contact", in.Contact}, Row{"job", in.Follows}); err != nil {
		return record.ID{}, err
	}
	if err := checkWelcome(tx, about.party, in.Branch); err != nil {
		return record.ID{}, err
	}
	id, branch, number, err := identity(tx, in.ID, in.Branch, in.Number, SeriesJob, request, about.party, about.unit)
	if err != nil {
		return record.ID{}, err
	}
	in.ID, in.Branch, in.Number = id, branch, number
	if err := insertWithFields(tx, "job", id, in.values(tx, about), in.Fields, in.Beside); err != nil {
		return record.ID{}, err
	}
	if err := sendOnSite(tx, request); err != nil {
		return record.ID{}, err
	}
	if in.Origin == OriginFound && !tx.Author().IsZero() {
		_, err = AssignJob(tx, AssignInput{Job: id, Person: tx.Author(), Role: Lead})
	}
	return id, err
}

func (in JobInput) values(tx Tx, about subject) record.Values {
	values := record.Values{
		"branch": record.Ref(in.Branch), "number": record.Text(in.Number), "state": record.Text(JobNew),
		"origin": record.Text(cmp.Or(in.Origin, OriginOffice)), "request": record.Ref(in.Request),
		"party": refTo(about.party), "site": refTo(about.site), "unit": refTo(about.unit),
		"contact": record.Ref(in.Contact), "kind": optional(in.Kind), "service_class": optional(in.ServiceClass),
		"title": optional(in.Title), "description": optional(in.Description), "priority": at(in.Priority),
		"reported_on": record.Date(cmp.Or(in.ReportedOn, tx.Now()/dayMillis)), "due_at": at(in.DueAt),
		"plan_start": at(in.PlanStart), "plan_end": at(in.PlanEnd), "price": in.Price.Value(),
		"cost": in.Cost.Value(), "note": optional(in.Note), "follows": record.Ref(in.Follows),
	}
	addSet(values, "tags", in.Tags)
	addSet(values, "needs", in.Needs)
	return values
}

const dayMillis = 24 * 60 * 60 * 1000

// fillFrom fills in what the request tells, and returns it; nil without one. Codes: WrongState, fault.UnknownRow.
func (in *JobInput) fillFrom(tx Tx) (*record.Row, error) {
	row, err := needIf(tx, "request", in.Request)
	if err != nil || row == nil {
		return nil, err
	}
	r := RequestOf(row)
	if slices.Contains([]string{RequestCancelled, RequestSolved, RequestClosed}, r.State) {
		return nil, fault.Newf(WrongState, "the request is %v: no job is made of it", r.State)
	}
	in.Origin = cmp.Or(in.Origin, OriginRequest)
	in.Title, in.Description = cmp.Or(in.Title, r.Title), cmp.Or(in.Description, r.Description)
	in.ServiceClass, in.Priority = cmp.Or(in.ServiceClass, r.ServiceClass), cmp.Or(in.Priority, r.Priority)
	if in.DueAt == 0 {
		if in.DueAt, err = promisedBy(tx, r.ID); err != nil {
			return nil, err
		}
	}
	in.Party, in.Site, in.Unit = first(in.Party, r.Party), first(in.Site, r.Site), first(in.Unit, r.Unit)
	in.Contact = first(in.Contact, r.Contact)
	return row, nil
}

// sendOnSite marks the request, which may be nil, as one that a job was made of.
func sendOnSite(tx Tx, request *record.Row) error {
	if request == nil || request.Get("state").Text() == RequestOnSite {
		return nil
	}
	return tx.Update("request", request.ID, record.Values{
		"state": record.Text(RequestOnSite), "substate": record.Null,
	})
}

// first returns the first id that is not zero.
func first(ids ...record.ID) record.ID { return cmp.Or(ids...) }

func checkWindow(start, end int64) error {
	if end < start || start == 0 && end != 0 {
		return fault.New(BadWindow, "the window ends before it starts")
	}
	return nil
}

// openJob returns a job that work can still be recorded on: one that is neither closed nor cancelled.
func openJob(tx Tx, id record.ID) (*record.Row, error) {
	row, err := need(tx, "job", id)
	if err != nil {
		return nil, err
	}
	if s := row.Get("state").Text(); s == JobClosed || s == JobCancelled {
		return nil, fault.Newf(CodeJobClosed, "the job is %v: ask the office to reopen it", s)
	}
	return row, nil
}

// unlockedJob is openJob for what an audited slip locks.
func unlockedJob(tx Tx, id record.ID) (*record.Row, error) {
	row, err := openJob(tx, id)
	if err == nil && !row.Get("locked_by").IsNull() {
		return nil, fault.New(CodeSlipAudited, "the slip of this job is audited: ask the office to take the audit back")
	}
	return row, err
}

// activeJob is openJob for what is planned and worked on: one that is not done either.
func activeJob(tx Tx, id record.ID) (*record.Row, error) {
	row, err := openJob(tx, id)
	if err == nil && row.Get("state").Text() == JobDone {
		return nil, fault.New(CodeJobClosed, "the job is done: ask the office to reopen it")
	}
	return row, err
}

// PlanInput gives a job its window, in ms UTC; both zero takes it back.
type PlanInput struct {
	Job        record.ID
	Start, End int64
}

// PlanJob plans a job, and with it everybody who is assigned to it. Codes: BadWindow, CodeJobClosed, fault.UnknownRow.
func PlanJob(tx Tx, in PlanInput) error {
	if err := checkWindow(in.Start, in.End); err != nil {
		return err
	}
	if _, err := activeJob(tx, in.Job); err != nil {
		return err
	}
	plan := record.Values{"plan_start": at(in.Start), "plan_end": at(in.End)}
	if err := tx.Update("job", in.Job, plan); err != nil {
		return err
	}
	assignments, err := Assignments(tx, in.Job, AssignmentOpen)
	for _, a := range assignments {
		window := record.Values{"window_start": at(in.Start), "window_end": at(in.End)}
		if err := tx.Update("assignment", a.ID, window); err != nil {
			return err
		}
	}
	return err
}

// FindingInput says what was wrong and what cured it. What is empty stays as it is.
type FindingInput struct {
	Job        record.ID
	Finding    string
	FaultCode  string // of the lists "fault", "cause" and "remedy"
	CauseCode  string
	RemedyCode string
	Solution   string
	Meter      int64
	Fields     FieldValues
}

// RecordFinding writes what was found and done. Codes: CodeJobClosed, CodeSlipAudited, UnknownCode, BadField,
// fault.UnknownRow.
func RecordFinding(tx Tx, in FindingInput) error {
	if _, err := unlockedJob(tx, in.Job); err != nil {
		return err
	}
	values, err := in.values(tx)
	if err != nil || len(values) == 0 {
		return err
	}
	return tx.Update("job", in.Job, values)
}

func (in FindingInput) values(tx Tx) (record.Values, error) {
	for list, code := range map[string]string{
		ListFault: in.FaultCode, ListCause: in.CauseCode, ListRemedy: in.RemedyCode,
	} {
		if err := checkCode(tx, list, code); err != nil {
			return nil, err
		}
	}
	values := record.Values{
		"finding": optional(in.Finding), "fault_code": optional(in.FaultCode), "cause_code": optional(in.CauseCode),
		"remedy_code": optional(in.RemedyCode), "solution": optional(in.Solution), "meter": at(in.Meter),
	}
	maps.DeleteFunc(values, func(_ string, v record.Value) bool { return v.IsNull() })
	return values, putFields(tx, "job", values, in.Fields)
}

// SetSubstate names the company's own state under the job's, "" none. Codes: UnknownCode, fault.UnknownRow.
func SetSubstate(tx Tx, job record.ID, substate string) error {
	return putSubstate(tx, "job", job, substate)
}
