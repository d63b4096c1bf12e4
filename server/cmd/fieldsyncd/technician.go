package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/client"
	"fieldsync/client/web"
	"fieldsync/server/scope"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
)

// The demo's technicians are processes of this same program, so that killing one is real: "fieldsyncd technician" keeps
// a replica and takes orders, one JSON object a line, on its standard input.

// order is what a technician is told to do.
type order struct {
	Do     string // enrol, sync, repair, finish, give, use, step, trespass, resend, state, rows, app, network, work, rest, clock, status
	Server string
	Code   string
	Name   string
	Jobs   int           // for repair: how many jobs to work on
	Within time.Duration // for sync
	Branch record.ID     // for trespass
	Theirs []record.ID   // for trespass: jobs that are not his any more; for finish and use: those that it is about
	To     record.ID     // for give: the colleague
	Part   record.ID     // for give and use
	Again  record.ID     // for resend: the row that the refused change makes
	On     []record.ID   // for work: the jobs that he writes about
	Rate   float64       // for work: changes a second
	Ahead  time.Duration // for clock: how far his clock is ahead from now on
}

// answer is what he says: any number of lines with Recorded, then one with Done. While he works, lines about his deeds
// stand between.
type answer struct {
	Meant    *deed             `json:",omitempty"` // what he is about to commit
	Kept     int               `json:",omitempty"` // the number of a deed that is durable
	Failed   int               `json:",omitempty"` // ... and of one of which nothing was to be kept
	Reason   string            `json:",omitempty"` // why
	Online   bool              `json:",omitempty"`
	Trouble  string            `json:",omitempty"`
	Cursors  []uint64          `json:",omitempty"` // up to which commit he has each class of rows
	Recorded string            `json:",omitempty"` // what was just made durable
	Done     bool              `json:",omitempty"`
	Error    string            `json:",omitempty"`
	Ready    bool              `json:",omitempty"`
	Pending  int               `json:",omitempty"`
	Refused  int               `json:",omitempty"`
	Changes  []string          `json:",omitempty"` // identities of all he ever recorded, hex
	Rows     map[string]string `json:",omitempty"` // "table/id": content
	Made     []record.ID       `json:",omitempty"` // the rows that trespassing made
	URL      string            `json:",omitempty"` // opens the app
}

type technician struct {
	client *client.Client
	random *rand.Rand
	ahead  atomic.Int64 // of his clock, in nanoseconds
	labour labour

	mu  sync.Mutex // of out
	out *json.Encoder
}

func (t *technician) say(a answer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out.Encode(a)
}

func (t *technician) now() time.Time { return time.Now().Add(time.Duration(t.ahead.Load())) }

func technicianCommand() *command {
	var dir string
	var ahead time.Duration
	var seed uint64
	return &command{
		Name: "technician", About: "\nOne of the demo's technicians: it takes orders on standard input.\n",
		Example: "fieldsyncd demo",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "dir", ".", "DIR of the replica")
			f.DurationVar(&ahead, "ahead", 0, "TIME that the clock is ahead")
			f.Uint64Var(&seed, "seed", 1, "N what he does")
		},
		Do: func(ctx context.Context, a *app, _ []string) error { return a.technician(ctx, dir, ahead, seed) },
	}
}

// technician serves until its input ends.
func (a *app) technician(ctx context.Context, dir string, ahead time.Duration, seed uint64) error {
	t := &technician{random: rand.New(rand.NewPCG(seed, 2)), out: json.NewEncoder(a.out)}
	t.ahead.Store(int64(ahead))
	c, err := client.Open(ctx, client.Options{Path: filepath.Join(dir, "replica.db"), App: "fieldsync demo", Now: t.now})
	if err != nil {
		_ = t.say(answer{Done: true, Error: err.Error()}) // for who gives the orders
		return err
	}
	t.client = c
	err = t.serve(ctx, a.in)
	t.rest()
	return errors.Join(err, c.Close())
}

