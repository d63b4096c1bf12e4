package device_test

import (
	"testing"

	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

func TestTheHubsRowLiesUnderWhatIsPending(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	p.takes(p.brings(p.office(2, record.Values{"title": record.Text("theirs"), "finding": record.Text("a leak")})))
	p.expectTitle("mine")
	if got := p.row(p.job).Get("finding").Text(); got != "a leak" {
		t.Errorf("the finding is %q", got)
	}
	if got := p.base(p.job).Row.Get("title").Text(); got != "theirs" {
		t.Errorf("beside it is kept %q", got)
	}
	p.expectState(item, device.Pending)
}

func TestAPageBringsColumns(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.takes(p.enters(p.office(1, record.Values{"title": record.Text("a pump"), "finding": record.Text("a leak")})))
	p.takes(p.brings(part(p.office(2, text("title", "changed")), "title")))
	p.expectTitle("changed")
	row := p.row(p.job)
	if row.Get("finding").Text() != "a leak" || row.Seq != p.seq || !row.Vector.Equal(saw(dot(desk, 2))) {
		t.Errorf("%+v", row)
	}
}

func TestAPartOfARowThatIsNotThereIsPassedOver(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.takes(p.enters(part(p.office(1, text("title", "changed")), "title")))
	p.expectGone(p.job)
}

// A row that came with a verdict may be newer than a page that was made before.
func TestAPageDoesNotTurnARowBack(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	old := p.brings(p.office(2, text("title", "old")))
	item := p.writes(text("finding", "a leak"))
	next := p.writes(text("finding", "two leaks"))
	p.seq += 5
	p.hears(item, wire.Merged, "", []wire.Rows{p.office(3, text("title", "new"))})
	p.takes(old)
	p.expectTitle("new")
	p.hears(next, wire.Merged, "", []wire.Rows{p.office(4, text("title", "newer"))})
	old.From, old.To = old.To, old.To+1
	p.takes(old)
	p.expectTitle("newer")
}

func TestWhatThisVersionDoesNotKnowIsPassedOver(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	rows := p.office(1, text("title", "a pump"))
	rows.Columns = append(rows.Columns, 63)
	rows.Rows[0].Values = append(rows.Rows[0].Values, record.Text("of tomorrow"))
	foreign := rows
	foreign.Table = 999
	p.takes(p.enters(rows, foreign))
	p.expectTitle("a pump")
}

func TestAPageThatDoesNotFollowIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*wire.Page){
		"it begins later":    func(p *wire.Page) { p.From++ },
		"it begins earlier":  func(p *wire.Page) { p.From-- },
		"it goes back":       func(p *wire.Page) { p.To = p.From - 1 },
		"a class of nothing": func(p *wire.Page) { p.Class = schema.Classes },
	} {
		p := onAJob(t)
		p.seq += 5
		p.takes(p.brings())
		page := p.brings(p.office(2, text("title", "changed")))
		change(page)
		if err := p.replica(func(r *device.Replica) error { return r.TakePage(page) }); err != device.ErrPage {
			t.Errorf("%s: %v", name, err)
		}
		p.expectTitle("a pump")
	}
}

func TestTheCursorMovesWithTheLastPart(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	page := p.enters(p.office(1, text("title", "a pump")))
	page.Last, page.Resume = false, []byte("here")
	p.takes(page)
	id := p.identity()
	if id.Cursors[0] != 0 || string(id.Resume) != "here" || id.Partial != [3]uint64{0, 0, page.To} {
		t.Errorf("%+v", id)
	}
	p.expectTitle("a pump") // and what came is there
	page.Last, page.Resume, page.Enter, page.Rows = true, nil, nil, nil
	p.takes(page)
	if id := p.identity(); id.Cursors[0] != page.To || id.Resume != nil || id.Partial != [3]uint64{} {
		t.Errorf("%+v", id)
	}
}

func TestABucketThatLeavesTakesItsRowsAlong(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.takes(p.leaves(p.bucket()))
	p.expectGone(p.job)
	p.tx(func(tx device.Store) error {
		held, err := device.Held(tx)
		if len(held) > 0 {
			t.Errorf("holds %v", held)
		}
		return err
	})
}

