package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fieldsync/client"
	"fieldsync/client/link"
	"fieldsync/client/replica"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
)

func TestMain(m *testing.M) { simtest.Main(m) }

// noon is when these stories happen.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.FixedZone("CST", 8*60*60))

// enrolling answers every enrolment with the person; it is no hub, and nothing can be synced with it.
func enrolling(t testing.TB, person record.ID) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/enrol" {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]record.ID{"device": record.NewID(1, [10]byte{9}), "person": person})
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

var li = record.NewID(1, [10]byte{1})

func open(t testing.TB, path string) *client.Client {
	t.Helper()
	c, err := client.Open(t.Context(), client.Options{Path: path, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// emptyPhone copies a replica that has never met a hub.
var emptyPhone = simtest.Template(func(path string) error {
	c, err := client.Open(context.Background(), client.Options{Path: path})
	if err != nil {
		return err
	}
	return c.Close()
})

// phone returns Li's client, which has never met a hub.
func phone(t testing.TB) *client.Client {
	t.Helper()
	c := open(t, emptyPhone(t, filepath.Join(t.TempDir(), "field.db")))
	if err := c.Enrol(t.Context(), enrolling(t, li), "any", "Li's phone"); err != nil {
		t.Fatal(err)
	}
	return c
}

func update(t testing.TB, c *client.Client, cause string, do func(client.Tx) error) {
	t.Helper()
	if err := c.Update(t.Context(), cause, do); err != nil {
		t.Fatalf("%s: %v", cause, err)
	}
}

// found makes a job that Li found, and returns its id.
func found(t testing.TB, c *client.Client, in aftersales.JobInput) record.ID {
	t.Helper()
	update(t, c, aftersales.CauseSetUp, func(tx client.Tx) error {
		row, err := tx.Row("person", li)
		if row != nil || err != nil {
			return err
		}
		_, err = aftersales.CreatePerson(tx, aftersales.PersonInput{ID: li, Name: "Li"})
		return err
	})
	id, err := c.Jobs().Create(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func status(t testing.TB, c *client.Client) client.Status {
	t.Helper()
	s, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantCode(t testing.TB, err error, code fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Fatalf("the error is %v, want the code %s", err, code)
	}
}

func TestADeviceThatIsNotEnrolledSaysSo(t *testing.T) {
	t.Parallel()
	c, ctx := open(t, filepath.Join(t.TempDir(), "field.db")), t.Context()
	if s := status(t, c); s.Enrolled || !s.Person.IsZero() || s.Pending != 0 || s.Ready || s.Online {
		t.Fatalf("the status of a new device is %+v", s)
	}
	_, listed := c.Jobs().List(ctx, client.JobFilter{})
	_, named := c.Parts().Find(ctx, "4711")
	_, noted := c.Jobs().Note(ctx, li, "hello")
	for _, err := range []error{listed, named, noted, c.SyncOnce(ctx), c.Connect()} {
		if !errors.Is(err, device.ErrNotEnrolled) {
			t.Errorf("got %v, want %v", err, device.ErrNotEnrolled)
		}
	}
}

func TestAnAddressThatIsNoHubEnrolsNobody(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"empty JSON": "{}", "a web page": "<html>"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, answer) }))
			defer srv.Close()
			c := open(t, filepath.Join(t.TempDir(), "field.db"))
			wantCode(t, c.Enrol(t.Context(), srv.URL, "code", "phone"), fault.Version)
			if status(t, c).Enrolled {
				t.Fatal("the device believes that it is enrolled")
			}
		})
	}
}

// An enrolment code is for the address that was given: whoever answers there cannot have it sent elsewhere.
func TestAnEnrolmentFollowsNobodyElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the code was sent on") }))
	defer elsewhere.Close()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		srv := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		c := open(t, filepath.Join(t.TempDir(), "field.db"))
		wantCode(t, c.Enrol(t.Context(), srv.URL, "code", "phone"), fault.Version)
		srv.Close()
	}
}

