package admin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/words"
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
}

type listingPage struct {
	frame
	Of      *Listing
	Filters []filterView
	Heads   []headView
	Rows    []list.Row
	Columns []*list.Column
	Pager   pager
	Choices []choiceView // which columns there are
	Narrow  bool         // something narrows it
	Sort    string
	Exports [2]string  // URLs of CSV and XLSX
	Several []deedView // what the visitor may do to several rows
	Views   *viewsView
	Extra   any // what Page shows beside the list; blocks stand above it
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
	q, err := ls.List.Parse(v.r.URL.Query(), o.Zone)
	if err != nil {
		return err
	}
	if format := v.query("format"); format != "" {
		return o.export(v, ls, q, format)
	}
	page := listingPage{Of: ls, frame: v.frame(v.t(ls.Title), ls.URL), Narrow: q.On, Sort: v.query("sort"), Extra: extra}
	page.Columns = v.columns(ls.List)
	var found list.Page
	err = o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		if found, err = ls.List.Run(r, q, pageSize); err != nil {
			return err
		}
		page.Rows, page.Pager = found.Rows, v.pager(len(found.Rows), found.Total, found.Next)
		page.Filters, err = v.filters(r, ls.List)
		return err
	})
	if err != nil {
		return err
	}
	page.Several = ls.Each.offered(v)
	if page.Views, err = v.views(ls.URL); err != nil {
		return err
	}
	page.Heads, page.Choices = v.heads(ls.List, page.Columns, &found), v.choices(ls.List, page.Columns)
	page.Exports = v.exports()
	return v.show(http.StatusOK, cmp.Or(ls.Page, "listing"), page)
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
		heads[i] = headView{Column: c, Label: v.head(l, c)}
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

func (v *Visit) filters(r Reader, l *list.List) ([]filterView, error) {
	views := make([]filterView, 0, len(l.Filters))
	for i := range l.Filters {
		f := &l.Filters[i]
		view := filterView{Filter: f, Label: capital(v.lang.Name(l.Name + "." + f.Name)), Value: v.query(f.Name), On: v.r.URL.Query()[f.Name]}
		for _, code := range f.Codes {
			view.Options = append(view.Options, option{code, v.lang.Name(f.Names + "." + code)})
		}
		if f.Test == list.Refers && f.Of != "" {
			one, err := v.only(r, f.Of, view.Value)
			if err != nil {
				return nil, err
			}
			view.Options = one
		} else if f.Test == list.Refers {
			found, err := list.OptionsOf(r, f)
			if err != nil {
				return nil, err
			}
			for _, answer := range found {
				view.Options = append(view.Options, option{answer.ID.String(), answer.Label})
			}
		}
		if f.Of == "" || len(view.Options) > 0 {
			views = append(views, view)
		}
	}
	return views, nil
}

// day returns the beginning of the day that many days after the one named, ms since 1970 UTC; 0 for none.
func (v *Visit) day(name string, after int) int64 {
	t, err := time.ParseInLocation(time.DateOnly, name, v.office.Zone)
	if err != nil {
		return 0
	}
	return t.AddDate(0, 0, after).UnixMilli()
}

// only is the one answer to a filter by a row that pages lead here with, none where it does not ask.
func (v *Visit) only(r Reader, table, asked string) ([]option, error) {
	id, err := record.ParseID(asked)
	if err != nil {
		return nil, nil
	}
	name, err := v.office.names(r).row(record.Key{Table: v.office.Schema.Table(table).ID, ID: id})
	return []option{{id.String(), name}}, err
}

// ofRow is the filter by the row that a column refers to, or one that was joined with it.
func ofRow(table, expression string) list.Filter {
	return list.Filter{
		Name: table, Test: list.Refers, Of: table,
		Where: expression + " IN (SELECT x.id FROM " + table + " x WHERE x.id = ? UNION ALL SELECT x.id FROM " + table + " x WHERE x.merged_into = ?)",
	}
}

// Has reports whether an answer was given; templates ask it.
func (f filterView) Has(answer string) bool { return slices.Contains(f.On, answer) }

// Kind names the test of a filter; templates ask it.
func (f filterView) Kind() string {
	return [...]string{list.Search: "search", list.OneOf: "codes", list.Refers: "row", list.Is: "flag", list.Since: "day", list.Until: "day", list.Tab: "tabs"}[f.Test]
}

// export sends the whole list, as it is filtered and sorted, with the columns shown.
func (o *Office) export(v *Visit, ls *Listing, q list.Query, format string) error {
	return o.Engine.View(v.r.Context(), func(r Reader) error {
		return v.sendFile(ls.List.Name, format, func(out io.Writer) error {
			if format == "csv" {
				return ls.List.CSV(out, r, q, v.columns(ls.List), teller{v, ls.List})
			}
			return ls.List.XLSX(out, r, q, v.columns(ls.List), teller{v, ls.List})
		})
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

// teller says the cells of a list in the visitor's language.
type teller struct {
	*Visit
	list *list.List
}

func (t teller) Head(c *list.Column) string { return t.head(t.list, c) }
func (t teller) Tell(c list.Cell) string    { return t.lang.cell(t.office.Zone, c) }

func (t teller) Value(c list.Cell) any {
	switch {
	case c.Null:
		return nil
	case c.Column.Kind == list.Number && c.Column.Scale == 0:
		return c.Number
	case c.Column.Kind == list.Instant, c.Column.Kind == list.Made:
		return wallClock(c.Number, t.office.Zone)
	case c.Column.Kind == list.Date:
		return time.Unix(c.Number*86400, 0).UTC()
	}
	return t.Tell(c)
}

// wallClock returns a moment as the company's clocks say it: a spreadsheet knows no zones.
func wallClock(ms int64, zone *time.Location) time.Time {
	at := time.UnixMilli(ms).In(zone)
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
}

// cell says one value of a list.
func (l *language) cell(zone *time.Location, c list.Cell) string {
	if c.Null {
		return ""
	}
	switch c.Column.Kind {
	case list.Translated:
		return l.translation(c.Text)
	case list.Number:
		return decimal(c.Number, int(c.Column.Scale))
	case list.Instant, list.Made:
		return times{l, zone}.when(c.Number)
	case list.Date:
		return date(c.Number)
	case list.Money:
		return strings.TrimSpace(decimal(c.Number, minorDigits(c.Text)) + " " + c.Text)
	case list.Quantity:
		return strings.TrimSpace(quantity(c.Number, int(c.Column.Scale)) + " " + c.Text)
	case list.Code:
		return l.Name(c.Column.Codes + "." + c.Text)
	case list.Flag:
		if c.Number == 1 {
			return l.Say("yes")
		}
		return ""
	}
	return c.Text
}

// quantity writes a number without the zeros at its end: 2, 0.5.
func quantity(n int64, scale int) string {
	s := decimal(n, scale)
	if scale == 0 {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// translation returns the text of a translated column in this language, else in any.
func (l *language) translation(stored string) string {
	var texts map[string]string
	if json.Unmarshal([]byte(stored), &texts) != nil {
		return stored
	}
	if s := texts[l.Tag]; s != "" {
		return s
	}
	for _, tag := range words.Tags {
		if s := texts[tag]; s != "" {
			return s
		}
	}
	return ""
}

// to returns where a cell leads, "" if nowhere: the first of a row to the row itself.
func to(c list.Cell) string {
	if c.Column.URL == "" || c.Ref == (record.ID{}) {
		return ""
	}
	return c.Column.URL + c.Ref.String()
}
