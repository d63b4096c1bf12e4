package aftersales

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/worktime"
)

var dispatchRefusals = []refusal{
	{BadSkill, "better than best", newWorld, func(w *world) error {
		return SetSkill(w, SkillInput{Person: w.wang, Code: "electrical", Level: 6})
	}},
	{BadSkill, "good at nothing", newWorld, func(w *world) error { return SetSkill(w, SkillInput{Person: w.wang, Level: 1}) }},
	{UnknownCode, "good at magic", newWorld, func(w *world) error {
		return SetSkill(w, SkillInput{Person: w.wang, Code: "magic", Level: 1})
	}},
	{BadHours, "works when he likes", newWorld, func(w *world) error {
		return SetHours(w, w.wang, `{"week": {"mon": ["late"]}}`)
	}},
	{BadPosition, "lives beyond the pole", newWorld, func(w *world) error {
		return SetBase(w, w.wang, &Position{91e7, 0})
	}},
	{BadWindow, "back before he left", newWorld, func(w *world) error {
		return drop(PutAbsence(w, AbsenceInput{Person: w.wang, StartsAt: 2, EndsAt: 1}))
	}},
	{UnknownCode, "away with the fairies", newWorld, func(w *world) error {
		return drop(PutAbsence(w, AbsenceInput{Person: w.wang, StartsAt: 1, EndsAt: 2, Kind: "fairies"}))
	}},
	{BadPolicy, "a policy without reach", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, PolicyInput{Kind: PolicyDispatch, Body: DispatchPolicy{WorkMinutes: 1}}))
	}},
	{BadPolicy, "points below nothing", newWorld, func(w *world) error { return w.dispatching(func(p *DispatchPolicy) { p.Near = -1 }) }},
	{BadPolicy, "a need of nothing", newWorld, func(w *world) error {
		return w.dispatching(func(p *DispatchPolicy) { p.Needs = []SkillNeed{{Level: 1}} })
	}},
	{BadPolicy, "a route to nobody", newWorld, func(w *world) error {
		return w.dispatching(func(p *DispatchPolicy) { p.Routes = []Route{{Region: "city"}} })
	}},
	{WhoUnclear, "a request for two", newWorld, func(w *world) error {
		return drop(CreateRequest(w, RequestInput{Title: "x", Handler: w.li, Team: w.id(CreateTeam(w, w.branch, "x"))}))
	}},
	{fault.UnknownRow, "suggested for no job", newWorld, func(w *world) error { return drop(Suggest(w, nobody, w.now)) }},
	{fault.UnknownRow, "warned of nobody", newWorld, func(w *world) error {
		return drop(Warnings(w, w.job, nobody, 0, 0, w.now))
	}},
	{BadWindow, "moved to end before it begins", assigned, func(w *world) error {
		return Replan(w, ReplanInput{w.onTheJob(), 2, 1})
	}},
	{WrongState, "moved when it was finished", done, func(w *world) error { return Replan(w, ReplanInput{w.onTheJob(), 1, 2}) }},
	{CodeJobClosed, "moved when the job was cancelled", assigned, func(w *world) error {
		w.ok(w.Update("job", w.job, record.Values{"state": record.Text(JobCancelled)}))
		return Replan(w, ReplanInput{w.onTheJob(), 1, 2})
	}},
	{fault.UnknownRow, "nobody's time", newWorld, func(w *world) error { return Replan(w, ReplanInput{nobody, 1, 2}) }},
	{fault.UnknownRow, "nothing may have started", newWorld, func(w *world) error {
		return drop(MayHaveStarted(w, nobody, 0, w.now))
	}},
}

// dispatching publishes the shipped policy of dispatching with a change.
func (w *world) dispatching(change func(*DispatchPolicy)) error {
	p := dispatchPolicies()[0].Body.(DispatchPolicy)
	change(&p)
	return drop(PublishPolicy(w, PolicyInput{Kind: PolicyDispatch, Body: p}))
}

func reason(s Suggestion, code string) *Ground {
	if i := slices.IndexFunc(s.Reasons, func(r Ground) bool { return r.Code == code }); i >= 0 {
		return &s.Reasons[i]
	}
	return nil
}

// suggested returns the suggestions for the job, by person.
func (w *world) suggested() (first record.ID, by map[record.ID]Suggestion) {
	w.t.Helper()
	list, err := Suggest(w, w.job, w.now)
	w.ok(err)
	by = map[record.ID]Suggestion{}
	for _, s := range list {
		by[s.Person] = s
	}
	return list[0].Person, by
}

