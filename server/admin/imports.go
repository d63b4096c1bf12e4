package admin

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/formula"
	"fieldsync/server/importer"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// SendImport takes a file over. It is read part by part: the field that says what it is stands before it.
func (o *Office) SendImport(v *Visit) error {
	id, err := o.keepImport(v)
	if err != nil {
		return o.showImports(v, http.StatusUnprocessableEntity, err)
	}
	v.redirect(importsURL + "/" + id.String())
	return nil
}

func (o *Office) keepImport(v *Visit) (id record.ID, err error) {
	form, err := v.multipart()
	if err != nil {
		return id, err
	}
	kind := ""
	for {
		part, err := form.NextPart()
		if err != nil {
			return id, fault.Wrap(BadForm, "Choose a file first.", err)
		}
		if part.FormName() == "file" && part.FileName() != "" {
			if err := o.mayImport(v, kind); err != nil {
				return id, err
			}
			return o.Imports.Keep(v.r.Context(), v.Who, kind, part.FileName(), part)
		}
		text, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			return id, fault.Wrap(BadForm, "The form is too long or damaged. Go back and try again.", err)
		}
		if part.FormName() == "kind" {
			kind = string(text)
		}
	}
}

// mayImport asks for the permission to make rows of a kind, and binds the visit to the branches in which both hold.
func (o *Office) mayImport(v *Visit, kind string) error {
	need, known := importNeeds[kind]
	switch {
	case o.Imports == nil || !known:
		return errForm
	case !v.Who.May(need):
		return fault.New(NoRight, "Your roles do not include this. Ask an administrator if you need it.")
	}
	v.r = v.r.WithContext(auth.Within(v.r.Context(), v.Who.In(auth.ImportData).Both(v.Who.In(need))))
	return nil
}

// importPage is the page of one file: its columns, what would become of it, or what became of it.
type importPage struct {
	frame
	*ImportFile
	Size     string
	Branches []option
	Fields   []option
	Shown    []importColumn
	Groups   []importGroup
	Problem  string
	Stayed   []importLine
	Warnings []string
	Missing  string
	Again    bool // the page asks for itself until what is under way has ended
	MayUndo  bool
	MayTake  bool
}

type importColumn struct {
	Name    string // as the form calls it
	Title   string
	Field   string
	Samples string
}

// importGroup is rows of one fate.
type importGroup struct {
	Did   string
	Total int
	Rows  []importLine
}

// importLine is a row as the page shows it.
type importLine struct {
	Line int
	Text string
	Why  string
}

// theImport returns the file in the URL, for somebody who may take it in.
func (o *Office) theImport(v *Visit) (*ImportFile, error) {
	id, err := v.id()
	if err != nil || o.Imports == nil {
		return nil, errors.Join(err, errNoPage)
	}
	file, err := o.Imports.Find(v.r.Context(), id)
	if err == nil && file == nil {
		err = fault.New(ImportGone, "This file is no longer kept. Send it again.")
	}
	if err != nil {
		return nil, err
	}
	if file.Person != v.Who.ID && !v.Who.In(auth.ImportData).All {
		return nil, errNoPage
	}
	return file, o.mayImport(v, file.Kind)
}

// ShowImport shows a file.
func (o *Office) ShowImport(v *Visit) error {
	file, err := o.theImport(v)
	if err != nil {
		return err
	}
	return o.showImport(v, http.StatusOK, file, "")
}

func (o *Office) showImport(v *Visit, status int, file *ImportFile, problem string) error {
	page := importPage{frame: v.frame(v.t("Import"), importsURL), ImportFile: file, Size: fileSize(file.Size), Again: file.Busy()}
	page.Problem = cmp.Or(problem, v.lang.remark(file.Problem))
	page.MayTake = file.Phase == ImportChecked || file.Phase == ImportStopped
	page.MayUndo = file.Phase == ImportTaken || file.Phase == ImportStopped
	page.columns(v)
	page.groups(v.lang)
	for _, w := range file.Warnings {
		page.Warnings = append(page.Warnings, strings.TrimSpace(fmt.Sprintf("%d %s: %s", w.Line, w.Column, v.lang.remark(w.Why))))
	}
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		page.Branches, err = v.rowOptions(r, "SELECT id, name FROM branch WHERE _del = 0 AND archived_at IS NULL ORDER BY code")
		return err
	})
	if err != nil {
		return err
	}
	return v.show(status, "import", &page)
}

