package aftersales

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/record"
)

// solved is a company where a job on a crane was done, with its cure written down.
func solved(t teller) *world {
	w := newWorld(t)
	crane := w.id(CreateProduct(w, ProductInput{Code: "CRANE"}))
	w.ok(w.Update("unit", w.unit, record.Values{"product": record.Ref(crane)}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.as(w.wang)
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{
		Job: w.job, Finding: "液压缸漏油", FaultCode: "leak", Solution: "Replace the seal ring 更换密封圈",
	}}))
	return w.as(record.ID{})
}

// another does one more job on the same machine.
func (w *world) another(solution string) record.ID {
	w.t.Helper()
	w.as(w.office)
	w.job = w.id(CreateJob(w, JobInput{Unit: w.unit, Title: "Leaks again"}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.as(w.wang)
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, FaultCode: "leak", Solution: solution}}))
	w.as(record.ID{})
	return w.job
}

func TestKnowledgeGrowsFromJobsThatAreDone(t *testing.T) {
	t.Parallel()
	w := solved(t)
	id := w.id(LearnFrom(w, w.job))
	if again := w.id(LearnFrom(w, w.job)); again != id {
		t.Error("learned twice")
	}
	s := SolutionOf(w.get("solution", id))
	if s.State != SolutionSuggested || s.Uses != 1 || s.Source != w.job || !strings.Contains(s.Symptom, "漏油") {
		t.Fatalf("%+v", s)
	}
	if same := w.id(LearnFrom(w, w.another("replace the SEAL RING, 更换密封圈"))); same != id {
		t.Error("the same words are another solution")
	}
	if other := w.id(LearnFrom(w, w.another("Tighten the screws"))); other == id {
		t.Error("other words are the same solution")
	}
	if none := w.id(LearnFrom(w, w.another(""))); !none.IsZero() {
		t.Error("nothing was said, and something was learned")
	}
	if n := SolutionOf(w.get("solution", id)).Uses; n != 2 {
		t.Errorf("used %d times", n)
	}
}

// A technician says which one helped: that one is counted, and nothing new suggested.
func TestASolutionThatHelpedIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := w.id(PutSolution(w, SolutionInput{FaultCode: "leak", Solution: "New seal"}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.as(w.wang)
	w.id(UseSolution(w, UseSolutionInput{Job: w.job, Solution: known, Helped: true}))
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "as the book says"}}))
	if id := w.id(LearnFrom(w, w.job)); id != known || SolutionOf(w.get("solution", known)).Uses != 1 || count(w, "solution") != 1 {
		t.Error("it was not counted")
	}
	w.permittedUse()
}

func (w *world) permittedUse() {
	if len(Schema.Table("solution").Rights) > 0 {
		w.t.Fatal("devices may write solutions")
	}
}

func TestSolutionsRankedByModelFaultAndWords(t *testing.T) {
	t.Parallel()
	w := solved(t)
	learned := w.id(LearnFrom(w, w.job))
	other := w.id(PutSolution(w, SolutionInput{FaultCode: "leak", Title: "Any leak", Solution: "Clean the drain"}))
	retired := w.id(PutSolution(w, SolutionInput{FaultCode: "leak", Solution: "Seal with gum", State: SolutionRetired}))
	text := w.id(PutSolution(w, SolutionInput{Solution: "噪音来自轴承"}))
	rank := func(q SolutionQuery) (ids []record.ID) {
		list, err := Solutions(w, q)
		w.ok(err)
		for _, r := range list {
			ids = append(ids, r.ID)
		}
		return ids
	}
	if got := rank(SolutionQuery{Unit: w.unit, FaultCode: "leak", Text: "漏油"}); !slices.Equal(got, []record.ID{learned, other}) {
		t.Errorf("%v", got)
	}
	if got := rank(SolutionQuery{FaultCode: "leak", Text: "drain"}); len(got) != 2 || got[0] != other || slices.Contains(got, retired) {
		t.Errorf("%v", got)
	}
	if got := rank(SolutionQuery{Text: "噪音", Found: []record.ID{text}}); !slices.Equal(got, []record.ID{text}) {
		t.Errorf("%v", got)
	}
	if got := rank(SolutionQuery{}); len(got) != 0 {
		t.Errorf("nothing is asked, and %v answer", got)
	}
}

func TestWordsOfTwoCharacters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"噪音":            {"噪音"},
		"液压缸漏油":         {"压缸", "液压", "漏油", "缸漏"},
		"Seal 密封圈 E-77": {"77", "e", "seal", "密封", "封圈"},
		"油":             {"油"},
		" ,. ":          nil,
	} {
		slices.Sort(want)
		if got := tokens(text); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// Words are found whatever stands around them, and their order does not matter.
func TestTokensOfAWholeHoldThoseOfItsParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9]{1,6}|[噪音漏油密封]{2,4}`), 1, 6).Draw(r, "words")
		whole := tokens(strings.Join(words, " "))
		for _, word := range words {
			for _, piece := range tokens(word) {
				if !slices.Contains(whole, piece) {
					r.Fatalf("%q is not in %q", piece, whole)
				}
			}
		}
	})
}

func TestADocumentAndItsNewEdition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	crane := w.id(CreateProduct(w, ProductInput{Code: "CRANE"}))
	in := DocumentInput{Kind: DocumentManual, Title: english("Manual"), Product: crane, SHA256: strings.Repeat("A", 64), Size: 9, MediaType: "application/pdf"}
	in.Replaces = w.id(AddDocument(w, in))
	second := w.id(AddDocument(w, in))
	list, err := DocumentsOf(w, crane)
	w.ok(err)
	if len(list) != 1 || list[0].ID != second || list[0].SHA256 != strings.Repeat("a", 64) {
		t.Fatalf("%+v", list)
	}
}

// knowledgeRefusals is every way to be refused with knowledge.
var knowledgeRefusals = []refusal{
	{MissingText, "a solution of nothing", newWorld, func(w *world) error { return drop(PutSolution(w, SolutionInput{})) }},
	{UnknownCode, "a solution for gremlins", newWorld, func(w *world) error {
		return drop(PutSolution(w, SolutionInput{Solution: "x", FaultCode: "gremlins"}))
	}},
	{UnknownCode, "a solution in no state", newWorld, func(w *world) error {
		return drop(PutSolution(w, SolutionInput{Solution: "x", State: "dreamt"}))
	}},
	{CodeJobClosed, "used on a closed job", closed, func(w *world) error {
		return drop(UseSolution(w, UseSolutionInput{Job: w.job, Solution: nobody}))
	}},
	{MissingText, "a document without a title", newWorld, func(w *world) error { return drop(AddDocument(w, DocumentInput{Kind: DocumentManual})) }},
	{MissingText, "an empty document", newWorld, func(w *world) error {
		return drop(AddDocument(w, DocumentInput{Kind: DocumentManual, Title: english("x")}))
	}},
	{UnknownCode, "a document of no kind", newWorld, func(w *world) error {
		return drop(AddDocument(w, DocumentInput{Title: english("x"), Text: "y"}))
	}},
	{BadFile, "a document without a size", newWorld, func(w *world) error {
		return drop(AddDocument(w, DocumentInput{Kind: DocumentManual, Title: english("x"), SHA256: strings.Repeat("a", 64)}))
	}},
}
