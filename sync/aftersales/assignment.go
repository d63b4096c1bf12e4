package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of an assignment. While it is open or finished, its person or group holds the job and what belongs to
// it; ReleaseFinished ends finished ones some days later.
const (
	AssignmentOpen     = "open"
	AssignmentFinished = "finished"
	AssignmentDeclined = "declined"
	AssignmentEnded    = "ended"
)

// The roles on a job. The lead completes it and signs; a helper completes his own visit.
const (
	Lead   = "lead"
	Helper = "helper"
)

var assignmentColumns = slices.Concat(branch(), []schema.Column{
	ref(1, "job", "job", required, fixed),
	ref(2, "person", "person", fixed),
	ref(3, "team", "team", fixed),
	enum(4, "role", []string{Lead, Helper}, required),
	ladder(5, "state", []string{AssignmentOpen, AssignmentFinished, AssignmentDeclined, AssignmentEnded}),
	text(6, "reason"),
	ref(7, "assigned_by", "person", fixed),
	instant(8, "assigned_at", fixed),
	instant(9, "ended_at"),
}, together("window",
	instant(10, "window_start", indexed),
	instant(11, "window_end"),
), archive())

var assignmentTable = &schema.Table{
	ID: 34, Name: "assignment", Parent: "job",
	Columns: assignmentColumns,
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Grants: []schema.Grant{
		{To: "person", While: "state", In: heldStates, Right: RightWork, Paths: jobPaths},
		{To: "team", Group: &schema.Members{Table: "membership", Group: "team", Person: "person"},
			While: "state", In: heldStates, Right: RightWork, Paths: jobPaths},
	},
	// A technician inserts one only for himself, with a job that he found: see Review.
	Rights: []schema.Right{{Name: RightWork, Insert: true, Columns: []string{"state", "reason", "ended_at"}}},

	Withheld: tidied(assignmentColumns),
}

var heldStates = []string{AssignmentOpen, AssignmentFinished}

// jobPaths lead from an assignment to what its holder needs: the job, and the request, machine, customer and site of
// the job, by way of their aliases where they were joined with another; and what is fitted in the machine.
var jobPaths = []schema.Path{
	{Kind: JobBucket, Via: []string{"job"}},
	{Kind: RequestBucket, Via: []string{"job", "request"}},
	{Kind: AssetBucket, Via: []string{"job", "unit"}},
	{Kind: AssetBucket, Via: []string{"job", "unit", "merged_into"}},
	{Kind: AssetBucket, Via: []string{"job", "unit", "parent"}},
	{Kind: AssetBucket, Via: []string{"job", "unit"}, Back: fitted},
	{Kind: AssetBucket, Via: []string{"job", "unit", "merged_into"}, Back: fitted},
	{Kind: AssetBucket, Via: []string{"job", "unit", "parent"}, Back: fitted},
	{Kind: CustomerBucket, Via: []string{"job", "party"}},
	{Kind: CustomerBucket, Via: []string{"job", "party", "merged_into"}},
	{Kind: CustomerBucket, Via: []string{"job", "party", "parent"}}, // its contracts cover all that belong to it
	{Kind: SiteBucket, Via: []string{"job", "site"}},
	{Kind: SiteBucket, Via: []string{"job", "site", "merged_into"}},
}

// The codes of assigning.
const (
	NotAssigned     fault.Code = "not_assigned"     // the person is not on the job
	AlreadyAssigned fault.Code = "already_assigned" // the person or group is on the job
	WhoUnclear      fault.Code = "who_unclear"      // a person or a group, one of the two
	LeadTaken       fault.Code = "lead_taken"       // the job has a lead
	NotAvailable    fault.Code = "not_available"    // the person or group is archived
)

// Assignment is a row of the table assignment.
type Assignment struct {
	ID          record.ID `json:"id"`
	Branch      record.ID `json:"branch"`
	Job         record.ID `json:"job"`
	Person      record.ID `json:"person"`
	Team        record.ID `json:"team"`
	Role        string    `json:"role"`
	State       string    `json:"state"`
	Reason      string    `json:"reason"`
	AssignedBy  record.ID `json:"assigned_by"`
	AssignedAt  int64     `json:"assigned_at"`
	EndedAt     int64     `json:"ended_at"`
	WindowStart int64     `json:"window_start"`
	WindowEnd   int64     `json:"window_end"`
}

// AssignmentOf returns the row as an Assignment; the zero Assignment for nil.
func AssignmentOf(r *record.Row) Assignment { return view[Assignment](r) }

