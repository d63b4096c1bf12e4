package aftersales

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

func english(s string) map[string]string { return map[string]string{"en": s} }

func number(n int64) *int64 { return &n }

// questions is a question of every kind.
func questions() []Question {
	return []Question{
		{Key: "power_off", Kind: AskYesNo, Label: english("Power off?"), Required: AskAlways},
		{Key: "why_on", Kind: AskText, Label: english("Why not?"), Required: AskWhen, When: "power_off", Is: No},
		{Key: "pressure", Kind: AskNumber, Label: english("Pressure"), Minimum: number(1 * One), Maximum: number(6 * One), Unit: "bar"},
		{Key: "oil", Kind: AskChoice, Label: english("Oil"), Choices: []Choice{{"clean", english("Clean")}, {"dirty", english("Dirty")}}},
		{Key: "plate", Kind: AskPhoto, Label: english("Name plate")},
	}
}

// asking is a visit under way at which a checklist asks.
func asking(t teller) *world {
	w := newWorld(t)
	w.id(CreateChecklist(w, ChecklistInput{Name: english("Safety"), JobKind: "repair", Questions: questions()}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.as(w.wang)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	return w
}

func (w *world) answer(question, text string) error {
	return drop(AnswerQuestion(w, AnswerInput{Job: w.job, Question: question, Text: text}))
}

func (w *world) filled() []Filled {
	w.t.Helper()
	list, err := Filling(w, w.visitNow(w.wang).ID)
	w.ok(err)
	return list
}

func photo(digit string) AttachmentInput {
	return AttachmentInput{Kind: AttachPhoto, SHA256: strings.Repeat(digit, 64), Size: 9, MediaType: "image/jpeg"}
}

func TestAChecklistIsAnsweredCorrectedAndNothingIsLost(t *testing.T) {
	t.Parallel()
	w := asking(t)
	w.refused(MissingAnswer, Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}}))
	w.ok(w.answer("power_off", No))
	err := Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}})
	w.refused(MissingAnswer, err) // now it wants to know why
	contains(t, err.Error(), "Why not?")
	w.pass(1)
	w.ok(w.answer("power_off", Yes))
	w.ok(drop(AnswerQuestion(w, AnswerInput{Job: w.job, Question: "pressure", Number: number(6 * One)})))
	w.ok(w.answer("oil", "dirty"))
	w.ok(drop(AnswerQuestion(w, AnswerInput{Job: w.job, Question: "plate", Photos: []AttachmentInput{photo("a")}})))
	w.ok(drop(AnswerQuestion(w, AnswerInput{Job: w.job, Question: "plate", Note: "sharper", Photos: []AttachmentInput{photo("b")}})))
	if n := count(w, "answer"); n != 6 {
		t.Errorf("%d answers are kept, want 6: the corrected ones too", n)
	}
	if n := count(w, "attachment"); n != 2 {
		t.Errorf("%d photos", n)
	}
	lines := w.filled()[0].Lines
	if lines[0].Answer.Text != Yes || lines[4].Answer.Photos != 2 || lines[1].Due {
		t.Errorf("%+v", lines)
	}
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}}))
}

// A visit that began with one version goes on with it; the next visit is asked the new one.
func TestAVisitKeepsTheVersionItBeganWith(t *testing.T) {
	t.Parallel()
	w := asking(t)
	w.ok(w.answer("power_off", Yes))
	began := w.filled()[0].Version
	w.pass(1)
	w.as(w.office)
	newer := w.id(ReviseChecklist(w, ReviseChecklistInput{Checklist: began.Checklist, Questions: questions()[:1]}))
	w.as(w.wang)
	if now := w.filled(); len(now) != 1 || now[0].Version.ID != began.ID || len(now[0].Lines) != 5 {
		t.Fatalf("%+v", now)
	}
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "x"}, Outcome: OutcomeFollowUp, FollowUp: "part"}))
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	if now := w.filled(); len(now) != 1 || now[0].Version.ID != newer || now[0].Lines[0].Answer != nil {
		t.Fatalf("%+v", now)
	}
}

// A version that begins tomorrow asks nothing today.
func TestAChecklistBeginsOnItsDay(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.id(CreateChecklist(w, ChecklistInput{
		Name: english("Later"), JobKind: "repair", Questions: questions(), ValidFrom: w.now + dayMillis,
	}))
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	if now := w.filled(); len(now) != 0 {
		t.Fatalf("%+v", now)
	}
	w.now += dayMillis
	if now := w.filled(); len(now) != 1 {
		t.Fatalf("%+v", now)
	}
}

