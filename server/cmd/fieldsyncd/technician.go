package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
)

// The demo's technicians are processes of this same program, so that killing one is real: "fieldsyncd technician" keeps
// a replica and takes orders, one JSON object a line, on its standard input.

// order is what a technician is told to do.
type order struct {
	Do     string // enrol, sync, repair, comment, give_up, state, rows
	Server string
	Code   string
	Name   string
	Jobs   int           // for repair: how many jobs to work on
	Within time.Duration // for sync
}

// answer is what he says: any number of lines with Recorded, then one with Done.
type answer struct {
	Recorded string            `json:",omitempty"` // what was just made durable
	Done     bool              `json:",omitempty"`
	Error    string            `json:",omitempty"`
	Ready    bool              `json:",omitempty"`
	Pending  int               `json:",omitempty"`
	Refused  int               `json:",omitempty"`
	Changes  []string          `json:",omitempty"` // identities of all he ever recorded, hex
	Rows     map[string]string `json:",omitempty"` // "table/id": content
}

type technician struct {
	client *client.Client
	random *rand.Rand
	out    *json.Encoder
}

// runTechnician serves until its input ends. -ahead sets its clock wrong.
func runTechnician(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("technician", flag.ContinueOnError)
	dir := flags.String("dir", ".", "folder of the replica")
	ahead := flags.Duration("ahead", 0, "how far the clock is ahead")
	seed := flags.Uint64("seed", 1, "what he does")
	if err := flags.Parse(args); err != nil {
		return errUsage
	}
	c, err := client.Open(ctx, client.Options{
		Path: filepath.Join(*dir, "replica.db"), App: "fieldsyncd demo",
		Now: func() time.Time { return time.Now().Add(*ahead) },
	})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	t := &technician{c, rand.New(rand.NewPCG(*seed, 2)), json.NewEncoder(out)}
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
		if err := t.out.Encode(a); err != nil {
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
			if err := t.out.Encode(answer{Recorded: s.cause}); err != nil {
				return err
			}
		}
	}
	return nil
}

// waiting returns the jobs whose visit he has not begun, in order.
func (t *technician) waiting(ctx context.Context) (jobs []record.ID, err error) {
	rows, err := t.client.Query(ctx, "SELECT job FROM visit WHERE state = 'assigned' AND _del = 0 ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		jobs = append(jobs, record.ID(id))
	}
	return jobs, rows.Err()
}

func (t *technician) anyPart(ctx context.Context) (id record.ID, err error) {
	rows, err := t.client.Query(ctx, "SELECT id FROM part WHERE _del = 0 ORDER BY id")
	if err != nil {
		return id, err
	}
	defer func() { _ = rows.Close() }()
	var parts []record.ID
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return id, err
		}
		parts = append(parts, record.ID(b))
	}
	if len(parts) == 0 {
		return id, fmt.Errorf("no parts on this phone")
	}
	return parts[t.random.IntN(len(parts))], rows.Err()
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
		{aftersales.CauseVisitArrive, func(tx client.Tx) error { return aftersales.Arrive(tx, visit) }},
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
	return append(steps, step{aftersales.CauseJobComplete, func(tx client.Tx) error {
		in := aftersales.CompleteInput{Summary: finding}
		in.Job, in.Finding = job, finding
		return aftersales.Complete(tx, in)
	}})
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

// rows returns the content of every row that he holds.
func (t *technician) rows(ctx context.Context) (answer, error) {
	a := answer{Rows: map[string]string{}}
	err := t.client.Each(ctx, func(row *record.Row) error {
		a.Rows[rowName(row)] = contentOf(row)
		return nil
	})
	return a, err
}

func rowName(row *record.Row) string { return row.Table.Name + "/" + row.ID.String() }

// contentOf returns everything about a row that both ends must agree on: its shown values, its vector and its seq.
func contentOf(row *record.Row) string {
	b := row.Vector.AppendBinary(nil)
	for i, v := range row.Cols {
		if !v.IsNull() {
			b = v.AppendBinary(append(b, byte(i)))
		}
	}
	return fmt.Sprintf("%d %x", row.Seq, b)
}
