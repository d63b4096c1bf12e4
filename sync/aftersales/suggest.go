package aftersales

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"fieldsync/sync/record"
)

// Why a person is suggested, or warned of.
const (
	ReasonSkill   = "skill"   // N of M needed skills, at their levels
	ReasonNear    = "near"    // N metres away
	ReasonFree    = "free"    // N of M minutes are free
	ReasonParts   = "parts"   // N parts in the van fit the machine
	ReasonKnows   = "knows"   // served the machine N times
	ReasonAbsent  = "absent"  // not there
	ReasonOff     = "off"     // the window is not in his working time
	ReasonOverlap = "overlap" // N jobs in the same time
)

// Ground is one part of a suggestion's score.
type Ground struct {
	Code   string `json:"code"`
	Points int64  `json:"points"`
	N      int64  `json:"n"`
	M      int64  `json:"m"`
}

// String says the reason in English: "electrician: 1 of 2 skills", for logs and for readers without a page.
func (r Ground) String() string {
	switch r.Code {
	case ReasonSkill:
		return fmt.Sprintf("%d of %d skills", r.N, r.M)
	case ReasonNear:
		return fmt.Sprintf("%.1f km away", float64(r.N)/1000)
	case ReasonFree:
		return fmt.Sprintf("%d of %d min free", r.N, r.M)
	case ReasonParts:
		return fmt.Sprintf("%d fitting parts in the van", r.N)
	case ReasonKnows:
		return fmt.Sprintf("served this machine %d times", r.N)
	case ReasonOverlap:
		return fmt.Sprintf("%d jobs in the same time", r.N)
	}
	return r.Code
}

// Suggestion is somebody who could do a job. Those who are not available come last, whatever their score.
type Suggestion struct {
	Person    record.ID `json:"person"`
	Score     int64     `json:"score"`
	Available bool      `json:"available"`
	Reasons   []Ground  `json:"reasons"`
}

// Candidate is what a suggestion starts from: a person, what he is given to do, and where he was last.
type Candidate struct {
	Person   Person
	Open     []Assignment // what he has still to do
	Position *Position    // where he was last known to be, or sets out from; nil: not known
	Fitting  *int64       // how many parts in his van fit the machine; nil: they are counted when it is asked
}

// Suggest returns who could do the job, the best first, among the technicians of its branch, as things stand at an
// instant (ms UTC). Codes: fault.UnknownRow.
func Suggest(v View, job record.ID, at int64) ([]Suggestion, error) {
	row, err := need(v, "job", job)
	if err != nil {
		return nil, err
	}
	candidates, err := Candidates(v, JobOf(row).Branch)
	if err != nil {
		return nil, err
	}
	return Rank(v, job, at, candidates)
}