// fileSize says roughly how large a file is.
func fileSize(bytes int64) string {
	if bytes < 1<<20 {
		return strconv.FormatInt((bytes+1023)>>10, 10) + " KB"
	}
	return strconv.FormatInt(bytes>>20, 10) + " MB"
}

// columns are those of the file, with what each may hold.
func (p *importPage) columns(v *Visit) {
	sheet := p.Sheet()
	for _, spec := range sheet.Fields {
		label := v.lang.Name("import." + sheet.Name + "." + string(spec.Field))
		if spec.Needed {
			label += " *"
		}
		p.Fields = append(p.Fields, option{string(spec.Field), label})
	}
	for i, c := range p.Columns {
		samples := c.Samples[:min(3, len(c.Samples))]
		p.Shown = append(p.Shown, importColumn{"c" + strconv.Itoa(i), c.Name, string(c.Field), brief(samples)})
	}
}

// brief shortens the samples of a column.
func brief(samples []string) string {
	text := []rune(strings.Join(strings.Fields(strings.Join(samples, " · ")), " "))
	if len(text) > 60 {
		text = append(text[:60], '…')
	}
	return string(text)
}

// KeepsRest reports whether what has no field goes to the note; templates ask it.
func (p *importPage) KeepsRest() bool { return p.Sheet().Spec(importer.Note) != nil }

// HasMoney and HasDates report whether currencies and orders of days and months matter; templates ask it.
func (p *importPage) HasMoney() bool { return p.hasKind(importer.Amount) }

// HasDates reports whether the file's kind has dates.
func (p *importPage) HasDates() bool { return p.hasKind(importer.Day) }

func (p *importPage) hasKind(kind importer.Kind) bool {
	return slices.ContainsFunc(p.Sheet().Fields, func(s importer.Spec) bool { return s.Kind == kind })
}

// groups sorts rows by what became of them: what needs a look first.
func (p *importPage) groups(l *language) {
	totals := map[importer.Did]int{
		importer.Refused: p.Counts.Refused, importer.Changed: p.Counts.Changed, importer.Made: p.Counts.Made, importer.Same: p.Counts.Same,
	}
	for _, did := range []importer.Did{importer.Refused, importer.Changed, importer.Made, importer.Same} {
		if totals[did] == 0 {
			continue
		}
		g := importGroup{Did: string(did), Total: totals[did]}
		for _, row := range p.ImportFile.Rows {
			if row.Did == did {
				g.Rows = append(g.Rows, importLine{row.Line, row.Text, l.remark(row.Why)})
			}
		}
		p.Groups = append(p.Groups, g)
	}
	for _, s := range p.ImportFile.Stayed {
		p.Stayed = append(p.Stayed, importLine{s.Line, l.imported(s.Table) + " " + s.Name, l.remark(s.Why)})
	}
}

// imported says what kind of row an import made: its parties are customers, whatever else a party can be.
func (l *language) imported(table string) string {
	if table == "party" {
		table = "party.roles.customer"
	}
	return l.Name(table)
}

// remark says what an import tells of a row, or of a file.
func (l *language) remark(r importer.Remark) string {
	key := "fault." + string(r.Code)
	if importer.Sentences[r.Code] == "" || !l.Knows(key) {
		return l.refusal(fault.New(r.Code, r.String()))
	}
	args := make([]any, len(r.Args))
	for i, a := range r.Args {
		switch {
		case a.Remark != nil:
			args[i] = l.remark(*a.Remark)
		case a.Name != "":
			args[i] = l.Name(a.Name)
		default:
			args[i] = a.Text
		}
	}
	return l.Say(key, args...)
}

// CheckImport reads what the form says of the columns, and finds out what would become of the rows.
func (o *Office) CheckImport(v *Visit) error {
	file, err := o.theImport(v)
	if err != nil {
		return err
	}
	s := ImportSettings{
		System: strings.TrimSpace(v.form("system")), Currency: strings.ToUpper(strings.TrimSpace(v.form("currency"))),
		DateOrder: v.form("date_order"), DecimalComma: v.form("decimal_comma") != "",
	}
	if s.Branch, err = record.ParseID(v.form("branch")); v.form("branch") != "" && err != nil {
		return errForm
	}
	for i := range file.Columns {
		field := importer.Field(v.form("c" + strconv.Itoa(i)))
		if field != "" && field != importer.Skip && file.Sheet().Spec(field) == nil {
			return errForm
		}
		file.Columns[i].Field = field
		s.Columns = append(s.Columns, importer.Mapping{Field: field, Column: file.Columns[i].Name})
	}
	file.Settings = s
	if problem := v.importProblem(file); problem != "" {
		return o.showImport(v, http.StatusUnprocessableEntity, file, problem)
	}
	if s.System == "" {
		s.System = "import"
	}
	return o.importStep(v, file, o.Imports.Check(v.r.Context(), v.Who, file.ID, s))
}

