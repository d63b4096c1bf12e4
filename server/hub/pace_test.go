package hub

import (
	"testing"
	"time"

	"fieldsync/sync/record"
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
