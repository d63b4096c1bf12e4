package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// request is one question of the browser, and what is needed to answer it.
type request struct {
	*App
	client  *client.Client // of the whole request
	w       http.ResponseWriter
	r       *http.Request
	lang    *language
	looks   string // "", "light", "dark", "contrast"
	problem string // why what was asked is refused; the page it came from shows it
	status  int    // of the answer
	me      record.ID
}

// handler answers a request. What the rules refuse is a *fault.Error.
type handler func(*request) error

// answer runs do. What it refuses is said on the page that again shows, which is the one that asked: what was typed
// stays there.
func (a *App) answer(do, again handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := a.request(w, r)
		err := v.known(do)
		if f := new(fault.Error); errors.As(err, &f) && again != nil {
			v.problem, v.status = v.lang.refusal(f.Code, f.Message), http.StatusUnprocessableEntity
			err = again(v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

func (a *App) request(w http.ResponseWriter, r *http.Request) *request {
	w.Header().Set("Cache-Control", "no-store")
	wanted := cmp.Or(cookie(r, languageCookie), r.Header.Get("Accept-Language"))
	return &request{
		App: a, client: a.Client(), w: w, r: r, lang: &language{a.words.Match(wanted)}, looks: cookie(r, looksCookie), status: http.StatusOK,
	}
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// known sends who is not enrolled to the page that enrols him, and runs do for everybody else.
func (v *request) known(do handler) (err error) {
	v.me, err = v.client.Person(v.ctx())
	if fault.CodeOf(err) == client.Wiped && v.Anew != nil && v.r.URL.Path != liveURL {
		return v.goOn()
	}
	if err != nil {
		return err
	}
	if v.me.IsZero() && !strings.HasPrefix(v.r.URL.Path, enrolURL) && v.r.URL.Path != settingsURL {
		return v.redirect(enrolURL)
	}
	if v.client.LeaseOver() && !slices.ContainsFunc(withoutLease, func(p string) bool { return strings.HasPrefix(v.r.URL.Path, p) }) {
		return v.askForContact()
	}
	return do(v)
}

// goOn leads from a wiped phone to the page that makes it somebody's again.
func (v *request) goOn() error {
	if err := v.anew(v.client); err != nil {
		return err
	}
	return v.redirect(enrolURL + "?wiped=1")
}

// withoutLease are the pages that show nothing of customers, and are there when the lease is over: to connect, to hand
// over what waits, to log out.
var withoutLease = []string{settingsURL, exportURL, enrolURL, liveURL}

// askForContact stands in the place of every other page when the phone has not met the office for too long.
func (v *request) askForContact() error {
	if v.r.Method == http.MethodPost {
		v.client.NetworkChanged() // the one thing to do here is to try at once
		return v.redirect(todayURL)
	}
	p := struct {
		frame
		Met int64
	}{v.frame("Connect once"), v.client.Met().UnixMilli()}
	p.Live = true
	v.status = http.StatusForbidden
	return v.show("lease", p)
}

func (v *request) ctx() context.Context { return v.r.Context() }

// say returns the message in the visitor's language.
func (v *request) say(key string, args ...any) string { return v.lang.Say(key, args...) }

// form returns a field of the form, without the blanks around it.
func (v *request) form(name string) string { return strings.TrimSpace(v.r.FormValue(name)) }

// Old returns what was typed into a field before the form was refused.
func (v *request) Old(name string) string { return v.form(name) }

// path returns the row that the URL's {id} names. Codes: fault.UnknownRow.
func (v *request) path() (record.ID, error) { return parseID(v.r.PathValue("id")) }

func parseID(s string) (record.ID, error) {
	id, err := record.ParseID(s)
	if err != nil {
		return id, fault.Wrap(fault.UnknownRow, "there is nothing at this address", err)
	}
	return id, nil
}

// formID returns the row that a field names; zero for an empty one. Codes: fault.UnknownRow.
func (v *request) formID(name string) (record.ID, error) {
	if v.form(name) == "" {
		return record.ID{}, nil
	}
	return parseID(v.form(name))
}

// quantity returns the quantity in a field; one where it is empty. Codes: aftersales.BadQuantity.
func (v *request) quantity(name string) (aftersales.Quantity, error) {
	text := cmp.Or(v.form(name), "1")
	n, ok := amount(text, aftersales.QuantityScale)
	if !ok {
		return aftersales.Quantity{}, fault.New(aftersales.BadQuantity, "A quantity is a number like 2 or 1.5.")
	}
	return aftersales.Quantity{Amount: n}, nil
}

// nowhere answers at addresses that are none, with a way back.
func (v *request) nowhere() error {
	return fault.New(fault.UnknownRow, "there is nothing at this address")
}

func (v *request) redirect(url string) error {
	http.Redirect(v.w, v.r, url, http.StatusSeeOther)
	return nil
}

// view runs do on a stable snapshot of the replica.
func (v *request) view(do func(client.Tx) error) error { return v.client.View(v.ctx(), do) }

// fail shows an error that no page of its own shows.
func (v *request) fail(err error) {
	f := new(fault.Error)
	text := v.say("The app itself failed. What you recorded is kept. Open the app again; if it happens again, tell the office.")
	v.status = http.StatusInternalServerError
	if errors.As(err, &f) {
		v.status, text = http.StatusUnprocessableEntity, v.lang.refusal(f.Code, f.Message)
		if f.Code == fault.UnknownRow {
			v.status = http.StatusNotFound
		}
	} else if v.ctx().Err() == nil {
		v.client.Log.Error("a page failed", "path", v.r.URL.Path, "error", err)
	}
	page := failure{frame: v.frame("That did not work"), Text: text}
	page.Back = todayURL
	if err := v.show("failure", page); err != nil {
		v.client.Log.Error("a page failed", "path", v.r.URL.Path, "error", err)
	}
}

type failure struct {
	frame
	Text string
}

// once runs a command that a form asked for, in one durable change. The form carries a token, and the ids of what the
// command creates follow from it: a form that is sent a second time, because the answer was lost or the device died
// before it came, finds the row it made in one of the tables (blanks between), and changes nothing.
func (v *request) once(tables, cause string, do func(client.Tx) error) error {
	token, err := parseID(v.form("once"))
	if err != nil {
		token = v.token() // a page of before this form had one: it is new
	}
	err = v.client.Update(v.ctx(), cause, func(tx client.Tx) error {
		t := &onceTx{Tx: tx, token: token}
		done, err := t.done(tables)
		switch {
		case err != nil:
			return err
		case done:
			return errDone
		}
		return do(t)
	})
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

var errDone = errors.New("done before")

// onceTx is a transaction whose new ids follow from a token.
type onceTx struct {
	client.Tx
	token record.ID
	given byte
}

// firstIDs is how many ids a command may take before it creates the row that says that it ran.
const firstIDs = 4

// done reports whether a row of the tables has one of the ids that are given first.
func (t *onceTx) done(tables string) (bool, error) {
	for _, table := range strings.Fields(tables) {
		for n := range byte(firstIDs) {
			row, err := t.Tx.Row(table, derived(t.token, n))
			if row != nil || err != nil {
				return row != nil, err
			}
		}
	}
	return false, nil
}

func (t *onceTx) NewID() record.ID {
	t.given++
	return derived(t.token, t.given-1)
}

// derived returns the nth id of a token: as old as the token, and like no other.
func derived(token record.ID, n byte) record.ID {
	named := aftersales.NamedID("once", token.String(), string(rune('a'+n)))
	copy(named[:8], token[:8]) // the time and the version of the token
	return named
}

// token returns a token for a form.
func (v *request) token() record.ID {
	var b [10]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return record.NewID(v.client.Now().UnixMilli(), b)
}
