package auth

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"maps"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

var cheap = Cost{Memory: 64, Passes: 1, Threads: 1}

type memory struct {
	people  map[record.ID]Person
	codes   map[Hash]Code
	devices map[record.ID]Device
	tokens  map[Hash]Token
	roles   map[Role][]string
	wiped   []record.ID
	guarded []Role
}

func newMemory() *memory {
	return &memory{map[record.ID]Person{}, map[Hash]Code{}, map[record.ID]Device{}, map[Hash]Token{}, map[Role][]string{}, nil, nil}
}

func (m *memory) Person(_ context.Context, id record.ID) (*Person, error) {
	if p, ok := m.people[id]; ok {
		return &p, nil
	}
	return nil, nil
}

func (m *memory) PersonByLogin(_ context.Context, login string) (*Person, error) {
	for _, p := range m.people {
		if p.Login == login {
			return &p, nil
		}
	}
	return nil, nil
}

func (m *memory) People(context.Context) (list []Person, err error) {
	for _, p := range m.people {
		list = append(list, p)
	}
	return list, nil
}

func (m *memory) PutPerson(_ context.Context, p Person) error { m.people[p.ID] = p; return nil }

func (m *memory) ChangePerson(ctx context.Context, id record.ID, change func(*Person, everybody) error) (*Person, error) {
	p, ok := m.people[id]
	if !ok {
		return nil, fault.New(UnknownOne, "This person is not known here.")
	}
	if err := change(&p, func() ([]Person, error) { return m.People(ctx) }); err != nil {
		return nil, err
	}
	m.people[id] = p
	return &p, nil
}

func (m *memory) PutCode(_ context.Context, c Code) error   { m.codes[c.Hash] = c; return nil }
func (m *memory) PutToken(_ context.Context, t Token) error { m.tokens[t.Hash] = t; return nil }

func (m *memory) UseToken(_ context.Context, used Token) error {
	for h, t := range m.tokens {
		t.Used, t.Spent = t.Used || h == used.Hash, t.Spent || t.Device == used.Device && h != used.Hash
		m.tokens[h] = t
	}
	return nil
}

func (m *memory) RefuseTokens(_ context.Context, device record.ID) error {
	maps.DeleteFunc(m.tokens, func(_ Hash, t Token) bool { return t.Device == device })
	return nil
}

func (m *memory) Enrol(_ context.Context, h Hash, d Device, now time.Time) (*Device, error) {
	c, ok := m.codes[h]
	if !ok || !now.Before(c.Expires) {
		return nil, fault.New(BadCode, "This code is wrong, used or expired. Ask the office for a new one.")
	}
	if !d.Person.IsZero() && d.Person != c.Person {
		return nil, ErrOwner
	}
	delete(m.codes, h)
	d.Person = c.Person
	m.devices[d.ID] = d
	return &d, nil
}

func (m *memory) Roles(context.Context) (map[Role][]string, error) { return maps.Clone(m.roles), nil }

func (m *memory) ChangeRoles(_ context.Context, change func(map[Role][]string) error) error {
	changed := maps.Clone(m.roles)
	err := change(changed)
	if err == nil {
		m.roles = changed
	}
	return err
}

func (m *memory) Guarded(context.Context) ([]Role, error) { return m.guarded, nil }

func (m *memory) ChangeGuarded(_ context.Context, change func([]Role) []Role) error {
	m.guarded = change(slices.Clone(m.guarded))
	return nil
}

func (m *memory) Device(_ context.Context, id record.ID) (*Device, error) {
	if d, ok := m.devices[id]; ok {
		return &d, nil
	}
	return nil, nil
}

func (m *memory) NoteWiped(_ context.Context, id record.ID) error {
	m.wiped = append(m.wiped, id)
	return nil
}

func (m *memory) SetStanding(_ context.Context, id record.ID, s Standing, _ func(Standing) error) error {
	d := m.devices[id]
	d.Standing = s
	m.devices[id] = d
	return nil
}

func (m *memory) Bearer(ctx context.Context, h Hash) (*Token, *Device, error) {
	t, ok := m.tokens[h]
	if !ok {
		return nil, nil, nil
	}
	d, err := m.Device(ctx, t.Device)
	return &t, d, err
}

func (m *memory) era(id record.ID) string { p := m.people[id]; return p.era() }

func wantCode(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Errorf("refused with %q (%v), want %q", got, err, want)
	}
}

func staff(t *testing.T) (*People, *memory, *time.Time) {
	t.Helper()
	m, now := newMemory(), time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC)
	s, err := newPeople(m, rand.Reader, func() time.Time { return now }, cheap)
	if err != nil {
		t.Fatal(err)
	}
	return s, m, &now
}

