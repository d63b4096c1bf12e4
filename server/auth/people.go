package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Person is somebody who signs in to the office, carries a device, or both.
type Person struct {
	ID       record.ID
	Login    string // lower case, unique
	Name     string
	Hash     string // of the password, see HashPassword; "" for somebody who cannot sign in
	Roles    []Role // in every branch
	Posts    []Post // in one branch each
	Language string // BCP 47: "en", "zh-Hans" or "zh-Hant"; "" leaves it to the browser
	Active   bool
	Ended    int64  // how often all his sessions were ended: none that began before the last time goes on
	Second   Second // his second step of signing in; zero for none

	rights  rights // of one whom People returns
	guarded bool   // of one whom Person returns: a role of his asks for a second step
}

// era changes whenever the person's sessions must end: with his password, his roles, and when he is let out or in. It is
// never again what it was.
func (p *Person) era() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q %v %v %t %d", p.ID, p.Hash, p.Roles, p.Posts, p.Active, p.Ended))
	return hex.EncodeToString(sum[:8])
}

// PeopleStore keeps people.
type PeopleStore interface {
	// Person returns nil if there is none with that id.
	Person(context.Context, record.ID) (*Person, error)
	// PersonByLogin returns nil if there is none with that login, which is lower case.
	PersonByLogin(ctx context.Context, login string) (*Person, error)
	// People returns everybody, ordered by name.
	People(context.Context) ([]Person, error)
	// PutPerson adds the person or replaces the one of the same id. The error for a login that another person has is a
	// *fault.Error with the code LoginTaken.
	PutPerson(context.Context, Person) error
	// ChangePerson lets change make something else of the person as he is now, and keeps it, in one transaction: of two
	// that change him at once the later sees what the earlier did. Everybody yields all people as they are in it. It
	// returns whom it kept; the error for nobody is a *fault.Error with the code UnknownOne.
	ChangePerson(ctx context.Context, id record.ID, change func(p *Person, everybody func() ([]Person, error)) error) (*Person, error)
	RoleStore
}

// People signs people in and manages them.
type People struct {
	store    PeopleStore
	throttle *Throttle
	random   io.Reader
	now      func() time.Time
	cost     Cost
	gate     chan struct{} // each hash takes 19 MiB: this many at a time
	company  string        // a word that is no password here
	secret   []byte        // by which challenges are known again
	decoy    string        // checked where there is no such login, so that the answer takes as long
}

// NewPeople returns the manager of the people in the store. The error is that of reading random.
func NewPeople(store PeopleStore, random io.Reader, now func() time.Time) (*People, error) {
	return newPeople(store, random, now, Today)
}

func newPeople(store PeopleStore, random io.Reader, now func() time.Time, cost Cost) (*People, error) {
	decoy, err := HashPassword(random, "nobody has this password", cost)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, sha256.Size)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("auth: making a secret: %w", err)
	}
	return &People{store: store, throttle: NewThrottle(nil), random: random, now: now, cost: cost, gate: make(chan struct{}, 2), decoy: decoy, secret: secret}, nil
}

// CountIn has attempts that fail counted in the store, for every process of the hub. It is to be told before anybody signs in.
func (s *People) CountIn(store AttemptStore) { s.throttle = NewThrottle(store) }

// ChallengeBy tells the secret by which every process of the hub knows the challenges that another made. Without it, each
// knows its own. It is to be told before anybody signs in.
func (s *People) ChallengeBy(secret []byte) { s.secret = secret }

// Of tells the name of the company, which is part of nobody's password here. It is to be told before anybody signs in.
func (s *People) Of(company string) { s.company = company }

// Person returns the person with what he may do, nil if there is none.
func (s *People) Person(ctx context.Context, id record.ID) (*Person, error) {
	p, err := s.store.Person(ctx, id)
	if err != nil || p == nil {
		return nil, err
	}
	list, err := s.Roles(ctx)
	if err != nil {
		return nil, err
	}
	p.rights = rightsOf(p, mayOf(list))
	p.guarded = slices.ContainsFunc(list, func(d Definition) bool { return d.Guarded && p.Is(d.Role) })
	return p, nil
}

