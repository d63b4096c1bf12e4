package judge_test

import (
	"bytes"
	"slices"
	"testing"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

func (w *world) page(want judge.Want) (p wire.Page, head uint64) {
	w.Helper()
	w.must(w.hub.Read(func(r judge.Reader) (err error) {
		p, head, err = judge.NextPage(r, simtest.Schema, want)
		return err
	}))
	return p, head
}

// brings returns the page that a technician who has everything up to a commit is sent.
func (t *tech) brings(class schema.Class, from uint64) wire.Page {
	t.Helper()
	p, _ := t.page(judge.Want{Person: t.Person, Class: class, From: from})
	return p
}

// row returns what a page says of a row: the names of the columns it brings, nil if there is nothing.
func columnsOf(p *wire.Page, key record.Key) (columns []string, batch *wire.Rows) {
	for i := range p.Rows {
		b := &p.Rows[i]
		if b.Table != key.Table || !slices.ContainsFunc(b.Rows, func(r wire.Row) bool { return r.ID == key.ID }) {
			continue
		}
		columns = []string{}
		table := simtest.Schema.TableByID(key.Table)
		for _, id := range b.Columns {
			columns = append(columns, table.Columns[table.ColumnByID(id)].Name)
		}
		return columns, b
	}
	return nil, nil
}

func rowsIn(p *wire.Page) (n int) {
	for _, b := range p.Rows {
		n += len(b.Rows)
	}
	return n
}

func (w *world) expectColumns(p wire.Page, key record.Key, whole bool, want ...string) {
	w.Helper()
	got, batch := columnsOf(&p, key)
	if batch == nil || batch.Whole != whole || !whole && !slices.Equal(got, want) {
		w.Errorf("the page brings %v of the row, want %v (whole: %v)", got, want, whole)
	}
}

func (w *world) expectNothingOf(p wire.Page, key record.Key) {
	w.Helper()
	if got, batch := columnsOf(&p, key); batch != nil {
		w.Errorf("the page brings %v of the row", got)
	}
}

func TestADeviceIsSentTheColumnsThatChanged(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	from := a.head()
	a.expectColumns(a.brings(schema.ClassWork, 0), job, true)
	a.update(job, text("title", "changed"))
	a.update(job, record.Values{"tags.urgent": record.Number(1), "due": record.Date(1)})
	a.expectColumns(a.brings(schema.ClassWork, from), job, false, "title", "tags", "due")
	a.expectColumns(a.brings(schema.ClassWork, from+1), job, false, "tags", "due")
}

// What is shown may be older than the news: a sibling that came changes nothing that is shown, and its column is sent.
func TestADeviceIsSentAColumnWhoseSetOfValuesChanged(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	c := a.change(record.Update, job, text("title", "by the technician"))
	c.Context = a.row(job).Vector
	a.update(job, record.Values{"price": record.Money(5, "EUR")})
	from := a.head()
	c.Cells[0].Value = record.Text("by the technician")
	a.sends(a.knows(from, c))
	a.expectColumns(a.brings(schema.ClassWork, from), job, false, "title")
}

func TestADeletedRowIsSentWhole(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	from := a.head()
	a.delete(job)
	page := a.brings(schema.ClassWork, from)
	a.expectColumns(page, job, true)
	if _, batch := columnsOf(&page, job); !batch.Rows[0].Deleted {
		t.Error("it is not deleted")
	}
}

func TestARowThatCameBackIsSentWhole(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	a.delete(job)
	from := a.head()
	back := a.update(job, text("title", "back"))
	a.expectColumns(a.brings(schema.ClassWork, from), job, true)
	a.update(job, text("title", "changed"))
	a.expectColumns(a.brings(schema.ClassWork, back), job, false, "title")
}

// A bucket enters that the device did not hold all the time; it leaves when it is held no more.
func TestABucketEntersStaysAndLeaves(t *testing.T) {
	t.Parallel()
	type story struct {
		*tech
		job, given record.Key
	}
	for name, c := range map[string]struct {
		tell         func(*story) (from uint64)
		enter, leave bool
	}{
		"held throughout": {func(s *story) uint64 { defer s.busy(1); return s.head() }, false, false},
		"given":           {func(s *story) uint64 { return s.row(s.given).Meta.Born - 1 }, true, false},
		"taken": {func(s *story) uint64 {
			from := s.head()
			s.ends(s.given)
			return from
		}, false, true},
		"taken and given back": {func(s *story) uint64 {
			from := s.head()
			s.ends(s.given)
			s.assign(s.job, s.Person)
			return from
		}, true, false},
		"given and taken": {func(s *story) uint64 {
			from := s.row(s.given).Meta.Born - 1
			s.ends(s.given)
			return from
		}, false, true},
		"handed from one assignment to another": {func(s *story) uint64 {
			from := s.head()
			s.assign(s.job, s.Person)
			s.ends(s.given)
			return from
		}, false, false},
		"taken long ago": {func(s *story) uint64 {
			s.ends(s.given)
			s.busy(1)
			return s.head() - 1
		}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, job := atWork(t)
			s := &story{a, job, record.Key{}}
			s.given = s.assignmentOf(job)
			p := a.brings(schema.ClassWork, c.tell(s))
			if enters := slices.Contains(p.Enter, jobBucket(job)); enters != c.enter {
				t.Errorf("enters: %v", enters)
			}
			if leaves := slices.Contains(p.Leave, jobBucket(job)); leaves != c.leave {
				t.Errorf("leaves: %v", leaves)
			}
			if _, batch := columnsOf(&p, job); (batch != nil && batch.Whole) != c.enter {
				t.Errorf("the job comes: %v", batch != nil)
			}
		})
	}
}

