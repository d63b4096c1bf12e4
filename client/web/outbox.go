package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"fieldsync/client"
	"fieldsync/client/files"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
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
		p.Trouble = v.trouble(s)
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

// trouble says why the hub was not reached last, "" where it was.
func (v *request) trouble(s client.Status) string {
	return v.lang.refusal(s.Code, strings.TrimPrefix(s.Trouble, string(s.Code)+": "))
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
		if h.Label == "" {
			if h.Label, err = v.thing(tx, row); err != nil {
				return "", "", err
			}
		}
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

// thing returns what a row without words of its own is about, as a movement is about its part; "" where this phone does not have it.
func (v *request) thing(tx client.Tx, row *record.Row) (string, error) {
	for _, column := range []string{"part", "unit", "party"} {
		i := row.Table.Column(column)
		if i < 0 || row.Table.Columns[i].Ref != column || row.Cols[i].IsNull() {
			continue
		}
		about, err := tx.Row(column, row.Cols[i].Ref())
		if about == nil || err != nil {
			return "", err
		}
		return v.hit(about).Label, nil
	}
	return "", nil
}

// jobName puts the job's number before what is part of a job; what has no words of its own is called as the job is.
func (v *request) jobName(tx client.Tx, row *record.Row, text string) string {
	id := row.ID
	switch {
	case row.Table.Column("job") >= 0:
		id = row.Get("job").Ref()
	case row.Table.Name != "job":
		return text
	}
	job, err := rowAs(tx, "job", id, aftersales.JobOf)
	if err != nil || job.Number == "" || job.Number == text {
		return text
	}
	return firstText(job.Number + " " + cmp.Or(text, job.Title))
}

// syncNow tries at once: somebody knows that there is a network.
func (v *request) syncNow() error {
	v.client.NetworkChanged()
	return v.redirect(outboxURL)
}
