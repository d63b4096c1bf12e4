package merge_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
)

// author is somebody who writes a value at a time.
type author struct {
	clock.Actor
	at    clock.Stamp
	value record.Value
}

// Each line has two writes whose authors knew nothing of each other. The first is shown and the second stands beside
// it, whichever came first; and both go when somebody who has seen them writes.
func TestThePolicyPicksWhatIsShown(t *testing.T) {
	t.Parallel()
	a, b, n := record.Text("a"), record.Text("b"), record.Null
	one, two := record.Number(1), record.Number(2)
	euro, yuan := record.Money(1, "EUR"), record.Money(2, "CNY")
	planned, cancelled, done := record.Text("planned"), record.Text("cancelled"), record.Text("done")
	for name, c := range map[string]struct {
		column        string
		shown, beside author
	}{
		"last: the later":                       {"title", author{phone, 2, a}, author{boss, 1, b}},
		"last: of two at a time the greater":    {"title", author{boss, 1, a}, author{phone, 1, b}},
		"last: an emptied cell if later":        {"title", author{phone, 2, n}, author{boss, 1, b}},
		"last: a value later than its emptying": {"title", author{phone, 2, a}, author{boss, 1, n}},
		"owner: the office's price":             {"price", author{desk, 1, euro}, author{phone, 2, yuan}},
		"owner: the hub's is the office's":      {"price", author{hub, 1, euro}, author{phone, 2, yuan}},
		"owner: the later of two in the office": {"price", author{desk, 2, euro}, author{hub, 1, yuan}},
		"owner: the later of two phones":        {"price", author{phone, 2, euro}, author{tablet, 1, yuan}},
		"owner: emptied by the owner":           {"price", author{desk, 1, n}, author{phone, 2, yuan}},
		"owner: the phone's finding":            {"finding", author{phone, 1, a}, author{desk, 2, b}},
		"owner: and not the hub's":              {"finding", author{phone, 1, a}, author{hub, 2, b}},
		"ladder: the further":                   {"state", author{phone, 1, cancelled}, author{desk, 2, planned}},
		"ladder: the further, though it asks":   {"state", author{phone, 1, done}, author{desk, 2, cancelled}},
		"ladder: any rather than none":          {"state", author{phone, 1, planned}, author{desk, 2, n}},
		"max: the greater":                      {"reading", author{phone, 1, two}, author{desk, 2, one}},
		"max: any rather than none":             {"reading", author{phone, 1, record.Number(-5)}, author{desk, 2, n}},
		"min: the less":                         {"lowest", author{phone, 1, one}, author{desk, 2, two}},
		"min: any rather than none":             {"lowest", author{phone, 1, two}, author{desk, 2, n}},
		"first: the earlier":                    {"answered", author{boss, 1, two}, author{phone, 2, one}},
		"first: of two at a time the lesser":    {"answered", author{phone, 1, two}, author{boss, 1, one}},
		"ask: the later":                        {"decision", author{phone, 2, a}, author{boss, 1, b}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, order := range [][]author{{c.shown, c.beside}, {c.beside, c.shown}} {
				s := newStory(t)
				one := s.write(order[0].Actor, order[0].at, nothing, record.Values{c.column: order[0].value})
				two := s.write(order[1].Actor, order[1].at, nothing, record.Values{c.column: order[1].value})
				s.expect(c.column, c.shown.value, c.beside.value)
				s.write(tablet, 3, saw(one, two), record.Values{c.column: c.beside.value}, settling(one, two))
				s.expect(c.column, c.beside.value)
			}
		})
	}
}

// An author may have written twice without seeing his first write, as from two forms.
func TestTheLaterDotOfOneAuthorWinsATie(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(desk, 1, nothing, text("title", "first form"))
	s.write(desk, 1, nothing, text("title", "second form"))
	s.expect("title", texts("second form", "first form")...)
}