// assignmentOf returns the only assignment of the job.
func (w *world) assignmentOf(job record.Key) record.Key {
	w.Helper()
	var ids []record.ID
	w.tx(func(tx judge.Store) (err error) { ids, err = tx.Refs(table("assignment"), "job", job.ID); return err })
	return record.Key{Table: table("assignment").ID, ID: ids[0]}
}

func TestEverybodyIsSentTheSharedBucketAndHisOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.tech(), w.tech()
	mine := w.insert("setting", record.Values{"person": record.Ref(a.Person)})
	crew := w.insert("crew", nil)
	w.expectColumns(a.brings(schema.ClassWork, 0), mine, true)
	w.expectColumns(a.brings(schema.ClassWork, 0), crew, true)
	w.expectNothingOf(b.brings(schema.ClassWork, 0), mine)
	w.expectColumns(b.brings(schema.ClassWork, 0), crew, true)
}

func TestEachClassIsSentByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	crew, part := w.insert("crew", nil), w.insert("part", nil)
	van := w.insert("location", record.Values{"keeper": record.Ref(a.Person)})
	for class, keys := range [schema.Classes][]record.Key{{crew}, {van}, {part}} {
		p := a.brings(schema.Class(class), 0)
		for _, key := range []record.Key{crew, van, part} {
			if slices.Contains(keys, key) {
				w.expectColumns(p, key, true)
			} else {
				w.expectNothingOf(p, key)
			}
		}
	}
}

func TestARowInTwoBucketsComesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	part := w.insert("part", nil)
	one := w.insert("location", record.Values{"keeper": record.Ref(a.Person)})
	two := w.insert("location", record.Values{"keeper": record.Ref(a.Person)})
	from := w.head()
	w.insert("movement", record.Values{
		"part": record.Ref(part.ID), "amount": record.Quantity(1, ""), "from": record.Ref(one.ID), "to": record.Ref(two.ID),
	})
	if p := a.brings(schema.ClassStock, from); rowsIn(&p) != 1 {
		t.Errorf("%d rows", rowsIn(&p))
	}
}

func TestWhenThereIsNothingNewThePageIsEmpty(t *testing.T) {
	t.Parallel()
	a, _ := atWork(t)
	p, head := a.page(judge.Want{Person: a.Person, From: a.head()})
	if rowsIn(&p) > 0 || p.From != head || p.To != head || p.Last {
		t.Errorf("%+v at the head %d", p, head)
	}
	a.insert("part", nil) // of another class
	p, head = a.page(judge.Want{Person: a.Person, From: head})
	if rowsIn(&p) > 0 || p.To != head || !p.Last {
		t.Errorf("%+v at the head %d, want the cursor moved", p, head)
	}
}

// parts commits so many rows in one commit.
func (w *world) parts(n int) {
	w.Helper()
	var changes []record.RowChange
	for range n {
		changes = append(changes, w.change(record.Insert, w.fresh("part"), nil))
	}
	w.office(changes...)
}