// All returns everybody with what each may do, ordered by name.
func (s *People) All(ctx context.Context) ([]Person, error) {
	everybody, err := s.store.People(ctx)
	if err != nil {
		return nil, err
	}
	defined, err := s.defined(ctx)
	for i := range everybody {
		everybody[i].rights = rightsOf(&everybody[i], defined)
	}
	return everybody, err
}

// SignIn returns the person with that login and password: who has a second step is not in yet, see SecondStep. Wrong logins and wrong passwords cannot be told apart, not
// by the clock either. The error is a *fault.Error with the code fault.Unauthentic, Throttled or fault.Overloaded.
func (s *People) SignIn(ctx context.Context, login, password, address string) (*Person, error) {
	login = cleanLogin(login)
	wait, err := s.throttle.Try(ctx, login, address, s.now())
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		return nil, fault.New(Throttled, "Too many attempts. Wait a little, then try again.")
	}
	p, err := s.store.PersonByLogin(ctx, login)
	if err != nil {
		return nil, err
	}
	ok, stale, err := s.check(ctx, p, password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(fault.Unauthentic, "The sign-in name or the password is wrong.")
	}
	if err := s.throttle.Succeeded(ctx, login, address, s.now()); err != nil {
		return nil, err
	}
	if stale {
		if err := s.rehash(ctx, p, password); err != nil {
			return nil, err
		}
	}
	return s.Person(ctx, p.ID)
}

// everybody yields all people, within the transaction that changes one of them.
type everybody = func() ([]Person, error)

// Add adds a person; with an empty password he cannot sign in to the office. The id is fresh. The error is a
// *fault.Error with the code fault.Invalid, WeakPassword or LoginTaken.
func (s *People) Add(ctx context.Context, p Person, password string) (*Person, error) {
	p.Login, p.Name = cleanLogin(p.Login), strings.TrimSpace(p.Name)
	if err := checkNames(p); err != nil {
		return nil, err
	}
	id, err := newID(s.random, s.now())
	if err != nil {
		return nil, err
	}
	p.ID, p.Active = id, true
	if password != "" {
		if err := s.setPassword(&p, password); err != nil {
			return nil, err
		}
	}
	return &p, s.store.PutPerson(ctx, p)
}

func checkNames(p Person) error {
	switch {
	case p.Login == "" || len(p.Login) > 64 || strings.ContainsAny(p.Login, " \t\n"):
		return fault.New(fault.Invalid, "The sign-in name is needed: up to 64 characters without spaces.")
	case p.Name == "" || utf8.RuneCountInString(p.Name) > 100 || strings.ContainsFunc(p.Name, unicode.IsControl):
		return fault.New(fault.Invalid, "The name is needed: up to 100 characters, on one line.")
	case len(p.Roles)+len(p.Posts) == 0:
		return fault.New(fault.Invalid, "Choose at least one role.")
	}
	return nil
}

// SetLanguage sets the language of the person's pages; his sessions go on.
func (s *People) SetLanguage(ctx context.Context, id record.ID, language string) error {
	_, err := s.store.ChangePerson(ctx, id, func(p *Person, _ everybody) error {
		p.Language = language
		return nil
	})
	return err
}

// SetRoles replaces the person's roles, those in every branch and those in one. The error is a *fault.Error with the
// code LastAdmin, UnknownOne or fault.Invalid.
func (s *People) SetRoles(ctx context.Context, id record.ID, roles []Role, posts ...Post) (*Person, error) {
	return s.ReplaceRoles(ctx, id, func(*Person) error { return nil }, roles, posts...)
}

