package aftersales

import (
	"maps"
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

var faultColumns = slices.Concat(branch(), []schema.Column{
	ref(1, "job", "job", required, fixed),
	ref(2, "visit", "visit", fixed),
	ref(3, "unit", "unit"), // the machine or component that has it
	ref(4, "author", "person", fixed),
	technician(code(5, "fault_code")),  // code list "fault"
	technician(code(6, "cause_code")),  // code list "cause"
	technician(code(7, "remedy_code")), // code list "remedy"
	technician(long(64<<10, text(8, "finding", searchable))),
	technician(long(64<<10, text(9, "solution", searchable))),
	technician(integer(10, "solved")), // 0 or 1
}, archive())

// A finding is one thing that was wrong at a visit, and what became of it: a visit has as many as it takes. The job's
// own columns say the main one.
var findingTable = &schema.Table{
	ID: 182, Name: "finding", Parent: "job",
	Columns: faultColumns,
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  []schema.Right{{Name: RightWork, Insert: true, Columns: names(faultColumns)}},
}

// Finding is a row of the table finding.
type Finding struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Job        record.ID `json:"job"`
	Visit      record.ID `json:"visit"`
	Unit       record.ID `json:"unit"`
	Author     record.ID `json:"author"`
	FaultCode  string    `json:"fault_code"`
	CauseCode  string    `json:"cause_code"`
	RemedyCode string    `json:"remedy_code"`
	Finding    string    `json:"finding"`
	Solution   string    `json:"solution"`
	Solved     bool      `json:"solved"`
}

// FindingOf returns the row as a Finding; the zero Finding for nil.
func FindingOf(r *record.Row) Finding { return view[Finding](r) }

// VisitFindingInput is one thing that was wrong. When it is revised, what is empty stays as it is.
type VisitFindingInput struct {
	Finding record.ID // the one to revise; zero: a new one, of ...
	Job     record.ID // ... this job, at ...
	Visit   record.ID // ... this visit; zero: the author's latest
	Unit    record.ID // zero: the job's
	// Of the lists "fault", "cause" and "remedy".
	FaultCode, CauseCode, RemedyCode string
	Text                             string // what was wrong
	Solution                         string // what cured it
	Solved                           bool
}

// AddFinding notes one more thing that was wrong, or revises one. The first of a job also says what the job's was,
// where nobody had said. Codes: MissingText for one that says nothing, UnknownCode, CodeJobClosed, CodeSlipAudited,
// fault.UnknownRow.
func AddFinding(tx Tx, in VisitFindingInput) (record.ID, error) {
	values, err := in.values(tx)
	if err != nil {
		return record.ID{}, err
	}
	if !in.Finding.IsZero() {
		return in.Finding, in.revise(tx, values)
	}
	if _, err := textFor("the finding", in.Text+in.FaultCode+in.Solution); err != nil {
		return record.ID{}, err
	}
	row, err := unlockedJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	job := JobOf(row)
	visit, err := visitAt(tx, job.ID, in.Visit)
	if err != nil {
		return record.ID{}, err
	}
	if err := in.lead(tx, job); err != nil {
		return record.ID{}, err
	}
	values["branch"], values["job"], values["visit"] = record.Ref(job.Branch), record.Ref(job.ID), record.Ref(visit.ID)
	values["unit"], values["author"] = record.Ref(first(in.Unit, job.Unit)), record.Ref(tx.Author())
	id := tx.NewID()
	return id, insert(tx, "finding", id, values)
}

// lead gives the job what it lacks: so that lists and reports which look at jobs see the first finding.
func (in VisitFindingInput) lead(tx Tx, job Job) error {
	if job.FaultCode != "" || job.Finding != "" || job.Solution != "" {
		return nil
	}
	return RecordFinding(tx, FindingInput{
		Job: job.ID, Finding: in.Text, Solution: in.Solution,
		FaultCode: in.FaultCode, CauseCode: in.CauseCode, RemedyCode: in.RemedyCode,
	})
}

func (in VisitFindingInput) revise(tx Tx, values record.Values) error {
	row, err := need(tx, "finding", in.Finding)
	if err != nil {
		return err
	}
	if _, err := unlockedJob(tx, row.Get("job").Ref()); err != nil {
		return err
	}
	if in.Unit != (record.ID{}) {
		values["unit"] = record.Ref(in.Unit)
	}
	return tx.Update("finding", row.ID, values)
}

func (in VisitFindingInput) values(tx Tx) (record.Values, error) {
	for list, code := range map[string]string{
		ListFault: in.FaultCode, ListCause: in.CauseCode, ListRemedy: in.RemedyCode,
	} {
		if err := checkCode(tx, list, code); err != nil {
			return nil, err
		}
	}
	if _, err := livingIf(tx, "unit", in.Unit); err != nil {
		return nil, err
	}
	values := record.Values{
		"fault_code": optional(in.FaultCode), "cause_code": optional(in.CauseCode),
		"remedy_code": optional(in.RemedyCode), "finding": optional(in.Text), "solution": optional(in.Solution),
	}
	maps.DeleteFunc(values, func(_ string, v record.Value) bool { return v.IsNull() })
	values["solved"] = flag(in.Solved)
	return values, nil
}

// Findings returns what was found at the job, oldest first, without what was taken back.
func Findings(tx View, job record.ID) ([]Finding, error) {
	rows, err := tx.Refs("finding", "job", job)
	list := []Finding{}
	for _, row := range rows {
		if row.Get("archived_at").IsNull() {
			list = append(list, FindingOf(row))
		}
	}
	return list, err
}

// RetractFinding takes back a finding that was none; its row stays in the archive. Codes: MissingReason,
// AlreadyArchived, CodeJobClosed, CodeSlipAudited, fault.UnknownRow.
func RetractFinding(tx Tx, finding record.ID, reason string) error {
	row, err := need(tx, "finding", finding)
	if err != nil {
		return err
	}
	if _, err := unlockedJob(tx, row.Get("job").Ref()); err != nil {
		return err
	}
	return Archive(tx, ArchiveInput{"finding", finding, reason})
}
