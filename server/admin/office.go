package admin

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"fieldsync/server/admin/refill"
	"fieldsync/server/auth"
	"fieldsync/sync/fault"
	"fieldsync/sync/pages"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/words"
)

// Options is what the office needs.
type Options struct {
	Engine    Engine
	Phones    Phones
	Files     Files     // nil for a hub without
	Views     Views     // of lists; nil for a hub without
	Chronicle Chronicle // of what was done to the hub
	Dossiers  Dossiers
	Imports   Imports        // nil for a hub that takes no files in
	Programs  *auth.Programs // nil for a hub without an API
	People    *auth.People
	Sessions  *auth.Sessions
	Schema    *schema.Schema
	Zone      *time.Location // in which times are shown
	Now       func() time.Time
	Log       *slog.Logger
	Proxies   []netip.Prefix // whose X-Forwarded-For is believed
	Company   string         // shown in the corner
	Encrypted bool           // people reach the office by https, here or at a proxy
}

// Office serves the pages.
type Office struct {
	Options
	words *words.Book
	pages map[string]*pages.Set
}

// New returns the office. The error is that of a template or of the list of words: a fault of the program.
func New(o Options) (*Office, error) {
	book, err := readWords()
	if err != nil {
		return nil, err
	}
	pages, err := loadPages(book, o.Zone)
	if err != nil {
		return nil, err
	}
	return &Office{o, book, pages}, nil
}

// Action answers a visit. An error it returns becomes a page that says what happened and what to do.
type Action func(*Office, *Visit) error

