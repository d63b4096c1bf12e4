package server

import (
	"bytes"
	"cmp"
	"database/sql/driver"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fieldsync/server/admin"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// jobIndexes make the list of jobs fast. None of them has a column, or a condition on a living row of job, that every
// write of a job would touch: an update costs an index nothing unless it changes what stands in it.
var jobIndexes = []string{
	`CREATE INDEX IF NOT EXISTS "job.state,id" ON job(state, id)`,
	`CREATE INDEX IF NOT EXISTS "job.plan,id" ON job(plan_start, id)`,
	`CREATE INDEX IF NOT EXISTS "job.dead" ON job(id) WHERE _del = 1`,
	`CREATE INDEX IF NOT EXISTS "assignment.now" ON assignment(job, person, team) WHERE state = 'open' AND _del = 0`,
}

// isAlive says that a job was not deleted, without looking at its row: next to none ever are.
const isAlive = "j.id NOT IN (SELECT id FROM job WHERE _del = 1)"

// inConflict is the job of each open conflict, in its own row or in one that belongs to it.
var inConflict = func() string {
	query := fmt.Sprintf("SELECT pk AS job FROM _conflict WHERE open = 1 AND tbl = %d", jobTable.ID)
	for _, t := range aftersales.Schema.Tables {
		if at := t.Column("job"); at >= 0 && t.Columns[at].Kind == schema.Ref {
			query += fmt.Sprintf(" UNION ALL SELECT x.job FROM _conflict c JOIN %s x ON x.id = c.pk WHERE c.open = 1 AND c.tbl = %d",
				sqlrow.Quote(t.Name), t.ID)
		}
	}
	return query
}()

// condition is a part of a WHERE clause with its arguments.
type condition struct {
	text string
	args []driver.Value
}

func (c *condition) and(text string, args ...driver.Value) {
	c.text += " AND " + text
	c.args = append(c.args, args...)
}

// conditionOf returns what the filter asks of a job j, its states aside.
func conditionOf(f *admin.JobFilter) *condition {
	c := &condition{text: isAlive}
	if !f.Person.IsZero() {
		c.and("j.id IN (SELECT job FROM assignment WHERE person = ? AND state = 'open' AND _del = 0)", f.Person[:])
	}
	if f.Unassigned {
		c.and("NOT EXISTS (SELECT 1 FROM assignment a WHERE a.job = j.id AND a.state = 'open' AND a._del = 0)")
	}
	if f.Conflict {
		c.and("j.id IN (" + inConflict + ")")
	}
	if f.From != 0 {
		c.and("j.plan_start >= ?", f.From)
	}
	if f.To != 0 {
		c.and("j.plan_start < ?", f.To)
	}
	if f.Text != "" {
		p := like(f.Text)
		c.and(`(j.number LIKE ? ESCAPE '\' OR j.title LIKE ? ESCAPE '\'`+
			` OR j.party IN (SELECT id FROM party WHERE name LIKE ? ESCAPE '\')`+
			` OR j.unit IN (SELECT id FROM unit WHERE serial LIKE ? ESCAPE '\'))`, p, p, p, p)
	}
	return c
}

// like returns the pattern that finds the text at any place.
func like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
}

func (r reader) Jobs(f admin.JobFilter, cursor string, limit int) (rows []admin.JobRow, total int, next string, err error) {
	if total, err = r.countJobs(&f); err != nil || total == 0 {
		return nil, total, "", err
	}
	order := latestFirst
	if f.ByWindow {
		order = byWindow
	}
	found, err := order(r, &f, cursor, limit+1)
	if err != nil {
		return nil, 0, "", err
	}
	if len(found) > limit {
		found, next = found[:limit], found[limit-1].cursor
	}
	rows, err = r.jobRows(found)
	return rows, total, next, err
}

// countJobs counts state by state: each is a part of an index of its own.
func (r reader) countJobs(f *admin.JobFilter) (total int, err error) {
	for _, state := range statesOf(f) {
		c := conditionOf(f)
		if state != "" {
			c.and("j.state = ?", state)
		}
		err := r.view.Select(func(q *sqlrow.Rows) error { total += int(q.Int(0)); return q.Err() },
			"SELECT count(*) FROM job j WHERE "+c.text, c.args...)
		if err != nil {
			return 0, err
		}
	}
	return total, nil
}

// statesOf returns the states that the filter asks for, "" for any.
func statesOf(f *admin.JobFilter) []string {
	if len(f.States) == 0 {
		return []string{""}
	}
	return f.States
}

// found is a job in its order, and the cursor of those after it.
type found struct {
	id     record.ID
	start  int64
	cursor string
}

