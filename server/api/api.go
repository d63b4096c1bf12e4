package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Options are what the API needs.
type Options struct {
	Engine Engine
	Tokens Bearer
	Now    func() time.Time
	Log    *slog.Logger
	// Proxies are those whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
}

// API answers programs.
type API struct {
	Options
	pace pace
	mux  *http.ServeMux
}

// New returns the API, a handler of everything beneath Prefix.
func New(o Options) *API {
	a := &API{Options: o, mux: http.NewServeMux()}
	a.mux.HandleFunc("GET "+Prefix+"/openapi.json", a.document)
	for _, r := range resources {
		at := Prefix + "/" + r.Path
		a.handle("GET "+at, r.See, r, a.list)
		a.handle("GET "+at+"/{id}", r.See, r, a.get)
		if r.Create != "" {
			a.handle("POST "+at, r.Create, r, a.create)
			a.handle("PUT "+at+"/by-key/{system}/{key}", r.Create, r, a.put)
			a.handle("GET "+at+"/by-key/{system}/{key}", r.See, r, a.getByKey)
		}
		if r.Edit != "" {
			a.handle("PATCH "+at+"/{id}", r.Edit, r, a.edit)
			a.handle("PUT "+at+"/{id}/keys/{system}/{key}", r.Edit, r, a.putKey)
			a.handle("DELETE "+at+"/{id}/keys/{system}/{key}", r.Edit, r, a.retireKey)
		}
		for i := range r.Actions {
			act := &r.Actions[i]
			a.handle("POST "+at+"/{id}/"+act.Name, act.Need, r, func(c *call) error { return a.act(c, act) })
		}
	}
	for _, method := range []string{"GET ", "POST "} {
		a.handle(method+Prefix+"/calls/ring", auth.RingCalls, nil, a.ring)
	}
	a.mux.HandleFunc(Prefix+"/", func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, errNotFound) })
	return a
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

var errNotFound = fault.New(NotFound, "There is nothing at this address.")

// call is one request of a program.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	by   Author
	of   *resource
	body []byte
	once *aftersales.APICall // what it is answered under its key; nil without one
}

// maxBody is how many bytes a request may have.
const maxBody = 1 << 20

func (a *API) handle(pattern string, need auth.Permission, of *resource, do func(*call) error) {
	a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		c := &call{w: w, r: r, of: of}
		err := a.admit(c, need)
		if err == nil {
			err = do(c)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	})
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
	case !a.pace.allows(program.ID, a.Now()):
		c.w.Header().Set("Retry-After", "1")
		return fault.New(TooOften, "Too many requests. Wait a second.")
	case !person.May(need):
		return fault.New(NoRight, "The token does not include "+string(need)+", or its person no longer has it.")
	}
	c.by = Author{Person: person.ID, Program: program.ID}
	c.r = c.r.WithContext(auth.Within(c.r.Context(), person.In(need)))
	if c.body, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody)); err != nil {
		return fault.Wrap(fault.TooLarge, "The body is larger than 1 MB.", err)
	}
	return a.key(c)
}

// key reads the request's idempotency key.
func (a *API) key(c *call) error {
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

// statuses says what a code is in HTTP; any other refusal is 422.
var statuses = map[fault.Code]int{
	NotFound: http.StatusNotFound, fault.UnknownRow: http.StatusNotFound, BadRequest: http.StatusBadRequest, UnknownField: http.StatusUnprocessableEntity,
	NeedsMatch: http.StatusPreconditionRequired, NoRight: http.StatusForbidden, fault.NotAllowed: http.StatusForbidden,
	fault.Unauthentic: http.StatusUnauthorized, TooOften: http.StatusTooManyRequests, fault.TooLarge: http.StatusRequestEntityTooLarge,
	aftersales.KeyReused: http.StatusConflict, fault.Exists: http.StatusConflict, fault.Closed: http.StatusConflict, aftersales.NotSeen: http.StatusConflict,
	fault.Overloaded: http.StatusServiceUnavailable, fault.Internal: http.StatusInternalServerError,
}

// fail answers with what is wrong (RFC 9457). What is no refusal is a fault of the hub, whose detail stays in its log.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.Wrap(fault.Internal, "Something is wrong with the server. Nothing was written. Try again later.", err)
	}
	status, ok := statuses[f.Code]
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		a.Log.Warn("a program was refused", "path", r.URL.Path, "code", f.Code, "from", auth.Address(r, a.Proxies))
	}
	if status >= 500 {
		a.Log.Error("a program's request failed", "path", r.URL.Path, "err", err)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fieldsync"`)
	}
	b, _ := json.Marshal(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "code": f.Code, "detail": f.Message}) // texts and a number
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
