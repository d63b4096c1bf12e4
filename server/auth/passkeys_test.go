package auth

import (
	"strings"
	"testing"
	"time"

	"fieldsync/server/auth/passkey"
	"fieldsync/server/auth/passkey/passkeytest"
	"fieldsync/sync/fault"
)

// keyed is a company in which Li has a passkey, on a device that makes sure that it is him.
type keyed struct {
	*testing.T
	*People
	store  *memory
	now    *time.Time
	li     *Person
	site   passkey.Site
	device *passkeytest.Device
	codes  []string
}

func newKeyed(t *testing.T) *keyed {
	t.Helper()
	s, m, now := staff(t)
	s.hires(t, "boss", []Role{Administrator})
	x := &keyed{T: t, People: s, store: m, now: now, li: s.hires(t, "li", []Role{Dispatcher})}
	x.site, _ = passkey.At("Nord & Süd", "https://hub.example")
	x.device = &passkeytest.Device{T: t, Origin: x.site.Origin, Asks: true, Still: true}
	var err error
	if x.li, x.codes, err = x.AddPasskey(t.Context(), x.li.ID, x.site, " phone ", x.device.Makes(x.offer())); err != nil {
		t.Fatal(err)
	}
	x.later()
	return x
}

func (x *keyed) later() { *x.now = x.now.Add(time.Minute) }

func (x *keyed) offer() string {
	x.Helper()
	options, err := x.OfferPasskey(x.Context(), x.li.ID, x.site, "phone")
	if err != nil {
		x.Fatal(err)
	}
	return options
}

// asks returns what the browser is asked to have signed, for the step after his password or to sign in.
func (x *keyed) asks(step bool) string {
	x.Helper()
	p := x.li
	if !step {
		p = nil
	}
	options, err := x.AskPasskey(x.site, p)
	if err != nil || options == "" {
		x.Fatalf("it is asked for %q, %v", options, err)
	}
	return options
}

func (x *keyed) signsIn(answer string) fault.Code {
	x.Helper()
	p, err := x.SignInByPasskey(x.Context(), x.site, answer, "1.1.1.1")
	if err == nil && p.ID != x.li.ID {
		x.Error("somebody else is in")
	}
	return fault.CodeOf(err)
}

func (x *keyed) steps(answer string) fault.Code {
	x.Helper()
	p, err := x.StepByPasskey(x.Context(), x.li.ID, x.site, answer, "1.1.1.1")
	if err == nil && p.ID != x.li.ID {
		x.Error("somebody else is in")
	}
	return fault.CodeOf(err)
}

// A passkey lets its owner in, with his password and without, each challenge once; what it is for is in the challenge.
func TestAPasskeyLetsInOnce(t *testing.T) {
	t.Parallel()
	x := newKeyed(t)
	if k := x.li.Second.Passkeys; len(k) != 1 || k[0].Name != "phone" || k[0].Host != "hub.example" || len(x.codes) != recoveryCodes || !x.li.Second.On() || x.li.MustSetUp() {
		t.Fatalf("he has %+v and %d codes", x.li.Second, len(x.codes))
	}
	toStep, toSignIn := x.device.Signs(x.asks(true)), x.device.Signs(x.asks(false))
	if got := x.signsIn(toStep); got != fault.Unauthentic {
		t.Errorf("what is for the step lets in by itself: %q", got)
	}
	if got := x.steps(toSignIn); got != fault.Unauthentic {
		t.Errorf("what is for signing in is a step: %q", got)
	}
	if got := x.signsIn(toSignIn); got != "" {
		t.Errorf("signing in is answered %q", got)
	}
	if got := x.signsIn(toSignIn); got != fault.Unauthentic {
		t.Errorf("replayed, it is answered %q", got)
	}
	x.later()
	step := x.device.Signs(x.asks(true))
	if got := x.steps(step); got != "" {
		t.Errorf("the step is answered %q", got)
	}
	if got := x.steps(step); got != fault.Unauthentic {
		t.Errorf("replayed, the step is answered %q", got)
	}
}

// What is no answer of a passkey of the person's, at this site and now, lets nobody in.
func TestWhatIsNoAnswerOfAPasskeyLetsNobodyIn(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(x *keyed) string{
		"nothing":          func(*keyed) string { return "" },
		"nonsense":         func(*keyed) string { return `{"response":{"clientDataJSON":"e30"}}` },
		"elsewhere":        func(x *keyed) string { x.device.Origin = "https://evil.example"; return x.device.Signs(x.asks(false)) },
		"another port":     func(x *keyed) string { x.device.Origin += ":8443"; return x.device.Signs(x.asks(false)) },
		"whoever holds it": func(x *keyed) string { x.device.Asks = false; return x.device.Signs(x.asks(false)) },
		"late": func(x *keyed) string {
			answer := x.device.Signs(x.asks(false))
			*x.now = x.now.Add(6 * time.Minute)
			return answer
		},
		"invented challenge": func(x *keyed) string {
			return x.device.Signs(`{"challenge":"` + strings.Repeat("A", 75) + `","rpId":"hub.example"}`)
		},
		"a copy": func(x *keyed) string {
			x.device.Still = false
			old := x.device.Copy()
			if got := x.signsIn(x.device.Signs(x.asks(false))); got != "" {
				x.Errorf("the first is answered %q", got)
			}
			x.later()
			return old.Signs(x.asks(false))
		},
		"removed": func(x *keyed) string {
			if _, err := x.DropPasskey(x.Context(), x.li.ID, x.li.Second.Passkeys[0].ID); err != nil {
				x.Error(err)
			}
			return x.device.Signs(x.asks(false))
		},
		"deactivated": func(x *keyed) string {
			if _, err := x.SetActive(x.Context(), x.li.ID, false); err != nil {
				x.Error(err)
			}
			return x.device.Signs(x.asks(false))
		},
		"another site of the hub": func(x *keyed) string {
			x.site, _ = passkey.At("Nord & Süd", "https://hub.other.example")
			x.device.Origin = x.site.Origin
			return x.device.Signs(x.asks(false))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newKeyed(t)
			if got := x.signsIn(answer(x)); got != fault.Unauthentic {
				t.Errorf("it is answered %q", got)
			}
		})
	}
}

