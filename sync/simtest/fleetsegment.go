package simtest

import (
	"errors"

	"fieldsync/sync/device"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// memSegment is a segment as the hub keeps it, and a phone that has fetched it.
type memSegment struct {
	class schema.Class
	epoch uint32
	at    uint64
	rows  []*record.Row // of the part that is being made
	parts []segmentPart
}

type segmentPart struct {
	rows   []*record.Row
	resume []byte
}

func (s *memSegment) Begin(at, _ uint64) error { s.at = at; return nil }

func (s *memSegment) Put(row *record.Row) error {
	row = copyRow(row)
	row.Meta = nil
	s.rows = append(s.rows, row)
	return nil
}

func (s *memSegment) Cut(resume []byte) error {
	s.parts, s.rows = append(s.parts, segmentPart{s.rows, resume}), nil
	return nil
}

// promised returns of which of the classes that the phone asks for there are segments. They are made when somebody asks, now and
// then anew, and not for whom they would not fit.
func (h *fleetHub) promised(c *conn, hello *wire.Hello) (segments [schema.Classes]bool) {
	for _, class := range c.lacks {
		if hello.Schema == Schema.Version && h.f.chance(0.9) {
			segments[class] = h.segmentOf(class) != nil
		}
	}
	return segments
}

// segmentOf returns the class's segment, nil where nothing is in it.
func (h *fleetHub) segmentOf(class schema.Class) *memSegment {
	epoch := h.store.Marker().Epoch
	if s := h.segments[class]; s != nil && s.epoch == epoch && !h.f.chance(0.2) {
		return s
	}
	s := &memSegment{class: class, epoch: epoch}
	h.read(func(r judge.Reader) error { return judge.ReadSegment(r, Schema, class, 1+h.f.IntN(3), s) })
	if h.segments[class] = s; len(s.parts) == 0 {
		h.segments[class] = nil
	}
	return h.segments[class]
}

// lacks returns of which classes the phone takes segments.
func (p *phone) lacks() (classes []schema.Class) {
	if !p.f.Segments || p.shy || p.schema != Schema {
		return nil
	}
	_, err := p.write(func(store device.Store) error {
		classes = nil
		for class := schema.ClassStock; class < schema.Classes; class++ {
			lacks, err := device.Lacks(store, p.schema, class)
			if err != nil {
				return err
			}
			if lacks {
				classes = append(classes, class)
			}
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return classes
}

// fetch gets a segment, beside the session: perhaps another one than was promised, or none.
func (p *phone) fetch(c *conn, class schema.Class) {
	p.f.after(p.f.Latency(), func() {
		if p.conn != c || c.dead {
			return
		}
		switch {
		case p.f.chance(p.f.Cut): // it goes on where it was cut, after another connection
			p.f.meets("a segment is cut")
		case p.f.hub.down || p.f.chance(0.1):
			p.f.meets("a segment is gone")
			p.shy = true
		default:
			p.segment = p.f.hub.segmentOf(class)
		}
		p.step(session.Fetched{})
	})
}

// takeSegment takes in what was fetched, part by part. Of one that does not fit any more nothing is taken.
func (p *phone) takeSegment() {
	if p.segment == nil {
		return
	}
	var after []byte
	for _, part := range p.segment.parts {
		_, err := p.write(func(store device.Store) error { return p.takePart(store, part, after) })
		if p.dead {
			return
		}
		if err != nil {
			p.f.meets("a segment does not fit")
			if !errors.Is(err, device.ErrSegment) {
				p.f.fail("phone", "%s cannot take a segment: %v", p.name, err)
			}
			break
		}
		p.f.meets("a segment is taken in")
		after = part.resume
	}
	p.segment = nil
}

func (p *phone) takePart(store device.Store, part segmentPart, after []byte) error {
	r, err := device.Open(store, p.schema)
	if err != nil {
		return err
	}
	s := p.segment
	is := device.Part{Class: s.class, Epoch: s.epoch, Schema: Schema.Version, At: s.at, After: after, Resume: part.resume}
	for _, row := range part.rows {
		is.Seen = max(is.Seen, row.Vector.Get(r.Identity().Actor))
	}
	return r.TakePart(&is, func() error {
		for _, row := range part.rows {
			have, err := store.Row(row.Key())
			if err == nil && have == nil {
				err = store.PutRow(row.Clone())
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// newcomers enrol later than the others: the segments that they fetch are of another day.
func (f *Fleet) newcomers() {
	for i := range 2 {
		f.after(f.Int64N(15_000), func() {
			if person, ok := pick(f, f.people); ok && !f.hub.down && !f.healed {
				newPhone(f, string(rune('X'+i)), person, Schema)
			}
		})
	}
}
