package session_test

import (
	"testing"

	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// promise is how a hub says that there is a segment of the class.
func promise(class schema.Class) wire.Page { return wire.Page{Class: class} }

// lacks returns a phone that has the first class, and takes segments of the others; it was welcomed by a hub at commit 5.
func lacks(t *testing.T) *phone {
	r := &replica{id: device.Identity{Actor: 1, Cursors: [schema.Classes]uint64{5}}}
	p := &phone{t, r, session.NewDevice(r, 1, 2)}
	p.machine.Step(session.Opened{})
	p.machine.Step(got(wire.Welcome{Head: 5}))
	return p
}

func TestADeviceFetchesWhatIsPromisedAndComesAgain(t *testing.T) {
	t.Parallel()
	p := lacks(t)
	ack := func(pages uint32) session.Send {
		return session.Send{Message: wire.Ack{Class: schema.Class(pages), Pages: pages, Actor: 1}}
	}
	p.expect(got(promise(1)), ack(1), session.Fetch{Class: 1}, waits)
	p.expect(got(promise(2)), ack(2), rests) // one after the other
	p.expect(session.Fetched{}, bye, again)
}

func TestADeviceThatFetchedWaitsForItsVerdicts(t *testing.T) {
	t.Parallel()
	p := lacks(t)
	p.machine.Step(got(promise(1)))
	p.machine.Step(got(promise(2)))
	p.writes(1, 1, 10)
	p.all(session.Wrote{Item: p.items[0]})
	p.expect(session.Fetched{}, waits)
	p.taken.Queue = 1
	p.expect(got(wire.Verdicts{}), bye, again)
}

func TestADeviceThatIsPromisedNothingIsSentTheRows(t *testing.T) {
	t.Parallel()
	p := lacks(t)
	for class := schema.Class(1); class < schema.Classes; class++ {
		p.machine.Step(got(wire.Page{Class: class, To: 5, Last: true}))
	}
	if p.id.Cursors != [schema.Classes]uint64{5, 5, 5} {
		t.Errorf("%v", p.id.Cursors)
	}
}

func TestAHubSendsNothingOfWhatIsFetchedElsewhere(t *testing.T) {
	t.Parallel()
	o := admits(t, wire.Hello{}, session.Admitted{Segments: [schema.Classes]bool{1: true}})
	sent, reads := o.happens(page(0, 0, 9, 9))
	if len(sent) != 2 || sent[1].Class != 1 || sent[1].To != 0 || sent[1].Last || len(reads) != 1 || reads[0].class != 2 {
		t.Errorf("sends %+v, reads %+v", sent, reads)
	}
	o.expectReads(page(2, 0, 9, 9), 1)
	o.machine.Step(got(wire.Ack{Class: 2, Pages: 3, K: 9}))
	one := told(0, 10) // what comes later comes at once, but for that class
	one.Rows[1] = []wire.Rows{{Table: 1, Whole: true, Rows: []wire.Row{{ID: record.ID{2}}}}}
	if sent, reads = o.happens(one); len(sent) != 1 || sent[0].Class != 0 || len(reads) != 0 {
		t.Errorf("sends %+v, reads %+v", sent, reads)
	}
	o.expectReads(told(0, 10), 0) // it was told of that
}

func TestAHubGoesOnWithWhatComesBehindASegment(t *testing.T) {
	t.Parallel()
	resume := []byte{1, 7}
	o := newOffice(t)
	o.machine.Step(session.Opened{})
	o.machine.Step(got(wire.Hello{Actor: 1, Resume: resume}))
	admitted := session.Admitted{Person: person, Resume: resume, Segments: [schema.Classes]bool{1: true, 2: true}}
	admitted.Welcome.Head = 9
	o.expectReads(admitted, 0, asked{1, 0, string(resume)})
	o.expectReads(page(1, 0, 9, 9), 1, asked{0, 0, ""})
}
