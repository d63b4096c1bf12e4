package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Standing is whether a device is let in.
type Standing uint8

// The standings.
const (
	Admitted    Standing = 1
	Revoked     Standing = 2 // no longer served; work that it still holds is judged if it is admitted again
	HardRevoked Standing = 3 // lost or stolen: whatever it sends is kept apart for the office to decide
	Wiping      Standing = 4 // as HardRevoked, and at its next contact it is told to destroy what it holds, unsent work with it
)

// Device is one replica and the key that proves it.
type Device struct {
	ID       record.ID
	Person   record.ID
	Name     string
	Key      ed25519.PublicKey
	Standing Standing
	Enrolled time.Time
	Actor    clock.Actor // of one that was just enrolled: the incarnation that it begins with
}

// Hash is the SHA-256 of a secret that is long and random, so that nothing slower is needed.
type Hash [32]byte

// Code lets its person enrol one device, once.
type Code struct {
	Hash    Hash
	Person  record.ID
	Expires time.Time
}

// Token lets a device in without a signature until it expires.
type Token struct {
	Hash    Hash
	Device  record.ID
	Expires time.Time
	Used    bool
	Spent   bool // a later one of the device was used: it has no reason to come with this one
}

// DeviceStore keeps devices, codes and tokens.
type DeviceStore interface {
	// PutCode keeps a code.
	PutCode(context.Context, Code) error
	// Enrol uses up the code and adds the device to the code's person, both or neither, and returns the device. The error
	// for a code that is unknown, used or expired at the time now is a *fault.Error with the code BadCode; where the device
	// names a person and the code is for another, ErrOwner, and the code stays good.
	Enrol(ctx context.Context, code Hash, d Device, now time.Time) (*Device, error)
	// Device returns nil if there is none with that id.
	Device(context.Context, record.ID) (*Device, error)
	// SetStanding changes whether a device is let in, unless check refuses how it stands now; leaving Admitted also drops its
	// tokens.
	SetStanding(ctx context.Context, device record.ID, to Standing, check func(now Standing) error) error
	// NoteWiped notes that the device has destroyed what it held.
	NoteWiped(context.Context, record.ID) error
	// PutToken keeps the device's token and drops those that expired.
	PutToken(context.Context, Token) error
	// UseToken notes that the token is used, and that all others of its device are spent.
	UseToken(context.Context, Token) error
	// RefuseTokens drops all tokens of the device, because a spent one was used.
	RefuseTokens(ctx context.Context, device record.ID) error
	// Bearer returns the token with that hash and its device, nil for what there is not.
	Bearer(context.Context, Hash) (*Token, *Device, error)
}

// Devices enrols devices and recognises them.
type Devices struct {
	store  DeviceStore
	random io.Reader
	now    func() time.Time
}

// NewDevices returns the manager of the devices in the store.
func NewDevices(store DeviceStore, random io.Reader, now func() time.Time) *Devices {
	return &Devices{store, random, now}
}

// How long things are good for.
const (
	CodeLife  = 24 * time.Hour
	TokenLife = 24 * time.Hour
	// A token is replaced in its last quarter, so that a phone which connects now and then never loses it.
	renewWithin = TokenLife / 4
)

// codeAlphabet leaves out what is mistaken when read aloud or off a screen: 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
const codeAlphabet = "34679ACDEFGHJKMNPQRTWXY"

// codeLen characters of 23 carry 54 bits: more than can be guessed in a day, with attempts limited.
const codeLen = 12

// NewCode returns an enrolment code for the person, "ACDE-FGHJ-KMNP", and when it expires. Only its hash is kept.
func (s *Devices) NewCode(ctx context.Context, person record.ID) (string, time.Time, error) {
	plain, err := randomCode(s.random)
	if err != nil {
		return "", time.Time{}, err
	}
	expires := s.now().Add(CodeLife)
	err = s.store.PutCode(ctx, Code{HashCode(plain), person, expires})
	return plain[:4] + "-" + plain[4:8] + "-" + plain[8:], expires, err
}

func randomCode(random io.Reader) (string, error) {
	code := make([]byte, 0, codeLen)
	b := make([]byte, 1)
	for len(code) < codeLen {
		if _, err := io.ReadFull(random, b); err != nil {
			return "", fmt.Errorf("auth: making a code: %w", err)
		}
		if n := int(b[0]); n < 256/len(codeAlphabet)*len(codeAlphabet) { // the rest would make some letters likelier
			code = append(code, codeAlphabet[n%len(codeAlphabet)])
		}
	}
	return string(code), nil
}

