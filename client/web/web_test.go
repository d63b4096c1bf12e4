package web

import (
	"context"
	"encoding/json"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
)

// thumb is somebody's thumb on a phone: the app with a real replica, that has never met a hub.
type thumb struct {
	t      *testing.T
	app    *App
	c      *client.Client
	s      *sample
	status int
	body   string
	to     string // where the answer leads
}

var li = record.NewID(1, [10]byte{1})

// emptyPhone copies a replica that has never met a hub.
var emptyPhone = simtest.Template(func(path string) error {
	c, err := client.Open(context.Background(), client.Options{Path: path})
	if err != nil {
		return err
	}
	return c.Close()
})

func newClient(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.Open(t.Context(), client.Options{
		Path: emptyPhone(t, filepath.Join(t.TempDir(), "field.db")), Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func enrolled(t testing.TB) *client.Client {
	t.Helper()
	c := newClient(t)
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		key := hubsKey() // and 28 is the actor d7
		_ = json.NewEncoder(w).Encode(map[string]any{"device": li, "person": li, "actor": "28", "parcel_key": key.Public[:]})
	}))
	defer hub.Close()
	if err := c.Enrol(t.Context(), hub.URL, "any", "Li's phone"); err != nil {
		t.Fatal(err)
	}
	return c
}

func newThumb(t *testing.T) *thumb {
	t.Helper()
	c := enrolled(t)
	h := &thumb{t: t, c: c}
	err := c.Update(t.Context(), aftersales.CauseSetUp, func(tx client.Tx) (err error) {
		h.s, err = furnish(tx, li)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if h.app, err = New(c, Options{Zone: morning()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.app.Close() })
	return h
}

// morning is a zone in which it is nine o'clock now: what is planned for later today is so at whatever hour the tests run.
func morning() *time.Location {
	h, m, s := time.Now().UTC().Clock()
	return time.FixedZone("morning", 9*3600-h*3600-m*60-s)
}

func (h *thumb) get(path string) *thumb { return h.send(http.MethodGet, path, nil) }

// post sends a form of names and values in turn, with the token of the page that was shown last.
func (h *thumb) post(path string, pairs ...string) *thumb {
	form := url.Values{}
	if once := regexp.MustCompile(`name="once" value="([^"]+)"`).FindStringSubmatch(h.body); once != nil {
		form.Set("once", once[1])
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return h.send(http.MethodPost, path, form)
}

func (h *thumb) send(method, path string, form url.Values) *thumb {
	h.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(form.Encode()))
	r.AddCookie(&http.Cookie{Name: h.app.gate.cookieName(), Value: h.app.gate.cookie})
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://127.0.0.1:8080")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	w := httptest.NewRecorder()
	h.app.Handler().ServeHTTP(w, r)
	h.status, h.to = w.Code, w.Header().Get("Location")
	if h.status != http.StatusSeeOther {
		h.body = w.Body.String()
	}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		h.body = html.UnescapeString(h.body)
	}
	return h
}

// text returns what a page says, without its tags.
func (h *thumb) text() string {
	_, main, _ := strings.Cut(h.body, "<main")
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(main, " ")), " ")
}

// sees wants a page with all of the texts.
func (h *thumb) sees(texts ...string) *thumb {
	h.t.Helper()
	for _, text := range texts {
		if h.status >= 500 || !strings.Contains(h.body, text) {
			h.t.Fatalf("%d, without %q:\n%s", h.status, text, h.text())
		}
	}
	return h
}

// lacks wants a page with none of the texts.
func (h *thumb) lacks(texts ...string) *thumb {
	h.t.Helper()
	for _, text := range texts {
		if strings.Contains(h.body, text) {
			h.t.Errorf("%q stands in\n%s", text, h.text())
		}
	}
	return h
}

// done wants what was asked to be done, and follows to the page that shows it.
func (h *thumb) done() *thumb {
	h.t.Helper()
	if h.status != http.StatusSeeOther {
		h.t.Fatalf("%d:\n%s", h.status, h.text())
	}
	return h.get(h.to)
}

