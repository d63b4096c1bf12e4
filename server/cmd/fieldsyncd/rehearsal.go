package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"fieldsync/server"
	"fieldsync/server/badline"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// rehearsal plays what was written since a backup again, on a copy of it. Its clock is that of the events: it stands at the
// one that is played, so that a day takes minutes.
type rehearsal struct {
	*app
	rehearseOptions
	Rehearsed
	dir       string
	random    *rand.Rand
	clock     atomic.Int64 // ms since 1970 UTC
	core      *server.Core // of the copy
	head      uint64       // the copy's last commit before the first event
	line      *badline.Line
	names     map[record.ID]string
	phones    []*rehearsing
	oldSchema *schema.Schema // what the older app knows
}

// event is one change set that somebody made.
type event struct {
	at     int64 // ms since 1970 UTC, by the hub's clock
	person record.ID
	phone  bool // made on one; else in the office
	change *record.ChangeSet
}

// told is how an administrator is told which one it is.
func (e *event) told() string {
	return e.change.Cause + " at " + time.UnixMilli(e.at).UTC().Format("15:04")
}

// playAgain plays the rehearsal in a folder of its own, and leaves nothing.
func (a *app) playAgain(ctx context.Context, o rehearseOptions) (_ *Rehearsed, err error) {
	o.schema = cmp.Or(o.schema, aftersales.Schema)
	r := &rehearsal{app: a, rehearseOptions: o, random: rand.New(rand.NewPCG(o.seed, 7)), names: map[record.ID]string{}}
	if r.dir, err = os.MkdirTemp("", "fieldsync-rehearsal-"); err != nil {
		return nil, cli.Usage("there is no room for the rehearsal: name a folder that may be written by TMPDIR (%v)", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := r.findOlder(ctx); err != nil {
		return nil, err
	}
	closed, err := r.copyHub(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closed()) }()
	events, err := r.since(ctx)
	if err != nil {
		return nil, err
	}
	defer r.hangUp()
	if err := r.play(ctx, events); err != nil {
		return nil, err
	}
	return &r.Rehearsed, r.sumUp(ctx)
}

func (r *rehearsal) now() time.Time { return time.UnixMilli(r.clock.Load()) }

// copyHub opens a copy of the backup, serves it to phones over a line that can be bad, and returns what ends both.
func (r *rehearsal) copyHub(ctx context.Context) (closed func() error, err error) {
	path := filepath.Join(r.dir, database)
	if err := r.copyFile(r.of, path); err != nil {
		return nil, err
	}
	if err := isHub(ctx, store.Options{Path: path, Schema: r.schema}, r.of); err != nil {
		return nil, err
	}
	if err := r.copyFile(r.keys(), path+".keys"); err != nil {
		return nil, err
	}
	r.core, err = server.OpenCore(ctx, server.CoreOptions{
		Path: path, Schema: r.schema, Rules: server.Rules(), Log: slog.New(slog.DiscardHandler), Now: r.now,
	})
	if err != nil {
		return nil, err
	}
	l, err := listen(ctx, "127.0.0.1:0", "-addr")
	if err != nil {
		return nil, errors.Join(err, r.core.Close(0))
	}
	if r.line, err = badline.Open(r.seed, badline.To(l.Addr().String())); err != nil {
		return nil, errors.Join(err, l.Close(), r.core.Close(0))
	}
	web := &http.Server{Handler: r.core.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = web.Serve(l) }() // ends with Close
	return func() error { return errors.Join(r.line.Close(), r.core.Close(0), web.Close()) }, nil
}

// since returns what was written since the backup, in the order in which it was done.
func (r *rehearsal) since(ctx context.Context) (events []event, err error) {
	err = r.core.Store.Read(ctx, func(v *store.View) (err error) {
		r.head, err = v.Head()
		return err
	})
	if err != nil {
		return nil, err
	}
	o := r.besideOptions()
	o.Schema = r.schema
	s, err := store.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	err = s.Read(ctx, func(v *store.View) error {
		people, err := v.People()
		if err != nil {
			return err
		}
		for _, p := range people {
			r.names[p.ID] = p.Name
		}
		list, err := v.EntriesAfter(r.head)
		if err != nil {
			return err
		}
		for _, e := range list {
			actor, err := v.Actor(e.Dot.Actor)
			if err != nil {
				return err
			}
			cs, err := record.ParseChangeSet(e.Encoded)
			if err != nil || actor == nil || e.Dot.Actor.Side() == clock.SideHub || !cs.Amends.IsZero() {
				continue // what the hub makes by itself it makes again
			}
			events = append(events, event{e.Eff.Millis(), actor.Person, e.Dot.Actor.Side() == clock.SideDevice, cs})
		}
		return nil
	})
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	return events, errors.Join(err, s.Close())
}

// play does everything again.
func (r *rehearsal) play(ctx context.Context, events []event) error {
	if len(events) == 0 {
		return nil
	}
	first, last := events[0].at, events[len(events)-1].at
	r.From, r.To = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
	r.clock.Store(first)
	if err := r.handOut(ctx, events); err != nil {
		return err
	}
	if r.trouble[troubleDuplicates] {
		r.line.Set(badline.State{Twice: 20})
	}
	line := r.progress("rehearsing")
	defer line.clear()
	for n, e := range events {
		line.show(int64(n), int64(len(events)), e.change.Cause)
		r.clock.Store(max(r.clock.Load(), e.at))
		for _, p := range r.phones {
			if err := p.passTime(ctx); err != nil {
				return err
			}
		}
		if err := r.do(ctx, e); err != nil {
			return err
		}
	}
	return r.level(ctx)
}

// do has the one who did it do it again. What cannot be done at that moment, since the row has not come, say, is noted.
func (r *rehearsal) do(ctx context.Context, e event) (err error) {
	if !e.phone {
		r.Office++
		_, err = r.core.Hub.Do(ctx, e.person, nil, e.change.Cause, func(o *hub.Office) error {
			without, err := again(server.Bind(o, e.person), r.schema, e.change, false)
			if len(without.What) > 0 {
				return errNewer
			}
			return err
		})
		return r.noteImpossible(office, e, err)
	}
	i := slices.IndexFunc(r.phones, func(p *rehearsing) bool { return p.person == e.person })
	if i < 0 {
		r.Left++
		return nil
	}
	r.Changes++
	p := r.phones[i]
	without, err := p.app.write(ctx, e.change)
	r.noteWithout(p.name, e, without)
	return r.noteImpossible(p.name, e, err)
}

// noteImpossible notes a refusal, and returns what is none.
func (r *rehearsal) noteImpossible(who string, e event, err error) error {
	var f *fault.Error
	if err == nil || !errors.As(err, &f) || f.Code == fault.Internal {
		return err
	}
	r.Impossible = append(r.Impossible, Question{who, e.told(), string(f.Code), f.Message})
	return nil
}

// level ends the trouble, and has everybody send and hear everything.
func (r *rehearsal) level(ctx context.Context) error {
	r.line.Set(badline.State{})
	for round := range 3 { // what the hub finds when all is there comes once more, and so does what follows from that
		for _, p := range r.phones {
			if err := p.recover(ctx, round == 0); err != nil {
				return err
			}
		}
		if err := r.core.Reconcile(ctx); err != nil {
			return err
		}
	}
	r.Repeated = r.line.Again.Load()
	return nil
}