func TestChecklistsAskWhereTheyAreMeant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	crane := w.id(CreateProduct(w, ProductInput{Code: "CRANE"}))
	w.ok(w.Update("unit", w.unit, record.Values{"product": record.Ref(crane)}))
	other := w.id(CreateBranch(w, BranchInput{Code: "BJ", Name: "Beijing"}))
	mine := w.id(CreateChecklist(w, ChecklistInput{Name: english("crane"), Product: crane, Questions: questions()}))
	both := w.id(CreateChecklist(w, ChecklistInput{Name: english("both"), Product: crane, JobKind: "repair", Questions: questions()}))
	w.id(CreateChecklist(w, ChecklistInput{Name: english("install"), JobKind: "install", Questions: questions()}))
	w.id(CreateChecklist(w, ChecklistInput{Name: english("not so"), Product: crane, JobKind: "install", Questions: questions()}))
	w.id(CreateChecklist(w, ChecklistInput{Name: english("elsewhere"), Product: crane, Branch: other, Questions: questions()}))
	old := w.id(CreateChecklist(w, ChecklistInput{Name: english("old"), Product: crane, Questions: questions()}))
	w.ok(Archive(w, ArchiveInput{"checklist", old, "replaced"}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.ok(Arrive(w.as(w.wang), VisitInput{Job: w.job}))
	var asked []record.ID
	for _, f := range w.filled() {
		asked = append(asked, f.Checklist.ID)
	}
	if len(asked) != 2 || !slices.Contains(asked, mine) || !slices.Contains(asked, both) {
		t.Fatalf("%v ask", asked)
	}
	w.refused(UnknownQuestion, w.answer("power_off", Yes)) // which of the two?
	w.ok(drop(AnswerQuestion(w, AnswerInput{Job: w.job, Checklist: both, Question: "power_off", Text: Yes})))
}

func TestQuestionsThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, list := range map[string][]Question{
		"none":             {},
		"no key":           {{Kind: AskText, Label: english("x")}},
		"twice":            {{Key: "a", Kind: AskText, Label: english("x")}, {Key: "a", Kind: AskText, Label: english("y")}},
		"no kind":          {{Key: "a", Kind: "riddle", Label: english("x")}},
		"no text":          {{Key: "a", Kind: AskText}},
		"no choice":        {{Key: "a", Kind: AskChoice, Label: english("x"), Choices: []Choice{{Code: "one"}}}},
		"the same choices": {{Key: "a", Kind: AskChoice, Label: english("x"), Choices: []Choice{{Code: "one"}, {Code: "one"}}}},
		"no room":          {{Key: "a", Kind: AskNumber, Label: english("x"), Minimum: number(2), Maximum: number(1)}},
		"now and then":     {{Key: "a", Kind: AskText, Label: english("x"), Required: "sometimes"}},
		"hangs on nothing": {{Key: "a", Kind: AskText, Label: english("x"), Required: AskWhen, When: "b"}},
	} {
		if err := drop(CreateChecklist(w, ChecklistInput{Name: english("x"), JobKind: "repair", Questions: list})); fault.CodeOf(err) != BadQuestion {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Whatever is answered, in whatever order: the number of rows is that of the answers given, each question shows its
// last, and no refused answer leaves a trace.
func TestAnswersAreNeverLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := asking(r)
		last, given := map[string]string{}, 0
		for range rapid.IntRange(1, 20).Draw(r, "steps") {
			key := rapid.SampledFrom([]string{"power_off", "why_on", "oil"}).Draw(r, "question")
			text := rapid.SampledFrom([]string{Yes, No, "clean", "dirty", ""}).Draw(r, "text")
			w.pass(rapid.Int64Range(0, 1).Draw(r, "minutes"))
			if w.answer(key, text) == nil {
				last[key], given = text, given+1
			}
		}
		if n := count(w, "answer"); n != given {
			r.Fatalf("%d rows of %d answers", n, given)
		}
		for _, l := range w.filled()[0].Lines {
			if a := l.Answer; a != nil && a.Text != last[l.Question.Key] || a == nil && last[l.Question.Key] != "" {
				r.Fatalf("%s: %+v, want %s", l.Question.Key, a, last[l.Question.Key])
			}
		}
	})
}
