package systemtest

import (
	"bytes"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
)

// bureau is the whole hub with people in front of browsers and phones in the field.
type bureau struct {
	*world
	srv *server.Server
}

const password = "three quiet words"

func newBureau(t testing.TB) *bureau {
	t.Helper()
	return newBureauOn(t, emptyOffice(t, filepath.Join(t.TempDir(), "hub.db")), "")
}

// officeZone is where the office's clock hangs: days there are not those of UTC.
var officeZone = time.FixedZone("CST", 8*3600)

// newBureauOn is a new bureau whose hub stands at the path, or in the database in PostgreSQL.
func newBureauOn(t testing.TB, path, database string) *bureau {
	t.Helper()
	b := openBureau(t, path, database)
	b.setUp()
	return b
}

// setUp begins the company.
func (b *bureau) setUp() {
	b.t.Helper()
	b.office("set up", func(tx aftersales.Tx) error {
		if err := aftersales.SetUp(tx); err != nil {
			return err
		}
		_, err := aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "N", Name: "North", Zone: "Asia/Taipei", Currency: "TWD"})
		return err
	})
}

// openBureau opens what stands there.
func openBureau(t testing.TB, path, database string) *bureau {
	t.Helper()
	srv, err := server.Open(t.Context(), path, server.Options{
		Database: database, Company: "Nordwind Service", Zone: officeZone, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(used.note(srv.Handler()))
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		web.CloseClientConnections()
		web.Close()
	})
	return &bureau{&world{t: t, core: srv.Core(), url: web.URL}, srv}
}

// hire adds somebody with an account.
func (b *bureau) hire(login, name string, role auth.Role) record.ID {
	b.t.Helper()
	p, err := b.srv.People().Add(b.t.Context(), auth.Person{Login: login, Name: name, Roles: []auth.Role{role}}, password)
	if err != nil {
		b.t.Fatal(err)
	}
	return p.ID
}

// phone enrols a device with the code that the office's page shows.
func (b *bureau) phone(admin *browser, person record.ID, name string) *client.Client {
	b.t.Helper()
	admin.post("/devices/codes", "person", person.String()).sees(http.StatusOK, "shown only now")
	return b.enrols(admin.find(`class="secret">([^<]+)<`), name)
}

// enrols makes a phone of the code.
func (b *bureau) enrols(code, name string) *client.Client {
	b.t.Helper()
	c, err := client.Open(b.t.Context(), client.Options{Path: emptyPhone(b.t, filepath.Join(b.t.TempDir(), name+".db")), App: "fieldtech test"})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = c.Close() })
	if err := c.Enrol(b.t.Context(), b.url, code, name); err != nil {
		b.t.Fatal(err)
	}
	return c
}

// makes a job in the office, assigned to the person.
func (v *browser) makes(title string, person record.ID) (job record.ID, path string) {
	v.t.Helper()
	v.post("/jobs", "title", title).sees(http.StatusOK, title, "Now assign it")
	path = v.at.Path
	v.post(path+"/assign", "seen", v.hidden("seen"), "person", person.String(), "role", "lead").sees(http.StatusOK, "Assigned.")
	job, err := record.ParseID(strings.TrimPrefix(path, "/jobs/"))
	if err != nil {
		v.t.Fatal(err)
	}
	return job, path
}

// browser is one with somebody in front of it, who is signed in.
type browser struct {
	t      testing.TB
	http   *http.Client
	url    string
	status int
	body   string // as people read it
	source string // as it came
	at     *url.URL
	header http.Header
}

func (b *bureau) browser(login string) *browser {
	b.t.Helper()
	return b.visitor().post("/sign-in", "login", login, "password", password).sees(http.StatusOK)
}

// visitor is a browser in which nobody has signed in.
func (b *bureau) visitor() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{t: b.t, url: b.url, http: &http.Client{Jar: jar, Timeout: patience}}
}

func (v *browser) get(path string) *browser {
	v.t.Helper()
	return v.send(http.MethodGet, path, nil)
}

// post sends a form of names and values in turn.
func (v *browser) post(path string, pairs ...string) *browser {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return v.send(http.MethodPost, path, form)
}

