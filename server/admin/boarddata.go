package admin

import (
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/worktime"
)

// boardIndexes find what is planned in a stretch of time by its end: what has ended before it is passed over at once.
var boardIndexes = []string{
	`CREATE INDEX IF NOT EXISTS "assignment.window_end,board" ON assignment(window_end)`,
	`CREATE INDEX IF NOT EXISTS "assignment.untimed,whose" ON assignment(id, job, person, team) WHERE window_start IS NULL AND state = 'open' AND _del = 0`,
	`CREATE INDEX IF NOT EXISTS "visit.latest" ON visit(person, arrived_at) WHERE latitude IS NOT NULL`,
}

// board is what the page shows: rows of people and groups with their bars, and what waits on the left.
type board struct {
	o    *Office
	v    *Visit
	r    Reader
	view aftersales.View
	n    *names
	now  int64

	phones   map[record.ID]contact
	policies map[record.ID]aftersales.DispatchPolicy // by branch

	From, To int64 // what is shown, ms UTC
	Lines    []*line
	Waiting  []waiting // jobs that nobody has, in the order in which to give them out
	More     int       // how many wait beyond those shown
	Untimed  []*bar    // given to somebody, without a time, the oldest first
	Later    int       // how many of those there are beyond those shown
	Hours    []tick
	Days     []dayHead
	Jobs     int
	Ended    bool // the time shown is over

	byOwner map[record.ID]*line
	skills  map[string]string // what those that jobs take are called
}

// SkillNames says what skills are called, for the script: JSON.
func (b *board) SkillNames() (string, error) {
	text, err := json.Marshal(b.skills)
	return string(text), err
}

// contact is when a person's phone was last heard.
type contact struct {
	at     int64 // ms UTC, 0: never
	online bool
	some   bool // he has one
}

// line is the row of a person or of a group.
type line struct {
	ID      record.ID
	Team    bool
	Name    string
	Branch  string
	Can     string // "electrical:2 hydraulic:3", for the hint while dragging
	Skills  []string
	Contact int64 // of his phone
	Silent  bool  // longer than the policy thinks safe
	NoPhone bool
	Booked  int64 // minutes that are given to him, of what is shown
	Works   int64 // minutes that he is there
	Off     []stretch
	Bars    []*bar
	Cells   []cell // by day, of a week
	Height  int

	branch record.ID
	away   []worktime.Interval
}

// stretch is a time in which somebody is not there.
type stretch struct {
	Start, End int64
	X, W       string
	Why        string // "" outside working hours
}

// waiting is a job that nobody has.
type waiting struct {
	*bar
	Left     bool  // over from yesterday or earlier
	Reported int64 // days since 1970-01-01
}

// The waiting jobs, and those without a time, that stand on the board; the list of jobs has the others.
const (
	unassignedMost = 100
	untimedMost    = 50
)

func (o *Office) newBoard(v *Visit, r Reader, phones []Phone) *board {
	b := &board{
		o: o, v: v, r: r, view: recall(aftersales.Look(r)), n: o.names(r), now: o.Now().UnixMilli(),
		phones: map[record.ID]contact{}, policies: map[record.ID]aftersales.DispatchPolicy{}, byOwner: map[record.ID]*line{},
		skills: map[string]string{},
	}
	for _, p := range phones {
		c := b.phones[p.Person]
		b.phones[p.Person] = contact{max(c.at, millis(p.Contact)), c.online || p.Online, true}
	}
	return b
}

// read gathers the board for what the URL asks.
func (b *board) read(a boardAsked) error {
	b.From, b.To = a.Day.UnixMilli(), a.end().UnixMilli()
	if err := b.readPeople(a); err != nil {
		return err
	}
	if err := b.readTeams(a); err != nil {
		return err
	}
	if err := b.readPlanned(); err != nil {
		return err
	}
	if err := b.readHours(); err != nil {
		return err
	}
	if err := b.readWaiting(a); err != nil {
		return err
	}
	b.draw(a)
	return nil
}

