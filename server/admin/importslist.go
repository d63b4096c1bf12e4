package admin

import (
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/server/importer"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
)

// imports is the list of files that were taken in, the latest first.
var imports = &Listing{
	List: &list.List{
		Name: "import", From: "import i LEFT JOIN person p ON p.id = i.author", ID: "i.id", Where: "i._del = 0", Order: "-begun_at",
		Columns: []list.Column{
			{Name: "name", SQL: "i.name", Ref: "i.id", URL: importsURL + "/", Fixed: true},
			{Name: "kind", SQL: "i.kind", Kind: list.Code, Codes: "import.kind", Fixed: true},
			{Name: "state", SQL: "i.state", Kind: list.Code, Codes: "import.state", Fixed: true},
			{Name: "begun_at", SQL: "i.begun_at", Kind: list.Instant},
			{Name: "author", SQL: "p.name", Fixed: true},
			{Name: "made", SQL: "i.made", Kind: list.Number, Fixed: true},
			{Name: "changed", SQL: "i.changed", Kind: list.Number, Fixed: true},
			{Name: "same", SQL: "i.same", Kind: list.Number, Fixed: true},
			{Name: "refused", SQL: "i.refused", Kind: list.Number, Fixed: true},
			{Name: "system", SQL: "i.system", Fixed: true, Aside: true},
			{Name: "ended_at", SQL: "i.ended_at", Kind: list.Instant, Fixed: true, Aside: true},
		},
		Filters: []list.Filter{
			{Name: "q", Test: list.Search, Where: `i.name LIKE ? ESCAPE '\' OR p.name LIKE ? ESCAPE '\'`},
			{Name: "kind", Test: list.OneOf, Where: "i.kind", Names: "import.kind", Codes: importKinds()},
			{Name: "state", Test: list.OneOf, Where: "i.state", Names: "import.state", Codes: []string{aftersales.ImportRunning, aftersales.ImportDone, aftersales.ImportUndone}},
		},
		Indexes: []string{`CREATE INDEX IF NOT EXISTS "import.begun,id" ON import(begun_at, id)`},
	},
	URL: importsURL, Title: "Import", Page: "imports", Need: auth.ImportData,
	Empty: "Files that were taken in will stand here. Each can be undone, as far as nobody has touched its rows.",
}

func importKinds() (kinds []string) {
	for _, sheet := range importer.Sheets {
		kinds = append(kinds, sheet.Name)
	}
	return kinds
}

// importsExtra is what stands above that list: the form that sends a file.
type importsExtra struct {
	Kinds   []option
	Kind    string
	Problem string
}

// ListImports shows what was taken in, and the form that sends a file.
func (o *Office) ListImports(v *Visit) error { return o.showImports(v, http.StatusOK, nil) }

func (o *Office) showImports(v *Visit, status int, problem error) error {
	extra := importsExtra{Kind: v.query("kind")}
	if problem != nil {
		f, code := statusOf(problem)
		if code >= 500 {
			return problem
		}
		extra.Problem = v.lang.refusal(f)
	}
	for _, sheet := range importer.Sheets {
		if v.Who.May(importNeeds[sheet.Name]) {
			extra.Kinds = append(extra.Kinds, option{sheet.Name, v.lang.Name("import.kind." + sheet.Name)})
		}
	}
	return o.showList(v, status, imports, extra)
}
