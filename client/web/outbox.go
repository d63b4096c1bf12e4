package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/client/files"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// outboxPage is what became of what the user did: refused, waiting, sent, or replaced by what somebody else wrote.
type outboxPage struct {
	frame
	Refused                []sentLine
	Waiting                []sentLine
	More                   int    // that wait beyond those shown
	Next                   string // the page that goes on with them; "" for none
	Later                  bool   // this page goes on with what waits, and shows nothing else
	Files                  []files.Item
	MoreFiles, MoreRefused int
	Sent                   []sentLine
	Replaced               []replacedLine
	Trouble                string
}

// sentLine is a change set as people read it.
type sentLine struct {
	client.Sent
	About string // what it is about
	URL   string // of its page; "" for none
	Why   string // why it was refused
}

// Name returns how forms name the change.
func (s sentLine) Name() string { return s.Dot.String() }

// Millis returns when it was written.
func (s sentLine) Millis() int64 { return s.Written.UnixMilli() }

// replacedLine is a value of the user's in whose place another stands now.
type replacedLine struct {
	About, URL   string
	Column       string // as names have it
	Mine, Theirs string
	When         int64
}

const (
	maxWaiting = 50 // changes, and files
	maxRefused = 50
	maxSent    = 20
	lookBack   = 200 // change sets in which replaced values are looked for
)

// outbox shows what waits, what was refused and why, and what was sent.
func (v *request) outbox() error {
	p := outboxPage{frame: v.frame("Outbox"), Files: v.client.Waiting()}
	p.Tab, p.Live = "outbox", true
	s, err := v.client.Status(v.ctx())
	if err != nil {
		return err
	}
	if !s.Online {
		p.Trouble = v.lang.refusal(s.Code, strings.TrimPrefix(s.Trouble, string(s.Code)+": "))
	}
	p.MoreFiles, p.Files = max(0, len(p.Files)-maxWaiting), p.Files[:min(len(p.Files), maxWaiting)]
	if v.form("after") != "" {
		return v.outboxLater(p)
	}
	p.More, p.MoreRefused = max(0, s.Pending-maxWaiting), max(0, s.Refused-maxRefused)
	lists, err := v.sentLists()
	if err != nil {
		return err
	}
	p.Next = nextOf(lists.waiting)
	err = v.view(func(tx client.Tx) error { return p.read(v, tx, lists) })
	if err != nil {
		return err
	}
	return v.show("outbox", p)
}

// outboxLater goes on with what waits, where a page before ended.
func (v *request) outboxLater(p outboxPage) error {
	after, err := strconv.ParseUint(v.form("after"), 10, 63)
	if err != nil {
		return fault.Wrap(fault.UnknownRow, "there is nothing at this address", err)
	}
	list, err := v.client.OutboxFirst(v.ctx(), device.Pending, after, maxWaiting)
	if err != nil {
		return err
	}
	p.Later, p.Back, p.Files, p.MoreFiles, p.Next = true, outboxURL, nil, 0, nextOf(list)
	err = v.view(func(tx client.Tx) (err error) { p.Waiting, err = v.sentLines(tx, list); return err })
	if err != nil {
		return err
	}
	return v.show("outbox", p)
}

// nextOf returns the page that goes on after these; "" where they are the last.
func nextOf(list []client.Sent) string {
	if len(list) < maxWaiting {
		return ""
	}
	return outboxURL + "?after=" + strconv.FormatUint(list[len(list)-1].Place, 10)
}

// sentLists is what the page reads of the outbox: some of it, however long that is.
type sentLists struct {
	refused, waiting, accepted []client.Sent // what was accepted: the latest first
	over                       []client.Sent // what waits on the rows of those that were accepted
}

func (v *request) sentLists() (l sentLists, err error) {
	if l.refused, err = v.client.OutboxFirst(v.ctx(), device.Refused, 0, maxRefused); err != nil {
		return l, err
	}
	if l.waiting, err = v.client.OutboxFirst(v.ctx(), device.Pending, 0, maxWaiting); err != nil {
		return l, err
	}
	if l.accepted, err = v.client.OutboxLast(v.ctx(), device.Accepted, lookBack); err != nil || len(l.waiting) == 0 {
		return l, err
	}
	l.over, err = v.client.OutboxOn(v.ctx(), rowsOf(l.accepted))
	return l, err
}

