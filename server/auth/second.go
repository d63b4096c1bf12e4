package auth

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Second is the second step by which somebody signs in: codes that an app on his phone makes of a secret, passkeys, and
// codes on paper for the day when the phone is gone. As JSON it is what a store seals.
type Second struct {
	Secret   []byte    `json:"secret,omitempty"`   // that he shares with his app; none: it is not asked
	Offered  []byte    `json:"offered,omitempty"`  // one that he was shown, and has not shown to have yet
	Used     int64     `json:"used,omitempty"`     // the step of the last code that he used: it and those before are spent
	Recovery []string  `json:"recovery,omitempty"` // hashes of the recovery codes that are left, all of one salt
	Passkeys []Passkey `json:"passkeys,omitempty"` // oldest first
}

// On reports whether the person signs in by two steps: without an app and a passkey his password is enough.
func (s Second) On() bool { return s.HasApp() || len(s.Passkeys) > 0 }

// HasApp reports whether an app of the person's makes codes.
func (s Second) HasApp() bool { return len(s.Secret) > 0 }

// None reports whether there is nothing to keep.
func (s Second) None() bool { return !s.On() && len(s.Offered) == 0 && s.Used == 0 }

// settle drops what is of no use without a second step.
func (s *Second) settle() {
	if !s.On() {
		*s = Second{Used: s.Used}
	}
}

// Offer is a new secret, to be shown once.
type Offer struct {
	Text    string // base32, to be typed
	Address string // otpauth://…, to be scanned
}

// recoveryCodes is how many codes on paper somebody gets. Each has 80 bits, and lets in once.
const recoveryCodes = 10

var (
	errWrongCode  = fault.New(fault.Unauthentic, "The code is wrong, or was used already. Wait until your app shows the next one.")
	errNotOffered = fault.New(fault.Closed, "There is no key waiting to be confirmed. Begin again.")
	errHasSecond  = fault.New(fault.Closed, "You have a second step already. Remove it first, then set up another.")
	errNoSecond   = fault.New(fault.Closed, "There is no second step to change.")
)

// MustSetUp reports whether a role of the person asks for a second step, which he has not set up: he sees nothing but the
// page on which he does.
func (p *Person) MustSetUp() bool { return p.guarded && !p.Second.On() }

// Guarded reports whether a role of the person asks for a second step.
func (p *Person) Guarded() bool { return p.guarded }

// OfferSecond makes a secret for the person's app. It counts from when ConfirmSecond has seen a code of it; a later offer
// takes its place. The error is a *fault.Error with the code fault.Closed or UnknownOne.
func (s *People) OfferSecond(ctx context.Context, id record.ID) (Offer, error) {
	secret := make([]byte, secretBytes)
	if _, err := io.ReadFull(s.random, secret); err != nil {
		return Offer{}, fmt.Errorf("auth: making a secret: %w", err)
	}
	p, err := s.store.ChangePerson(ctx, id, func(p *Person, _ everybody) error {
		if p.Second.HasApp() {
			return errHasSecond
		}
		p.Second.Offered = secret
		return nil
	})
	if err != nil {
		return Offer{}, err
	}
	return Offer{Text: typable(secret), Address: appAddress(s.company, p.Login, secret)}, nil
}