func (v *browser) send(method, path string, form url.Values) *browser {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, bytes.NewBufferString(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.status, v.source, v.at, v.header = answer.StatusCode, string(body), answer.Request.URL, answer.Header
	v.body = html.UnescapeString(v.source)
	return v
}

func (v *browser) sees(status int, texts ...string) *browser {
	v.t.Helper()
	if v.status != status {
		v.t.Fatalf("%s answered %d, want %d:\n%s", v.at, v.status, status, v.body)
	}
	for _, text := range texts {
		if !strings.Contains(v.body, text) {
			v.t.Errorf("%s does not show %q:\n%s", v.at, text, v.body)
		}
	}
	return v
}

func (v *browser) lacks(texts ...string) *browser {
	v.t.Helper()
	for _, text := range texts {
		if strings.Contains(v.body, text) {
			v.t.Errorf("%s shows %q", v.at, text)
		}
	}
	return v
}

// find returns what the first match of the pattern holds.
func (v *browser) find(pattern string) string {
	v.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(v.body)
	if m == nil {
		v.t.Fatalf("%s has no %s:\n%s", v.at, pattern, v.body)
	}
	return m[1]
}

func (v *browser) hidden(name string) string {
	v.t.Helper()
	return v.find(`name="` + name + `" value="([^"]*)"`)
}

// choice returns the form that settles the conflict about a column of the job by the button of that text.
func (v *browser) choice(column, text string) (form []string) {
	v.t.Helper()
	for _, article := range strings.Split(v.body, "<article")[1:] {
		one := &browser{t: v.t, at: v.at, body: article}
		if !strings.Contains(article, "data-about=\"job."+column+"\"") {
			continue
		}
		form = append(form, "conflict", one.hidden("conflict"))
		for _, m := range regexp.MustCompile(`name="over" value="([^"]*)"`).FindAllStringSubmatch(article, -1) {
			form = append(form, "over", m[1])
		}
		return append(form, "chosen", one.find(`name="chosen" value="([^"]*)"[^>]*><span[^>]*>[^<]*</span> `+text+`<`))
	}
	v.t.Fatalf("%s shows no conflict about the job's %s:\n%s", v.at, column, v.body)
	return nil
}

func update(t testing.TB, c *client.Client, cause string, do func(aftersales.Tx) error) {
	t.Helper()
	if err := c.Update(t.Context(), cause, do); err != nil {
		t.Fatalf("%s: %v", cause, err)
	}
}

// repair does the whole visit on the device.
func repair(t testing.TB, c *client.Client, job record.ID) {
	t.Helper()
	visit := aftersales.VisitInput{Job: job}
	for _, step := range []func(aftersales.Tx, aftersales.VisitInput) error{aftersales.Accept, aftersales.Travel, aftersales.Arrive} {
		update(t, c, "visit.step", func(tx aftersales.Tx) error { return step(tx, visit) })
	}
	update(t, c, aftersales.CauseJobComplete, func(tx aftersales.Tx) error {
		in := aftersales.CompleteInput{Summary: "seal replaced"}
		in.Job, in.Finding = job, "worn seal"
		return aftersales.Complete(tx, in)
	})
}

func TestAConflictIsASentenceAndTheOfficeSettlesIt(t *testing.T) {
	t.Parallel()
	settlesAConflict(t, newBureau(t))
}

func settlesAConflict(t *testing.T, b *bureau) {
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	phone := b.phone(boss, wang, "Wang's phone")
	job, path := boss.makes("循环泵压力不足", wang)
	sync(t, phone)
	if title := b.jobOn(phone, job).Title; title != "循环泵压力不足" {
		t.Fatalf("the phone shows the title %q", title)
	}

	repair(t, phone, job) // in the cellar, while the office cancels
	boss.get(path)
	boss.post(path+"/cancel", "seen", boss.hidden("seen"), "reason", "sold").sees(http.StatusOK, "Cancelled.")
	sync(t, phone)

	boss.get("/conflicts").sees(http.StatusOK, "循环泵压力不足", "王强 (Wang's phone) set <q>done</q>", "not knowing that",
		"Anna Berg (office) set <q>cancelled</q>", "Nobody but a person can decide this.")
	boss.get("/jobs?conflict=1").sees(http.StatusOK, "循环泵压力不足", "1 shown of 1")
	boss.get(path).sees(http.StatusOK, "worn seal", "Job completed", "Job cancelled", "merged")
	settle := boss.choice("state", "cancelled")
	boss.post("/conflicts/settle", settle...).sees(http.StatusOK, "Settled.").lacks("<q>done</q>")
	boss.get("/conflicts?show=settled").sees(http.StatusOK, "<q>done</q>", "Settled.")
	boss.post("/conflicts/settle", settle...).sees(http.StatusOK, "Somebody settled this before you.")

	sync(t, phone)
	if here, there := b.jobOn(phone, job).State, b.jobOnHub(job).State; here != aftersales.JobCancelled || there != here {
		t.Errorf("the job is %s on the phone and %s on the hub", here, there)
	}
}

func TestARefusedChangeIsReleasedAndThePhoneHears(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	phone := b.phone(boss, wang, "Wang's phone")
	job, path := boss.makes("Fan rattles", wang)
	sync(t, phone)
	for _, title := range []string{"Fan rattles, belt too", "Fan is fine"} { // which is the office's to say
		update(t, phone, aftersales.CauseEdit, func(tx aftersales.Tx) error {
			return tx.Update("job", job, record.Values{"title": record.Text(title)})
		})
	}
	sync(t, phone)
	if refused, err := phone.Outbox(t.Context(), device.Refused); err != nil || len(refused) != 2 {
		t.Fatalf("the phone has %d refused changes: %v", len(refused), err)
	}

	boss.get("/devices").sees(http.StatusOK, "Wang's phone", `">2</a>`)
	boss.get("/refused").sees(http.StatusOK, "2 shown of 2", "王强, Wang's phone", "Fan rattles, belt too")
	boss.get("/").sees(http.StatusOK, "Refused changes", "J-o3-1 · 王强")
	boss.get("/refused")
	one := boss.find(`href="(/refused/[^"?]+)">`)
	boss.get(one).sees(http.StatusOK, "Why it was refused", "Fan rattles, belt too")
	boss.post(one, "verb", "release").sees(http.StatusOK, "Released", "1 shown of 1")
	boss.post(one, "verb", "release").sees(http.StatusConflict, "decided already")
	boss.get(path).sees(http.StatusOK, "Fan rattles, belt too")

	other := boss.get("/refused").find(`href="(/refused/[^"?]+)">`)
	boss.post(other, "verb", "dismiss", "reason", "").sees(http.StatusUnprocessableEntity, "Say why")
	boss.post(other, "verb", "dismiss", "reason", "The customer says it is not.").sees(http.StatusOK, "Dismissed.", "Nothing is refused.")
	boss.get("/refused?show=closed").sees(http.StatusOK, "2 shown of 2")

	sync(t, phone)
	if refused, err := phone.Outbox(t.Context(), device.Refused); err != nil || len(refused) != 0 {
		t.Errorf("the phone still has %d refused changes: %v", len(refused), err)
	}
	if title := b.jobOn(phone, job).Title; title != "Fan rattles, belt too" {
		t.Errorf("the phone shows %q", title)
	}
	if comments, err := phone.Comments().About(t.Context(), aftersales.Row{Table: "job", ID: job}); err != nil || len(comments) != 1 || comments[0].Text != "The customer says it is not." {
		t.Errorf("the technician reads %v: %v", comments, err)
	}
}

func TestAFormThatIsStaleOverwritesNothing(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	phone := b.phone(boss, wang, "Wang's phone")
	job, path := boss.makes("Pump hums", wang)
	sync(t, phone)
	boss.get(path + "/edit") // and goes for coffee
	update(t, phone, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		return tx.Update("job", job, record.Values{"note": record.Text("gate code 1993")})
	})
	sync(t, phone)
	boss.post(path+"/edit", "seen", boss.hidden("seen"), "title", "Pump hums loudly", "was.title", "Pump hums",
		"note", "ring twice", "was.note", "").sees(http.StatusOK, "Saved.", "While you were editing", "gate code 1993", "ring twice")
	if got := b.jobOnHub(job); got.Title != "Pump hums loudly" || got.Note != "ring twice" && got.Note != "gate code 1993" {
		t.Errorf("the job is %+v", got)
	}
	boss.get("/conflicts").sees(http.StatusOK, "gate code 1993", "ring twice", "1 shown of 1")
}

