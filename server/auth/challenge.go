package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// A challenge says when it was made, and carries a code over that and over what it is for. So every node knows it again,
// and none keeps it: whoever asks for many fills nothing.
const (
	challengeRandom = 16
	challengeTime   = 8
	challengeLife   = codeAwaited
	clocksApart     = time.Minute // of nodes
)

// challenge returns one that is good once, for a few minutes.
func (s *People) challenge(purpose string) ([]byte, error) {
	c := make([]byte, challengeRandom, challengeRandom+challengeTime+sha256.Size)
	if _, err := io.ReadFull(s.random, c); err != nil {
		return nil, fmt.Errorf("auth: making a challenge: %w", err)
	}
	c = binary.BigEndian.AppendUint64(c, uint64(s.now().UnixMilli())) //nolint:gosec // after 1970
	return append(c, s.challengeCode(purpose, c)...), nil
}

// madeAt returns when the challenge was made for the purpose, ms since 1970, and false for one that was not, or long ago.
func (s *People) madeAt(purpose string, challenge []byte) (ms int64, ok bool) {
	if len(challenge) != challengeRandom+challengeTime+sha256.Size {
		return 0, false
	}
	said, code := challenge[:challengeRandom+challengeTime], challenge[challengeRandom+challengeTime:]
	if !hmac.Equal(code, s.challengeCode(purpose, said)) {
		return 0, false
	}
	ms = int64(binary.BigEndian.Uint64(said[challengeRandom:])) //nolint:gosec // ours
	age := s.now().Sub(time.UnixMilli(ms))
	return ms, age <= challengeLife && age >= -clocksApart
}

func (s *People) challengeCode(purpose string, said []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	_, _ = mac.Write(append([]byte("challenge "+purpose+"\x00"), said...)) // a hash takes everything
	return mac.Sum(nil)
}
