package store

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

const selectActor = "SELECT actor, person, device, counter, chain, ack_k, ack_n, last_k, forked FROM _actor "

func readActor(q *sqlrow.Rows) judge.Actor {
	a := judge.Actor{Actor: clock.Actor(q.Uint(0)), Person: q.ID(1), Device: q.ID(2), Counter: q.Uint(3),
		AckK: q.Uint(5), AckN: q.Uint(6), LastK: q.Uint(7), Forked: q.Uint(8) != 0}
	copy(a.Chain[:], q.Bytes(4))
	return a
}

// Actor returns nil for an actor that was never handed out.
func (r reads) Actor(n clock.Actor) (a *judge.Actor, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error {
		found := readActor(q)
		a = &found
		return q.Err()
	}, selectActor+"WHERE actor = ?", int64(n))
	return a, err
}

// ActorsOf returns the person's incarnations, in order.
func (r reads) ActorsOf(person record.ID) (actors []judge.Actor, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error { actors = append(actors, readActor(q)); return q.Err() },
		selectActor+"WHERE person = ? ORDER BY actor", person[:])
	return actors, err
}

// Actor returns nil for an actor that was never handed out.
func (tx *Tx) Actor(n clock.Actor) (*judge.Actor, error) {
	if a, known := tx.actors[n]; known {
		return &a, nil
	}
	a, err := tx.reads.Actor(n)
	if a != nil {
		tx.remember(*a)
	}
	return a, err
}

// remember keeps the actor in the cache. A full one is emptied of what the database has as well.
func (tx *Tx) remember(a judge.Actor) {
	if len(tx.actors) >= maxCached {
		for n := range tx.actors {
			if !tx.dirty[n] {
				delete(tx.actors, n)
			}
		}
	}
	tx.actors[a.Actor] = a
}

// PutActor writes what the hub knows of an actor. It is written once a step, however often it changes.
func (tx *Tx) PutActor(a *judge.Actor) error {
	tx.dirty[a.Actor] = true
	tx.remember(*a)
	tx.outcome.wrote(*a)
	return nil
}

// flush writes the actors that the database does not have yet.
func (tx *Tx) flush() error {
	for n := range tx.dirty {
		a := tx.actors[n]
		_, err := tx.conn.Exec("INSERT INTO _actor(actor, person, device, counter, chain, ack_k, ack_n, last_k, forked)"+
			" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(actor) DO UPDATE SET person = excluded.person,"+
			" device = excluded.device, counter = excluded.counter, chain = excluded.chain, ack_k = excluded.ack_k,"+
			" ack_n = excluded.ack_n, last_k = excluded.last_k, forked = excluded.forked",
			int64(a.Actor), a.Person[:], a.Device[:], int64(a.Counter), a.Chain[:], int64(a.AckK), int64(a.AckN),
			int64(a.LastK), flag(a.Forked))
		if err != nil {
			return err
		}
		delete(tx.dirty, n)
	}
	return nil
}

// NewActor hands out a fresh incarnation of a writer: a number that this hub has never given before and will never
// give again, whatever backup it is restored from. The device is zero for one who writes from the office, a token or
// the hub itself.
func (tx *Tx) NewActor(person, device record.ID, side clock.Side) (clock.Actor, error) {
	epoch := tx.Epoch()
	low, err := clock.NewActor(epoch, 1, clock.SideDevice)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, "The hub has no more epochs to number writers in.", err)
	}
	latest, err := tx.conn.Int("SELECT max(actor) FROM _actor WHERE actor >= ?", int64(low))
	if err != nil {
		return 0, err
	}
	serial := max(clock.Actor(latest).Serial(), tx.registry.latest(epoch))
	actor, err := clock.NewActor(epoch, serial+1, side)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, "The hub has no more numbers for writers in this epoch.", err)
	}
	fresh := Registered{Actor: actor, Person: person, Device: device}
	if err = tx.registry.handOut(fresh); err != nil {
		return 0, fault.Wrap(DiskFull, "The registry of writers cannot be written. Free some space and try again.", err)
	}
	return actor, insertActor(tx.conn, fresh)
}

func insertActor(c *conn, a Registered) error {
	_, err := c.Exec("INSERT INTO _actor(actor, person, device, counter, chain, ack_k, ack_n, last_k)"+
		" VALUES(?, ?, ?, 0, ?, 0, 0, 0)", int64(a.Actor), a.Person[:], a.Device[:], make([]byte, len(a.Chain)))
	return err
}

func (r reads) allActors() (map[clock.Actor]judge.Actor, error) {
	known := map[clock.Actor]judge.Actor{}
	err := r.conn.Each(func(q *sqlrow.Rows) error {
		a := readActor(q)
		known[a.Actor] = a
		return q.Err()
	}, selectActor)
	return known, err
}

// Missing is an actor of whom the hub once judged more change sets than it has: a restore has lost them, and the
// device has not sent them again yet.
type Missing struct {
	Registered
	Have uint64 // the highest counter that the database has; those up to Counter are missing
}

// Missing returns the actors whose work a restore has lost and nobody has brought back yet, in order.
func (r reads) Missing() (list []Missing, err error) {
	for _, a := range r.registry.all() {
		have, err := r.Actor(a.Actor)
		if err != nil {
			return nil, err
		}
		if have != nil && have.Counter < a.Counter {
			list = append(list, Missing{a, have.Counter})
		}
	}
	return list, nil
}
