package worktime

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const hour = int64(3_600_000)

// office is a calendar in a zone: Monday to Friday with a lunch break, National Day off, one Saturday worked instead,
// and a night shift that ends on Saturday morning.
func office(t interface{ Fatal(...any) }, zone string) *Calendar {
	c, err := Parse([]byte(`{"zone": "`+zone+`", "week": {
		"mon": ["08:00-12:00", "13:00-17:00"], "tue": ["08:00-12:00", "13:00-17:00"], "wed": ["08:00-12:00", "13:00-17:00"],
		"thu": ["08:00-12:00", "13:00-17:00"], "fri": ["08:00-12:00", "22:00-06:00"]},
		"days": {"2026-10-01": [], "2026-10-02": [], "2026-10-10": ["08:00-12:00"]}}`), "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func instant(t *testing.T, zone, text string) int64 {
	t.Helper()
	location, err := Zone(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, location)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

func TestWorkingTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, zone, from string
		hours            int64
		want             string
	}{
		{"within a morning", "Asia/Shanghai", "2026-09-28 08:30", 3, "2026-09-28 11:30"},
		{"over lunch", "Asia/Shanghai", "2026-09-28 11:00", 2, "2026-09-28 14:00"},
		{"to the last minute of a shift", "Asia/Shanghai", "2026-09-28 08:00", 4, "2026-09-28 12:00"},
		{"into the next morning", "Asia/Shanghai", "2026-09-28 16:00", 6, "2026-09-29 14:00"},
		{"from before work", "Asia/Shanghai", "2026-09-28 05:00", 1, "2026-09-28 09:00"},
		{"over two holidays and an idle weekend", "Asia/Shanghai", "2026-09-30 16:00", 2, "2026-10-05 09:00"},
		{"into the night of Friday, and of Monday what is left", "Asia/Shanghai", "2026-10-16 11:00", 10, "2026-10-19 09:00"},
		{"a Saturday that is worked", "Asia/Shanghai", "2026-10-10 09:00", 1, "2026-10-10 10:00"},
		{"a night in which an hour is skipped", "Europe/Berlin", "2026-03-27 22:00", 7, "2026-03-28 05:00"},
	} {
		cal := office(t, c.zone)
		from := instant(t, c.zone, c.from)
		got, ok := cal.Add(from, c.hours*hour)
		if want := instant(t, c.zone, c.want); !ok || got != want {
			t.Errorf("%s: %v, want %v", c.what, time.UnixMilli(got).In(cal.Zone), time.UnixMilli(want).In(cal.Zone))
		}
		if back := cal.Between(from, got); back != c.hours*hour {
			t.Errorf("%s: %d ms lie between, want %d", c.what, back, c.hours*hour)
		}
	}
}

// In the night in which clocks go forward a night shift is an hour shorter, in the other an hour longer.
func TestNightsOfTheClockChange(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte(`{"zone": "Europe/Berlin", "week": {"sat": ["22:00-06:00"], "sun": ["00:00-24:00"]}}`), "")
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]int64{"2026-03-21 22:00": 26, "2026-03-28 22:00": 25, "2026-10-24 22:00": 27} {
		start := instant(t, "Europe/Berlin", from)
		if got := c.Between(start, start+4*24*hour); got != want*hour {
			t.Errorf("the weekend from %s has %d hours, want %d", from, got/hour, want)
		}
	}
}

func TestACalendarWithoutWorkHasNoEnd(t *testing.T) {
	t.Parallel()
	c := &Calendar{}
	if _, ok := c.Add(0, 1); ok {
		t.Error("time passed on a calendar that has none")
	}
	if got, ok := c.Add(7, 0); !ok || got != 7 {
		t.Error("no time takes time")
	}
	if _, ok := Always().Add(0, 1<<60); ok {
		t.Error("a thousand years were counted")
	}
}

func TestRests(t *testing.T) {
	t.Parallel()
	c := Always()
	for _, r := range []struct {
		rests []Interval
		want  int64
		ok    bool
	}{
		{nil, 10, true},
		{[]Interval{{2, 5}}, 13, true},
		{[]Interval{{4, 6}, {2, 5}}, 14, true},
		{[]Interval{{20, 0}}, 10, true}, // it was due before
		{[]Interval{{10, 0}}, 10, true},
		{[]Interval{{9, 0}}, 0, false},
		{[]Interval{{5, 5}, {7, 3}}, 10, true}, // no intervals
		{[]Interval{{-5, 3}}, 13, true},
	} {
		if got, ok := c.AddExcept(0, 10, r.rests); got != r.want || ok != r.ok {
			t.Errorf("with %v it is due at %d, %v; want %d, %v", r.rests, got, ok, r.want, r.ok)
		}
	}
}

var zones = []string{"", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"}

func calendars(t *rapid.T) *Calendar {
	zone, err := Zone(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	shift := rapid.Custom(func(t *rapid.T) Shift {
		start := rapid.IntRange(0, Day-1).Draw(t, "start")
		return Shift{start, start + rapid.IntRange(1, Day).Draw(t, "length")}
	})
	c := &Calendar{Zone: zone, Days: map[int64][]Shift{}}
	for day := range c.Week {
		c.Week[day] = rapid.SliceOfN(shift, 0, 3).Draw(t, "shifts")
	}
	for range rapid.IntRange(0, 5).Draw(t, "special") {
		c.Days[rapid.Int64Range(20_400, 20_900).Draw(t, "day")] = rapid.SliceOfN(shift, 0, 2).Draw(t, "shifts")
	}
	return c
}

func instants() *rapid.Generator[int64] {
	return rapid.Int64Range(20_400*dayMillis, 20_900*dayMillis) // from November 2025 to March 2027
}

// Working time adds up, is never more than the time that passed, and Add finds the first instant of so much.
func TestWorkingTimeAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, a := calendars(t), instants().Draw(t, "a")
		b := a + rapid.Int64Range(0, 40*dayMillis).Draw(t, "b")
		d := b + rapid.Int64Range(0, 40*dayMillis).Draw(t, "d")
		whole := c.Between(a, d)
		if parts := c.Between(a, b) + c.Between(b, d); parts != whole || whole < 0 || whole > d-a {
			t.Fatalf("%d is made of %d, in %d ms", whole, parts, d-a)
		}
		work := rapid.Int64Range(1, 20*dayMillis).Draw(t, "work")
		due, ok := c.Add(a, work)
		if !ok {
			return
		}
		if c.Between(a, due) != work || c.Between(a, due-1) != work-1 {
			t.Fatalf("after %d ms, %d have passed, and %d a moment before", work, c.Between(a, due), c.Between(a, due-1))
		}
	})
}

