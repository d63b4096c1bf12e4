package simtest

import (
	"errors"

	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Dead implements judge.Collector.
func (s hubTx) Dead(class schema.Class, upTo uint64, limit int) (keys []record.Key, err error) {
	for _, it := range s.rows.items {
		if r := it.value; r.Deleted && r.Table.Class == class && r.Seq <= upTo && len(keys) < limit {
			keys = append(keys, it.key)
		}
	}
	return keys, nil
}

// DropRow implements judge.Collector.
func (s hubTx) DropRow(row *record.Row) error {
	if !row.Deleted {
		return broken("DropRow: %s %s is alive", row.Table.Name, row.ID)
	}
	s.file(row, s.feed.drop)
	s.rows.drop(row.Key())
	s.collected.put(row.Key(), row.Seq)
	return nil
}

// PutCollected implements judge.Collector.
func (s hubTx) PutCollected(seq uint64) error {
	if have, _ := s.Collected(); seq > have {
		s.forgot.put(none{}, seq)
	}
	return nil
}

// Collected implements judge.Actors.
func (s *hubState) Collected() (uint64, error) {
	seq, _ := s.forgot.get(none{})
	return seq, nil
}

// collect lets the hub forget deleted rows, as it does once a day.
func (h *fleetHub) collect() {
	if h.down {
		return
	}
	h.f.checkDeletes() // what is forgotten cannot be looked at later
	_, err := h.write(func(b *judge.Batch) error { _, err := b.EndLate(); return err }, func(tx judge.Store, _ *judge.Batch) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		passed := judge.Passed(h.live(), head)
		n, err := judge.Collect(tx.(hubTx), passed, h.headAt(h.f.now-judge.LongestAbsence.Milliseconds()), 1+h.f.IntN(8))
		h.f.tracef("the hub forgets %d rows that all have passed at %d", n, passed)
		return err
	})
	if err != nil {
		h.trouble(err)
	}
}

// live returns the incarnations that count of the devices in use, unless nobody has heard of them for too long.
func (h *fleetHub) live() (live []judge.Actor) {
	for _, c := range h.conns { // its heartbeats are heard, though none is played
		if c.who != nil && !c.dead {
			c.who.seen = h.f.now
		}
	}
	for id, d := range h.devices {
		if h.f.now-d.seen > judge.LongestAbsence.Milliseconds() || !h.f.inUse(id) {
			continue
		}
		own := []judge.Actor{}
		for _, it := range h.store.state.actors.items {
			if a := it.value; a.Device == id && !a.Person.IsZero() && a.Actor <= d.actor {
				own = append(own, a)
			}
		}
		if len(own) == 0 {
			own = append(own, judge.Actor{}) // of one that was never heard, nothing is known
		}
		live = append(live, judge.Counting(own)...)
	}
	return live
}

// inUse reports whether somebody has the device in his hand: the office shuts the others out.
func (f *Fleet) inUse(device record.ID) bool {
	for _, p := range f.phones {
		if p.device() == device {
			return true
		}
	}
	return false
}

// headAt returns the highest commit number that had been given at the time, in ms since 1970 UTC.
func (h *fleetHub) headAt(ms int64) (head uint64) {
	for _, it := range h.store.state.log.items {
		if it.value.at.Millis() <= ms {
			head = it.key
		}
	}
	return head
}

// checkForgotten asks that no device in use is told of work on a row that the hub has forgotten: only what is away for too
// long, was copied, or had been given up may come too late.
func (f *Fleet) checkForgotten(p *phone, cs *record.ChangeSet, r *judge.Ruling) {
	if r.Outcome != wire.Quarantined || r.Code != fault.UnknownRow || r.Again || f.Absence || f.Fork || f.Copy {
		return
	}
	for i := range cs.Rows {
		if _, gone := f.hub.store.state.collected.get(cs.Rows[i].Key()); gone {
			f.fail("forgotten", "%s wrote %v on %s, which the hub forgot before", p.name, r.Dot, nameOf(cs.Rows[i].Key()))
		}
	}
}

// monthsPass lets the time go by, in which nobody does anything; who is connected stays so.
func (f *Fleet) monthsPass() {
	days := 1 + f.Int64N(120)
	f.tracef("%d days go by", days)
	resting := f.restCopies()
	f.run(days * 24 * 3600 * 1000)
	for _, p := range resting {
		p.away = false
		p.dial()
	}
}

// restCopies puts all but one of each phone's copies into a drawer, and returns them: for months they would end each
// other's connections.
func (f *Fleet) restCopies() (resting []*phone) {
	used := map[record.ID]bool{}
	for _, at := range f.Perm(len(f.phones)) {
		p := f.phones[at]
		switch {
		case p.away:
		case !used[p.device()]:
			used[p.device()] = true
		default:
			p.away = true
			if p.conn != nil {
				p.conn.cut()
			}
			resting = append(resting, p)
		}
	}
	return resting
}

// device returns which device the phone is.
func (p *phone) device() record.ID {
	who, _ := p.store.state.identity.get(none{})
	return who.Device
}

// refused is what the owner does whose device the hub does not know: he asks for a new code.
func (p *phone) refused() {
	if p.f.hub.devices[p.device()] == nil {
		p.reenrol()
	}
}

// reenrol makes the phone another device of its owner, with all that is on it: he asked the office for a new code.
func (p *phone) reenrol() {
	if p.dead || p.f.hub.down {
		return
	}
	id := p.f.hub.enrol(p.person)
	p.f.tracef("%s is enrolled anew, as %s", p.name, short(id))
	if p.conn != nil {
		p.conn.cut()
	}
	if err := p.take(func(r *device.Replica) error { return r.Reenrol(id) }); err != nil && !errors.Is(err, ErrCrashed) {
		p.f.fail("phone", "%s cannot be enrolled anew: %v", p.name, err)
	}
	p.redial(0)
}

// enrol makes a device known to the hub.
func (h *fleetHub) enrol(person record.ID) record.ID {
	id := h.f.id()
	head, _ := h.store.state.Head()
	h.devices[id] = &enrolled{person: person, device: id, seen: h.f.now, since: head}
	return id
}

// forgetDevices makes the hub that was restored forget the devices that were enrolled since the backup.
func (h *fleetHub) forgetDevices(head uint64) {
	for id, d := range h.devices {
		if d.since > head {
			delete(h.devices, id)
		}
	}
}