// refused wants it to be refused, with what was typed still there.
func (h *thumb) refused(texts ...string) *thumb {
	h.t.Helper()
	if h.status != http.StatusUnprocessableEntity {
		h.t.Fatalf("%d:\n%s", h.status, h.text())
	}
	return h.sees(append(texts, `class="problem"`)...)
}

func (h *thumb) job() string { return jobURL(h.s.leak) }

func (h *thumb) pending() int {
	h.t.Helper()
	list, err := h.c.Outbox(h.t.Context(), device.Pending)
	if err != nil {
		h.t.Fatal(err)
	}
	return len(list)
}

// twice sends a form as its page had it, and again, as a browser does that got no answer.
func (h *thumb) twice(path string, pairs ...string) *thumb {
	h.t.Helper()
	page := h.body
	h.post(path, pairs...).done()
	before := h.pending()
	h.body = page
	h.post(path, pairs...).done()
	if now := h.pending(); now != before {
		h.t.Fatalf("%s: sent twice, it was done twice", path)
	}
	return h
}

// The whole visit, on a phone that has never met a hub, each form sent twice.
func TestAWholeVisit(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	job := h.job()
	h.get(job+"/ready").sees("Not all of it has come yet", "comes by itself")
	h.fetched()
	h.get("/").sees("循環泵漏水，壓力不足", "new today", "overdue", "3 more", "Offline")
	h.get(job + "/sign").sees("there is nothing to sign")
	h.get(job+"/ready").sees("BELT-9, 2 m: asked", "Parts come from the store").lacks("comes by itself")
	h.get(job + "/slip").sees("Not signed yet.").lacks("Pump repair")
	h.get(job + "/absent").sees(`value="absent" checked`)
	h.get(job + "/decline").lacks(" checked")
	h.get(job).sees("Accept", "tel:+886", "geo:25.0339", "Free: in warranty", "1 missing")
	for _, step := range []string{"accept", "travel", "arrive", "pause", "resume"} {
		h.get(job).twice(job+"/step", "step", step)
	}
	h.get(job).sees("On site", "Finish", "data-since", "to answer")
	h.checks()
	h.get(job+"/findings").post(job+"/findings", "fault", "nothing", "cause", "misuse", "text", "ran dry", "solved", "1").
		refused("ran dry", `value="misuse" selected`, `name="solved" value="1" checked`)
	h.get(job+"/findings").twice(job+"/findings", "fault", "leak", "cause", "misuse", "text", "ran dry", "solution", "new seal", "solved", "1")
	h.get(job+"/findings").sees("ran dry", "solved", "Misuse")
	h.moves()
	h.pays()
	h.get(job+"/comments").twice(job+"/comments", "text", "the guard was there")
	h.get(job+"/manuals").sees("KX-90", "Close both valves")
	h.get(job + "/knowledge").sees("更換軸封")
	h.twice(job+"/knowledge", "solution", h.s.solution.String(), "helped", "1")
	h.get(job+"/goods").twice(job+"/goods", "items", "control box", "by", "Lin")
	h.get(job+"/goods").sees("control box", "taken along")

	h.get(job+"/finish").twice(job+"/finish", "outcome", "fixed", "solution", "new seal fitted", "seen", h.hidden("seen"))
	h.get(job+"/sign").sees("Hand the phone", "How did we do?")
	h.post(job+"/sign", "name", "Lin").refused("Let the customer sign", `value="Lin"`)
	h.post(job+"/sign", "signature", png, "skill", "3").refused("The name of who signed is missing", `data-drawn="`+png+`"`, `name="skill" value="3" checked`)
	h.get(job+"/sign").post(job+"/sign", "name", "Lin", "signature", png, "attitude", "4", "recommend", "9").done()
	h.sees("Lin", "new seal fitted", "Power off and locked?", "control box", `<img class="signature"`, `<td>Shaft seal 40 mm <span class="dim">2 pcs</span></td>`)
	h.get("/told").sees("What you are told will stand here.")
	h.get("/mine").sees("J-100", "Working", "Repair", "used for a repair")
	before := time.Now().In(h.app.Zone).AddDate(0, 0, -1).Format(time.DateOnly)
	h.get("/mine?day="+before).sees(before, "No clock has run, and nothing was booked.")
	h.get("/outbox").sees("Waiting", "J-100 Shaft seal 40 mm", "J-100 循環泵漏水，壓力不足")
}