// A page that would be too large ends earlier, between two commits; a commit larger than a page is not split.
func TestAPageEndsBetweenCommits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		commits []int
		want    []int // rows of the pages
	}{
		"all in one":                      {[]int{200, 300}, []int{500}},
		"one row too many":                {[]int{200, 300, 1}, []int{500, 1}},
		"a commit that does not fit":      {[]int{200, 301, 2}, []int{200, 303}},
		"a commit larger than a page":     {[]int{700, 3}, []int{700, 3}},
		"a small one, and one too large":  {[]int{1, 700}, []int{1, 700}},
		"one that fits beside its fellow": {[]int{499, 1, 499, 1}, []int{500, 500}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a := w.tech()
			want := judge.Want{Person: a.Person, Class: schema.ClassLibrary, From: w.head()}
			for _, n := range c.commits {
				w.parts(n)
			}
			for i, rows := range c.want {
				p, _ := w.page(want)
				if rowsIn(&p) != rows || p.Last == (p.Resume != nil) {
					t.Fatalf("page %d has %d rows, want %d (last: %v)", i, rowsIn(&p), rows, p.Last)
				}
				if want.Resume = p.Resume; p.Last {
					want.From = p.To
				}
			}
			if want.From != w.head() {
				t.Errorf("at %d of %d", want.From, w.head())
			}
		})
	}
}

// A row has one entry in the feed, at its latest commit. One that changed again after the end of a page is not on it, and
// the next page must bring both changes: it goes on from the same cursor.
func TestARowThatChangedAgainAfterThePageLosesNothing(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	from := a.head()
	upTo := a.update(job, text("title", "changed"))
	a.update(job, text("finding", "and again"))
	first, _ := a.page(judge.Want{Person: a.Person, From: from, UpTo: upTo})
	a.expectNothingOf(first, job)
	if first.Last || first.Resume != nil || first.From != from {
		t.Fatalf("the cursor moves past it: %+v", first)
	}
	second, _ := a.page(judge.Want{Person: a.Person, From: from, After: upTo, Since: from})
	a.expectColumns(second, job, false, "title", "finding")
	if !second.Last {
		t.Error("the page does not end")
	}
}

// One that came back within the page, and was written again after its end, is sent whole: the device does not have it.
func TestARowThatCameBackAndChangedAgainAfterThePageIsSentWhole(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	a.delete(job)
	from := a.head()
	upTo := a.update(job, text("title", "back"))
	a.update(job, text("title", "and again"))
	first, _ := a.page(judge.Want{Person: a.Person, From: from, UpTo: upTo})
	if a.expectNothingOf(first, job); first.Last {
		t.Fatalf("the cursor moves past it: %+v", first)
	}
	second, _ := a.page(judge.Want{Person: a.Person, From: from, After: upTo, Since: from})
	a.expectColumns(second, job, true)
}

// So it is where a page is full, over connections: and what leaves, leaves with the last part.
func TestWhatAFullPageLeavesOutComesWithTheNextPart(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	other := a.job("another")
	given := a.assign(other, a.Person)
	from := a.head()
	a.update(job, text("title", "changed"))
	a.ends(given)
	for range 2 {
		var changes []record.RowChange
		for range 300 {
			changes = append(changes, a.change(record.Insert, a.fresh("task"), ref("job", job)))
		}
		a.office(changes...)
	}
	a.update(job, text("finding", "and again"))
	first := a.brings(schema.ClassWork, from)
	a.expectNothingOf(first, job)
	if first.Last || first.Resume == nil || len(first.Leave) > 0 {
		t.Fatalf("last %v, leaving %v", first.Last, first.Leave)
	}
	second, _ := a.page(judge.Want{Person: a.Person, From: from, Resume: first.Resume})
	a.expectColumns(second, job, false, "title", "finding")
	if !second.Last || !slices.Contains(second.Leave, jobBucket(other)) {
		t.Errorf("last %v, leaving %v", second.Last, second.Leave)
	}
}

// A bucket larger than a part of a page comes in several, each of which says where the next begins.
func TestALargeBucketComesInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	w.parts(500)
	w.parts(625)
	want := judge.Want{Person: a.Person, Class: schema.ClassLibrary}
	seen := map[record.ID]bool{}
	for i, rows := range []int{125, 500, 500} {
		p, head := w.page(want)
		if rowsIn(&p) != rows || p.Last != (i == 2) || p.To != head || p.From != 0 {
			t.Fatalf("part %d: %d rows to %d, last: %v", i, rowsIn(&p), p.To, p.Last)
		}
		if p.Done != uint64(125+500*i) || p.Total != 1125 {
			t.Errorf("part %d: %d of %d done", i, p.Done, p.Total)
		}
		for _, r := range p.Rows[0].Rows {
			seen[r.ID] = true
		}
		want.Resume = p.Resume
	}
	if len(seen) != 1125 {
		t.Errorf("%d rows came, want 1125", len(seen))
	}
}

func TestAPageInPartsEndsWhereItBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	w.parts(600)
	first := a.brings(schema.ClassLibrary, 0)
	w.parts(10) // newer rows may come along; the cursor stays where the page began, and the next page brings them too
	second, head := w.page(judge.Want{Person: a.Person, Class: schema.ClassLibrary, Resume: first.Resume})
	if second.To != first.To || head == first.To || !second.Last {
		t.Errorf("ends at %d, began with %d", second.To, first.To)
	}
	if p := a.brings(schema.ClassLibrary, second.To); rowsIn(&p) != 10 {
		t.Errorf("the next page brings %d rows, want 10", rowsIn(&p))
	}
}

func TestABucketTakenAwayMeanwhileIsSentNoFurther(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	var changes []record.RowChange
	for range 1500 {
		changes = append(changes, a.change(record.Insert, a.fresh("task"), ref("job", job)))
	}
	a.office(changes...)
	first := a.brings(schema.ClassWork, 0)
	if first.Last {
		t.Fatal("one part was enough")
	}
	a.ends(a.assignmentOf(job))
	second, _ := a.page(judge.Want{Person: a.Person, Resume: first.Resume})
	if rowsIn(&second) != 0 || !second.Last {
		t.Errorf("%d rows of a job that is another's", rowsIn(&second))
	}
	if third := a.brings(schema.ClassWork, second.To); !slices.Contains(third.Leave, jobBucket(job)) {
		t.Error("what came is not taken back")
	}
}

// A bucket that was given and taken away again since the page's end does not enter: on the device its rows would be swept away,
// though some lie in another bucket of his, that stays.
func TestABucketThatIsTakenAwayAgainDoesNotEnter(t *testing.T) {
	t.Parallel()
	a, _ := atWork(t)
	other := a.job("another")
	from := a.head()
	given := a.assign(other, a.Person)
	upTo := a.head()
	a.ends(given)
	page, _ := a.page(judge.Want{Person: a.Person, From: from, UpTo: upTo})
	if len(page.Enter) > 0 || rowsIn(&page) > 0 {
		t.Errorf("entering are %v, with %d rows", page.Enter, rowsIn(&page))
	}
	if next := a.brings(schema.ClassWork, upTo); !next.Last || rowsIn(&next) > 1 { // his ended assignment at most
		t.Errorf("then come %d rows", rowsIn(&next))
	}
}

// What he was given before the page began, and lost since its end, leaves at once: nobody is sent what he may not read today.
func TestABucketThatWasLostAfterThePagesEndIsSentNoFurther(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	from := a.head()
	a.insert("task", record.Values{"job": record.Ref(job.ID)})
	upTo := a.head()
	a.ends(a.assignmentOf(job))
	page, _ := a.page(judge.Want{Person: a.Person, From: from, UpTo: upTo})
	if rowsIn(&page) > 0 || !slices.Contains(page.Leave, jobBucket(job)) {
		t.Errorf("%d rows of a job that is another's, leaving are %v", rowsIn(&page), page.Leave)
	}
	a.assign(job, a.Person)
	if next := a.brings(schema.ClassWork, upTo); !slices.Contains(next.Enter, jobBucket(job)) {
		t.Errorf("given again, entering are %v", next.Enter)
	}
}

// What was given and taken away again between two pages leaves: a verdict may have brought rows of it meanwhile, and no other page
// would take them off the device.
func TestABucketThatWasHeldBetweenTwoPagesLeaves(t *testing.T) {
	t.Parallel()
	a, _ := atWork(t)
	other := a.job("another")
	from := a.head()
	a.ends(a.assign(other, a.Person))
	if page := a.brings(schema.ClassWork, from); !slices.Contains(page.Leave, jobBucket(other)) {
		t.Errorf("leaving are %v", page.Leave)
	}
	if page := a.brings(schema.ClassWork, 0); len(page.Leave) > 0 {
		t.Errorf("of who has nothing, leaving are %v", page.Leave)
	}
}

