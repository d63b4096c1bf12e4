package aftersales

import (
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/worktime"
)

var pier = PositionInput{Position: Position{Latitude: 312304000, Longitude: 1214737000}}

// travelling is assigned with Wang on his way, and his switch on.
func travelling(t teller) *world {
	w := assigned(t)
	w.ok(SharePosition(w, true))
	w.ok(Travel(w, VisitInput{Job: w.job}))
	return w
}

// works says when the branch works.
func (w *world) works(shift string) *world {
	week := map[string][]string{}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		week[day] = []string{shift}
	}
	w.id(PublishPolicy(w, PolicyInput{Kind: PolicyCalendar, Branch: w.branch, Body: CalendarPolicy{worktime.Written{Week: week}}}))
	return w
}

// On the morning of these stories it is seven minutes to five in Shanghai, on a Thursday: work ends at five.
var positionRefusals = []refusal{
	{PositionsOff, "a position of who never turned it on", assigned, func(w *world) error {
		w.ok(Arrive(w, VisitInput{Job: w.job}))
		return RecordPosition(w, pier)
	}},
	{PositionsOff, "a position of who turned it off", travelling, func(w *world) error {
		w.ok(SharePosition(w, false))
		return RecordPosition(w, pier)
	}},
	{NotAtWork, "a position without a visit", assigned, func(w *world) error {
		w.ok(SharePosition(w, true))
		return RecordPosition(w, pier)
	}},
	{NotAtWork, "a position in a pause", travelling, func(w *world) error {
		w.ok(Pause(w, VisitInput{Job: w.job}))
		return RecordPosition(w, pier)
	}},
	{NotAtWork, "a position after the visit", travelling, func(w *world) error {
		w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "New seal"}}))
		return RecordPosition(w, pier)
	}},
	{NotAtWork, "a position of a colleague's visit", travelling, func(w *world) error {
		w.as(w.li)
		w.ok(SharePosition(w, true))
		return RecordPosition(w, pier)
	}},
	{NotAtWork, "a position after hours", travelling, func(w *world) error { return RecordPosition(w.works("08:00-12:00"), pier) }},
	{TooSoon, "two positions within five minutes", travelling, func(w *world) error {
		w.ok(RecordPosition(w, pier))
		w.pass(4)
		return RecordPosition(w, pier)
	}},
	{BadPosition, "a position beyond the pole", travelling, func(w *world) error {
		return RecordPosition(w, PositionInput{Position: Position{Latitude: 91e7}})
	}},
	{BadSetting, "positions kept for less than nothing", newWorld, func(w *world) error {
		return SetSetting(w, SettingPositionDays, record.ID{}, "-1")
	}},
	{BadDay, "a position in the row of another day", travelling, func(w *world) error {
		d := w.review(w.shared(morning+5000, w.wang, 1))
		return d.Refuse
	}},
}

// shared is what a phone brings: where somebody was at a moment, in the row of a day off that of the moment.
func (w *world) shared(at int64, person record.ID, off int64) record.RowChange {
	w.t.Helper()
	return w.change(record.Insert, "position", PositionID(person, PositionDay(at)+off), record.Values{
		"person": record.Ref(person), "day": record.Date(PositionDay(at) + off), "visit": record.Ref(w.visitNow(w.wang).ID),
		"latitude": record.Number(1), "longitude": record.Number(2), "occurred": record.Instant(at), "corrected": record.Instant(at),
	})
}

func TestOnlyTheLastPositionOfADayStands(t *testing.T) {
	t.Parallel()
	w := travelling(t).works("08:00-18:00")
	w.ok(RecordPosition(w, pier))
	w.pass(5)
	w.ok(RecordPosition(w, PositionInput{Position: Position{Latitude: 1, Longitude: 2}}))
	rows, err := w.Refs("position", "person", w.wang)
	w.ok(err)
	if p := SharedPositionOf(rows[0]); len(rows) != 1 || p.Latitude != 1 || p.Corrected != w.now || p.Visit != w.visitNow(w.wang).ID || p.Branch != w.branch {
		t.Fatalf("%d rows, %+v", len(rows), p)
	}
	w.ok(SetSetting(w, SettingPositionMinutes, w.branch, "0"))
	w.pass(1)
	w.ok(RecordPosition(w, pier))
	w.refused(TooSoon, RecordPosition(w, pier))
}

