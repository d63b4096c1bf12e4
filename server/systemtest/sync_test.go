package systemtest

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/client/link"
	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// world is a hub with an office on it and technicians with devices, over real sockets and files.
type world struct {
	t    testing.TB
	core *server.Core
	path string // of the hub's database
	url  string
	hub  atomic.Pointer[http.Handler] // of the core
	met  atomic.Int64                 // connections that devices have made
	late atomic.Int64                 // how far the hub's clock is ahead, in ns

	segmentRows int         // CoreOptions.SegmentRows
	rules       judge.Rules // CoreOptions.Rules; nil for the server's own
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, emptyHub(t, filepath.Join(t.TempDir(), "hub.db")), "")
}

// newWorldOn is a world whose hub stands at the path, or in the database in PostgreSQL.
func newWorldOn(t testing.TB, path, database string) *world {
	t.Helper()
	w := &world{t: t, path: path}
	w.open(database)
	srv := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if in.URL.Path == "/sync" {
			w.met.Add(1)
		}
		(*w.hub.Load()).ServeHTTP(out, in)
	}))
	t.Cleanup(func() {
		if err := w.core.Close(time.Millisecond); err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	w.url = srv.URL
	w.office("set up", func(tx aftersales.Tx) error { return aftersales.SetUp(tx) })
	return w
}

// open opens the hub.
func (w *world) open(database string) {
	rules := w.rules
	if rules == nil {
		rules = server.Rules()
	}
	core, err := server.OpenCore(w.t.Context(), server.CoreOptions{
		Path: w.path, Database: database, Schema: aftersales.Schema, Rules: rules, Log: slog.New(slog.DiscardHandler),
		SegmentRows: w.segmentRows,
		Now:         func() time.Time { return time.Now().Add(time.Duration(w.late.Load())) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	handler := core.Handler()
	w.core = core
	w.hub.Store(&handler)
}

// wait lets time pass on the hub.
func (w *world) wait(d time.Duration) { w.late.Add(int64(d)) }

// office runs a command in the hub's own name.
func (w *world) office(cause string, do func(aftersales.Tx) error) {
	w.t.Helper()
	_, err := w.core.Hub.Do(w.t.Context(), record.ID{}, nil, cause, func(o *hub.Office) error { return do(server.Bind(o, record.ID{})) })
	if err != nil {
		w.t.Fatalf("office: %s: %v", cause, err)
	}
}

func (w *world) devices() (devices []store.Device, err error) {
	err = w.core.Store.Read(w.t.Context(), func(v *store.View) (err error) {
		devices, err = v.Devices()
		return err
	})
	return devices, err
}

// publishKeys tells everybody whose phone signs how, as a whole server does when a phone is enrolled.
func (w *world) publishKeys() {
	w.t.Helper()
	devices, err := w.devices()
	if err != nil {
		w.t.Fatal(err)
	}
	w.office("their phones' keys", func(tx aftersales.Tx) (err error) {
		for _, d := range devices {
			err = errors.Join(err, aftersales.PublishKey(tx, d.Person, d.ID, base64.StdEncoding.EncodeToString(d.PublicKey)))
		}
		return err
	})
}

// technician adds a person with an enrolled device.
func (w *world) technician(name string) (*client.Client, record.ID) {
	w.t.Helper()
	ctx := w.t.Context()
	person := server.NewID()
	err := w.core.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: person, Login: name, Name: name, Active: true})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	code, _, err := w.core.Devices.NewCode(ctx, person)
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := client.Open(ctx, client.Options{Path: emptyPhone(w.t, filepath.Join(w.t.TempDir(), name+".db"))})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	if err := c.Enrol(ctx, w.url, code, name+"'s phone"); err != nil {
		w.t.Fatal(err)
	}
	return c, person
}

// sync makes both ends level. A hub hangs up on whoever greets it late, as a program does on a machine that is busy: it
// tries again, as it would in the field.
func sync(t testing.TB, c *client.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	soon(t, "both ends are level", func() bool {
		err := c.SyncOnce(ctx)
		if err != nil && fault.CodeOf(err) != link.NoNetwork {
			t.Fatal(err)
		}
		if err != nil {
			t.Log("trying again:", err)
		}
		return err == nil
	})
}

// pumpLeaks makes a job of the technician's, in a branch of his.
func (w *world) pumpLeaks(person record.ID) (job record.ID) {
	w.t.Helper()
	job = server.NewID()
	w.office("job.create", func(tx aftersales.Tx) error {
		branch, err := aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "B1", Name: "North", Zone: "Asia/Taipei", Currency: "TWD"})
		if err != nil {
			return err
		}
		if _, err := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: person, Branch: branch, Name: "Li", Technician: true}); err != nil {
			return err
		}
		if _, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: job, Branch: branch, Title: "pump leaks"}); err != nil {
			return err
		}
		_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: person})
		return err
	})
	return job
}

