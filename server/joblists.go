package server

import (
	"bytes"
	"cmp"
	"database/sql/driver"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"fieldsync/server/admin"
	"fieldsync/server/list"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// jobIndexes make the list of jobs fast. None of those on job has a column that every write of a job would touch, or a
// condition that holds for a living one: an update costs an index nothing unless it changes what stands in it.
var jobIndexes = []string{
	`CREATE INDEX IF NOT EXISTS "job.state,id" ON job(state, id, plan_start)`,
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

func (r reader) Jobs(f admin.JobFilter, cursor string, limit int) (rows []admin.JobRow, total int, next string, err error) {
	if f.Unassigned && len(f.States) == 0 {
		f.States = toBeDone
	}
	after, err := parsePlace(cursor, f.ByWindow)
	if err != nil {
		return nil, 0, "", err
	}
	var places []place
	if isNarrow(&f) {
		places, total, err = r.narrow(&f, after, limit+1)
	} else {
		places, total, err = r.broad(&f, after, limit+1)
	}
	if err != nil {
		return nil, 0, "", err
	}
	if len(places) > limit {
		places, next = places[:limit], places[limit-1].String()
	}
	rows, err = r.jobRows(places)
	return rows, total, next, err
}

// toBeDone are the states of jobs that somebody has yet to do.
var toBeDone = []string{aftersales.JobNew, aftersales.JobPlanned, aftersales.JobInWork}

// place is where a job stands in a list.
type place struct {
	id      record.ID
	start   int64 // of its window; latest, where the list goes by windows and it has none
	windows bool  // the list goes by windows
}

// latest is a window after all others.
const latest = math.MaxInt64

// compare orders by the beginning of the window, then by age; without windows the youngest first.
func (p place) compare(q place) int {
	if !p.windows {
		return bytes.Compare(q.id[:], p.id[:])
	}
	return cmp.Or(cmp.Compare(p.start, q.start), bytes.Compare(p.id[:], q.id[:]))
}

// String returns the cursor of what comes after the place.
func (p place) String() string {
	if !p.windows {
		return p.id.String()
	}
	return strconv.FormatInt(p.start, 10) + "." + p.id.String()
}

// parsePlace reads a cursor; "" stands for the place before all others.
func parsePlace(cursor string, windows bool) (p place, err error) {
	p.windows = windows
	if cursor == "" {
		if p.start = math.MinInt64; !windows {
			p.id = record.ID(bytes.Repeat([]byte{255}, len(p.id)))
		}
		return p, nil
	}
	id := cursor
	if windows {
		var start string
		start, id, _ = strings.Cut(cursor, ".")
		if p.start, err = strconv.ParseInt(start, 10, 64); err != nil {
			return p, errCursor
		}
	}
	if p.id, err = record.ParseID(id); err != nil {
		return p, errCursor
	}
	return p, nil
}

// isNarrow reports whether a filter asks for what no index has in order.
func isNarrow(f *admin.JobFilter) bool {
	return f.Text != "" || !f.Person.IsZero() || !f.Party.IsZero() || !f.Unit.IsZero() || f.Unassigned || f.Untimed || f.Conflict || f.From != 0 || f.To != 0 ||
		f.ByWindow && len(f.States) > 0
}

// narrow reads the places of all jobs that match, at once, and cuts the page out of them; unless a text stands in many:
// then it goes through the jobs in order until the page is full, and counts as far as lists do.
func (r reader) narrow(f *admin.JobFilter, after place, limit int) (page []place, total int, err error) {
	c, many, err := r.conditionOf(f)
	if err != nil {
		return nil, 0, err
	}
	if len(many) > 0 {
		if page, err = r.through(f, c, after, limit); err != nil {
			return nil, 0, err
		}
		if alone := (admin.JobFilter{Text: f.Text, ByWindow: f.ByWindow}); r.in.All && slices.Contains(many, "job") && reflect.DeepEqual(*f, alone) {
			return page, list.CountMost + 1, nil // so many jobs hold it, and nothing else is asked of them
		}
		err = r.Select(func(q *sqlrow.Rows) error { total = int(q.Int(0)); return q.Err() },
			"SELECT count(*) FROM (SELECT 1 FROM job j WHERE "+c.text+" LIMIT ?) counted", append(c.args, int64(list.CountMost+1))...)
		return page, total, err
	}
	all, err := r.places(f.ByWindow, "SELECT j.id, j.plan_start FROM job j WHERE "+c.text, c.args...)
	if err != nil {
		return nil, 0, err
	}
	slices.SortFunc(all, place.compare)
	from, found := slices.BinarySearchFunc(all, after, place.compare)
	if found {
		from++
	}
	return all[from:min(from+limit, len(all))], len(all), nil
}

// through reads the jobs that match in the order of the list.
func (r reader) through(f *admin.JobFilter, c *condition, after place, limit int) (page []place, err error) {
	if !f.ByWindow {
		return r.places(false, "SELECT j.id, 0 FROM job j WHERE "+c.text+" AND j.id < ? ORDER BY j.id DESC LIMIT ?",
			append(slices.Clip(c.args), after.id[:], int64(limit))...)
	}
	if after.start != latest {
		page, err = r.places(true, "SELECT j.id, j.plan_start FROM job j WHERE "+c.text+" AND (j.plan_start, j.id) > (?, ?)"+
			" ORDER BY j.plan_start, j.id LIMIT ?", append(slices.Clip(c.args), after.start, after.id[:], int64(limit))...)
		after = place{}
	}
	if err != nil || len(page) == limit {
		return page, err
	}
	rest, err := r.places(true, "SELECT j.id, NULL FROM job j WHERE "+c.text+" AND j.plan_start IS NULL AND j.id > ? ORDER BY j.id LIMIT ?",
		append(slices.Clip(c.args), after.id[:], int64(limit-len(page)))...)
	return append(page, rest...), err
}

// condition is a WHERE clause with its arguments.
type condition struct {
	text string
	args []driver.Value
}

func (c *condition) and(text string, args ...driver.Value) {
	c.text += " AND " + text
	c.args = append(c.args, args...)
}

// jobFound are the rows in which the text of a filter is looked for.
var jobFound = list.In("job", "j.id", "party", "j.party", "unit", "j.unit")

// conditionOf returns what the filter asks of a job j, and the tables in many of whose rows its text stands.
func (r reader) conditionOf(f *admin.JobFilter) (c *condition, many []string, err error) {
	c = &condition{text: isAlive}
	if len(f.States) > 0 {
		states := make([]driver.Value, len(f.States))
		for i, s := range f.States {
			states[i] = s
		}
		c.and("j.state IN (?"+strings.Repeat(", ?", len(states)-1)+")", states...)
	}
	if !f.Person.IsZero() {
		c.and("j.id IN (SELECT job FROM assignment WHERE person = ? AND state = 'open' AND _del = 0)", f.Person[:])
	}
	for table, id := range map[string]record.ID{"party": f.Party, "unit": f.Unit} {
		if !id.IsZero() {
			c.and("j."+table+" IN (SELECT x.id FROM "+table+" x WHERE x.id = ? UNION ALL SELECT x.id FROM "+table+" x WHERE x.merged_into = ?)", id[:], id[:])
		}
	}
	if f.Unassigned {
		c.and("NOT EXISTS (SELECT 1 FROM assignment a WHERE a.job = j.id AND a.state = 'open' AND a._del = 0)")
	}
	if f.Untimed {
		c.and("j.id IN (SELECT job FROM assignment WHERE window_start IS NULL AND state = 'open' AND _del = 0)")
	}
	if f.Conflict {
		c.and("j.id IN (SELECT job FROM (" + inConflict + ") disputed)")
	}
	if f.From != 0 {
		c.and("j.plan_start >= ?", f.From)
	}
	if f.To != 0 {
		c.and("j.plan_start < ?", f.To)
	}
	if f.Text != "" {
		var found string
		var args []driver.Value
		if found, args, many, err = list.Seek(r, jobFound, f.Text); err != nil {
			return nil, nil, err
		}
		c.and("("+found+")", args...)
	}
	return c, many, nil
}

// broad counts by an index, and reads from one no more than the page.
func (r reader) broad(f *admin.JobFilter, after place, limit int) (page []place, total int, err error) {
	if f.ByWindow {
		page, err = r.byWindow(after, limit)
	} else {
		page, err = r.byState(f.States, after, limit)
	}
	if err == nil {
		total, err = r.count(f.States)
	}
	return page, total, err
}

// eachState calls do with the condition of each state asked for, of any if none is: each is a stretch of the index.
func eachState(states []string, do func(is string, args []driver.Value) error) error {
	if len(states) == 0 {
		return do("1 = 1", nil)
	}
	for _, s := range states {
		if err := do("j.state = ?", []driver.Value{s}); err != nil {
			return err
		}
	}
	return nil
}

// count counts the dead apart: so it never looks at a row.
func (r reader) count(states []string) (total int, err error) {
	err = eachState(states, func(is string, args []driver.Value) error {
		return r.Select(func(q *sqlrow.Rows) error { total += int(q.Int(0)); return q.Err() },
			"SELECT (SELECT count(*) FROM job j WHERE "+is+") - (SELECT count(*) FROM job j WHERE "+is+
				" AND j.id IN (SELECT id FROM job WHERE _del = 1))", append(args, args...)...)
	})
	return total, err
}

// byState reads the youngest of each state, and merges them.
func (r reader) byState(states []string, after place, limit int) (found []place, err error) {
	err = eachState(states, func(is string, args []driver.Value) error {
		part, err := r.places(false, "SELECT j.id, 0 FROM job j WHERE "+is+" AND j.id < ? AND j._del = 0 ORDER BY j.id DESC LIMIT ?",
			append(args, after.id[:], int64(limit))...)
		found = append(found, part...)
		return err
	})
	slices.SortFunc(found, place.compare)
	return found[:min(limit, len(found))], err
}

// byWindow reads the jobs that are planned in order, and then the others.
func (r reader) byWindow(after place, limit int) (found []place, err error) {
	if after.start != latest {
		found, err = r.places(true, "SELECT j.id, j.plan_start FROM job j WHERE (j.plan_start, j.id) > (?, ?) AND j._del = 0"+
			" ORDER BY j.plan_start, j.id LIMIT ?", after.start, after.id[:], int64(limit))
		after = place{}
	}
	if err != nil || len(found) == limit {
		return found, err
	}
	rest, err := r.places(true, "SELECT j.id, NULL FROM job j WHERE j.plan_start IS NULL AND j.id > ? AND j._del = 0"+
		" ORDER BY j.id LIMIT ?", after.id[:], int64(limit-len(found)))
	return append(found, rest...), err
}

func (r reader) places(windows bool, query string, args ...driver.Value) (found []place, err error) {
	err = r.Select(func(q *sqlrow.Rows) error {
		p := place{id: q.ID(0), start: q.Int(1), windows: windows}
		if q.Null(1) {
			p.start = latest
		}
		found = append(found, p)
		return q.Err()
	}, query, args...)
	return found, err
}

// jobRows returns the jobs as a list shows them, in the order found: three queries, however many they are.
func (r reader) jobRows(list []place) ([]admin.JobRow, error) {
	ids, at := make([]record.ID, len(list)), map[record.ID]int{}
	for i, f := range list {
		ids[i], at[f.id] = f.id, i
	}
	rows, picked := make([]admin.JobRow, len(list)), store.IDList(ids)
	err := r.Select(func(q *sqlrow.Rows) error { readJob(q, &rows[at[q.ID(0)]]); return q.Err() },
		"SELECT j.id, j.number, j.state, j.title, j.priority, j.plan_start, j.plan_end, j._seq, p.name, s.name, s.address,"+
			" u.name, u.serial FROM job j LEFT JOIN party p ON p.id = j.party LEFT JOIN site s ON s.id = j.site"+
			" LEFT JOIN unit u ON u.id = j.unit WHERE j.id IN (SELECT unhex(value) FROM json_each(?))", picked)
	if err != nil {
		return nil, err
	}
	err = r.Select(func(q *sqlrow.Rows) error {
		row := &rows[at[q.ID(0)]]
		row.People = append(row.People, q.Text(1))
		return q.Err()
	}, "SELECT a.job, coalesce(p.name, t.name, '') FROM assignment a LEFT JOIN person p ON p.id = a.person"+
		" LEFT JOIN team t ON t.id = a.team WHERE a.state IN ('open', 'finished') AND a._del = 0"+
		" AND a.job IN (SELECT unhex(value) FROM json_each(?)) ORDER BY a.id", picked)
	if err != nil {
		return nil, err
	}
	err = r.Select(func(q *sqlrow.Rows) error { rows[at[q.ID(0)]].Conflicts = int(q.Int(1)); return q.Err() },
		"SELECT job, count(*) FROM ("+inConflict+") disputed WHERE job IN (SELECT unhex(value) FROM json_each(?)) GROUP BY job", picked)
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
