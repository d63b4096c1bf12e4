package auth

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what authenticator apps speak; as HMAC it is sound (RFC 6238, RFC 4226 B.2)
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// One-time codes by time, RFC 6238, with what every authenticator app takes for granted.
const (
	stepLength  = 30 // seconds
	stepsAside  = 1  // of clocks that go differently, either way
	codeDigits  = 6
	secretBytes = 20 // as long as the hash, RFC 4226 section 4
)

// hotp is the code of a counter, RFC 4226, of so many digits.
func hotp(secret []byte, counter uint64, digits int) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, counter) // a hash takes everything
	sum := mac.Sum(nil)
	number := uint64(binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fff_ffff)
	modulus := uint64(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, number%modulus)
}

// stepAt returns the step that the time lies in.
func stepAt(at time.Time) int64 { return at.Unix() / stepLength }

// stepOf returns the step whose code was typed, of those about now that come after the last one used; false for none.
// It takes as long whichever it is. Without a secret there are none: anybody could reckon those of an empty one.
func stepOf(secret []byte, code string, used int64, now time.Time) (step int64, ok bool) {
	if len(secret) == 0 {
		return 0, false
	}
	for s := stepAt(now) - stepsAside; s <= stepAt(now)+stepsAside; s++ {
		same := subtle.ConstantTimeCompare([]byte(hotp(secret, uint64(s), codeDigits)), []byte(code)) == 1 //nolint:gosec // after 1970
		if same && s > used && !ok {
			step, ok = s, true
		}
	}
	return step, ok
}

// typable is a secret as it is typed into an app that cannot see the picture.
func typable(secret []byte) string { return base32.StdEncoding.EncodeToString(secret) }

// appAddress is what the picture says: whose secret it is, and where it belongs. Apps take 30 seconds, six digits and
// SHA-1 where nothing else is said.
func appAddress(company, login string, secret []byte) string {
	values := url.Values{"secret": {typable(secret)}, "issuer": {company}}
	at := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + company + ":" + login, RawQuery: values.Encode()}
	return at.String()
}