// Every millisecond works or does not: what Works says, added up by hand over whole minutes, is what Between says.
func TestBetweenIsTheSumOfItsMinutes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, a := calendars(t), instants().Draw(t, "a")/60_000*60_000
		sum := int64(0)
		minutes := rapid.Int64Range(0, 2*Day).Draw(t, "minutes")
		for m := range minutes {
			if c.Works(a + m*60_000) {
				sum += 60_000
			}
		}
		if got := c.Between(a, a+minutes*60_000); got != sum {
			t.Fatalf("%d ms, minute by minute %d", got, sum)
		}
	})
}

// Round the clock, working time is the time that passes, whatever the clocks do; rests only ever put off what is due.
func TestRestsPutOff(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, a := calendars(t), instants().Draw(t, "a")
		work := rapid.Int64Range(1, 5*dayMillis).Draw(t, "work")
		rests := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Interval {
			start := a + rapid.Int64Range(-dayMillis, 9*dayMillis).Draw(t, "start")
			return Interval{start, start + rapid.Int64Range(1, 2*dayMillis).Draw(t, "length")}
		}), 0, 4).Draw(t, "rests")
		plain, ok := c.Add(a, work)
		due, still := c.AddExcept(a, work, rests)
		if ok && still && (due < plain || c.BetweenExcept(a, due, rests) != work) {
			t.Fatalf("due at %d instead of %d, with %d of %d ms worked", due, plain, c.BetweenExcept(a, due, rests), work)
		}
		round := Always()
		round.Zone = c.Zone
		if got := round.Between(a, a+work); got != work {
			t.Fatalf("%d ms passed, round the clock %d", work, got)
		}
	})
}

func TestWhatIsNoCalendar(t *testing.T) {
	t.Parallel()
	for body, complaint := range map[string]string{
		`[]`:                                 "JSON",
		`{"week": {"monday": []}}`:           "no day of the week",
		`{"week": {"mon": ["8-12"]}}`:        "no shift",
		`{"week": {"mon": ["08:00"]}}`:       "no shift",
		`{"week": {"mon": ["24:00-01:00"]}}`: "no shift",
		`{"week": {"mon": ["08:00-25:00"]}}`: "no shift",
		`{"week": {"mon": ["08:00-08:00"]}}`: "no shift",
		`{"week": {"mon": ["08:60-09:00"]}}`: "no shift",
		`{"days": {"1.10.2026": []}}`:        "no date",
		`{"days": {"2026-10-01": ["x"]}}`:    "no shift",
		`{"zone": "Mars/Base"}`:              "no time zone",
		`{"zone": "Local"}`:                  "no time zone",
	} {
		if _, err := Parse([]byte(body), ""); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s: %v, want a complaint about %s", body, err, complaint)
		}
	}
}

func FuzzShiftsReadAsTheyAreWritten(f *testing.F) {
	f.Add("08:00-12:00")
	f.Add("22:00-06:00")
	f.Add("00:00-24:00")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseShift(text)
		if err != nil {
			return
		}
		if again, err := ParseShift(s.String()); err != nil || again != s || s.End <= s.Start || s.End > 2*Day {
			t.Fatalf("%q is %v, written %q: %v %v", text, s, s.String(), again, err)
		}
	})
}

// What Spans returns lies apart, and is together what Between counts.
func TestSpansAreWhatBetweenCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := office(t, "Europe/Berlin")
		from := rapid.Int64Range(1_788_000_000_000, 1_793_000_000_000).Draw(t, "from")
		to := from + rapid.Int64Range(0, 20*24).Draw(t, "hours")*hour
		var sum, last int64
		for _, s := range c.Spans(from, to) {
			if s.Start < max(from, last) || s.End > to || s.End <= s.Start {
				t.Fatalf("%v is not a stretch between %d and %d behind %d", s, from, to, last)
			}
			sum, last = sum+s.End-s.Start, s.End
		}
		if want := c.Between(from, to); sum != want {
			t.Fatalf("the stretches are %d ms long, the working time is %d", sum, want)
		}
	})
}

// A calendar is written by people, as data: whatever stands there is a calendar that can be counted with, or a complaint.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"zone": "Asia/Shanghai", "week": {"mon": ["08:00-12:00", "13:00-17:30"]}, "days": {"2026-10-01": []}}`))
	f.Add([]byte(`{"week": {"sun": ["22:00-06:00", "00:00-24:00"]}}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := Parse(body, "Europe/Berlin")
		if err != nil {
			return
		}
		const from, to = 1_788_000_000_000, 1_788_000_000_000 + 14*dayMillis
		if n := c.Between(from, to); n < 0 || n > to-from {
			t.Fatalf("%s: %d ms of work in %d", body, n, to-from)
		}
	})
}
