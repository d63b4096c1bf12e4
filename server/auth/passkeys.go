package auth

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fieldsync/server/auth/passkey"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Passkey is a key on a device of the person's: beside his password it is his second step, and where the device makes sure
// that it is him, it lets him in without one.
type Passkey struct {
	passkey.Key
	Name string `json:"name"`           // what he calls it
	Made int64  `json:"made"`           // ms since 1970
	Used int64  `json:"used,omitempty"` // when the last challenge that it signed was made: that one and older ones are spent
}

// mostPasskeys is how many somebody may have.
const mostPasskeys = 20

var (
	errPasskey      = fault.New(fault.Unauthentic, "This passkey was not accepted. Try again, or sign in with your password.")
	errStale        = fault.New(fault.Unauthentic, "That took too long. Try again.")
	errPasskeyKnown = fault.New(fault.Closed, "This passkey is here already.")
	errNoPasskey    = fault.New(fault.Closed, "There is no such passkey. Look at the list again.")
	errPasskeyName  = fault.New(fault.Invalid, "Give the passkey a name of up to 60 characters, such as that of the device.")
	errPasskeys     = fault.New(fault.Invalid, "You have 20 passkeys. Remove one that you no longer use.")
)

// What challenges are for, and whose they are.
const toSignIn = "to sign in"

func toStep(id record.ID) string { return "second step " + id.String() }
func toAdd(id record.ID) string  { return "add " + id.String() }

// OfferPasskey returns what the person's browser needs to have a device make a passkey; see passkey.Site. It is called by
// that name, once AddPasskey has seen it. The error is a *fault.Error with the code fault.Invalid or UnknownOne.
func (s *People) OfferPasskey(ctx context.Context, id record.ID, site passkey.Site, name string) (string, error) {
	p, err := s.known(ctx, id)
	if err != nil {
		return "", err
	}
	if _, err := passkeyName(name); err != nil {
		return "", err
	}
	if len(p.Second.Passkeys) >= mostPasskeys {
		return "", errPasskeys
	}
	challenge, err := s.challenge(toAdd(id))
	if err != nil {
		return "", err
	}
	return site.Invite(ownerOf(p), p.Second.keys(), challenge)
}

