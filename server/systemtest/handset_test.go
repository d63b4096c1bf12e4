package systemtest

import (
	"bufio"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// handset is Li's phone, with the app on it.
type handset struct {
	*shop
	gate *gate // the way to the hub
	app  *exec.Cmd
	url  string // opens the app
	base string

	checklist record.ID
	wang      record.ID // a colleague
	http      *http.Client
	body      string
}

// newHandset is a phone that has fetched its work, and then lost the hub: whoever comes there is sent away.
func newHandset(t *testing.T, program string) *handset {
	t.Helper()
	h := furnishedHandset(t, program)
	h.leaves()
	return h
}

// leaves fetches what is the phone's, loses the hub, and starts the app.
func (h *handset) leaves() {
	h.t.Helper()
	h.done("sync", "-within", patience.String())
	h.gate.shut.Store(true)
	h.start()
}

// furnishedHandset is a phone that is Li's, and has nothing yet.
func furnishedHandset(t testing.TB, program string) *handset {
	t.Helper()
	h := &handset{shop: newShop(t, program)}
	h.office("company.setup", func(tx aftersales.Tx) error {
		return errors.Join(h.prices(tx), h.questions(tx), h.employs(tx))
	})
	h.gate = newGate(t, h.shop.world.url, nil)
	h.done("enrol", h.gate.url(), h.code(h.li, "li"), "-name", "Li's phone")
	return h
}

// prices are in force from now on.
func (h *handset) prices(tx aftersales.Tx) error {
	for _, p := range aftersales.PolicyTemplates(aftersales.PolicyPrice) {
		if p.Name == "taiwan" {
			_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: aftersales.PolicyPrice, Branch: h.branch, Body: p.Body})
			return err
		}
	}
	return errors.New("there is no such list of prices")
}

// questions are asked at every lift, of which Elevator 3 is one, under warranty.
func (h *handset) questions(tx aftersales.Tx) error {
	product, err := aftersales.CreateProduct(tx, aftersales.ProductInput{Code: "KX", Name: map[string]string{"en": "Lift KX"}, WarrantyMonths: 24})
	if err != nil {
		return err
	}
	today := tx.Now() / (24 * time.Hour.Milliseconds())
	err = tx.Update("unit", h.unit, record.Values{
		"product": record.Ref(product), "sold_on": record.Date(today - 40), "installed_on": record.Date(today - 30), "accepted_on": record.Date(today - 30),
	})
	if err != nil {
		return err
	}
	h.checklist, err = aftersales.CreateChecklist(tx, aftersales.ChecklistInput{
		Name: map[string]string{"en": "Lift"}, Product: product, Questions: []aftersales.Question{
			{Key: "power", Kind: aftersales.AskYesNo, Label: map[string]string{"en": "Power off?"}, Required: aftersales.AskAlways},
		}})
	return err
}

// employs puts seals into Li's van, and a colleague with an empty one beside him.
func (h *handset) employs(tx aftersales.Tx) error {
	van, err := aftersales.VanOf(tx, h.li)
	if err != nil {
		return err
	}
	_, err = aftersales.ReceivePart(tx, aftersales.MoveInput{Part: h.seal, Quantity: aftersales.Quantity{Amount: 5 * aftersales.One}, To: van.ID})
	if err != nil {
		return err
	}
	if h.wang, err = aftersales.CreatePerson(tx, aftersales.PersonInput{Branch: h.branch, Name: "王強", Technician: true}); err != nil {
		return err
	}
	_, err = aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: h.branch, Name: "Van 8", Holder: h.wang})
	return err
}

// colleague is Wang's phone, which is as far from the hub as Li's.
func (h *handset) colleague() *handset {
	h.t.Helper()
	h.publishKeys()
	his := *h.shop
	his.data = filepath.Join(h.t.TempDir(), "wang")
	w := &handset{shop: &his, gate: newGate(h.t, h.shop.world.url, nil)}
	w.done("enrol", w.gate.url(), w.code(h.wang, "wang"), "-name", "Wang's phone")
	w.leaves()
	return w
}