// onMonday moves the clock to a Monday morning in Shanghai.
func (w *world) onMonday() {
	w.now = time.Date(2025, 10, 13, 1, 0, 0, 0, time.UTC).UnixMilli()
}

func TestSuggestionsHaveReasons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onMonday()
	first, by := w.suggested()
	if len(by) != 2 || by[w.wang].Score != by[w.li].Score || first != w.wang {
		t.Fatalf("the two are alike, and yet %+v", by)
	}

	w.ok(w.Update("job", w.job, record.Values{"needs.hydraulics": record.Number(1), "needs.electrical": record.Number(1)}))
	w.ok(SetSkill(w, SkillInput{Person: w.li, Code: "hydraulics", Level: 3}))
	w.ok(SetSkill(w, SkillInput{Person: w.li, Code: "electrical", Level: 1, ValidUntil: w.now/dayMillis - 1}))
	first, by = w.suggested()
	if r := reason(by[w.li], ReasonSkill); first != w.li || *r != (Ground{ReasonSkill, 20, 1, 2}) {
		t.Fatalf("Li can do half of it: %+v", by[w.li])
	}

	w.ok(w.Update("site", w.site, record.Values{"latitude": record.Number(31_2304e3), "longitude": record.Number(121_4737e3)}))
	w.ok(SetBase(w, w.wang, &Position{31_2304e3, 121_4737e3}))
	w.ok(SetBase(w, w.li, &Position{39_9042e3, 116_4074e3}))
	_, by = w.suggested()
	if r := reason(by[w.li], ReasonNear); r.Points != 0 || r.N < 1_060_000 || r.N > 1_075_000 {
		t.Fatalf("Li sets out from Beijing: %+v", r)
	}
	if r := reason(by[w.wang], ReasonNear); r.Points != 20 || r.N != 0 {
		t.Fatalf("Wang lives there: %+v", r)
	}

	w.id(AddServiceRecord(w, ServiceRecordInput{Unit: w.unit, Person: w.wang, Summary: "oil"}))
	product := w.id(CreateProduct(w, ProductInput{Code: "CRANE"}))
	w.ok(w.Update("unit", w.unit, record.Values{"product": record.Ref(product)}))
	seal := w.id(CreatePart(w, PartInput{Code: "SEAL-C", Fits: []string{"CRANE"}}))
	w.id(IssuePart(w, MoveInput{Part: seal, Quantity: Quantity{Amount: One}, From: w.main, To: w.van}))
	_, by = w.suggested()
	if k, p := reason(by[w.wang], ReasonKnows), reason(by[w.wang], ReasonParts); k == nil || p == nil || k.N != 1 || p.N != 1 {
		t.Fatalf("Wang knows it and has a part: %+v", by[w.wang])
	}
	for _, s := range by {
		for _, r := range s.Reasons {
			if r.String() == "" {
				t.Errorf("%s says nothing", r.Code)
			}
		}
	}
}

func TestWhoIsNotThereComesLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onMonday()
	w.ok(SetSkill(w, SkillInput{Person: w.wang, Code: "hydraulics", Level: 5}))
	w.ok(w.Update("job", w.job, record.Values{"needs.hydraulics": record.Number(1)}))
	away := w.id(PutAbsence(w, AbsenceInput{Person: w.wang, Kind: "sick", StartsAt: w.now - 1, EndsAt: w.now + dayMillis}))
	first, by := w.suggested()
	if first != w.li || by[w.wang].Available || reason(by[w.wang], ReasonAbsent) == nil {
		t.Fatalf("Wang is ill: %+v", by[w.wang])
	}
	w.ok(Archive(w, ArchiveInput{"absence", away, "well again"}))
	if first, _ = w.suggested(); first != w.wang {
		t.Fatal("Wang is well again")
	}
	w.ok(SetHours(w, w.wang, `{"week": {"sat": ["08:00-12:00"]}}`))
	first, by = w.suggested()
	if first != w.li || reason(by[w.wang], ReasonOff) == nil {
		t.Fatalf("Wang works on Saturdays: %+v", by[w.wang])
	}
	w.ok(Archive(w, ArchiveInput{"person", w.li, "left"}))
	if _, by = w.suggested(); len(by) != 1 {
		t.Fatal("who has left is suggested")
	}
}

