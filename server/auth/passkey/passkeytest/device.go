// Package passkeytest is a browser and a device with passkeys in memory, for tests: it knows the standard, and nothing of
// this program.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"testing"
)

// Device makes passkeys and signs with the last one.
type Device struct {
	T      testing.TB
	Origin string // that the browser says it is at
	Asks   bool   // its user shows that it is him
	Still  bool   // it counts no signatures, as those that are copied to all devices of a person

	key   *ecdsa.PrivateKey
	id    []byte
	owner []byte
	count uint32
}

// What a device says of a signature: somebody was there, it was its owner, a key comes with it.
const (
	present  = 1
	verified = 4
	keyed    = 64
)

type text []byte

func (b text) MarshalJSON() ([]byte, error) {
	return json.Marshal(base64.RawURLEncoding.EncodeToString(b))
}

func (b *text) UnmarshalJSON(from []byte) (err error) {
	var s string
	if err = json.Unmarshal(from, &s); err == nil {
		*b, err = base64.RawURLEncoding.DecodeString(s)
	}
	return err
}

// Makes returns the browser's answer to an invitation.
func (d *Device) Makes(options string) string {
	d.T.Helper()
	var o struct {
		Challenge text                `json:"challenge"`
		User      struct{ ID text }   `json:"user"`
		Party     struct{ ID string } `json:"rp"`
	}
	d.read(options, &o)
	var err error
	if d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		d.T.Fatal(err)
	}
	d.id, d.owner, d.count = make([]byte, 16), o.User.ID, 0
	_, _ = rand.Read(d.id)
	data := append(d.says(o.Party.ID, keyed), make([]byte, 16)...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.id))), d.id...)
	data = append(data, d.public()...)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(data)>>8), byte(len(data)))
	return d.answer(map[string]text{"clientDataJSON": d.client("webauthn.create", o.Challenge), "attestationObject": append(object, data...)})
}

// Signs returns the browser's answer to what it is asked to have signed.
func (d *Device) Signs(options string) string {
	d.T.Helper()
	var o struct {
		Challenge text   `json:"challenge"`
		Party     string `json:"rpId"`
	}
	d.read(options, &o)
	data, client := d.says(o.Party, 0), d.client("webauthn.get", o.Challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, sum[:])
	if err != nil {
		d.T.Fatal(err)
	}
	return d.answer(map[string]text{"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": d.owner})
}

// Copy returns a device with the same passkey, as far as it has counted.
func (d *Device) Copy() *Device {
	other := *d
	return &other
}

func (d *Device) read(options string, into any) {
	d.T.Helper()
	if err := json.Unmarshal([]byte(options), into); err != nil {
		d.T.Fatalf("%s: %v", options, err)
	}
}

// says is what the device says of the site and of who is at it.
func (d *Device) says(site string, flags byte) []byte {
	hash := sha256.Sum256([]byte(site))
	if flags |= present; d.Asks {
		flags |= verified
	}
	if d.count++; d.Still {
		d.count = 0
	}
	return binary.BigEndian.AppendUint32(append(hash[:], flags), d.count)
}

// client is what the browser says.
func (d *Device) client(act string, challenge text) text {
	at, err := url.Parse(d.Origin)
	if err != nil {
		d.T.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"type": act, "challenge": challenge, "origin": at.String(), "crossOrigin": false})
	if err != nil {
		d.T.Fatal(err)
	}
	return b
}

func (d *Device) answer(response map[string]text) string {
	b, err := json.Marshal(map[string]any{"id": text(d.id), "rawId": text(d.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		d.T.Fatal(err)
	}
	return string(b)
}

// public is the key as COSE: of two coordinates, for ES256.
func (d *Device) public() []byte {
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.T.Fatal(err)
	}
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33]...)
	return append(append(cose, 0x22, 0x58, 32), point[33:]...)
}