// What is pending on a row that leaves is kept, and hidden, until its verdict.
func TestARowThatLeavesWithSomethingPendingIsHidden(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	p.takes(p.leaves(p.bucket()))
	p.expectGone(p.job)
	p.expectState(item, device.Pending)
	if base := p.base(p.job); base == nil || !base.Hidden {
		t.Fatalf("beside it is kept %+v", base)
	}
	p.hears(item, wire.Merged, "", nil, p.job)
	p.expectGone(p.job)
	p.expectState(item, device.Accepted)
	if base := p.base(p.job); base != nil {
		t.Errorf("beside it is still kept %+v", base)
	}
}

func TestARowThatComesBackIsShownWithWhatIsPending(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.writes(text("title", "mine"))
	p.takes(p.leaves(p.bucket()))
	p.takes(p.enters(p.office(2, text("title", "theirs"))))
	p.expectTitle("mine")
}

func TestARowInABucketThatStaysStays(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	van, other := p.key("location"), p.key("location")
	vanBucket := func(k record.Key) record.Bucket { b := p.bucket(); b.Kind, b.ID = b.Kind+3, k.ID; return b }
	moved := p.key("movement")
	values := record.Values{"from": record.Ref(van.ID), "to": record.Ref(other.ID)}
	page := p.brings(p.hubRow(moved, saw(dot(desk, 1)), values))
	page.Class, page.Enter = schema.ClassStock, []record.Bucket{vanBucket(van), vanBucket(other)}
	p.takes(page)
	leaves := func(b record.Bucket) {
		p.seq++
		page := p.brings()
		page.Class, page.From, page.Leave = schema.ClassStock, p.identity().Cursors[1], []record.Bucket{b}
		p.takes(page)
	}
	leaves(vanBucket(van))
	if p.row(moved) == nil {
		t.Error("it left with the first of two")
	}
	leaves(vanBucket(other))
	p.expectGone(moved)
}

// One that enters may be lost before all of it has come: what lies in a bucket that stays, too, does not go with it.
func TestWhatLiesInABucketThatStaysOutlivesOneThatEnters(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	van, other := p.key("location"), p.key("location")
	vanBucket := func(k record.Key) record.Bucket { b := p.bucket(); b.Kind, b.ID = b.Kind+3, k.ID; return b }
	both := p.key("movement")
	page := p.brings(p.hubRow(both, saw(dot(desk, 1)), record.Values{"from": record.Ref(van.ID), "to": record.Ref(other.ID)}))
	page.Class, page.Enter = schema.ClassStock, []record.Bucket{vanBucket(van)}
	p.takes(page)
	p.seq++
	page = p.brings()
	page.Class, page.From, page.Enter = schema.ClassStock, p.identity().Cursors[1], []record.Bucket{vanBucket(other)}
	page.Last = false
	p.takes(page)
	page.Last, page.Enter = true, nil
	p.takes(page)
	if p.row(both) == nil {
		t.Error("a row of the van that stays is gone, for the van that entered did not bring it")
	}
}

// A bucket that enters is replaced: what was there and did not come is let go of, when the last part has come.
func TestWhatDoesNotComeWithItsBucketGoes(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	task := p.key("task")
	p.takes(p.brings(p.hubRow(task, saw(dot(desk, 1)), record.Values{"job": record.Ref(p.job.ID)})))
	own, item := p.inserts("task", record.Values{"job": record.Ref(p.job.ID)})
	page := p.enters(p.office(2, text("title", "again")))
	page.Last = false
	p.takes(page)
	if p.row(task) == nil {
		t.Error("it went before the last part came")
	}
	page.Last, page.Enter, page.Rows = true, nil, nil
	p.takes(page)
	p.expectGone(task)
	p.expectTitle("again")
	if p.row(own) == nil {
		t.Error("what was made here and waits is gone")
	}
	p.expectState(item, device.Pending)
}