func (b *board) readPeople(a boardAsked) error {
	within, args := b.v.within("branch")
	query := "SELECT id FROM person WHERE technician = 1 AND archived_at IS NULL AND _del = 0" + within
	if !a.Branch.IsZero() {
		query, args = query+" AND branch = ?", append(args, a.Branch[:])
	}
	if !a.Team.IsZero() {
		query, args = query+" AND id IN (SELECT person FROM membership WHERE team = ? AND _del = 0)", append(args, a.Team[:])
	}
	ids, err := selectIDs(b.r, query+" ORDER BY branch, name, id", args...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		row, err := b.view.Row("person", id)
		if err != nil {
			return err
		}
		if err := b.addPerson(aftersales.PersonOf(row)); err != nil {
			return err
		}
	}
	return nil
}

func (b *board) addPerson(p aftersales.Person) error {
	levels, err := aftersales.Levels(b.view, p, b.From/dayMillis)
	if err != nil {
		return err
	}
	policy, err := b.policy(p.Branch)
	if err != nil {
		return err
	}
	c := b.phones[p.ID]
	l := &line{ID: p.ID, Name: p.Name, branch: p.Branch, Contact: c.at, NoPhone: !c.some}
	l.Silent = c.some && !c.online && b.now-c.at >= policy.SilentMinutes*60_000
	for code, level := range levels {
		label, err := b.code(aftersales.ListSkill, code)
		if err != nil {
			return err
		}
		l.Skills = append(l.Skills, label)
		l.Can += fmt.Sprintf("%s:%d ", code, level)
	}
	slices.Sort(l.Skills)
	if !p.Branch.IsZero() {
		l.Branch, err = b.n.row(record.Key{Table: b.o.Schema.Table("branch").ID, ID: p.Branch})
	}
	b.add(l)
	return err
}

func (b *board) add(l *line) {
	b.Lines = append(b.Lines, l)
	b.byOwner[l.ID] = l
}

// dayMillis is the length of a day without a change of clocks.
const dayMillis = 24 * 60 * 60 * 1000

func (b *board) policy(branch record.ID) (p aftersales.DispatchPolicy, err error) {
	p, known := b.policies[branch]
	if !known {
		p, _, err = aftersales.InForce[aftersales.DispatchPolicy](b.view, aftersales.PolicyDispatch, branch, b.now)
		b.policies[branch] = p
	}
	return p, err
}

func (b *board) readTeams(a boardAsked) error {
	within, args := b.v.within("branch")
	query := "SELECT id, name, branch FROM team WHERE archived_at IS NULL AND _del = 0" + within
	if !a.Branch.IsZero() {
		query, args = query+" AND branch = ?", append(args, a.Branch[:])
	}
	if !a.Team.IsZero() {
		query, args = query+" AND id = ?", append(args, a.Team[:])
	}
	return b.r.Select(func(q *sqlrow.Rows) error {
		b.add(&line{ID: q.ID(0), Team: true, Name: q.Text(1), branch: q.ID(2), NoPhone: true})
		return q.Err()
	}, query+" ORDER BY name, id", args...)
}

// barColumns are what a bar shows, of an assignment a and its job j.
const barColumns = "a.id, a.job, a.person, a.team, a.role, a.state, a.window_start, a.window_end, j.number, j.title, j.state," +
	" j.priority, j.due_at, j.kind, coalesce(j.fault_code, q.fault_code), j.needs, j.branch, p.name, s.name, s.city," +
	" (SELECT count(*) FROM assignment x WHERE x.job = j.id AND x.state = 'open' AND x._del = 0), a._meta, j._meta"

const barTables = " FROM assignment a JOIN job j ON j.id = a.job LEFT JOIN request q ON q.id = j.request" +
	" LEFT JOIN party p ON p.id = j.party LEFT JOIN site s ON s.id = j.site"

// readPlanned gives each line its bars. What was done leaves the phone after some days, its assignment ended without a
// reason; what was taken away has one. No state is named that the index of states could find: it would find them all.
func (b *board) readPlanned() error {
	bars, err := b.bars(" WHERE a.window_end > ? AND +a.window_start < ? AND a._del = 0 AND j._del = 0"+
		" AND a.state <> 'declined' AND (a.state <> 'ended' OR a.reason IS NULL) ORDER BY a.window_start, a.id", b.From, b.To)
	if err != nil {
		return err
	}
	jobs := map[record.ID]bool{}
	for _, one := range bars {
		if l := b.byOwner[one.owner()]; l != nil {
			l.Bars = append(l.Bars, one)
			jobs[one.Job] = true
		}
	}
	b.Jobs = len(jobs)
	return b.readUntimed()
}

