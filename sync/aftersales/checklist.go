package aftersales

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A checklist is a list of questions that a visit answers. It is its versions: it asks at every visit of a kind of job,
// on machines of a model, or, where both are given, at those that are both.
var checklistTable = &schema.Table{
	ID: 183, Name: "checklist", Class: schema.ClassWork,
	Columns: slices.Concat(branch(), []schema.Column{
		translated(1, "name", searchable),
		ref(2, "job_kind", "code", fixed), // an entry of the code list "job_kind"
		ref(3, "product", "product", fixed),
		text(4, "note"),
	}, archive()),
	Buckets: shared(),
}

// A checklist version is what a checklist asks from a moment on. It is never edited: each answer names the one it used.
var checklistVersionTable = &schema.Table{
	ID: 184, Name: "checklist_version", Mode: schema.Ledger, Class: schema.ClassWork,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "checklist", "checklist", required, fixed),
		instant(2, "valid_from", required),
		long(64<<10, text(3, "questions", required)), // JSON: a list of Question
		ref(4, "author", "person"),
	}),
	Buckets: shared(),
}

// The kinds of question.
const (
	AskYesNo  = "yes_no"
	AskText   = "text"
	AskNumber = "number"
	AskChoice = "choice"
	AskPhoto  = "photo"
)

var questionKinds = []string{AskYesNo, AskText, AskNumber, AskChoice, AskPhoto}

// The answers to a question with yes or no.
const (
	Yes = "yes"
	No  = "no"
)

// When a question must be answered before the visit completes.
const (
	AskAlways    = "always"
	AskWhen      = "when" // another question has a certain answer
	AskIfYouLike = "never"
)

// Question is one question of a checklist's version.
type Question struct {
	Key      string            `json:"key"` // names it in all versions
	Kind     string            `json:"kind"`
	Label    map[string]string `json:"label"`              // by language tag
	Required string            `json:"required,omitempty"` // "": AskIfYouLike
	When     string            `json:"when,omitempty"`     // for AskWhen: the key of the other question ...
	Is       string            `json:"is,omitempty"`       // ... and its answer
	Minimum  *int64            `json:"minimum,omitempty"`  // of a number, in thousandths
	Maximum  *int64            `json:"maximum,omitempty"`
	Unit     string            `json:"unit,omitempty"` // of a number
	Choices  []Choice          `json:"choices,omitempty"`
	Photo    bool              `json:"photo,omitempty"` // an answer needs a photo, whatever its kind
}

// Choice is one of the answers that a question offers.
type Choice struct {
	Code  string            `json:"code"`
	Label map[string]string `json:"label"`
}

// BadQuestion says that a checklist cannot be asked so.
const BadQuestion fault.Code = "bad_question"

// Checklist is a row of the table checklist.
type Checklist struct {
	ID         record.ID         `json:"id"`
	Branch     record.ID         `json:"branch"`
	Name       map[string]string `json:"name"`
	JobKind    record.ID         `json:"job_kind"` // CodeID(ListJobKind, ...)
	Product    record.ID         `json:"product"`
	Note       string            `json:"note"`
	ArchivedAt int64             `json:"archived_at"`
}

// ChecklistOf returns the row as a Checklist; the zero Checklist for nil.
func ChecklistOf(r *record.Row) Checklist { return view[Checklist](r) }

// ChecklistVersion is a row of the table checklist_version.
type ChecklistVersion struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Checklist record.ID `json:"checklist"`
	ValidFrom int64     `json:"valid_from"`
	Encoded   string    `json:"questions"`
	Author    record.ID `json:"author"`
}

// ChecklistVersionOf returns the row as a ChecklistVersion; the zero ChecklistVersion for nil.
func ChecklistVersionOf(r *record.Row) ChecklistVersion { return view[ChecklistVersion](r) }

// Questions returns what the version asks, in order. The error is that of its JSON.
func (v ChecklistVersion) Questions() (list []Question, err error) {
	err = json.Unmarshal([]byte(v.Encoded), &list)
	return list, err
}

// ChecklistInput says what a new checklist asks, and where.
type ChecklistInput struct {
	ID        record.ID // zero: a fresh one
	Branch    record.ID // zero: the whole company's
	Name      map[string]string
	JobKind   string    // of the list "job_kind"; "" any
	Product   record.ID // zero: any
	Note      string
	ValidFrom int64 // ms UTC; 0: now
	Questions []Question
}

// CreateChecklist makes a checklist with its first version. Codes: MissingText without a name, UnknownCode, BadQuestion
// for bad questions and for one that says neither kind nor product, fault.UnknownRow.
func CreateChecklist(tx Tx, in ChecklistInput) (record.ID, error) {
	if _, err := textFor("the checklist's name", Label(in.Name, "en")); err != nil {
		return record.ID{}, err
	}
	if in.JobKind == "" && in.Product.IsZero() {
		return record.ID{}, fault.New(BadQuestion, "say for which kind of job, or for which model, the checklist is")
	}
	if err := checkCode(tx, ListJobKind, in.JobKind); err != nil {
		return record.ID{}, err
	}
	if _, err := needIf(tx, "product", in.Product); err != nil {
		return record.ID{}, err
	}
	id := fresh(tx, in.ID)
	values := record.Values{
		"branch": record.Ref(in.Branch), "product": record.Ref(in.Product), "note": optional(in.Note),
	}
	if in.JobKind != "" {
		values["job_kind"] = record.Ref(CodeID(ListJobKind, in.JobKind))
	}
	addTexts(values, "name", in.Name)
	if err := insert(tx, "checklist", id, values); err != nil {
		return record.ID{}, err
	}
	_, err := ReviseChecklist(tx, ReviseChecklistInput{Checklist: id, ValidFrom: in.ValidFrom, Questions: in.Questions})
	return id, err
}

