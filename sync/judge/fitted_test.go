package judge_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

// A workshop's things lie with keepers, are lent, are joined with others, and are fitted into one another: some were made for
// what they are fitted in, others come from a shelf and go back there.
func newWorkshop(t *testing.T) *yard {
	t.Helper()
	const things schema.BucketKind = 2
	person := func(id schema.ColumnID, name string) schema.Column {
		return schema.Column{ID: id, Name: name, Kind: schema.Ref, Ref: "person"}
	}
	thing := func(id schema.ColumnID, name string, flags schema.Flags) schema.Column {
		return schema.Column{ID: id, Name: name, Kind: schema.Ref, Ref: "thing", Flags: flags}
	}
	fitted := &schema.Back{Table: "thing", Column: "in"}
	s := schema.Must(schema.New("workshop", 1,
		&schema.Table{ID: 1, Name: "person", Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
			Columns: []schema.Column{{ID: 1, Name: "name", Kind: schema.Text}}},
		&schema.Table{ID: 2, Name: "thing", Buckets: []schema.Bucket{{Kind: things, From: "id"}, {Kind: things, From: "of"}},
			Columns: []schema.Column{person(1, "keeper"), thing(2, "in", 0), thing(3, "of", schema.Immutable), thing(4, "same", 0)},
			Grants: []schema.Grant{{To: "keeper", Right: "work",
				Paths: []schema.Path{{Kind: things}, {Kind: things, Back: fitted}}}},
			Rights: []schema.Right{{Name: "work", Columns: []string{"in", "keeper"}}}},
		&schema.Table{ID: 3, Name: "loan", Buckets: []schema.Bucket{{Kind: 3, From: "id"}},
			Columns: []schema.Column{person(1, "to"), thing(2, "thing", 0)},
			Grants: []schema.Grant{{To: "to", Right: "work", Paths: []schema.Path{
				{Kind: things, Via: []string{"thing"}}, {Kind: things, Via: []string{"thing"}, Back: fitted},
				{Kind: things, Via: []string{"thing", "same"}}, {Kind: things, Via: []string{"thing", "same"}, Back: fitted},
			}}}},
	))
	w := &world{
		T: t, hub: simtest.NewMemHub(s), make: simtest.NewMaker(1),
		cfg: judge.Config{Schema: s, Salt: salt}, now: clock.StampAt(1_750_000_000_000),
	}
	w.desk = w.enrol(w.make.ID(), record.ID{}, clock.SideOffice)
	return &yard{w}
}

func to(column string, id record.ID) record.Values { return record.Values{column: record.Ref(id)} }

// A spare lies on its keeper's shelf. Fitted into a machine that he was lent, it stays with him, and comes to whoever has the
// machine; taken out and put onto another's shelf, it leaves them.
func TestWhatIsFittedComesWithItsMachine(t *testing.T) {
	t.Parallel()
	y := newWorkshop(t)
	a, b, c := y.keeper(), y.keeper(), y.keeper()
	machine, other := y.has("thing", nil), y.has("thing", nil)
	made := y.has("thing", record.Values{"of": record.Ref(machine.ID), "in": record.Ref(machine.ID)})
	spare := y.has("thing", to("keeper", a.Person))
	loan := y.has("loan", record.Values{"to": record.Ref(a.Person), "thing": record.Ref(machine.ID)})
	y.has("loan", record.Values{"to": record.Ref(b.Person), "thing": record.Ref(machine.ID)})
	expect := func(what string, want ...*tech) {
		t.Helper()
		for i, x := range []*tech{a, b, c} {
			if got := y.holdsOn(x.Person, spare); got != slices.Contains(want, x) {
				t.Errorf("%s: technician %d holds the spare: %v", what, i+1, got)
			}
		}
		if y.holdsOn(a.Person, made) {
			t.Errorf("%s: what was made for the machine has a hold of its own, and lies with the machine", what)
		}
	}
	expect("on the shelf", a)
	r := a.sends(a.knows(y.head(), y.says(record.Update, spare, record.Values{"in": record.Ref(machine.ID), "keeper": record.Null})))
	y.expect(r, r.Outcome, "")
	expect("fitted", a, b)
	y.tx(func(tx judge.Store) error {
		if ends, err := tx.LateHolds(); err != nil || len(ends) > 0 {
			t.Errorf("what he gave up himself by fitting it ends some day: %v %v", ends, err)
		}
		return nil
	})
	y.office(y.says(record.Delete, loan, nil))
	expect("fitted, and the machine is not lent to its keeper any more", b)
	y.office(y.says(record.Update, machine, to("keeper", c.Person)))
	expect("the machine has a keeper of its own", b, c)
	y.office(y.says(record.Update, spare, to("in", other.ID)))
	expect("fitted into another machine")
	y.office(y.says(record.Update, other, to("same", machine.ID)))
	y.has("loan", record.Values{"to": record.Ref(a.Person), "thing": record.Ref(other.ID)})
	expect("that machine is lent", a)
	y.office(y.says(record.Delete, spare, nil))
	expect("gone")
	y.office(y.says(record.Update, spare, to("keeper", c.Person)))
	expect("back, and kept besides", a, c)
}