// How much room is left is said while there is some; that there is none, as what it means.
func TestAFullPhoneSaysSo(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	for free, want := range map[int64]string{30 << 20: "running out: 30 MB left", 700 << 10: "This phone is full"} {
		h.c.Files.Space = func(string) (int64, bool) { return free, true }
		h.get("/").sees(want)
	}
}

// png is a picture of one pixel.
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func (h *thumb) hidden(name string) string {
	h.t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(h.body)
	if m == nil {
		h.t.Fatalf("no field %s:\n%s", name, h.body)
	}
	return m[1]
}

// checks answers the checklist, and corrects an answer.
func (h *thumb) checks() {
	h.t.Helper()
	list := h.job() + "/checklist/" + h.s.checklist.String()
	h.get(h.job()+"/finish").post(h.job()+"/finish", "outcome", "fixed", "solution", "x", "seen", "").refused("still")
	h.get(list+"/power").twice(list+"/power", "text", "yes", "next", "pressure")
	h.get(list+"/pressure").post(list+"/pressure", "number", "9").refused("between", `value="9"`)
	h.get(list+"/pressure").post(list+"/pressure", "number", "3.5", "note", "at rest", "next", "").done()
	h.get(list+"/pressure").sees(`value="3.5"`, `value="at rest"`, "what was said before is kept").post(list+"/pressure", "number", "4").done()
	h.sees("4 bar")
	if n := h.count("answer"); n != 3 {
		h.t.Fatalf("%d answers: a correction is one more", n)
	}
}

func (h *thumb) count(table string) (n int) {
	h.t.Helper()
	rows, err := h.c.Query(h.t.Context(), "SELECT count(*) FROM "+table+" WHERE _del = 0")
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			h.t.Fatal(err)
		}
	}
	return n
}

// moves uses parts, brings back an old one, and swaps the pump.
func (h *thumb) moves() {
	h.t.Helper()
	job := h.job()
	h.get(job+"/parts/use").sees("SEAL-40", "CTRL-2", "4 pcs")
	h.get(job+"/parts/use/"+h.s.seal.String()).twice(job+"/parts/use/"+h.s.seal.String(), "quantity", "2")
	h.get(job+"/parts/use/"+h.s.seal.String()).post(job+"/parts/use/"+h.s.seal.String(), "quantity", "two").refused("number", `value="two"`)
	h.get(job + "/parts/use/" + h.s.board.String()).sees("CB-2201")
	h.get(job+"/parts/old/"+h.s.seal.String()).twice(job+"/parts/old/"+h.s.seal.String(), "quantity", "1", "tag", "T-7")
	h.get(job+"/parts").sees("2 pcs", "tag T-7")
	h.get(job+"/swap").sees("KX-90-1723", "CB-2201").twice(job+"/swap", "old", h.s.unit.String(), "other", "KX-90-9999")
	h.get(job + "/machine").sees("KX-90-1723 → KX-90-9999")
	h.get("/stock").sees("SEAL-40 · beside them old ones: 1 pcs", `>2 pcs<`)
	h.get("/parts/"+h.s.seal.String()).sees("Old ones in my van", "old one", "The old ones count, too.")
	h.get(job + "/parts/use/" + h.s.seal.String()).sees("in my van: 2 pcs")
}

