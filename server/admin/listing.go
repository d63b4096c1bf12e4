package admin

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Listing is a page that shows a list: all of them filter, sort, page and export alike.
type Listing struct {
	List  *list.List
	URL   string
	Title string // in the lists of words
	Empty string // what will stand here, for a list that nothing narrows
	New   string // URL of the button that makes one, "" for none
	Make  string // what the button says
	Need  auth.Permission
	Each  *Each  // what can be done to several rows at once, nil for nothing
	Page  string // the page that shows it with something around it; "" for the list alone

	// Rows are those of a list that no table holds (see list.RunOf), and what the page's template "tail" shows behind each.
	Rows func(o *Office, v *Visit) ([]list.Row, map[record.ID]any, error)
	// Tell says the columns of rows that no SQL does, and returns those of them that the visitor may see, with what the page's
	// template "rows" shows of each.
	Tell func(o *Office, v *Visit, r Reader, rows []list.Row) ([]list.Row, map[record.ID]any, error)
}

type listingPage struct {
	frame
	Of      *Listing
	Filters []filterView
	Heads   []headView
	Unshown *headView // what it is sorted by, where no head can say so
	Rows    []list.Row
	Columns []*list.Column
	Pager   pager
	Choices []choiceView // which columns there are
	Narrow  bool         // something narrows it
	Sort    string
	Exports [2]string  // URLs of CSV and XLSX
	Several []deedView // what the visitor may do to several rows
	Views   *viewsView
	Extra   any               // what Page shows beside the list; blocks stand above it
	Tails   map[record.ID]any // what Page shows behind each row, or in its place
}

type filterView struct {
	*list.Filter
	Label   string
	Value   string
	Options []option
	On      []string
}

type headView struct {
	*list.Column
	Label string
	URL   string // sorts by it; "" for a column that is not sorted by
	Sign  string // "ascending", "descending", "" if the list is not sorted by it
	Long  bool   // too many match to be sorted by it
}

type choiceView struct {
	Name, Label string
	On          bool
}

// MakeNeeds is the permission that the button takes; templates ask it.
func (l *Listing) MakeNeeds() string { return string(l.Need) }

// ShowList shows the page of a list, or sends it as a file where the URL asks for a format.
func (o *Office) ShowList(v *Visit, ls *Listing, extra any) error {
	return o.showList(v, http.StatusOK, ls, extra)
}

// showList answers with a status: a form that stands on the page of a list is answered by that page.
func (o *Office) showList(v *Visit, status int, ls *Listing, extra any) error {
	if v.r.Method == http.MethodPost {
		v.r = v.r.Clone(v.r.Context())
		v.r.URL = &url.URL{Path: ls.URL}
	}
	q, err := ls.List.Parse(v.r.URL.Query(), o.Zone)
	if err != nil {
		return err
	}
	if format := v.query("format"); format != "" {
		return o.export(v, ls, q, format)
	}
	page := listingPage{Of: ls, frame: v.frame(v.t(ls.Title), ls.URL), Narrow: q.On, Sort: v.query("sort"), Extra: extra}
	page.Columns = v.columns(ls.List)
	found, err := o.found(v, ls, q, &page)
	if err != nil {
		return err
	}
	page.Rows, page.Pager = found.Rows, v.pager(len(found.Rows), found.Total, found.Next)
	if page.Sort != "" && found.Next != "" { // as it is sorted: where too many match, not as was asked
		page.Pager.Next = v.without("after", "sort", found.Sorted()) + "&after=" + url.QueryEscape(found.Next)
	}
	if ls.seenInPart(v) && found.Total > len(found.Rows) {
		page.Pager.Least = len(found.Rows)
	}
	page.Several = ls.Each.offered(v)
	if page.Views, err = v.views(ls.URL); err != nil {
		return err
	}
	page.Heads, page.Choices = v.heads(ls.List, page.Columns, &found), v.choices(ls.List, page.Columns)
	if !slices.Contains(page.Columns, found.By) {
		by := []*list.Column{found.By}
		page.Unshown = &v.heads(ls.List, by, &found)[0]
	}
	page.Exports = v.exports()
	return v.show(status, cmp.Or(ls.Page, "listing"), page)
}

// found reads a page of the list, and its filters.
func (o *Office) found(v *Visit, ls *Listing, q list.Query, page *listingPage) (found list.Page, err error) {
	if ls.Rows != nil {
		var rows []list.Row
		if rows, page.Tails, err = ls.Rows(o, v); err != nil {
			return found, err
		}
		found = ls.List.RunOf(rows, q, pageSize)
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		switch {
		case ls.Rows != nil:
		case ls.Tell != nil:
			found, page.Tails, err = o.told(v, r, ls, q)
		default:
			found, err = ls.List.Run(r, q, pageSize)
		}
		if err == nil {
			page.Filters, err = v.filters(r, ls.List)
		}
		return err
	})
	return found, err
}

// seenInPart reports whether the visitor may see some rows of the list only, which no SQL tells from the others.
func (l *Listing) seenInPart(v *Visit) bool {
	return l.Tell != nil && !auth.BranchesOf(v.r.Context()).All
}