func TestATechnicianRepairsOfflineWhileTheOfficeEditsTheSameJob(t *testing.T) {
	t.Parallel()
	repairsOffline(t, newWorld(t))
}

func repairsOffline(t *testing.T, w *world) {
	li, person := w.technician("li")
	job := w.pumpLeaks(person)
	sync(t, li)
	if title := w.jobOn(li, job).Title; title != "pump leaks" {
		t.Fatalf("the device shows the title %q", title)
	}
	step := func(cause string, do func(aftersales.Tx) error) {
		t.Helper()
		if err := li.Update(t.Context(), cause, do); err != nil {
			t.Fatalf("%s: %v", cause, err)
		}
	}
	visit := aftersales.VisitInput{Job: job}
	step("visit.accept", func(tx aftersales.Tx) error { return aftersales.Accept(tx, visit) })
	step("visit.travel", func(tx aftersales.Tx) error { return aftersales.Travel(tx, visit) })
	step("visit.arrive", func(tx aftersales.Tx) error { return aftersales.Arrive(tx, visit) })
	w.office("row.edit", func(tx aftersales.Tx) error {
		return aftersales.PlanJob(tx, aftersales.PlanInput{Job: job, Start: 1_900_000_000_000, End: 1_900_003_600_000})
	})
	step("job.complete", func(tx aftersales.Tx) error {
		in := aftersales.CompleteInput{Summary: "seal replaced"}
		in.Job, in.Finding = job, "worn seal"
		return aftersales.Complete(tx, in)
	})
	sync(t, li)
	here, there := w.jobOn(li, job), w.jobOnHub(job)
	if here.State != aftersales.JobDone || there.State != aftersales.JobDone || there.Finding != "worn seal" {
		t.Fatalf("the repair is %+v on the hub, %+v on the device", there, here)
	}
	if here.PlanStart != 1_900_000_000_000 {
		t.Fatalf("the office's plan is not on the device: %+v", here)
	}
	status, err := li.Status(t.Context())
	if err != nil || status.Pending != 0 || status.Refused != 0 {
		t.Fatalf("the queue is not empty: %+v %v", status, err)
	}
}

func TestAPhoneEnrolledAnewLosesNothing(t *testing.T) {
	t.Parallel()
	enrolsAnew(t, newWorld(t))
}

