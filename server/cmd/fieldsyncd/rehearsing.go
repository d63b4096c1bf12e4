package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"fieldsync/client"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// rehearsing is somebody's phone in a rehearsal.
type rehearsing struct {
	*rehearsal
	n      int
	person record.ID
	name   string
	skew   time.Duration
	app    phoneApp
	older  bool // it runs the older app
	online bool
	turn   time.Time // when it gets or loses the network
	synced time.Time
	fills  time.Time // when its space runs out, and when there is some again; zero for never
	frees  time.Time
}

// spans returns how long a phone is with, or without, network at a time, about, and how often it speaks to the hub while it
// could: as on a day, or as much less as what is played is shorter.
func (r *rehearsal) spans() (stretch, speakEvery time.Duration) {
	all := r.To.Sub(r.From)
	return min(45*time.Minute, all/10) + 1, min(5*time.Minute, all/100)
}

// handOut gives everybody who worked with a phone one, which has all that he held when the backup was made.
func (r *rehearsal) handOut(ctx context.Context, events []event) error {
	var people []record.ID
	for _, e := range events {
		if e.phone && !slices.Contains(people, e.person) {
			people = append(people, e.person)
		}
	}
	for _, person := range people {
		code, _, err := r.core.Devices.NewCode(ctx, person)
		if fault.CodeOf(err) != "" && fault.CodeOf(err) != fault.Internal {
			continue // he had no account yet, or has none any more: his changes are counted as left out
		}
		if err != nil {
			return err
		}
		p := &rehearsing{rehearsal: r, n: len(r.phones), person: person, name: r.names[person], online: true, turn: r.To, synced: r.now()}
		if p.older = r.Older != nil && r.Older.Version > 0 && p.n%3 == 1; p.older {
			r.Older.Phones = append(r.Older.Phones, p.name)
		}
		r.phones = append(r.phones, p)
		p.befall()
		if err := p.open(ctx, 0); err != nil {
			return err
		}
		if err := p.app.enrol(ctx, r.line.URL(), code); err != nil {
			return err
		}
		if err := p.recover(ctx, false); err != nil {
			return err
		}
	}
	r.Phones = len(r.phones)
	return nil
}

// befall decides what will go wrong with the phone.
func (p *rehearsing) befall() {
	if p.trouble[troubleRadio] {
		p.online, p.turn = p.random.IntN(2) > 0, p.now().Add(p.some())
	}
	if p.trouble[troubleClocks] && p.n%3 == 0 {
		p.skew = time.Duration(p.random.Int64N(int64(6*time.Hour))) - 3*time.Hour
	}
	if p.trouble[troubleStorage] && p.n%4 == 1 && !(p.older && p.old != "") { // another program takes no bound
		third := p.To.Sub(p.From) / 3
		p.fills = p.From.Add(time.Duration(p.random.Int64N(int64(2*third) + 1)))
		p.frees = p.fills.Add(third)
	}
}

// some is how long the phone stays as it is.
func (p *rehearsing) some() time.Duration {
	stretch, _ := p.spans()
	return min(time.Duration(p.random.ExpFloat64()*float64(stretch)), 6*stretch) + stretch/10 + time.Millisecond
}

// open opens the replica, with so many bytes of room; 0 is enough.
func (p *rehearsing) open(ctx context.Context, room int64) (err error) {
	dir := filepath.Join(p.dir, fmt.Sprint("phone", p.n))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	now := func() time.Time { return p.now().Add(p.skew) }
	if p.older && p.old != "" {
		m := &member{name: p.name, program: p.old, dir: dir, seed: p.seed}
		p.app = thatApp{m, now}
		return m.start(ctx)
	}
	o := client.Options{Path: filepath.Join(dir, "replica.db"), Schema: p.schema, App: "fieldsync rehearsal", Room: room, Now: now}
	if p.older {
		o.Schema = p.oldSchema
	}
	c, err := client.Open(ctx, o)
	if err == nil {
		p.app = thisApp{c}
	}
	return err
}

// reopen ends the app and starts it again, with so much room.
func (p *rehearsing) reopen(ctx context.Context, room int64) error {
	if err := p.app.close(); err != nil {
		return err
	}
	return p.open(ctx, room)
}

// passTime has happen to the phone what happens up to now.
func (p *rehearsing) passTime(ctx context.Context) error {
	now := p.now()
	if !p.fills.IsZero() && !now.Before(p.fills) {
		p.fills = time.Time{}
		if err := p.reopen(ctx, 1); err != nil {
			return err
		}
	}
	if !p.frees.IsZero() && !now.Before(p.frees) {
		p.frees = time.Time{}
		if err := p.reopen(ctx, 0); err != nil {
			return err
		}
	}
	back := false
	for p.trouble[troubleRadio] && !now.Before(p.turn) {
		length := p.some()
		p.turn, p.online, back = p.turn.Add(length), !p.online, true
		if !p.online {
			p.Offline += length.Hours()
		}
	}
	if _, speakEvery := p.spans(); !p.online || !back && now.Sub(p.synced) < speakEvery {
		return nil
	}
	if err := p.sync(ctx); err != nil {
		p.tell("%s: %v", p.name, err) // a phone that is full, or was cut off: it comes again
	}
	return nil
}

func (p *rehearsing) sync(ctx context.Context) error {
	p.synced = p.now()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	return p.app.sync(ctx)
}

// recover brings the phone level with the hub, when there is network and space again; first for the first time.
func (p *rehearsing) recover(ctx context.Context, first bool) (err error) {
	if first && p.fills.IsZero() && !p.frees.IsZero() {
		p.frees = time.Time{}
		if err := p.reopen(ctx, 0); err != nil {
			return err
		}
	}
	for range 5 {
		if err = p.sync(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// hangUp closes all phones.
func (r *rehearsal) hangUp() {
	for _, p := range r.phones {
		if p.app != nil {
			_ = p.app.close() // its folder goes too
		}
	}
}