// Beside the password the device need not make sure whose it is, and failures are counted as those of codes are.
func TestAPasskeyAsTheSecondStep(t *testing.T) {
	t.Parallel()
	x := newKeyed(t)
	x.device.Asks = false
	if got := x.steps(x.device.Signs(x.asks(true))); got != "" {
		t.Errorf("it is answered %q", got)
	}
	if _, err := x.SecondStep(x.Context(), x.li.ID, hotp(nil, uint64(stepAt(*x.now)), codeDigits), "2.2.2.2"); fault.CodeOf(err) != fault.Unauthentic {
		t.Errorf("without an app the code of an empty key is answered %v", err)
	}
	if _, err := x.SecondStep(x.Context(), x.li.ID, x.codes[0], "2.2.2.2"); err != nil {
		t.Errorf("a recovery code is answered %v", err)
	}
	other := &passkeytest.Device{T: t, Origin: x.site.Origin}
	_ = other.Makes(x.offer())
	x.later()
	for range freeByLogin {
		if got := x.steps(other.Signs(x.asks(true))); got != fault.Unauthentic {
			t.Errorf("somebody's passkey is answered %q", got)
		}
	}
	if got := x.steps(x.device.Signs(x.asks(true))); got != Throttled {
		t.Errorf("after many failures his own is answered %q", got)
	}
	x.later()
	if got := x.steps(x.device.Signs(x.asks(true))); got != "" {
		t.Errorf("a minute later it is answered %q", got)
	}
}

// What was offered to one is not added to another, late, or twice; the last to go takes the recovery codes with it, and the
// app and the passkeys go apart.
func TestAddingAndRemovingPasskeys(t *testing.T) {
	t.Parallel()
	x := newKeyed(t)
	adds := func(p *Person, name, answer string) fault.Code {
		_, codes, err := x.AddPasskey(t.Context(), p.ID, x.site, name, answer)
		if err == nil && len(codes) > 0 {
			t.Errorf("%s comes with recovery codes that there are already", name)
		}
		return fault.CodeOf(err)
	}
	boss, _ := x.store.PersonByLogin(t.Context(), "boss")
	second := &passkeytest.Device{T: t, Origin: x.site.Origin, Asks: true}
	answer := second.Makes(x.offer())
	for want, got := range map[fault.Code]fault.Code{
		fault.Unauthentic: adds(boss, "laptop", answer), fault.Invalid: adds(x.li, " ", answer), "": adds(x.li, "laptop", answer), fault.Closed: adds(x.li, "again", answer),
	} {
		if got != want {
			t.Errorf("it is answered %q, want %q", got, want)
		}
	}
	answer = second.Makes(x.offer())
	*x.now = x.now.Add(6 * time.Minute)
	if got := adds(x.li, "late", answer); got != fault.Unauthentic {
		t.Errorf("late it is answered %q", got)
	}
	offer, err := x.OfferSecond(t.Context(), x.li.ID)
	if err != nil || offer.Text == "" {
		t.Fatal(err)
	}
	now, _ := x.Person(t.Context(), x.li.ID)
	if _, _, err := x.ConfirmSecond(t.Context(), x.li.ID, hotp(now.Second.Offered, uint64(stepAt(*x.now)), codeDigits), "1.1.1.1"); err != nil {
		t.Fatal(err)
	}
	now, err = x.DropApp(t.Context(), x.li.ID)
	if err != nil || !now.Second.On() || len(now.Second.Passkeys) != 2 || len(now.Second.Recovery) != recoveryCodes {
		t.Errorf("without the app there is %+v, %v", now.Second, err)
	}
	if _, err := x.DropApp(t.Context(), x.li.ID); fault.CodeOf(err) != fault.Closed {
		t.Errorf("once more: %v", err)
	}
	for _, k := range now.Second.Passkeys {
		if now, err = x.DropPasskey(t.Context(), x.li.ID, k.ID); err != nil {
			t.Error(err)
		}
	}
	if now.Second.On() || len(now.Second.Recovery) != 0 {
		t.Errorf("after the last there is %+v", now.Second)
	}
}

// A challenge that one process made is another's too where they have one secret, and else is not.
func TestChallengesAreKnownToEveryNode(t *testing.T) {
	t.Parallel()
	a, _, _ := staff(t)
	b, _, _ := staff(t)
	c, err := a.challenge(toSignIn)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := b.madeAt(toSignIn, c); ok {
		t.Error("it is known to whoever has another secret")
	}
	b.ChallengeBy(a.secret)
	if _, ok := b.madeAt(toSignIn, c); !ok {
		t.Error("it is not known to whoever has the same secret")
	}
}

// Browsers let no page use passkeys without TLS or at an address that is a number: there it is not offered.
func TestWherePasskeysAreOffered(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string]bool{
		"https://hub.example": true, "https://hub.example:8443": true, "http://localhost:8470": true, "http://hub.example": false,
		"https://192.0.2.1": false, "http://127.0.0.1:8470": false, "https://[2001:db8::1]": false, "": false,
	} {
		if _, ok := passkey.At("x", origin); ok != want {
			t.Errorf("at %q it is %v", origin, ok)
		}
	}
}
