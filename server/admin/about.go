package admin

import (
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
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
	Archived  bool
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
	b.page.Archived = row.Table.Column("archived_at") >= 0 && !row.Get("archived_at").IsNull()
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
