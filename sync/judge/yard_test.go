package judge_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// A yard keeps things that lie in places, are parts of others, and are found to be one thing; with lines of history.
func newYardSchema() *schema.Schema {
	const things schema.BucketKind = 2
	everybody := []schema.Bucket{{Kind: schema.SharedBucket}}
	thing := []schema.Path{{Kind: things, Via: []string{"thing"}}}
	fixed := schema.Immutable
	return schema.Must(schema.New("yard", 1,
		&schema.Table{ID: 1, Name: "person", Buckets: everybody, Columns: []schema.Column{{ID: 1, Name: "name", Kind: schema.Text}}},
		&schema.Table{ID: 2, Name: "place", Buckets: everybody, Columns: []schema.Column{
			{ID: 1, Name: "keeper", Kind: schema.Ref, Ref: "person"}, {ID: 2, Name: "name", Kind: schema.Text}}},
		&schema.Table{ID: 3, Name: "thing", Alias: "same", Withheld: []string{"same"},
			Buckets: []schema.Bucket{{Kind: things, From: "id"}, {Kind: things, From: "of"}},
			Columns: []schema.Column{
				{ID: 1, Name: "of", Kind: schema.Ref, Ref: "thing", Flags: fixed},
				{ID: 2, Name: "same", Kind: schema.Ref, Ref: "thing"},
				{ID: 3, Name: "place", Kind: schema.Ref, Ref: "place"},
				{ID: 4, Name: "beside", Kind: schema.Ref, Ref: "thing"},
				{ID: 5, Name: "about", Kind: schema.AnyRef},
			},
			Grants: []schema.Grant{{To: "place", Group: &schema.Members{Table: "place", Group: "id", Person: "keeper"},
				Right: "work", Paths: []schema.Path{{Kind: things}}}},
			Rights: []schema.Right{{Name: "work", Columns: []string{"place", "beside", "about"}}}},
		&schema.Table{ID: 4, Name: "line", Mode: schema.Ledger,
			Buckets: []schema.Bucket{{Kind: things, From: "thing"}, {Kind: things, From: "other"}, {Kind: things, From: "far", Far: true}},
			Columns: []schema.Column{
				{ID: 1, Name: "thing", Kind: schema.Ref, Ref: "thing", Flags: fixed},
				{ID: 2, Name: "other", Kind: schema.Ref, Ref: "thing", Flags: fixed},
				{ID: 3, Name: "far", Kind: schema.Ref, Ref: "thing", Flags: fixed},
			},
			Rights: []schema.Right{{Name: "work", Insert: true}}},
		&schema.Table{ID: 6, Name: "note", Buckets: []schema.Bucket{{Kind: things, From: "thing"}},
			Columns: []schema.Column{
				{ID: 1, Name: "thing", Kind: schema.Ref, Ref: "thing", Flags: fixed},
				{ID: 2, Name: "after", Kind: schema.Ref, Ref: "note"},
			},
			Rights: []schema.Right{{Name: "work", Insert: true}}},
		&schema.Table{ID: 5, Name: "loan", Buckets: []schema.Bucket{{Kind: 3, From: "id"}}, Create: true,
			Columns: []schema.Column{{ID: 1, Name: "thing", Kind: schema.Ref, Ref: "thing"}, {ID: 2, Name: "to", Kind: schema.Ref, Ref: "person"}},
			Grants:  []schema.Grant{{To: "to", Right: "work", Paths: append(thing, schema.Path{Kind: things, Via: []string{"thing", "same"}})}},
			Rights:  []schema.Right{{Name: "work", Columns: []string{"thing", "to"}}}},
	))
}

type yard struct{ *world }

func newYard(t *testing.T) *yard {
	t.Helper()
	s := newYardSchema()
	w := &world{
		T: t, hub: simtest.NewMemHub(s), make: simtest.NewMaker(1),
		cfg: judge.Config{Schema: s, Salt: salt}, now: clock.StampAt(1_750_000_000_000),
	}
	w.desk = w.enrol(w.make.ID(), record.ID{}, clock.SideOffice)
	return &yard{w}
}

