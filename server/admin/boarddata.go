package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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
	if label := aftersales.Label(aftersales.CodeOf(row).Label, b.v.lang.Tag); label != "" {
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
