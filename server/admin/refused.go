package admin

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/server/list"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
	"fieldsync/sync/words"
)

// changeView is a change set that was judged: what was done or tried, by whom, and why it was refused if it was.
type changeView struct {
	Dot      string
	By       string
	Device   string // "" in the office
	When     int64  // it happened
	Clock    int64  // the same by the clock of its author's device
	Received int64  // the hub judged it
	Late     bool   // much later than it happened
	Cause    string
	Rows     []changedRow
	More     int  // rows beyond those, where a page shows the first
	Merged   bool // it met changes that its author did not know
	Refused  bool
	Why      string // for Refused
	Code     fault.Code
	Open     bool   // nobody has decided yet
	Pending  string // why nothing can be decided yet, "" if it can
}

// changedRow is what a change set does to one row.
type changedRow struct {
	Op    string // inserted, changed, deleted
	Table string
	Name  string
	Job   string // URL, "" if it belongs to none
	Cells []field
}

// refused is the list of the change sets that the hub keeps apart: the oldest first, since somebody waits.
var refused = &Listing{
	List: &list.List{
		Name: "refused", Key: []string{"f.actor", "f.counter"}, Order: "received",
		From: "_refused f JOIN _ledger l ON l.actor = f.actor AND l.counter = f.counter LEFT JOIN _actor a ON a.actor = f.actor" +
			" LEFT JOIN _person w ON w.id = a.person LEFT JOIN _device d ON d.id = a.device",
		Columns: []list.Column{
			{Name: "what", Told: true},
			{Name: "rows", Told: true},
			{Name: "why", Told: true},
			{Name: "person", SQL: "w.name", Fixed: true},
			{Name: "device", SQL: "d.name", Fixed: true},
			{Name: "happened", SQL: "l.eff >> 16", Kind: list.Instant, Fixed: true},
			{Name: "received", SQL: "f.seq", Kind: list.Instant},
			{Name: "code", SQL: "l.code", Fixed: true, Aside: true},
		},
		Filters: []list.Filter{
			{Name: "show", Test: list.Tab, Names: "refused.show", Tabs: []list.Choice{
				{Code: "open", Where: "f.open = 1"}, {Code: "closed", Where: "f.open = 0", Order: "-received"},
			}},
			{Name: "person", Test: list.Refers, Where: "f.actor IN (SELECT actor FROM _actor WHERE person = ?)",
				Options: "SELECT p.id, p.name FROM _person p JOIN person x ON x.id = p.id WHERE p.id IN (SELECT a.person FROM _actor a JOIN _refused f ON f.actor = a.actor) ORDER BY p.name, p.id"},
			{Name: "device", Test: list.Refers, Where: "f.actor IN (SELECT actor FROM _actor WHERE device = ?)", Called: "SELECT d.name FROM _device d JOIN person x ON x.id = d.person WHERE d.id = ?"},
			{Name: "since", Test: list.Since, Where: "(l.eff >> 16)"},
			{Name: "until", Test: list.Until, Where: "(l.eff >> 16)"},
		},
	},
	URL: refusedURL, Title: "Refused changes", Page: "refused", Tell: (*Office).tellRefused,
	Empty: "Nothing is refused. A change that a rule does not let through is kept whole, here and on the phone, until somebody decides what becomes of it.",
}

// ListRefused shows the change sets that the hub keeps apart. Where the URL names a device, those that it left.
func (o *Office) ListRefused(v *Visit) error { return o.ShowList(v, refused, nil) }

func (o *Office) tellRefused(v *Visit, r Reader, rows []list.Row) (seen []list.Row, views map[record.ID]any, err error) {
	n := o.names(r)
	views = map[record.ID]any{}
	for _, row := range rows {
		actor, counter := list.Numbers(row.ID)
		found, err := r.Entry(clock.Dot{Actor: clock.Actor(actor), Counter: counter})
		if err != nil {
			return nil, nil, err
		}
		if found == nil {
			continue // of another branch
		}
		view, err := o.changeView(v, n, found)
		if err != nil {
			return nil, nil, err
		}
		var names []string
		for _, changed := range view.Rows {
			names = append(names, changed.Table+" "+changed.Name+" "+changed.Op)
		}
		row.Put("what", view.Cause).Put("rows", strings.Join(names, " | ")).Put("why", view.Why).At("received", time.UnixMilli(view.Received))
		seen, views[row.ID] = append(seen, row), view
	}
	return seen, views, nil
}