// latestFirst reads each state from its own index, where its latest stand together, and merges them.
func latestFirst(r reader, f *admin.JobFilter, cursor string, limit int) (list []found, err error) {
	before := record.ID{0: 255, 1: 255}
	if cursor != "" {
		if before, err = record.ParseID(cursor); err != nil {
			return nil, errCursor
		}
	}
	for _, state := range statesOf(f) {
		c := conditionOf(f)
		if state != "" {
			c.and("j.state = ?", state)
		}
		c.and("j.id < ?", before[:])
		part, err := r.ids("SELECT j.id, 0 FROM job j WHERE "+c.text+" ORDER BY j.id DESC LIMIT ?", append(c.args, int64(limit))...)
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	slices.SortFunc(list, func(a, b found) int { return bytes.Compare(b.id[:], a.id[:]) })
	for i := range list {
		list[i].cursor = list[i].id.String()
	}
	return list[:min(limit, len(list))], nil
}

// byWindow reads those that are planned in the order of their windows, and then the others.
func byWindow(r reader, f *admin.JobFilter, cursor string, limit int) (list []found, err error) {
	start, id, err := parseWindow(cursor)
	if err != nil {
		return nil, err
	}
	c := conditionOf(f)
	if len(f.States) > 0 {
		c.and("j.state IN (?"+strings.Repeat(", ?", len(f.States)-1)+")", values(f.States)...)
	}
	if start >= 0 {
		args := append(slices.Clone(c.args), start, id[:], int64(limit))
		list, err = r.ids("SELECT j.id, j.plan_start FROM job j WHERE "+c.text+
			" AND (j.plan_start, j.id) > (?, ?) ORDER BY j.plan_start, j.id LIMIT ?", args...)
		id = record.ID{}
	}
	if err == nil && len(list) < limit {
		var rest []found
		rest, err = r.ids("SELECT j.id, -1 FROM job j WHERE "+c.text+" AND j.plan_start IS NULL AND j.id > ? ORDER BY j.id LIMIT ?",
			append(slices.Clone(c.args), id[:], int64(limit-len(list)))...)
		list = append(list, rest...)
	}
	for i := range list {
		list[i].cursor = fmt.Sprintf("%d.%s", list[i].start, list[i].id)
	}
	return list, err
}

// parseWindow reads a cursor of byWindow: the beginning of the window, -1 for none, and the id.
func parseWindow(cursor string) (start int64, id record.ID, err error) {
	if cursor == "" {
		return 0, id, nil
	}
	at, after, _ := strings.Cut(cursor, ".")
	start, err1 := strconv.ParseInt(at, 10, 64)
	id, err2 := record.ParseID(after)
	if err1 != nil || err2 != nil {
		return 0, id, errCursor
	}
	return start, id, nil
}

func values(texts []string) []driver.Value {
	list := make([]driver.Value, len(texts))
	for i, t := range texts {
		list[i] = t
	}
	return list
}

func (r reader) ids(query string, args ...driver.Value) (list []found, err error) {
	err = r.view.Select(func(q *sqlrow.Rows) error {
		list = append(list, found{id: q.ID(0), start: q.Int(1)})
		return q.Err()
	}, query, args...)
	return list, err
}

// jobRows returns the jobs as a list shows them, in the order found: three queries, however many they are.
func (r reader) jobRows(list []found) ([]admin.JobRow, error) {
	ids, at := make([]record.ID, len(list)), map[record.ID]int{}
	for i, f := range list {
		ids[i], at[f.id] = f.id, i
	}
	rows, picked := make([]admin.JobRow, len(list)), store.IDList(ids)
	err := r.view.Select(func(q *sqlrow.Rows) error { readJob(q, &rows[at[q.ID(0)]]); return q.Err() },
		"SELECT j.id, j.number, j.state, j.title, j.priority, j.plan_start, j.plan_end, j._seq, p.name, s.name, s.address,"+
			" u.name, u.serial FROM job j LEFT JOIN party p ON p.id = j.party LEFT JOIN site s ON s.id = j.site"+
			" LEFT JOIN unit u ON u.id = j.unit WHERE j.id IN (SELECT unhex(value) FROM json_each(?))", picked)
	if err != nil {
		return nil, err
	}
	err = r.view.Select(func(q *sqlrow.Rows) error {
		row := &rows[at[q.ID(0)]]
		row.People = append(row.People, q.Text(1))
		return q.Err()
	}, "SELECT a.job, coalesce(p.name, t.name, '') FROM assignment a LEFT JOIN person p ON p.id = a.person"+
		" LEFT JOIN team t ON t.id = a.team WHERE a.state = 'open' AND a._del = 0"+
		" AND a.job IN (SELECT unhex(value) FROM json_each(?)) ORDER BY a.id", picked)
	if err != nil {
		return nil, err
	}
	err = r.view.Select(func(q *sqlrow.Rows) error { rows[at[q.ID(0)]].Conflicts = int(q.Int(1)); return q.Err() },
		"SELECT job, count(*) FROM ("+inConflict+") WHERE job IN (SELECT unhex(value) FROM json_each(?)) GROUP BY job", picked)
	return rows, err
}

func readJob(q *sqlrow.Rows, row *admin.JobRow) {
	*row = admin.JobRow{
		ID: q.ID(0), Number: q.Text(1), State: q.Text(2), Title: q.Text(3), Priority: q.Int(4), Start: q.Int(5), End: q.Int(6),
		Seq: q.Uint(7), Customer: q.Text(8), Site: cmp.Or(q.Text(9), q.Text(10)), Unit: q.Text(11),
	}
	if serial := q.Text(12); serial != row.Unit {
		row.Unit = strings.TrimSpace(row.Unit + " " + serial)
	}
}

// errCursor answers an address of a page that no page of ours leads to.
var errCursor = fault.New(admin.BadForm, "This link to a page of the list is damaged. Open the list again.")

func (r reader) History(rows []record.Key, cursor string, limit int) (events []admin.Event, next string, err error) {
	before, err := parsePosition(cursor)
	if err != nil {
		return nil, "", err
	}
	entries, err := r.view.History(rows, before, limit+1)
	if err != nil {
		return nil, "", err
	}
	return r.events(entries, limit)
}

func (r reader) Refused(open bool, cursor string, limit int) (events []admin.Event, total int, next string, err error) {
	from, err := parsePosition(cursor)
	if err != nil {
		return nil, 0, "", err
	}
	list := r.view.RefusedClosed
	if open {
		list = r.view.RefusedOpen
	}
	entries, total, err := list(from, limit+1)
	if err != nil {
		return nil, 0, "", err
	}
	events, next, err = r.events(entries, limit)
	return events, total, next, err
}

// events returns the first of the entries, and the cursor of the page that the others begin.
func (r reader) events(entries []*judge.Entry, limit int) (events []admin.Event, next string, err error) {
	if len(entries) > limit {
		entries = entries[:limit]
		last := entries[limit-1]
		next = fmt.Sprintf("%d.%d.%d", last.Seq, uint64(last.Dot.Actor), last.Dot.Counter)
	}
	for _, e := range entries {
		event, err := r.event(e)
		if err != nil {
			return nil, "", err
		}
		events = append(events, *event)
	}
	return events, next, nil
}

func (r reader) event(e *judge.Entry) (*admin.Event, error) {
	at, err := r.view.CommitTime(e.Seq)
	return &admin.Event{Entry: *e, Change: changeOf(e), Received: at.Millis()}, err
}

// changeOf returns the change set of an entry, an empty one where it was erased.
func changeOf(e *judge.Entry) *record.ChangeSet {
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return &record.ChangeSet{Dot: e.Dot}
	}
	return cs
}