func enrolsAnew(t *testing.T, w *world) {
	li, person := w.technician("li")
	job := w.pumpLeaks(person)
	sync(t, li)
	note := func(text string) {
		t.Helper()
		err := li.Update(t.Context(), aftersales.CauseJobNote, func(tx aftersales.Tx) error {
			_, err := aftersales.AddNote(tx, job, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	note("sent as the first device")
	sync(t, li)
	note("written as the first device")
	code, _, err := w.core.Devices.NewCode(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	if err := li.Enrol(t.Context(), w.url, code, "the same phone"); err != nil {
		t.Fatal(err)
	}
	note("written as the second device")
	sync(t, li)
	status, err := li.Status(t.Context())
	if err != nil || status.Pending != 0 || status.Refused != 0 {
		t.Fatalf("after enrolling again: %+v %v", status, err)
	}
	sent, err := li.Outbox(t.Context(), device.Accepted)
	if err != nil || len(sent) != 3 {
		t.Fatalf("%d changes were accepted, want 3: %v", len(sent), err)
	}
}

// The page that says whose the replica is can be damaged too. What was not sent is salvaged, and goes out as what the
// account beside the file says it is.
func TestAPhoneThatForgotWhoseItIsLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, person := w.technician("li")
	job := w.pumpLeaks(person)
	path := filepath.Join(t.TempDir(), "damaged.db")
	phone := func() *client.Client {
		t.Helper()
		c, err := client.Open(t.Context(), client.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	li := phone()
	code, _, err := w.core.Devices.NewCode(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	if err := li.Enrol(t.Context(), w.url, code, "Li's phone"); err != nil {
		t.Fatal(err)
	}
	sync(t, li)
	note := func(c *client.Client) {
		t.Helper()
		err := c.Update(t.Context(), aftersales.CauseJobNote, func(tx aftersales.Tx) error {
			_, err := aftersales.AddNote(tx, job, "found")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	note(li)
	if err := li.Close(); err != nil {
		t.Fatal(err)
	}
	forgets(t, path)
	li = phone()
	defer func() { _ = li.Close() }()
	if r := li.Recovered(); r == nil || r.Identity || len(r.Salvaged) != 1 {
		t.Fatalf("recovered: %+v", r)
	}
	sync(t, li)
	note(li)
	sync(t, li)
	if s, err := li.Status(t.Context()); err != nil || s.Pending != 0 || s.Person != person {
		t.Errorf("%+v %v", s, err)
	}
	decided, err := li.Outbox(t.Context(), device.Accepted)
	refused, e := li.Outbox(t.Context(), device.Refused)
	if err != nil || e != nil || len(decided)+len(refused) != 2 {
		t.Errorf("%d changes have a verdict: %v %v", len(decided)+len(refused), err, e)
	}
}

// forgets damages the page on which the replica says whose it is.
func forgets(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	var page int64
	err = db.QueryRowContext(t.Context(), "SELECT rootpage FROM sqlite_schema WHERE name = '_identity'").Scan(&page)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(make([]byte, 4096), (page-1)*4096)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) jobOn(c *client.Client, id record.ID) (job aftersales.Job) {
	w.t.Helper()
	err := c.View(w.t.Context(), func(tx client.Tx) error {
		row, err := tx.Row("job", id)
		if row != nil {
			job = aftersales.JobOf(row)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return job
}

func (w *world) jobOnHub(id record.ID) (job aftersales.Job) {
	w.t.Helper()
	err := w.core.Store.Read(w.t.Context(), func(v *store.View) error {
		row, err := v.Row(record.Key{Table: aftersales.Schema.Table("job").ID, ID: id})
		if row != nil {
			job = aftersales.JobOf(row)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return job
}

// Who asks to be level while his phone is connected anyway is served on that connection.
func TestSyncingWhileConnectedNeedsNoSecondConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone, person := w.technician("li")
	job := w.pumpLeaks(person)
	if err := phone.Connect(); err != nil {
		t.Fatal(err)
	}
	soon(t, "the phone is online and level", func() bool {
		s, err := phone.Status(t.Context())
		return err == nil && s.Online
	})
	for _, note := range []string{"gate 3", "gate 4", "gate 5"} {
		update(t, phone, aftersales.CauseEdit, func(tx aftersales.Tx) error {
			return tx.Update("job", job, record.Values{"note": record.Text(note)})
		})
		sync(t, phone)
		if got := w.jobOnHub(job).Note; got != note {
			t.Errorf("the hub has the note %q, want %q", got, note)
		}
	}
	if n := w.met.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	phone.Disconnect()
	sync(t, phone)
	if n := w.met.Load(); n != 2 {
		t.Errorf("%d connections after that one was ended", n)
	}
}
