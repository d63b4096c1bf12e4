package admin

import (
	"cmp"
	"errors"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/words"
)

var solutionStates = []string{aftersales.SolutionSuggested, aftersales.SolutionApproved, aftersales.SolutionRetired}

// Solutions are what cures which fault: suggested by jobs that are done, tidied up by people.
var Solutions = &Noun{
	URL: solutionsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "solution", ID: "s.id", Where: "s._del = 0 AND +s.merged_into IS NULL", Order: "-uses",
			From: "solution s LEFT JOIN product m ON m.id = s.product LEFT JOIN code c ON c.id = s.fault",
			Columns: []list.Column{
				{Name: "title", SQL: "coalesce(s.title, substr(s.solution, 1, 80))", Ref: "s.id", URL: solutionsURL + "/", Fixed: true},
				{Name: "state", SQL: "s.state", Kind: list.Code, Codes: "solution.state", Fixed: true},
				{Name: "product", SQL: "m.code", Ref: "s.product", URL: productsURL + "/", Fixed: true},
				{Name: "fault", SQL: "c.label", Kind: list.Translated, Fixed: true},
				{Name: "solution", SQL: "substr(s.solution, 1, 160)", Fixed: true},
				{Name: "uses", SQL: "s.uses", Kind: list.Number},
				{Name: "last_used_at", SQL: "s.last_used_at", Kind: list.Instant},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("solution", "s.id", "product", "s.product")},
				{Name: "state", Test: list.OneOf, Where: "s.state", Codes: solutionStates, Names: "solution.state"},
				archived("s"),
			},
			Indexes: []string{
				`CREATE INDEX IF NOT EXISTS "solution.uses,id" ON solution(uses, id)`,
				`CREATE INDEX IF NOT EXISTS "solution.last_used_at,id" ON solution(last_used_at, id)`,
			},
		},
		URL: solutionsURL, Title: "Solutions", New: solutionsURL + "/new", Make: "Write one down", Need: auth.EditKnowledge,
		Empty: "What cured which fault will stand here. It grows by itself: every job that is done suggests what helped, and somebody tidies it up.",
	},
	One: &Detail{
		Table: "solution", URL: solutionsURL, Form: solutionForm, Edit: auth.EditKnowledge, State: "state",
		Facts: []string{"product", "fault", "uses", "last_used_at", "source", "merged_into", "archived_reason"}, Texts: []string{"symptom", "solution", "note"},
		Sections: []sectionOf{{table: "solution_use", via: "solution", columns: []string{"job", "helped", "author", "corrected"}, latest: 20}},
	},
	Deeds: []*Deed{
		tidied("approve", "Approve", "Approved.", aftersales.SolutionApproved), tidied("retire", "Retire it", "Retired. It is suggested to nobody any more.", aftersales.SolutionRetired),
		joinDeed("solution", auth.EditKnowledge), partDeed("solution", auth.EditKnowledge),
		archiveDeed("solution", auth.EditKnowledge), unarchiveDeed("solution", auth.EditKnowledge),
	},
}

// tidied is the deed that gives a solution another state, and leaves the rest of it as it is.
func tidied(name, title, done, state string) *Deed {
	return &Deed{
		Name: name, Title: title, Done: done, Cause: aftersales.CauseSolution, Need: auth.EditKnowledge,
		Fits: func(row *record.Row) bool { return row.Get("state").Text() != state },
		Do: func(tx aftersales.Tx, row *record.Row, _ record.Values) error {
			s := aftersales.SolutionOf(row)
			fault, err := codeOfFault(tx, s.Fault)
			if err != nil {
				return err
			}
			_, err = aftersales.PutSolution(tx, aftersales.SolutionInput{
				ID: s.ID, Product: s.Product, FaultCode: fault, Title: s.Title, Symptom: s.Symptom, Solution: s.Solution, State: state, Note: s.Note,
			})
			return err
		},
	}
}

func codeOfFault(tx aftersales.Tx, id record.ID) (string, error) {
	if id.IsZero() {
		return "", nil
	}
	row, err := tx.Row("code", id)
	return aftersales.CodeOf(row).Code, err
}

var solutionForm = &Form{
	Table: "solution", Columns: []string{"title", "product", "fault", "symptom", "solution", "note"},
	Needed: []string{"title", "solution"},
	URL:    solutionsURL, New: "Write a solution down", Edit: "Tidy up %s", Make: "Write it down", Made: "Written down.",
	Cause: aftersales.CauseSolution,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		fault, err := codeOfFault(tx, v["fault"].Ref())
		if err != nil {
			return record.ID{}, err
		}
		return aftersales.PutSolution(tx, aftersales.SolutionInput{
			Product: v["product"].Ref(), FaultCode: fault, Title: v["title"].Text(), Symptom: v["symptom"].Text(), Solution: v["solution"].Text(), Note: v["note"].Text(),
		})
	},
}

var documentKinds = []string{aftersales.DocumentManual, aftersales.DocumentProcedure, aftersales.DocumentBulletin, aftersales.DocumentTraining}