func TestPassword(t *testing.T) {
	t.Parallel()
	encoded, err := HashPassword(rand.Reader, "three quiet words", Today)
	if err != nil || !strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hashed as %q, %v", encoded, err)
	}
	if ok, stale := CheckPassword(encoded, "three quiet words"); !ok || stale {
		t.Errorf("the right password: %v, stale %v", ok, stale)
	}
	if ok, _ := CheckPassword(encoded, "three quiet word"); ok {
		t.Error("a wrong password passes")
	}
	weak, _ := HashPassword(rand.Reader, "three quiet words", cheap)
	if ok, stale := CheckPassword(weak, "three quiet words"); !ok || !stale {
		t.Error("a cheap hash is right, and stale")
	}
}

func FuzzCheckPassword(f *testing.F) {
	good, _ := HashPassword(rand.Reader, "x", cheap)
	for _, seed := range []string{"", good, "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$aGFzaA", "$$$$$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		if c, _, _, err := decodeHash(encoded); err == nil && c.Memory > 1<<10 {
			t.Skip("dear, and no different")
		}
		CheckPassword(encoded, "another")
	})
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s, m, _ := staff(t)
	p, err := s.Add(t.Context(), Person{Login: " Li ", Name: "李敏", Roles: []Role{Dispatcher}}, "three quiet words")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Li\nMin", "Li\tMin", "Li\x00", " \n "} { // it stands on one line everywhere
		_, err := s.Add(t.Context(), Person{Login: "li2", Name: name, Roles: []Role{Dispatcher}}, "")
		wantCode(t, err, fault.Invalid)
	}
	if _, err := s.SignIn(t.Context(), "LI", "three quiet words", "1.1.1.1"); err != nil {
		t.Errorf("whatever the case of the name: %v", err)
	}
	_, wrong := s.SignIn(t.Context(), "li", "wrong", "1.1.1.1")
	_, nobody := s.SignIn(t.Context(), "nobody", "wrong", "1.1.1.1")
	wantCode(t, wrong, fault.Unauthentic)
	if wrong.Error() != nobody.Error() {
		t.Error("a wrong name and a wrong password can be told apart")
	}
	before := m.era(p.ID)
	if _, err := s.SetPassword(t.Context(), p.ID, "four other quiet words"); err != nil || m.era(p.ID) == before {
		t.Errorf("sessions go on after a new password (%v)", err)
	}
	s.cost = Today
	if _, err := s.SignIn(t.Context(), "li", "four other quiet words", "1.1.1.1"); err != nil || !strings.Contains(m.people[p.ID].Hash, "m=19456") {
		t.Errorf("a stale hash stays (%v)", err)
	}
	if _, err := s.SetPassword(t.Context(), p.ID, "short"); fault.CodeOf(err) != WeakPassword {
		t.Errorf("a short password: %v", err)
	}
}

func TestFirstAdministratorHasNoDefaultPassword(t *testing.T) {
	t.Parallel()
	s, m, _ := staff(t)
	p, printed, err := s.FirstAdministrator(t.Context(), "admin", "Anna Berg", "")
	if err != nil || len(printed) < 16 {
		t.Fatalf("printed %q, %v", printed, err)
	}
	again, err := s.SignIn(t.Context(), "admin", printed, "1.1.1.1")
	if err != nil || !again.Temporary() {
		t.Errorf("the printed password: %v", err)
	}
	if again, _, err := s.FirstAdministrator(t.Context(), "other", "Other", ""); again != nil || err != nil {
		t.Error("a second first administrator")
	}
	_, err = s.SetActive(t.Context(), p.ID, false)
	wantCode(t, err, LastAdmin)
	_, err = s.SetRoles(t.Context(), p.ID, []Role{Technician})
	wantCode(t, err, LastAdmin)
	if !m.people[p.ID].Active {
		t.Error("refused, and done all the same")
	}
}

// waits is how long the throttle has somebody wait.
func waits(t *testing.T, th *Throttle, login, address string, now time.Time) time.Duration {
	t.Helper()
	wait, err := th.Wait(t.Context(), login, address, now)
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

// Failing in a colleague's name from elsewhere does not keep him out.
func TestThrottleLocksNobodyElseOut(t *testing.T) {
	t.Parallel()
	now, th := time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC), NewThrottle(nil)
	fails := func(login, address string) {
		if err := th.Failed(t.Context(), login, address, now); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		fails("li", "6.6.6.6")
	}
	if waits(t, th, "li", "1.1.1.1", now) != 0 {
		t.Error("the colleague is locked out")
	}
	if w := waits(t, th, "li", "6.6.6.6", now); w != longestWait {
		t.Errorf("the guesser waits %s", w)
	}
	if waits(t, th, "li", "6.6.6.6", now.Add(longestWait)) != 0 {
		t.Error("the wait never ends")
	}
	for i := range 40 {
		fails(strings.Repeat("x", i+1), "7.7.7.7")
	}
	if waits(t, th, "fresh", "7.7.7.7", now) == 0 {
		t.Error("one address may try one password on everybody")
	}
	if waits(t, th, "fresh", "7.7.7.7", now.Add(forgetAfter+1)) != 0 {
		t.Error("nothing is ever forgotten")
	}
}