// told reads a page of a list whose rows are told. Who works in some branches has those of others neither counted nor in the way.
func (o *Office) told(v *Visit, r Reader, ls *Listing, q list.Query) (found list.Page, tails map[record.ID]any, err error) {
	tails = map[record.ID]any{}
	tell := func(rows []list.Row) ([]list.Row, error) {
		rows, more, err := ls.Tell(o, v, r, rows)
		maps.Copy(tails, more)
		return rows, err
	}
	if ls.seenInPart(v) {
		found, err = ls.List.RunSome(r, q, pageSize, tell)
		return found, tails, err
	}
	if found, err = ls.List.Run(r, q, pageSize); err == nil {
		found.Rows, err = tell(found.Rows)
	}
	return found, tails, err
}

// exports are the URLs of the whole list as a file, CSV and XLSX.
func (v *Visit) exports() [2]string {
	return [2]string{v.without("after", "format", "csv"), v.without("after", "format", "xlsx")}
}

// columns returns those that are shown: the ones chosen in the URL, else all that do not stand aside.
func (v *Visit) columns(l *list.List) (shown []*list.Column) {
	chosen := v.r.URL.Query()["col"]
	for i := range l.Columns {
		c := &l.Columns[i]
		if i == 0 || len(chosen) == 0 && !c.Aside || slices.Contains(chosen, c.Name) {
			shown = append(shown, c)
		}
	}
	return shown
}

func (v *Visit) choices(l *list.List, shown []*list.Column) (choices []choiceView) {
	for i := range l.Columns {
		c := &l.Columns[i]
		choices = append(choices, choiceView{c.Name, capital(v.head(l, c)), slices.Contains(shown, c)})
	}
	return choices
}

func (v *Visit) head(l *list.List, c *list.Column) string { return v.lang.Name(l.Name + "." + c.Name) }

// capital begins a label as a sentence begins.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// heads say what the list is sorted by, and lead to it sorted otherwise.
func (v *Visit) heads(l *list.List, shown []*list.Column, page *list.Page) []headView {
	heads := make([]headView, len(shown))
	for i, c := range shown {
		heads[i] = headView{Column: c, Label: plainHead(v.head(l, c))}
		if !page.Sorts(c) {
			heads[i].Long = !c.Told
			continue
		}
		next := c.Name
		switch {
		case page.By == c && page.Down:
			heads[i].Sign = "descending"
		case page.By == c:
			heads[i].Sign, next = "ascending", "-"+c.Name
		}
		heads[i].URL = v.without("after", "sort", next)
	}
	return heads
}

// plainHead is what a column is called, without what its label says in brackets to whoever types it in a form.
func plainHead(label string) string {
	if at := strings.IndexAny(label, "(（"); at > 0 {
		return strings.TrimSpace(label[:at])
	}
	return label
}

// without returns the page's URL without one parameter and with another.
func (v *Visit) without(drop, name, value string) string {
	q := v.r.URL.Query()
	q.Del(drop)
	q.Del(name)
	if value != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return v.r.URL.Path
	}
	return v.r.URL.Path + "?" + q.Encode()
}

// export sends the whole list, as it is filtered and sorted, with the columns shown.
func (o *Office) export(v *Visit, ls *Listing, q list.Query, format string) error {
	var rows []list.Row
	if ls.Rows != nil {
		var err error
		if rows, _, err = ls.Rows(o, v); err != nil {
			return err
		}
	}
	return o.Engine.View(v.r.Context(), func(r Reader) error {
		each := func(do func(list.Row) error) error { return ls.List.Each(r, q, do) }
		switch {
		case ls.Rows != nil:
			each = func(do func(list.Row) error) error { return ls.List.EachOf(rows, q, do) }
		case ls.Tell != nil:
			each = func(do func(list.Row) error) error { return o.eachTold(v, r, ls, q, do) }
		}
		return v.sendFile(ls.List.Name, format, func(out io.Writer) error {
			if format == "csv" {
				return list.WriteCSV(out, each, v.columns(ls.List), teller{v, ls.List})
			}
			return list.WriteXLSX(out, each, v.columns(ls.List), teller{v, ls.List})
		})
	})
}

// toldAtOnce is how many rows of a list are told at a time in a file of it.
const toldAtOnce = 500

func (o *Office) eachTold(v *Visit, r Reader, ls *Listing, q list.Query, do func(list.Row) error) error {
	return ls.List.EachPage(r, q, toldAtOnce, func(rows []list.Row) error {
		rows, _, err := ls.Tell(o, v, r, rows)
		for i := 0; i < len(rows) && err == nil; i++ {
			err = do(rows[i])
		}
		return err
	})
}

// sendFile sends what write writes as a file of that format, csv, xlsx or zip, named after what it lists and after now.
func (v *Visit) sendFile(what, format string, write func(io.Writer) error) error {
	types := map[string]string{"csv": "text/csv; charset=utf-8", "zip": "application/zip",
		"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
	if types[format] == "" {
		return errForm
	}
	if !v.Who.May(auth.ExportData) {
		return fault.New(NoRight, "Your roles do not include this. Ask an administrator if you need it.")
	}
	o := v.office
	name := fmt.Sprintf("%s-%s.%s", what, o.Now().In(o.Zone).Format("20060102-1504"), format)
	h := v.w.Header()
	h.Set("Content-Type", types[format])
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Cache-Control", "no-store")
	out := &started{ResponseWriter: v.w}
	err := write(out)
	if err != nil && out.wrote {
		o.Log.Error("export broke off", "list", what, "err", err)
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return err
}

// started remembers whether a byte of an answer has left.
type started struct {
	http.ResponseWriter
	wrote bool
}

func (s *started) Write(b []byte) (int, error) {
	s.wrote = true
	return s.ResponseWriter.Write(b)
}
