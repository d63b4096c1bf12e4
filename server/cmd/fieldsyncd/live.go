package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"fieldsync/server"
	"fieldsync/sync/aftersales"
)

// The live demo: a company at work. Two technicians are processes of their own, which do a step now and then; the
// other two are the person at the keyboard.

// played are those who do nothing by themselves: the person at the keyboard is the first of them in a terminal, and
// both on the page side by side.
var played = []int{2, 3}

var demoCrew = []struct{ name, folder, branch string }{
	{"Li Wei", "li", "N"},
	{"Ana Silva", "ana", "S"},
	{"Sam Taylor", "sam", "N"},
	{"Mei Chen", "mei", "N"},
}

// demoTours is how many jobs each has today.
const demoTours = 6

// liveDemo runs until ctx ends, which is how it is meant to end.
func (a *app) liveDemo(ctx context.Context, d *demo) error {
	log := slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelError}))
	c, err := openCompany(ctx, a.data, d.address, server.Options{Log: log, Company: "fieldsync demo", Zone: time.Local})
	if err != nil {
		return err
	}
	l := &live{app: a, company: c, dir: a.data, kept: d.kept, seed: d.seed}
	err = l.run(ctx, d.file)
	for _, m := range l.crew {
		_ = m.stop() // it may have been told to stop already
	}
	if ctx.Err() != nil {
		err = nil
		if !a.json {
			a.say("\nGood-bye.\n")
		}
	}
	if e := c.close(); err == nil {
		err = e
	}
	return err
}

type live struct {
	*app
	company  *company
	dir      string
	kept     bool // the folder stays when the demo ends
	seed     uint64
	password string
	crew     []*member
	terminal *member  // the computer of the person at the keyboard, who has a phone as well
	filled   bool     // with the demo's own data, and not before
	mine     []string // numbers of the jobs of the person at the keyboard
	side     string   // the address of the page side by side
}

func (l *live) run(ctx context.Context, file string) error {
	line := l.progress("Setting the company up, with its technicians and their phones ")
	line.show(0, 0, "")
	for _, prepare := range []func(context.Context) error{
		l.admit,
		func(ctx context.Context) error { return l.fill(ctx, file) },
		l.equip,
	} {
		if err := prepare(ctx); err != nil {
			return err
		}
	}
	line.clear()
	page, address, err := l.openSide(ctx)
	if err != nil {
		return err
	}
	defer page.close()
	l.side = address
	if err := l.welcome(); err != nil {
		return err
	}
	var work sync.WaitGroup
	for i, m := range l.crew {
		if !slices.Contains(played, i) {
			work.Go(func() { l.work(ctx, m) })
		}
	}
	<-ctx.Done()
	work.Wait()
	return nil
}

// admit makes the account with which the office is entered.
func (l *live) admit(ctx context.Context) error {
	l.password = strings.ToLower(rand.Text()[:12])
	people := l.company.hub.People()
	p, _, err := people.FirstAdministrator(ctx, "boss", "Boss", l.password)
	if err != nil || p != nil {
		return err
	}
	all, err := people.All(ctx) // a demo that was kept with -data: he gets a new password
	for _, known := range all {
		if known.Login == "boss" {
			_, err = people.SetPassword(ctx, known.ID, l.password)
		}
	}
	return err
}

// equip gives everybody his phone, with his jobs on it, and lets a company that is new get into some trouble. The phones
// that are played are put down again, and so is the computer that the person at the keyboard has besides: what is typed
// would find the phone taken once the page side by side shows it.
func (l *live) equip(ctx context.Context) error {
	for _, m := range l.crew {
		if err := l.handOut(ctx, m, m.name+"'s phone"); err != nil {
			return err
		}
	}
	if l.filled {
		if err := errors.Join(l.papers(ctx), l.trouble(ctx)); err != nil {
			return err
		}
	}
	for _, i := range played {
		if err := l.crew[i].stop(); err != nil {
			return err
		}
	}
	if err := l.lendComputer(ctx, l.crew[played[0]]); err != nil {
		return err
	}
	return l.myJobs(ctx)
}

// handOut enrols the member's device, and fetches what is his.
func (l *live) handOut(ctx context.Context, m *member, name string) error {
	if err := m.start(ctx); err != nil {
		return err
	}
	if _, err := m.tell(order{Do: "enrol", Server: l.company.url(), Code: m.code, Name: name}); err != nil {
		return err
	}
	_, err := m.tell(order{Do: "sync", Within: time.Minute})
	return err
}