// pays adds labour, lets the customer agree and pay.
func (h *thumb) pays() {
	h.t.Helper()
	job := h.job()
	h.get(job+"/price").sees("Shaft seal").twice(job+"/charge", "service", "labour", "quantity", "1.5")
	h.get(job+"/cover").sees("In warranty until", "Labour", "The warranty leaves this out: Used against the manual").lacks("out: misuse", "The customer pays ")
	// The seal and the labour are free: the fault is the product's. Freight is not.
	h.get(job+"/price").post(job+"/charge", "service", "freight", "quantity", "2").done()
	h.sees("Together", "TWD")
	h.get(job + "/consent").sees("I agree to")
	h.post(job+"/consent", "shown", "something else", "name", "Lin").refused("changed since")
	h.get(job+"/consent").twice(job+"/consent", "shown", h.hidden("shown"), "name", "Lin", "signature", png)
	h.get(job+"/price").post(job+"/pay", "amount", "8O", "currency", "TWD", "method", "card", "payer", "Lin").
		refused("An amount is a number", `value="card" required checked`).lacks(`value="cash" required checked`)
	h.get(job+"/price").sees("Lin agreed to").twice(job+"/pay", "amount", "80", "currency", "TWD", "method", "cash", "payer", "Lin")
	h.get("/mine").sees("80.00 TWD", "Cash")
}

func TestWithoutALeaseThePagesWait(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.c.Lease = 1
	ask := func(method, page string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://127.0.0.1"+page, nil)
		r.AddCookie(&http.Cookie{Name: h.app.gate.cookieName(), Value: h.app.gate.cookie})
		r.Header.Set("Origin", "http://127.0.0.1")
		w := httptest.NewRecorder()
		h.app.Handler().ServeHTTP(w, r)
		return w
	}
	for _, page := range []string{"/", "/open", h.job(), "/search?q=KX", "/outbox", "/mine", "/told"} {
		if w := ask(http.MethodGet, page); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "has not met the office") || strings.Contains(w.Body.String(), "大華") {
			t.Errorf("%s: %d\n%s", page, w.Code, w.Body)
		}
	}
	if w := ask(http.MethodPost, h.job()+"/step"); w.Code != http.StatusSeeOther {
		t.Errorf("a step without a lease: %d", w.Code)
	}
	for _, page := range []string{"/settings", "/export"} {
		if w := ask(http.MethodGet, page); w.Code != http.StatusOK {
			t.Errorf("%s: %d", page, w.Code)
		}
	}
	h.c.Lease = 0
	if w := ask(http.MethodGet, "/"); w.Code != http.StatusOK {
		t.Errorf("with a lease: %d", w.Code)
	}
}

// How large photos are kept and how they travel is chosen under More, and holds at once.
func TestHowPhotosTravelIsChosen(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	for _, c := range []struct {
		name, value string
		want        client.Choices
	}{
		{"photos", "small", client.Choices{Reduce: true}}, {"send", "wifi", client.Choices{Reduce: true, WiFiOnly: true}},
		{"photos", "full", client.Choices{WiFiOnly: true}}, {"send", "any", client.Choices{}}, {"send", "x", client.Choices{}},
	} {
		h.post("/settings", c.name, c.value).done()
		if got := h.c.Choices(); got != c.want {
			t.Errorf("%s %s: %+v, want %+v", c.name, c.value, got, c.want)
		}
	}
	h.post("/settings", "send", "wifi").done()
	h.get("/settings").sees(`name="send" value="wifi" aria-pressed="true"`, `name="photos" value="full" aria-pressed="true"`)
	h.c.SetNetwork(client.NetworkMetered)
	h.sendFile(h.job()+"/photos", "photo", "plate.png", strings.NewReader("\x89PNG\r\n\x1a\n"))
	h.get(h.job() + "/photos").sees("waits for Wi-Fi")
	h.post("/settings", "send", "any").done()
	h.get(h.job() + "/photos").sees("waiting to be sent")
}
