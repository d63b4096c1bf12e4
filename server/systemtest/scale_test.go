package systemtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/server/wake/natstest"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// TestScale runs three nodes on one PostgreSQL and one NATS, in processes of their own, behind a balancer; and phones that
// work all the while, though the nodes are restarted and killed under them and NATS goes away. FIELDSYNC_SCALE says how
// many phones there are; without it the test is left to .ci/scale, since it takes minutes on a busy machine.
func TestScale(t *testing.T) {
	t.Parallel()
	if os.Getenv("FIELDSYNC_SCALE") == "" {
		t.Skip("it runs by name: .ci/scale")
	}
	s := newScale(t)
	for _, story := range []struct {
		name string
		tell func(*testing.T)
	}{
		{"phones work through the balancer", s.works},
		{"nodes are restarted one after the other", s.restartsAll},
		{"NATS is gone, and back", s.losesNATS},
		{"a node is killed in the middle of a batch", s.killsMidBatch},
		{"no phone had to be looked after", s.nobodyActed},
		{"nothing is lost, and nothing is there twice", s.lostNothing},
		{"phones and hub hold the same", s.converges},
		{"what one node does for all went from node to node", s.keptHouse},
	} {
		if !t.Run(story.name, story.tell) {
			break // what follows would only say so again
		}
	}
}

// scale is a company on three nodes.
type scale struct {
	t      *testing.T
	first  *installation // whose folder commands use
	nodes  []*installation
	serves []*serving // by node
	nats   *natstest.Server
	pool   *pool
	phones []*worker
	logs   []string // of the nodes that have ended
}

func newScale(t *testing.T) *scale {
	t.Helper()
	program := filepath.Join(t.TempDir(), "fieldsyncd")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "fieldsync/server/cmd/fieldsyncd").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := &scale{t: t, pool: &pool{}, nats: natstest.Start(t)}
	database := pgtest.Database(t)
	for n := range 3 {
		i := &installation{t: t, program: program, data: filepath.Join(t.TempDir(), "data"), db: database}
		s.nodes = append(s.nodes, i)
		if n > 0 {
			bringKeys(t, s.nodes[0].data, i.data)
		}
		s.serves = append(s.serves, nil)
		s.start(n)
	}
	s.first = s.nodes[0]
	s.hire(count())
	return s
}

// count is how many phones there are.
func count() int {
	n := 5
	_, _ = fmt.Sscan(os.Getenv("FIELDSYNC_SCALE"), &n)
	return n
}

// bringKeys copies the key file, as an operator does before a node's first start.
func bringKeys(t *testing.T, from, to string) {
	t.Helper()
	keys, err := os.ReadFile(filepath.Join(from, "hub.db.keys"))
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "hub.db.keys"), keys, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *scale) start(n int) {
	s.t.Helper()
	s.serves[n] = s.nodes[n].begin("-nats", s.nats.URL)
	s.pool.add(s.serves[n])
}

// hire makes technicians with a phone each, a job of his own, and one that they all work on.
func (s *scale) hire(n int) {
	s.t.Helper()
	people := make([]record.ID, n)
	codes := make([]string, n)
	for i := range n {
		login := fmt.Sprintf("tech%d", i)
		var person struct{ ID record.ID }
		s.first.must(&person, "person", "add", "Technician "+login, "-login", login)
		people[i] = person.ID
		var enrolment struct{ Code string }
		s.first.must(&enrolment, "device", "enrol", login, "-url", s.serves[i%3].url)
		codes[i] = enrolment.Code
	}
	var own []record.ID
	var all record.ID
	s.first.beside(func(core *server.Core) { all, own = s.plan(core, people) })
	for i := range n {
		s.phones = append(s.phones, s.worker(fmt.Sprintf("tech%d", i), codes[i], own[i], all))
	}
}

// plan makes the jobs.
func (s *scale) plan(core *server.Core, people []record.ID) (all record.ID, own []record.ID) {
	_, err := core.Hub.Do(s.t.Context(), record.ID{}, nil, aftersales.CauseCreate, func(o *hub.Office) error {
		tx := server.Bind(o, record.ID{})
		own = nil
		make := func(title string, who ...record.ID) (record.ID, error) {
			job, err := aftersales.CreateJob(tx, aftersales.JobInput{Branch: aftersales.NamedID("branch", "MAIN"), Title: title})
			for _, p := range who {
				if err == nil {
					_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: p})
				}
			}
			return job, err
		}
		for _, p := range people {
			job, err := make("a pump leaks", p)
			if err != nil {
				return err
			}
			own = append(own, job)
		}
		var err error
		all, err = make("the line stands still", people...)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all, own
}