// lateBy is how long a change may take to the hub before a page says so.
const lateBy = 10 * time.Minute

func (o *Office) changeView(v *Visit, n *names, e *Event) (changeView, error) {
	w, err := n.writer(e.Dot.Actor)
	if err != nil {
		return changeView{}, err
	}
	view := changeView{
		Dot: e.Dot.Text(), By: v.called(w), Device: w.Device, When: e.Eff.Millis(), Clock: e.Change.Stamp.Millis(), Received: e.Received,
		Cause: v.lang.Name("cause." + e.Change.Cause), Merged: e.Outcome == wire.Merged,
	}
	view.Late = view.Received-view.When > lateBy.Milliseconds()
	if e.Outcome == wire.Quarantined {
		view.Refused, view.Open, view.Code = true, e.Closed.IsZero(), e.Code
		view.Why = v.lang.refusal(fault.New(e.Code, e.Message))
	}
	if e.Code == fault.DependsOn {
		view.Pending = v.t("It waits for another refused change, which comes first. Decide that one.")
	}
	view.Rows, err = o.changedRows(v, n, e.Change.Rows)
	return view, err
}

func (o *Office) changedRows(v *Visit, n *names, changes []record.RowChange) ([]changedRow, error) {
	rows := make([]changedRow, 0, len(changes))
	for i := range changes {
		row, err := o.changedRow(v, n, i, &changes[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

var opNames = map[record.Op]string{record.Insert: "added", record.Update: "changed", record.Delete: "deleted"}

// changedRow describes the i-th row change; its cells can go into a form that amends them.
func (o *Office) changedRow(v *Visit, n *names, i int, c *record.RowChange) (row changedRow, err error) {
	row.Op = v.t(opNames[c.Op])
	t := o.Schema.TableByID(c.Table)
	if t == nil {
		row.Table = v.t("Something this version does not know")
		return row, nil
	}
	row.Table = v.lang.Name(t.Name)
	if row.Name, err = n.changed(t, c); err != nil {
		return row, err
	}
	job, err := jobOf(n.read, t, c.Key())
	if err != nil {
		return row, err
	}
	if !job.IsZero() {
		row.Job = jobURL(job)
	}
	for _, w := range c.Cells {
		at := t.ColumnByID(w.Column)
		if at < 0 {
			continue
		}
		cell, err := o.changedCell(v, n, t, &t.Columns[at], w)
		if err != nil {
			return row, err
		}
		cell.Name = cellName(i, w.CellID)
		row.Cells = append(row.Cells, cell)
	}
	return row, nil
}

// changedCell describes a written cell: as a field where it can be typed, else as text with an empty Kind.
func (o *Office) changedCell(v *Visit, n *names, t *schema.Table, c *schema.Column, w record.CellWrite) (field, error) {
	if c.Name == "secret" || !v.Who.MayRead(t, c) { // of a webhook, of one-time codes: it is nobody's to read
		return field{Label: v.lang.Name(columnKey(t, c)), Was: hidden}, nil
	}
	if typeable(c) {
		f := v.input(t, c, w.Value)
		shown, err := v.text(n, t, c, w.Value)
		f.Was = shown
		return f, err
	}
	shown, err := v.text(n, t, c, w.Value)
	label := v.lang.Name(columnKey(t, c))
	switch i := slices.Index(words.Tags, w.Key); {
	case c.Kind == schema.Translated && i >= 0:
		label += " · " + words.Names[i]
	case w.Key != "":
		label += " " + w.Key
	}
	return field{Label: label, Was: shown, Value: shown}, err
}

func cellName(row int, c record.CellID) string {
	return strings.Join([]string{"cell", strconv.Itoa(row), strconv.Itoa(int(c.Column)), c.Key}, ".")
}

type amendPage struct {
	frame
	changeView
	Reason  string
	Problem string
	MayAct  bool
}

// ShowRefused shows one refused change set with what can be done about it.
func (o *Office) ShowRefused(v *Visit) error {
	page, _, err := o.loadRefused(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "amend", page)
}

func (o *Office) loadRefused(v *Visit) (page amendPage, e *Event, err error) {
	page = amendPage{frame: v.frame(v.t("Refused change"), refusedURL)}
	dot, err := clock.ParseDot(v.r.PathValue("dot"))
	if err != nil {
		return page, nil, fault.New(NotFound, "There is no such refused change.")
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		if e, err = r.Entry(dot); err != nil {
			return err
		}
		if e == nil {
			return fault.New(NotFound, "There is no such refused change.")
		}
		page.changeView, err = o.changeView(v, o.names(r), e)
		return err
	})
	return page, e, err
}

// Decide releases, amends or dismisses a refused change set.
func (o *Office) Decide(v *Visit) error {
	page, entry, err := o.loadRefused(v)
	if err != nil {
		return err
	}
	page.Reason = v.form("reason")
	decision, ok := o.parseDecision(v, &page, entry)
	if !ok {
		return v.show(http.StatusUnprocessableEntity, "amend", page)
	}
	if decision.Verb != Dismiss {
		err = v.Who.MayRelease(o.Schema, entry.Change.Rows)
	}
	if err == nil {
		err = o.Engine.Decide(v.r.Context(), v.author(), decision)
	}
	if f, status := statusOf(err); err != nil && status < 500 {
		page.Problem = v.lang.refusal(f)
		return v.show(status, "amend", page)
	}
	if err != nil {
		return err
	}
	return v.done(refusedURL, v.t(decided[decision.Verb]))
}

var decided = map[Verb]string{
	Release: "Released: the change is applied as it was recorded.",
	Amend:   "Applied with your corrections. The technician sees what was corrected.",
	Dismiss: "Dismissed. The change stays readable under Closed, and the technician sees your reason.",
}

// parseDecision reads the form; what cannot be read is marked on the page, with what was typed kept.
func (o *Office) parseDecision(v *Visit, page *amendPage, e *Event) (Decision, bool) {
	d := Decision{Dot: e.Dot, Verb: Verb(v.form("verb")), Reason: strings.TrimSpace(page.Reason)}
	switch {
	case decided[d.Verb] == "":
		page.Problem = v.t("Choose what shall become of the change.")
	case d.Verb == Dismiss && d.Reason == "":
		page.Problem = v.t("Say why: the technician reads it.")
	case d.Verb == Release && v.corrected(page):
		page.Problem = v.t("You corrected something. Apply it with your corrections, or take them back first.")
	case d.Verb == Amend:
		var ok bool
		if d.Rows, ok = o.parseAmended(v, page, e); !ok {
			page.Problem = v.t("Some fields cannot be read. They are marked.")
		}
	}
	return d, page.Problem == ""
}

// corrected reports whether a field was typed over, and keeps what was typed. Enter sends a form by its first button:
// corrections must not be lost to a key.
func (v *Visit) corrected(page *amendPage) (any bool) {
	for _, row := range page.Rows {
		for i := range row.Cells {
			f := &row.Cells[i]
			if f.Kind != "" && v.r.PostForm.Has(f.Name) && v.form(f.Name) != f.Value {
				f.Value, any = v.form(f.Name), true
			}
		}
	}
	return any
}

func (o *Office) parseAmended(v *Visit, page *amendPage, e *Event) (rows []record.RowChange, ok bool) {
	ok = true
	for i, c := range e.Change.Rows {
		c.Cells = slices.Clone(c.Cells)
		t := o.Schema.TableByID(c.Table)
		for k := range c.Cells {
			if t != nil && !o.parseCell(v, page, t, i, &c.Cells[k]) {
				ok = false
			}
		}
		rows = append(rows, c)
	}
	return rows, ok
}

// parseCell reads what was typed in place of one cell, if anything was.
func (o *Office) parseCell(v *Visit, page *amendPage, t *schema.Table, row int, w *record.CellWrite) bool {
	name, at := cellName(row, w.CellID), t.ColumnByID(w.Column)
	i := slices.IndexFunc(page.Rows[row].Cells, func(f field) bool { return f.Name == name })
	if at < 0 || i < 0 || !v.r.PostForm.Has(name) || !typeable(&t.Columns[at]) {
		return true
	}
	f := &page.Rows[row].Cells[i]
	left := f.Value
	if f.Value = v.form(name); f.Value == left {
		return true
	}
	value, err := v.parse(&t.Columns[at], f.Value)
	if err != nil {
		refusal, _ := statusOf(err)
		f.Problem = v.lang.refusal(refusal)
		return false
	}
	w.Value = value
	return true
}
