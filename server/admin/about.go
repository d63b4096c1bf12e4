package admin

import (
	"cmp"
	"net/http"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Detail is the page of one row: what it is, what belongs to it, what is in dispute, and what happened.
type Detail struct {
	Table    string
	URL      string // of the list; a row is at URL/id
	Facts    []string
	Texts    []string
	Sections []sectionOf
	Form     *Form // changes the row, nil if none does
	Edit     auth.Permission
	State    string // the column shown as a state beside the name, "" for none
	Page     string // the page that shows it with more beside it; "" for the plain one
}

// sectionOf lists the rows of a table that refer to the one shown.
type sectionOf struct {
	table   string
	via     string // the column that refers
	columns []string
	url     string // of one such row, before its id; "" if it has no page
	latest  int    // how many of the latest are shown, 0 for all
	title   string // by which the section is called instead of its table: many.TITLE
	all     string // the list that shows all of them, before the row's id; "" where there is none
}

// about is what every page of a row shows.
type about struct {
	ID        string
	URL       string
	Name      string
	State     string
	StateName string
	Facts     []fact
	Texts     []fact
	Conflicts []conflictView
	Sections  []section
	Comments  []commentView
	History   []changeView
	Older     string       // URL of older history, "" if that is all
	Trail     string       // URL of the row's audit trail, "" for who may not see it
	Missed    []changeView // what others did while the visitor was editing
	Seen      string
	Problem   string
	Deeds     []deedView // what can be done to the row
	MaySettle bool
	Keys      *keysView // what other systems call the row; nil where they call none of its kind so
}

type detailPage struct {
	frame
	about
	MayEdit bool
	Dossier string // the URL of what is kept about whom the row stands for; "" for no person, or who may not erase it
	Extra   any
}

// ShowDetail shows the page of the row in the URL. More adds what the page has beyond others, within the same snapshot;
// nil for nothing.
func (o *Office) ShowDetail(v *Visit, d *Detail, more func(b *builder, row *record.Row) (extra any, err error)) error {
	return o.showDetail(v, http.StatusOK, nil, d, more)
}

func (o *Office) showDetail(v *Visit, status int, problem error, d *Detail, more func(*builder, *record.Row) (any, error)) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	page := detailPage{MayEdit: d.Form != nil && d.Form.Edit != "" && v.Who.May(d.Edit)}
	if problem != nil {
		f, _ := statusOf(problem)
		page.Problem = v.lang.refusal(f)
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := living(r, o.Schema.Table(d.Table), id)
		if err != nil {
			return err
		}
		if dossierOf[d.Table] != "" && v.Who.May(auth.EraseCustomers) {
			page.Dossier = dossierURL(d.Table, id)
		}
		b := o.builder(v, r, &page.about)
		if err := b.detail(d, row); err != nil || more == nil {
			return err
		}
		if page.Extra, err = more(b, row); err != nil {
			return err
		}
		page.Seen = b.seen.String()
		return nil
	})
	if err != nil {
		return err
	}
	page.frame = v.frame(page.Name, d.URL)
	name := d.Page
	if name == "" {
		name = "detail"
	}
	return v.show(status, name, page)
}

// detailDo runs a command on the row in the URL with what its page showed, and goes back to it. What is refused is
// shown on the page.
func (o *Office) detailDo(v *Visit, d *Detail, more func(*builder, *record.Row) (any, error), cause, notice string, command func(tx aftersales.Tx, id record.ID) error) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	seen, err := parseSeen(v.form("seen"))
	if err != nil {
		return err
	}
	err = o.Engine.Do(v.r.Context(), v.author(), seen, cause, func(tx aftersales.Tx) error { return command(tx, id) })
	if err == nil {
		return v.done(d.URL+"/"+id.String(), v.t(notice))
	}
	f, status := statusOf(err)
	if status >= 500 || f.Code == NotFound || f.Code == BadForm {
		return err
	}
	return o.showDetail(v, status, err, d, more)
}

// fact is one column of a row; URL leads to the row that it means, "" if that has no page.
type fact struct{ Label, Text, URL string }

// rowPages are the pages of rows, before their ids, by table.
var rowPages = map[string]string{
	"party": customersURL, "contact": contactsURL, "site": sitesURL, "contract": contractsURL, "job": jobsURL, "request": requestsURL,
	"unit": assetsURL, "product": productsURL, "part": partsURL, "location": locationsURL, "movement": movementsURL,
	"solution": solutionsURL, "document": documentsURL,
}

// pageOf returns the page of the row that a column refers to, "" if there is none.
func pageOf(row *record.Row, column string) string {
	i := row.Table.Column(column)
	if i < 0 || row.Table.Columns[i].Kind != schema.Ref || row.Cols[i].IsNull() {
		return ""
	}
	if at := rowPages[row.Table.Columns[i].Ref]; at != "" {
		return at + "/" + row.Cols[i].Ref().String()
	}
	return ""
}

