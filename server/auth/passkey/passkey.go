// Package passkey speaks WebAuthn with browsers: it has a person's device make a key for this site, and has it sign a
// challenge with one. Challenges are its caller's, who also knows whose keys there are; nothing is kept here. Who made the
// device is not asked: any will do.
package passkey

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Site is where people sign in. A browser tells passkeys apart by its host: those of another site answer nothing here.
type Site struct {
	Company string // as a device shows it
	Origin  string // "https://hub.example:8443"
	Host    string // "hub.example"
}

// At returns the site at the origin, and false where browsers let no page use passkeys: without TLS, but for localhost, and
// at an address that is a number.
func At(company, origin string) (Site, bool) {
	at, err := url.Parse(origin)
	if err != nil {
		return Site{}, false
	}
	host := at.Hostname()
	return Site{company, origin, host}, protocol.ValidateRPID(host) == nil && (at.Scheme == "https" || host == "localhost")
}

// Owner is whose key it is.
type Owner struct {
	ID    []byte // up to 64 bytes; comes back with what the key signs
	Login string
	Name  string
}

// Key is the public half of a passkey, and what has to be remembered of it. As JSON it is what a store keeps.
type Key struct {
	ID     []byte                            `json:"id"`
	Public []byte                            `json:"public"`           // COSE
	Host   string                            `json:"host"`             // of the site that it is for
	Count  uint32                            `json:"count,omitempty"`  // of its signatures, as its device says; 0 where it does not count
	Copied bool                              `json:"copied,omitempty"` // its maker may copy it to other devices of its owner
	Ways   []protocol.AuthenticatorTransport `json:"ways,omitempty"`   // by which browsers reach it: "internal", "usb"
}

// The errors of this package, beside those of the library, which say for an operator what did not fit.
var (
	ErrUnknown = errors.New("passkey: none of the owner's keys of this site")
	ErrCloned  = errors.New("passkey: the count of signatures went back: there is a copy of the key")
)

// party is the site as the library knows it.
func (s Site) party() (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{RPID: s.Host, RPDisplayName: s.Company, RPOrigins: []string{s.Origin}})
}

// Invite returns, as JSON, what a browser needs to have the owner's device make a key: publicKey of
// navigator.credentials.create. A device that has one of the keys already makes no other.
func (s Site) Invite(o Owner, has []Key, challenge []byte) (string, error) {
	party, err := s.party()
	if err != nil {
		return "", err
	}
	made, _, err := party.BeginRegistration(user{o, nil},
		func(c *protocol.PublicKeyCredentialCreationOptions) error { c.Challenge = challenge; return nil },
		webauthn.WithCredentialParameters(webauthn.CredentialParametersRecommendedL3()),
		webauthn.WithExclusions(webauthn.Credentials(s.kept(has)).CredentialDescriptors()),
		webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementPreferred),
		webauthn.WithConveyancePreference(protocol.PreferNoAttestation))
	if err != nil {
		return "", err
	}
	return text(made.Response)
}

// Made returns the key that the owner's device made, from the browser's answer: the credential's toJSON.
func (s Site) Made(answer string, o Owner, challenge []byte) (Key, error) {
	party, err := s.party()
	if err != nil {
		return Key{}, err
	}
	response, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return Key{}, err
	}
	c, err := party.CreateCredential(user{o, nil}, webauthn.SessionData{
		Challenge: encoded(challenge), RelyingPartyID: s.Host, UserID: o.ID, CredParams: webauthn.CredentialParametersRecommendedL3(),
	}, response)
	if err != nil {
		return Key{}, err
	}
	return Key{c.ID, c.PublicKey, s.Host, c.Authenticator.SignCount, c.Flags.BackupEligible, c.Transport}, nil
}

// Ask returns, as JSON, what a browser needs to have a challenge signed: publicKey of navigator.credentials.get. It is signed
// by one of the keys; without any by whichever its user chooses, whose device then makes sure that it is him.
func (s Site) Ask(keys []Key, challenge []byte) (string, error) {
	party, err := s.party()
	if err != nil {
		return "", err
	}
	options := []webauthn.LoginOption{webauthn.WithChallenge(challenge)}
	if len(keys) == 0 {
		asked, _, err := party.BeginDiscoverableLogin(append(options, webauthn.WithUserVerification(protocol.VerificationRequired))...)
		if err != nil {
			return "", err
		}
		return text(asked.Response)
	}
	asked, _, err := party.BeginLogin(user{Owner{}, s.kept(keys)}, options...)
	if err != nil {
		return "", err
	}
	return text(asked.Response)
}

// maxAnswer is how many bytes an answer may have: several times what one has whose device names its maker.
const maxAnswer = 64 << 10

// Challenge returns the challenge that a browser's answer is to, nil for what is no answer, or longer than any. It is to be
// known before anything else is read.
func Challenge(answer string) []byte {
	var a struct {
		Response struct {
			Client protocol.URLEncodedBase64 `json:"clientDataJSON"`
		} `json:"response"`
	}
	var client struct {
		Challenge protocol.URLEncodedBase64 `json:"challenge"`
	}
	if len(answer) > maxAnswer || json.Unmarshal([]byte(answer), &a) != nil || json.Unmarshal(a.Response.Client, &client) != nil {
		return nil
	}
	return client.Challenge
}

// Whose returns the ID of the owner whom the answer names, nil where it names nobody.
func Whose(answer string) []byte {
	response, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return nil
	}
	return response.Response.UserHandle
}

// Proves returns which of the owner's keys signed the challenge, with what has to be remembered of it from now on. Verified
// wants its device to have made sure that it is its owner, by his finger, face or PIN. The errors are ErrUnknown, ErrCloned
// and the library's.
func (s Site) Proves(answer string, id []byte, keys []Key, challenge []byte, verified bool) (Key, error) {
	party, err := s.party()
	if err != nil {
		return Key{}, err
	}
	response, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return Key{}, err
	}
	session := webauthn.SessionData{Challenge: encoded(challenge), RelyingPartyID: s.Host, UserID: id}
	if verified {
		session.UserVerification = protocol.VerificationRequired
	}
	for _, k := range keys {
		if !bytes.Equal(k.ID, response.RawID) {
			continue
		}
		c, err := party.ValidateLogin(user{Owner{ID: id}, s.kept([]Key{k})}, session, response)
		switch {
		case err != nil:
			return Key{}, err
		case c.Authenticator.CloneWarning:
			return Key{}, ErrCloned
		}
		k.Count = c.Authenticator.SignCount
		return k, nil
	}
	return Key{}, ErrUnknown
}

// kept are the keys of this site as the library knows them.
func (s Site) kept(keys []Key) (list []webauthn.Credential) {
	for _, k := range keys {
		if k.Host == s.Host {
			list = append(list, webauthn.Credential{ID: k.ID, PublicKey: k.Public, Transport: k.Ways,
				Flags: webauthn.CredentialFlags{BackupEligible: k.Copied}, Authenticator: webauthn.Authenticator{SignCount: k.Count}})
		}
	}
	return list
}

// user is an owner as the library knows him.
type user struct {
	Owner
	keys []webauthn.Credential
}

func (u user) WebAuthnID() []byte                         { return u.ID }
func (u user) WebAuthnName() string                       { return u.Login }
func (u user) WebAuthnDisplayName() string                { return u.Name }
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.keys }

func encoded(challenge []byte) string { return base64.RawURLEncoding.EncodeToString(challenge) }

func text(options any) (string, error) {
	b, err := json.Marshal(options)
	return string(b), err
}