// Assignments returns the job's assignments that are in one of the states, or all of them, oldest first.
func Assignments(tx View, job record.ID, states ...string) ([]Assignment, error) {
	rows, err := tx.Refs("assignment", "job", job)
	if err != nil {
		return nil, err
	}
	var list []Assignment
	for _, row := range rows {
		if a := AssignmentOf(row); len(states) == 0 || slices.Contains(states, a.State) {
			list = append(list, a)
		}
	}
	return list, nil
}

// AssignInput gives a job to a person or to a group.
type AssignInput struct {
	Job         record.ID
	Person      record.ID // a person or ...
	Team        record.ID // ... a group
	Role        string    // "": the lead if the job has none, else a helper
	WindowStart int64     // ms UTC; both zero: the job's window
	WindowEnd   int64
}

// AssignJob gives a job to a person, whose visit starts as assigned, or to a group, of which one member will accept.
// Codes: WhoUnclear, NotAvailable, AlreadyAssigned, LeadTaken, BadWindow, CodeJobClosed, fault.UnknownRow.
func AssignJob(tx Tx, in AssignInput) (record.ID, error) {
	if err := checkWindow(in.WindowStart, in.WindowEnd); err != nil {
		return record.ID{}, err
	}
	row, err := activeJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	if err := checkAssignee(tx, in.Person, in.Team); err != nil {
		return record.ID{}, err
	}
	if in.Role, err = roleOn(tx, in); err != nil {
		return record.ID{}, err
	}
	job := JobOf(row)
	if in.WindowStart == 0 {
		in.WindowStart, in.WindowEnd = job.PlanStart, job.PlanEnd
	}
	id := tx.NewID()
	err = insert(tx, "assignment", id, record.Values{
		"branch": record.Ref(job.Branch), "job": record.Ref(in.Job), "person": record.Ref(in.Person),
		"team": record.Ref(in.Team), "role": record.Text(in.Role), "state": record.Text(AssignmentOpen),
		"assigned_by": record.Ref(tx.Author()), "assigned_at": record.Instant(tx.Now()),
		"window_start": at(in.WindowStart), "window_end": at(in.WindowEnd),
	})
	if err != nil {
		return record.ID{}, err
	}
	if !in.Person.IsZero() {
		if _, err := newVisit(tx, job, in.Person, id); err != nil {
			return record.ID{}, err
		}
	}
	return id, markPlanned(tx, job, in.WindowStart, in.WindowEnd)
}

// markPlanned moves a new job on, and gives one without a window the one of its first assignment.
func markPlanned(tx Tx, job Job, start, end int64) error {
	values := record.Values{}
	if job.State == JobNew {
		values["state"], values["substate"] = record.Text(JobPlanned), record.Null
	}
	if job.PlanStart == 0 && start != 0 {
		values["plan_start"], values["plan_end"] = at(start), at(end)
	}
	if len(values) == 0 {
		return nil
	}
	return tx.Update("job", job.ID, values)
}

func checkAssignee(tx View, person, team record.ID) error {
	if person.IsZero() == team.IsZero() {
		return fault.New(WhoUnclear, "give the job to a person or to a group: one of the two")
	}
	table, id := "person", person
	if person.IsZero() {
		table, id = "team", team
	}
	row, err := need(tx, table, id)
	if err == nil && !row.Get("archived_at").IsNull() {
		return fault.Newf(NotAvailable, "this %v is archived", table)
	}
	return err
}

// roleOn returns the role that a new assignment has on the job beside those that are open.
func roleOn(tx Tx, in AssignInput) (string, error) {
	open, err := Assignments(tx, in.Job, AssignmentOpen)
	if err != nil {
		return "", err
	}
	led := false
	for _, a := range open {
		if a.Person == in.Person && a.Team == in.Team {
			return "", fault.New(AlreadyAssigned, "the job is assigned to them already")
		}
		led = led || a.Role == Lead
	}
	switch {
	case in.Role == Lead && led:
		return "", fault.New(LeadTaken, "the job has a lead: reassign it, or add a helper")
	case in.Role == "" && led:
		return Helper, nil
	}
	return cmp.Or(in.Role, Lead), nil
}

// UnassignInput takes a job away from whom it was given to.
type UnassignInput struct {
	Assignment record.ID
	Reason     string
}

