package auth

import (
	"context"
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"fieldsync/sync/fault"
)

// The codes of RFC 6238, appendix B, for SHA-1.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		step := stepAt(time.Unix(at, 0))
		if got := hotp(secret, uint64(step), 8); got != want {
			t.Errorf("at %d it is %s, want %s", at, got, want)
		}
		if got := hotp(secret, uint64(step), codeDigits); got != want[2:] {
			t.Errorf("at %d the six digits are %s, want %s", at, got, want[2:])
		}
	}
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} { // RFC 4226, D
		if got := hotp(secret, uint64(counter), codeDigits); got != want {
			t.Errorf("counter %d gives %s, want %s", counter, got, want)
		}
	}
}

// secured is a company with a boss and Li, who signs in by two steps.
type secured struct {
	*testing.T
	*People
	store    *memory
	now      *time.Time
	li       *Person
	secret   []byte
	recovery []string
}

func newSecured(t *testing.T) *secured {
	t.Helper()
	s, m, now := staff(t)
	s.Of("Nord & Süd")
	s.hires(t, "boss", []Role{Administrator})
	x := &secured{T: t, People: s, store: m, now: now, li: s.hires(t, "li", []Role{Dispatcher})}
	x.setsUp()
	*now = now.Add(time.Hour)
	return x
}

// setsUp takes what the page shows, and confirms it by a code.
func (x *secured) setsUp() {
	x.Helper()
	offer, err := x.OfferSecond(x.Context(), x.li.ID)
	if err != nil {
		x.Fatal(err)
	}
	if x.secret, err = base32.StdEncoding.DecodeString(offer.Text); err != nil || len(x.secret) != secretBytes {
		x.Fatalf("the secret is %q, %v", offer.Text, err)
	}
	at, err := url.Parse(offer.Address)
	if err != nil || at.Scheme != "otpauth" || at.Host != "totp" || at.Path != "/Nord & Süd:li" || at.Query().Get("secret") != offer.Text || at.Query().Get("issuer") != "Nord & Süd" {
		x.Fatalf("the app is told %q, %v", offer.Address, err)
	}
	if x.again(x.T, x.li).Second.On() {
		x.Fatal("it counts before anybody has shown a code")
	}
	if x.li, x.recovery, err = x.ConfirmSecond(x.Context(), x.li.ID, x.code(0), "1.1.1.1"); err != nil {
		x.Fatal(err)
	}
}

// code is what the app shows so many steps from now.
func (x *secured) code(aside int64) string {
	return hotp(x.secret, uint64(stepAt(*x.now)+aside), codeDigits)
}

func (x *secured) tries(code, address string) fault.Code {
	x.Helper()
	p, err := x.SecondStep(x.Context(), x.li.ID, code, address)
	if err == nil && p.ID != x.li.ID {
		x.Fatal("somebody else is in")
	}
	return fault.CodeOf(err)
}

// Codes of now, of the step before and of the one after are taken, each once and none that comes before one that was used.
func TestACodeOfTheAppIsTakenOnce(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string][]struct {
		aside int64
		want  fault.Code
	}{
		"replayed":                 {{0, ""}, {0, fault.Unauthentic}},
		"the phone is behind":      {{-1, ""}, {-1, fault.Unauthentic}, {0, ""}},
		"the phone is ahead":       {{1, ""}, {1, fault.Unauthentic}, {0, fault.Unauthentic}},
		"too far behind":           {{-2, fault.Unauthentic}, {0, ""}},
		"too far ahead":            {{2, fault.Unauthentic}, {0, ""}},
		"an older one, overlooked": {{0, ""}, {-1, fault.Unauthentic}, {1, ""}},
	} {
		x := newSecured(t)
		for i, try := range tell {
			if got := x.tries(x.code(try.aside), "1.1.1.1"); got != try.want {
				t.Errorf("%s: try %d is answered %q, want %q", name, i, got, try.want)
			}
		}
	}
	x := newSecured(t)
	code := x.code(0)
	for _, wrong := range []string{"", "0", "12345", "1234567", code[:5] + "x", strings.Repeat("9", 300)} {
		*x.now = x.now.Add(time.Hour)
		if got := x.tries(wrong, "1.1.1.1"); got != fault.Unauthentic {
			t.Errorf("%q is answered %q", wrong, got)
		}
	}
	*x.now = x.now.Add(time.Hour)
	if code = x.code(0); x.tries(" "+code[:3]+" "+code[3:], "1.1.1.1") != "" {
		t.Error("as the app shows it, with a gap, it is refused")
	}
}