// signature is who wrote a row first, when, and from which device.
type signature struct {
	By, Device string
	At         int64
}

type commentView struct {
	Kind string
	Text string
	signature
}

// section lists what one table has about the row.
type section struct {
	Table   string
	Title   string
	Columns []string
	Rows    []sectionRow
	More    int    // how many there are beyond those shown
	All     string // URL of the list of all, "" where there is none
}

type sectionRow struct {
	URL   string // of the row's own page, "" if it has none
	Cells []string
	signature
}

// builder gathers the page of a row within one snapshot.
type builder struct {
	o    *Office
	v    *Visit
	r    Reader
	n    *names
	page *about
	seen Seen         // the vectors of the rows shown
	keys []record.Key // their names
}

func (o *Office) builder(v *Visit, r Reader, page *about) *builder {
	page.MaySettle = v.Who.May(auth.Settle)
	n := o.names(r)
	n.tag = v.lang.Tag
	return &builder{o: o, v: v, r: r, n: n, page: page, seen: Seen{}}
}

func (b *builder) detail(d *Detail, row *record.Row) (err error) {
	b.show(row)
	b.page.ID, b.page.URL = row.ID.String(), d.URL+"/"+row.ID.String()
	if b.page.Name, err = b.n.row(row.Key()); err != nil {
		return err
	}
	if b.page.State = row.Get(d.State).Text(); b.page.State != "" {
		b.page.StateName = b.v.lang.Name(d.Table + "." + d.State + "." + b.page.State)
	}
	if b.page.Facts, err = b.facts(row, d.Facts); err != nil {
		return err
	}
	if b.page.Texts, err = b.facts(row, d.Texts); err != nil {
		return err
	}
	if err := b.sections(row, d.Sections); err != nil {
		return err
	}
	if b.page.Keys, err = b.keysOf(row); err != nil {
		return err
	}
	for _, step := range []func(*record.Row) error{b.conflicts, b.history} {
		if err := step(row); err != nil {
			return err
		}
	}
	b.page.Seen = b.seen.String()
	return nil
}

func (b *builder) show(row *record.Row) {
	b.seen.see(row)
	b.keys = append(b.keys, row.Key())
}

// facts returns the columns that have a value.
func (b *builder) facts(row *record.Row, columns []string) (facts []fact, err error) {
	for _, name := range columns {
		text, err := b.text(row, name)
		if err == nil && text != "" && name == "unit" && row.Table.Name != "unit" {
			text, err = b.n.unit(row.Get(name).Ref(), text)
		}
		if err != nil {
			return nil, err
		}
		if text != "" {
			facts = append(facts, fact{b.label(row.Table, name), text, pageOf(row, name)})
		}
	}
	return facts, nil
}

func (b *builder) text(row *record.Row, column string) (string, error) {
	i := row.Table.Column(column)
	if i < 0 {
		return "", nil
	}
	return b.v.text(b.n, row.Table, &row.Table.Columns[i], row.Cols[i])
}

func (b *builder) label(t *schema.Table, column string) string {
	return b.v.lang.Name(t.Name + "." + column)
}

// about returns the living rows of the table that refer to the row, and notes that the page shows them.
func (b *builder) about(table, via string, id record.ID) ([]*record.Row, error) {
	rows, _, err := b.latest(table, via, id, 0)
	return rows, err
}

// latest returns the youngest of them, the youngest first, and how many there are beyond; all in order for 0.
func (b *builder) latest(table, via string, id record.ID, most int) (rows []*record.Row, more int, err error) {
	t := b.o.Schema.Table(table)
	ids, err := b.refs(t, via, id)
	if err != nil {
		return nil, 0, err
	}
	if most > 0 {
		slices.Reverse(ids)
		more = max(0, len(ids)-most)
		ids = ids[:len(ids)-more]
	}
	keys := make([]record.Key, len(ids))
	for i, id := range ids {
		keys[i] = record.Key{Table: t.ID, ID: id}
	}
	if err := b.r.Foresee(keys); err != nil {
		return nil, 0, err
	}
	for _, k := range keys {
		row, err := b.r.Row(k)
		if err != nil {
			return nil, 0, err
		}
		if row != nil && !row.Deleted {
			b.show(row)
			rows = append(rows, row)
		}
	}
	return rows, more, nil
}

