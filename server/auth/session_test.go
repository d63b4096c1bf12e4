package auth

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// drawer counts what is written into it.
type drawer struct {
	data   map[string][]byte
	writes int
}

func (d *drawer) Find(token string) ([]byte, bool, error) { b, ok := d.data[token]; return b, ok, nil }
func (d *drawer) Delete(token string) error               { delete(d.data, token); return nil }
func (d *drawer) Commit(token string, b []byte, _ time.Time) error {
	d.data[token], d.writes = b, d.writes+1
	return nil
}

// desk is a browser at which somebody may sit.
type desk struct {
	*testing.T
	*Sessions
	store  *drawer
	now    time.Time
	cookie *http.Cookie
}

func newDesk(t *testing.T) (*desk, *Person) {
	d := &desk{T: t, store: &drawer{data: map[string][]byte{}}, now: time.Now()}
	people, err := newPeople(newMemory(), rand.Reader, func() time.Time { return d.now }, cheap)
	if err != nil {
		t.Fatal(err)
	}
	d.Sessions = NewSessions(d.store, people, true)
	return d, people.hires(t, "li", []Role{Dispatcher})
}

// asks sends a request with the cookie that the browser has.
func (d *desk) asks(do func(context.Context)) {
	d.Helper()
	r, w := httptest.NewRequest(http.MethodGet, "https://hub/", nil), httptest.NewRecorder()
	if d.cookie != nil {
		r.AddCookie(d.cookie)
	}
	d.Load(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { do(r.Context()) })).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		d.cookie = c
	}
}

func (d *desk) signsIn(p *Person) {
	d.asks(func(ctx context.Context) {
		if err := d.Begin(ctx, p); err != nil {
			d.Fatal(err)
		}
	})
}

func (d *desk) isIn() (in bool) {
	d.asks(func(ctx context.Context) {
		who, err := d.Who(ctx)
		if err != nil {
			d.Fatal(err)
		}
		if in = who != nil; in {
			d.Touch(ctx)
		}
	})
	return in
}

// Looking at pages writes nothing but, now and then, that somebody is there.
func TestAPageThatIsLookedAtWritesNothing(t *testing.T) {
	t.Parallel()
	d, li := newDesk(t)
	d.signsIn(li)
	before := d.store.writes
	for range 20 {
		if d.asks(func(ctx context.Context) { _ = d.Notice(ctx) }); !d.isIn() {
			t.Fatal("he is out")
		}
	}
	if d.store.writes != before {
		t.Errorf("%d writes", d.store.writes-before)
	}
	d.now = d.now.Add(sessionNoted)
	if d.isIn(); d.store.writes != before+1 {
		t.Errorf("%d writes after a while", d.store.writes-before)
	}
	d.asks(func(ctx context.Context) { d.Notify(ctx, "Saved.") })
	d.asks(func(ctx context.Context) {
		if said := d.Notice(ctx); said != "Saved." {
			t.Errorf("it says %q", said)
		}
	})
}

// A session ends when nobody did anything for two hours; one at which somebody works goes on.
func TestASessionEndsWithoutAnybodyAtIt(t *testing.T) {
	t.Parallel()
	d, li := newDesk(t)
	d.signsIn(li)
	for range 5 {
		d.now = d.now.Add(sessionIdle - time.Minute)
		if !d.isIn() {
			t.Fatal("he works, and is out")
		}
	}
	if d.now = d.now.Add(sessionIdle + time.Second); d.isIn() {
		t.Error("nobody was there, and the session goes on")
	}
}

// A token that somebody planted before the sign-in is worth nothing after it, and one that is of no session none at all.
func TestAPlantedTokenIsWorthNothing(t *testing.T) {
	t.Parallel()
	d, li := newDesk(t)
	d.asks(func(ctx context.Context) { d.Notify(ctx, "hello") })
	planted := d.cookie
	d.signsIn(li)
	own := d.cookie
	if own.Value == planted.Value || !own.HttpOnly || !own.Secure || own.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %v", own)
	}
	if d.cookie = planted; d.isIn() {
		t.Error("who planted the token is in")
	}
	d.cookie = own
	d.asks(func(ctx context.Context) { _ = d.End(ctx) })
	if d.cookie = own; d.isIn() {
		t.Error("he signed out, and his token lets somebody in")
	}
	for token := range d.store.data {
		if token == own.Value || token == planted.Value {
			t.Error("a token is kept as it is")
		}
	}
}

// A session that was ended stays so, though its person is let in again or has his old roles again.
func TestASessionThatWasEndedStaysEnded(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*People, *Person) error{
		"kept out, and let in again": func(s *People, p *Person) error {
			if _, err := s.SetActive(t.Context(), p.ID, false); err != nil {
				return err
			}
			_, err := s.SetActive(t.Context(), p.ID, true)
			return err
		},
		"other roles, and the old ones again": func(s *People, p *Person) error {
			if _, err := s.SetRoles(t.Context(), p.ID, []Role{Auditor}); err != nil {
				return err
			}
			_, err := s.SetRoles(t.Context(), p.ID, []Role{Dispatcher})
			return err
		},
		"signed out everywhere": func(s *People, p *Person) error { return s.EndSessions(t.Context(), p.ID) },
	} {
		d, li := newDesk(t)
		d.people.hires(t, "boss", []Role{Administrator})
		d.signsIn(li)
		if err := end(d.people, li); err != nil {
			t.Fatal(err)
		}
		if d.isIn() {
			t.Errorf("%s: the session goes on", name)
		}
		if d.signsIn(d.people.again(t, li)); !d.isIn() {
			t.Errorf("%s: he cannot sign in again", name)
		}
	}
}