// Unassign takes the job away; a visit that nobody has set out for is called off, one that runs is left to its
// technician. Codes: MissingReason, WrongState, fault.UnknownRow.
func Unassign(tx Tx, in UnassignInput) error {
	row, err := need(tx, "assignment", in.Assignment)
	if err != nil {
		return err
	}
	reason, err := reasonFor("take the job away", in.Reason)
	if err != nil {
		return err
	}
	a := AssignmentOf(row)
	if a.State != AssignmentOpen {
		return fault.Newf(WrongState, "the assignment is %v already", a.State)
	}
	if err := endAssignment(tx, a.ID, AssignmentEnded, reason); err != nil {
		return err
	}
	visits, err := tx.Refs("visit", "assignment", a.ID)
	if err != nil {
		return err
	}
	for _, v := range visits {
		if err := recall(tx, reason, VisitOf(v)); err != nil {
			return err
		}
	}
	return backToNew(tx, a.Job)
}

func endAssignment(tx Tx, id record.ID, state, reason string) error {
	return tx.Update("assignment", id, record.Values{
		"state": record.Text(state), "reason": optional(reason), "ended_at": record.Instant(tx.Now()),
	})
}

// backToNew returns a planned job that nobody is on to the jobs that wait for somebody.
func backToNew(tx Tx, id record.ID) error {
	open, err := Assignments(tx, id, AssignmentOpen)
	if err != nil || len(open) > 0 {
		return err
	}
	job, err := tx.Row("job", id)
	if err != nil || job == nil || job.Get("state").Text() != JobPlanned {
		return err
	}
	return tx.Update("job", id, record.Values{"state": record.Text(JobNew), "substate": record.Null})
}

// ReassignInput gives a job from one to another.
type ReassignInput struct {
	Assignment  record.ID // whose it was
	Person      record.ID // a person or ...
	Team        record.ID // ... a group
	Reason      string
	WindowStart int64 // ms UTC; both zero: as before
	WindowEnd   int64
}

// Reassign gives a job from one to another, in the same role. Codes: those of Unassign and AssignJob.
func Reassign(tx Tx, in ReassignInput) (record.ID, error) {
	row, err := need(tx, "assignment", in.Assignment)
	if err != nil {
		return record.ID{}, err
	}
	if err := checkAssignee(tx, in.Person, in.Team); err != nil {
		return record.ID{}, err
	}
	if err := Unassign(tx, UnassignInput{in.Assignment, in.Reason}); err != nil {
		return record.ID{}, err
	}
	old := AssignmentOf(row)
	if in.WindowStart == 0 {
		in.WindowStart, in.WindowEnd = old.WindowStart, old.WindowEnd
	}
	return AssignJob(tx, AssignInput{
		Job: old.Job, Person: in.Person, Team: in.Team, Role: old.Role,
		WindowStart: in.WindowStart, WindowEnd: in.WindowEnd,
	})
}

// ReleaseFinished ends the assignments of a job that was over, one way or the other, the given number of days before
// now (ms UTC), so that it leaves its people's phones; it returns how many. The hub's sweep calls it for the jobs with
// held assignments whose finished_at lies that far back, and says up to which commit it had heard of that then: whatever a
// phone says about the past, nobody loses a job of which he has not heard for so long that it is over. For any other job it
// does nothing. Codes: fault.UnknownRow.
func ReleaseFinished(tx Tx, job record.ID, now int64, days int, heard uint64) (int, error) {
	row, err := need(tx, "job", job)
	if err != nil {
		return 0, err
	}
	j := JobOf(row)
	if !j.Over() || j.FinishedAt == 0 || j.FinishedAt+int64(days)*dayMillis > now || overSince(row) > heard {
		return 0, nil
	}
	held, err := Assignments(tx, job, heldStates...)
	for _, a := range held {
		if err := endAssignment(tx, a.ID, AssignmentEnded, ""); err != nil {
			return 0, err
		}
	}
	return len(held), err
}

// overSince returns the commit by which the hub heard that the job is over, and since when; 0 where it does not say. That the
// office closed it later is no news of that.
func overSince(job *record.Row) (seq uint64) {
	columns := []string{"finished_at", "state"}
	if job.Get("state").Text() == JobClosed {
		columns = columns[:1]
	}
	for _, column := range columns {
		seq = max(seq, writtenAt(job, column))
	}
	return seq
}

// AssignedTo returns the open or finished assignment by which the person is on the job: his own before his group's.
// Codes: NotAssigned.
func AssignedTo(tx View, job, person record.ID) (Assignment, error) {
	held, err := Assignments(tx, job, heldStates...)
	if err != nil {
		return Assignment{}, err
	}
	for _, a := range held {
		if a.Person == person && !person.IsZero() {
			return a, nil
		}
	}
	for _, a := range held {
		member, err := isMember(tx, a.Team, person)
		if member || err != nil {
			return a, err
		}
	}
	return Assignment{}, fault.New(NotAssigned, "the job is not assigned to you: ask the office")
}