// says is a change of a row by somebody who has seen it as it is.
func (y *yard) says(op record.Op, key record.Key, values record.Values) record.RowChange {
	y.Helper()
	c, err := record.NewChange(op, y.cfg.Schema.TableByID(key.Table), key.ID, values)
	y.must(err)
	if row := y.row(key); row != nil {
		c.Context = row.Vector
	}
	return c
}

func (y *yard) key(table string) record.Key {
	return record.Key{Table: y.cfg.Schema.Table(table).ID, ID: y.make.ID()}
}

func (y *yard) has(table string, values record.Values) record.Key {
	y.Helper()
	key := y.key(table)
	y.office(y.says(record.Insert, key, values))
	return key
}

func (y *yard) keeper() *tech {
	y.Helper()
	a := &tech{world: y.world, Author: judge.Author{Person: y.has("person", nil).ID, Device: y.make.ID()}}
	a.actor = y.enrol(a.Person, a.Device, clock.SideDevice)
	return a
}

func (y *yard) holdsOn(person record.ID, thing record.Key) (open bool) {
	y.tx(func(tx judge.Store) error {
		holds, err := tx.HoldsOn(record.Bucket{Kind: 2, ID: thing.ID})
		for _, h := range holds {
			open = open || h.Person == person && h.Open()
		}
		return err
	})
	return open
}

func TestWhoKeepsAPlaceHoldsWhatLiesThere(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	a, b := y.keeper(), y.keeper()
	place := y.has("place", record.Values{"keeper": record.Ref(a.Person)})
	thing := y.has("thing", ref("place", place))
	expect := func(what string, wantA, wantB bool) {
		t.Helper()
		if gotA, gotB := y.holdsOn(a.Person, thing), y.holdsOn(b.Person, thing); gotA != wantA || gotB != wantB {
			t.Errorf("%s: %v and %v, want %v and %v", what, gotA, gotB, wantA, wantB)
		}
	}
	expect("in a's place", true, false)
	y.office(y.says(record.Update, place, ref("keeper", record.Key{ID: b.Person})))
	expect("in a place that is b's by now", false, true)
	y.expect(b.sends(b.knows(y.head(), y.says(record.Update, thing, record.Values{"place": record.Null}))), wire.Merged, "")
	expect("taken out", false, false)
	y.office(y.says(record.Update, thing, ref("place", place)))
	y.office(y.says(record.Delete, place, nil))
	expect("in a place that is gone", false, false)
	y.office(y.says(record.Update, place, text("name", "here again")))
	expect("in a place that came back", false, true)
}

// Who holds a thing holds what hangs on it, its parts' history too; and, where it was joined with another, what stands for it.
func TestWhoHoldsARowHoldsWhatHangsOnIt(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	a := y.keeper()
	mine := y.has("thing", ref("place", y.has("place", record.Values{"keeper": record.Ref(a.Person)})))
	part, strange := y.has("thing", ref("of", mine)), y.has("thing", nil)
	partOfPart, strangePart := y.has("thing", ref("of", part)), y.has("thing", ref("of", strange))
	survivor := y.has("thing", nil)
	y.office(y.says(record.Update, mine, ref("same", survivor)))
	line := func(thing, other, far record.Key) fault.Code {
		values := record.Values{"thing": record.Ref(thing.ID), "other": record.Ref(other.ID), "far": record.Ref(far.ID)}
		return a.sends(a.knows(y.head(), y.says(record.Insert, y.key("line"), values))).Code
	}
	none := record.Key{}
	for i, x := range []struct {
		thing, other, far record.Key
		want              fault.Code
	}{
		{mine, none, none, ""}, {part, none, none, ""}, {survivor, none, none, ""}, {mine, part, strange, ""},
		{strange, none, none, fault.NotAllowed}, {strangePart, none, none, fault.NotAllowed}, {mine, strange, none, fault.NotAllowed},
		{strange, mine, none, fault.NotAllowed}, {mine, strangePart, none, fault.NotAllowed}, {none, none, none, fault.NotAllowed},
	} {
		if got := line(x.thing, x.other, x.far); got != x.want {
			t.Errorf("line %d: %q, want %q", i+1, got, x.want)
		}
	}
	lends := func(thing record.Key) (fault.Code, bool) {
		values := record.Values{"thing": record.Ref(thing.ID), "to": record.Ref(a.Person)}
		r := a.sends(a.knows(y.head(), y.says(record.Insert, y.key("loan"), values)))
		return r.Code, y.holdsOn(a.Person, thing)
	}
	for i, x := range []struct {
		thing record.Key
		want  bool
	}{{partOfPart, false}, {part, true}, {survivor, true}, {strange, false}, {strangePart, false}} {
		if code, held := lends(x.thing); held != x.want || (code == "") != x.want {
			t.Errorf("loan %d: %q, held: %v, want %v", i+1, code, held, x.want)
		}
	}
}