// Attempts at the same moment count before they are made, and a good one is taken back.
func TestThrottleCountsAttemptsThatAreUnderWay(t *testing.T) {
	t.Parallel()
	now, th := time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC), NewThrottle(nil)
	tries := func(login, address string) time.Duration {
		wait, err := th.Try(t.Context(), login, address, now)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	free := 0
	for range 1000 {
		if tries("li", "6.6.6.6") == 0 {
			free++
		}
	}
	if free != freeByLogin {
		t.Errorf("%d attempts were free", free)
	}
	for range 1000 {
		if tries("wang", "1.1.1.1") != 0 {
			t.Fatal("good sign-ins are counted")
		}
		if err := th.Succeeded(t.Context(), "wang", "1.1.1.1", now); err != nil {
			t.Fatal(err)
		}
	}
}

// early is a store as those see it who look before anything of what is under way is written.
type early struct{ AttemptStore }

func (early) Attempts(_ context.Context, keys []Hash, _ time.Time) ([]Attempts, error) {
	return make([]Attempts, len(keys)), nil
}

// Those that looked at the same moment are counted one after the other all the same.
func TestThrottleAsksAgainWhereItCounts(t *testing.T) {
	t.Parallel()
	now, th := time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC), NewThrottle(nil)
	th.store = early{th.store}
	free := 0
	for range 100 {
		wait, err := th.Try(t.Context(), "li", "6.6.6.6", now)
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
			free++
		}
	}
	if free != freeByLogin {
		t.Errorf("%d attempts were free", free)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		peer      string
		forwarded []string // a line each
		want      string
	}{
		{"203.0.113.9:5000", nil, "203.0.113.9"},
		{"203.0.113.9:5000", []string{"1.2.3.4"}, "203.0.113.9"}, // whoever is no proxy says what he likes
		{"10.1.1.1:5000", []string{"9.9.9.9, 1.2.3.4"}, "1.2.3.4"},
		{"10.1.1.1:5000", []string{"9.9.9.9", "1.2.3.4"}, "1.2.3.4"}, // many a proxy adds a line of its own
		{"[2001:db8:1:2:3::9]:80", nil, "2001:db8:1:2::/64"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		for _, line := range c.forwarded {
			r.Header.Add("X-Forwarded-For", line)
		}
		if got := Address(r, proxies); got != c.want {
			t.Errorf("%s for %q counts as %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for _, p := range Permissions {
		if !Administrator.Grants(p) {
			t.Errorf("an administrator may not %s", p)
		}
	}
	for _, c := range []struct {
		role Role
		not  Permission
	}{
		{Manager, ManagePeople}, {Manager, RevokeDevices}, {Dispatcher, Release}, {Dispatcher, AuditSlips},
		{Auditor, EditJobs}, {Auditor, Settle}, {Technician, SeeJobs}, {"king", SignedIn},
	} {
		if c.role.Grants(c.not) {
			t.Errorf("a %s may %s", c.role, c.not)
		}
	}
	if p := (&Person{Roles: []Role{Administrator}}); !rightsOf(p, shipped)[SeeJobs].None() {
		t.Error("somebody inactive may see jobs")
	}
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	m, now := newMemory(), time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC)
	s := NewDevices(m, rand.Reader, func() time.Time { return now })
	wang := record.ID{15: 1}
	code, expires, err := s.NewCode(t.Context(), wang)
	if err != nil || len(code) != 14 || expires != now.Add(CodeLife) {
		t.Fatalf("code %q until %s, %v", code, expires, err)
	}
	key, _, _ := ed25519.GenerateKey(rand.Reader)
	_, err = s.Enrol(t.Context(), code, key[:31], "Phone", record.ID{})
	wantCode(t, err, BadKey)
	_, err = s.Enrol(t.Context(), "ACDE-FGHJ-KMNP", key, "Phone", record.ID{})
	wantCode(t, err, BadCode)
	_, err = s.Enrol(t.Context(), code, key, "Phone", record.ID{15: 2})
	wantCode(t, err, fault.NotAllowed)
	d, err := s.Enrol(t.Context(), " "+strings.ToLower(strings.ReplaceAll(code, "-", " ")), key, "Phone", record.ID{})
	if err != nil || d.Person != wang {
		t.Fatalf("as typed by hand: %+v, %v", d, err)
	}
	_, err = s.Enrol(t.Context(), code, key, "Phone", record.ID{})
	wantCode(t, err, BadCode)
	late, _, _ := s.NewCode(t.Context(), wang)
	now = now.Add(CodeLife)
	_, err = s.Enrol(t.Context(), late, key, "Phone", record.ID{})
	wantCode(t, err, BadCode)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	m, now := newMemory(), time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC)
	s := NewDevices(m, rand.Reader, func() time.Time { return now })
	phone, other := record.ID{15: 1}, record.ID{15: 2}
	m.devices[phone], m.devices[other] = Device{ID: phone, Standing: Admitted}, Device{ID: other, Standing: Admitted}
	token, err := s.NewToken(t.Context(), phone)
	if err != nil || len(token) != 16 {
		t.Fatal(token, err)
	}
	for h := range m.tokens {
		if bytes.Contains(h[:], token) {
			t.Error("the token rests in the clear")
		}
	}
	admitted := func(device record.ID, token []byte) (bool, []byte) {
		d, fresh, err := s.Admit(t.Context(), device, token)
		if err != nil {
			t.Fatal(err)
		}
		return d != nil, fresh
	}
	if ok, fresh := admitted(phone, token); !ok || fresh != nil {
		t.Error("a young token is taken, and kept")
	}
	if ok, _ := admitted(other, token); ok {
		t.Error("another device's token is taken")
	}
	now = now.Add(TokenLife - time.Hour)
	lost, _ := s.NewToken(t.Context(), phone) // one that the phone never got, because the connection broke
	ok, fresh := admitted(phone, token)
	if !ok || len(fresh) != 16 {
		t.Error("an old token is not replaced")
	}
	if ok, _ := admitted(phone, token); !ok {
		t.Error("who did not get the new one may not come with the old one")
	}
	if ok, _ := admitted(phone, fresh); !ok {
		t.Error("the new one is not taken")
	}
	if d, err := s.Bearer(t.Context(), phone, token); d != nil || err != nil {
		t.Error("a spent token fetches files", err)
	}
	if ok, _ := admitted(phone, token); ok {
		t.Error("a spent token is taken")
	}
	for _, copied := range [][]byte{token, fresh, lost} {
		if ok, _ := admitted(phone, copied); ok {
			t.Error("after a copy was used, a token is taken without a signature")
		}
	}
	if token, err = s.NewToken(t.Context(), phone); err != nil {
		t.Fatal(err)
	}
	if err := m.SetStanding(t.Context(), phone, Revoked, nil); err != nil {
		t.Fatal(err)
	}
	if ok, _ := admitted(phone, token); ok {
		t.Error("a revoked device gets in")
	}
	if err := m.SetStanding(t.Context(), phone, Admitted, nil); err != nil {
		t.Fatal(err)
	}
	now = now.Add(TokenLife)
	if ok, _ := admitted(phone, token); ok {
		t.Error("an expired token is taken")
	}
}