func parsePosition(cursor string) (p store.Position, err error) {
	n, err := parseNumbers(cursor)
	return store.Position{Seq: n[0], Dot: clock.Dot{Actor: clock.Actor(n[1]), Counter: n[2]}}, err
}

// parseNumbers reads a cursor of three numbers with points between; all are 0 for "".
func parseNumbers(cursor string) (n [3]uint64, err error) {
	if cursor == "" {
		return n, nil
	}
	parts := strings.Split(cursor, ".")
	if len(parts) != len(n) {
		return n, errCursor
	}
	for i, part := range parts {
		if n[i], err = strconv.ParseUint(part, 10, 64); err != nil {
			return n, errCursor
		}
	}
	return n, nil
}

func (r reader) Entry(d clock.Dot) (*admin.Event, error) {
	e, err := r.view.Entry(d)
	if err != nil || e == nil {
		return nil, err
	}
	return r.event(e)
}

func (r reader) Conflicts(open bool, row record.Key, cursor string, limit int) (list []judge.Conflict, total int, next string, err error) {
	n, err := parseNumbers(cursor)
	if err != nil {
		return nil, 0, "", err
	}
	stored, total, err := r.view.ListConflicts(open, row, store.ConflictPlace{Ask: n[0] != 0, Seq: n[1], N: n[2]}, limit+1)
	if err != nil {
		return nil, 0, "", err
	}
	for i, c := range stored {
		if i == limit {
			break
		}
		list = append(list, c.Conflict)
		if p := c.Place(); len(stored) > limit {
			next = fmt.Sprintf("%d.%d.%d", map[bool]int{true: 1}[p.Ask], p.Seq, p.N)
		}
	}
	return list, total, next, nil
}