// lendComputer gives a technician a second device, for a terminal.
func (l *live) lendComputer(ctx context.Context, to *member) error {
	code, _, err := l.company.core.Devices.NewCode(ctx, to.person)
	if err != nil {
		return err
	}
	l.terminal = &member{name: to.name, dir: filepath.Join(l.dir, "laptop"), person: to.person, code: code}
	return errors.Join(l.handOut(ctx, l.terminal, to.name+"'s laptop"), l.terminal.stop())
}

// myJobs looks up the numbers of the jobs that are played.
func (l *live) myJobs(ctx context.Context) error {
	me := l.crew[played[0]].person
	jobs, err := l.company.ids(ctx, `SELECT job.id FROM job JOIN assignment a ON a.job = job.id AND a.person = ? AND a.state = 'open'
		WHERE job._del = 0 AND job.state = 'planned' ORDER BY a.window_start, job.id`, me[:])
	if err != nil {
		return err
	}
	for _, id := range jobs {
		var number string
		err := l.company.do(ctx, aftersales.CauseEdit, func(tx aftersales.Tx) error {
			row, err := tx.Row("job", id)
			number = aftersales.JobOf(row).Number
			return err
		})
		if err != nil {
			return err
		}
		l.mine = append(l.mine, number)
	}
	return nil
}

// How often a technician syncs, and how seldom he does something.
const (
	syncEvery = 4 * time.Second
	stepOneIn = 3
)

// work has a technician do his work until ctx ends.
func (l *live) work(ctx context.Context, m *member) {
	random := mathrand.New(mathrand.NewPCG(m.seed, 5))
	for {
		pause := time.NewTimer(syncEvery/2 + time.Duration(random.Int64N(int64(syncEvery))))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		if random.IntN(stepOneIn) == 0 {
			if _, err := m.tell(order{Do: "step"}); err != nil && ctx.Err() == nil {
				l.tell("%v", err) // the office took the job away in between: he goes on with another
			}
		}
		if _, err := m.tell(order{Do: "sync", Within: 30 * time.Second}); err != nil && ctx.Err() == nil {
			l.tell("%v", err)
		}
	}
}

// welcome says where to look and what to type.
func (l *live) welcome() error {
	folder := l.terminal.dir
	answer := struct {
		URL      string   `json:"url"`
		Side     string   `json:"side"` // the office and two phones on one page
		Login    string   `json:"login"`
		Password string   `json:"password"`
		Replica  string   `json:"replica"`
		Jobs     []string `json:"jobs"`
	}{l.company.url(), l.side, "boss", l.password, folder, l.mine}
	return l.answer(answer, func() {
		l.say(welcomeText, l.company.url(), l.password, folder, nth(l.mine, 1), nth(l.mine, 2), nth(l.mine, 3), demoCrew[0].name, l.end(), l.side)
	})
}

// end says what is left of the demo when it is over.
func (l *live) end() string {
	if l.kept {
		return "; the folder stays, and -data " + l.dir + " goes on with it"
	}
	return ", and leaves nothing behind"
}

func nth(list []string, n int) string {
	if n < len(list) {
		return list[n]
	}
	return "JOB"
}

const welcomeText = `
  Li Wei and Ana Silva are out repairing; you see it on the office's pages. You are Sam Taylor.

  Side by side        %[9]s
                      The office and two phones, Sam's and Mei Chen's, on one page, each with a switch for its
                      signal: make a conflict in two minutes. Or, one by one:

  The office          %[1]s   (sign in as boss, password %[2]s)

  Sam's laptop        which he has besides his phone; in another terminal, in this folder:

    alias fieldtech='go run ./client/cmd/fieldtech'
    export FIELDTECH_DATA='%[3]s'
    fieldtech jobs
    fieldtech show %[4]s
    fieldtech note %[4]s "seal replaced"     # works without a network: it waits in  fieldtech outbox
    fieldtech sync                           # now the office has it, and his phone
    fieldtech app -open                      # or all this as pages, in the browser, until Ctrl-C

  Cut the network     fieldtech talks to the hub in sync, watch and app only. So all else is a cellar: go as
                      deep as you like, and come back with  fieldtech sync.

  Make a conflict     Cancel %[5]s in the office; before his laptop hears of it, he repairs it. Then somebody has
                      to settle it, at %[1]s/conflicts:
    fieldtech accept %[5]s && fieldtech arrive %[5]s && fieldtech complete %[5]s -finding "worn seal" -summary "replaced"
    fieldtech sync

  Take a job away     Give %[6]s to %[7]s in the office while Sam is in the cellar. What he did there is kept;
                      after  fieldtech sync  the job is gone from his laptop, and from his phone.

  Ctrl-C ends it all%[8]s.
`
