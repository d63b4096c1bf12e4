package pace

import (
	"context"
	"errors"
	"testing"
	"time"

	"fieldsync/sync/record"
)

var phone, other = record.ID{1}, record.ID{2}

func TestPace(t *testing.T) {
	t.Parallel()
	p, now := New("hello", 3, time.Second, nil), time.Unix(1_800_000_000, 0)
	take := func(who record.ID) time.Duration { return p.Take(t.Context(), who, now) }
	for range 3 {
		if wait := take(phone); wait != 0 {
			t.Fatalf("within its goes it waits %v", wait)
		}
	}
	if wait := take(phone); wait != time.Second {
		t.Errorf("beyond them it waits %v", wait)
	}
	if wait := take(other); wait != 0 {
		t.Errorf("another waits %v for it", wait)
	}
	now = now.Add(time.Second)
	if first, second := take(phone), take(phone); first != 0 || second != time.Second {
		t.Errorf("a second later: %v, then %v", first, second)
	}
}

func TestPaceForgetsWhoHasAllGoesBack(t *testing.T) {
	t.Parallel()
	p, now := New("hello", 3, time.Second, nil), time.Unix(1_800_000_000, 0)
	for i := range 1000 {
		p.Take(t.Context(), record.ID{byte(i), byte(i >> 8)}, now)
	}
	p.Take(t.Context(), record.ID{255, 255}, now.Add(time.Minute))
	if len(p.used) != 1 {
		t.Errorf("it remembers %d devices", len(p.used))
	}
}

// book is a ledger with a clock of its own.
type book struct {
	now    time.Duration
	full   time.Duration
	uses   int
	broken bool
}

func (b *book) Use(_ context.Context, _ string, _ record.ID, add, most time.Duration) (time.Duration, error) {
	if b.broken {
		return 0, errors.New("no answer")
	}
	b.uses++
	b.full = min(max(b.full, b.now)+add, b.now+most)
	return b.full - b.now, nil
}

// goes counts how often one gets through before it waits.
func goes(t *testing.T, p *Pace, now time.Time) (n int) {
	t.Helper()
	for p.Take(t.Context(), phone, now) == 0 {
		if n++; n > 10_000 {
			t.Fatal("it never waits")
		}
	}
	return n
}

// Whoever goes to several nodes gets little more of all than of one, though their clocks differ by a day, and for it each
// writes once in so many goes; who comes now and then is not written down.
func TestSeveralNodesCountTogether(t *testing.T) {
	t.Parallel()
	shared, now := &book{}, time.Unix(1_800_000_000, 0)
	a, b := New("hello", 80, time.Second, shared), New("hello", 80, time.Second, shared)
	if n := goes(t, a, now); n != 80 || shared.uses != 8 {
		t.Errorf("one node lets it go %d times, and writes %d times", n, shared.uses)
	}
	if n := goes(t, b, now.Add(24*time.Hour)); n != 10 {
		t.Errorf("another lets it go %d times more", n)
	}
	if wait := b.Take(t.Context(), phone, now.Add(24*time.Hour)); wait != 10*time.Second {
		t.Errorf("there it waits %v", wait)
	}
	shared.now += 20 * time.Second // of the 90 that were told 20 are back: 10 more, and those by which it finds that it is too many
	if n := goes(t, b, now.Add(24*time.Hour+20*time.Second)); n != 20 {
		t.Errorf("20 seconds later it goes %d times", n)
	}
	before := shared.uses
	for i := range 9 {
		a.Take(t.Context(), other, now.Add(time.Duration(i)*time.Hour))
	}
	if shared.uses != before {
		t.Errorf("who comes now and then is written down %d times", shared.uses-before)
	}
}

// Where the database does not answer each node counts for itself.
func TestWithoutALedgerThatAnswers(t *testing.T) {
	t.Parallel()
	p := New("hello", 80, time.Second, &book{broken: true})
	if n := goes(t, p, time.Unix(1_800_000_000, 0)); n != 80 {
		t.Errorf("it goes %d times", n)
	}
}