// readUntimed reads what was given to those shown without a time. The rest of a job is read of the first of them only.
func (b *board) readUntimed() error {
	var first []record.ID
	err := b.r.Select(func(q *sqlrow.Rows) error {
		switch owner := cmp.Or(q.ID(1), q.ID(2)); {
		case b.byOwner[owner] == nil:
		case len(first) == untimedMost:
			b.Later++
		default:
			first = append(first, q.ID(0))
		}
		return q.Err()
	}, "SELECT a.id, a.person, a.team FROM assignment a WHERE a.window_start IS NULL AND a.state = 'open' AND a._del = 0 ORDER BY a.id")
	if err != nil {
		return err
	}
	if b.Untimed, err = b.bars(" WHERE a.id IN (SELECT unhex(value) FROM json_each(?)) AND j._del = 0 ORDER BY a.id", idList(first)); err != nil {
		return err
	}
	for _, one := range b.Untimed {
		one.Who = b.byOwner[one.owner()].Name
	}
	return nil
}

func (b *board) bars(where string, args ...driver.Value) (bars []*bar, err error) {
	err = b.r.Select(func(q *sqlrow.Rows) error {
		one := &bar{
			Assignment: q.ID(0), Job: q.ID(1), Person: q.ID(2), Team: q.ID(3), Role: q.Text(4), Start: q.Int(6), End: q.Int(7),
			Number: q.Text(8), Title: q.Text(9), State: q.Text(10), Priority: q.Int(11), Due: q.Int(12),
			Customer: q.Text(17), Place: cmp.Or(q.Text(18), q.Text(19)), Crew: int(q.Int(20)), Open: q.Text(5) == aftersales.AssignmentOpen,
			kind: q.Text(13), fault: q.Text(14), needs: q.Text(15), branch: q.ID(16),
		}
		bars = append(bars, one)
		return cmp.Or(q.Err(), b.sees(one, q.Bytes(21), q.Bytes(22)))
	}, "SELECT "+barColumns+barTables+where, args...)
	if err != nil {
		return nil, err
	}
	for _, one := range bars {
		if err := b.fillBar(one); err != nil {
			return nil, err
		}
	}
	return bars, nil
}

// sees notes what the board shows of a bar, of the metadata of its two rows: what is written from the board overwrites
// nothing else.
func (b *board) sees(one *bar, assignment, job []byte) (err error) {
	seen := Seen{}
	for k, meta := range map[record.Key][]byte{b.key("assignment", one.Assignment): assignment, b.key("job", one.Job): job} {
		if seen[k], err = record.MetaVector(meta); err != nil {
			return err
		}
	}
	one.Seen = seen.String()
	return nil
}

func (b *board) key(table string, id record.ID) record.Key {
	return record.Key{Table: b.o.Schema.Table(table).ID, ID: id}
}

// foresee reads rows ahead that are about to be asked for.
func (b *board) foresee(rows []record.Key) error {
	slices.SortFunc(rows, func(x, y record.Key) int {
		return cmp.Or(cmp.Compare(x.Table, y.Table), slices.Compare(x.ID[:], y.ID[:]))
	})
	return b.r.Foresee(slices.DeleteFunc(slices.Compact(rows), func(k record.Key) bool { return k.ID.IsZero() }))
}

// fillBar adds what the job takes, and whether it will be late.
func (b *board) fillBar(one *bar) error {
	policy, err := b.policy(one.branch)
	if err != nil {
		return err
	}
	job := aftersales.Job{Kind: one.kind}
	if one.needs != "" {
		if err := json.Unmarshal([]byte(one.needs), &job.Needs); err != nil {
			return err
		}
	}
	var needs []string
	for _, n := range policy.NeedsOf(job, one.fault) {
		needs = append(needs, fmt.Sprintf("%s:%d", n.Skill, n.Level))
		if b.skills[n.Skill], err = b.code(aftersales.ListSkill, n.Skill); err != nil {
			return err
		}
	}
	one.Needs = strings.Join(needs, " ")
	one.Late = one.Due != 0 && one.End > one.Due && one.Open
	return nil
}

