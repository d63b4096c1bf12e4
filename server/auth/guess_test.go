package auth

import (
	"testing"

	"pgregory.net/rapid"
)

// What is tried first is refused, however it is disguised; a few words of one's own are not.
func TestPasswordsThatAreTriedFirstAreRefused(t *testing.T) {
	t.Parallel()
	about := []string{"Li Wei", "liwei", "Nanjing Pumps"}
	for _, bad := range []string{
		"1234567890", "0987654321", "qwertyuiop", "1q2w3e4r5t", "1qaz2wsx3edc", "aaaaaaaaaaaa", "abcdefghij", "password123", "P@ssw0rd2026",
		"iloveyou1234", "Welcome2026!", "summer1999", "FieldSync2026", "liwei-1234567", "NanjingPumps1", "dispatcher!!", "letmein.letmein",
	} {
		if !guessable(bad, about) {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, good := range []string{
		"three quiet words", "four other quiet words", "mx3k-77wq-a2lp-zz9d", "kfx2vq7mwz3a", "correct horse battery", "银杏树下喝茶的人", "Li Wei eats noodles",
	} {
		if guessable(good, about) {
			t.Errorf("%q is refused", good)
		}
	}
}

// Whatever is typed has an answer; more of one's own never makes a password worse.
func TestAnyPasswordIsJudged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		typed, name := rapid.String().Draw(t, "password"), rapid.String().Draw(t, "name")
		guessable(typed, []string{name})
		if guessable(typed+" kfx2vq7mwz3a", nil) {
			t.Errorf("%q is refused", typed+" kfx2vq7mwz3a")
		}
	})
}
