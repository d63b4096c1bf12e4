package auth

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"fieldsync/sync/fault"

	"golang.org/x/crypto/argon2"
)

// Cost says how dear one guess at a password is.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// Today is the cost of new passwords: what OWASP recommends at least for Argon2id, some 20 ms on a small server.
// A password stored at a lower cost is hashed anew when its owner signs in.
var Today = Cost{Memory: 19 << 10, Passes: 2, Threads: 1}

const (
	saltLen = 16
	hashLen = 32
	// A stored cost beyond these did not come from here: checking it would hand the server's memory to whoever could
	// write into the database.
	maxMemory = 1 << 20
	maxPasses = 16
)

// The length of a password, in characters and in bytes.
const (
	MinPassword = 10
	MaxPassword = 256
)

// errHash says that a stored hash is none that HashPassword returned.
var errHash = errors.New("auth: malformed password hash")

// HashPassword returns the password's Argon2id hash as a PHC string, "$argon2id$v=19$m=19456,t=2,p=1$salt$hash". The
// error is that of reading the salt from random.
func HashPassword(random io.Reader, password string, c Cost) (string, error) {
	salt := make([]byte, saltLen)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fmt.Errorf("auth: reading a salt: %w", err)
	}
	return encodeHash(c, salt, derive(password, salt, c)), nil
}

func derive(password string, salt []byte, c Cost) []byte {
	return argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Threads, hashLen)
}

func encodeHash(c Cost, salt, hash []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Threads, b64(salt), b64(hash))
}

// CheckPassword reports whether the password is the one that was hashed, in constant time, and whether its hash is
// weaker than Today and should be made anew. A malformed hash matches no password.
func CheckPassword(encoded, password string) (ok, stale bool) {
	c, salt, want, err := decodeHash(encoded)
	if err != nil || len(password) > MaxPassword {
		return false, false
	}
	ok = subtle.ConstantTimeCompare(derive(password, salt, c), want) == 1
	return ok, c.Memory < Today.Memory || c.Passes < Today.Passes
}

func decodeHash(encoded string) (c Cost, salt, hash []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errHash
	}
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Threads)
	if err != nil || n != 3 || c.Memory < 8 || c.Memory > maxMemory || c.Passes == 0 || c.Passes > maxPasses || c.Threads == 0 {
		return c, nil, nil, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	hash, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(hash) != hashLen {
		return c, nil, nil, errHash
	}
	return c, salt, hash, nil
}

// CheckNewPassword reports whether a person may choose the password. Length is what counts, of what is not tried first
// (see guessable); rules about digits and signs make people write passwords down. About are words that anybody knows of
// him: his names, the company's. The error is a *fault.Error with the code WeakPassword.
func CheckNewPassword(login, password string, about ...string) error {
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return fault.New(WeakPassword, "The password needs at least 10 characters. Three or four words do well.")
	case len(password) > MaxPassword:
		return fault.New(WeakPassword, "The password is longer than 256 bytes. Choose a shorter one.")
	case strings.EqualFold(login, password):
		return fault.New(WeakPassword, "The password is the same as the sign-in name. Choose another.")
	case guessable(password, append(about, login)):
		return fault.New(WeakPassword, "This password is among the first that are tried: known words, names, years, rows of keys. Add words of your own.")
	}
	return nil
}
