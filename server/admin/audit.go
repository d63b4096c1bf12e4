package admin

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/formula"
	"fieldsync/server/list"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// auditRows is how many rows of one change the trail shows; of more it says how many, and the file has them all.
const auditRows = 12

type auditPage struct {
	frame
	Changes  []auditView
	People   []auth.Person
	Person   string
	From, To string            // days, as the URL names them
	Device   string            // what the device of the filter is called
	Row      string            // what the row of the filter is called
	RowURL   string            // its page, "" if it has none
	Kept     map[string]string // of the filter, what no field of the form shows
	Older    string            // URL
	First    string            // URL of the latest
	Exports  [2]string
	Narrow   bool
}

// auditView is a change with the rows that it touched, each with its page and its own trail.
type auditView struct {
	changeView
	Hub     bool // nobody did it: the hub did, by itself
	Touched []touchedRow
}

type touchedRow struct {
	changedRow
	URL   string // of its page, "" if it has none
	Trail string
}

// ShowAudit shows who changed what, when, and on which device: of a person, a device, a row, some days; as a page or,
// where the URL asks for a format, as a file.
func (o *Office) ShowAudit(v *Visit) error {
	f, err := v.auditFilter()
	if err != nil {
		return err
	}
	if format := v.query("format"); format != "" {
		return o.exportAudit(v, f, format)
	}
	page := auditPage{frame: v.frame(v.t("Audit trail"), auditURL), Person: v.query("person"), From: v.query("from"), To: v.query("to")}
	if page.People, err = o.colleagues(v); err != nil {
		return err
	}
	if page.Device, err = o.deviceName(v, f.Device); err != nil {
		return err
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) error { return o.fillAudit(v, r, f, &page) })
	if err != nil {
		return err
	}
	page.Exports = [2]string{v.without("after", "format", "csv"), v.without("after", "format", "xlsx")}
	page.Narrow = f != JournalFilter{}
	return v.show(http.StatusOK, "audit", page)
}

func (o *Office) fillAudit(v *Visit, r Reader, f JournalFilter, page *auditPage) error {
	if f.Row == (record.Key{}) {
		f.FirstRows = auditRows
	}
	events, next, err := r.Journal(f, v.query("after"), pageSize)
	if err != nil {
		return err
	}
	ahead, err := o.readAhead(r, events)
	if err != nil {
		return err
	}
	n := o.names(ahead)
	n.tag = v.lang.Tag
	if next != "" {
		page.Older = v.with("after", next)
	}
	if v.query("after") != "" {
		page.First = v.with("after", "")
	}
	if f.Row != (record.Key{}) {
		if page.Row, err = v.rowName(n, f.Row); err != nil {
			return err
		}
		if page.RowURL, err = v.pageNow(n, f.Row); err != nil {
			return err
		}
	}
	page.Kept = v.kept("row", "device")
	for i := range events {
		view, err := o.auditView(v, n, &events[i], f.Row)
		if err != nil {
			return err
		}
		page.Changes = append(page.Changes, view)
	}
	return nil
}

