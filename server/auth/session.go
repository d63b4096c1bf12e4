package auth

import (
	"context"
	"net/http"
	"sync"
	"time"

	"fieldsync/sync/record"

	"github.com/alexedwards/scs/v2"
)

// Sessions are the office's: a cookie with a random token, and beside it in the store, under the token's hash, who it
// is, so that every process of the hub knows them. A session ends after twelve hours, after two in which its person did
// nothing, or when his password or roles change.
type Sessions struct {
	manager *scs.SessionManager
	people  *People
}

// How long a session lasts without and with somebody at it, and how exactly the former is kept: a page that is only
// looked at writes nothing more often than that.
const (
	sessionIdle  = 2 * time.Hour
	sessionLife  = 12 * time.Hour
	sessionNoted = 5 * time.Minute
	codeAwaited  = 5 * time.Minute // how long the code may come after the password
)

// bare is a manager with the package's own settings. With each comes a store in memory and a goroutine that never ends: one
// is enough, whatever hubs are opened in this process.
var bare = sync.OnceValue(scs.New)

// NewSessions returns sessions kept in the store. With secure the cookie travels over TLS only, and carries the
// __Host- prefix, which a neighbouring host name cannot set.
func NewSessions(store scs.Store, people *People, secure bool) *Sessions {
	m := new(scs.SessionManager)
	*m = *bare()
	m.Store, m.HashTokenInStore = store, true
	m.Lifetime = sessionLife
	m.Cookie.Name, m.Cookie.Path = "fieldsync", "/"
	m.Cookie.HttpOnly, m.Cookie.Secure = true, secure
	m.Cookie.SameSite = http.SameSiteLaxMode // Strict would show the sign-in page to who follows a link from his mail
	if secure {
		m.Cookie.Name = "__Host-fieldsync"
	}
	return &Sessions{m, people}
}

// Load gives the requests it passes on their sessions, and answers with the cookie where it changed.
func (s *Sessions) Load(next http.Handler) http.Handler { return s.manager.LoadAndSave(next) }

const (
	personKey = "person"
	halfKey   = "half" // who gave his password, and not his code yet: he is nobody until then
	eraKey    = "era"
	seenKey   = "seen" // when its person last did something, ms
	noticeKey = "notice"
)

// Await notes that the person gave his password and his code is awaited: he is nobody until Begin.
func (s *Sessions) Await(ctx context.Context, p *Person) error {
	return s.put(ctx, halfKey, personKey, p)
}

// Begin signs the person in under a new token: one that was planted before means nothing afterwards.
func (s *Sessions) Begin(ctx context.Context, p *Person) error {
	return s.put(ctx, personKey, halfKey, p)
}

// put notes under a new token who it is, as one and not as the other.
func (s *Sessions) put(ctx context.Context, as, not string, p *Person) error {
	if err := s.manager.RenewToken(ctx); err != nil {
		return err
	}
	s.manager.Remove(ctx, not)
	s.manager.Put(ctx, as, p.ID.String())
	s.manager.Put(ctx, eraKey, p.era())
	s.manager.Put(ctx, seenKey, s.people.now().UnixMilli())
	return nil
}

// End signs out.
func (s *Sessions) End(ctx context.Context) error { return s.manager.Destroy(ctx) }

// Touch notes that the person at the session did something; what a page does by itself is no reason to.
func (s *Sessions) Touch(ctx context.Context) {
	if s.idle(ctx) >= sessionNoted {
		s.manager.Put(ctx, seenKey, s.people.now().UnixMilli())
	}
}

func (s *Sessions) idle(ctx context.Context) time.Duration {
	return s.people.now().Sub(time.UnixMilli(s.manager.GetInt64(ctx, seenKey)))
}

// Who returns who is signed in, nil for nobody: no session, one at which nobody did anything for long, a person who is no
// longer active, or one whose password or roles changed since.
func (s *Sessions) Who(ctx context.Context) (*Person, error) {
	return s.noted(ctx, personKey, sessionIdle)
}

// Awaited returns whose code is awaited, nil for nobody: none who gave his password in the last minutes, or one whose
// password or roles changed since.
func (s *Sessions) Awaited(ctx context.Context) (*Person, error) {
	return s.noted(ctx, halfKey, codeAwaited)
}

func (s *Sessions) noted(ctx context.Context, as string, within time.Duration) (*Person, error) {
	id, err := record.ParseID(s.manager.GetString(ctx, as))
	if err != nil || s.idle(ctx) > within {
		return nil, nil
	}
	p, err := s.people.Person(ctx, id)
	if err != nil || p == nil || !p.Active || p.era() != s.manager.GetString(ctx, eraKey) {
		return nil, err
	}
	return p, nil
}

// Notify leaves a sentence for the next page that is shown.
func (s *Sessions) Notify(ctx context.Context, notice string) { s.manager.Put(ctx, noticeKey, notice) }

// Notice takes the sentence that was left, "" if there is none.
func (s *Sessions) Notice(ctx context.Context) string {
	if !s.manager.Exists(ctx, noticeKey) {
		return ""
	}
	return s.manager.PopString(ctx, noticeKey)
}