// importProblem returns what is missing or wrong in what the form says, "" for nothing.
func (v *Visit) importProblem(file *ImportFile) string {
	if file.Settings.Branch.IsZero() && file.Kind != importer.Parts.Name && file.Kind != importer.Stock.Name {
		return v.t("Choose the branch that it belongs to.")
	}
	used := map[importer.Field]bool{}
	for _, c := range file.Columns {
		if used[c.Field] && c.Field != "" && c.Field != importer.Skip && c.Field != importer.Note {
			return v.t("Two columns cannot both hold the same thing: %s.", v.lang.Name("import."+file.Kind+"."+string(c.Field)))
		}
		used[c.Field] = true
	}
	for _, spec := range file.Sheet().Fields {
		if spec.Needed && !used[spec.Field] {
			return v.t("Say which column holds this: %s.", v.lang.Name("import."+file.Kind+"."+string(spec.Field)))
		}
	}
	return ""
}

// importStep leads back to the page of the file, which shows how far it is, or what was refused.
func (o *Office) importStep(v *Visit, file *ImportFile, err error) error {
	if f, status := statusOf(err); err != nil {
		if status >= 500 {
			return err
		}
		return o.showImport(v, http.StatusUnprocessableEntity, file, v.lang.refusal(f))
	}
	v.redirect(importsURL + "/" + file.ID.String())
	return nil
}

// TakeImport takes the file in.
func (o *Office) TakeImport(v *Visit) error {
	file, err := o.theImport(v)
	if err != nil {
		return err
	}
	return o.importStep(v, file, o.Imports.Take(v.r.Context(), v.Who, file.ID))
}

// UndoImport takes it back.
func (o *Office) UndoImport(v *Visit) error {
	file, err := o.theImport(v)
	if err != nil {
		return err
	}
	return o.importStep(v, file, o.Imports.TakeBack(v.r.Context(), v.Who, file.ID))
}

// RefusedRows sends the rows that were refused, to be mended and sent again.
func (o *Office) RefusedRows(v *Visit) error {
	file, err := o.theImport(v)
	if err != nil {
		return err
	}
	out := v.sheet("refused-" + file.Name)
	err = o.Imports.Refused(v.r.Context(), file.ID, func(cells []string, why importer.Remark) error {
		if !why.Says() {
			return out.Write(append(cells, v.lang.Name("import.because")))
		}
		return out.Write(append(cells, v.lang.remark(why)))
	})
	out.Flush()
	return errors.Join(err, out.Error())
}

// StayedRows sends what undoing the import left.
func (o *Office) StayedRows(v *Visit) error {
	file, err := o.theImport(v)
	if err != nil {
		return err
	}
	out := v.sheet("stayed-" + file.Name)
	err = out.Write([]string{v.t("Line"), v.t("Kind"), v.t("Row"), "id", v.t("Why it stays")})
	err = errors.Join(err, o.Imports.Stayed(v.r.Context(), file.ID, func(s StayedRow) error {
		return out.Write([]string{strconv.Itoa(s.Line), v.lang.imported(s.Table), s.Name, s.ID.String(), v.lang.remark(s.Why)})
	}))
	out.Flush()
	return errors.Join(err, out.Error())
}

// sheet is a CSV file that spreadsheets open as it is, and take nothing in it for a formula.
type sheet struct{ *csv.Writer }

func (s sheet) Write(line []string) error { return s.Writer.Write(formula.GuardAll(line)) }

// sheet begins one, named after the file that it is about.
func (v *Visit) sheet(name string) sheet {
	v.download(strings.TrimSuffix(strings.TrimSuffix(name, ".xlsx"), ".csv") + ".csv")
	_, _ = v.w.Write([]byte("\uFEFF")) // a reader who has gone is told of by what follows
	return sheet{csv.NewWriter(v.w)}
}

func (v *Visit) download(name string) {
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Cache-Control", "no-store")
}