// readAhead reads, by one statement for each table, the rows that the events touched and those that they speak of, and
// returns a reader that has them.
func (o *Office) readAhead(r Reader, events []Event) (Reader, error) {
	var touched []record.Key
	for i := range events {
		for _, row := range events[i].Change.Rows[:min(auditRows, len(events[i].Change.Rows))] {
			touched = append(touched, o.mentions(&row)...)
		}
	}
	slices.SortFunc(touched, func(a, b record.Key) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), slices.Compare(a.ID[:], b.ID[:]))
	})
	touched = slices.Compact(touched)
	if err := r.Foresee(touched); err != nil {
		return nil, err
	}
	known := remembered{r, map[record.Key]*record.Row{}}
	for _, k := range touched {
		if _, err := known.Row(k); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// mentions are the row of a change and those that its cells refer to, unless their tables are not known.
func (o *Office) mentions(c *record.RowChange) (found []record.Key) {
	t := o.Schema.TableByID(c.Table)
	if t == nil {
		return nil
	}
	found = append(found, c.Key())
	for _, w := range c.Cells {
		at := t.ColumnByID(w.Column)
		if at < 0 || w.Value.IsNull() {
			continue
		}
		switch column := &t.Columns[at]; {
		case column.Kind == schema.AnyRef && o.Schema.TableByID(w.Value.Key().Table) != nil:
			found = append(found, w.Value.Key())
		case column.Kind == schema.Ref && o.Schema.Table(column.Ref) != nil:
			found = append(found, record.Key{Table: o.Schema.Table(column.Ref).ID, ID: w.Value.Ref()})
		}
	}
	return found
}

// remembered is a reader that reads each row once.
type remembered struct {
	Reader
	rows map[record.Key]*record.Row
}

func (r remembered) Row(k record.Key) (*record.Row, error) {
	if row, known := r.rows[k]; known {
		return row, nil
	}
	row, err := r.Reader.Row(k)
	if err == nil {
		r.rows[k] = row
	}
	return row, err
}

// auditFilter reads the filter in the URL; days are the company's.
func (v *Visit) auditFilter() (f JournalFilter, err error) {
	f = JournalFilter{From: v.day(v.query("from"), 0), To: v.day(v.query("to"), 1)}
	for name, id := range map[string]*record.ID{"person": &f.Person, "device": &f.Device} {
		if given := v.query(name); given != "" && err == nil {
			*id, err = record.ParseID(given)
		}
	}
	if given := v.query("row"); given != "" && err == nil {
		f.Row, err = parseRowKey(given)
	}
	if err != nil {
		err = errForm
	}
	return f, err
}

// kept returns those parameters of the query that are given, for a form to carry.
func (v *Visit) kept(names ...string) map[string]string {
	given := map[string]string{}
	for _, name := range names {
		if value := v.query(name); value != "" {
			given[name] = value
		}
	}
	return given
}

// rowKey writes a row as table.id, for the query of a URL.
func rowKey(k record.Key) string { return strconv.Itoa(int(k.Table)) + "." + k.ID.String() }

func parseRowKey(s string) (k record.Key, err error) {
	table, id, _ := strings.Cut(s, ".")
	n, err := strconv.ParseUint(table, 10, 16)
	if err != nil {
		return k, err
	}
	k.Table = schema.TableID(n)
	k.ID, err = record.ParseID(id)
	return k, err
}

func trailURL(k record.Key) string { return auditURL + "?row=" + rowKey(k) }

// rowName returns what a row is and what it is called: "job D-101".
func (v *Visit) rowName(n *names, k record.Key) (string, error) {
	t := n.schema.TableByID(k.Table)
	if t == nil {
		return v.t("Something this version does not know"), nil
	}
	name, err := n.row(k)
	return v.lang.Name(t.Name) + " " + name, err
}

// pageOfRow returns the page of a row, "" if there is none for its kind.
func (v *Visit) pageOfRow(k record.Key) string {
	if t := v.office.Schema.TableByID(k.Table); t != nil && rowPages[t.Name] != "" {
		return rowPages[t.Name] + "/" + k.ID.String()
	}
	return ""
}

// pageNow is pageOfRow of a row that is still there: the trail tells of others, too.
func (v *Visit) pageNow(n *names, k record.Key) (string, error) {
	page := v.pageOfRow(k)
	if page == "" {
		return "", nil
	}
	row, err := n.read.Row(k)
	if err != nil || row == nil || row.Deleted {
		return "", err
	}
	return page, nil
}

// auditView shows a change with its first rows; that whose trail it is stands before the others.
func (o *Office) auditView(v *Visit, n *names, e *Event, first record.Key) (view auditView, err error) {
	shown := e.trimmed(func(k record.Key) bool { return k == first })
	if view.changeView, err = o.changeView(v, n, shown); err != nil {
		return view, err
	}
	view.More = e.More + len(e.Change.Rows) - len(shown.Change.Rows)
	w, err := n.writer(e.Dot.Actor)
	view.Hub = w.Person.IsZero()
	for i, row := range view.Rows {
		k := shown.Change.Rows[i].Key()
		page, err := v.pageNow(n, k)
		if err != nil {
			return view, err
		}
		view.Touched = append(view.Touched, touchedRow{row, page, trailURL(k)})
	}
	return view, err
}

// trimmed returns the event with as many of its rows as a page shows, those that it is about before the others: an import
// writes thousands at once, and a page of one of them is not about all.
func (e *Event) trimmed(about func(record.Key) bool) *Event {
	shown, change := *e, *e.Change
	change.Rows = slices.Clone(change.Rows)
	slices.SortStableFunc(change.Rows, func(a, b record.RowChange) int {
		return cmp.Compare(flagOf(about(b.Key())), flagOf(about(a.Key())))
	})
	change.Rows, shown.Change = change.Rows[:min(len(change.Rows), auditRows)], &change
	return &shown
}

func flagOf(is bool) int {
	if is {
		return 1
	}
	return 0
}

// deviceName returns what a device is called, with whose it is; "" for the zero id.
func (o *Office) deviceName(v *Visit, id record.ID) (string, error) {
	if id.IsZero() {
		return "", nil
	}
	held, err := o.Phones.Holding(v.r.Context(), id)
	if err != nil || held == nil {
		return id.String(), err
	}
	return held.Owner + ", " + held.Name, nil
}

// auditHeads are the columns of the file.
func (v *Visit) auditHeads() (heads []string) {
	for _, name := range []string{"happened", "received", "by", "device", "cause", "table", "row", "op", "column", "value", "outcome"} {
		heads = append(heads, v.lang.Name("audit."+name))
	}
	return heads
}

// exportAudit sends the trail with a line for each value that was written.
func (o *Office) exportAudit(v *Visit, f JournalFilter, format string) error {
	return o.Engine.View(v.r.Context(), func(r Reader) error {
		return v.sendFile("audit", format, func(out io.Writer) error {
			if format == "csv" {
				return list.CSV(out, v.auditHeads(), func(put func([]string) error) error { return o.auditLines(v, r, f, put) })
			}
			return list.XLSX(out, v.auditHeads(), func(put func([]any) error) error {
				return o.auditLines(v, r, f, func(line []string) error {
					cells := make([]any, len(line))
					for i, text := range line {
						cells[i] = text
					}
					return put(cells)
				})
			})
		})
	})
}

// auditStep is how many changes an export reads at a time.
const auditStep = 500

func (o *Office) auditLines(v *Visit, r Reader, f JournalFilter, put func([]string) error) error {
	n := o.names(r)
	n.tag = v.lang.Tag
	for cursor, more := "", true; more; more = cursor != "" {
		events, next, err := r.Journal(f, cursor, auditStep)
		if err != nil {
			return err
		}
		for i := range events {
			view, err := o.changeView(v, n, &events[i])
			if err == nil {
				err = v.auditLinesOf(&view, put)
			}
			if err != nil {
				return err
			}
		}
		cursor = next
	}
	return nil
}

func (v *Visit) auditLinesOf(c *changeView, put func([]string) error) error {
	clock, outcome := times{v.lang, v.office.Zone}, v.t("applied")
	switch {
	case c.Refused:
		outcome = v.t("refused") + v.t(":") + " " + c.Why
	case c.Merged:
		outcome = v.t("merged")
	}
	begin := []string{clock.when(c.When), clock.when(c.Received), c.By, c.Device, c.Cause}
	line := func(rest ...string) error {
		return put(formula.GuardAll(slices.Concat(begin, rest, []string{outcome})))
	}
	if len(c.Rows) == 0 {
		return line("", "", "", "", "")
	}
	for _, row := range c.Rows {
		if len(row.Cells) == 0 {
			if err := line(row.Table, row.Name, row.Op, "", ""); err != nil {
				return err
			}
		}
		for _, cell := range row.Cells {
			if err := line(row.Table, row.Name, row.Op, cell.Label, cell.Was); err != nil {
				return err
			}
		}
	}
	return nil
}
