package aftersales

import (
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// importRefusals is every way to be refused with imports and programs' calls.
var importRefusals = []refusal{
	{KeyReused, "a key of another request", newWorld, func(w *world) error {
		id := APICallID(w.wang, "k")
		w.ok(NoteCall(w, APICall{ID: id, Request: "a", Status: 201}))
		return drop(Once(w, id, "b"))
	}},
	{WrongState, "an import that was undone", newWorld, func(w *world) error {
		in := ImportInput{ID: w.NewID(), Kind: "jobs", Name: "a.csv"}
		w.ok(BeginImport(w, in))
		w.ok(EndUndo(w, in.ID, 1, 0))
		return BeginImport(w, in)
	}},
	{fault.UnknownRow, "the end of no import", newWorld, func(w *world) error { return EndImport(w, w.NewID(), ImportCounts{}) }},
	{fault.UnknownRow, "a row that is not there", newWorld, func(w *world) error { return TakeBack(w, Row{"part", w.NewID()}) }},
}

func TestAnImportIsBegunOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := ImportInput{ID: w.NewID(), Kind: "jobs", Name: "a.csv"}
	w.ok(BeginImport(w, in))
	w.ok(BeginImport(w, in))
	w.ok(NoteImported(w, in.ID, 2, Row{"job", w.job}, ImportMade))
	w.ok(EndImport(w, in.ID, ImportCounts{Made: 1, Refused: 2}))
	row, err := w.Row("import", in.ID)
	w.ok(err)
	if got := ImportOf(row); got.State != ImportDone || got.Made != 1 || got.Refused != 2 {
		t.Errorf("%+v", got)
	}
	lines, err := w.Refs("import_line", "import", in.ID)
	if w.ok(err); len(lines) != 1 || lines[0].Get("about") != record.AnyRef(record.Key{Table: Schema.Table("job").ID, ID: w.job}) {
		t.Errorf("%+v", lines)
	}
	w.ok(TakeBack(w, Row{"job", w.job}))
	if gone, err := w.Row("job", w.job); err != nil || gone != nil {
		t.Errorf("%v %v", gone, err)
	}
}

// A call that was made is answered the same again.
func TestACallIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := APICallID(w.wang, "k")
	if made, err := Once(w, id, "a"); made != nil || err != nil {
		t.Fatal(made, err)
	}
	w.ok(NoteCall(w, APICall{ID: id, Request: "a", Status: 201, Result: "x"}))
	if made, err := Once(w, id, "a"); err != nil || made == nil || made.Status != 201 || made.Result != "x" {
		t.Errorf("%+v %v", made, err)
	}
}
