package auth

import (
	"context"
	"net/http"
	"time"

	"fieldsync/sync/record"

	"github.com/alexedwards/scs/v2"
)

// Sessions are the office's: a cookie with a random token, and beside it in the store, under the token's hash, who it
// is. A session ends after twelve hours, after two without a request, or when its person's password or roles
// change.
type Sessions struct {
	manager *scs.SessionManager
	people  *People
}

// NewSessions returns sessions kept in the store. With secure the cookie travels over TLS only, and carries the
// __Host- prefix, which a neighbouring host name cannot set.
func NewSessions(store scs.Store, people *People, secure bool) *Sessions {
	m := scs.New()
	m.Store, m.HashTokenInStore = store, true
	m.Lifetime, m.IdleTimeout = 12*time.Hour, 2*time.Hour
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
	eraKey    = "era"
	noticeKey = "notice"
)

// Begin signs the person in under a new token: one that was planted before means nothing afterwards.
func (s *Sessions) Begin(ctx context.Context, p *Person) error {
	if err := s.manager.RenewToken(ctx); err != nil {
		return err
	}
	s.manager.Put(ctx, personKey, p.ID.String())
	s.manager.Put(ctx, eraKey, p.era())
	return nil
}

// End signs out.
func (s *Sessions) End(ctx context.Context) error { return s.manager.Destroy(ctx) }

// Who returns who is signed in, nil for nobody: no session, a person who is no longer active, or one whose password
// or roles changed since.
func (s *Sessions) Who(ctx context.Context) (*Person, error) {
	id, err := record.ParseID(s.manager.GetString(ctx, personKey))
	if err != nil {
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
func (s *Sessions) Notice(ctx context.Context) string { return s.manager.PopString(ctx, noticeKey) }