// The code that set it up lets nobody in: it was seen by whoever looked over his shoulder.
func TestTheCodeThatSetItUpIsSpent(t *testing.T) {
	t.Parallel()
	s, m, now := staff(t)
	s.hires(t, "boss", []Role{Administrator})
	x := &secured{T: t, People: s, store: m, now: now, li: s.hires(t, "li", []Role{Dispatcher})}
	s.Of("Nord & Süd")
	before := m.era(x.li.ID)
	x.setsUp()
	if m.era(x.li.ID) == before {
		t.Error("sessions that began with the password alone go on")
	}
	if got := x.tries(x.code(0), "1.1.1.1"); got != fault.Unauthentic {
		t.Errorf("it is answered %q", got)
	}
	_, err := s.OfferSecond(t.Context(), x.li.ID)
	wantCode(t, err, fault.Closed)
}

// Each of ten codes on paper lets in once; they are kept as hashes, and new ones end the old.
func TestARecoveryCodeLetsInOnce(t *testing.T) {
	t.Parallel()
	x := newSecured(t)
	if len(x.recovery) != 10 {
		t.Fatalf("there are %d", len(x.recovery))
	}
	for _, hash := range x.store.people[x.li.ID].Second.Recovery {
		if !strings.HasPrefix(hash, "$argon2id$") {
			t.Errorf("one is kept as %q", hash)
		}
	}
	for i, code := range x.recovery[:9] {
		if got := x.tries(strings.ToUpper(code), "1.1.1.1"); got != "" {
			t.Errorf("code %d is answered %q", i, got)
		}
		if got := x.tries(code, "1.1.1.1"); got != fault.Unauthentic {
			t.Errorf("code %d is answered %q the second time", i, got)
		}
		*x.now = x.now.Add(time.Hour)
	}
	fresh, err := x.RenewRecovery(t.Context(), x.li.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := x.tries(x.recovery[9], "1.1.1.1"); got != fault.Unauthentic {
		t.Errorf("one that was replaced is answered %q", got)
	}
	if got := x.tries(fresh[3], "1.1.1.1"); got != "" {
		t.Errorf("a new one is answered %q", got)
	}
}

// Whoever has the password guesses codes no faster than passwords, and the right password buys him no more attempts. From
// elsewhere the person comes in meanwhile.
func TestGuessingCodesLocksNobodyElseOut(t *testing.T) {
	t.Parallel()
	x := newSecured(t)
	wrong := "000000"
	for x.code(0) == wrong || x.code(-1) == wrong || x.code(1) == wrong {
		*x.now = x.now.Add(time.Hour)
	}
	for i := range freeByLogin {
		if _, err := x.SignIn(t.Context(), "li", "three quiet words", "6.6.6.6"); err != nil {
			t.Fatal(err)
		}
		if got := x.tries(wrong, "6.6.6.6"); got != fault.Unauthentic {
			t.Errorf("guess %d is answered %q", i, got)
		}
	}
	if got := x.tries(x.code(0), "6.6.6.6"); got != Throttled {
		t.Errorf("after that the right one is answered %q", got)
	}
	if got := x.tries(x.recovery[0], "6.6.6.6"); got != Throttled {
		t.Errorf("after that one on paper is answered %q", got)
	}
	if got := x.tries(x.code(0), "1.1.1.1"); got != "" {
		t.Errorf("the person is answered %q", got)
	}
}

// A role asks for a second step of whoever has it, in every branch or in one, until he has set it up.
func TestARoleAsksForASecondStep(t *testing.T) {
	t.Parallel()
	x := newSecured(t)
	boss, err := x.SignIn(t.Context(), "boss", "three quiet words", "1.1.1.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := x.GuardRole(t.Context(), boss, Dispatcher, true); err != nil {
		t.Fatal(err)
	}
	mei, wang := x.hires(t, "mei", nil, Post{Dispatcher, shanghai}), x.hires(t, "wang", []Role{Technician})
	if li := x.again(t, x.li); li.MustSetUp() || !mei.MustSetUp() || wang.MustSetUp() || boss.MustSetUp() {
		t.Errorf("to set it up: li %v, mei %v, wang %v, boss %v", li.MustSetUp(), mei.MustSetUp(), wang.MustSetUp(), boss.MustSetUp())
	}
	wantCode(t, x.GuardRole(t.Context(), x.li, Administrator, true), BeyondOwn)
	wantCode(t, x.GuardRole(t.Context(), boss, "nobody", true), UnknownRole)
	if err := x.GuardRole(t.Context(), boss, Dispatcher, false); err != nil || x.again(t, mei).MustSetUp() {
		t.Errorf("it is asked no longer, and he must (%v)", err)
	}
}

// Removed, by himself or by who manages people, his password is enough again, and his sessions have ended.
func TestASecondStepIsTakenAway(t *testing.T) {
	t.Parallel()
	x := newSecured(t)
	before := x.store.era(x.li.ID)
	p, err := x.DropSecond(t.Context(), x.li.ID)
	if err != nil || p.Second.On() || x.store.era(x.li.ID) == before {
		t.Errorf("it is %v, %v", p, err)
	}
	if got := x.tries(x.code(0), "1.1.1.1"); got != fault.Unauthentic {
		t.Errorf("a code of the old secret is answered %q", got)
	}
	_, err = x.DropSecond(t.Context(), x.li.ID)
	wantCode(t, err, fault.Closed)
	_, err = x.RenewRecovery(t.Context(), x.li.ID)
	wantCode(t, err, fault.Closed)
	_, _, err = x.ConfirmSecond(t.Context(), x.li.ID, x.code(0), "1.1.1.1")
	wantCode(t, err, fault.Closed)
	x.setsUp()
}

// Who gave his password and not his code is nobody, and for minutes only; with the code his session begins under a token
// of its own. A new password meanwhile ends the wait.
func TestHalfASessionIsNone(t *testing.T) {
	t.Parallel()
	d, li := newDesk(t)
	awaited := func() (p *Person) {
		d.asks(func(ctx context.Context) {
			var err error
			if p, err = d.Awaited(ctx); err != nil {
				t.Error(err)
			}
		})
		return p
	}
	half := func() {
		d.asks(func(ctx context.Context) {
			if err := d.Await(ctx, li); err != nil {
				t.Error(err)
			}
		})
	}
	d.signsIn(li)
	if half(); d.isIn() || awaited() == nil {
		t.Error("he is in by half, or his code is not awaited")
	}
	planted := d.cookie
	if d.signsIn(li); !d.isIn() || awaited() != nil || d.cookie.Value == planted.Value {
		t.Error("he is not wholly in")
	}
	if d.cookie = planted; d.isIn() || awaited() != nil {
		t.Error("the token of the wait is good for something")
	}
	half()
	if d.now = d.now.Add(codeAwaited + time.Second); awaited() != nil {
		t.Error("the wait never ends")
	}
	half()
	if _, err := d.people.SetPassword(t.Context(), li.ID, "four other quiet words"); err != nil || awaited() != nil {
		t.Errorf("the old password is still worth something (%v)", err)
	}
}