// ReplaceRoles does the same, unless check refuses the person as he is now: who was shown other roles replaces none. The
// errors are those of SetRoles, and check's.
func (s *People) ReplaceRoles(ctx context.Context, id record.ID, check func(now *Person) error, roles []Role, posts ...Post) (*Person, error) {
	defined, err := s.defined(ctx)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, id, func(p *Person, all everybody) error {
		if err := check(p); err != nil {
			return err
		}
		p.Roles, p.Posts = roles, posts
		if err := checkNames(*p); err != nil {
			return err
		}
		return keepsAnAdministrator(*p, all, defined)
	})
}

// SetActive lets the person in or keeps him out. What he did stays. The error is a *fault.Error with the code
// LastAdmin or UnknownOne.
func (s *People) SetActive(ctx context.Context, id record.ID, active bool) (*Person, error) {
	defined, err := s.defined(ctx)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, id, func(p *Person, all everybody) error {
		p.Active = active
		return keepsAnAdministrator(*p, all, defined)
	})
}

// MayManage refuses to let somebody give the person other roles, a password, or keep him out, where that person may do
// what he may not: or one who manages people would make himself anything. Roles and posts are those to be given; none
// where they stay. The error is a *fault.Error with the code BeyondOwn.
func (s *People) MayManage(ctx context.Context, by, who *Person, roles []Role, posts []Post) error {
	defined, err := s.defined(ctx)
	if err != nil {
		return err
	}
	given := rightsOf(&Person{Roles: roles, Posts: posts, Active: true}, defined)
	has := rightsOf(&Person{Roles: who.Roles, Posts: who.Posts, Active: true}, defined)
	if !by.covers(given) || !by.covers(has) {
		return errBeyond
	}
	return nil
}

// EndSessions signs the person out wherever he is signed in. The error is a *fault.Error with the code UnknownOne.
func (s *People) EndSessions(ctx context.Context, id record.ID) error {
	_, err := s.change(ctx, id, func(*Person, everybody) error { return nil })
	return err
}

// change changes the person, and ends his sessions.
func (s *People) change(ctx context.Context, id record.ID, do func(*Person, everybody) error) (*Person, error) {
	return s.store.ChangePerson(ctx, id, func(p *Person, all everybody) error {
		if err := do(p, all); err != nil {
			return err
		}
		p.Ended++
		return nil
	})
}

func (s *People) known(ctx context.Context, id record.ID) (*Person, error) {
	p, err := s.store.Person(ctx, id)
	if err == nil && p == nil {
		err = fault.New(UnknownOne, "This person is not known here.")
	}
	return p, err
}

// keepsAnAdministrator refuses a change after which nobody could manage people.
func keepsAnAdministrator(changed Person, all everybody, defined map[Role][]Permission) error {
	people, err := all()
	if err != nil {
		return err
	}
	for _, p := range people {
		if p.ID == changed.ID {
			p = changed
		}
		if p.rights = rightsOf(&p, defined); p.May(ManagePeople) && p.Hash != "" {
			return nil
		}
	}
	return fault.New(LastAdmin, "Somebody must be able to manage people. Make another person administrator first.")
}

// FirstAdministrator adds an administrator where nobody can manage people yet. Without a password given it makes one,
// which is returned to be printed once and must be replaced at the first sign-in; there is no default password. It
// returns nil where an administrator exists.
func (s *People) FirstAdministrator(ctx context.Context, login, name, password string) (*Person, string, error) {
	everybody, err := s.All(ctx)
	if err != nil || slices.ContainsFunc(everybody, func(p Person) bool { return p.May(ManagePeople) && p.Hash != "" }) {
		return nil, "", err
	}
	p, err := s.Add(ctx, Person{Login: login, Name: name, Roles: []Role{Administrator}}, password)
	if err != nil || password != "" {
		return p, "", err
	}
	printed, err := s.OneTimePassword(ctx, p.ID)
	return p, printed, err
}

func cleanLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

func newID(random io.Reader, now time.Time) (record.ID, error) {
	var b [10]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return record.ID{}, fmt.Errorf("auth: making an id: %w", err)
	}
	return record.NewID(now.UnixMilli(), b), nil
}