// start starts the app.
func (h *handset) start() {
	h.t.Helper()
	h.app = h.command("app", "-json")
	out, err := h.app.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.app.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(h.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	var opened struct{ URL string }
	if err != nil || json.Unmarshal([]byte(line), &opened) != nil {
		h.t.Fatalf("the app says %q: %v", line, err)
	}
	h.url = opened.URL
	h.base, _, _ = strings.Cut(opened.URL, "/enter")
	jar, _ := cookiejar.New(nil)
	h.http = &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if _, _, err := h.ask(http.MethodGet, strings.TrimPrefix(h.url, h.base), nil); err != nil {
		h.t.Fatal(err)
	}
}

// kill ends the app as a phone does that has run out of memory or power.
func (h *handset) kill() {
	_ = h.app.Process.Signal(syscall.SIGKILL)
	_ = h.app.Wait()
}

// ask sends a request as the browser does, and returns where it leads.
func (h *handset) ask(method, path string, form url.Values) (status int, to string, err error) {
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", h.base)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("Accept-Language", "en")
	answer, err := h.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	h.body = html.UnescapeString(string(b))
	return answer.StatusCode, answer.Header.Get("Location"), err
}

// page wants a page with all of the texts.
func (h *handset) page(path string, texts ...string) {
	h.t.Helper()
	status, _, err := h.ask(http.MethodGet, path, nil)
	if err != nil || status != http.StatusOK {
		h.t.Fatalf("%s: %d %v", path, status, err)
	}
	for _, text := range texts {
		if !strings.Contains(h.body, text) {
			h.t.Fatalf("%s lacks %q:\n%s", path, text, h.body)
		}
	}
}

// form returns the fields of names and values, with those that the page hides.
func (h *handset) form(pairs ...string) url.Values {
	form := url.Values{}
	for _, m := range regexp.MustCompile(`type="hidden" name="([^"]+)"[^>]* value="([^"]*)"`).FindAllStringSubmatch(h.body, -1) {
		form.Set(m[1], m[2])
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// back opens the hub again, and sends what waits.
func (h *handset) back() {
	h.t.Helper()
	h.kill()
	h.done("sync", "-server", h.shop.world.url, "-within", patience.String())
}

// onHub counts rows of the job on the hub.
func (h *handset) onHub(job record.ID, table string) (n int) {
	h.t.Helper()
	h.office("look", func(tx aftersales.Tx) error {
		rows, err := tx.Refs(table, "job", job)
		n = len(rows)
		return err
	})
	return n
}

// wantOnHub checks how many rows of the job the hub has, by table.
func (h *handset) wantOnHub(job record.ID, rows map[string]int) {
	h.t.Helper()
	for table, want := range rows {
		if got := h.onHub(job, table); got != want {
			h.t.Errorf("the hub has %d of %s, want %d", got, table, want)
		}
	}
}

// wantState checks how a job stands on the hub.
func (h *handset) wantState(job record.ID, want string) {
	h.t.Helper()
	h.office("look", func(tx aftersales.Tx) error {
		row, err := tx.Row("job", job)
		if state := row.Get("state").Text(); state != want {
			h.t.Errorf("the job is %s, want %s", state, want)
		}
		return err
	})
}

// wantInVan checks how many of a part somebody's van has, as the hub knows.
func (h *handset) wantInVan(person, part record.ID, want int64) {
	h.t.Helper()
	h.office("look", func(tx aftersales.Tx) error {
		van, err := aftersales.VanOf(tx, person)
		if err != nil {
			return err
		}
		all, err := aftersales.StockAt(tx, van.ID)
		var has int64
		for _, s := range all {
			if s.Part.ID == part {
				has = s.Quantity.Amount
			}
		}
		if has != want*aftersales.One {
			h.t.Errorf("%s has %d thousandths, want %d", van.Name, has, want*aftersales.One)
		}
		return err
	})
}

// sends a form that must be taken.
func (h *handset) sends(path string, pairs ...string) {
	h.t.Helper()
	if status, _, err := h.ask(http.MethodPost, path, h.form(pairs...)); err != nil || status != http.StatusSeeOther {
		h.t.Fatalf("%s: %d %v\n%s", path, status, err, h.body)
	}
}
