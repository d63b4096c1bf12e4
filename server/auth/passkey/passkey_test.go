package passkey_test

import (
	"strings"
	"testing"

	"fieldsync/server/auth/passkey"
	"fieldsync/server/auth/passkey/passkeytest"
)

var (
	li        = passkey.Owner{ID: []byte("0123456789abcdef"), Login: "li", Name: "Li Wei"}
	challenge = []byte("a challenge of more than sixteen bytes")
)

func hub() passkey.Site {
	site, _ := passkey.At("Nord & Süd", "https://hub.example")
	return site
}

// made has the device make a key, and returns its answers: to the invitation, and to what it is asked to sign.
func made(t testing.TB, d *passkeytest.Device) (key passkey.Key, invited, asked string) {
	t.Helper()
	options, err := hub().Invite(li, nil, challenge)
	if err != nil {
		t.Fatal(err)
	}
	invited = d.Makes(options)
	if key, err = hub().Made(invited, li, challenge); err != nil {
		t.Fatal(err)
	}
	if options, err = hub().Ask([]passkey.Key{key}, challenge); err != nil {
		t.Fatal(err)
	}
	return key, invited, d.Signs(options)
}

// A device that has a key is asked for no other, and who is asked for none of his is asked for any.
func TestWhatABrowserIsAsked(t *testing.T) {
	t.Parallel()
	key, _, _ := made(t, &passkeytest.Device{T: t, Origin: "https://hub.example"})
	has, err1 := hub().Invite(li, []passkey.Key{key}, challenge)
	elsewhere := key
	elsewhere.Host = "hub.other.example"
	hasNot, err2 := hub().Invite(li, []passkey.Key{elsewhere}, challenge)
	whichever, err3 := hub().Ask(nil, challenge)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	for options, want := range map[string]map[string]bool{
		has: {"excludeCredentials": true, `"attestation":"none"`: true}, hasNot: {"excludeCredentials": false},
		whichever: {"allowCredentials": false, `"userVerification":"required"`: true},
	} {
		for part, is := range want {
			if strings.Contains(options, part) != is {
				t.Errorf("%s: that it holds %s is %v", options, part, !is)
			}
		}
	}
}

// FuzzAnswers: whatever a browser sends, nothing but the answer of the key proves anything, and nothing breaks.
func FuzzAnswers(f *testing.F) {
	key, invited, asked := made(f, &passkeytest.Device{T: f, Origin: "https://hub.example"})
	for _, seed := range []string{"", "{}", "null", invited, asked, strings.Replace(asked, "public-key", "", 1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		_, _ = passkey.Challenge(answer), passkey.Whose(answer)
		if made, err := hub().Made(answer, li, challenge); err == nil && (len(made.ID) == 0 || len(made.Public) == 0) {
			t.Errorf("it makes %+v", made)
		}
		proved, err := hub().Proves(answer, li.ID, []passkey.Key{key}, challenge, false)
		if err == nil && string(proved.ID) != string(key.ID) {
			t.Errorf("it proves %+v", proved)
		}
	})
}

// An answer that is longer than any is not read.
func TestALongAnswerIsNotRead(t *testing.T) {
	t.Parallel()
	_, _, asked := made(t, &passkeytest.Device{T: t, Origin: "https://hub.example"})
	if passkey.Challenge(asked) == nil {
		t.Fatal("an answer as they are is not read")
	}
	if long := asked + strings.Repeat(" ", 64<<10); passkey.Challenge(long) != nil {
		t.Error("it is read")
	}
}
