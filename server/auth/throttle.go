package auth

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Throttle slows down guessing. It counts failures by login and address together, and by address alone with more
// patience; never by login alone, or anybody could lock a colleague out by failing in his name. After a few free
// attempts each further failure doubles the wait. It is safe for concurrent use.
type Throttle struct {
	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	failures int
	last     time.Time
}

// How much patience there is: by login and address, and by address for all logins together, behind which a whole
// office may sit.
const (
	freeByLogin   = 4
	freeByAddress = 30
	longestWait   = 15 * time.Minute
	forgetAfter   = time.Hour
	maxTracked    = 50_000
)

// NewThrottle returns a throttle that has seen nothing.
func NewThrottle() *Throttle { return &Throttle{tries: map[string]tries{}} }

// Wait returns how long the address must wait before it may try that login again; 0 for not at all.
func (t *Throttle) Wait(login, address string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.wait(loginKey(login, address), freeByLogin, now), t.wait(address, freeByAddress, now))
}

func (t *Throttle) wait(key string, free int, now time.Time) time.Duration {
	seen := t.tries[key]
	if seen.failures < free {
		return 0
	}
	wait := time.Second << min(seen.failures-free, 20)
	return max(0, seen.last.Add(min(wait, longestWait)).Sub(now))
}

// Try counts an attempt as failed before it is made, and returns 0; or how long to wait, and counts nothing. So a
// thousand attempts at the same moment are not all free. Succeeded takes it back.
func (t *Throttle) Try(login, address string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	wait := max(t.wait(loginKey(login, address), freeByLogin, now), t.wait(address, freeByAddress, now))
	if wait == 0 {
		t.failed(login, address, now)
	}
	return wait
}

// Failed notes a failure.
func (t *Throttle) Failed(login, address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed(login, address, now)
}

func (t *Throttle) failed(login, address string, now time.Time) {
	if len(t.tries) >= maxTracked {
		t.forget(now)
	}
	for _, key := range []string{loginKey(login, address), address} {
		t.tries[key] = tries{t.tries[key].failures + 1, now}
	}
}

// Succeeded forgets the failures of that login at the address, and the one that Try counted of the address. Its others
// stay, or one good login among them would buy a guesser any number of attempts at the others.
func (t *Throttle) Succeeded(login, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tries, loginKey(login, address))
	seen := t.tries[address]
	if seen.failures--; seen.failures > 0 {
		t.tries[address] = seen
	} else {
		delete(t.tries, address)
	}
}

// forget drops what is old, and everything if that is not enough: a flood from that many addresses is not one that
// counting by address can slow down.
func (t *Throttle) forget(now time.Time) {
	for key, seen := range t.tries {
		if now.Sub(seen.last) > forgetAfter {
			delete(t.tries, key)
		}
	}
	if len(t.tries) >= maxTracked {
		clear(t.tries)
	}
}

func loginKey(login, address string) string { return address + " " + strings.ToLower(login) }

// Address returns the network address that a request counts under: the peer's, or what the nearest proxy says where
// the peer is one of the trusted proxies. An IPv6 address counts as its /64, which one customer has whole.
func Address(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	from := peer.Addr().Unmap()
	if contains(trusted, from) {
		hops := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
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