// seen returns the vectors of the job and, unless its id is zero, of the assignment.
func (b *board) seen(job, assignment record.ID) (string, error) {
	seen := Seen{}
	for table, id := range map[string]record.ID{"job": job, "assignment": assignment} {
		if id.IsZero() {
			continue
		}
		row, err := b.view.Row(table, id)
		if err != nil {
			return "", err
		}
		if row != nil {
			seen.see(row)
		}
	}
	return seen.String(), nil
}

// readHours finds out when each person works and is away.
func (b *board) readHours() error {
	away, err := b.readAway()
	if err != nil {
		return err
	}
	for _, l := range b.Lines {
		if l.Team {
			continue
		}
		row, err := b.view.Row("person", l.ID)
		if err != nil {
			return err
		}
		hours, err := aftersales.HoursOf(b.view, aftersales.PersonOf(row), b.now)
		if err != nil {
			return err
		}
		l.work(hours, away[l.ID], b.From, b.To)
	}
	return nil
}

// readAway reads the absences that touch the time shown, by person.
func (b *board) readAway() (away map[record.ID][]stretch, err error) {
	away = map[record.ID][]stretch{}
	err = b.r.Select(func(q *sqlrow.Rows) error {
		away[q.ID(0)] = append(away[q.ID(0)], stretch{Start: q.Int(1), End: q.Int(2), Why: q.Text(3)})
		return q.Err()
	}, "SELECT person, starts_at, ends_at, kind FROM absence WHERE ends_at > ? AND starts_at < ? AND archived_at IS NULL AND _del = 0"+
		" ORDER BY starts_at", b.From, b.To)
	if err != nil {
		return nil, err
	}
	for _, list := range away {
		for i := range list {
			if list[i].Why, err = b.code(aftersales.ListAbsence, list[i].Why); err != nil {
				return nil, err
			}
		}
	}
	return away, nil
}

// code returns what a code of a list is called; "away" for the empty one.
func (b *board) code(list, code string) (string, error) {
	if code == "" {
		return b.v.t("away"), nil
	}
	row, err := b.view.Row("code", aftersales.CodeID(list, code))
	if err != nil {
		return "", err
	}
	if label := aftersales.Label(aftersales.CodeOf(row).Label, b.v.lang.tag); label != "" {
		return label, nil
	}
	return strings.ReplaceAll(code, "_", " "), nil
}

// work notes when the person is not there, and how much of the time shown he works and is booked.
func (l *line) work(hours *worktime.Calendar, away []stretch, from, to int64) {
	for _, s := range away {
		l.away = append(l.away, worktime.Interval{Start: s.Start, End: s.End})
	}
	l.Works = hours.BetweenExcept(from, to, l.away) / 60_000
	at := from
	for _, s := range append(hours.Spans(from, to), worktime.Interval{Start: to, End: to}) {
		if s.Start > at {
			l.Off = append(l.Off, stretch{Start: at, End: s.Start})
		}
		at = s.End
	}
	l.Off = append(l.Off, away...)
	for _, one := range l.Bars {
		l.Booked += (min(one.End, to) - max(one.Start, from)) / 60_000
	}
}

// readWaiting reads the jobs that nobody has, in the order in which to give them out.
func (b *board) readWaiting(a boardAsked) error {
	within, args := b.v.within("j.branch")
	query := "SELECT j.id, j.priority, j.due_at, j.reported_on FROM job j WHERE j.state IN ('new', 'planned', 'in_work') AND j._del = 0" +
		" AND j.archived_at IS NULL AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.job = j.id AND a.state = 'open' AND a._del = 0)" + within
	if !a.Branch.IsZero() {
		query, args = query+" AND j.branch = ?", append(args, a.Branch[:])
	}
	var jobs []aftersales.Job
	err := b.r.Select(func(q *sqlrow.Rows) error {
		jobs = append(jobs, aftersales.Job{ID: q.ID(0), Priority: q.Int(1), DueAt: q.Int(2), ReportedOn: q.Int(3)})
		return q.Err()
	}, query, args...)
	if err != nil {
		return err
	}
	today := b.today()
	slices.SortFunc(jobs, aftersales.DispatchOrder(today))
	b.More = max(0, len(jobs)-unassignedMost)
	jobs = jobs[:len(jobs)-b.More]
	if err := b.foreseeWaiting(jobs); err != nil {
		return err
	}
	for _, job := range jobs {
		one, err := b.waiting(job, today)
		if err != nil {
			return err
		}
		b.Waiting = append(b.Waiting, one)
	}
	return nil
}