// worker is a phone and whoever works on it.
type worker struct {
	*client.Client
	name     string
	balancer *balancer
	jobs     []record.ID

	mu    gosync.Mutex
	notes map[record.ID]bool  // that were durable on the phone
	codes map[fault.Code]bool // that it showed
}

func (s *scale) worker(name, code string, jobs ...record.ID) *worker {
	s.t.Helper()
	w := &worker{name: name, balancer: newBalancer(s.t, s.pool), jobs: jobs, notes: map[record.ID]bool{}, codes: map[fault.Code]bool{}}
	c, err := client.Open(s.t.Context(), client.Options{Path: emptyPhone(s.t, filepath.Join(s.t.TempDir(), name+".db"))})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	w.Client = c
	if err := c.Enrol(s.t.Context(), w.balancer.url, code, name+"'s phone"); err != nil {
		s.t.Fatal(err)
	}
	sync(s.t, c)
	return w
}

// note writes a line about one of the jobs: with odd numbers, about the one that all work on.
func (w *worker) note(ctx context.Context, n int) (id record.ID, err error) {
	err = w.Update(ctx, aftersales.CauseJobNote, func(tx client.Tx) (err error) {
		id, err = aftersales.AddNote(tx, w.jobs[n%len(w.jobs)], fmt.Sprintf("%s, line %d", w.name, n))
		return err
	})
	if err == nil {
		w.mu.Lock()
		w.notes[id] = true
		w.mu.Unlock()
	}
	return id, err
}

// look notes what the phone shows of trouble.
func (w *worker) look(t *testing.T) client.Status {
	t.Helper()
	s, err := w.Status(t.Context())
	if err != nil {
		t.Error(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes[s.Code] = true
	return s
}

// judged returns how many of the phone's changes have a verdict.
func (w *worker) judged(t *testing.T) int {
	t.Helper()
	s := w.look(t)
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.notes) - s.Pending
}

// unsent is how many lines a worker leaves unsent before he waits: so that a slow machine has no more to do than a fast one.
const unsent = 25

// under runs do while every phone is online and writes, until each has some more verdicts than it had when do was done.
func (s *scale) under(t *testing.T, do func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var working gosync.WaitGroup
	defer working.Wait()
	defer stop()
	for _, w := range s.phones {
		working.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				time.Sleep(30 * time.Millisecond) // the pace of the load, not something waited for
				if waiting := w.look(t).Pending; waiting > unsent {
					continue
				}
				if _, err := w.note(ctx, n); err != nil && ctx.Err() == nil {
					t.Errorf("%s: %v", w.name, err)
					return
				}
			}
		})
	}
	s.getOn(t)
	do()
	s.getOn(t)
}

// getOn waits until each phone has ten verdicts more.
func (s *scale) getOn(t *testing.T) {
	t.Helper()
	for _, w := range s.phones {
		had := w.judged(t)
		soon(t, w.name+" gets on", func() bool { return w.judged(t) >= had+10 })
	}
}

func (s *scale) works(t *testing.T) {
	for _, w := range s.phones {
		if err := w.Connect(); err != nil {
			t.Fatal(err)
		}
	}
	s.under(t, func() {})
	seen := map[*serving]bool{}
	for _, w := range s.phones {
		seen[w.balancer.node()] = true
	}
	if len(seen) < 2 {
		t.Errorf("all phones are on %d node", len(seen))
	}
}

func (s *scale) restartsAll(t *testing.T) {
	s.under(t, func() {
		for n := range s.serves {
			s.pool.remove(s.serves[n])
			s.end(n, (*serving).stop)
			s.getOn(t)
			s.start(n)
			s.getOn(t)
		}
	})
}

// end ends a node, and keeps its log.
func (s *scale) end(n int, how func(*serving)) {
	how(s.serves[n])
	s.logs = append(s.logs, s.serves[n].log.String())
}

func (s *scale) losesNATS(t *testing.T) {
	s.under(t, func() {
		s.nats.Stop()
		s.getOn(t)
		s.hearsOfEachOther(t)
		s.nats.Again()
		s.getOn(t)
	})
	s.hearsOfEachOther(t)
}

