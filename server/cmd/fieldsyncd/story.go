package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/server/badline"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/record"
)

// storyOptions say how the story is played.
type storyOptions struct {
	dir  string
	file string // of jobs; "" makes some up
	crew int
	seed uint64
	log  io.Writer
}

// Story is what came of it.
type Story struct {
	Imported    int     `json:"imported"`
	Warnings    int     `json:"warnings"`
	Devices     int     `json:"devices"`
	Offline     int     `json:"offline_changes"`
	Conflicts   int     `json:"conflicts"`
	Quarantined int     `json:"quarantined"`
	Lost        int     `json:"lost"`
	Converged   bool    `json:"converged"`
	Seconds     float64 `json:"seconds"`
}

// teller plays the story: a day on which everything goes wrong that can, and nothing is lost.
type teller struct {
	*app
	storyOptions
	Story
	ctx      context.Context
	company  *company
	network  *badline.Line
	random   *rand.Rand
	crew     []*member
	jobs     []record.ID
	recorded map[string]bool // identities of every change that any technician made durable
	differ   []string        // where a phone and the hub do not agree at the end
}

// The cast: what befalls whom.
const (
	killed   = 0 // his phone dies in the middle of a repair
	hasty    = 1 // his clock is three hours ahead
	restored = 2 // his phone is replaced, from a backup that is older than his last work
	stubborn = 3 // he writes to jobs that he knows are not his any more
)

// tellStory plays the story and returns what came of it; the error says which claim does not hold.
func (a *app) tellStory(ctx context.Context, o storyOptions) (*Story, error) {
	began := time.Now()
	t := &teller{
		app: a, storyOptions: o, ctx: ctx, random: rand.New(rand.NewPCG(o.seed, 3)),
		recorded: map[string]bool{},
	}
	defer t.end()
	for _, chapter := range []struct {
		title string
		play  func() error
	}{
		{"The office opens, and takes in the jobs", t.open},
		{"Technicians enrol their phones, get their jobs and sync", t.dispatch},
		{"All go where there is no signal, and repair", t.workOffline},
		{"Meanwhile the office edits, reassigns and cancels the same jobs", t.officeWorks},
		{"One phone is replaced from an old backup; its owner works on", t.replacePhone},
		{"All come back, over a network that cuts every connection", t.comeBack},
		{"One technician writes to jobs that he knows are not his any more", t.trespass},
		{"The office settles what needs a person", t.settle},
		{"All phones are compared with the office, row by row", t.compare},
	} {
		fmt.Fprintf(t.log, "• %s\n", chapter.title)
		if err := chapter.play(); err != nil {
			return &t.Story, fmt.Errorf("%s: %w", strings.ToLower(chapter.title), err)
		}
	}
	t.Seconds = math.Round(10*time.Since(began).Seconds()) / 10
	if t.Lost > 0 || !t.Converged {
		return &t.Story, fmt.Errorf("the story does not hold: %d changes are lost; %s", t.Lost, cmp.Or(strings.Join(t.differ, "; "), "all agree"))
	}
	fmt.Fprintf(t.log, "✓ nothing lost, all agree: %d changes recorded offline, %d conflicts, %d refused and decided, %.0f s\n",
		t.Offline, t.Conflicts, t.Quarantined, t.Seconds)
	return &t.Story, nil
}

func (t *teller) say(format string, args ...any) { fmt.Fprintf(t.log, "    "+format+"\n", args...) }

func (t *teller) end() {
	for _, m := range t.crew {
		_ = m.stop() // a process that was killed has nothing to add
	}
	if t.network != nil {
		_ = t.network.Close() // it listens no longer either way
	}
	if t.company != nil {
		_ = t.company.close()
	}
}