func TestProof(t *testing.T) {
	t.Parallel()
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	text := []byte("fieldsync challenge")
	signature := ed25519.Sign(private, text)
	if !Proves(public, text, signature) {
		t.Error("the right signature is refused")
	}
	for name, proved := range map[string]bool{
		"other text": Proves(public, []byte("x"), signature), "short signature": Proves(public, text, signature[:63]),
		"no key": Proves(nil, text, signature), "nothing": Proves(nil, nil, nil),
	} {
		if proved {
			t.Errorf("%s is a proof", name)
		}
	}
}

// late is a store in which something happens between a sign-in and what it writes.
type late struct {
	*memory
	meanwhile func()
}

func (l *late) PersonByLogin(ctx context.Context, login string) (*Person, error) {
	p, err := l.memory.PersonByLogin(ctx, login)
	l.meanwhile()
	return p, err
}

// Who is kept out, or given another password, while his own is being hashed anew is not let in again by it.
func TestASignInUndoesNothingThatWasDoneMeanwhile(t *testing.T) {
	t.Parallel()
	m := newMemory()
	store := &late{m, func() {}}
	s, err := newPeople(store, rand.Reader, time.Now, cheap)
	if err != nil {
		t.Fatal(err)
	}
	s.hires(t, "boss", []Role{Administrator})
	li := s.hires(t, "li", []Role{Dispatcher})
	s.cost = Today // so that his hash is stale
	store.meanwhile = func() {
		if _, err := s.SetActive(t.Context(), li.ID, false); err != nil {
			t.Error(err)
		}
		if _, err := s.OneTimePassword(t.Context(), li.ID); err != nil {
			t.Error(err)
		}
	}
	if p, err := s.SignIn(t.Context(), "li", "three quiet words", "1.1.1.1"); err == nil && p.Active {
		t.Error("he is in")
	}
	if now := m.people[li.ID]; now.Active || !now.Temporary() {
		t.Errorf("he is active %v, with his old password %v", now.Active, !now.Temporary())
	}
}