// hearsOfEachOther waits until a line that each phone writes about the job of all is on every other, whatever its node.
func (s *scale) hearsOfEachOther(t *testing.T) {
	t.Helper()
	for _, w := range s.phones {
		line, err := w.note(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range s.phones {
			soon(t, other.name+" hears of "+w.name, func() bool { return other.holds(t, line) })
		}
	}
}

func (w *worker) holds(t *testing.T, comment record.ID) (has bool) {
	t.Helper()
	err := w.View(t.Context(), func(tx client.Tx) error {
		row, err := tx.Row("comment", comment)
		has = row != nil
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return has
}

// killsMidBatch has one phone come back with much that it wrote without network, and kills its node as soon as the hub has
// answered for some of it.
func (s *scale) killsMidBatch(t *testing.T) {
	const many = 400
	var person struct{ ID record.ID }
	s.first.must(&person, "person", "add", "Technician late", "-login", "late")
	var enrolment struct{ Code string }
	s.first.must(&enrolment, "device", "enrol", "late", "-url", s.serves[0].url)
	var all record.ID
	s.first.beside(func(core *server.Core) { all, _ = s.plan(core, []record.ID{person.ID}) })
	late := s.worker("late", enrolment.Code, all)
	for n := range many {
		if _, err := late.note(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if err := late.Connect(); err != nil {
		t.Fatal(err)
	}
	s.phones = append(s.phones, late)
	s.under(t, func() {
		soon(t, "some of it is judged", func() bool { return late.judged(t) > 0 })
		n := slices.Index(s.serves, late.balancer.node())
		s.end(n, (*serving).kill)
		s.pool.remove(s.serves[n])
		s.getOn(t)
		s.start(n)
	})
}

// needsSomebody are the codes with which a phone asks its user or the office to do something.
var needsSomebody = []fault.Code{
	fault.Unauthentic, fault.Revoked, fault.Version, fault.NotAllowed, fault.Malformed, fault.TooLarge,
}

func (s *scale) nobodyActed(t *testing.T) {
	for _, w := range s.phones {
		soon(t, w.name+" is level", func() bool { at := w.look(t); return at.Pending == 0 && at.Online })
		at := w.look(t)
		if at.Refused > 0 || !at.Enrolled || !at.Complete {
			t.Errorf("%s stands at %+v", w.name, at)
		}
		for _, code := range needsSomebody {
			if w.codes[code] {
				t.Errorf("%s was shown %s", w.name, code)
			}
		}
	}
}

func (s *scale) lostNothing(t *testing.T) {
	there := map[record.ID]int{}
	s.first.beside(func(core *server.Core) {
		rows, err := core.Store.Query(t.Context(), "SELECT id FROM comment WHERE _del = 0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id []byte
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			there[record.ID(id)]++
		}
	})
	written := 0
	for _, w := range s.phones {
		written += len(w.notes)
		for id := range w.notes {
			if there[id] != 1 {
				t.Errorf("a line of %s is there %d times", w.name, there[id])
			}
		}
	}
	if len(there) != written {
		t.Errorf("%d lines are there, %d were written", len(there), written)
	}
	t.Logf("%d lines of %d phones", written, len(s.phones))
	var whole struct{ OK bool }
	if s.first.must(&whole, "verify"); !whole.OK {
		t.Error("the database is not whole")
	}
}

// converges compares every row of every phone with the hub's.
func (s *scale) converges(t *testing.T) {
	s.first.beside(func(core *server.Core) {
		for _, w := range s.phones {
			soon(t, w.name+" holds what the hub does", func() bool { return w.equals(t, core) })
		}
	})
}

func (w *worker) equals(t *testing.T, core *server.Core) bool {
	t.Helper()
	same := true
	err := core.Hub.View(t.Context(), func(v hub.View) error {
		return w.Each(t.Context(), func(row *record.Row) error {
			there, err := v.Row(row.Key())
			if err != nil || there == nil {
				same = false
				return err
			}
			same = same && there.Seq == row.Seq && there.Vector.Equal(row.Vector)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return same
}

func (s *scale) keptHouse(t *testing.T) {
	for n := range s.serves {
		s.pool.remove(s.serves[n])
	}
	for n := range s.serves {
		s.end(n, (*serving).stop)
	}
	kept := 0
	for _, log := range s.logs {
		kept += strings.Count(log, "housekeeping is done")
	}
	if kept < 2 {
		t.Errorf("%d nodes kept house: %s", kept, strings.Join(s.logs, "\n"))
	}
}
