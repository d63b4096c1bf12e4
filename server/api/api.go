package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/pace"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Options are what the API needs.
type Options struct {
	Engine Engine
	Tokens Bearer
	Staff  Staff
	Phones Devices
	Files  Files // nil: rows name no files here
	// Say says why something was refused in the language that serves best who asks for those (Accept-Language), and which
	// that is; nil: as the refusal itself says it.
	Say func(wanted string, f *fault.Error) (said, language string)
	Now func() time.Time
	Log *slog.Logger
	// Paces are where nodes count together how often a program asks; nil: this one counts for itself.
	Paces pace.Ledger
	// Proxies are those whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
}

// API answers programs.
type API struct {
	Options
	pace *pace.Pace
	mux  *http.ServeMux
}

// New returns the API, a handler of everything beneath Prefix.
func New(o Options) *API {
	a := &API{Options: o, mux: http.NewServeMux(), pace: newPace(o.Paces)}
	a.mux.HandleFunc("GET "+Prefix+"/openapi.json", a.document)
	for _, rt := range Routes() {
		a.mux.HandleFunc(rt.Method+" "+Prefix+rt.Path, func(w http.ResponseWriter, r *http.Request) { a.handle(w, r, &rt) })
	}
	a.mux.HandleFunc(Prefix+"/", a.nothing)
	return a
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// nothing answers where no route does: the address is wrong, or the method.
func (a *API) nothing(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if _, pattern := a.mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); pattern != Prefix+"/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		a.fail(w, r, errNotFound)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	a.fail(w, r, errMethod)
}

// call is one request of a program.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	by   Author
	who  *auth.Person // in whose name, with what the token includes of his rights
	at   *Route
	of   *resource
	body []byte
	once *aftersales.APICall // what it is answered under its key; nil without one
}

// maxBody is how many bytes a request may have that brings no file.
const maxBody = 1 << 20

func (a *API) handle(w http.ResponseWriter, r *http.Request, rt *Route) {
	c := &call{w: w, r: r, at: rt, of: rt.of}
	err := a.admit(c, rt.Need)
	if err == nil && !rt.brings {
		err = c.read()
	}
	if err == nil {
		err = rt.do(a, c)
	}
	if err != nil {
		a.fail(w, r, rt.blame(err))
	}
}

// read reads the request's body and its idempotency key.
func (c *call) read() (err error) {
	if c.body, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody)); err != nil {
		return fault.Wrap(fault.TooLarge, "The body is larger than 1 MB, or broke off.", err)
	}
	c.r.Body = io.NopCloser(bytes.NewReader(c.body)) // for who sends a form
	return c.key()
}

// admit asks for the token and what it includes, and binds the request to the branches of its person.
func (a *API) admit(c *call, need auth.Permission) error {
	token, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	inURL := !ok && need == auth.RingCalls && c.r.URL.Query().Has("token")
	if inURL { // many a telephone system can only call a URL
		token, ok = c.r.URL.Query().Get("token"), true
	}
	if !ok {
		return fault.New(fault.Unauthentic, "Send the token of a program: Authorization: Bearer fsk_…")
	}
	program, person, err := a.Tokens.Bearer(c.r.Context(), token)
	switch {
	case err != nil:
		return err
	case program == nil:
		return fault.New(fault.Unauthentic, "This token lets nobody in: it is wrong, expired or revoked.")
	case inURL && len(program.May) > 2: // beside being let in, and ringing
		return fault.New(fault.Unauthentic, "A token in a URL may include nothing but ring_calls: URLs are kept in many a log.")
	}
	if wait := a.pace.Take(c.r.Context(), program.ID, a.Now()); wait > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return fault.New(TooOften, "Too many requests. Wait a second.")
	}
	if !person.May(need) {
		return fault.Newf(NoRight, "The token does not include %s, or its person no longer has it.", need)
	}
	c.by, c.who = Author{Person: person.ID, Program: program.ID}, person
	c.r = c.r.WithContext(auth.Within(c.r.Context(), person.In(need)))
	return nil
}

// key reads the request's idempotency key.
func (c *call) key() error {
	key := c.r.Header.Get("Idempotency-Key")
	if key == "" || c.r.Method == http.MethodGet {
		return nil
	}
	if len(key) > 255 {
		return fault.New(BadRequest, "An Idempotency-Key has at most 255 characters.")
	}
	sum := sha256.Sum256([]byte(c.r.Method + " " + c.r.URL.Path + "\n" + string(c.body)))
	c.once = &aftersales.APICall{ID: aftersales.APICallID(c.by.Program, key), Request: hex.EncodeToString(sum[:])}
	return nil
}

// do runs a command, once under the request's key, and returns the row that came of it.
func (a *API) do(c *call, seen map[record.Key]clock.Vector, cause string, status int, command func(Tx) (record.ID, error)) (id record.ID, answer int, err error) {
	answer = status
	err = a.Engine.Do(c.r.Context(), c.by, seen, cause, func(tx Tx) error {
		if c.once != nil {
			before, err := aftersales.Once(tx, c.once.ID, c.once.Request)
			if err != nil {
				return err
			}
			if before != nil {
				answer = int(before.Status)
				id, err = record.ParseID(before.Result)
				return err
			}
		}
		if id, err = command(tx); err != nil || c.once == nil {
			return err
		}
		c.once.Status, c.once.Result = int64(answer), id.String()
		return aftersales.NoteCall(tx, *c.once)
	})
	return id, answer, err
}

func reply(w http.ResponseWriter, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b) // who has left hears nothing
	return nil
}
