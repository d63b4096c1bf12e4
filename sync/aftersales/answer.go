package aftersales

import (
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// An answer is what a visit says to one question of a checklist's version. A correction is a new answer that names the
// one it replaces: what was said first stays.
var answerTable = &schema.Table{
	ID: 185, Name: "answer", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		ref(2, "visit", "visit", required, fixed),
		ref(3, "version", "checklist_version", required, fixed),
		text(4, "question", required), // its key in the version
		text(5, "text"),               // yes, no, a choice's code, or what was written
		decimal(6, "number", QuantityScale),
		integer(7, "photos"), // how many are attached to this answer
		text(8, "note"),
		ref(9, "author", "person"),
		ref(10, "replaces", "answer"),
	}, occurred()),
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  add(RightWork),
}

// The codes of answering.
const (
	UnknownQuestion fault.Code = "unknown_question" // the checklist does not ask that
	BadAnswer       fault.Code = "bad_answer"       // the answer does not fit the question
	MissingPhoto    fault.Code = "missing_photo"    // the question wants a photo
	MissingAnswer   fault.Code = "missing_answer"   // a question that must be answered before the end is not
)

// Answer is a row of the table answer.
type Answer struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Job       record.ID `json:"job"`
	Visit     record.ID `json:"visit"`
	Version   record.ID `json:"version"`
	Question  string    `json:"question"`
	Text      string    `json:"text"`
	Number    *int64    `json:"number"` // thousandths
	Photos    int64     `json:"photos"`
	Note      string    `json:"note"`
	Author    record.ID `json:"author"`
	Replaces  record.ID `json:"replaces"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// AnswerOf returns the row as an Answer; the zero Answer for nil.
func AnswerOf(r *record.Row) Answer { return view[Answer](r) }

// Filled is a checklist as a visit has filled it in so far.
type Filled struct {
	Checklist Checklist        `json:"checklist"`
	Version   ChecklistVersion `json:"version"`
	Lines     []Line           `json:"lines"`
}

// Line is a question with its answer, nil where there is none yet. Due says that it must still be answered.
type Line struct {
	Question Question `json:"question"`
	Answer   *Answer  `json:"answer"`
	Due      bool     `json:"due"`
}

// Filling returns what the visit is asked and has answered. A checklist that it has begun to answer stays at the
// version it began with; the others are at the one in force now. Codes: fault.UnknownRow.
func Filling(tx Present, visit record.ID) ([]Filled, error) {
	row, err := need(tx, "visit", visit)
	if err != nil {
		return nil, err
	}
	job, err := need(tx, "job", row.Get("job").Ref())
	if err != nil {
		return nil, err
	}
	return filling(tx, JobOf(job), visit)
}

func filling(tx Present, job Job, visit record.ID) ([]Filled, error) {
	given, err := answersAt(tx, visit)
	if err != nil {
		return nil, err
	}
	checklists, err := checklistsFor(tx, job)
	if err != nil {
		return nil, err
	}
	list, seen := []Filled{}, map[record.ID]bool{}
	for _, v := range begun(tx, given) {
		seen[v.Checklist] = true
		checklist, err := tx.Row("checklist", v.Checklist)
		if err != nil {
			return nil, err
		}
		list = append(list, fill(ChecklistOf(checklist), v, given))
	}
	for _, c := range checklists {
		v, err := VersionAt(tx, c.ID, tx.Now())
		if err != nil {
			return nil, err
		}
		if !seen[c.ID] && !v.ID.IsZero() {
			list = append(list, fill(c, v, given))
		}
	}
	return list, nil
}

// answersAt returns the answers of the visit that stand: of two to one question, as a crew may give, the later.
func answersAt(tx View, visit record.ID) (map[string]Answer, error) {
	if visit.IsZero() {
		return nil, nil
	}
	rows, err := tx.Refs("answer", "visit", visit)
	given := map[string]Answer{}
	for _, row := range standing(rows) {
		a := AnswerOf(row)
		if before, ok := given[a.key()]; !ok || before.Corrected <= a.Corrected {
			given[a.key()] = a
		}
	}
	return given, err
}

func (a Answer) key() string { return a.Version.String() + "/" + a.Question }

// begun returns the versions that the answers name, one for each checklist, in the order of their ids.
func begun(tx View, given map[string]Answer) (list []ChecklistVersion) {
	byChecklist := map[record.ID]ChecklistVersion{}
	for _, a := range given {
		row, err := tx.Row("checklist_version", a.Version)
		if err != nil || row == nil {
			continue // of a branch whose checklists are not here: the answer is kept all the same
		}
		v := ChecklistVersionOf(row)
		if other, ok := byChecklist[v.Checklist]; !ok || compareIDs(other.ID, v.ID) < 0 {
			byChecklist[v.Checklist] = v
		}
	}
	for _, v := range byChecklist {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b ChecklistVersion) int { return compareIDs(a.ID, b.ID) })
	return list
}

func fill(c Checklist, v ChecklistVersion, given map[string]Answer) Filled {
	f := Filled{Checklist: c, Version: v, Lines: []Line{}}
	questions, err := v.Questions()
	if err != nil {
		return f // no command writes such a version; a page shows it as empty
	}
	said := map[string]string{}
	for _, q := range questions {
		line := Line{Question: q}
		if a, ok := given[v.ID.String()+"/"+q.Key]; ok {
			line.Answer, said[q.Key] = &a, a.Text
		}
		must := q.Required == AskAlways || q.Required == AskWhen && said[q.When] == q.Is && said[q.When] != ""
		line.Due = must && line.Answer == nil
		f.Lines = append(f.Lines, line)
	}
	return f
}

// AnswerInput answers one question at a visit.
type AnswerInput struct {
	Job       record.ID
	Visit     record.ID // zero: the author's latest
	Checklist record.ID // may be zero where only one checklist of the visit has the question
	Question  string    // its key
	Text      string    // yes, no, a choice's code, or what there is to say
	Number    *int64    // thousandths
	Photos    []AttachmentInput
	Note      string
	At        Moment
}

// AnswerQuestion answers a question, or corrects the answer. Photos of an answer that is corrected count on. Codes:
// UnknownQuestion, BadAnswer, MissingPhoto, BadFile, CodeJobClosed, CodeSlipAudited, WrongState without a visit,
// fault.UnknownRow.
func AnswerQuestion(tx Tx, in AnswerInput) (record.ID, error) {
	job, err := unlockedJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	visit, err := visitAt(tx, in.Job, in.Visit)
	if err != nil {
		return record.ID{}, err
	}
	if visit.ID.IsZero() {
		return record.ID{}, fault.New(WrongState, "no visit of yours is under way: set out or arrive first")
	}
	version, line, err := asked(tx, visit.ID, in)
	if err != nil {
		return record.ID{}, err
	}
	photos, before := int64(len(in.Photos)), record.ID{}
	if line.Answer != nil {
		photos, before = photos+line.Answer.Photos, line.Answer.ID
	}
	if err := line.Question.fits(in, photos); err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": job.Get("branch"), "job": record.Ref(in.Job), "visit": record.Ref(visit.ID),
		"version": record.Ref(version), "question": record.Text(in.Question), "text": optional(in.Text),
		"photos": record.Number(photos), "note": optional(in.Note), "author": record.Ref(tx.Author()),
		"replaces": record.Ref(before),
	}
	if in.Number != nil {
		values["number"] = record.Number(*in.Number)
	}
	in.At.put(tx, values)
	id := tx.NewID()
	if err := insert(tx, "answer", id, values); err != nil {
		return record.ID{}, err
	}
	for _, p := range in.Photos {
		p.About = Row{"answer", id}
		if _, err := AddAttachment(tx, p); err != nil {
			return record.ID{}, err
		}
	}
	return id, nil
}

// asked returns the question that is meant, with the version that asks it.
func asked(tx Tx, visit record.ID, in AnswerInput) (version record.ID, line Line, err error) {
	filled, err := Filling(tx, visit)
	if err != nil {
		return version, line, err
	}
	found := 0
	for _, f := range filled {
		for _, l := range f.Lines {
			if l.Question.Key == in.Question && (in.Checklist.IsZero() || in.Checklist == f.Checklist.ID) {
				version, line, found = f.Version.ID, l, found+1
			}
		}
	}
	switch found {
	case 0:
		return version, line, fault.Newf(UnknownQuestion, "no checklist of this visit asks %s", in.Question)
	case 1:
		return version, line, nil
	}
	return version, line, fault.Newf(UnknownQuestion, "several checklists ask %s: say which one you mean", in.Question)
}

// fits refuses an answer that is none to the question.
func (q Question) fits(in AnswerInput, photos int64) error {
	bad := func(message string) error {
		return fault.Newf(BadAnswer, "the answer to %s does not fit: %v", q.Key, message)
	}
	switch q.Kind {
	case AskYesNo:
		if in.Text != Yes && in.Text != No {
			return bad("answer yes or no")
		}
	case AskText:
		if strings.TrimSpace(in.Text) == "" {
			return bad("say something")
		}
	case AskChoice:
		if !slices.ContainsFunc(q.Choices, func(c Choice) bool { return c.Code == in.Text }) {
			return bad("choose one of the answers that it offers")
		}
	case AskNumber:
		if in.Number == nil {
			return bad("it wants a number")
		}
		if q.Minimum != nil && *in.Number < *q.Minimum || q.Maximum != nil && *in.Number > *q.Maximum {
			return bad("the number must lie " + q.limits())
		}
	}
	if (q.Photo || q.Kind == AskPhoto) && photos == 0 {
		return fault.Newf(MissingPhoto, "%s: take a photo", q.Key)
	}
	return nil
}

func (q Question) limits() string {
	show := func(n int64) string { return Quantity{n, q.Unit}.String() }
	switch {
	case q.Minimum == nil:
		return "at or below " + show(*q.Maximum)
	case q.Maximum == nil:
		return "at or above " + show(*q.Minimum)
	}
	return fmt.Sprintf("between %s and %s", show(*q.Minimum), show(*q.Maximum))
}

// checkAnswered refuses to end a job at a visit that leaves questions open which must be answered: a helper's visit, and
// one after which somebody comes again, may. Codes: MissingAnswer.
func checkAnswered(tx Tx, s *stand) error {
	filled, err := filling(tx, s.job, s.visit.ID)
	if err != nil {
		return err
	}
	var open []string
	for _, f := range filled {
		for _, l := range f.Lines {
			if l.Due {
				open = append(open, Label(l.Question.Label, "en"))
			}
		}
	}
	if len(open) > 0 {
		return fault.Newf(MissingAnswer, "still to be answered: %s", strings.Join(open, ", "))
	}
	return nil
}
