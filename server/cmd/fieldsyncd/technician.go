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
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/client"
	"fieldsync/client/web"
	"fieldsync/server/scope"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// The demo's technicians are processes of this same program, so that killing one is real: "fieldsyncd technician" keeps
// a replica and takes orders, one JSON object a line, on its standard input.

// order is what a technician is told to do.
type order struct {
	Do     string // enrol, sync, repair, finish, give, use, step, trespass, resend, write, state, rows, app, network, work, rest, clock, status
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
	Change []byte        // for write: an encoded change set; none asks for the version only
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
	// Goroutines is how many his process has.
	Goroutines int    `json:",omitempty"`
	URL        string `json:",omitempty"` // opens the app
	// To write he answers the version of the schema that he knows, what he did without, and the code where he could not.
	Version int        `json:",omitempty"`
	Without *omitted   `json:",omitempty"`
	Code    fault.Code `json:",omitempty"`
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
	case "write":
		return t.write(ctx, o.Change)
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
	ids, err := identities(ctx, t.client)
	for _, id := range ids {
		a.Changes = append(a.Changes, hex.EncodeToString(id[:]))
	}
	slices.Sort(a.Changes)
	return a, err
}

// identities returns those of everything that was recorded on the phone.
func identities(ctx context.Context, c *client.Client) (ids []record.ID, err error) {
	for _, state := range []device.State{device.Pending, device.Accepted, device.Refused, device.Closed} {
		list, err := c.Outbox(ctx, state)
		if err != nil {
			return nil, err
		}
		for i := range list {
			ids = append(ids, list[i].Identity())
		}
	}
	return ids, nil
}

// write does again what somebody's change set did, as far as this program knows it: rehearsals are played with programs of
// earlier releases, so that this order and its answer stay as they are.
func (t *technician) write(ctx context.Context, encoded []byte) (answer, error) {
	a := answer{Version: aftersales.Version}
	if len(encoded) == 0 {
		return a, nil
	}
	cs, err := record.ParseChangeSet(encoded)
	if err == nil {
		var without omitted
		without, err = thisApp{t.client}.write(ctx, cs)
		a.Without = &without
	}
	a.Code = fault.CodeOf(err)
	return a, err
}

// status returns how he stands, at little cost.
func (t *technician) status(ctx context.Context) (answer, error) {
	s, err := t.client.Status(ctx)
	return answer{
		Pending: s.Pending, Refused: s.Refused, Online: s.Online, Trouble: s.Trouble, Cursors: s.Cursors[:], Goroutines: runtime.NumGoroutine(),
	}, err
}

// rows returns the content of every row that he holds.
func (t *technician) rows(ctx context.Context) (answer, error) {
	rows, err := contents(ctx, t.client)
	return answer{Rows: rows}, err
}

// contents returns the content of every row on the phone.
func contents(ctx context.Context, c *client.Client) (map[string]string, error) {
	rows := map[string]string{}
	err := c.Each(ctx, func(row *record.Row) error {
		rows[scope.Name(row)] = scope.Content(row)
		return nil
	})
	return rows, err
}