// A bucket enters by a page that was begun before a verdict, and read after it: what the device has of a later commit is of
// the bucket's content, whether something more is pending on it or not.
func TestWhatIsNewerThanItsBucketStays(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.seq++
	page := p.enters()
	in := record.Values{"job": record.Ref(p.job.ID)}
	var news []wire.Rows
	for n := range 2 {
		task, made := p.inserts("task", in)
		p.hears(made, wire.Applied, "", nil)
		if row := p.row(task); n > 0 {
			p.does(func(tx *device.Tx) error {
				return tx.Update(row.Table, row.ID, record.Values{"text": record.Text("more")})
			})
		}
		news = append(news, p.hubRow(task, saw(made.Change.Dot), in))
	}
	page.Rows = append(news, p.office(9, text("title", "a pump")))
	p.takes(page)
	for _, rows := range news {
		if p.row(record.Key{Table: rows.Table, ID: rows.Rows[0].ID}) == nil {
			t.Error("what was made here, and judged, is gone")
		}
	}
}

// What is erased is cleared where it lies, which does not keep it where its bucket came without it.
func TestWhatIsErasedAndDoesNotComeWithItsBucketGoes(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	client := p.key("customer")
	in := p.brings(p.hubRow(client, saw(dot(desk, 1)), record.Values{"name": record.Text("Acme"), "phone": record.Text("1")}))
	in.Enter = []record.Bucket{{Kind: simtest.CustomerBucket, ID: client.ID}}
	p.takes(in)
	if p.row(client) == nil {
		t.Fatal("it never came")
	}
	p.seq++
	out := p.brings()
	out.Enter, out.Erased = in.Enter, []record.Key{client}
	p.takes(out)
	p.expectGone(client)
}

// A page from the beginning names all that the device may hold.
func TestWhatAFirstPageDoesNotNameLeaves(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.seq++
	p.takes(&wire.Page{To: p.seq, Last: true, Enter: []record.Bucket{record.Shared}})
	p.expectGone(p.job)
}

func TestABucketThatEntersLaterLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.seq++
	page := p.brings()
	page.Enter = []record.Bucket{record.Shared}
	p.takes(page)
	p.expectTitle("a pump")
}

func TestADeletedRowIsKeptAndNotShownAsAlive(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	rows := p.office(2, text("title", "a pump"))
	rows.Rows[0].Deleted = true
	p.takes(p.brings(rows))
	if row := p.row(p.job); row == nil || !row.Deleted {
		t.Errorf("%+v", row)
	}
}

// A row that came with a verdict goes where its bucket was taken away before it came, and the class begins anew: what is pending on a
// row, or came after the page, keeps it.
func TestARowWhoseBucketNeverCameGoesWhenTheClassBeginsAnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page  func(*phone) wire.Page
		also  func(*phone)
		stays bool
	}{
		"it is another's by now": {func(p *phone) wire.Page { return wire.Page{To: p.seq, Last: true} }, nil, false},
		"it came after the page": {func(p *phone) wire.Page { return wire.Page{To: p.seq - 2, Last: true} }, nil, true},
		"it is of another class": {func(p *phone) wire.Page {
			return wire.Page{Class: schema.ClassStock, To: p.seq, Last: true}
		}, nil, true},
		"something is unsent on it": {func(p *phone) wire.Page {
			return wire.Page{To: p.seq, Last: true}
		}, func(p *phone) { p.writes(text("title", "more")) }, true},
		"a backup includes what was written": {func(p *phone) wire.Page { return wire.Page{To: p.seq, Last: true} }, func(p *phone) {
			id := p.identity()
			p.welcome(wire.Welcome{BackedUp: p.seq, Known: id.Counter, Chain: id.Chain})
		}, false},
	} {
		p := onAJob(t)
		item := p.writes(text("title", "mine"))
		p.takes(p.leaves(p.bucket()))
		p.hears(item, wire.Merged, "", []wire.Rows{p.hubRow(p.job, saw(dot(desk, 1), item.Change.Dot), text("title", "mine"))})
		if c.also != nil {
			c.also(p)
		}
		page := c.page(p)
		page.Enter = []record.Bucket{record.Shared, record.PersonBucket(p.person)}
		p.takes(&page)
		if stays := p.row(p.job) != nil; stays != c.stays {
			t.Errorf("%s: it is there: %v", name, stays)
		}
	}
}
