package auth

import (
	"context"
	"crypto/sha256"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Throttle slows down guessing. It counts failures by login and address together, and by address alone with more
// patience; never by login alone, or anybody could lock a colleague out by failing in his name. After a few free
// attempts each further failure doubles the wait. It is safe for concurrent use.
type Throttle struct{ store AttemptStore }

// Attempts is how often somebody's attempts to get in failed, and when the last one did.
type Attempts struct {
	Failures int
	Last     time.Time
}

// AttemptStore keeps what failed, for every process of the hub. Keys are hashes of who tried.
type AttemptStore interface {
	// Attempts returns what failed under each of the keys, nothing where the last was before since.
	Attempts(ctx context.Context, keys []Hash, since time.Time) ([]Attempts, error)
	// ChangeAttempts lets change make something else of what failed under each of the keys, in one transaction. Whatever
	// failed before forget is dropped.
	ChangeAttempts(ctx context.Context, keys []Hash, forget time.Time, change func([]Attempts)) error
}

// How much patience there is: by login and address, and by address for all logins together, behind which a whole
// office may sit.
const (
	freeByLogin   = 4
	freeByAddress = 30
	longestWait   = 15 * time.Minute
	forgetAfter   = time.Hour
)

// NewThrottle returns a throttle that counts in the store, in this process's memory for nil.
func NewThrottle(store AttemptStore) *Throttle {
	if store == nil {
		store = &inMemory{seen: map[Hash]Attempts{}}
	}
	return &Throttle{store}
}

// Wait returns how long the address must wait before it may try that login again; 0 for not at all.
func (t *Throttle) Wait(ctx context.Context, login, address string, now time.Time) (time.Duration, error) {
	seen, err := t.store.Attempts(ctx, keysOf(login, address), now.Add(-forgetAfter))
	if err != nil {
		return 0, err
	}
	return waitFor(seen, now), nil
}

// waitFor takes what failed by login and address, and by address.
func waitFor(seen []Attempts, now time.Time) time.Duration {
	return max(seen[0].wait(freeByLogin, now), seen[1].wait(freeByAddress, now))
}

func (a Attempts) wait(free int, now time.Time) time.Duration {
	if a.Failures < free {
		return 0
	}
	wait := time.Second << min(a.Failures-free, 20)
	return max(0, a.Last.Add(min(wait, longestWait)).Sub(now))
}

// Try counts an attempt as failed before it is made, and returns 0; or how long to wait, and counts nothing. So a
// thousand attempts at the same moment are not all free. Succeeded takes it back. Who has to wait costs no write.
func (t *Throttle) Try(ctx context.Context, login, address string, now time.Time) (wait time.Duration, err error) {
	if wait, err = t.Wait(ctx, login, address, now); err != nil || wait > 0 {
		return wait, err
	}
	err = t.change(ctx, login, address, now, func(seen []Attempts) {
		if wait = waitFor(seen, now); wait == 0 {
			failed(seen, now)
		}
	})
	return wait, err
}

// Failed notes a failure.
func (t *Throttle) Failed(ctx context.Context, login, address string, now time.Time) error {
	return t.change(ctx, login, address, now, func(seen []Attempts) { failed(seen, now) })
}

func failed(seen []Attempts, now time.Time) {
	for i := range seen {
		seen[i] = Attempts{seen[i].Failures + 1, now}
	}
}

// Succeeded forgets the failures of that login at the address, and the one that Try counted of the address. Its others
// stay, or one good login among them would buy a guesser any number of attempts at the others.
func (t *Throttle) Succeeded(ctx context.Context, login, address string, now time.Time) error {
	return t.change(ctx, login, address, now, func(seen []Attempts) {
		seen[0] = Attempts{}
		seen[1].Failures--
	})
}

func (t *Throttle) change(ctx context.Context, login, address string, now time.Time, change func([]Attempts)) error {
	return t.store.ChangeAttempts(ctx, keysOf(login, address), now.Add(-forgetAfter), change)
}

// keysOf returns the keys by login and address, and by address.
func keysOf(login, address string) []Hash {
	return []Hash{sha256.Sum256([]byte("login " + loginKey(login, address))), sha256.Sum256([]byte("address " + address))}
}

// inMemory counts for one process.
type inMemory struct {
	mu   sync.Mutex
	seen map[Hash]Attempts
}

// maxTracked bounds what is remembered. A flood from that many addresses is not one that counting by address can slow down.
const maxTracked = 100_000

func (m *inMemory) Attempts(_ context.Context, keys []Hash, since time.Time) ([]Attempts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since(keys, since), nil
}

func (m *inMemory) since(keys []Hash, since time.Time) []Attempts {
	list := make([]Attempts, len(keys))
	for i, key := range keys {
		if a := m.seen[key]; !a.Last.Before(since) {
			list[i] = a
		}
	}
	return list
}

func (m *inMemory) ChangeAttempts(_ context.Context, keys []Hash, forget time.Time, change func([]Attempts)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.since(keys, forget)
	change(list)
	m.makeRoom(forget)
	for i, key := range keys {
		if list[i].Failures > 0 {
			m.seen[key] = list[i]
		} else {
			delete(m.seen, key)
		}
	}
	return nil
}

// makeRoom drops what is old, and everything if that is not enough.
func (m *inMemory) makeRoom(forget time.Time) {
	if len(m.seen) < maxTracked {
		return
	}
	maps.DeleteFunc(m.seen, func(_ Hash, a Attempts) bool { return a.Last.Before(forget) })
	if len(m.seen) >= maxTracked {
		clear(m.seen)
	}
}

func loginKey(login, address string) string { return address + " " + strings.ToLower(login) }

// Address returns the network address that a request counts under: the peer's, or what the nearest proxy says where
// the peer is one of the trusted proxies: the last of what X-Forwarded-For has, in however many lines, since what stands before
// it came from who asks. An IPv6 address counts as its /64, which one customer has whole.
func Address(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	from := peer.Addr().Unmap()
	if contains(trusted, from) {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if a, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1])); err == nil {
			from = a.Unmap()
		}
	}
	if from.Is6() {
		if p, err := from.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return from.String()
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