// Nobody comes by a thing by saying that it is fitted in what he has, nor gets another's machine by fitting what he has into it.
func TestNobodyFitsWhatIsNotHis(t *testing.T) {
	t.Parallel()
	y := newWorkshop(t)
	a, b := y.keeper(), y.keeper()
	his, theirs := y.has("thing", to("keeper", a.Person)), y.has("thing", to("keeper", b.Person))
	for _, c := range []record.RowChange{
		y.says(record.Update, theirs, to("in", his.ID)), y.says(record.Update, his, to("in", theirs.ID)),
	} {
		if r := a.sends(a.knows(y.head(), c)); r.Code != "not_allowed" || y.holdsOn(a.Person, theirs) {
			t.Errorf("%v %s", r.Outcome, r.Code)
		}
	}
}

// Whatever the office writes in whatever order, who holds what is what the rows say as they stand.
func TestHoldsAreWhatTheRowsSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		y := newWorkshop(t)
		var people []record.ID
		for range 3 {
			people = append(people, y.has("person", nil).ID)
		}
		things := []record.Key{y.has("thing", nil)}
		for range 4 {
			things = append(things, y.has("thing", to("of", rapid.SampledFrom(append(things, record.Key{})).Draw(rt, "of").ID)))
		}
		loans := []record.Key{y.has("loan", nil), y.has("loan", nil)}
		for range rapid.IntRange(1, 15).Draw(rt, "writes") {
			person := rapid.SampledFrom(append(people, record.ID{})).Draw(rt, "person")
			thing := rapid.SampledFrom(append(things, record.Key{})).Draw(rt, "thing").ID
			column := rapid.SampledFrom([]string{"to", "lends", "keeper", "in", "same", "delete"}).Draw(rt, "column")
			key := rapid.SampledFrom(things).Draw(rt, "row")
			if column == "to" || column == "lends" || column == "delete" && rapid.Bool().Draw(rt, "loan") {
				key = rapid.SampledFrom(loans).Draw(rt, "row")
			}
			switch column {
			case "to", "keeper":
				y.office(y.says(record.Update, key, to(column, person)))
			case "lends":
				y.office(y.says(record.Update, key, to("thing", thing)))
			case "delete":
				y.office(y.says(record.Delete, key, nil))
			default:
				y.office(y.says(record.Update, key, to(column, thing)))
			}
		}
		for _, key := range slices.Concat(things, loans) {
			if groundless, missing := y.verified(key, nothing, record.Key{}); groundless+missing > 0 {
				rt.Fatalf("by %v %d are held that it does not give, and %d are missed", key, groundless, missing)
			}
		}
		want := y.asTheyStand(things, loans)
		for _, person := range people {
			for _, thing := range things {
				if got := y.holdsOn(person, thing); got != want[[2]record.ID{person, thing.ID}] {
					rt.Fatalf("%v holds %v: %v", person, thing.ID, got)
				}
			}
		}
	})
}

// asTheyStand says the naive way who holds what.
func (y *yard) asTheyStand(things, loans []record.Key) map[[2]record.ID]bool {
	held := map[[2]record.ID]bool{}
	with := func(person, machine record.ID) { // the machine, and what is fitted in it
		if person.IsZero() || machine.IsZero() {
			return
		}
		held[[2]record.ID{person, machine}] = true
		for _, key := range things {
			if row := y.row(key); !row.Deleted && row.Get("in").Ref() == machine && row.Get("of").Ref() != machine && key.ID != machine {
				held[[2]record.ID{person, key.ID}] = true
			}
		}
	}
	for _, key := range things {
		if row := y.row(key); !row.Deleted {
			with(row.Get("keeper").Ref(), key.ID)
		}
	}
	for _, key := range loans {
		row := y.row(key)
		if thing := row.Get("thing").Ref(); !row.Deleted && !thing.IsZero() {
			with(row.Get("to").Ref(), thing)
			with(row.Get("to").Ref(), y.row(record.Key{Table: things[0].Table, ID: thing}).Get("same").Ref())
		}
	}
	return held
}