func TestARevokedPhoneIsOffAtOnce(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	phone := b.phone(boss, wang, "Wang's phone")
	if err := phone.Connect(); err != nil {
		t.Fatal(err)
	}
	online := func() bool { return strings.Contains(boss.get("/devices").sees(http.StatusOK).body, ">online<") }
	soon(t, "the phone is online", online)
	boss.post(boss.find(`action="(/devices/[^"]+/standing)"`), "standing", "revoke").sees(http.StatusOK, "shut out")
	soon(t, "the phone is off", func() bool { return !online() })
	boss.post(boss.find(`action="(/devices/[^"]+/standing)"`), "standing", "admit").sees(http.StatusOK, "let in again")
}

// soon waits until it is so. What took long is told: it may show what made a story fail later, or what makes it slow.
func soon(t testing.TB, what string, is func() bool) {
	t.Helper()
	defer told(t, what, time.Now())
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

func told(t testing.TB, what string, begun time.Time) {
	t.Helper()
	if took := time.Since(begun); took > 10*time.Second {
		t.Logf("it took %s until %s", took.Round(time.Second), what)
	}
}

func TestEverybodySeesWhatHisRolesInclude(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("li", "李娜", auth.Dispatcher)
	b.hire("audit", "Otto Prüfer", auth.Auditor)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	_, path := boss.makes("Pump hums", wang)

	li := b.browser("li")
	li.get(path).sees(http.StatusOK, "Pump hums")
	li.post("/people", "login", "x", "name", "X", "role", "administrator").sees(http.StatusForbidden)
	li.post("/devices/codes", "person", wang.String()).sees(http.StatusForbidden)
	auditor := b.browser("audit")
	boss.post("/roles/change", "role", "auditor", "was", "see_today").sees(http.StatusOK, "The role is changed.")
	if auditor.get("/").sees(http.StatusOK); auditor.at.Path == "/" {
		t.Error("he may not see what needs a person today, and does")
	}
	auditor.get(path).sees(http.StatusOK, "Pump hums").lacks(`action="` + path + `/cancel"`)
	auditor.post(path+"/cancel", "seen", auditor.hidden("seen"), "reason", "no").sees(http.StatusForbidden)

	jar, _ := cookiejar.New(nil)
	nobody := &browser{t: t, url: b.url, http: &http.Client{Jar: jar}}
	nobody.get(path).sees(http.StatusOK, "Sign-in name").lacks("Pump hums")
	nobody.post("/sign-in", "login", "wang", "password", password).sees(http.StatusForbidden, "Your jobs are in the app on your phone.")
}

// Whoever gets an account is a colleague whom jobs can name, and his phone's key is known to his branch.
func TestAnAccountIsAColleague(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	boss.post("/people", "login", "chen", "name", "Chen Wei", "role", "technician").sees(http.StatusOK, "Chen Wei", "shown only now")
	chen, err := record.ParseID(boss.find(`(?s).*action="/people/([^/"]+)/active"`))
	if err != nil {
		t.Fatal(err)
	}
	_ = b.phone(boss, chen, "Chen's phone")
	err = b.core.Store.Read(t.Context(), func(v *store.View) error {
		row, err := v.Row(record.Key{Table: aftersales.Schema.Table("person").ID, ID: chen})
		if err != nil || row == nil || !aftersales.PersonOf(row).Technician || aftersales.PersonOf(row).Branch.IsZero() {
			t.Errorf("the colleague is %+v: %v", row, err)
		}
		keys, err := v.Refs(aftersales.Schema.Table("device_key"), "person", chen)
		if len(keys) != 1 {
			t.Errorf("%d keys are published", len(keys))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	boss.post("/people/"+chen.String()+"/roles", "role", "dispatcher").sees(http.StatusOK, "The roles are changed.")
	boss.post("/jobs", "title", "Pump hums")
	boss.get(boss.at.Path).sees(http.StatusOK).lacks(`<option value="` + chen.String() + `">`)
}

// More pages at a time than the store has readers: none waits for itself.
func TestPagesDoNotWaitForOneAnother(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	_, path := b.browser("boss").makes("Pump hums", wang)
	v := b.browser("boss")
	done := make(chan int, 40)
	for range cap(done) {
		go func() {
			r, err := v.http.Get(v.url + path)
			if err != nil {
				done <- 0
				return
			}
			_ = r.Body.Close()
			done <- r.StatusCode
		}()
	}
	for range cap(done) {
		if status := <-done; status != http.StatusOK {
			t.Errorf("a page answered %d", status)
		}
	}
}