// ConfirmSecond begins with the secret that was offered, once the person shows by a code that his app has it, and ends
// his sessions. It returns his recovery codes, to be shown once. The error is a *fault.Error with the code
// fault.Unauthentic, fault.Closed, Throttled, fault.Overloaded or UnknownOne.
func (s *People) ConfirmSecond(ctx context.Context, id record.ID, code, address string) (p *Person, codes []string, err error) {
	err = s.tryCode(ctx, id, address, func(known *Person) error {
		if len(known.Second.Offered) == 0 {
			return errNotOffered
		}
		if _, ok := stepOf(known.Second.Offered, spaceless(code), known.Second.Used, s.now()); !ok {
			return errWrongCode // before hashes are reckoned for nothing
		}
		hashes := []string(nil)
		if codes, hashes, err = s.makeRecovery(ctx); err != nil {
			return err
		}
		p, err = s.change(ctx, id, func(now *Person, _ everybody) error { return now.Second.begin(spaceless(code), hashes, s) })
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	p, err = s.Person(ctx, id)
	return p, codes, err
}

func (s *Second) begin(code string, recovery []string, by *People) error {
	step, ok := stepOf(s.Offered, code, s.Used, by.now())
	switch {
	case len(s.Offered) == 0:
		return errNotOffered
	case !ok:
		return errWrongCode
	}
	s.Secret, s.Offered, s.Used, s.Recovery = s.Offered, nil, step, recovery
	return nil
}

// SecondStep takes the code of somebody who gave his password: one of his app, or one on paper; either counts once. The
// error is a *fault.Error with the code fault.Unauthentic, Throttled, fault.Overloaded or UnknownOne.
func (s *People) SecondStep(ctx context.Context, id record.ID, code, address string) (*Person, error) {
	err := s.tryCode(ctx, id, address, func(known *Person) error {
		if !known.Second.On() {
			return errWrongCode
		}
		use, err := s.using(ctx, known.Second, spaceless(code))
		if err != nil {
			return err
		}
		_, err = s.store.ChangePerson(ctx, id, func(now *Person, _ everybody) error {
			if !use(&now.Second) {
				return errWrongCode
			}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Person(ctx, id)
}

// using returns what spends the code, and reports false where it is not good, or no longer. A code on paper is hashed
// here, before the transaction that others wait for.
func (s *People) using(ctx context.Context, known Second, code string) (func(*Second) bool, error) {
	if len(code) == codeDigits {
		return func(now *Second) (ok bool) {
			step, ok := stepOf(now.Secret, code, now.Used, s.now())
			now.Used = max(now.Used, step)
			return ok
		}, nil
	}
	hash, err := s.hashLike(ctx, known.Recovery, code)
	return func(now *Second) bool {
		left := len(now.Recovery)
		now.Recovery = slices.DeleteFunc(slices.Clone(now.Recovery), func(h string) bool {
			return subtle.ConstantTimeCompare([]byte(h), []byte(hash)) == 1
		})
		return len(now.Recovery) < left
	}, err
}

// hashLike returns the hash of the code with the salt and cost of those hashes, "" where there are none.
func (s *People) hashLike(ctx context.Context, hashes []string, code string) (string, error) {
	if len(hashes) == 0 || len(code) > MaxPassword {
		return "", nil
	}
	c, salt, _, err := decodeHash(hashes[0])
	if err != nil {
		return "", err
	}
	leave, err := s.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return encodeHash(c, salt, derive(code, salt, c)), nil
}

// tryCode lets somebody try a code, and counts it as failed unless it was good. It counts apart from his password, which
// whoever guesses codes knows already.
func (s *People) tryCode(ctx context.Context, id record.ID, address string, try func(*Person) error) error {
	p, err := s.known(ctx, id)
	if err != nil {
		return err
	}
	return s.counted(ctx, p.Login+" code", address, func() error { return try(p) }) // no login has a space
}

// counted lets somebody try to get in, and counts it as failed under that name unless it was good.
func (s *People) counted(ctx context.Context, as, address string, try func() error) error {
	wait, err := s.throttle.Try(ctx, as, address, s.now())
	if err != nil {
		return err
	}
	if wait > 0 {
		return fault.New(Throttled, "Too many attempts. Wait a little, then try again.")
	}
	if err := try(); err != nil {
		return err
	}
	return s.throttle.Succeeded(ctx, as, address, s.now())
}

// RenewRecovery gives the person other recovery codes, to be shown once; those he had are worth nothing any more. The
// error is a *fault.Error with the code fault.Closed, fault.Overloaded or UnknownOne.
func (s *People) RenewRecovery(ctx context.Context, id record.ID) ([]string, error) {
	codes, hashes, err := s.makeRecovery(ctx)
	if err != nil {
		return nil, err
	}
	_, err = s.store.ChangePerson(ctx, id, func(p *Person, _ everybody) error {
		if !p.Second.On() {
			return errNoSecond
		}
		p.Second.Recovery = hashes
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// makeRecovery makes recovery codes and their hashes. They have one salt, so that a code that is typed is hashed once.
func (s *People) makeRecovery(ctx context.Context) (codes, hashes []string, err error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	salt := make([]byte, saltLen)
	if _, err := io.ReadFull(s.random, salt); err != nil {
		return nil, nil, fmt.Errorf("auth: reading a salt: %w", err)
	}
	for range recoveryCodes {
		code, err := oneTimePassword(s.random)
		if err != nil {
			return nil, nil, err
		}
		codes, hashes = append(codes, code), append(hashes, encodeHash(s.cost, salt, derive(spaceless(code), salt, s.cost)))
	}
	return codes, hashes, nil
}

// DropSecond takes the person's second step away, all of it, and ends his sessions. The error is a *fault.Error with the
// code fault.Closed or UnknownOne.
func (s *People) DropSecond(ctx context.Context, id record.ID) (*Person, error) {
	return s.drop(ctx, id, Second.On, func(second *Second) { second.Secret, second.Passkeys = nil, nil })
}

// DropApp asks for no codes of the person's app any more, and ends his sessions; his passkeys stay. The error is a
// *fault.Error with the code fault.Closed or UnknownOne.
func (s *People) DropApp(ctx context.Context, id record.ID) (*Person, error) {
	return s.drop(ctx, id, Second.HasApp, func(second *Second) { second.Secret = nil })
}

// drop takes something of the person's second step away where he has it.
func (s *People) drop(ctx context.Context, id record.ID, has func(Second) bool, drop func(*Second)) (*Person, error) {
	_, err := s.change(ctx, id, func(p *Person, _ everybody) error {
		if !has(p.Second) {
			return errNoSecond
		}
		drop(&p.Second)
		p.Second.settle()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.Person(ctx, id)
}

// spaceless is a code without what people and apps put between its parts.
func spaceless(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(strings.TrimSpace(code)))
}

// GuardRole says whether whoever has the role signs in by two steps. Who has none yet is led to set it up at his next
// click. The error is a *fault.Error with the code UnknownRole or BeyondOwn.
func (s *People) GuardRole(ctx context.Context, by *Person, role Role, guarded bool) error {
	defined, err := s.defined(ctx)
	if err != nil {
		return err
	}
	may, ok := defined[role]
	if !ok {
		return fault.New(UnknownRole, "There is no role of that name. Choose one from the list.")
	}
	if err := s.mayGive(by, may); err != nil {
		return err
	}
	return s.guard(ctx, role, guarded)
}

func (s *People) guard(ctx context.Context, role Role, guarded bool) error {
	return s.store.ChangeGuarded(ctx, func(roles []Role) []Role {
		roles = slices.DeleteFunc(roles, func(r Role) bool { return r == role })
		if guarded {
			roles = append(roles, role)
		}
		slices.Sort(roles)
		return roles
	})
}
