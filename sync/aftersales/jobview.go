package aftersales

import (
	"slices"

	"fieldsync/sync/record"
)

// JobView is a job with all that a page or a command line shows about it. What this replica does not have is zero.
type JobView struct {
	Job         Job          `json:"job"`
	Request     Request      `json:"request"`
	Party       Party        `json:"party"`
	Contact     Contact      `json:"contact"`
	Site        Site         `json:"site"`
	Unit        Unit         `json:"unit"`
	Assignments []Assignment `json:"assignments"`
	Visits      []Visit      `json:"visits"`
	Slips       []Slip       `json:"slips"`
	Movements   []Movement   `json:"movements"`
	Times       []TimeMark   `json:"times"`
	Comments    []Comment    `json:"comments"`
	Attachments []Attachment `json:"attachments"`
	Supplements []Supplement `json:"supplements"`
}

// ReadJob returns the job as it stands. Parties, sites and units are those that stand for the ones it names. Codes:
// fault.UnknownRow.
func ReadJob(tx View, id record.ID) (*JobView, error) {
	row, err := need(tx, "job", id)
	if err != nil {
		return nil, err
	}
	r := viewReader{tx: tx}
	v := &JobView{Job: JobOf(row)}
	v.Request = RequestOf(r.row("request", v.Job.Request))
	v.Party = PartyOf(r.row("party", v.Job.Party))
	v.Contact = ContactOf(r.row("contact", v.Job.Contact))
	v.Site = SiteOf(r.row("site", v.Job.Site))
	v.Unit = UnitOf(r.row("unit", v.Job.Unit))
	v.Assignments = listOf(&r, AssignmentOf, "assignment", id)
	v.Visits = listOf(&r, VisitOf, "visit", id)
	v.Slips = listOf(&r, SlipOf, "slip", id)
	v.Movements = listOf(&r, MovementOf, "movement", id)
	v.Times = listOf(&r, TimeMarkOf, "time_mark", id)
	v.Comments = slices.DeleteFunc(listOf(&r, CommentOf, "comment", id), Comment.TakenBack)
	if r.err == nil {
		v.Attachments, r.err = FilesOfJob(tx, id)
	}
	v.Supplements = listOf(&r, SupplementOf, "supplement", id)
	return v, r.err
}

// viewReader reads until something fails, and keeps the first failure.
type viewReader struct {
	tx  View
	err error
}

func (r *viewReader) row(table string, id record.ID) *record.Row {
	if r.err != nil || id.IsZero() {
		return nil
	}
	if id, r.err = Survivor(r.tx, table, id); r.err != nil {
		return nil
	}
	row, err := r.tx.Row(table, id)
	r.err = err
	return row
}

// listOf returns the rows of the table that belong to the job, ledger rows without those that others replace.
func listOf[T any](r *viewReader, of func(*record.Row) T, table string, job record.ID) []T {
	list := []T{}
	if r.err != nil {
		return list
	}
	rows, err := r.tx.Refs(table, "job", job)
	r.err = err
	for _, row := range standing(rows) {
		list = append(list, of(row))
	}
	return list
}