// A position that makes no sense begins the page anew.
func TestAPositionThatDoesNotFitIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	w.parts(1500)
	resume := a.brings(schema.ClassLibrary, 0).Resume
	for name, want := range map[string]judge.Want{
		"cut short":         {Class: schema.ClassLibrary, Resume: resume[:len(resume)-1]},
		"with a tail":       {Class: schema.ClassLibrary, Resume: append(slices.Clone(resume), 0)},
		"nonsense":          {Class: schema.ClassLibrary, Resume: []byte("nonsense")},
		"of another class":  {Class: schema.ClassWork, Resume: resume},
		"of another cursor": {Class: schema.ClassLibrary, From: 1, Resume: resume},
	} {
		want.Person = a.Person
		resumed, _ := w.page(want)
		want.Resume = nil
		anew, _ := w.page(want)
		if rowsIn(&resumed) != rowsIn(&anew) || resumed.Done != anew.Done {
			t.Errorf("%s: %d rows and not %d", name, rowsIn(&resumed), rowsIn(&anew))
		}
	}
}

// A position is only a place: in another's hands it shows no more than he may see.
func TestThePositionOfAnotherShowsNothingOfHis(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	b := a.world.tech()
	var changes []record.RowChange
	for range 1500 {
		changes = append(changes, a.change(record.Insert, a.fresh("task"), ref("job", job)))
	}
	a.office(changes...)
	stolen := a.brings(schema.ClassWork, 0).Resume
	p, _ := a.page(judge.Want{Person: b.Person, Resume: stolen})
	for _, batch := range p.Rows {
		if batch.Table == table("task").ID {
			t.Errorf("%d tasks of another's job", len(batch.Rows))
		}
	}
}

// A position comes back from a device, whose owner may have written it: whatever it says, the hub answers with a page of
// what he may see.
func FuzzPosition(f *testing.F) {
	fixed := make([]byte, 35)
	f.Add([]byte{}, uint8(0), uint64(0))
	f.Add(append(slices.Clone(fixed), 0, 5, 3, 1, 1), uint8(0), uint64(0))
	f.Add(append([]byte{2, 255}, append(fixed[2:], 0, 9, 0, 0, 0)...), uint8(2), uint64(0))
	f.Add(append([]byte{2, 7}, append(bytes.Repeat([]byte{255}, 33), 0, 9, 3, 255, 255, 255, 1, 1)...), uint8(2), uint64(0))
	f.Fuzz(func(t *testing.T, resume []byte, class uint8, from uint64) {
		w := newWorld(t)
		job := w.insert("job", nil)
		w.office(w.change(record.Insert, w.fresh("task"), ref("job", job)))
		w.parts(3)
		p, head := w.page(judge.Want{Person: w.tech().Person, Class: schema.Class(class % schema.Classes), From: from, Resume: resume})
		if p.To > max(head, from) {
			t.Errorf("a page to commit %d, of %d", p.To, head)
		}
		for _, batch := range p.Rows {
			if batch.Table == table("task").ID || batch.Table == table("job").ID {
				t.Errorf("%d rows of a job that is not his", len(batch.Rows))
			}
		}
	})
}

// Of a device whose file was put back more may be forgotten after it was admitted than it has heard of: what it acknowledged before
// counts for it.
func TestWhatWasForgottenMeanwhileBeginsTheClassAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	job := w.job("stays")
	w.assign(job, a.Person)
	from := w.head()
	w.delete(w.job("goes"))
	gone := w.head()
	w.busy(3)
	w.tx(func(tx judge.Store) error { return tx.(judge.Collector).PutCollected(gone) })
	for name, c := range map[string]struct {
		want judge.Want
		anew bool
	}{
		"it has not heard of it":               {judge.Want{From: from}, true},
		"it goes on with a page":               {judge.Want{From: from, Resume: []byte("a position")}, true},
		"it has heard of it":                   {judge.Want{From: gone}, false},
		"it was told so on this connection":    {judge.Want{From: from, After: gone, Since: gone}, false},
		"some rows were left out before":       {judge.Want{From: from, After: gone, Since: from}, true},
		"it begins anew":                       {judge.Want{}, false},
		"it is another class, which time ends": {judge.Want{From: from, Class: schema.ClassLibrary}, false},
	} {
		c.want.Person = a.Person
		p, _ := w.page(c.want)
		if anew := p.From < c.want.From; anew != c.anew || anew && (!slices.Contains(p.Enter, jobBucket(job)) || !p.Last) {
			t.Errorf("%s: from %d to %d, enter %v, last: %v", name, p.From, p.To, p.Enter, p.Last)
		}
	}
}