func TestAReplicaStaysItsPersons(t *testing.T) {
	t.Parallel()
	c := phone(t)
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	wantCode(t, c.Enrol(t.Context(), enrolling(t, record.NewID(1, [10]byte{2})), "code", "phone"), fault.NotAllowed)
	if err := c.Enrol(t.Context(), enrolling(t, li), "code", "phone"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Jobs().Get(t.Context(), job); err != nil {
		t.Fatalf("the work is gone after enrolling again: %v", err)
	}
}

func TestADamagedAccountStopsNoWork(t *testing.T) {
	t.Parallel()
	c := phone(t)
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	path := c.Path
	if err := errors.Join(c.Close(), os.WriteFile(path+".account", []byte(`{"server":`), 0o600)); err != nil {
		t.Fatal(err)
	}
	c = open(t, path)
	if _, err := c.Jobs().Note(t.Context(), job, "goes on"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, c.SyncOnce(t.Context()), client.ErrAccount.Code)
	if err := c.Enrol(t.Context(), enrolling(t, li), "code", "phone"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, c.SyncOnce(t.Context()), fault.Version) // it is no hub, but it was asked
}

func TestStatusCountsWhatWaits(t *testing.T) {
	t.Parallel()
	c := phone(t)
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	for range 3 {
		if _, err := c.Jobs().Note(t.Context(), job, "still leaks"); err != nil {
			t.Fatal(err)
		}
	}
	s := status(t, c)
	if !s.Enrolled || s.Person != li || s.Pending != 5 || s.Refused != 0 || !s.Oldest.Equal(noon) {
		t.Fatalf("after five changes the status is %+v", s)
	}
	waiting, err := c.Outbox(t.Context(), device.Pending)
	if err != nil || len(waiting) != 5 || waiting[4].Cause != aftersales.CauseJobNote {
		t.Fatalf("the outbox is %+v, %v", waiting, err)
	}
	wantCode(t, c.SendAgain(t.Context(), waiting[4].Dot), fault.Closed)
}

// After a clock was put back by a year, what waits was not written in a year.
func TestWhatWaitsWasWrittenBeforeNow(t *testing.T) {
	t.Parallel()
	now := noon.AddDate(1, 0, 0)
	c, err := client.Open(t.Context(), client.Options{Path: filepath.Join(t.TempDir(), "field.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Enrol(t.Context(), enrolling(t, li), "any", "phone"); err != nil {
		t.Fatal(err)
	}
	found(t, c, aftersales.JobInput{Title: "pump leaks"})
	now = noon
	if s := status(t, c); !s.Oldest.Equal(noon) {
		t.Errorf("the oldest change that waits is of %v, and it is %v", s.Oldest, noon)
	}
}

// A long outbox is looked into at either end, and at what concerns some rows, without reading all of it.
func TestAPartOfTheOutbox(t *testing.T) {
	t.Parallel()
	c := phone(t)
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	update(t, c, "job.edit", func(tx client.Tx) error {
		return tx.Update("job", job, record.Values{"note": record.Text("by the gate")})
	})
	all, err := c.Outbox(t.Context(), device.Pending)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d changes wait, %v", len(all), err)
	}
	row := record.Key{Table: aftersales.Schema.Table("job").ID, ID: job}
	for name, part := range map[string]struct {
		got  func() ([]client.Sent, error)
		want []client.Sent
	}{
		"the first two": {func() ([]client.Sent, error) { return c.OutboxFirst(t.Context(), device.Pending, 0, 2) }, all[:2]},
		"the next ones": {func() ([]client.Sent, error) { return c.OutboxFirst(t.Context(), device.Pending, all[1].Place, 2) }, all[2:min(4, len(all))]},
		"the last two":  {func() ([]client.Sent, error) { return c.OutboxLast(t.Context(), device.Pending, 2) }, []client.Sent{all[2], all[1]}},
		"none":          {func() ([]client.Sent, error) { return c.OutboxLast(t.Context(), device.Accepted, 2) }, nil},
		"of the job": {func() ([]client.Sent, error) { return c.OutboxOn(t.Context(), []record.Key{row}) },
			slices.DeleteFunc(slices.Clone(all), func(s client.Sent) bool {
				return !slices.ContainsFunc(s.Rows, func(c record.RowChange) bool { return c.Key() == row })
			})},
	} {
		got, err := part.got()
		if err != nil || !reflect.DeepEqual(got, part.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, part.want)
		}
	}
}

func TestWithoutANetworkNothingIsLost(t *testing.T) {
	t.Parallel()
	c := phone(t)
	if err := c.Move("http://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	found(t, c, aftersales.JobInput{Title: "pump leaks"})
	wantCode(t, c.SyncOnce(t.Context()), link.NoNetwork)
	if s := status(t, c); s.Pending != 2 || s.Online {
		t.Fatalf("after a vain attempt the status is %+v", s)
	}
}

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	t.Parallel()
	c := phone(t)
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	before := status(t, c).Pending
	changes, stop := c.Watch()
	defer stop()
	sorry := errors.New("changed my mind")
	err := c.Update(t.Context(), aftersales.CauseJobNote, func(tx client.Tx) error {
		if _, err := aftersales.AddNote(tx, job, "half done"); err != nil {
			return err
		}
		return sorry
	})
	if !errors.Is(err, sorry) {
		t.Fatalf("the error comes back as %v", err)
	}
	wantCode(t, c.Jobs().Pause(t.Context(), aftersales.VisitInput{Job: job}), aftersales.WrongState)
	view, err := c.Jobs().Get(t.Context(), job)
	if err != nil || len(view.Comments) != 0 || status(t, c).Pending != before {
		t.Fatalf("something stayed: %+v, %v", view, err)
	}
	select {
	case change := <-changes:
		t.Fatalf("the watcher heard %+v of what was not committed", change)
	case <-time.After(20 * time.Millisecond):
	}
}

func TestAViewCannotWrite(t *testing.T) {
	t.Parallel()
	c := phone(t)
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	before := status(t, c).Pending
	err := c.View(t.Context(), func(tx client.Tx) error {
		_, err := aftersales.AddNote(tx, job, "written while looking")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	view, err := c.Jobs().Get(t.Context(), job)
	if err != nil || len(view.Comments) != 0 || status(t, c).Pending != before {
		t.Fatalf("a view wrote: %+v, %v", view, err)
	}
	rows, err := c.Query(t.Context(), "DELETE FROM job RETURNING id")
	if err == nil {
		for rows.Next() {
			t.Error("a query deleted a job")
		}
		err = rows.Err()
		_ = rows.Close()
	}
	if err == nil {
		t.Error("a query may write")
	}
}

func TestOneReplicaHasOneWriterAndReadersBesideIt(t *testing.T) {
	t.Parallel()
	c := phone(t)
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	_, err := client.Open(t.Context(), client.Options{Path: c.Path})
	wantCode(t, err, replica.InUse)
	beside, err := client.Open(t.Context(), client.Options{Path: c.Path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = beside.Close() }()
	if view, err := beside.Jobs().Get(t.Context(), job); err != nil || view.Job.Title != "pump leaks" {
		t.Fatalf("the reader sees %+v, %v", view, err)
	}
	_, err = beside.Jobs().Note(t.Context(), job, "no")
	wantCode(t, err, replica.ReadOnly)
}

func TestTwoClientsInOneProcessAreIndependent(t *testing.T) {
	t.Parallel()
	a, b := phone(t), phone(t)
	changes, stop := b.Watch()
	defer stop()
	found(t, a, aftersales.JobInput{Title: "only on a"})
	jobs, err := b.Jobs().List(t.Context(), client.JobFilter{Which: client.JobsAll})
	if err != nil || len(jobs) != 0 || status(t, b).Pending != 0 {
		t.Fatalf("b has %v, %v", jobs, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	job := found(t, b, aftersales.JobInput{Title: "only on b"})
	for change := range changes {
		if slices.ContainsFunc(change.Rows, func(k record.Key) bool { return k.ID == job }) {
			return
		}
	}
}

func TestAfterCloseNothingRuns(t *testing.T) {
	running := goleak.IgnoreCurrent()
	url := enrolling(t, li)
	c := open(t, filepath.Join(t.TempDir(), "field.db"))
	if err := c.Enrol(t.Context(), url, "any", "phone"); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	changes, stop := c.Watch()
	if err := errors.Join(c.Connect(), c.Connect()); err != nil {
		t.Fatal(err)
	}
	c.NetworkChanged()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range changes {
		t.Error("a watcher hears something after Close")
	}
	stop()
	_, err := c.Jobs().Note(context.Background(), li, "late")
	wantCode(t, err, replica.Storage)
	wantCode(t, c.View(context.Background(), func(client.Tx) error { return nil }), replica.Storage)
	_, err = c.Query(context.Background(), "SELECT 1") //nolint:rowserrcheck,sqlclosecheck // there are none
	wantCode(t, err, replica.Storage)
	if late, _ := c.Watch(); !closed(late) {
		t.Error("a watcher of a closed client waits for ever")
	}
	if err := errors.Join(c.Connect(), c.Close()); err != nil {
		t.Error(err)
	}
	err = simtest.Leaks(running, goleak.IgnoreAnyFunction("net/http/httptest.(*Server).goServe.func1"),
		goleak.IgnoreAnyFunction("net/http.(*conn).serve"))
	if err != nil {
		t.Error(err)
	}
}

func closed(changes <-chan client.Change) bool {
	select {
	case _, open := <-changes:
		return !open
	case <-time.After(time.Minute):
		return false
	}
}

func TestAListFindsWhatPeopleCallThings(t *testing.T) {
	t.Parallel()
	c, ctx := phone(t), t.Context()
	var unit, party record.ID
	update(t, c, "test", func(tx client.Tx) (err error) {
		if party, err = aftersales.CreateParty(tx, aftersales.PartyInput{Name: "大華物業管理"}); err != nil {
			return err
		}
		unit, err = aftersales.CreateUnit(tx, aftersales.UnitInput{Name: "Elevator 3", Serial: "KX-90_1%7", Party: party})
		return err
	})
	lift := found(t, c, aftersales.JobInput{Title: "電梯異音，停在三樓", Priority: 1, Unit: unit, Party: party})
	pump := found(t, c, aftersales.JobInput{Title: "Pump leaks", Description: "water in the cellar"})
	for text, want := range map[string][]record.ID{
		"": {lift, pump}, "異音": {lift}, "三樓": {lift}, "物業": {lift}, "90_1%": {lift}, "kx-90": {lift}, "1%7": {lift},
		"_": {lift}, "%": {lift}, "PUMP": {pump}, "cellar pump": {pump}, "pump 異音": nil, "异音": nil, `\`: nil, `"`: nil, "'": nil,
		strings.Repeat("pump ", 5000): {pump},
	} {
		jobs, err := c.Jobs().List(ctx, client.JobFilter{Text: text})
		var got []record.ID
		for _, j := range jobs {
			got = append(got, j.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%.20q finds %v, want %v, %v", text, got, want, err)
		}
	}
	units, err := c.Assets().BySerial(ctx, " kx-90_1%7 ")
	if err != nil || len(units) != 1 || units[0].ID != unit {
		t.Errorf("the serial number finds %v, %v", units, err)
	}
	if list, err := c.Assets().Search(ctx, "0_1 elev"); err != nil || len(list) != 1 {
		t.Errorf("the search finds %v, %v", list, err)
	}
}

func TestJobsComeInTheOrderInWhichTheyAreDone(t *testing.T) {
	t.Parallel()
	c, ctx := phone(t), t.Context()
	at := func(d time.Duration) int64 { return noon.Add(d).UnixMilli() }
	plan := func(title string, start int64, priority int64) record.ID {
		in := aftersales.JobInput{Title: title, PlanStart: start, Priority: priority}
		if start != 0 {
			in.PlanEnd = start + 1
		}
		return found(t, c, in)
	}
	plan("some day", 0, 0)
	plan("some day, urgent", 0, 1)
	plan("tomorrow", at(24*time.Hour), 1)
	plan("tonight", at(11*time.Hour), 0)
	plan("yesterday", at(-24*time.Hour), 0)
	busy := plan("under way", at(48*time.Hour), 0)
	over := plan("over", at(time.Hour), 0)
	visit := func(id record.ID) aftersales.VisitInput { return aftersales.VisitInput{Job: id} }
	complete := aftersales.CompleteInput{Summary: "done"}
	complete.Job = over
	if err := errors.Join(c.Jobs().Travel(ctx, visit(busy)), c.Jobs().Arrive(ctx, visit(over)), c.Jobs().Complete(ctx, complete)); err != nil {
		t.Fatal(err)
	}
	for _, story := range []struct {
		which client.Which
		want  []string
	}{
		{client.JobsOpen, []string{"under way", "yesterday", "tonight", "tomorrow", "some day, urgent", "some day"}},
		{client.JobsToday, []string{"under way", "yesterday", "tonight"}},
		{client.JobsAll, []string{"under way", "yesterday", "tonight", "tomorrow", "some day, urgent", "some day", "over"}},
	} {
		var got []string
		for job, err := range c.Jobs().Each(ctx, client.JobFilter{Which: story.which}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, job.Title)
		}
		if !slices.Equal(got, story.want) {
			t.Errorf("%d shows %q, want %q", story.which, got, story.want)
		}
	}
}

func TestALongListIsWholeAndItsReaderMayWrite(t *testing.T) {
	t.Parallel()
	c, ctx := phone(t), t.Context()
	const many = 300 // more than a page
	update(t, c, "test", func(tx client.Tx) error {
		for i := range many {
			if _, err := aftersales.CreatePart(tx, aftersales.PartInput{Code: fmt.Sprintf("P%04d", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	n := 0
	for part, err := range c.Parts().Each(ctx, "") {
		if err != nil || part.Code != fmt.Sprintf("P%04d", n) {
			t.Fatalf("part %d is %q, %v", n, part.Code, err)
		}
		if n++; n%100 == 0 {
			update(t, c, "test", func(tx client.Tx) error {
				_, err := aftersales.CreatePart(tx, aftersales.PartInput{Code: fmt.Sprintf("Q%d", n)})
				return err
			})
		}
	}
	if n != many {
		t.Fatalf("%d of %d parts came", n, many)
	}
}

func TestANameThatStandsForSeveralListsThem(t *testing.T) {
	t.Parallel()
	c, ctx := phone(t), t.Context()
	var a, b record.ID
	update(t, c, "test", func(tx client.Tx) (err error) {
		if a, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "4711", Barcode: "690001"}); err != nil {
			return err
		}
		b, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "4711-B", Barcode: "690002"})
		return err
	})
	for said, want := range map[string]record.ID{"4711": a, "4711-b": b, "690002": b, "4711-": b, a.String(): a} {
		if got, err := c.Parts().Find(ctx, said); err != nil || got != want {
			t.Errorf("%q is %v, want %v, %v", said, got, want, err)
		}
	}
	_, err := c.Parts().Find(ctx, "47")
	wantCode(t, err, client.Ambiguous)
	if !strings.Contains(err.Error(), "4711, 4711-B") {
		t.Errorf("the candidates are not listed: %v", err)
	}
	for _, said := range []string{"", "x", "%", "11"} {
		_, err := c.Parts().Find(ctx, said)
		wantCode(t, err, fault.UnknownRow)
	}
	update(t, c, "test", func(tx client.Tx) error {
		return aftersales.Merge(tx, aftersales.MergeInput{Table: "part", Loser: b, Winner: a})
	})
	if got, err := c.Parts().Find(ctx, "47"); err != nil || got != a {
		t.Errorf("after joining both, 47 is %v, %v", got, err)
	}
}

func TestPartsOfTheVanAreCounted(t *testing.T) {
	t.Parallel()
	c, ctx := phone(t), t.Context()
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	_, err := c.Parts().Stock(ctx)
	wantCode(t, err, aftersales.NoVan)
	var van, part record.ID
	update(t, c, aftersales.CauseSetUp, func(tx client.Tx) (err error) {
		if err := aftersales.SetUp(tx); err != nil {
			return err
		}
		if part, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "4711", Unit: "m"}); err != nil {
			return err
		}
		van, err = aftersales.CreateLocation(tx, aftersales.LocationInput{Name: "Li's van", Holder: li})
		return err
	})
	used, err := c.Parts().Use(ctx, aftersales.MoveInput{Job: job, Part: part, Quantity: aftersales.Quantity{Amount: 2500}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Parts().Correct(ctx, aftersales.CorrectInput{Movement: used, Amount: 1500}); err != nil {
		t.Fatal(err)
	}
	if d, err := c.Parts().Count(ctx, aftersales.CountInput{Location: van, Part: part, Counted: 4000}); err != nil || d != 5500 {
		t.Fatalf("counting finds %d more, %v", d, err)
	}
	stock, err := c.Parts().Stock(ctx)
	if err != nil || len(stock) != 1 || stock[0].Quantity.String() != "4 m" {
		t.Fatalf("in the van lie %v, %v", stock, err)
	}
	if ledger, err := c.Parts().Ledger(ctx); err != nil || len(ledger) != 3 {
		t.Fatalf("the ledger has %v, %v", ledger, err)
	}
}

func TestClocksRunUntilTheyAreStopped(t *testing.T) {
	t.Parallel()
	now := noon
	c, err := client.Open(t.Context(), client.Options{
		Path: filepath.Join(t.TempDir(), "field.db"), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Enrol(t.Context(), enrolling(t, li), "any", "phone"); err != nil {
		t.Fatal(err)
	}
	ctx, job := t.Context(), found(t, c, aftersales.JobInput{Title: "pump leaks"})
	if _, err := c.Time().Start(ctx, job, aftersales.TimeWork); err != nil {
		t.Fatal(err)
	}
	if running, err := c.Time().Running(ctx, job); err != nil || running == nil || running.Kind != aftersales.TimeWork {
		t.Fatalf("what runs is %v, %v", running, err)
	}
	now = now.Add(90 * time.Minute)
	if _, err := c.Time().Stop(ctx, job); err != nil {
		t.Fatal(err)
	}
	_, err = c.Time().Stop(ctx, job)
	wantCode(t, err, aftersales.ClockStopped)
	now = now.Add(time.Hour)
	spent, err := c.Time().Spent(ctx, job)
	if err != nil || spent[aftersales.TimeWork].Round(time.Minute) != 90*time.Minute {
		t.Fatalf("the time is %v, %v", spent, err)
	}
	if marks, err := c.Time().Marks(ctx, job); err != nil || len(marks) != 2 {
		t.Fatalf("the marks are %v, %v", marks, err)
	}
}

func TestCommentsAreCorrectedByLaterOnes(t *testing.T) {
	t.Parallel()
	c, ctx := phone(t), t.Context()
	about := aftersales.Row{Table: "job", ID: found(t, c, aftersales.JobInput{Title: "pump leaks"})}
	first, err := c.Comments().Add(ctx, aftersales.CommentInput{About: about, Text: "rings at 9"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Comments().Add(ctx, aftersales.CommentInput{About: about, Text: "rings at 10", Replaces: first}); err != nil {
		t.Fatal(err)
	}
	said, err := c.Comments().About(ctx, about)
	if err != nil || len(said) != 1 || said[0].Text != "rings at 10" {
		t.Fatalf("the comments are %v, %v", said, err)
	}
}

// A lease runs from the enrolment, and from each meeting with the hub.
func TestALeaseEndsWithoutTheHub(t *testing.T) {
	t.Parallel()
	now := noon
	o := client.Options{
		Path: filepath.Join(t.TempDir(), "field.db"), Lease: 14 * 24 * time.Hour, Now: func() time.Time { return now },
	}
	c, err := client.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if c.LeaseOver() {
		t.Error("over before anybody enrolled")
	}
	if err := c.Enrol(t.Context(), enrolling(t, li), "ACDE-FGHJ-KMNP", "phone"); err != nil {
		t.Fatal(err)
	}
	for days, over := range map[int]bool{0: false, 13: false, 15: true, -3: false} {
		now = noon.AddDate(0, 0, days)
		if c.LeaseOver() != over {
			t.Errorf("after %d days: over is %v", days, !over)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	now = noon.AddDate(0, 0, 15)
	if c, err = client.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if !c.LeaseOver() {
		t.Error("opening it again renewed the lease")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}
