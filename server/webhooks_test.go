package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// crm is another program's server: it keeps what it took, by id, and answers as it is told to.
type crm struct {
	*httptest.Server
	t     *testing.T
	key   string
	mu    sync.Mutex
	does  func(w http.ResponseWriter)
	tries int
	took  map[string]string // type of each event, by its id
}

func newCRM(t *testing.T, key string) *crm {
	c := &crm{t: t, key: key, took: map[string]string{}, does: func(http.ResponseWriter) {}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.hear))
	t.Cleanup(c.Close)
	return c
}

// hear checks the signature as docs/api.md says.
func (c *crm) hear(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, []byte(c.key))
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
	if r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		c.t.Errorf("%s is signed wrongly", body)
	}
	var event struct {
		Type string         `json:"type"`
		Data map[string]any `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		c.t.Errorf("%s: %v", body, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	c.took[r.Header.Get("webhook-id")] = event.Type
	c.does(w)
}

func (c *crm) answers(do func(http.ResponseWriter)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.does = do
}

func busy(w http.ResponseWriter) { http.Error(w, "busy", http.StatusServiceUnavailable) }

// heard returns how often it was asked, and how many events it knows.
func (c *crm) heard() (tries, events int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tries, len(c.took)
}

// hooked is a hub with a webhook of Li's at the address.
func hooked(t *testing.T, address string, events ...string) (k *kept, s *hookSender, hook record.ID) {
	k = newKept(t, filepath.Join(t.TempDir(), "hub.db"))
	k.do(aftersales.SetUp)
	k.founded()
	if err := k.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: k.li, Login: "li", Name: "Li", Roles: []string{"administrator"}, Active: true})
	}); err != nil {
		t.Fatal(err)
	}
	k.do(func(tx aftersales.Tx) (err error) {
		if err := aftersales.SetSetting(tx, aftersales.SettingWebhookPrivate, record.ID{}, "1"); err != nil {
			return err
		}
		hook, err = aftersales.CreateWebhook(tx, aftersales.WebhookInput{
			Name: "CRM", URL: address, Secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte("key")), Events: events, Person: k.li, Private: true,
		})
		return err
	})
	return k, k.sendsHooks(), hook
}

func (k *kept) sendsHooks() *hookSender {
	k.t.Helper()
	s, err := k.hookSender()
	if err != nil {
		k.t.Fatal(err)
	}
	return s
}

// once sends what is due, and waits until that is done.
func (s *hookSender) once(t *testing.T) {
	t.Helper()
	if err := s.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.rounds.Wait()
}

func (k *kept) makes(title string) {
	k.t.Helper()
	k.do(func(tx aftersales.Tx) error {
		_, err := aftersales.CreateJob(tx, aftersales.JobInput{Branch: k.branch, Title: title})
		return err
	})
}

func (k *kept) hook(id record.ID) (w aftersales.Webhook) {
	k.t.Helper()
	if err := k.Hub.View(k.t.Context(), func(v hub.View) error {
		row, err := aftersales.Look(v).Row("webhook", id)
		w = aftersales.WebhookOf(row)
		return err
	}); err != nil {
		k.t.Fatal(err)
	}
	return w
}

// What the other side does not take waits, and is sent again under the same id: it is there once, however often it came.
func TestAWebhookHearsInTheEnd(t *testing.T) {
	t.Parallel()
	other := newCRM(t, "key")
	k, s, hook := hooked(t, other.URL, "job.created")
	other.answers(busy)
	k.makes("Pump leaks")
	k.makes("噪音")
	s.once(t) // the first fails, and the second is not tried in this round
	if tries, _ := other.heard(); tries != 1 {
		t.Fatalf("asked %d times in the first round", tries)
	}
	s.once(t) // the second fails
	s.once(t) // neither is due
	if tries, events := other.heard(); tries != 2 || events != 2 {
		t.Fatalf("asked %d times about %d events", tries, events)
	}
	if k.hook(hook).FailingSince == 0 {
		t.Fatal("nobody can see that it fails")
	}
	other.answers(func(http.ResponseWriter) {})
	k.today.Add(61_000)
	s.once(t)
	s.once(t)
	if tries, events := other.heard(); tries != 4 || events != 2 {
		t.Fatalf("asked %d times about %d events", tries, events)
	}
	if w := k.hook(hook); w.FailingSince != 0 || !w.On() {
		t.Fatalf("it still fails: %+v", w)
	}
	// A hub that starts anew sends nothing twice, and what happens meanwhile.
	s = k.sendsHooks()
	k.makes("Seal worn")
	s.once(t)
	if tries, events := other.heard(); tries != 5 || events != 3 {
		t.Fatalf("asked %d times about %d events", tries, events)
	}
}

// The answer of one that took it is lost: it hears the same again, and knows it by its id.
func TestAWebhookWhoseAnswerIsLostHearsTwice(t *testing.T) {
	t.Parallel()
	other := newCRM(t, "key")
	k, s, _ := hooked(t, other.URL, "job.created")
	s.client.Timeout = 0
	other.answers(func(http.ResponseWriter) { panic(http.ErrAbortHandler) }) // it has taken it, and the connection breaks
	k.makes("Pump leaks")
	s.once(t)
	other.answers(func(http.ResponseWriter) {})
	k.today.Add(61_000)
	s.once(t)
	if tries, events := other.heard(); tries < 2 || events != 1 {
		t.Fatalf("asked %d times about %d events", tries, events)
	}
}

// One that never answers holds up no other.
func TestASlowWebhookHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stuck }))
	t.Cleanup(slow.Close)
	answer := sync.OnceFunc(func() { close(stuck) })
	t.Cleanup(answer) // before it is closed, which waits for who is in it
	other := newCRM(t, "key")
	k, s, _ := hooked(t, slow.URL, "job.created")
	k.do(func(tx aftersales.Tx) error {
		_, err := aftersales.CreateWebhook(tx, aftersales.WebhookInput{
			Name: "Shop", URL: other.URL, Secret: "key", Events: []string{"job.created"}, Person: k.li, Private: true,
		})
		return err
	})
	k.makes("Pump leaks")
	if err := s.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if _, events := other.heard(); events == 1 {
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("it waits for the slow one")
		}
	}
	answer()
	s.rounds.Wait()
}

// One that takes nothing for days is switched off, and who made it is told; what waited is sent when it is on again.
func TestAWebhookThatTakesNothingIsSwitchedOff(t *testing.T) {
	t.Parallel()
	other := newCRM(t, "key")
	k, s, hook := hooked(t, other.URL, "job.created")
	other.answers(busy)
	k.makes("first")
	s.once(t)
	k.today.Add((5 * 24 * time.Hour).Milliseconds())
	k.makes("last")
	for range 3 {
		s.once(t)
	}
	if w := k.hook(hook); w.State != aftersales.WebhookFailed {
		t.Fatalf("it is %+v", w)
	}
	mine := k.told(k.li)
	if len(mine) != 1 || mine[0].Event != aftersales.NoticeWebhookOff {
		t.Fatalf("who made it was told %+v", mine)
	}
	tries, _ := other.heard()
	k.makes("while it is off")
	k.today.Add((time.Hour).Milliseconds())
	s.once(t)
	if again, _ := other.heard(); again != tries {
		t.Fatal("it was asked though it is off")
	}
	other.answers(func(http.ResponseWriter) {})
	k.do(func(tx aftersales.Tx) error { return aftersales.SwitchWebhook(tx, hook, true) })
	s.once(t)
	if _, events := other.heard(); events != 2 {
		t.Fatalf("it heard of %d", events)
	}
}

// Who made a webhook and looks after webhooks no more has nobody hear anything: what waits is sent when he does again.
func TestAWebhookHearsWhatItsMakerMay(t *testing.T) {
	t.Parallel()
	other := newCRM(t, "key")
	k, s, _ := hooked(t, other.URL, "job.created")
	is := func(role auth.Role) {
		people := peopleStore{Store: k.Store, now: time.Now}
		_, err := people.ChangePerson(t.Context(), k.li, func(p *auth.Person, _ func() ([]auth.Person, error)) error {
			p.Roles = []auth.Role{role}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		role auth.Role
		want int
	}{{auth.Dispatcher, 0}, {auth.Administrator, 1}} {
		is(step.role)
		if step.want == 0 {
			k.makes("Pump leaks")
		}
		s.once(t)
		if _, events := other.heard(); events != step.want {
			t.Errorf("made by a %s, it hears of %d events, want %d", step.role, events, step.want)
		}
	}
}

// One that says that it is gone is asked no more.
func TestAWebhookThatIsGone(t *testing.T) {
	t.Parallel()
	other := newCRM(t, "key")
	k, s, hook := hooked(t, other.URL, "job.created")
	other.answers(func(w http.ResponseWriter) { w.WriteHeader(http.StatusGone) })
	k.makes("first")
	s.once(t)
	if w := k.hook(hook); w.State != aftersales.WebhookGone {
		t.Fatalf("it is %+v", w)
	}
}

// told returns the notices in somebody's app.
func (k *kept) told(person record.ID) (list []aftersales.Notice) {
	k.t.Helper()
	if err := k.Hub.View(k.t.Context(), func(v hub.View) error {
		rows, err := aftersales.Look(v).Refs("notice", "person", person)
		for _, row := range rows {
			list = append(list, aftersales.NoticeOf(row))
		}
		return err
	}); err != nil {
		k.t.Fatal(err)
	}
	return list
}
