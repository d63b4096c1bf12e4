package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of an import.
const (
	ImportRunning = "running" // or stopped half-way: run again, it goes on behind what is in
	ImportDone    = "done"
	ImportUndone  = "undone"
)

// What an import did to a row.
const (
	ImportMade    = "made"
	ImportChanged = "changed"
)

// An import is one file that was taken in: it stays on the hub, with a line for each row that it made or changed, so
// that it can be undone.
var importTable = &schema.Table{
	ID: 220, Name: "import",
	Columns: slices.Concat(branch(fixed), []schema.Column{
		text(1, "kind", required, fixed), // of file: "jobs"
		text(2, "name", required, fixed), // of the file
		text(3, "system", fixed),         // where it comes from: keeps what two systems number alike apart
		ref(4, "author", "person", fixed),
		enum(5, "state", []string{ImportRunning, ImportDone, ImportUndone}, required),
		instant(6, "begun_at", indexed, fixed),
		instant(7, "ended_at"),
		integer(8, "made"), // rows of the file, as the next three
		integer(9, "changed"),
		integer(10, "same"),
		integer(11, "refused"),
		integer(12, "removed"), // rows that undoing it took away
		integer(13, "stayed"),  // rows that it left, since somebody had touched them
	}),
	Buckets: []schema.Bucket{in(OfficeBucket, "id")},
}

// An import line says what an import did to a row, in the change set that did it.
var importLineTable = &schema.Table{
	ID: 222, Name: "import_line", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "import", "import", required, fixed),
		integer(2, "line"), // of the file
		anyRef(3, "about", required),
		enum(4, "did", []string{ImportMade, ImportChanged}, required),
	}),
	Buckets: []schema.Bucket{in(OfficeBucket, "import")},
}

// Import is a row of the table import.
type Import struct {
	ID      record.ID `json:"id"`
	Branch  record.ID `json:"branch"`
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	System  string    `json:"system"`
	Author  record.ID `json:"author"`
	State   string    `json:"state"`
	BegunAt int64     `json:"begun_at"`
	EndedAt int64     `json:"ended_at"`
	Made    int64     `json:"made"`
	Changed int64     `json:"changed"`
	Same    int64     `json:"same"`
	Refused int64     `json:"refused"`
	Removed int64     `json:"removed"`
	Stayed  int64     `json:"stayed"`
}

// ImportOf returns the row as an Import; the zero Import for nil.
func ImportOf(r *record.Row) Import { return view[Import](r) }

// ImportInput says which file is taken in.
type ImportInput struct {
	ID     record.ID
	Branch record.ID
	Kind   string
	Name   string
	System string
}

// BeginImport notes that a file is being taken in; once more is no matter. Codes: WrongState for one that was undone.
func BeginImport(tx Tx, in ImportInput) error {
	row, err := tx.Row("import", in.ID)
	switch {
	case err != nil:
		return err
	case row == nil:
		return insert(tx, "import", in.ID, record.Values{
			"branch": record.Ref(in.Branch), "kind": record.Text(in.Kind), "name": record.Text(in.Name),
			"system": optional(in.System), "author": record.Ref(tx.Author()), "state": record.Text(ImportRunning),
			"begun_at": record.Instant(tx.Now()),
		})
	case ImportOf(row).State == ImportUndone:
		return fault.New(WrongState, "this import was undone: send the file again")
	case ImportOf(row).State == ImportRunning:
		return nil
	}
	return tx.Update("import", in.ID, record.Values{"state": record.Text(ImportRunning)})
}

// ImportCounts are what became of a file's rows.
type ImportCounts struct{ Made, Changed, Same, Refused int }

// EndImport notes that all of a file was taken in. Codes: fault.UnknownRow.
func EndImport(tx Tx, id record.ID, n ImportCounts) error {
	if _, err := need(tx, "import", id); err != nil {
		return err
	}
	return tx.Update("import", id, record.Values{
		"state": record.Text(ImportDone), "ended_at": record.Instant(tx.Now()), "made": record.Number(int64(n.Made)),
		"changed": record.Number(int64(n.Changed)), "same": record.Number(int64(n.Same)), "refused": record.Number(int64(n.Refused)),
	})
}

// NoteImported notes what an import did to a row, for the line of its file.
func NoteImported(tx Tx, id record.ID, line int, about Row, did string) error {
	return insert(tx, "import_line", tx.NewID(), record.Values{
		"import": record.Ref(id), "line": record.Number(int64(line)), "about": about.Value(), "did": record.Text(did),
	})
}

// EndUndo notes that an import was undone: how many rows went, and how many stayed. Codes: fault.UnknownRow.
func EndUndo(tx Tx, id record.ID, removed, stayed int) error {
	if _, err := need(tx, "import", id); err != nil {
		return err
	}
	return tx.Update("import", id, record.Values{
		"state": record.Text(ImportUndone), "removed": record.Number(int64(removed)), "stayed": record.Number(int64(stayed)),
	})
}

// TakeBack takes an imported row away again: it is deleted; a movement of stock, which nothing deletes, is corrected to
// nothing. Codes: WrongState for a movement that was corrected already, fault.UnknownRow.
func TakeBack(tx Tx, about Row) error {
	row, err := need(tx, about.Table, about.ID)
	if err != nil {
		return err
	}
	if about.Table == "movement" {
		_, err := CorrectMovement(tx, CorrectInput{Movement: row.ID, Note: "the import was undone"})
		return err
	}
	return tx.Delete(about.Table, about.ID)
}