// ReviseChecklistInput says what a checklist asks from a moment on.
type ReviseChecklistInput struct {
	Checklist record.ID
	ValidFrom int64 // ms UTC; 0: now
	Questions []Question
	Seen      int // how many versions its author had seen; see checkSeen
}

// ReviseChecklist gives a checklist a new version, and returns its id; visits that have begun to answer an earlier one
// go on with that. Codes: BadQuestion, NotSeen, PolicyBackdated for one that would begin in the past where another was in
// force, fault.UnknownRow.
func ReviseChecklist(tx Tx, in ReviseChecklistInput) (record.ID, error) {
	row, err := need(tx, "checklist", in.Checklist)
	if err != nil {
		return record.ID{}, err
	}
	if err := checkSeen(tx, "checklist_version", "checklist", row.ID, in.Seen); err != nil {
		return record.ID{}, err
	}
	if err := checkQuestions(in.Questions); err != nil {
		return record.ID{}, err
	}
	if err := in.checkPast(tx); err != nil {
		return record.ID{}, err
	}
	encoded, err := json.Marshal(in.Questions)
	if err != nil {
		return record.ID{}, fault.Wrap(BadQuestion, "these questions cannot be kept", err)
	}
	id := tx.NewID()
	return id, insert(tx, "checklist_version", id, record.Values{
		"branch": row.Get("branch"), "checklist": record.Ref(row.ID),
		"valid_from": record.Instant(cmp.Or(in.ValidFrom, tx.Now())), "questions": record.Text(string(encoded)),
		"author": record.Ref(tx.Author()),
	})
}

// checkPast refuses a version that begins in the past where another was in force: visits went by that.
func (in ReviseChecklistInput) checkPast(tx Tx) error {
	if in.ValidFrom == 0 || in.ValidFrom >= tx.Now() {
		return nil
	}
	then, err := VersionAt(tx, in.Checklist, in.ValidFrom)
	if err == nil && !then.ID.IsZero() {
		err = fault.New(PolicyBackdated, "visits were asked by the version of that time: let the new one begin now or later")
	}
	return err
}

func checkQuestions(list []Question) error {
	if len(list) == 0 {
		return fault.New(BadQuestion, "a checklist asks something")
	}
	earlier := map[string]bool{}
	for _, q := range list {
		if problem := q.problem(earlier); problem != "" {
			return fault.Newf(BadQuestion, "question %s: %v", cmp.Or(q.Key, "without a key"), problem)
		}
		earlier[q.Key] = true
	}
	return nil
}

// problem says why the question cannot be asked after the earlier ones, "" if it can.
func (q Question) problem(earlier map[string]bool) string {
	choices := map[string]bool{"": true}
	for _, c := range q.Choices {
		if choices[c.Code] {
			return "its choices need different codes"
		}
		choices[c.Code] = true
	}
	switch {
	case strings.TrimSpace(q.Key) == "" || earlier[q.Key]:
		return "every question needs a key of its own"
	case !slices.Contains(questionKinds, q.Kind):
		return "it is of no kind that there is"
	case Label(q.Label, "en") == "":
		return "it asks nothing"
	case q.Kind == AskChoice && len(q.Choices) < 2:
		return "a choice needs two answers to choose from"
	case q.Minimum != nil && q.Maximum != nil && *q.Minimum > *q.Maximum:
		return "its limits leave nothing between them"
	case !slices.Contains([]string{"", AskIfYouLike, AskAlways, AskWhen}, q.Required):
		return "when must it be answered: always, when, or never?"
	case q.Required == AskWhen && !earlier[q.When]:
		return "it hangs on a question that does not come before it"
	}
	return ""
}

// VersionAt returns the version of the checklist in force at a moment (ms UTC): the one that began last; the zero
// version before the first.
func VersionAt(tx View, checklist record.ID, at int64) (in ChecklistVersion, err error) {
	rows, err := tx.Refs("checklist_version", "checklist", checklist)
	for _, row := range rows {
		if v := ChecklistVersionOf(row); v.ValidFrom <= at && v.ValidFrom >= in.ValidFrom {
			in = v
		}
	}
	return in, err
}

// checklistsFor returns the checklists in use that ask at visits of this job.
func checklistsFor(tx View, job Job) (list []Checklist, err error) {
	kind, product := CodeID(ListJobKind, job.Kind), record.ID{}
	unit, err := tx.Row("unit", job.Unit)
	if err != nil {
		return nil, err
	}
	if unit != nil {
		product = unit.Get("product").Ref()
	}
	ofKind, err := tx.Refs("checklist", "job_kind", kind)
	if err != nil {
		return nil, err
	}
	rows := ofKind
	if !product.IsZero() {
		ofProduct, err := tx.Refs("checklist", "product", product)
		if err != nil {
			return nil, err
		}
		rows = append(slices.Clone(ofKind), ofProduct...)
	}
	for _, row := range rows {
		c := ChecklistOf(row)
		asks := c.ArchivedAt == 0 && (c.Branch.IsZero() || c.Branch == job.Branch) &&
			(c.JobKind.IsZero() || c.JobKind == kind) && (c.Product.IsZero() || c.Product == product)
		if asks && !slices.ContainsFunc(list, func(other Checklist) bool { return other.ID == c.ID }) {
			list = append(list, c)
		}
	}
	return list, nil
}
