package admin

import (
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// boardJob is the job that is chosen on the board: who has it, who could, and the forms that do what dragging does.
type boardJob struct {
	*waiting
	URL    string
	Over   bool
	Crew   []crewMember
	Offers []offer
	Owners []option // everybody it can be given to
	From   string   // what the form for one more begins with
	Until  string
}

// crewMember is somebody who has the job.
type crewMember struct {
	*bar
	Owner    string // as a form names him: "p:id", "t:id"
	From     string
	Until    string
	Warnings []string
}

// offer is somebody who could do the job, and why.
type offer struct {
	Owner, Who string
	Score      int64
	Available  bool
	Grounds    []string
	Silent     bool
}

// choose gathers what stands beside the board when a job is chosen; nil where there is no such job any more.
func (b *board) choose(id record.ID) (*boardJob, error) {
	row, err := b.view.Row("job", id)
	if err != nil || row == nil {
		return nil, err
	}
	today := b.today()
	about, err := b.waiting(aftersales.Job{ID: id}, today)
	if err != nil {
		return nil, err
	}
	job := aftersales.JobOf(row)
	c := &boardJob{waiting: &about, URL: jobURL(id), Over: job.Over()}
	if err := b.crew(c, job); err != nil {
		return nil, err
	}
	if c.Over {
		return c, nil
	}
	c.From, c.Until = b.usualTime(job)
	if err := b.offers(c, job); err != nil {
		return nil, err
	}
	return c, b.owners(c)
}

// usualTime is the job's window, else the next full hour of the time shown.
func (b *board) usualTime(job aftersales.Job) (from, until string) {
	start, end := job.PlanStart, job.PlanEnd
	if start == 0 {
		policy, _ := b.policy(job.Branch) // read before; without one an hour will do
		at := time.UnixMilli(max(b.now, b.From)).In(b.o.Zone).Truncate(time.Hour).Add(time.Hour)
		start, end = at.UnixMilli(), at.Add(time.Duration(cmp.Or(policy.WorkMinutes, 60))*time.Minute).UnixMilli()
	}
	return b.input(start), b.input(end)
}

func (b *board) input(at int64) string {
	if at == 0 {
		return ""
	}
	return time.UnixMilli(at).In(b.o.Zone).Format(momentInput)
}

// crew lists who has the job, with what there is to think twice about.
func (b *board) crew(c *boardJob, job aftersales.Job) error {
	bars, err := b.bars(" WHERE a.job = ? AND a.state IN ('open', 'finished') AND a._del = 0 ORDER BY a.id", job.ID[:])
	if err != nil {
		return err
	}
	for _, one := range bars {
		m := crewMember{bar: one, Owner: ownerName(one.Person, one.Team), From: b.input(one.Start), Until: b.input(one.End)}
		table := "person"
		if one.Person.IsZero() {
			table = "team"
		}
		if one.Who, err = b.n.row(record.Key{Table: b.o.Schema.Table(table).ID, ID: one.owner()}); err != nil {
			return err
		}
		if table == "person" && one.Open {
			if m.Warnings, err = b.warnings(one); err != nil {
				return err
			}
		}
		c.Crew = append(c.Crew, m)
	}
	return nil
}

func ownerName(person, team record.ID) string {
	if person.IsZero() {
		return "t:" + team.String()
	}
	return "p:" + person.String()
}

// warnings says what to think twice about in what one has.
func (b *board) warnings(one *bar) (list []string, err error) {
	if l := b.byOwner[one.Person]; l != nil && l.Silent {
		list = append(list, b.v.t("His phone has been silent since %s.", times{b.v.lang, b.o.Zone}.when(l.Contact)))
	}
	if one.Late {
		list = append(list, b.v.t("It ends after what was promised."))
	}
	candidates, err := b.candidates([]record.ID{one.Person}, one.Job)
	if err != nil || one.Start == 0 || len(candidates) == 0 {
		return list, err
	}
	more, err := b.said(one.Job, candidates[0], one.Start, one.End)
	return append(list, more...), err
}

// said says what there is to think twice about in giving a job to somebody for a time.
func (b *board) said(job record.ID, c aftersales.Candidate, start, end int64) (list []string, err error) {
	found, err := aftersales.WarningsAbout(b.view, job, c, start, end, b.now)
	for _, w := range found {
		said := b.v.lang.Name("warning." + w.Code)
		for i, job := range w.Jobs {
			name, err := b.n.row(record.Key{Table: b.o.Schema.Table("job").ID, ID: job})
			if err != nil {
				return nil, err
			}
			if i == 0 {
				said += b.v.t(":") + " " + name
			} else {
				said += ", " + name
			}
		}
		list = append(list, said)
	}
	return list, err
}

// offersMost is how many suggestions stand beside the board; everybody else is in the list below them.
const offersMost = 8

// offers suggests who could do the job.
func (b *board) offers(c *boardJob, job aftersales.Job) error {
	query, args := "SELECT id FROM person WHERE technician = 1 AND archived_at IS NULL AND _del = 0", []driver.Value{}
	if !job.Branch.IsZero() {
		query += " AND id IN (SELECT person FROM posting WHERE branch = ? AND archived_at IS NULL AND _del = 0)"
		args = append(args, job.Branch[:])
	}
	ids, err := selectIDs(b.r, query, args...)
	if err != nil {
		return err
	}
	candidates, err := b.candidates(ids, job.ID)
	if err != nil {
		return err
	}
	found, err := aftersales.Rank(b.view, job.ID, b.now, candidates)
	if err != nil {
		return err
	}
	has := map[record.ID]bool{}
	for _, m := range c.Crew {
		has[m.Person] = has[m.Person] || m.Open
	}
	for _, s := range found {
		if has[s.Person] || len(c.Offers) == offersMost {
			continue
		}
		one := offer{Owner: ownerName(s.Person, record.ID{}), Score: s.Score, Available: s.Available}
		if one.Who, err = b.r.PersonName(s.Person); err != nil {
			return err
		}
		if one.Who == "" { // a colleague without an account
			one.Who, err = b.n.row(record.Key{Table: b.o.Schema.Table("person").ID, ID: s.Person})
		}
		if l := b.byOwner[s.Person]; l != nil {
			one.Silent = l.Silent
		}
		for _, g := range s.Reasons {
			one.Grounds = append(one.Grounds, b.v.ground(g))
		}
		c.Offers = append(c.Offers, one)
	}
	return err
}

// ground says why somebody is suggested.
func (v *Visit) ground(g aftersales.Ground) string {
	switch g.Code {
	case aftersales.ReasonSkill:
		return v.t("%d of %d skills", g.N, g.M)
	case aftersales.ReasonNear:
		return v.t("%s km away", decimal(g.N/100, 1))
	case aftersales.ReasonFree:
		return v.t("%s free", v.lang.length(time.Duration(g.N)*time.Minute))
	case aftersales.ReasonParts:
		return v.t("%d fitting parts in the van", g.N)
	case aftersales.ReasonKnows:
		return v.t("was at this machine %d times", g.N)
	case aftersales.ReasonOverlap:
		return v.t("%d jobs in the same time", g.N)
	}
	return v.lang.Name("warning." + g.Code)
}

// owners are all people and groups that the job can be given to, as the board has them.
func (b *board) owners(c *boardJob) error {
	for _, l := range b.Lines {
		person, team := l.ID, record.ID{}
		if l.Team {
			person, team = team, person
		}
		c.Owners = append(c.Owners, option{ownerName(person, team), l.Name})
	}
	for _, m := range c.Crew { // who has it though the board is narrowed to others
		if !slices.ContainsFunc(c.Owners, func(o option) bool { return o.Value == m.Owner }) {
			c.Owners = append(c.Owners, option{m.Owner, m.Who})
		}
	}
	return nil
}

// candidates are the people with what dispatching asks about them, read at once: the hub has it in indexes.
func (b *board) candidates(ids []record.ID, job record.ID) ([]aftersales.Candidate, error) {
	list, at := make([]aftersales.Candidate, 0, len(ids)), map[record.ID]int{}
	for _, id := range ids {
		row, err := b.view.Row("person", id)
		if err != nil {
			return nil, err
		}
		if row == nil {
			continue
		}
		at[id] = len(list)
		list = append(list, aftersales.Candidate{Person: aftersales.PersonOf(row)})
	}
	picked := idList(ids)
	err := b.r.Select(func(q *sqlrow.Rows) error {
		c := &list[at[q.ID(1)]]
		c.Open = append(c.Open, aftersales.Assignment{
			ID: q.ID(0), Person: q.ID(1), Job: q.ID(2), State: aftersales.AssignmentOpen, WindowStart: q.Int(3), WindowEnd: q.Int(4),
		})
		return q.Err()
	}, "SELECT id, person, job, window_start, window_end FROM assignment WHERE state = 'open' AND _del = 0"+
		" AND person IN (SELECT unhex(value) FROM json_each(?))", picked)
	if err != nil {
		return nil, err
	}
	fitting, err := b.fitting(job)
	if err != nil {
		return nil, err
	}
	for i := range list {
		n := fitting[list[i].Person.ID]
		list[i].Fitting = &n
		if list[i].Position, err = b.position(list[i].Person.ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// position returns where the person last arrived, else where he sets out from; nil if neither is known.
func (b *board) position(person record.ID) (where *aftersales.Position, err error) {
	for _, query := range []string{
		"SELECT latitude, longitude FROM visit WHERE person = ? AND latitude IS NOT NULL AND arrived_at IS NOT NULL AND _del = 0" +
			" ORDER BY arrived_at DESC LIMIT 1",
		"SELECT latitude, longitude FROM resource WHERE person = ? AND latitude IS NOT NULL AND _del = 0",
	} {
		err = b.r.Select(func(q *sqlrow.Rows) error {
			where = &aftersales.Position{Latitude: q.Int(0), Longitude: q.Int(1)}
			return q.Err()
		}, query, person[:])
		if where != nil || err != nil {
			return where, err
		}
	}
	return nil, nil
}

// fitting counts by person the parts in his van that fit the job's machine.
func (b *board) fitting(job record.ID) (map[record.ID]int64, error) {
	row, err := b.view.Row("job", job)
	if err != nil || row == nil {
		return nil, err
	}
	unit, err := b.view.Row("unit", row.Get("unit").Ref())
	if err != nil || unit == nil {
		return nil, err
	}
	product, err := b.view.Row("product", unit.Get("product").Ref())
	if err != nil || product == nil {
		return nil, err
	}
	code, err := json.Marshal(product.Get("code").Text())
	if err != nil {
		return nil, err
	}
	parts, err := selectIDs(b.r, "SELECT id FROM part WHERE instr(fits, ?) > 0 AND _del = 0", string(code))
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	n := map[record.ID]int64{}
	err = b.r.Select(func(q *sqlrow.Rows) error { n[q.ID(0)]++; return q.Err() },
		"SELECT l.holder, m.part FROM location l JOIN movement m ON l.id IN (m.to_location, m.from_location)"+
			" WHERE m.part IN (SELECT unhex(value) FROM json_each(?)) AND m._del = 0 AND l.kind = 'van' AND l.holder IS NOT NULL"+
			" AND l.archived_at IS NULL AND NOT EXISTS (SELECT 1 FROM movement x WHERE x.replaces = m.id AND x._del = 0)"+
			" GROUP BY l.holder, m.part HAVING sum(CASE WHEN m.to_location = l.id THEN m.quantity ELSE 0 END)"+
			" > sum(CASE WHEN m.from_location = l.id THEN m.quantity ELSE 0 END)", idList(parts))
	return n, err
}

// idList returns the ids as one argument, for "IN (SELECT unhex(value) FROM json_each(?))".
func idList(ids []record.ID) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = fmt.Sprintf("%x", id[:])
	}
	text, _ := json.Marshal(list)
	return string(text)
}

// undoView is the form that takes the last step back: what it writes has seen what the page shows.
type undoView struct {
	URL    string
	Fields [][2]string
}

// undoings are the fields that a step back can carry.
var undoings = []string{"assignment", "to", "start", "end", "role"}

func (b *board) undo(did url.Values) (*undoView, error) {
	verb, job := did.Get("do"), optionalID(did.Get("job"))
	if job.IsZero() || !slices.Contains([]string{"assign", "move", "unassign"}, verb) {
		return nil, nil
	}
	seen, err := b.seen(job, optionalID(did.Get("assignment")))
	if err != nil {
		return nil, err
	}
	u := &undoView{URL: boardJobURL(job, verb), Fields: [][2]string{{"seen", seen}, {"reason", b.v.t("undone on the board")}, {"sure", "1"}}}
	for _, name := range undoings {
		if did.Has(name) {
			u.Fields = append(u.Fields, [2]string{name, did.Get(name)})
		}
	}
	return u, nil
}

func boardJobURL(job record.ID, verb string) string {
	return boardURL + "/" + job.String() + "/" + verb
}