// rowsOf returns the rows that the change sets change, each once.
func rowsOf(list []client.Sent) (rows []record.Key) {
	known := map[record.Key]bool{}
	for _, s := range list {
		for i := range s.Rows {
			if k := s.Rows[i].Key(); !known[k] {
				known[k] = true
				rows = append(rows, k)
			}
		}
	}
	return rows
}

func (p *outboxPage) read(v *request, tx client.Tx, l sentLists) (err error) {
	if p.Refused, err = v.sentLines(tx, l.refused); err != nil {
		return err
	}
	if p.Waiting, err = v.sentLines(tx, l.waiting); err != nil {
		return err
	}
	if p.Sent, err = v.sentLines(tx, l.accepted[:min(len(l.accepted), maxSent)]); err != nil {
		return err
	}
	p.Replaced, err = v.replaced(tx, l.accepted, slices.Concat(l.over, l.refused))
	return err
}

func (v *request) sentLines(tx client.Tx, list []client.Sent) (lines []sentLine, err error) {
	for _, s := range list {
		line := sentLine{Sent: s}
		if line.About, line.URL, err = v.about(tx, s.Rows); err != nil {
			return nil, err
		}
		if s.Code != "" {
			line.Why = v.lang.refusal(s.Code, s.Message)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// about says what a change set is about: the first of its rows that has a page. A row that went when the change was
// refused is known by what the change says of it.
func (v *request) about(tx client.Tx, rows []record.RowChange) (text, url string, err error) {
	for i := range rows {
		row, err := v.rowOf(tx, &rows[i])
		if err != nil {
			return "", "", err
		}
		if row == nil {
			continue
		}
		h := v.hit(row)
		if text == "" {
			text = h.Label
		}
		if h.URL != "" {
			return v.jobName(tx, row, text), h.URL, nil
		}
	}
	return text, "", nil
}

func (v *request) rowOf(tx client.Tx, change *record.RowChange) (*record.Row, error) {
	t := v.client.Schema.TableByID(change.Table)
	if t == nil {
		return nil, nil
	}
	row, err := tx.Row(t.Name, change.ID)
	if row == nil && err == nil && change.Op == record.Insert {
		row = record.NewRow(t, change, clock.Dot{})
	}
	return row, err
}

// jobName puts the job's number before what is part of a job.
func (v *request) jobName(tx client.Tx, row *record.Row, text string) string {
	if row.Table.Column("job") < 0 {
		return text
	}
	job, err := rowAs(tx, "job", row.Get("job").Ref(), aftersales.JobOf)
	if err != nil || job.Number == "" || job.Number == text {
		return text
	}
	return firstText(job.Number + " " + text)
}

// written names a cell.
type written struct {
	row  record.Key
	cell record.CellID
}

// replaced returns what the user wrote and the hub accepted, where another value stands now: the office's, or a
// colleague's. What the user himself wrote later replaced nothing of anybody's.
func (v *request) replaced(tx client.Tx, accepted, later []client.Sent) (lines []replacedLine, err error) {
	seen := map[written]bool{}
	for _, s := range later {
		for i := range s.Rows {
			for _, w := range s.Rows[i].Cells {
				seen[written{s.Rows[i].Key(), w.CellID}] = true
			}
		}
	}
	for _, s := range accepted { // the latest first
		for i := range s.Rows {
			found, err := v.replacedIn(tx, &s.Rows[i], s.Written, seen)
			if err != nil {
				return nil, err
			}
			lines = append(lines, found...)
		}
	}
	return lines, nil
}

func (v *request) replacedIn(tx client.Tx, change *record.RowChange, when time.Time, seen map[written]bool) (lines []replacedLine, err error) {
	t := v.client.Schema.TableByID(change.Table)
	if t == nil || t.Mode == schema.Ledger {
		return nil, nil // what is in a ledger is not replaced
	}
	row, err := tx.Row(t.Name, change.ID)
	if err != nil || row == nil {
		return nil, err
	}
	for _, w := range change.Cells {
		at, cell := t.ColumnByID(w.Column), written{change.Key(), w.CellID}
		if at < 0 || seen[cell] {
			continue
		}
		seen[cell] = true
		now := row.Cols[at]
		if w.Key != "" {
			now = now.Cell(w.Key)
		}
		if now.Compare(w.Value) == 0 {
			continue
		}
		h, c := v.hit(row), &t.Columns[at]
		lines = append(lines, replacedLine{
			About: v.jobName(tx, row, h.Label), URL: h.URL, Column: c.Name, When: when.UnixMilli(),
			Mine: v.shown(tx, t, c, w.Value), Theirs: v.shown(tx, t, c, now),
		})
	}
	return lines, nil
}

// shown returns a value as people read it.
func (v *request) shown(tx client.Tx, t *schema.Table, c *schema.Column, value record.Value) string {
	if value.IsNull() {
		return v.say("(empty)")
	}
	switch c.Kind {
	case schema.Instant:
		return v.lang.when(v.at(value.Number()), v.App.today())
	case schema.Date:
		return v.lang.day(value.Number())
	case schema.Money:
		return money(aftersales.Money{Minor: value.Number(), Currency: value.Text()})
	case schema.Quantity:
		return aftersales.Quantity{Amount: value.Number(), Unit: value.Text()}.String()
	case schema.Enum:
		return v.lang.name(t.Name + "." + c.Name + "." + value.Text())
	case schema.Ref:
		row, err := tx.Row(c.Ref, value.Ref())
		if err != nil || row == nil {
			return v.say("(not on this phone)")
		}
		return v.hit(row).Label
	}
	if value.Text() != "" {
		return value.Text()
	}
	return strconv.FormatInt(value.Number(), 10)
}

// refusedChange returns the refused change that the URL names. Codes: fault.Closed.
func (v *request) refusedChange() (client.Sent, error) {
	list, err := v.client.Outbox(v.ctx(), device.Refused)
	i := slices.IndexFunc(list, func(s client.Sent) bool { return s.Dot.String() == v.r.PathValue("dot") })
	if err == nil && i < 0 {
		err = fault.New(fault.Closed, "This change is not waiting for you any more.")
	}
	if err != nil {
		return client.Sent{}, err
	}
	return list[i], nil
}

// mendPage shows a refused change with what can be mended in it.
type mendPage struct {
	frame
	sentLine
	Fields []mendField
}

// mendField is a value of a refused change that can be written otherwise.
type mendField struct {
	Name   string // as the form has it: the place of the row and of the cell
	Table  string
	Column string
	Value  string
	Long   bool
}

// mend shows a refused change: why, what it says, and the ways out.
func (v *request) mend() error {
	p := mendPage{frame: v.frame("Refused")}
	p.Tab, p.Back = "outbox", outboxURL
	s, err := v.refusedChange()
	if err != nil {
		return err
	}
	err = v.view(func(tx client.Tx) error {
		lines, err := v.sentLines(tx, []client.Sent{s})
		if err == nil {
			p.sentLine = lines[0]
		}
		return err
	})
	if err != nil {
		return err
	}
	v.eachCell(s.Rows, func(name string, t *schema.Table, c *schema.Column, value record.Value) {
		if text, ok := editable(c, value); ok {
			p.Fields = append(p.Fields, mendField{name, t.Name, c.Name, text, len(text) > 40})
		}
	})
	return v.show("mend", p)
}

// eachCell calls do for every cell of a change that this version knows.
func (v *request) eachCell(rows []record.RowChange, do func(name string, t *schema.Table, c *schema.Column, value record.Value)) {
	for i := range rows {
		t := v.client.Schema.TableByID(rows[i].Table)
		if t == nil {
			continue
		}
		for j, w := range rows[i].Cells {
			if at := t.ColumnByID(w.Column); at >= 0 {
				do("c"+strconv.Itoa(i)+"-"+strconv.Itoa(j), t, &t.Columns[at], w.Value)
			}
		}
	}
}

// editable returns a value as a person may rewrite it: words and quantities. References, codes and moments are made
// by the app, and stay.
func editable(c *schema.Column, value record.Value) (string, bool) {
	switch {
	case c.Has(schema.Immutable) || c.Name == "sha256" || c.Name == "number" && c.Kind == schema.Text:
		return "", false
	case c.Kind == schema.Text:
		return value.Text(), value.Text() != "" && value.Text()[0] != '{' && value.Text()[0] != '['
	case c.Kind == schema.Quantity:
		return aftersales.Quantity{Amount: value.Number()}.String(), true
	case c.Kind == schema.Money && !value.IsNull():
		return money(aftersales.Money{Minor: value.Number(), Currency: value.Text()}), false
	}
	return "", false
}

// settle sends a refused change again, as it was or as it was mended, or gives it up.
func (v *request) settle() error {
	s, err := v.refusedChange()
	if fault.CodeOf(err) == fault.Closed {
		return v.redirect(outboxURL) // it was settled: the form was sent twice
	}
	if err != nil {
		return err
	}
	switch v.form("do") {
	case "again":
		err = v.resend(s)
	case "drop":
		if v.form("sure") == "" {
			return fault.New(fault.Invalid, "Say that you are sure before you give it up.")
		}
		err = v.client.Dismiss(v.ctx(), s.Dot)
	}
	if err != nil {
		return err
	}
	return v.redirect(outboxURL)
}

// resend writes what the change wrote, with what was mended, in one change that takes its place.
func (v *request) resend(s client.Sent) error {
	mended := map[string]record.Value{}
	var bad error
	v.eachCell(s.Rows, func(name string, _ *schema.Table, c *schema.Column, value record.Value) {
		before, ok := editable(c, value)
		if now := v.form(name); ok && v.r.Form.Has(name) && now != before {
			if c.Kind != schema.Quantity {
				mended[name] = record.Text(now)
				return
			}
			n, fine := amount(now, aftersales.QuantityScale)
			if mended[name] = record.Quantity(n, value.Text()); !fine {
				bad = fault.New(aftersales.BadQuantity, "A quantity is a number like 2 or 1.5.")
			}
		}
	})
	if bad != nil {
		return bad
	}
	if len(mended) == 0 {
		return v.client.SendAgain(v.ctx(), s.Dot)
	}
	return v.client.Resend(v.ctx(), s.Dot, s.Cause, func(tx client.Tx) error { return v.rewrite(tx, s.Rows, mended) })
}

func (v *request) rewrite(tx client.Tx, rows []record.RowChange, mended map[string]record.Value) error {
	for i := range rows {
		t := v.client.Schema.TableByID(rows[i].Table)
		if t == nil {
			return fault.New(fault.Version, "this change is about something that this version does not know: update the program")
		}
		values := record.Values{}
		for j, w := range rows[i].Cells {
			at := t.ColumnByID(w.Column)
			if at < 0 {
				return fault.New(fault.Version, "this change is about something that this version does not know: update the program")
			}
			name := t.Columns[at].Name
			if w.Key != "" {
				name += "." + w.Key
			}
			values[name] = w.Value
			if now, ok := mended["c"+strconv.Itoa(i)+"-"+strconv.Itoa(j)]; ok {
				values[name] = now
			}
		}
		if err := write(tx, t.Name, &rows[i], values); err != nil {
			return err
		}
	}
	return nil
}

func write(tx client.Tx, table string, change *record.RowChange, values record.Values) error {
	switch change.Op {
	case record.Insert:
		return tx.Insert(table, change.ID, values)
	case record.Delete:
		return tx.Delete(table, change.ID)
	}
	return tx.Update(table, change.ID, values)
}

// syncNow tries at once: somebody knows that there is a network.
func (v *request) syncNow() error {
	v.client.NetworkChanged()
	return v.redirect(outboxURL)
}