// foreseeWaiting reads ahead what is shown of jobs: their rows, and then those that they name.
func (b *board) foreseeWaiting(jobs []aftersales.Job) error {
	var rows, named []record.Key
	for _, job := range jobs {
		rows = append(rows, b.key("job", job.ID))
	}
	if err := b.foresee(rows); err != nil {
		return err
	}
	for _, found := range jobs {
		row, err := b.view.Row("job", found.ID)
		if err != nil {
			return err
		}
		job := aftersales.JobOf(row)
		named = append(named, b.key("request", job.Request), b.key("party", job.Party), b.key("site", job.Site))
	}
	return b.foresee(named)
}

// today is the date in the company's zone, in days since 1970-01-01.
func (b *board) today() int64 {
	y, m, d := time.UnixMilli(b.now).In(b.o.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).UnixMilli() / dayMillis
}

func (b *board) waiting(found aftersales.Job, today int64) (waiting, error) {
	row, err := b.view.Row("job", found.ID)
	if err != nil {
		return waiting{}, err
	}
	job := aftersales.JobOf(row)
	request, err := b.view.Row("request", job.Request)
	if err != nil {
		return waiting{}, err
	}
	needs, _ := json.Marshal(job.Needs)
	one := &bar{
		Job: job.ID, Number: job.Number, Title: job.Title, State: job.State, Priority: job.Priority, Due: job.DueAt, Open: true,
		Start: job.PlanStart, End: job.PlanEnd, kind: job.Kind, needs: string(needs), branch: job.Branch,
		fault: cmp.Or(job.FaultCode, aftersales.RequestOf(request).FaultCode),
	}
	for table, id := range map[string]record.ID{"party": job.Party, "site": job.Site} {
		name, err := b.n.row(record.Key{Table: b.o.Schema.Table(table).ID, ID: id})
		if err != nil {
			return waiting{}, err
		}
		if table == "party" {
			one.Customer = name
		} else {
			one.Place = name
		}
	}
	if err = b.fillBar(one); err == nil {
		one.Seen, err = b.seen(job.ID, record.ID{})
	}
	one.Late = one.Due != 0 && one.Due < b.now
	return waiting{bar: one, Left: job.ReportedOn < today, Reported: job.ReportedOn}, err
}

// choices are the branches and groups that the board can be narrowed to.
func (b *board) choices() (branches, teams []option, err error) {
	for table, into := range map[string]*[]option{"branch": &branches, "team": &teams} {
		err := b.r.Select(func(q *sqlrow.Rows) error {
			*into = append(*into, option{q.ID(0).String(), q.Text(1)})
			return q.Err()
		}, "SELECT id, name FROM "+table+" WHERE archived_at IS NULL AND _del = 0 ORDER BY name, id")
		if err != nil {
			return nil, nil, err
		}
	}
	return branches, teams, nil
}

func selectIDs(r Reader, query string, args ...driver.Value) (ids []record.ID, err error) {
	err = r.Select(func(q *sqlrow.Rows) error { ids = append(ids, q.ID(0)); return q.Err() }, query, args...)
	return ids, err
}

// recalled is a view that reads each thing once: a board asks the same calendar and policy for everybody.
type recalled struct {
	aftersales.View
	rows map[rowName]*record.Row
	refs map[refName][]*record.Row
}

type (
	rowName struct {
		table string
		id    record.ID
	}
	refName struct {
		table, column string
		id            record.ID
	}
)

func recall(v aftersales.View) aftersales.View {
	return recalled{v, map[rowName]*record.Row{}, map[refName][]*record.Row{}}
}

func (r recalled) Row(table string, id record.ID) (*record.Row, error) {
	name := rowName{table, id}
	if row, known := r.rows[name]; known {
		return row, nil
	}
	row, err := r.View.Row(table, id)
	if err == nil {
		r.rows[name] = row
	}
	return row, err
}

func (r recalled) Refs(table, column string, id record.ID) ([]*record.Row, error) {
	name := refName{table, column, id}
	if rows, known := r.refs[name]; known {
		return rows, nil
	}
	rows, err := r.View.Refs(table, column, id)
	if err == nil {
		r.refs[name] = rows
	}
	return rows, err
}