func TestEqualValuesOfMaxAreToldApartByTime(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(phone, 2, nothing, number("reading", 7))
	s.write(desk, 1, nothing, number("reading", 7))
	if got := s.cell("reading", "").Shown.Dot.Actor; got != phone {
		t.Errorf("the reading of %v is shown, want the later one", got)
	}
}

func TestEachKeyOfAColumnMergesByItself(t *testing.T) {
	t.Parallel()
	for column, values := range map[string][]record.Value{
		"fields":  {record.Text("CAT"), record.Number(42)},
		"remarks": texts("leaks", "漏油"),
		"tags":    {record.Number(1), record.Number(1)},
	} {
		s := newStory(t)
		s.write(phone, 1, nothing, record.Values{column + ".en": values[0]})
		s.write(desk, 2, nothing, record.Values{column + ".zh": values[1]})
		s.expectSaid()
		shown := s.row.Get(column)
		if shown.Cell("en") != values[0] || shown.Cell("zh") != values[1] {
			t.Errorf("%s shows %v and %v", column, shown.Cell("en"), shown.Cell("zh"))
		}
	}
}

func TestTwoWritesOfOneKeyStandBesideEachOther(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(phone, 1, nothing, text("remarks.en", "leaks"))
	s.write(desk, 2, nothing, text("remarks.en", "drips"))
	s.expectSaid(open("drips", "leaks"))
	if others := s.cell("remarks", "en").Others; len(others) != 1 || others[0].Value != record.Text("leaks") {
		t.Errorf("beside it stand %v", others)
	}
}

func TestATagGoesOnlyByWhoSawItAdded(t *testing.T) {
	t.Parallel()
	urgent := number("tags.urgent", 1)
	for name, c := range map[string]struct {
		removerSaw func(added clock.Dot) clock.Vector
		stays      bool
	}{
		"removed by one who saw it":         {func(d clock.Dot) clock.Vector { return saw(d) }, false},
		"removed by one who saw an earlier": {func(clock.Dot) clock.Vector { return nothing }, true},
	} {
		for _, late := range []clock.Stamp{1, 99} {
			s := newStory(t)
			added := s.write(phone, 5, nothing, urgent)
			s.write(boss, late, c.removerSaw(added), emptied("tags.urgent"))
			if stays := !s.row.Get("tags").Cell("urgent").IsNull(); stays != c.stays {
				t.Errorf("%s at %d: the tag stays: %v", name, late, stays)
			}
		}
	}
}

func TestColumnsOfAGroupAreOfOneWrite(t *testing.T) {
	t.Parallel()
	plan := func(starts, ends int64) record.Values {
		return record.Values{"starts": record.Instant(starts), "ends": record.Instant(ends)}
	}
	for name, at := range map[string]clock.Stamp{"by time": 2, "by dot": 1} {
		for _, order := range [][]clock.Actor{{desk, boss}, {boss, desk}} {
			s := newStory(t)
			for _, who := range order {
				if who == boss {
					s.write(boss, at, nothing, plan(10, 11))
				} else {
					s.write(desk, 1, nothing, plan(8, 20))
				}
			}
			if starts, ends := s.row.Get("starts").Number(), s.row.Get("ends").Number(); starts != 10 || ends != 11 {
				t.Errorf("%s: from %d to %d, want the boss's plan", name, starts, ends)
			}
		}
	}
}

func TestAColumnThatThisVersionDoesNotKnowIsPassedOver(t *testing.T) {
	t.Parallel()
	s := storyOf(t, simtest.Schema.Table("task"))
	d := s.write(phone, 1, nothing, text("text", "change the filter"), addColumn(63))
	s.expect("text", record.Text("change the filter"))
	if len(s.row.Meta.Cells) != 1 || !s.row.Vector.Covers(d) {
		t.Errorf("the row has %v and is at %v", s.row.Meta.Cells, s.row.Vector)
	}
}