// Page returns the handler of an action that takes the permission: the first of the six steps. Somebody who is not
// signed in is asked to, and comes back to where he wanted to go.
func (o *Office) Page(need auth.Permission, act Action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := o.visit(w, r)
		switch {
		case err != nil:
		case v.Who == nil:
			v.askToSignIn()
			return
		case v.Who.Temporary() && r.URL.Path != passwordURL && r.URL.Path != signOutURL:
			v.redirect(passwordURL)
			return
		case v.Who.MustSetUp() && !strings.HasPrefix(r.URL.Path, secondStepURL) && r.URL.Path != passwordURL && r.URL.Path != signOutURL:
			v.redirect(secondStepURL)
			return
		case !v.Who.May(need):
			err = fault.New(NoRight, "Your roles do not include this. Ask an administrator if you need it.")
		default:
			v.bind(need)
			err = act(o, v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// bind lets the visit see and write rows of those branches alone in which its person may do what the page is for, and has
// what it does to the hub entered in his name.
func (v *Visit) bind(need auth.Permission) {
	v.r = v.r.WithContext(auth.By(auth.Within(v.r.Context(), v.Who.In(need)), v.Who.ID))
}

// alsoFor returns the visit bound to those of its branches in which its person may do something else as well; nil for none.
func (v *Visit) alsoFor(need auth.Permission) *Visit {
	in := auth.BranchesOf(v.r.Context()).Both(v.Who.In(need))
	if in.None() {
		return nil
	}
	also := *v
	also.r = v.r.WithContext(auth.Within(v.r.Context(), in))
	return &also
}

// Open returns the handler of an action for anybody, signed in or not.
func (o *Office) Open(act Action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := o.visit(w, r)
		if err == nil {
			err = act(o, v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// maxForm is how many bytes a form may have: a long text in every field.
const maxForm = 1 << 20

// byItself is the header of what a page asks without its user: a screen that nobody sits at keeps no session alive.
const byItself = "X-Refresh"

func (o *Office) visit(w http.ResponseWriter, r *http.Request) (*Visit, error) {
	v := &Visit{office: o, w: w, r: r, upload: r.Body}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	v.lang = &language{o.words.Match(r.Header.Get("Accept-Language"))}
	who, err := o.Sessions.Who(r.Context())
	if err != nil {
		return v, err
	}
	v.Who = who
	if who != nil && r.URL.Path != liveURL && r.Header.Get(byItself) == "" {
		o.Sessions.Touch(r.Context())
	}
	if who != nil && who.Language != "" {
		v.lang = &language{o.words.Match(who.Language)}
	}
	if err := r.ParseForm(); err != nil {
		return v, fault.Wrap(BadForm, "The form is too long or damaged. Go back and try again.", err)
	}
	return v, nil
}

// Visit is one request, by somebody, in his language.
type Visit struct {
	Who    *auth.Person
	lang   *language
	office *Office
	w      http.ResponseWriter
	r      *http.Request
	upload io.ReadCloser // the body, without a form's bound
}

// form returns what was typed into the field, its lines ending as they do everywhere but in forms.
func (v *Visit) form(name string) string {
	return strings.ReplaceAll(v.r.PostForm.Get(name), "\r\n", "\n")
}

// count returns a number that a form carries along; 0 for one that was tampered with.
func (v *Visit) count(name string) int {
	n, _ := strconv.Atoi(v.form(name))
	return n
}

func (v *Visit) query(name string) string { return v.r.URL.Query().Get(name) }

// t says something in the visitor's language.
func (v *Visit) t(key string, args ...any) string { return v.lang.Say(key, args...) }

func (v *Visit) author() Author {
	return Author{Person: v.Who.ID, From: auth.Address(v.r, v.office.Proxies)}
}

// redirect answers a form: the page it leads to can be reloaded without sending the form again.
func (v *Visit) redirect(to string) { http.Redirect(v.w, v.r, to, http.StatusSeeOther) }

// done redirects, and leaves a sentence for the next page.
func (v *Visit) done(to, notice string) error {
	v.office.Sessions.Notify(v.r.Context(), notice)
	v.redirect(to)
	return nil
}

func (v *Visit) askToSignIn() {
	to := signInURL
	if v.r.Method == http.MethodGet && v.r.URL.Path != "/" && v.r.URL.Path != liveURL {
		to += "?to=" + url.QueryEscape(v.r.URL.RequestURI())
	}
	v.redirect(to)
}

// frame is what every page has around it.
type frame struct {
	Title   string
	Here    string // the URL of the entry of the rail that the page belongs to
	Path    string // the page's own URL with its query
	Who     *auth.Person
	Lang    string // BCP 47
	Company string
	Notice  string
	Rail    []railEntry
	Tabs    []tabView // the pages beside this one
	Bare    bool      // without the rail
}

type railEntry struct {
	URL, Key, Label string
	Here            bool
}

var rail = []struct {
	url, key, label string
	need            auth.Permission
}{
	{homeURL, "t", "Today", auth.SeeToday},
	{intakeURL, "i", "Intake", auth.TakeCalls},
	{requestsURL, "q", "Requests", auth.SeeRequests},
	{boardURL, "b", "Board", auth.SeeBoard},
	{mapURL, "m", "Map", auth.SeeMap},
	{jobsURL, "j", "Jobs", auth.SeeJobs},
	{customersURL, "k", "Customers", auth.SeeCustomers},
	{assetsURL, "a", "Machines", auth.SeeAssets},
	{partsURL, "s", "Parts and stock", auth.SeeParts},
	{conflictsURL, "c", "Inbox", auth.SeeInbox},
	{solutionsURL, "w", "Knowledge", auth.SeeKnowledge},
	{devicesURL, "d", "Devices", auth.SeeDevices},
	{peopleURL, "p", "People", auth.SeePeople},
	{settingsURL, "x", "Settings", auth.EditSettings},
}

// frame returns the frame of a page that belongs to the entry here of the rail.
func (v *Visit) frame(title, here string) frame {
	f := frame{Title: title, Here: here, Path: v.r.URL.RequestURI(), Who: v.Who, Lang: v.lang.Tag, Company: v.office.Company}
	if v.Who == nil {
		f.Bare = true
		return f
	}
	f.Notice = v.office.Sessions.Notice(v.r.Context())
	f.Tabs, f.Here = v.tabs(here)
	for _, e := range rail {
		if url := v.entry(e.url, e.need); url != "" {
			f.Rail = append(f.Rail, railEntry{url, e.key, v.t(e.label), e.url == f.Here})
		}
	}
	return f
}

// May reports whether whoever sees the page has the permission; templates ask it.
func (f frame) May(p string) bool { return f.Who != nil && f.Who.May(auth.Permission(p)) }

// show renders the page before it sends the first byte, so that a fault in a template is never half a page.
func (v *Visit) show(status int, name string, page any) error {
	var b bytes.Buffer
	if err := v.office.pages[v.lang.Tag].Show(&b, name, "layout", page); err != nil {
		return err
	}
	body := b.Bytes()
	if v.r.Method == http.MethodPost && status >= http.StatusBadRequest {
		var err error
		if body, err = refill.Form(body, v.r.URL.Path, v.r.PostForm); err != nil {
			return err
		}
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store") // what was shown to one person is not kept for the next at the same screen
	v.w.WriteHeader(status)
	if _, err := v.w.Write(body); err != nil {
		v.office.Log.Debug("page not delivered", "path", v.r.URL.Path, "err", err)
	}
	return nil
}

// statuses says what a code is in HTTP; anything else that is a *fault.Error is 422.
var statuses = map[fault.Code]int{
	NotFound:          http.StatusNotFound,
	fault.UnknownRow:  http.StatusNotFound,
	auth.UnknownOne:   http.StatusNotFound,
	NoRight:           http.StatusForbidden,
	fault.NotAllowed:  http.StatusForbidden,
	BadForm:           http.StatusBadRequest,
	AlreadySettled:    http.StatusConflict,
	fault.Closed:      http.StatusConflict,
	auth.Throttled:    http.StatusTooManyRequests,
	fault.Unauthentic: http.StatusUnauthorized,
	fault.Overloaded:  http.StatusServiceUnavailable,
	fault.Internal:    http.StatusInternalServerError,
}

// statusOf returns the refusal in err, for the person, and its HTTP status. What is no refusal is a fault of the hub.
func statusOf(err error) (*fault.Error, int) {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.Wrap(fault.Internal, "Something is wrong with the server. What you typed was not saved. Try again, then tell your administrator.", err)
	}
	if status, ok := statuses[f.Code]; ok {
		return f, status
	}
	return f, http.StatusUnprocessableEntity
}

type errorPage struct {
	frame
	Message string
	Code    fault.Code
	Back    string
}

// fail shows what went wrong; the operator's log gets the detail of what is not the visitor's doing.
func (v *Visit) fail(err error) {
	f, status := statusOf(err)
	switch {
	case status >= 500:
		v.office.Log.Error("page failed", "path", v.r.URL.Path, "code", f.Code, "err", err, "detail", f.Detail)
	case f.Code == NoRight || f.Code == fault.NotAllowed:
		v.office.Log.Warn("page refused", "path", v.r.URL.Path, "code", f.Code, "person", v.whom(), "from", auth.Address(v.r, v.office.Proxies))
	}
	page := errorPage{v.frame(v.t("That did not work"), ""), v.lang.refusal(f), f.Code, homeURL}
	if err := v.show(status, "error", page); err != nil {
		v.office.Log.Error("error page failed", "err", err)
		http.Error(v.w, f.Message, status)
	}
}

// whom returns who asks, zero for nobody.
func (v *Visit) whom() record.ID {
	if v.Who == nil {
		return record.ID{}
	}
	return v.Who.ID
}

// Foreign answers a form that another site sent in the visitor's name.
func (o *Office) Foreign(*Visit) error {
	return fault.New(NoRight, "This form came from another site. Open the page here and try again.")
}

// Home shows what needs a person now; who may not see it is led to the first page that his roles include.
func (o *Office) Home(v *Visit) error {
	if v.Who.May(auth.SeeToday) {
		v.bind(auth.SeeToday)
		return o.showToday(v)
	}
	for _, e := range rail {
		if url := v.entry(e.url, e.need); url != "" {
			v.redirect(url)
			return nil
		}
	}
	return fault.New(NoRight, "Your roles do not include the office. Your jobs are in the app on your phone.")
}

// NotFound answers for pages that do not exist.
func (o *Office) NotFound(*Visit) error {
	return errNoPage
}