func (t *teller) open() (err error) {
	if _, err := os.Stat(t.path()); err == nil {
		return cli.Usage("there is a hub in %s: the story begins with an empty folder", t.dir)
	}
	t.company, err = openCompany(t.ctx, t.dir, "127.0.0.1:0", quietly())
	if err != nil {
		return err
	}
	if t.network, err = badline.Open(t.seed, badline.To(t.company.addr)); err != nil {
		return err
	}
	t.network.Set(badline.State{Cut: true})
	sum, err := t.takeJobs()
	if err != nil {
		return err
	}
	t.Imported, t.Warnings = sum.Made, sum.Warnings
	if t.jobs, err = t.company.jobs(t.ctx); err != nil {
		return err
	}
	if t.Imported != len(t.jobs) {
		return fmt.Errorf("%d jobs were imported, and there are %d", t.Imported, len(t.jobs))
	}
	if least := t.storyOptions.crew * fewestJobs; len(t.jobs) < least {
		return cli.Usage("the story needs at least %d jobs for %d technicians; here are %d", least, t.storyOptions.crew, len(t.jobs))
	}
	t.say("%s, %s", many(t.Imported, "job"), many(t.Warnings, "warning"))
	return nil
}

// How many jobs each technician gets: enough for hundreds of repairs in all, and few enough to tell in a minute.
const (
	perTechnician = 30
	fewestJobs    = 20
)

func (t *teller) dispatch() error {
	t.random.Shuffle(len(t.jobs), func(i, j int) { t.jobs[i], t.jobs[j] = t.jobs[j], t.jobs[i] })
	for i := range t.storyOptions.crew {
		m := &member{name: fmt.Sprintf("Technician %d", i+1), dir: filepath.Join(t.dir, fmt.Sprintf("phone-%d", i+1)), seed: t.seed + uint64(i)}
		if i == hasty {
			m.ahead = 3 * time.Hour
		}
		var err error
		if m.person, m.code, err = t.company.hire(t.ctx, m.name, t.company.branch); err != nil {
			return err
		}
		t.crew = append(t.crew, m)
		if err := t.assign(i, m.person); err != nil {
			return err
		}
		if err := m.start(t.ctx); err != nil {
			return err
		}
		if _, err := m.tell(order{Do: "enrol", Server: t.company.url(), Code: m.code, Name: m.name + "'s phone"}); err != nil {
			return err
		}
	}
	t.Devices = len(t.crew)
	return t.sync()
}

// sync has everybody sync, over whatever line they know.
func (t *teller) sync() error {
	return t.everybody(func(m *member) error { return t.syncOne(m) })
}

func (t *teller) syncOne(m *member) error {
	_, err := m.tell(order{Do: "sync", Within: time.Minute})
	return err
}