func (t *technician) serve(ctx context.Context, in io.Reader) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		a, err := t.obey(ctx, o)
		a.Done = true
		if err != nil {
			a.Error = err.Error()
		}
		if err := t.say(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (t *technician) obey(ctx context.Context, o order) (answer, error) {
	switch o.Do {
	case "enrol":
		return answer{}, t.client.Enrol(ctx, o.Server, o.Code, o.Name)
	case "sync":
		return answer{}, t.sync(ctx, o)
	case "repair":
		return answer{}, t.repair(ctx, o.Jobs)
	case "finish":
		return answer{}, t.finish(ctx, o.Theirs)
	case "give":
		_, err := t.client.Parts().Give(ctx, aftersales.GiveInput{To: o.To, Part: o.Part, Quantity: aftersales.Quantity{Amount: aftersales.One}})
		return answer{}, err
	case "use":
		return answer{}, t.use(ctx, o)
	case "step":
		return answer{}, t.step(ctx)
	case "trespass":
		return t.trespass(ctx, o)
	case "resend":
		return answer{}, t.resend(ctx, o.Again)
	case "network":
		t.client.NetworkChanged()
		return answer{}, nil
	case "work":
		return answer{}, t.work(o)
	case "rest":
		t.rest()
		return answer{}, nil
	case "clock":
		t.ahead.Store(int64(o.Ahead))
		return answer{}, nil
	case "app":
		return t.serveApp(o)
	case "status":
		return t.status(ctx)
	case "state":
		return t.state(ctx)
	case "rows":
		return t.rows(ctx)
	}
	return answer{}, fmt.Errorf("unknown order %q", o.Do)
}

// sync tries until both ends are level, as an app does whenever there is a network.
func (t *technician) sync(ctx context.Context, o order) error {
	ctx, cancel := context.WithTimeout(ctx, o.Within)
	defer cancel()
	if o.Server != "" {
		if err := t.client.Move(o.Server); err != nil {
			return err
		}
	}
	for {
		err := t.client.SyncOnce(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(time.Duration(5+t.random.IntN(30)) * time.Millisecond)
	}
}

// serveApp serves the technician's app, connected over that line whenever it is not cut, until the process ends.
func (t *technician) serveApp(o order) (a answer, err error) {
	if err := t.client.Move(o.Server); err != nil {
		return a, err
	}
	app, err := web.New(t.client, web.Options{})
	if err != nil {
		return a, err
	}
	if a.URL, err = app.Start(); err != nil {
		return a, err
	}
	return a, t.client.Connect()
}

// repair works on the jobs that wait for him, step by step; each step is a change of its own, durable before the next.
func (t *technician) repair(ctx context.Context, n int) error {
	jobs, err := t.waiting(ctx)
	if err != nil {
		return err
	}
	part, err := t.anyPart(ctx)
	if err != nil {
		return err
	}
	for _, job := range jobs[:min(n, len(jobs))] {
		for _, s := range t.steps(job, part) {
			if err := t.client.Update(ctx, s.cause, s.do); err != nil {
				return fmt.Errorf("%s: %w", s.cause, err)
			}
			if err := t.say(answer{Recorded: s.cause}); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish does all there is to do on the jobs, and completes them.
func (t *technician) finish(ctx context.Context, jobs []record.ID) error {
	part, err := t.anyPart(ctx)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		steps := t.steps(job, part)
		if steps[len(steps)-1].cause != aftersales.CauseJobComplete {
			steps = append(steps, t.complete(job, findings[0]))
		}
		for _, s := range steps {
			if err := t.client.Update(ctx, s.cause, s.do); err != nil {
				return fmt.Errorf("%s: %w", s.cause, err)
			}
		}
	}
	return nil
}

// use books that many of a part as used on the first of the jobs.
func (t *technician) use(ctx context.Context, o order) error {
	if len(o.Theirs) == 0 {
		return nil
	}
	return t.client.Update(ctx, aftersales.CausePartUse, func(tx client.Tx) error {
		in := aftersales.MoveInput{Part: o.Part, Quantity: aftersales.Quantity{Amount: int64(o.Jobs) * aftersales.One}, Job: o.Theirs[0]}
		_, err := aftersales.UsePart(tx, in)
		return err
	})
}

// waiting returns the jobs whose visit he has not begun, in order.
func (t *technician) waiting(ctx context.Context) ([]record.ID, error) {
	return t.ids(ctx, "SELECT job FROM visit WHERE state = 'assigned' AND _del = 0 ORDER BY id")
}

func (t *technician) anyPart(ctx context.Context) (record.ID, error) {
	parts, err := t.ids(ctx, "SELECT id FROM part WHERE _del = 0 ORDER BY id")
	if err != nil {
		return record.ID{}, err
	}
	if len(parts) == 0 {
		return record.ID{}, errors.New("no parts on this phone")
	}
	return parts[t.random.IntN(len(parts))], nil
}

// ids returns what a query for one column of ids gives.
func (t *technician) ids(ctx context.Context, query string, args ...any) (ids []record.ID, err error) {
	rows, err := t.client.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		ids = append(ids, record.ID(b))
	}
	return ids, rows.Err()
}

type step struct {
	cause string
	do    func(client.Tx) error
}

var findings = []string{
	"seal worn, replaced", "bearing loud, greased", "filter clogged, cleaned", "密封圈磨損，已更換", "噪音來自風扇，已緊固", "接头松动，已拧紧",
}

func (t *technician) steps(job, part record.ID) []step {
	visit := aftersales.VisitInput{Job: job}
	finding := findings[t.random.IntN(len(findings))]
	steps := []step{
		{aftersales.CauseVisitAccept, func(tx client.Tx) error { return aftersales.Accept(tx, visit) }},
		{aftersales.CauseVisitTravel, func(tx client.Tx) error { return aftersales.Travel(tx, visit) }},
		{aftersales.CauseVisitArrive, func(tx client.Tx) error {
			where, err := siteOf(tx, job)
			if err != nil {
				return err
			}
			return aftersales.Arrive(tx, aftersales.VisitInput{Job: job, Position: where})
		}},
		{aftersales.CausePartUse, func(tx client.Tx) error {
			_, err := aftersales.UsePart(tx, aftersales.MoveInput{Part: part, Quantity: aftersales.Quantity{Amount: 1000}, Job: job})
			return err
		}},
		{aftersales.CauseJobNote, func(tx client.Tx) error {
			_, err := aftersales.AddNote(tx, job, finding)
			return err
		}},
	}
	if t.random.IntN(4) == 0 {
		return steps // he has to come back
	}
	return append(steps, t.complete(job, finding))
}

func (t *technician) complete(job record.ID, finding string) step {
	return step{aftersales.CauseJobComplete, func(tx client.Tx) error {
		in := aftersales.CompleteInput{Summary: finding}
		in.Job, in.Finding = job, finding
		return aftersales.Complete(tx, in)
	}}
}

// siteOf returns where the job is, nil where nobody knows.
func siteOf(tx client.Tx, job record.ID) (*aftersales.Position, error) {
	row, err := tx.Row("job", job)
	if err != nil || row == nil {
		return nil, err
	}
	site, err := tx.Row("site", row.Get("site").Ref())
	if err != nil || site == nil || site.Get("latitude").IsNull() {
		return nil, err
	}
	return &aftersales.Position{Latitude: site.Get("latitude").Number(), Longitude: site.Get("longitude").Number()}, nil
}

// step does the next thing there is to do, as the live demo shows it; nothing where nothing is left.
func (t *technician) step(ctx context.Context) error {
	me, err := t.client.Person(ctx)
	if err != nil {
		return err
	}
	visits, err := t.ids(ctx, `SELECT v.id FROM visit v JOIN job j ON j.id = v.job WHERE v.person = ? AND v._del = 0 AND j._del = 0
		AND v.state IN ('assigned', 'accepted', 'travelling', 'on_site') AND j.state IN ('planned', 'in_work')
		ORDER BY v.state IN ('travelling', 'on_site') DESC, v.id LIMIT 1`, me[:])
	if err != nil || len(visits) == 0 {
		return err
	}
	part, err := t.anyPart(ctx)
	if err != nil {
		return err
	}
	var state string
	var job record.ID
	err = t.client.View(ctx, func(tx client.Tx) error {
		row, err := tx.Row("visit", visits[0])
		state, job = aftersales.VisitOf(row).State, aftersales.VisitOf(row).Job
		return err
	})
	if err != nil {
		return err
	}
	s := t.next(state, t.steps(job, part))
	return t.client.Update(ctx, s.cause, s.do)
}

// next picks what follows for a visit in the state. On site he uses parts and writes notes for a while.
func (t *technician) next(state string, steps []step) step {
	switch state {
	case aftersales.VisitAssigned:
		return steps[0]
	case aftersales.VisitAccepted:
		return steps[1]
	case aftersales.VisitTravelling:
		return steps[2]
	}
	return steps[3+t.random.IntN(len(steps)-3)]
}

// trespass writes, by hand, a visit to each of the jobs that he knows are not his any more, and then a note on the
// first of the visits. No command of the phone's would: it is what a changed phone could do.
func (t *technician) trespass(ctx context.Context, o order) (a answer, err error) {
	me, err := t.client.Person(ctx)
	if err != nil {
		return a, err
	}
	for _, job := range o.Theirs {
		err := t.client.Update(ctx, aftersales.CauseJobComplete, func(tx client.Tx) error {
			id := tx.NewID()
			a.Made = append(a.Made, id)
			return tx.Insert("visit", id, record.Values{
				"branch": record.Ref(o.Branch), "job": record.Ref(job), "person": record.Ref(me),
				"state": record.Text(aftersales.VisitCompleted), "summary": record.Text("went by and tightened it all the same"),
			})
		})
		if err != nil {
			return a, err
		}
	}
	return a, t.client.Update(ctx, aftersales.CauseEdit, func(tx client.Tx) error {
		return tx.Update("visit", a.Made[0], record.Values{"note": record.Text(afterthought)})
	})
}

// afterthought is what a trespasser writes on the first of his visits.
const afterthought = "the customer was glad"

// resend sends the refused change that made the row once more.
func (t *technician) resend(ctx context.Context, row record.ID) error {
	refused, err := t.client.Outbox(ctx, device.Refused)
	if err != nil {
		return err
	}
	for _, s := range refused {
		if s.Rows[0].ID == row && s.Rows[0].Op == record.Insert {
			return t.client.SendAgain(ctx, s.Dot)
		}
	}
	return errors.New("the change is not among those that were refused")
}

// state returns how he stands, and the identities of everything he recorded.
func (t *technician) state(ctx context.Context) (answer, error) {
	s, err := t.client.Status(ctx)
	if err != nil {
		return answer{}, err
	}
	a := answer{Ready: s.Ready, Pending: s.Pending, Refused: s.Refused}
	for _, state := range []device.State{device.Pending, device.Accepted, device.Refused, device.Closed} {
		list, err := t.client.Outbox(ctx, state)
		if err != nil {
			return answer{}, err
		}
		for i := range list {
			id := list[i].Identity()
			a.Changes = append(a.Changes, hex.EncodeToString(id[:]))
		}
	}
	slices.Sort(a.Changes)
	return a, nil
}

// status returns how he stands, at little cost.
func (t *technician) status(ctx context.Context) (answer, error) {
	s, err := t.client.Status(ctx)
	return answer{Pending: s.Pending, Refused: s.Refused, Online: s.Online, Trouble: s.Trouble, Cursors: s.Cursors[:]}, err
}

// rows returns the content of every row that he holds.
func (t *technician) rows(ctx context.Context) (answer, error) {
	a := answer{Rows: map[string]string{}}
	err := t.client.Each(ctx, func(row *record.Row) error {
		a.Rows[scope.Name(row)] = scope.Content(row)
		return nil
	})
	return a, err
}
