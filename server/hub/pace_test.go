package hub

import (
	"testing"
	"time"

	"fieldsync/sync/record"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

func TestPace(t *testing.T) {
	t.Parallel()
	p, now := newPace(3, time.Second), time.Unix(1_800_000_000, 0)
	phone, other := record.ID{1}, record.ID{2}
	for range 3 {
		if wait := p.take(phone, now); wait != 0 {
			t.Fatalf("within its goes it waits %v", wait)
		}
	}
	if wait := p.take(phone, now); wait != time.Second {
		t.Errorf("beyond them it waits %v", wait)
	}
	if wait := p.take(other, now); wait != 0 {
		t.Errorf("another waits %v for it", wait)
	}
	now = now.Add(time.Second)
	if first, second := p.take(phone, now), p.take(phone, now); first != 0 || second != time.Second {
		t.Errorf("a second later: %v, then %v", first, second)
	}
}

func TestAnHonestDeviceInABadNetworkNeverWaits(t *testing.T) {
	t.Parallel()
	hellos, _ := newPaces()
	now := time.Unix(1_800_000_000, 0)
	for range 24 * 3600 { // it comes back every second for a day
		if wait := hellos.take(record.ID{1}, now); wait != 0 {
			t.Fatalf("it waits %v", wait)
		}
		now = now.Add(time.Second)
	}
}

func TestPaceForgetsWhoHasAllGoesBack(t *testing.T) {
	t.Parallel()
	p, now := newPace(3, time.Second), time.Unix(1_800_000_000, 0)
	for i := range 1000 {
		p.take(record.ID{byte(i), byte(i >> 8)}, now)
	}
	p.take(record.ID{255, 255}, now.Add(time.Minute))
	if len(p.used) != 1 {
		t.Errorf("it remembers %d devices", len(p.used))
	}
}

func TestWhatWaitsOnADeviceIsLoweredAsItIsJudged(t *testing.T) {
	t.Parallel()
	h := &Hub{notes: newNotes()}
	c := &conn{hub: h, device: record.ID{1}, contact: Contact{Pending: 5, Oldest: time.Unix(1, 0)}}
	answer := session.Judged{Since: 10, Verdicts: wire.Verdicts{Verdicts: []wire.Verdict{
		{Count: 2, Outcome: wire.Applied, Seq: 11}, {Count: 1, Outcome: wire.Quarantined, Seq: 13},
		{Count: 1, Outcome: wire.Quarantined, Seq: 9}, {Count: 1, Outcome: wire.Released, Seq: 8}, {Outcome: wire.Gap, Seq: 99},
	}}}
	c.settled(answer.Settled())
	if got := h.notes.contact(c.device); got == nil || got.Pending != 2 || got.Oldest.IsZero() {
		t.Errorf("after three: %+v", got)
	}
	c.settled(7)
	if got := h.notes.contact(c.device); got.Pending != 0 || !got.Oldest.IsZero() {
		t.Errorf("after all: %+v", got)
	}
}
