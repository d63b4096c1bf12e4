package systemtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/record"
)

// A second step is set up, used, asked for by a role and taken away, and all of it is among the deeds, in the name of whoever
// did it; its key lies sealed. A program's token goes on as before.
func TestTheSecondStepInTheDatabase(t *testing.T) {
	t.Parallel()
	signsInByTwoSteps(t, newBureau(t))
}

func signsInByTwoSteps(t *testing.T, b *bureau) {
	boss, li := b.hire("boss", "Anna Berg", auth.Administrator), b.hire("li", "Li Wei", auth.Dispatcher)
	anna := b.browser("boss")
	till := b.program(anna, "till", "see_jobs")
	anna.post("/roles/second-step", "role", "dispatcher", "guarded", "yes").sees(http.StatusOK, "checked")
	wei := b.browser("li").sees(http.StatusOK, "Your role asks for a second step")
	secret := wei.takesASecondStep()
	recovery := wei.find(`class="secret">([a-z2-7-]{19})<`)
	b.liesSealed(li, secret, recovery)

	again := b.visitor()
	again.post("/sign-in", "login", "li", "password", password).sees(http.StatusOK, "recovery codes")
	again.post("/sign-in/code", "code", recovery).sees(http.StatusOK, "Sign out")
	again.post("/sign-out")
	again.post("/sign-in", "login", "li", "password", password)
	again.post("/sign-in/code", "code", recovery).sees(http.StatusUnauthorized, "was used already")

	anna.post("/people/"+li.String()+"/second-step").sees(http.StatusOK, "The second step is removed")
	setUp, used, removed := "second step:</span> set up", "second step:</span> a recovery code was used", "second step:</span> removed"
	anna.get("/audit/deeds").sees(http.StatusOK, setUp, used, removed, "roles that ask for a second step")
	anna.get("/audit/deeds?person="+boss.String()).sees(http.StatusOK, removed).lacks(setUp)
	anna.get("/audit/deeds?person="+li.String()).sees(http.StatusOK, setUp, used).lacks(removed)

	anna.post("/roles/second-step", "role", "administrator", "guarded", "yes")
	if anna.get("/jobs"); anna.at.Path != "/second-step" {
		t.Errorf("she sees %s", anna.at)
	}
	if till.asks("GET", "/jobs", ""); till.status != http.StatusOK {
		t.Errorf("her program is answered %d", till.status)
	}
}

// takesASecondStep sets the visitor's second step up, and returns its key.
func (v *browser) takesASecondStep() (secret []byte) {
	v.t.Helper()
	v.get("/second-step").fills("/second-step/offer", "current", password).sees(http.StatusOK, "It is shown only now.")
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(v.find(`class="secret">([A-Z2-7 ]+)<`), " ", ""))
	if err != nil {
		v.t.Fatal(err)
	}
	v.confirms(secret).sees(http.StatusOK, "Your recovery codes.")
	return secret
}

// Who gives his password has new recovery codes made, and takes his second step off.
func TestASecondStepIsRenewedAndTakenOff(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("mo", "Mo Farah", auth.Manager)
	mo := b.browser("mo")
	mo.takesASecondStep()
	first := mo.find(`class="secret">([a-z2-7-]{19})<`)
	mo.get("/second-step").fills("/second-step/recovery", "current", "wrong words here")
	if mo.status < http.StatusBadRequest {
		t.Errorf("without the password: %d", mo.status)
	}
	mo.get("/second-step").fills("/second-step/recovery", "current", password).sees(http.StatusOK, "Your recovery codes.").lacks(first)
	mo.get("/second-step").fills("/second-step/remove", "current", password).sees(http.StatusOK, "The second step is removed.")
	b.visitor().post("/sign-in", "login", "mo", "password", password).sees(http.StatusOK, "Sign out")
}

// confirms types what an app shows; where the next step has begun before it arrived, what it shows then.
func (v *browser) confirms(secret []byte) *browser {
	v.t.Helper()
	for range 3 {
		mac := hmac.New(sha1.New, secret)
		_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30)
		sum := mac.Sum(nil)
		v.post("/second-step", "code", fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000))
		if v.status == http.StatusOK {
			break
		}
	}
	return v
}

// liesSealed: neither the key nor a code is in the database as it is.
func (b *bureau) liesSealed(person record.ID, secret []byte, recovery string) {
	b.t.Helper()
	rows, err := b.core.Store.Query(b.t.Context(), "SELECT id, second FROM _person WHERE second IS NOT NULL")
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	found := 0
	for rows.Next() {
		var id, kept []byte
		if err := rows.Scan(&id, &kept); err != nil {
			b.t.Fatal(err)
		}
		if found++; record.ID(id) != person || kept[0] != 0 || bytes.Contains(kept, secret) || bytes.Contains(kept, []byte("ecovery")) || bytes.Contains(kept, []byte(recovery)) {
			b.t.Errorf("of %x it is kept as %q", id, kept)
		}
	}
	if rows.Err() != nil || found != 1 {
		b.t.Errorf("%d second steps are kept (%v)", found, rows.Err())
	}
}
