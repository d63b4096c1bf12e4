package aftersales

import (
	"cmp"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of a solution.
const (
	SolutionSuggested = "suggested" // by a job that was done: nobody has looked at it
	SolutionApproved  = "approved"
	SolutionRetired   = "retired"
)

// A solution says what cures a fault, of a model or of any. Jobs that are done suggest them, people tidy them up.
var solutionTable = &schema.Table{
	ID: 198, Name: "solution", Class: schema.ClassLibrary,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "product", "product"),
		ref(2, "fault", "code"), // of the list "fault"
		text(3, "title", searchable),
		long(64<<10, text(4, "symptom", searchable)),
		long(64<<10, text(5, "solution", required, searchable)),
		enum(6, "state", []string{SolutionSuggested, SolutionApproved, SolutionRetired}, indexed),
		integer(7, "uses"), // jobs that it cured
		instant(8, "last_used_at"),
		ref(9, "source", "job"), // that suggested it
		text(10, "note"),
	}, alias("solution"), archive()),
	Buckets: shared(),
}

// A solution use says that a solution was tried at a job, and whether it helped.
var solutionUseTable = &schema.Table{
	ID: 199, Name: "solution_use", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		ref(2, "solution", "solution", required),
		integer(3, "helped"), // 0 or 1
		ref(4, "author", "person"),
		integer(5, "learned"), // 1: the hub's own, which counts the job
	}, occurred()),
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  add(RightWork),
}

// Solution is a row of the table solution.
type Solution struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Product    record.ID `json:"product"`
	Fault      record.ID `json:"fault"` // CodeID(ListFault, ...)
	Title      string    `json:"title"`
	Symptom    string    `json:"symptom"`
	Solution   string    `json:"solution"`
	State      string    `json:"state"`
	Uses       int64     `json:"uses"`
	LastUsedAt int64     `json:"last_used_at"`
	Source     record.ID `json:"source"`
	Note       string    `json:"note"`
	MergedInto record.ID `json:"merged_into"`
	ArchivedAt int64     `json:"archived_at"`
}

// SolutionOf returns the row as a Solution; the zero Solution for nil.
func SolutionOf(r *record.Row) Solution { return view[Solution](r) }