// Candidates returns the technicians who are posted to the branch. A hub that has them at hand from an index makes the
// list itself.
func Candidates(v View, branch record.ID) ([]Candidate, error) {
	rows, err := v.Refs("posting", "branch", branch)
	if err != nil {
		return nil, err
	}
	var list []Candidate
	for _, row := range rows {
		person, err := v.Row("person", row.Get("person").Ref())
		if err != nil {
			return nil, err
		}
		p := PersonOf(person)
		if !p.Technician || p.ArchivedAt != 0 || !row.Get("archived_at").IsNull() {
			continue
		}
		c, err := candidate(v, p)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func candidate(v View, p Person) (Candidate, error) {
	c := Candidate{Person: p}
	rows, err := v.Refs("assignment", "person", p.ID)
	if err != nil {
		return c, err
	}
	for _, row := range rows {
		if a := AssignmentOf(row); a.State == AssignmentOpen {
			c.Open = append(c.Open, a)
		}
	}
	c.Position, err = lastPosition(v, p.ID)
	return c, err
}

// lastPosition returns where the person last arrived, else where he sets out from; nil if neither is known.
func lastPosition(v View, person record.ID) (*Position, error) {
	rows, err := v.Refs("visit", "person", person)
	if err != nil {
		return nil, err
	}
	var latest int64
	var where *Position
	for _, row := range rows {
		if at := row.Get("arrived_at").Number(); at > latest && !row.Get("latitude").IsNull() {
			latest, where = at, positionOf(row)
		}
	}
	if where != nil {
		return where, nil
	}
	base, err := v.Row("resource", ResourceID(person))
	return positionOf(base), err
}

// positionOf returns the row's position, nil if it has none.
func positionOf(row *record.Row) *Position {
	if row == nil || row.Get("latitude").IsNull() || row.Get("longitude").IsNull() {
		return nil
	}
	return &Position{row.Get("latitude").Number(), row.Get("longitude").Number()}
}

// Rank returns the candidates as suggestions for the job, the best first.
func Rank(v View, job record.ID, at int64, candidates []Candidate) ([]Suggestion, error) {
	q, err := newQuestion(v, job, at)
	if err != nil {
		return nil, err
	}
	list := make([]Suggestion, 0, len(candidates))
	for _, c := range candidates {
		s, err := q.suggestion(c)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b Suggestion) int {
		if a.Available != b.Available {
			return map[bool]int{true: -1, false: 1}[a.Available]
		}
		return cmp.Or(cmp.Compare(b.Score, a.Score), compareIDs(a.Person, b.Person))
	})
	return list, nil
}

// question is what is asked of every candidate.
type question struct {
	View
	policy     DispatchPolicy
	job        Job
	needs      []SkillNeed
	site       *Position
	served     map[record.ID]int64 // by whom the machine was, how often
	product    string              // code
	at         int64
	start, end int64 // the window
}

func newQuestion(v View, id record.ID, at int64) (*question, error) {
	row, err := need(v, "job", id)
	if err != nil {
		return nil, err
	}
	q := &question{View: v, job: JobOf(row), at: at, served: map[record.ID]int64{}}
	if q.policy, _, err = InForce[DispatchPolicy](v, PolicyDispatch, q.job.Branch, at); err != nil {
		return nil, err
	}
	request, err := v.Row("request", q.job.Request)
	if err != nil {
		return nil, err
	}
	q.needs = q.policy.NeedsOf(q.job, cmp.Or(q.job.FaultCode, RequestOf(request).FaultCode))
	site, err := v.Row("site", q.job.Site)
	if err != nil {
		return nil, err
	}
	q.site = positionOf(site)
	q.start, q.end = q.job.PlanStart, q.job.PlanEnd
	if q.start == 0 {
		q.start, q.end = at, at+q.policy.WorkMinutes*60_000
	}
	return q, q.readMachine()
}

// readMachine reads who knows the machine, and which product it is.
func (q *question) readMachine() error {
	unit, err := q.Row("unit", q.job.Unit)
	if err != nil || unit == nil {
		return err
	}
	history, err := q.Refs("service_record", "unit", q.job.Unit)
	if err != nil {
		return err
	}
	for _, row := range standing(history) {
		q.served[row.Get("person").Ref()]++
	}
	product, err := q.Row("product", unit.Get("product").Ref())
	q.product = ProductOf(product).Code
	return err
}

// suggestion weighs one candidate.
func (q *question) suggestion(c Candidate) (Suggestion, error) {
	s := Suggestion{Person: c.Person.ID, Available: true}
	for _, weigh := range []func(*Suggestion, Candidate) error{q.skill, q.near, q.free, q.parts, q.knows} {
		if err := weigh(&s, c); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *Suggestion) add(code string, points, n, m int64) {
	s.Score += points
	s.Reasons = append(s.Reasons, Ground{code, points, n, m})
}

// share returns the part n of m of the points; all of them where nothing is asked for.
func share(points, n, m int64) int64 {
	if m <= 0 {
		return points
	}
	return points * min(n, m) / m
}

func (q *question) skill(s *Suggestion, c Candidate) error {
	var can int64
	for _, n := range q.needs {
		level, err := levelOf(q, c.Person, n.Skill, q.start/dayMillis)
		if err != nil {
			return err
		}
		if level >= n.Level {
			can++
		}
	}
	if m := int64(len(q.needs)); m > 0 {
		s.add(ReasonSkill, share(q.policy.Skill, can, m), can, m)
	}
	return nil
}

func (q *question) near(s *Suggestion, c Candidate) error {
	if q.site == nil || c.Position == nil {
		return nil
	}
	metres, reach := Distance(*q.site, *c.Position), q.policy.ReachKM*1000
	s.add(ReasonNear, share(q.policy.Near, max(0, reach-metres), reach), metres, 0)
	return nil
}

// free weighs how much of the window the person works in and has nothing else to do.
func (q *question) free(s *Suggestion, c Candidate) error {
	others := slices.DeleteFunc(slices.Clone(c.Open), func(a Assignment) bool { return a.Job == q.job.ID })
	booked := busy(others, q.start, q.end)
	away, err := Absences(q, c.Person.ID, q.start, q.end)
	if err != nil {
		return err
	}
	hours, err := HoursOf(q, c.Person, q.at)
	if err != nil {
		return err
	}
	works := hours.Between(q.start, q.end)
	free := hours.BetweenExcept(q.start, q.end, slices.Concat(intervals(booked), absent(away)))
	needed := min(q.end-q.start, q.policy.WorkMinutes*60_000)
	s.add(ReasonFree, share(q.policy.Free, free, needed), free/60_000, needed/60_000)
	if len(booked) > 0 {
		s.add(ReasonOverlap, 0, int64(len(booked)), 0)
	}
	if works == 0 {
		s.Available = false
		s.add(ReasonOff, 0, 0, 0)
	}
	if len(away) > 0 {
		s.Available = s.Available && free > 0
		s.add(ReasonAbsent, 0, int64(len(away)), 0)
	}
	return nil
}

// enoughParts is how many fitting parts in the van earn all the points for them.
const enoughParts = 3

func (q *question) parts(s *Suggestion, c Candidate) error {
	n, err := q.fitting(c)
	if n > 0 {
		s.add(ReasonParts, share(q.policy.Parts, n, enoughParts), n, 0)
	}
	return err
}

// fitting returns how many parts in the candidate's van fit the machine.
func (q *question) fitting(c Candidate) (n int64, err error) {
	if c.Fitting != nil {
		return *c.Fitting, nil
	}
	van, err := VanOf(q, c.Person.ID)
	if err != nil || q.product == "" {
		return 0, ignore(err, NoVan)
	}
	stock, err := StockAt(q, van.ID)
	for _, lies := range stock {
		if lies.Usable().Amount > 0 && slices.Contains(lies.Part.Fits, q.product) {
			n++
		}
	}
	return n, err
}

// enoughVisits is how many visits to the machine earn all the points for them.
const enoughVisits = 3

func (q *question) knows(s *Suggestion, c Candidate) error {
	if n := q.served[c.Person.ID]; n > 0 {
		s.add(ReasonKnows, share(q.policy.Knows, n, enoughVisits), n, 0)
	}
	return nil
}

// earthRadius is the mean one, in metres.
const earthRadius = 6_371_000

// Distance returns the metres between two positions as the crow flies (haversine).
func Distance(a, b Position) int64 {
	radians := func(n int64) float64 { return float64(n) / 1e7 * math.Pi / 180 }
	half := func(x float64) float64 { return math.Sin(x/2) * math.Sin(x/2) }
	lat, long := radians(b.Latitude-a.Latitude), radians(b.Longitude-a.Longitude)
	h := half(lat) + math.Cos(radians(a.Latitude))*math.Cos(radians(b.Latitude))*half(long)
	return int64(math.Round(2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))))
}