// refs returns the rows that refer to a row, or to one that was joined with it: nothing is rewritten when two are joined.
func (b *builder) refs(t *schema.Table, via string, id record.ID) ([]record.ID, error) {
	ids, err := b.r.Refs(t, via, id)
	of := b.o.Schema.Table(t.Columns[t.Column(via)].Ref)
	if err != nil || of == nil || of.Column("merged_into") < 0 {
		return ids, err
	}
	aliases, err := b.r.Refs(of, "merged_into", id)
	if err != nil || len(aliases) == 0 {
		return ids, err
	}
	for _, alias := range aliases {
		more, err := b.r.Refs(t, via, alias)
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	slices.SortFunc(ids, func(a, b record.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids), nil
}

// signed returns who wrote the row first.
func (b *builder) signed(row *record.Row) (signature, error) {
	if row.Meta == nil {
		return signature{}, nil
	}
	w, err := b.n.writer(row.Meta.Created.Actor)
	s := signature{By: b.v.called(w), Device: w.Device}
	for _, c := range row.Meta.Cells {
		if s.At == 0 || c.Shown.Dot == row.Meta.Created { // of a released row no cell carries the dot it was created by
			s.At = c.Shown.Eff.Millis()
		}
	}
	if at := row.Get("corrected").Number(); at != 0 {
		s.At = at
	}
	return s, err
}

// sections lists what refers to the row, the latest first where a section shows only those.
func (b *builder) sections(row *record.Row, of []sectionOf) error {
	for _, s := range of {
		rows, more, err := b.latest(s.table, s.via, row.ID, s.latest)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			continue
		}
		list, err := b.section(s, rows)
		if err != nil {
			return err
		}
		if list.More = more; s.all != "" {
			list.All = s.all + row.ID.String()
		}
		b.page.Sections = append(b.page.Sections, list)
	}
	return nil
}

// section returns the rows with the columns of which at least one has a value.
func (b *builder) section(of sectionOf, rows []*record.Row) (s section, err error) {
	t := b.o.Schema.Table(of.table)
	columns := slices.DeleteFunc(slices.Clone(of.columns), func(name string) bool {
		return !slices.ContainsFunc(rows, func(r *record.Row) bool { return !r.Get(name).IsNull() })
	})
	s.Table, s.Title = of.table, b.v.lang.Name("many."+cmp.Or(of.title, of.table))
	for _, name := range columns {
		s.Columns = append(s.Columns, b.label(t, name))
	}
	for _, row := range rows {
		var line sectionRow
		if of.url != "" {
			line.URL = of.url + row.ID.String()
		}
		for _, name := range columns {
			text, err := b.text(row, name)
			if err != nil {
				return s, err
			}
			line.Cells = append(line.Cells, text)
		}
		if line.signature, err = b.signed(row); err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, line)
	}
	return s, nil
}

func (b *builder) comments(row *record.Row) error {
	rows, err := b.about("comment", "job", row.ID)
	if err != nil {
		return err
	}
	for _, c := range rows {
		view := commentView{Kind: c.Get("kind").Text(), Text: c.Get("text").Text()}
		if view.signature, err = b.signed(c); err != nil {
			return err
		}
		b.page.Comments = append(b.page.Comments, view)
	}
	return nil
}

// conflicts gathers the open conflicts of all rows shown, those that ask for a person first.
func (b *builder) conflicts(*record.Row) error {
	for _, key := range b.keys {
		found, _, _, err := b.r.Conflicts(true, key, "", pageSize)
		if err != nil {
			return err
		}
		views, err := b.o.conflictViews(b.v, b.n, found)
		if err != nil {
			return err
		}
		b.page.Conflicts = append(b.page.Conflicts, views...)
	}
	slices.SortStableFunc(b.page.Conflicts, func(x, y conflictView) int {
		switch {
		case x.Ask == y.Ask:
			return 0
		case x.Ask:
			return -1
		}
		return 1
	})
	return nil
}

// history gathers what happened to the rows shown, and apart from it what others did while the visitor was editing.
func (b *builder) history(row *record.Row) error {
	entries, next, err := b.r.History(b.keys, b.v.query("older"), pageSize)
	if err != nil {
		return err
	}
	if next != "" {
		b.page.Older = b.v.with("older", next)
	}
	if b.v.Who.May(auth.SeeAudit) {
		b.page.Trail = trailURL(row.Key())
	}
	before, err := parseSeen(b.v.query("since"))
	if err != nil {
		return err
	}
	known, edited := before[row.Key()]
	for i := range entries {
		shown := entries[i].trimmed(func(k record.Key) bool { return slices.Contains(b.keys, k) })
		view, err := b.o.changeView(b.v, b.n, shown)
		if err != nil {
			return err
		}
		view.More = len(entries[i].Change.Rows) - len(shown.Change.Rows)
		b.page.History = append(b.page.History, view)
		w, err := b.n.writer(entries[i].Dot.Actor)
		if err != nil {
			return err
		}
		if edited && !known.Covers(entries[i].Dot) && touches(&entries[i], row.Key()) && (w.Device != "" || w.Person != b.v.Who.ID) {
			b.page.Missed = append(b.page.Missed, view)
		}
	}
	return nil
}

func touches(e *Event, k record.Key) bool {
	return slices.ContainsFunc(e.Change.Rows, func(c record.RowChange) bool { return c.Key() == k })
}