// AddPasskey adds the passkey that the browser answers with, and ends the person's sessions. With his first way to take a
// second step he gets recovery codes, to be shown once. The error is a *fault.Error with the code fault.Unauthentic,
// fault.Invalid, fault.Closed, fault.Overloaded or UnknownOne.
func (s *People) AddPasskey(ctx context.Context, id record.ID, site passkey.Site, name, answer string) (p *Person, codes []string, err error) {
	known, err := s.known(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if name, err = passkeyName(name); err != nil {
		return nil, nil, err
	}
	challenge := passkey.Challenge(answer)
	if _, ok := s.madeAt(toAdd(id), challenge); !ok {
		return nil, nil, errStale
	}
	key, err := site.Made(answer, ownerOf(known), challenge)
	if err != nil {
		return nil, nil, fault.Wrap(errPasskey.Code, errPasskey.Message, err)
	}
	var hashes []string
	if len(known.Second.Recovery) == 0 {
		if codes, hashes, err = s.makeRecovery(ctx); err != nil {
			return nil, nil, err
		}
	}
	_, err = s.change(ctx, id, func(now *Person, _ everybody) error {
		if len(now.Second.Recovery) > 0 {
			codes = nil
		} else {
			now.Second.Recovery = hashes
		}
		return now.Second.add(Passkey{Key: key, Name: name, Made: s.now().UnixMilli()})
	})
	if err != nil {
		return nil, nil, err
	}
	p, err = s.Person(ctx, id)
	return p, codes, err
}

func (s *Second) add(k Passkey) error {
	switch {
	case s.passkey(k.ID) >= 0:
		return errPasskeyKnown
	case len(s.Passkeys) >= mostPasskeys:
		return errPasskeys
	}
	s.Passkeys = append(slices.Clone(s.Passkeys), k)
	return nil
}

// DropPasskey takes one of the person's passkeys away, and ends his sessions. The error is a *fault.Error with the code
// fault.Closed or UnknownOne.
func (s *People) DropPasskey(ctx context.Context, id record.ID, key []byte) (*Person, error) {
	_, err := s.change(ctx, id, func(p *Person, _ everybody) error {
		i := p.Second.passkey(key)
		if i < 0 {
			return errNoPasskey
		}
		p.Second.Passkeys = slices.Delete(slices.Clone(p.Second.Passkeys), i, i+1)
		p.Second.settle()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.Person(ctx, id)
}

// AskPasskey returns what a browser needs to have a challenge signed by one of the person's passkeys of the site, "" where
// he has none there; for nobody, by any passkey, which lets its owner in without a password.
func (s *People) AskPasskey(site passkey.Site, p *Person) (string, error) {
	purpose, keys := toSignIn, []passkey.Key(nil)
	if p != nil {
		purpose, keys = toStep(p.ID), slices.DeleteFunc(p.Second.keys(), func(k passkey.Key) bool { return k.Host != site.Host })
		if len(keys) == 0 {
			return "", nil
		}
	}
	challenge, err := s.challenge(purpose)
	if err != nil {
		return "", err
	}
	return site.Ask(keys, challenge)
}

// SignInByPasskey returns whose passkey the browser answers with, whose device has made sure that it is him: he needs no
// password and no second step. Who is not known cannot be told from whose passkey is wrong. The error is a *fault.Error with
// the code fault.Unauthentic or Throttled.
func (s *People) SignInByPasskey(ctx context.Context, site passkey.Site, answer, address string) (*Person, error) {
	challenge := passkey.Challenge(answer)
	made, ok := s.madeAt(toSignIn, challenge)
	if !ok {
		return nil, errStale
	}
	handle := passkey.Whose(answer)
	if len(handle) != len(record.ID{}) {
		return nil, errPasskey
	}
	id := record.ID(handle)
	err := s.counted(ctx, "passkey "+hex.EncodeToString(handle), address, func() error { // no login has a space
		p, err := s.store.Person(ctx, id)
		if err != nil {
			return err
		}
		if p == nil || !p.Active || p.Hash == "" {
			return errPasskey
		}
		return s.sign(ctx, p, site, answer, challenge, made, true)
	})
	if err != nil {
		return nil, err
	}
	return s.Person(ctx, id)
}

// StepByPasskey takes a passkey of somebody who gave his password. The error is a *fault.Error with the code
// fault.Unauthentic, Throttled or UnknownOne.
func (s *People) StepByPasskey(ctx context.Context, id record.ID, site passkey.Site, answer, address string) (*Person, error) {
	challenge := passkey.Challenge(answer)
	made, ok := s.madeAt(toStep(id), challenge)
	if !ok {
		return nil, errStale
	}
	err := s.tryCode(ctx, id, address, func(p *Person) error { return s.sign(ctx, p, site, answer, challenge, made, false) })
	if err != nil {
		return nil, err
	}
	return s.Person(ctx, id)
}

// sign has the answer spend the challenge: a passkey signs none that was made before the last one that it signed.
func (s *People) sign(ctx context.Context, p *Person, site passkey.Site, answer string, challenge []byte, made int64, verified bool) error {
	key, err := site.Proves(answer, p.ID[:], p.Second.keys(), challenge, verified)
	if err != nil {
		return fault.Wrap(errPasskey.Code, errPasskey.Message, err)
	}
	_, err = s.store.ChangePerson(ctx, p.ID, func(now *Person, _ everybody) error {
		i := now.Second.passkey(key.ID)
		if i < 0 || !now.Active {
			return errPasskey
		}
		if made <= now.Second.Passkeys[i].Used {
			return errStale
		}
		now.Second.Passkeys = slices.Clone(now.Second.Passkeys)
		now.Second.Passkeys[i].Key, now.Second.Passkeys[i].Used = key, made
		return nil
	})
	return err
}

// passkey returns where the key stands, -1 for nowhere.
func (s *Second) passkey(id []byte) int {
	return slices.IndexFunc(s.Passkeys, func(k Passkey) bool { return bytes.Equal(k.ID, id) })
}

func (s *Second) keys() (keys []passkey.Key) {
	for _, k := range s.Passkeys {
		keys = append(keys, k.Key)
	}
	return keys
}

func passkeyName(typed string) (string, error) {
	name := strings.TrimSpace(typed)
	if name == "" || utf8.RuneCountInString(name) > 60 || strings.ContainsFunc(name, unicode.IsControl) {
		return "", errPasskeyName
	}
	return name, nil
}

func ownerOf(p *Person) passkey.Owner {
	return passkey.Owner{ID: p.ID[:], Login: p.Login, Name: p.Name}
}
