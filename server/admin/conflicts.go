package admin

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// conflictView is a conflict that reads like a sentence.
type conflictView struct {
	ID      string // names row and cell in a form
	About   string // what it is about: "job.state"
	Column  string // the same, as a person reads it; with the name of the row unless that is a job
	Place   string // the row, by name; the job that it belongs to, if it does
	Job     string // URL of the job it belongs to, "" if it belongs to none
	Ask     bool   // a person must decide
	Open    bool
	Values  []conflictValue // the first is the one shown now
	Changed uint64          // the commit that last changed it
}

type conflictValue struct {
	Dot    string
	Text   string
	Who    string
	Device string // "" in the office
	When   int64
	At     string // the same, as finely as tells it apart from the others
	Shown  bool

	moment int64 // what the value is, if it is one
}

// conflicts is the list of values that were written without knowing each other: those that a person must settle first.
var conflicts = &Listing{
	List: &list.List{
		Name: "conflict", From: "_conflict c", Key: []string{"c.seq", "c.n"}, Order: "-ask",
		Columns: []list.Column{
			{Name: "about", Told: true},
			{Name: "cell", Told: true},
			{Name: "values", Told: true},
			{Name: "ask", SQL: "c.ask", Kind: list.Flag},
			{Name: "changed", SQL: "c.seq", Kind: list.Instant},
		},
		Filters: []list.Filter{
			{Name: "show", Test: list.Tab, Names: "conflict.show", Tabs: []list.Choice{{Code: "open", Where: "c.open = 1"}, {Code: "settled", Where: "c.open = 0"}}},
			{Name: "of", Test: list.OneOf, Where: tableNamed("c.tbl", conflictTables), Codes: conflictTables, Names: "conflict.of"},
			{Name: "ask", Test: list.Is, Where: "c.ask = 1"},
		},
		Indexes: []string{`CREATE INDEX IF NOT EXISTS "_conflict.open,seq" ON _conflict(open, seq, n)`},
	},
	URL: conflictsURL, Title: "Conflicts", Page: "conflicts", Tell: (*Office).tellConflicts,
	Empty: "When two people set the same thing without knowing of each other, both values stand here until somebody chooses.",
}

// conflictTables are the tables by whose rows conflicts are filtered.
var conflictTables = []string{"job", "visit", "assignment", "request", "party", "unit"}

// tableNamed is the expression of the name of a table, one of these, whose number an expression gives.
func tableNamed(number string, names []string) string {
	cases := "CASE " + number
	for _, name := range names {
		cases += fmt.Sprintf(" WHEN %d THEN '%s'", aftersales.Schema.Table(name).ID, name)
	}
	return cases + " END"
}

// ListConflicts shows the values that were written without knowing each other.
func (o *Office) ListConflicts(v *Visit) error { return o.ShowList(v, conflicts, nil) }

func (o *Office) tellConflicts(v *Visit, r Reader, rows []list.Row) (seen []list.Row, views map[record.ID]any, err error) {
	n := o.names(r)
	views = map[record.ID]any{}
	for _, row := range rows {
		_, number := list.Numbers(row.ID)
		found, at, err := r.Conflict(number)
		if err != nil {
			return nil, nil, err
		}
		if found == nil {
			continue // of another branch
		}
		view, err := o.conflictView(v, n, found)
		if err != nil {
			return nil, nil, err
		}
		var said []string
		for _, value := range view.Values {
			said = append(said, fmt.Sprintf("%s (%s, %s)", value.Text, value.Who, value.At))
		}
		row.Put("about", view.Place).Put("cell", view.Column).Put("values", strings.Join(said, " | ")).At("changed", at)
		seen, views[row.ID] = append(seen, row), view
	}
	return seen, views, nil
}