// Documents are manuals, procedures and bulletins, by text.
var Documents = &Noun{
	URL: documentsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "document", ID: "d.id", Where: "d._del = 0", Order: "kind", From: "document d LEFT JOIN product m ON m.id = d.product",
			Columns: []list.Column{
				{Name: "title", SQL: "d.title", Kind: list.Translated, Ref: "d.id", URL: documentsURL + "/", Fixed: true},
				{Name: "kind", SQL: "d.kind", Kind: list.Code, Codes: "document.kind"},
				{Name: "product", SQL: "m.code", Ref: "d.product", URL: productsURL + "/", Fixed: true},
				{Name: "edition", SQL: "d.edition", Fixed: true},
				{Name: "name", SQL: "d.name", Fixed: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("document", "d.id", "product", "d.product")},
				{Name: "kind", Test: list.OneOf, Where: "d.kind", Codes: documentKinds, Names: "document.kind"},
				archived("d"),
			},
			Indexes: []string{`CREATE INDEX IF NOT EXISTS "document.kind,id" ON document(kind, id)`},
		},
		URL: documentsURL, Title: "Documents", New: documentsURL + "/new", Make: "New document", Need: auth.EditKnowledge,
		Empty: "Manuals, procedures and bulletins will stand here, and on the phones of those who need them.",
	},
	One: &Detail{
		Table: "document", URL: documentsURL, Form: documentForm, Edit: auth.EditKnowledge, State: "kind",
		Facts: []string{"title", "kind", "product", "edition", "replaces", "archived_reason"}, Texts: []string{"text"},
	},
	More: documentFile,
	Deeds: []*Deed{
		{
			Name: "revise", Title: "New edition", Done: "The new edition is in; the old one is in the archive.", Cause: aftersales.CauseDocument, Need: auth.EditKnowledge,
			Asks: documentAsks, Needed: []string{"kind"}, File: blob.Document, Hint: documentHint,
			Fits: func(row *record.Row) bool { return row.Get("archived_at").IsNull() },
			Begin: func(_ *builder, row *record.Row) (map[string]record.Value, error) {
				begin := map[string]record.Value{}
				for _, c := range []string{"kind", "product", "text", "edition"} {
					begin[c] = row.Get(c)
				}
				for _, tag := range words.Tags {
					begin["title."+tag] = row.Get("title").Cell(tag)
				}
				return begin, nil
			},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				_, err := addDocument(tx, v, row.ID)
				return err
			},
		},
		archiveDeed("document", auth.EditKnowledge), unarchiveDeed("document", auth.EditKnowledge),
	},
}

var documentAsks = []schema.Column{
	ask("title", schema.Translated), ask("kind", schema.Enum, documentKinds...), askRow("product", "product"), ask("edition", schema.Text), askLong("text", 1<<20),
}

var documentForm = &Form{
	Table: "document", Asks: documentAsks, Needed: []string{"kind"}, File: blob.Document, Hint: documentHint, URL: documentsURL, New: "New document", Make: "Add it", Made: "The document is in the library.",
	Cause:  aftersales.CauseDocument,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) { return addDocument(tx, v, record.ID{}) },
}

func addDocument(tx aftersales.Tx, v record.Values, replaces record.ID) (record.ID, error) {
	return aftersales.AddDocument(tx, aftersales.DocumentInput{
		Kind: v["kind"].Text(), Title: translations(v, "title"), Product: v["product"].Ref(), Text: v["text"].Text(), Edition: v["edition"].Text(), Replaces: replaces,
		SHA256: v["sha256"].Text(), Size: v["size"].Number(), MediaType: v["media_type"].Text(), Name: v["name"].Text(),
	})
}

const documentHint = "A file, a text, or both. Phones get the files of the models that they serve, and any other when somebody asks."

// documentFile is the file of a document, where it has one.
func documentFile(b *builder, row *record.Row) ([]block, error) {
	d := aftersales.DocumentOf(row)
	h, ok := blob.ParseHash(d.SHA256)
	if !ok || b.o.Files == nil {
		return nil, nil
	}
	here, err := b.v.opens(b.r, row, h)
	file := saying{Text: cmp.Or(d.Name, h.String()), Small: fileSize(d.Size)}
	if here {
		file.URL = documentsURL + "/" + d.ID.String() + "/file"
	}
	return []block{{Title: b.v.t("File"), Lines: []saying{file}}}, err
}

// ShowDocumentFile sends the file of a document.
func (o *Office) ShowDocumentFile(v *Visit) error {
	id, err := v.id()
	if err != nil || o.Files == nil {
		return errors.Join(err, errNoFile)
	}
	var d aftersales.Document
	var h blob.Hash
	here := false
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := living(r, o.Schema.Table("document"), id)
		if err != nil {
			return err
		}
		d = aftersales.DocumentOf(row)
		var ok bool
		if h, ok = blob.ParseHash(d.SHA256); ok {
			here, err = v.opens(r, row, h)
		}
		return err
	})
	if err == nil && !here {
		err = errNoFile
	}
	if err != nil {
		return err
	}
	return o.Files.Serve(v.w, v.r, h, d.Name)
}