func TestWindowsThatOverlapWarn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onMonday()
	hour := int64(3_600_000)
	other := w.id(CreateJob(w, JobInput{Title: "Other"}))
	w.id(AssignJob(w, AssignInput{Job: other, Person: w.wang, WindowStart: w.now + hour, WindowEnd: w.now + 2*hour}))
	for _, c := range []struct {
		start, end int64
		warns      bool
	}{{0, hour, false}, {0, hour + 1, true}, {2 * hour, 3 * hour, false}, {2*hour - 1, 3 * hour, true}, {hour, 2 * hour, true}} {
		list, err := Warnings(w, w.job, w.wang, w.now+c.start, w.now+c.end, w.now)
		w.ok(err)
		got := slices.ContainsFunc(list, func(x Warning) bool { return x.Code == WarnOverlap && slices.Equal(x.Jobs, []record.ID{other}) })
		if got != c.warns {
			t.Errorf("from %d to %d: %+v", c.start, c.end, list)
		}
	}
	w.ok(w.Update("job", w.job, record.Values{"needs.software": record.Number(1)}))
	night := w.now + 12*hour
	list, err := Warnings(w, w.job, w.wang, night, night+hour, w.now)
	if w.ok(err); len(list) != 2 || list[0].Code != WarnSkill || list[1].Code != WarnOff {
		t.Fatalf("at night, without the skill: %+v", list)
	}
}

func TestMayAlreadyBeStarted(t *testing.T) {
	t.Parallel()
	const minute = int64(60_000)
	for _, c := range []struct {
		what           string
		heard, after   int64 // minutes after it was given: when the phone was last heard of, and when it is asked
		window         int64 // minutes after it was given; 0: none
		travels, wants bool
	}{
		{"the phone is silent", 1, 60, 0, false, true},
		{"the phone was heard of just now", 59, 60, 0, false, false},
		{"the phone never heard of the job", -5, 600, 0, false, false},
		{"the window is tomorrow", 1, 60, 24 * 60, false, false},
		{"the window is soon", 1, 60, 180, false, true},
		{"he said that he is on his way", 59, 60, 0, true, true},
	} {
		w := newWorld(t)
		given := w.now
		in := AssignInput{Job: w.job, Person: w.wang}
		if c.window != 0 {
			in.WindowStart, in.WindowEnd = given+c.window*minute, given+(c.window+60)*minute
		}
		id := w.id(AssignJob(w, in))
		if c.travels {
			w.ok(Travel(w.as(w.wang), VisitInput{Job: w.job}))
		}
		got, err := MayHaveStarted(w, id, given+c.heard*minute, given+c.after*minute)
		if w.ok(err); got != c.wants {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

func TestJobsOfYesterdayComeFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onMonday()
	today, err := Today(w, w.branch, w.now)
	w.ok(err)
	if before, _ := Today(w, w.branch, w.now-9*3_600_000-1); before != today-1 {
		t.Fatal("midnight in Shanghai is not where it is")
	}
	job := func(title string, reported, priority, due int64) Job {
		return JobOf(w.get("job", w.id(CreateJob(w, JobInput{Title: title, ReportedOn: reported, Priority: priority, DueAt: due}))))
	}
	jobs := []Job{
		job("today, plain", today, 0, 0), job("today, due", today, 0, w.now), job("today, urgent", today, 1, 0),
		job("yesterday", today-1, 0, 0), job("yesterday, urgent", today-1, 1, 0), job("last week", today-7, 0, 0),
	}
	given := JobOf(w.get("job", w.job))
	given.State = JobPlanned
	var got []string
	for _, j := range Undispatched(append(jobs, given), today) {
		got = append(got, j.Title)
	}
	want := []string{"yesterday, urgent", "last week", "yesterday", "today, urgent", "today, due", "today, plain"}
	if !slices.Equal(got, want) {
		t.Fatalf("they come %v", got)
	}
}

func TestRoutesSayWhoAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	team := w.id(CreateTeam(w, w.branch, "Hotline"))
	w.ok(w.dispatching(func(p *DispatchPolicy) {
		p.Routes = []Route{{Severity: "1", Person: w.li}, {Team: team}}
	}))
	severe := RequestOf(w.get("request", w.id(CreateRequest(w, RequestInput{Title: "x", Severity: "1"}))))
	other := RequestOf(w.get("request", w.id(CreateRequest(w, RequestInput{Title: "x"}))))
	given := RequestOf(w.get("request", w.id(CreateRequest(w, RequestInput{Title: "x", Handler: w.wang}))))
	if severe.Handler != w.li || other.HandlerTeam != team || given.Handler != w.wang || !given.HandlerTeam.IsZero() {
		t.Fatalf("they are held by %v, %v, %v", severe.Handler, other.HandlerTeam, given.Handler)
	}
	w.ok(Archive(w, ArchiveInput{"person", w.li, "left"}))
	if r := RequestOf(w.get("request", w.id(CreateRequest(w, RequestInput{Title: "x", Severity: "1"})))); r.HandlerTeam != team {
		t.Fatal("a request goes to somebody who left")
	}
}

// Distance is nothing to oneself, the same both ways, no detour is shorter, and never more than half round the Earth.
func TestDistanceIsOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.Custom(func(t *rapid.T) Position {
			return Position{rapid.Int64Range(-90e7, 90e7).Draw(t, "lat"), rapid.Int64Range(-180e7, 180e7).Draw(t, "long")}
		})
		a, b, c := place.Draw(t, "a"), place.Draw(t, "b"), place.Draw(t, "c")
		ab := Distance(a, b)
		if ab < 0 || ab > 20_015_200 || ab != Distance(b, a) || Distance(a, a) != 0 || ab > Distance(a, c)+Distance(c, b)+2 {
			t.Fatalf("%v to %v: %d", a, b, ab)
		}
	})
}