func (o *Office) conflictViews(v *Visit, n *names, found []judge.Conflict) ([]conflictView, error) {
	views := make([]conflictView, 0, len(found))
	for i := range found {
		view, err := o.conflictView(v, n, &found[i])
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

func (o *Office) conflictView(v *Visit, n *names, c *judge.Conflict) (view conflictView, err error) {
	view = conflictView{ID: conflictID(c.Row, c.Cell), Ask: c.Ask, Open: c.Open, Changed: c.Seq}
	t := o.Schema.TableByID(c.Row.Table)
	if t == nil || t.ColumnByID(c.Cell.Column) < 0 {
		return view, nil // of a schema that this version does not know: shown without names, never hidden
	}
	column := &t.Columns[t.ColumnByID(c.Cell.Column)]
	view.About, view.Column = columnKey(t, column), v.lang.Name(columnKey(t, column))
	if c.Cell.Key != "" {
		view.Column += " " + c.Cell.Key
	}
	job, err := jobOf(n.read, t, c.Row)
	if err != nil {
		return view, err
	}
	if view.Place, err = n.full(c.Row, job); err != nil {
		return view, err
	}
	if !job.IsZero() {
		view.Job = jobURL(job)
	}
	if !job.IsZero() && job != c.Row.ID {
		view.Column = v.lang.Name(t.Name) + " · " + view.Column
	}
	for i, s := range c.Values {
		value, err := v.conflictValue(n, t, column, s)
		if err != nil {
			return view, err
		}
		value.Shown = i == 0
		view.Values = append(view.Values, value)
	}
	v.tellApart(view.Values)
	return view, nil
}

// tellApart writes the moments of values that conflict, and those that they are, as finely as it takes to see which is which.
func (v *Visit) tellApart(values []conflictValue) {
	written := v.apart(values, momentLayouts, func(c *conflictValue) int64 { return c.When })
	said := v.apart(values, momentLayouts[1:], func(c *conflictValue) int64 { return c.moment })
	for i := range values {
		if values[i].At = written[i]; values[i].moment != 0 {
			values[i].Text = said[i]
		}
	}
}

// momentLayouts say a moment in minutes, in seconds, and in thousandths of one.
var momentLayouts = []string{"2006-01-02 15:04", time.DateTime, "2006-01-02 15:04:05.000"}

// apart writes a moment of each value, in the coarsest layout in which different moments read differently.
func (v *Visit) apart(values []conflictValue, layouts []string, of func(*conflictValue) int64) (said []string) {
	for _, layout := range layouts {
		said = nil
		clash, meant := false, map[string]int64{}
		for i := range values {
			ms := of(&values[i])
			text := time.UnixMilli(ms).In(v.office.Zone).Format(layout)
			before, twice := meant[text]
			clash = clash || twice && before != ms
			said, meant[text] = append(said, text), ms
		}
		if !clash {
			return said
		}
	}
	return said
}

func (v *Visit) conflictValue(n *names, t *schema.Table, c *schema.Column, s record.Standing) (conflictValue, error) {
	text, err := v.text(n, t, c, s.Value)
	if err != nil {
		return conflictValue{}, err
	}
	moment := int64(0)
	if c.Kind == schema.Instant {
		moment = s.Value.Number()
	}
	w, err := n.writer(s.Dot.Actor)
	if text == "" {
		text = v.t("(empty)")
	}
	return conflictValue{Dot: s.Dot.Text(), Text: text, Who: v.called(w), Device: w.Device, When: s.Eff.Millis(), moment: moment}, err
}

// called returns a writer's name.
func (v *Visit) called(w Writer) string {
	if w.Name == "" && w.Side == clock.SideHub {
		return v.t("The hub")
	}
	if w.Name == "" {
		return v.t("Somebody")
	}
	return w.Name
}

// jobOf returns the job that a row belongs to, the zero id if to none.
func jobOf(r Reader, t *schema.Table, k record.Key) (record.ID, error) {
	if t.Name == "job" {
		return k.ID, nil
	}
	row, err := r.Row(k)
	if err != nil || row == nil {
		return record.ID{}, err
	}
	return row.Get("job").Ref(), nil
}

// Settle makes one of the values stand, over those that the page showed.
func (o *Office) Settle(v *Visit) error {
	choice, err := parseChoice(v.form("conflict"), v.form("chosen"), v.r.PostForm["over"])
	if err != nil {
		return err
	}
	back := local(v.form("to"), conflictsURL)
	err = o.Engine.Settle(v.r.Context(), v.author(), choice)
	if fault.CodeOf(err) == AlreadySettled {
		return v.done(back, v.t("Somebody settled this before you. What stands now is shown here."))
	}
	if err != nil {
		return err
	}
	return v.done(back, v.t("Settled. The technician sees what became of his value."))
}

func parseChoice(id, chosen string, over []string) (c Choice, err error) {
	if c.Row, c.Cell, err = parseConflictID(id); err != nil {
		return c, errForm
	}
	if c.Chosen, err = clock.ParseDot(chosen); err != nil {
		return c, errForm
	}
	found := false
	for _, text := range over {
		d, err := clock.ParseDot(text)
		if err != nil {
			return c, errForm
		}
		c.Over, found = append(c.Over, d), found || d == c.Chosen
	}
	if !found {
		return c, errForm
	}
	return c, nil
}

// conflictID writes a cell as table.id.column.key, the key in base64url.
func conflictID(k record.Key, c record.CellID) string {
	key := base64.RawURLEncoding.EncodeToString([]byte(c.Key))
	return strings.Join([]string{strconv.Itoa(int(k.Table)), k.ID.String(), strconv.Itoa(int(c.Column)), key}, ".")
}

func parseConflictID(s string) (k record.Key, c record.CellID, err error) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return k, c, strconv.ErrSyntax
	}
	table, err1 := strconv.ParseUint(parts[0], 10, 16)
	id, err2 := record.ParseID(parts[1])
	column, err3 := strconv.ParseUint(parts[2], 10, 16)
	key, err4 := base64.RawURLEncoding.DecodeString(parts[3])
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return k, c, err
		}
	}
	return record.Key{Table: schema.TableID(table), ID: id},
		record.CellID{Column: schema.ColumnID(column), Key: string(key)}, nil
}