// SolutionUse is a row of the table solution_use.
type SolutionUse struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Job       record.ID `json:"job"`
	Solution  record.ID `json:"solution"`
	Helped    bool      `json:"helped"`
	Author    record.ID `json:"author"`
	Learned   bool      `json:"learned"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// SolutionUseOf returns the row as a SolutionUse; the zero SolutionUse for nil.
func SolutionUseOf(r *record.Row) SolutionUse { return view[SolutionUse](r) }

// SolutionInput says what cures what.
type SolutionInput struct {
	ID        record.ID // of one to tidy up; zero: a new one
	Product   record.ID // zero: of any model
	FaultCode string    // of the list "fault"; "" any
	Title     string
	Symptom   string
	Solution  string
	State     string // "": approved
	Note      string
}

// PutSolution writes a solution down, or tidies one up. Codes: MissingText, UnknownCode, fault.UnknownRow.
func PutSolution(tx Tx, in SolutionInput) (record.ID, error) {
	solution, err := textFor("the solution", in.Solution)
	if err != nil {
		return record.ID{}, err
	}
	if err := checkCode(tx, ListFault, in.FaultCode); err != nil {
		return record.ID{}, err
	}
	in.State = cmp.Or(in.State, SolutionApproved)
	if !slices.Contains([]string{SolutionSuggested, SolutionApproved, SolutionRetired}, in.State) {
		return record.ID{}, fault.New(UnknownCode, "a solution is suggested, approved or retired")
	}
	if _, err := needIf(tx, "product", in.Product); err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"product": record.Ref(in.Product), "title": optional(in.Title), "symptom": optional(in.Symptom),
		"solution": record.Text(solution), "state": record.Text(in.State), "note": optional(in.Note),
		"fault": faultRef(in.FaultCode),
	}
	if !in.ID.IsZero() {
		row, err := living(tx, "solution", in.ID)
		if err != nil {
			return record.ID{}, err
		}
		return row.ID, tx.Update("solution", row.ID, values)
	}
	id := tx.NewID()
	return id, insert(tx, "solution", id, values)
}

func faultRef(code string) record.Value {
	if code == "" {
		return record.Null
	}
	return record.Ref(CodeID(ListFault, code))
}

// UseSolutionInput says what a solution did at a job.
type UseSolutionInput struct {
	Job      record.ID
	Solution record.ID
	Helped   bool
	At       Moment
}

// UseSolution says whether a solution helped at a job; what helped is counted when the job is done. Codes:
// CodeJobClosed, fault.UnknownRow.
func UseSolution(tx Tx, in UseSolutionInput) (record.ID, error) {
	job, err := openJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	solution, err := living(tx, "solution", in.Solution)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": job.Get("branch"), "job": record.Ref(in.Job), "solution": record.Ref(solution.ID),
		"helped": flag(in.Helped), "author": record.Ref(tx.Author()),
	}
	in.At.put(tx, values)
	id := tx.NewID()
	return id, insert(tx, "solution_use", id, values)
}

// LearnFrom lets the knowledge grow by a job that is done: what helped at it is counted; where it was none that is
// known, what the technician wrote is suggested. The hub runs it once a job; a second time changes nothing. It returns
// the solution, zero where there is nothing to learn. Codes: fault.UnknownRow.
func LearnFrom(tx Tx, job record.ID) (record.ID, error) {
	row, err := need(tx, "job", job)
	if err != nil {
		return record.ID{}, err
	}
	j, learned := JobOf(row), NamedID("solution_learned", job.String())
	before, err := tx.Row("solution_use", learned)
	if err != nil || before != nil || j.State != JobDone && j.State != JobClosed {
		return SolutionUseOf(before).Solution, err
	}
	solution, err := curedBy(tx, j)
	if err != nil || solution == nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": row.Get("branch"), "job": record.Ref(job), "solution": record.Ref(solution.ID),
		"helped": flag(true), "learned": flag(true),
	}
	Moment{}.put(tx, values)
	if err := insert(tx, "solution_use", learned, values); err != nil {
		return record.ID{}, err
	}
	return solution.ID, tx.Update("solution", solution.ID, record.Values{
		"uses": record.Number(solution.Get("uses").Number() + 1), "last_used_at": record.Instant(cmp.Or(j.FinishedAt, tx.Now())),
	})
}

// curedBy returns the solution that helped at the job: one that somebody named, one that says the same, or a new one;
// nil where nobody said what cured it.
func curedBy(tx Tx, j Job) (*record.Row, error) {
	uses, err := tx.Refs("solution_use", "job", j.ID)
	if err != nil {
		return nil, err
	}
	for _, use := range uses {
		if u := SolutionUseOf(use); u.Helped {
			return living(tx, "solution", u.Solution)
		}
	}
	if strings.TrimSpace(j.Solution) == "" {
		return nil, nil
	}
	unit, err := tx.Row("unit", j.Unit)
	if err != nil {
		return nil, err
	}
	product := UnitOf(unit).Product
	id := NamedID("solution", product.String(), j.FaultCode, strings.Join(tokens(j.Solution), " "))
	row, err := tx.Row("solution", id)
	if err != nil || row != nil {
		if row != nil {
			return living(tx, "solution", id)
		}
		return nil, err
	}
	err = insert(tx, "solution", id, record.Values{
		"product": record.Ref(product), "fault": faultRef(j.FaultCode), "title": optional(j.Title),
		"symptom": optional(strings.TrimSpace(j.Description + "\n" + j.Finding)), "solution": record.Text(j.Solution),
		"state": record.Text(SolutionSuggested), "source": record.Ref(j.ID),
	})
	if err != nil {
		return nil, err
	}
	return need(tx, "solution", id)
}