// HashCode returns the hash of a code as typed: case, spaces and dashes do not matter.
func HashCode(typed string) Hash {
	letters := strings.Map(func(r rune) rune {
		if strings.ContainsRune(codeAlphabet, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
	return sha256.Sum256([]byte("fieldsync enrolment code " + letters))
}

// Enrol admits a device with the key to the person whom the code was given. The error is a *fault.Error with the code
// BadCode, BadKey or fault.Invalid. Owner is whose work is on the device already, zero for nobody's: a code for somebody else
// is refused with ErrOwner, and can still be used.
func (s *Devices) Enrol(ctx context.Context, code string, key []byte, name string, owner record.ID) (*Device, error) {
	name = strings.TrimSpace(name)
	switch {
	case len(key) != ed25519.PublicKeySize:
		return nil, fault.New(BadKey, "The device sent no valid key. Install the current version of the app.")
	case name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name):
		return nil, fault.New(fault.Invalid, "The device needs a name of up to 100 characters.")
	}
	now := s.now()
	id, err := newID(s.random, now)
	if err != nil {
		return nil, err
	}
	d := Device{ID: id, Person: owner, Name: name, Key: key, Standing: Admitted, Enrolled: now}
	return s.store.Enrol(ctx, HashCode(code), d, now)
}

// ErrOwner says that there is somebody else's work on the device than that of the person whom the code was given.
var ErrOwner = fault.New(fault.NotAllowed,
	"The work on this device belongs to another person, or to another company's server. The code is still good: use it on a device that is new, or ask for one for the person whose work it is.")

// SetStanding changes whether a device is let in.
func (s *Devices) SetStanding(ctx context.Context, id record.ID, to Standing) error {
	return s.ChangeStanding(ctx, id, to, func(Standing) error { return nil })
}

// ChangeStanding changes whether a device is let in, unless check refuses how it stands now.
func (s *Devices) ChangeStanding(ctx context.Context, id record.ID, to Standing, check func(now Standing) error) error {
	return s.store.SetStanding(ctx, id, to, check)
}

// Wiped notes what a device says once it has destroyed what it held: the signature is over wire.WipedText, by the key that
// it had. The code is fault.Unauthentic for one that nobody told to, and for a signature that is not its own.
func (s *Devices) Wiped(ctx context.Context, id record.ID, text, signature []byte) error {
	d, err := s.store.Device(ctx, id)
	if err != nil {
		return err
	}
	if d == nil || d.Standing != Wiping || !Proves(d.Key, text, signature) {
		return fault.New(fault.Unauthentic, "This is no device that was told to destroy what it holds.")
	}
	return s.store.NoteWiped(ctx, id)
}

// Device returns the device, nil if there is none.
func (s *Devices) Device(ctx context.Context, id record.ID) (*Device, error) {
	return s.store.Device(ctx, id)
}

// NewNonce returns a challenge that was never given before.
func (s *Devices) NewNonce() ([]byte, error) {
	nonce := make([]byte, 32)
	_, err := io.ReadFull(s.random, nonce)
	return nonce, err
}

// Proves reports whether the signature over the text was made with the key's private half; it never panics, whatever
// it is given.
func Proves(key ed25519.PublicKey, text, signature []byte) bool {
	return len(key) == ed25519.PublicKeySize && len(signature) == ed25519.SignatureSize && ed25519.Verify(key, text, signature)
}

// NewToken returns a fresh token of 16 random bytes for the device. Only its hash is kept.
func (s *Devices) NewToken(ctx context.Context, device record.ID) ([]byte, error) {
	plain := make([]byte, 16)
	if _, err := io.ReadFull(s.random, plain); err != nil {
		return nil, fmt.Errorf("auth: making a token: %w", err)
	}
	return plain, s.store.PutToken(ctx, Token{Hash: sha256.Sum256(plain), Device: device, Expires: s.now().Add(TokenLife)})
}

// Admit returns the device that carries the token, and a token to use from now on where the old one is near its end,
// nil where it is not. It returns a nil device for a token that is unknown, expired, another device's, or of a device
// that is revoked: such a one is asked for a signature, never told to forget anything. One that was spent is a copy, the
// thief's or the device's own: nobody knows whose the other is, so all tokens of the device are refused, and whoever has its
// key goes on.
func (s *Devices) Admit(ctx context.Context, device record.ID, token []byte) (*Device, []byte, error) {
	d, t, err := s.bearer(ctx, device, token)
	if err != nil || d == nil {
		return nil, nil, err
	}
	if t.Spent {
		return nil, nil, s.store.RefuseTokens(ctx, device)
	}
	if !t.Used {
		if err := s.store.UseToken(ctx, *t); err != nil {
			return nil, nil, err
		}
	}
	if t.Expires.Sub(s.now()) > renewWithin {
		return d, nil, nil
	}
	fresh, err := s.NewToken(ctx, device)
	return d, fresh, err
}

// Bearer returns the device that carries the token, as Admit does, for a request beside its connection: it hands out
// no fresh token.
func (s *Devices) Bearer(ctx context.Context, device record.ID, token []byte) (*Device, error) {
	d, t, err := s.bearer(ctx, device, token)
	if err != nil || d == nil || t.Spent {
		return nil, err
	}
	return d, nil
}

func (s *Devices) bearer(ctx context.Context, device record.ID, token []byte) (*Device, *Token, error) {
	t, d, err := s.store.Bearer(ctx, sha256.Sum256(token))
	if err != nil || t == nil || subtle.ConstantTimeCompare(t.Device[:], device[:]) != 1 || !s.now().Before(t.Expires) {
		return nil, nil, err
	}
	if d == nil || d.Standing != Admitted {
		return nil, nil, nil
	}
	return d, t, nil
}