// Whoever the candidates are, each is suggested once, who is not available comes last, and the rest by their scores.
func TestRankKeepsEverybody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.onMonday()
		for range rapid.IntRange(0, 6).Draw(t, "people") {
			p := w.id(CreatePerson(w, PersonInput{Name: "P", Branch: w.branch, Technician: true}))
			if rapid.Bool().Draw(t, "away") {
				w.id(PutAbsence(w, AbsenceInput{Person: p, StartsAt: w.now, EndsAt: w.now + rapid.Int64Range(1, dayMillis).Draw(t, "for")}))
			}
			w.ok(SetSkill(w, SkillInput{Person: p, Code: "electrical", Level: rapid.Int64Range(0, 5).Draw(t, "level")}))
		}
		w.ok(w.Update("job", w.job, record.Values{"needs.electrical": record.Number(1)}))
		candidates, err := Candidates(w, w.branch)
		w.ok(err)
		list, err := Rank(w, w.job, w.now, candidates)
		if w.ok(err); len(list) != len(candidates) {
			t.Fatalf("%d of %d are suggested", len(list), len(candidates))
		}
		for i := 1; i < len(list); i++ {
			a, b := list[i-1], list[i]
			if !a.Available && b.Available || a.Available == b.Available && a.Score < b.Score {
				t.Fatalf("%+v stands before %+v", a, b)
			}
		}
	})
}

// Who has hours of his own is off on the branch's holidays, but not on a day of which his own hours say otherwise; a day on
// which the others work instead is none of his.
func TestTheHolidaysOfABranchAreEverybodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.id(PublishPolicy(w, PolicyInput{Kind: PolicyCalendar, Body: CalendarPolicy{worktime.Written{
		Week: map[string][]string{"mon": {"08:00-17:00"}, "tue": {"08:00-17:00"}},
		Days: map[string][]string{"2031-02-03": {}, "2031-02-04": {}, "2031-02-08": {"08:00-12:00"}},
	}}}))
	w.ok(SetHours(w, w.wang, `{"week": {"mon": ["09:00-10:00"], "tue": ["09:00-10:00"], "wed": ["09:00-10:00"]}, "days": {"2031-02-04": ["09:30-10:00"]}}`))
	wang, err := w.Row("person", w.wang)
	w.ok(err)
	hours, err := HoursOf(w, PersonOf(wang), w.now)
	w.ok(err)
	for date, works := range map[int]bool{3: false, 4: true, 5: true, 8: false, 10: true} { // a Monday, a Tuesday, ...
		zone := cmp.Or(hours.Zone, time.UTC)
		if got := hours.Works(time.Date(2031, 2, date, 9, 45, 0, 0, zone).UnixMilli()); got != works {
			t.Errorf("on the %dth he works: %v, want %v", date, got, works)
		}
	}
}