// assign gives the i-th technician his jobs.
func (t *teller) assign(i int, person record.ID) error {
	for _, job := range t.jobsOf(i) {
		err := t.company.do(t.ctx, aftersales.CauseJobAssign, func(tx aftersales.Tx) error {
			_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: person})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *teller) jobsOf(i int) []record.ID {
	n := min(perTechnician, len(t.jobs)/t.storyOptions.crew)
	return t.jobs[i*n : (i+1)*n]
}

// everybody has all do it at the same time.
func (t *teller) everybody(do func(*member) error) error {
	errs := make([]error, len(t.crew))
	var all sync.WaitGroup
	var ready atomic.Int64
	for i, m := range t.crew {
		all.Go(func() {
			errs[i] = do(m)
			ready.Add(1)
		})
	}
	return t.progress("   ").during(func() (int64, int64, string) {
		return ready.Load(), int64(len(t.crew)), fmt.Sprintf("%d of %d technicians", ready.Load(), len(t.crew))
	}, func() error {
		all.Wait()
		return errors.Join(errs...)
	})
}

// workOffline has everybody work; nobody is told of a server. One phone is killed in the middle and started again.
func (t *teller) workOffline() error {
	err := t.everybody(func(m *member) error {
		work := order{Do: "repair", Jobs: perTechnician / 2}
		if m == t.crew[killed] {
			if err := m.killAfter(37, work); err != nil {
				return err
			}
			if err := m.start(t.ctx); err != nil {
				return err
			}
		}
		_, err := m.tell(work)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range t.crew {
		if err := t.remember(m); err != nil {
			return err
		}
	}
	t.Offline = len(t.recorded)
	t.say("%d changes recorded without a network; one phone was killed with -9 and lost none, another's clock is three hours ahead", t.Offline)
	return nil
}

// remember notes the identity of every change that the member recorded, and checks that none is missing which he had
// said was durable.
func (t *teller) remember(m *member) error {
	a, err := m.tell(order{Do: "state"})
	if err != nil {
		return err
	}
	if len(a.Changes) < m.durable {
		return fmt.Errorf("%s had said that %d changes were durable, and has %d", m.name, m.durable, len(a.Changes))
	}
	for _, id := range a.Changes {
		t.recorded[id] = true
	}
	return nil
}

// officeWorks edits jobs that technicians are working on, gives some to others, and cancels some.
func (t *teller) officeWorks() error {
	edited, moved, cancelled := 0, 0, 0
	for i, m := range t.crew {
		for n, job := range t.jobsOf(i) {
			var err error
			switch n % 5 {
			case 0:
				edited++
				err = t.company.do(t.ctx, aftersales.CauseEdit, func(tx aftersales.Tx) error {
					return aftersales.Edit(tx, aftersales.EditInput{Table: "job", ID: job, Values: record.Values{
						"title": record.Text("Urgent: please look again"), "priority": record.Number(1),
					}})
				})
			case 1:
				moved++
				err = t.move(job, m.person, t.crew[(i+1)%len(t.crew)].person)
			case 2:
				if n%2 == 0 {
					cancelled++
					err = t.company.do(t.ctx, aftersales.CauseJobCancel, func(tx aftersales.Tx) error {
						return aftersales.CancelJob(tx, aftersales.CancelInput{Job: job, Reason: "the customer called it off"})
					})
				}
			}
			if err != nil {
				return err
			}
		}
	}
	t.say("%d jobs edited, %d given to somebody else, %d cancelled", edited, moved, cancelled)
	return nil
}

// errNotHis says that a job cannot be taken from who does not have it.
var errNotHis = errors.New("the job is not assigned to him")

func (t *teller) move(job, from, to record.ID) error {
	return t.company.do(t.ctx, aftersales.CauseJobReassign, func(tx aftersales.Tx) error {
		assignments, err := aftersales.Assignments(tx, job)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(assignments, func(a aftersales.Assignment) bool {
			return a.Person == from && a.State == aftersales.AssignmentOpen
		})
		if i < 0 {
			return errNotHis
		}
		_, err = aftersales.Reassign(tx, aftersales.ReassignInput{Assignment: assignments[i].ID, Person: to, Reason: "closer by"})
		return err
	})
}

// replacePhone makes a backup of a phone, has its owner work and sync, and then goes back to the backup: what he does
// now carries numbers that the hub knows for other changes.
func (t *teller) replacePhone() error {
	m := t.crew[restored]
	copyOf := filepath.Join(t.dir, "backup")
	if err := m.stop(); err != nil {
		return err
	}
	if err := m.backup(copyOf); err != nil {
		return err
	}
	if err := m.start(t.ctx); err != nil {
		return err
	}
	if _, err := m.tell(order{Do: "repair", Jobs: 3}); err != nil {
		return err
	}
	if _, err := m.tell(order{Do: "sync", Server: t.network.URL(), Within: homecoming}); err != nil {
		return err
	}
	if err := t.remember(m); err != nil {
		return err
	}
	if err := m.stop(); err != nil {
		return err
	}
	if err := m.restore(copyOf); err != nil {
		return err
	}
	m.seed, m.durable = m.seed+1000, 0
	if err := m.start(t.ctx); err != nil {
		return err
	}
	if _, err := m.tell(order{Do: "repair", Jobs: 4}); err != nil {
		return err
	}
	return t.remember(m)
}

// homecoming is how long coming back over the bad line may take.
const homecoming = 3 * time.Minute

func (t *teller) comeBack() error {
	err := t.everybody(func(m *member) error {
		_, err := m.tell(order{Do: "sync", Server: t.network.URL(), Within: homecoming})
		return err
	})
	t.say("%d connections were cut on the way", t.network.Cuts.Load())
	t.network.Set(badline.State{})
	return err
}
