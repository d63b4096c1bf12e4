package aftersales

import (
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// What was said is corrected by saying it again, and taken back by saying why: whoever reads the job reads the last word,
// where and when the first stood.
func TestACommentIsCorrectedAndTakenBack(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	first := w.as(w.wang).id(AddComment(w, CommentInput{About: Row{"job", w.job}, Text: "pump is fine"}))
	w.pass(10)
	w.id(AddNote(w, w.job, "came back"))
	said := func() (list []string) {
		t.Helper()
		rows, err := CommentsOn(w, w.job)
		w.ok(err)
		job, err := ReadJob(w, w.job)
		if w.ok(err); len(job.Comments) != len(rows) {
			t.Errorf("the job has %d comments, of which %d stand", len(job.Comments), len(rows))
		}
		for _, row := range rows {
			list = append(list, CommentOf(row).Kind+" "+CommentOf(row).Text)
		}
		return list
	}
	next := w.as(w.office).id(CorrectComment(w, first, "pump is worn"))
	if got := said(); len(got) != 2 || got[0] != "message pump is worn" || got[1] != "note came back" {
		t.Errorf("%q", got)
	}
	w.id(TakeBackComment(w, next, "another customer's"))
	if got := said(); len(got) != 1 || got[0] != "note came back" {
		t.Errorf("%q", got)
	}
}

// Who works on a phone corrects what he said himself; what a colleague said, the office corrects, where somebody may.
func TestAPhoneCorrectsItsOwnCommentsOnly(t *testing.T) {
	t.Parallel()
	for author, code := range map[string]fault.Code{"wang": "", "li": fault.NotAllowed} {
		w := assigned(t)
		w.ok(drop(AssignJob(w, AssignInput{Job: w.job, Person: w.li})))
		said := w.as(map[string]record.ID{"wang": w.wang, "li": w.li}[author]).id(AddNote(w, w.job, "x"))
		w.as(w.wang)
		d := w.review(w.change(record.Insert, "comment", nobody, record.Values{
			"about": Row{"job", w.job}.Value(), "job": record.Ref(w.job), "kind": record.Text(CommentNote), "text": record.Text("y"),
			"author": record.Ref(w.wang), "replaces": record.Ref(said), "occurred": record.Instant(w.now), "corrected": record.Instant(w.now),
		}))
		if got := fault.CodeOf(refusalOf(d)); got != code {
			t.Errorf("%s's comment: %q", author, got)
		}
	}
}