// A row names what its author has, what everybody reads, and what it names already: else the next who goes by it would open
// a stranger's to whoever named it.
func TestARowNamesNoStrangers(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	a := y.keeper()
	place := y.has("place", record.Values{"keeper": record.Ref(a.Person)})
	strange, none := y.has("thing", nil), y.key("thing")
	mine := y.has("thing", ref("place", place))
	spare := y.has("thing", ref("place", place))
	part := y.has("thing", ref("of", mine))
	noted, strangeNote := y.has("note", ref("thing", part)), y.has("note", ref("thing", strange))
	about := func(key record.Key) record.Values { return record.Values{"about": record.AnyRef(key)} }
	update := func(key record.Key, values record.Values) record.RowChange { return y.says(record.Update, key, values) }
	insert := func(table string, values record.Values) record.RowChange {
		return y.says(record.Insert, y.key(table), values)
	}
	sends := func(what string, want fault.Code, changes ...record.RowChange) {
		t.Helper()
		if r := a.sends(a.knows(y.head(), changes...)); r.Code != want {
			t.Errorf("%s: %q, want %q", what, r.Code, want)
		}
	}
	made := y.key("note")
	sends("a thing of his beside another", "", update(mine, ref("beside", spare)))
	sends("a part of his", "", update(mine, ref("beside", part)))
	sends("what he makes with it", "", insert("note", record.Values{"thing": record.Ref(mine.ID), "after": record.Ref(made.ID)}),
		y.says(record.Insert, made, ref("thing", mine)))
	sends("a stranger's", fault.NotAllowed, update(mine, ref("beside", strange)))
	sends("a new thing beside a stranger's", fault.NotAllowed, insert("thing", ref("beside", strange)))
	sends("about a stranger's", fault.NotAllowed, update(mine, about(strange)))
	sends("about a place, which everybody reads", "", update(mine, about(place)))
	sends("what nobody has made", fault.UnknownRow, update(mine, ref("beside", none)))
	sends("a note after one of what hangs on his", "", insert("note", record.Values{"thing": record.Ref(mine.ID), "after": record.Ref(noted.ID)}))
	sends("a note after one that is not here yet, and has nothing of its own to open", "",
		insert("note", record.Values{"thing": record.Ref(mine.ID), "after": record.Ref(y.key("note").ID)}))
	sends("a note after a stranger's", fault.NotAllowed,
		insert("note", record.Values{"thing": record.Ref(mine.ID), "after": record.Ref(strangeNote.ID)}))

	y.office(update(mine, ref("beside", strange)))
	sends("what the row names already", "", update(mine, ref("beside", strange)))
	sends("copied while the row is not written", fault.NotAllowed, update(spare, ref("beside", strange)))
	loan := y.key("loan")
	sends("a loan of his", "", y.says(record.Insert, loan, ref("thing", mine)))
	y.office(update(loan, ref("thing", strange)))
	sends("what a grant follows, though the row names it already", fault.NotAllowed, update(loan, ref("thing", strange)))
	sends("taking its place", "", update(spare, ref("beside", strange)), update(mine, record.Values{"beside": record.Null}))
}
