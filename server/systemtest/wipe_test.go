package systemtest

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
)

// A phone that was lost is wiped by the office: at its next contact it destroys its keys, its photos and its rows, says so,
// and is new when somebody opens it again. Nobody else can say it for the phone.
func TestALostPhoneIsWiped(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	phone := b.phone(boss, wang, "Wang's phone")
	job, _ := boss.makes("Pump hums", wang)
	ctx := context.Background()
	if err := phone.SyncOnce(ctx); err != nil {
		t.Fatal(err)
	}
	about := aftersales.Row{Table: "job", ID: job}
	if _, err := phone.Attach(ctx, about, bytes.NewReader(photoOf(t, 1, 300)), client.FileInput{Kind: aftersales.AttachPhoto}); err != nil {
		t.Fatal(err)
	}
	if answer, err := http.Post(b.url+"/wiped", "application/json", strings.NewReader(`{"device":"`+job.String()+`","signature":""}`)); err != nil ||
		answer.StatusCode != http.StatusUnauthorized || answer.Body.Close() != nil {
		t.Error("anybody says what was wiped", err)
	}
	order := boss.get("/devices").find(`action="(/devices/[^"]+/standing)"`)
	boss.post(order, "standing", "wipe").sees(http.StatusUnprocessableEntity, "Say yes")
	boss.post(order, "standing", "wipe", "sure", "yes").sees(http.StatusOK, "to be wiped")
	if err := phone.SyncOnce(ctx); fault.CodeOf(err) != client.Wiped {
		t.Fatal(err)
	}
	boss.get("/devices").sees(http.StatusOK, "wiped on").lacks("to be wiped")
	if _, err := phone.Person(ctx); fault.CodeOf(err) != client.Wiped {
		t.Errorf("it still answers: %v", err)
	}
	if err := phone.Move("https://elsewhere.example.com"); fault.CodeOf(err) != client.Wiped {
		t.Errorf("it still writes: %v", err)
	}
	if left, err := filepath.Glob(phone.Path + "*"); err != nil || len(left) > 0 {
		t.Errorf("left on it: %v %v", left, err)
	}
	if err := phone.Close(); err != nil {
		t.Error(err)
	}
	again, err := client.Open(ctx, client.Options{Path: phone.Path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if who, err := again.Person(ctx); err != nil || !who.IsZero() {
		t.Error("it is not new", err)
	}
}

// A phone that is connected is wiped at once, and one that could not tell tells the next time.
func TestAConnectedPhoneIsWipedAtOnce(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	phone := b.phone(boss, b.hire("wang", "王强", auth.Technician), "Wang's phone")
	if err := phone.Connect(); err != nil {
		t.Fatal(err)
	}
	soon(t, "the phone is online", func() bool {
		return strings.Contains(boss.get("/devices").sees(http.StatusOK).body, ">online<")
	})
	boss.post(boss.find(`action="(/devices/[^"]+/standing)"`), "standing", "wipe", "sure", "yes").sees(http.StatusOK)
	soon(t, "the phone has wiped itself", func() bool {
		return strings.Contains(boss.get("/devices").sees(http.StatusOK).body, "wiped on")
	})
	if _, err := os.Stat(phone.Path); err == nil {
		t.Error("the replica is left")
	}
}
