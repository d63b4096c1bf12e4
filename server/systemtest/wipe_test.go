package systemtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	gosync "sync"
	"testing"

	"fieldsync/client"
	"fieldsync/client/web"
	"fieldsync/mobile"
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
	boss.post(order, "standing", "wipe", "sure", "yes").sees(http.StatusOK, "chip to_be_wiped")
	if err := phone.SyncOnce(ctx); fault.CodeOf(err) != client.Wiped {
		t.Fatal(err)
	}
	boss.get("/devices").sees(http.StatusOK, "chip wiped").lacks("chip to_be_wiped")
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
		return strings.Contains(boss.get("/devices").sees(http.StatusOK).body, "chip wiped")
	})
	if _, err := os.Stat(phone.Path); err == nil {
		t.Error("the replica is left")
	}
}

// The app of a phone that is wiped while somebody looks at it says so, and goes on where a phone is made somebody's: nobody has
// to close it.
func TestAWipedPhonesAppGoesOn(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	wang := b.hire("wang", "王强", auth.Technician)
	phone := b.phone(boss, wang, "Wang's phone")
	app, err := web.New(phone, web.Options{Anew: func() (*client.Client, error) {
		return client.Open(t.Context(), client.Options{Path: phone.Path})
	}})
	if err != nil {
		t.Fatal(err)
	}
	entry, err := app.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close(); _ = app.Client().Close() })
	g := newGlass(t, entry)
	if g.get("/settings"); !strings.Contains(g.body, "My position") {
		t.Fatal("it is not the app of somebody", g.body)
	}
	told := make(chan string, 1)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.base+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := g.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		events, _ := io.ReadAll(answer.Body) // it ends by itself
		_ = answer.Body.Close()
		told <- string(events)
	}()
	boss.get("/devices")
	boss.post(boss.find(`action="(/devices/[^"]+/standing)"`), "standing", "wipe", "sure", "yes").sees(http.StatusOK)
	if err := phone.SyncOnce(t.Context()); fault.CodeOf(err) != client.Wiped {
		t.Fatal(err)
	}
	if events := <-told; !strings.Contains(events, "event: gone") {
		t.Errorf("an open page hears %q", events)
	}
	_ = phone.Close()
	if g.get("/"); !strings.Contains(g.body, "The office has wiped this phone") || !strings.Contains(g.body, "Make it mine") {
		t.Error("it does not go on:", g.body)
	}
	boss.post("/devices/codes", "person", wang.String()).sees(http.StatusOK)
	g.post("/enrol", url.Values{"server": {b.url}, "code": {boss.find(`class="secret">([^<]+)<`)}, "name": {"again"}})
	if who, err := app.Client().Person(t.Context()); err != nil || who != wang {
		t.Error("it is not Wang's again:", who, err)
	}
}

// vault is a phone's keystore: it makes a key when it is asked for the newest and has none.
type vault struct {
	mu        gosync.Mutex
	number    int64
	keys      map[int64][]byte
	destroyed int
}

func (v *vault) Newest() (int64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.keys) == 0 {
		v.number++
		v.keys = map[int64][]byte{v.number: bytes.Repeat([]byte{byte(v.number)}, 32)}
	}
	return v.number, nil
}

func (v *vault) Key(number int64) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if key := v.keys[number]; key != nil {
		return key, nil
	}
	return nil, errors.New("there is no such key")
}

func (v *vault) Destroy() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys = nil
	v.destroyed++
	return nil
}

// So it is within a host app that serves it: what listens there hears that nobody's phone it is now. Where the keys are in the
// phone's keystore they are destroyed, and the phone goes on under a new one; so it does when its program is started again.
func TestAWipedHostAppGoesOn(t *testing.T) {
	t.Parallel()
	t.Run("keys beside it", func(t *testing.T) { t.Parallel(); wipedAndGoesOn(t, nil) })
	t.Run("keys in the keystore", func(t *testing.T) {
		t.Parallel()
		v := &vault{}
		config, enroll := wipedAndGoesOn(t, v)
		if v.destroyed != 1 || v.number != 2 {
			t.Errorf("destroyed %d times, at key %d", v.destroyed, v.number)
		}
		phone, err := mobile.Open(config, v)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = phone.Close() }()
		enroll(phone)
		if err := phone.SyncOnce(patience.Milliseconds()); err != nil || v.number != 2 {
			t.Error("it does not work under the new key", v.number, err)
		}
	})
}

// wipedAndGoesOn wipes a phone whose host app serves the pages, closes it, and returns what opens it again, and enrols it.
func wipedAndGoesOn(t *testing.T, keys mobile.Keystore) (config *mobile.Config, enroll func(*mobile.Client)) {
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	wang := b.hire("wang", "王强", auth.Technician)
	config = mobile.NewConfig(t.TempDir())
	phone, err := mobile.Open(config, keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = phone.Close() })
	enroll = func(phone *mobile.Client) {
		t.Helper()
		boss.post("/devices/codes", "person", wang.String()).sees(http.StatusOK)
		if err := phone.Enroll(b.url, boss.find(`class="secret">([^<]+)<`), "Wang's phone"); err != nil {
			t.Fatal(err)
		}
	}
	enroll(phone)
	entry, err := phone.StartApp()
	if err != nil {
		t.Fatal(err)
	}
	g := newGlass(t, entry)
	boss.get("/devices")
	boss.post(boss.find(`action="(/devices/[^"]+/standing)"`), "standing", "wipe", "sure", "yes").sees(http.StatusOK)
	if err := phone.SyncOnce(patience.Milliseconds()); err == nil || !strings.HasPrefix(err.Error(), "wiped: ") {
		t.Fatal(err)
	}
	if g.get("/"); !strings.Contains(g.body, "The office has wiped this phone") {
		t.Error("it does not go on:", g.body)
	}
	if status, err := phone.Status(); err != nil || !strings.Contains(status, `"enrolled":false`) {
		t.Error(status, err)
	}
	if again, err := phone.StartApp(); err != nil || again != entry {
		t.Error("the app is somewhere else:", again, err)
	}
	if err := phone.Close(); err != nil {
		t.Error(err)
	}
	return config, enroll
}