func TestThePositionOfAVisitOnSiteComesBeforeOneOnTheWay(t *testing.T) {
	t.Parallel()
	w := travelling(t)
	first := w.visitNow(w.wang).ID
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	w.as(w.office)
	w.job = w.id(CreateJob(w, JobInput{Unit: w.unit, Title: "Rattles"}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.as(w.wang)
	w.ok(Travel(w, VisitInput{Job: w.job}))
	w.ok(RecordPosition(w, pier))
	if p := SharedPositionOf(w.get("position", PositionID(w.wang, PositionDay(w.now)))); p.Visit != first {
		t.Errorf("it stands with the visit %v, want %v", p.Visit, first)
	}
}

// The hub judges by when it happened: what a phone brings late passes, what no phone of ours writes does not.
func TestTheHubJudgesPositions(t *testing.T) {
	t.Parallel()
	at := int64(morning)
	for what, c := range map[string]struct {
		code fault.Code
		do   func(*world) record.RowChange
	}{
		"at work":              {"", func(w *world) record.RowChange { return w.shared(at, w.wang, 0) }},
		"before he set out":    {NotAtWork, func(w *world) record.RowChange { return w.shared(at-1, w.wang, 0) }},
		"in another's name":    {BadDay, func(w *world) record.RowChange { return w.shared(at, w.li, 0) }},
		"of another day":       {BadDay, func(w *world) record.RowChange { return w.shared(at, w.wang, 1) }},
		"after hours":          {NotAtWork, func(w *world) record.RowChange { w.works("08:00-12:00"); return w.shared(at, w.wang, 0) }},
		"with the switch off":  {PositionsOff, func(w *world) record.RowChange { w.ok(SharePosition(w, false)); return w.shared(at, w.wang, 0) }},
		"after the visit":      {NotAtWork, func(w *world) record.RowChange { finish(w); return w.shared(w.now+1, w.wang, 0) }},
		"late, of the visit":   {"", func(w *world) record.RowChange { finish(w); return w.shared(w.now-1, w.wang, 0) }},
		"seconds after":        {TooSoon, func(w *world) record.RowChange { w.ok(RecordPosition(w, pier)); return w.moved(at + 59_000) }},
		"a minute after":       {"", func(w *world) record.RowChange { w.ok(RecordPosition(w, pier)); return w.moved(at + 60_000) }},
		"out of order":         {"", func(w *world) record.RowChange { w.pass(3); w.ok(RecordPosition(w, pier)); return w.moved(at) }},
		"moved to another day": {BadDay, func(w *world) record.RowChange { w.ok(RecordPosition(w, pier)); return w.moved(at + dayMillis) }},
		"called back before he heard": {"", func(w *world) record.RowChange {
			w.ok(w.Update("visit", w.visitNow(w.wang).ID, record.Values{
				"state": record.Text(VisitCancelled), "outcome": record.Text(OutcomeRecalled), "finished_at": record.Instant(at + 1),
			}))
			return w.shared(at+300_000, w.wang, 0)
		}},
	} {
		w := travelling(t)
		change := c.do(w)
		d := w.review(change)
		if got := fault.CodeOf(refusalOf(d)); got != c.code || d.Instead != nil {
			t.Errorf("%s: refused with %q, want %q", what, got, c.code)
		}
	}
}

func finish(w *world) {
	w.pass(5)
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "New seal"}}))
}

// moved is a later position in the row of the day of these stories.
func (w *world) moved(at int64) record.RowChange {
	return w.change(record.Update, "position", PositionID(w.wang, PositionDay(morning)), record.Values{
		"latitude": record.Number(3), "longitude": record.Number(4), "corrected": record.Instant(at),
	})
}

func TestAPositionIsSweptWhenItsDaysAreOver(t *testing.T) {
	t.Parallel()
	w := travelling(t)
	w.ok(RecordPosition(w, pier))
	id := PositionID(w.wang, PositionDay(w.now))
	w.pass(6 * 24 * 60)
	w.ok(SweepPosition(w, id))
	w.get("position", id)
	w.pass(24 * 60)
	w.ok(SweepPosition(w, id))
	w.ok(SweepPosition(w, id))
	if row, err := w.Row("position", id); err != nil || row != nil {
		t.Errorf("%v %v", row, err)
	}
}
