package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Options are what the API needs.
type Options struct {
	Engine Engine
	Tokens Bearer
	Now    func() time.Time
	Log    *slog.Logger
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
		}
		for i := range r.Actions {
			act := &r.Actions[i]
			a.handle("POST "+at+"/{id}/"+act.Name, act.Need, r, func(c *call) error { return a.act(c, act) })
		}
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
	if !ok {
		return fault.New(fault.Unauthentic, "Send the token of a program: Authorization: Bearer fsk_…")
	}
	program, person, err := a.Tokens.Bearer(c.r.Context(), token)
	switch {
	case err != nil:
		return err
	case program == nil:
		return fault.New(fault.Unauthentic, "This token lets nobody in: it is wrong, expired or revoked.")
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
func (a *API) do(c *call, seen map[record.Key]clock.Vector, cause string, status int, command func(aftersales.Tx) (record.ID, error)) (id record.ID, answer int, err error) {
	answer = status
	err = a.Engine.Do(c.r.Context(), c.by, seen, cause, func(tx aftersales.Tx) error {
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

// column returns the column that a body may name, nil for none.
func (c *call) column(fresh bool) func(string) *schema.Column {
	t := c.of.table()
	return func(name string) *schema.Column {
		i := t.Column(name)
		if i < 0 || !c.of.writable(&t.Columns[i], fresh) {
			return nil
		}
		return &t.Columns[i]
	}
}

// create makes a row.
func (a *API) create(c *call) error {
	values, err := read(c.body, c.column(true))
	if err != nil {
		return err
	}
	id, status, err := a.do(c, nil, aftersales.CauseCreate, http.StatusCreated, func(tx aftersales.Tx) (record.ID, error) {
		return c.of.make(tx, record.ID{}, values)
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("Location", Prefix+"/"+c.of.Path+"/"+id.String())
	return a.show(c, id, status)
}

// make makes a row of the values: by its command, and what that does not take like an edit, in one change set.
func (r *resource) make(tx aftersales.Tx, id record.ID, values record.Values) (record.ID, error) {
	id, err := r.Make(tx, id, values)
	rest := record.Values{}
	for name, v := range values {
		column, _, _ := strings.Cut(name, ".")
		if !slices.Contains(r.Takes, column) {
			rest[name] = v
		}
	}
	if err != nil || len(rest) == 0 {
		return id, err
	}
	return id, aftersales.Edit(tx, aftersales.EditInput{Table: r.Table, ID: id, Values: rest})
}

// external returns the id of the row that another system's key names.
func (c *call) external() record.ID {
	return aftersales.NamedID("api", c.of.Table, c.r.PathValue("system"), c.r.PathValue("key"))
}

// put makes the row that another system's key names, or changes it to what the body says.
func (a *API) put(c *call) error {
	id := c.external()
	fresh, err := read(c.body, c.column(true))
	if err != nil {
		return err
	}
	status := http.StatusOK
	_, answer, err := a.do(c, nil, aftersales.CauseEdit, status, func(tx aftersales.Tx) (record.ID, error) {
		row, err := tx.Row(c.of.Table, id)
		if err != nil {
			return id, err
		}
		if row == nil {
			status = http.StatusCreated
			return c.of.make(tx, id, fresh)
		}
		if row.Meta != nil && row.Meta.Created.Actor.Side() == clock.SideDevice {
			return id, fault.New(fault.Exists, "a phone made a row under the id of this key")
		}
		return id, aftersales.Edit(tx, aftersales.EditInput{Table: c.of.Table, ID: id, Values: c.of.different(row, fresh)})
	})
	if err != nil {
		return err
	}
	return a.show(c, id, max(status, answer))
}

// different returns the values that a row may be given and has not.
func (r *resource) different(row *record.Row, values record.Values) record.Values {
	changed := record.Values{}
	for name, v := range values {
		column, key, _ := strings.Cut(name, ".")
		stands := row.Get(column)
		if key != "" {
			stands = stands.Cell(key)
		}
		if c := &row.Table.Columns[row.Table.Column(column)]; v != stands && r.writable(c, false) {
			changed[name] = v
		}
	}
	return changed
}

// edit changes a row, knowing what the program was shown of it. What others wrote meanwhile is merged.
func (a *API) edit(c *call) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	match := c.r.Header.Get("If-Match")
	if match == "" {
		return fault.New(NeedsMatch, "Send If-Match with the ETag of the row as you saw it: what you have not seen is not overwritten.")
	}
	vector, err := parseTag(match)
	if err != nil {
		return err
	}
	values, err := read(c.body, c.column(false))
	if err != nil {
		return err
	}
	if err := a.visible(c, id); err != nil {
		return err
	}
	seen := map[record.Key]clock.Vector{{Table: c.of.table().ID, ID: id}: vector}
	_, status, err := a.do(c, seen, aftersales.CauseEdit, http.StatusOK, func(tx aftersales.Tx) (record.ID, error) {
		return id, aftersales.Edit(tx, aftersales.EditInput{Table: c.of.Table, ID: id, Values: values})
	})
	if err != nil {
		return err
	}
	return a.show(c, id, status)
}

// act does something to a row.
func (a *API) act(c *call, act *action) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	if len(c.body) == 0 {
		c.body = []byte("{}")
	}
	values, err := read(c.body, act.column)
	if err != nil {
		return err
	}
	for _, name := range act.Needs {
		if values[name].IsNull() {
			return fault.New(fault.Invalid, name+" is needed.")
		}
	}
	if err := a.visible(c, id); err != nil {
		return err
	}
	_, status, err := a.do(c, nil, act.Cause, http.StatusOK, func(tx aftersales.Tx) (record.ID, error) { return id, act.Do(tx, id, values) })
	if err != nil {
		return err
	}
	return a.show(c, id, status)
}

func (a *action) column(name string) *schema.Column {
	i := slices.IndexFunc(a.Takes, func(c schema.Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &a.Takes[i]
}

// visible refuses a row that is not there, or not for these eyes.
func (a *API) visible(c *call, id record.ID) error {
	return a.Engine.View(c.r.Context(), func(r Reader) error {
		_, err := living(r, c.of.table(), id)
		return err
	})
}

func living(r Reader, t *schema.Table, id record.ID) (*record.Row, error) {
	row, err := r.Row(record.Key{Table: t.ID, ID: id})
	if err == nil && (row == nil || row.Deleted) {
		err = errNotFound
	}
	return row, err
}

// get shows a row.
func (a *API) get(c *call) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	return a.show(c, id, http.StatusOK)
}

func (a *API) getByKey(c *call) error { return a.show(c, c.external(), http.StatusOK) }

// show answers with a row as it stands, and the tag under which it can be changed.
func (a *API) show(c *call, id record.ID, status int) error {
	return a.Engine.View(c.r.Context(), func(r Reader) error {
		row, err := living(r, c.of.table(), id)
		if err != nil {
			return err
		}
		tag := tagOf(row)
		c.w.Header().Set("ETag", tag)
		if status == http.StatusOK && c.r.Method == http.MethodGet && c.r.Header.Get("If-None-Match") == tag {
			c.w.WriteHeader(http.StatusNotModified)
			return nil
		}
		return reply(c.w, status, rowObject(row))
	})
}

// tagOf returns the row's vector as an ETag.
func tagOf(row *record.Row) string {
	return `"` + base64.RawURLEncoding.EncodeToString(row.Vector.AppendBinary(nil)) + `"`
}

func parseTag(tag string) (clock.Vector, error) {
	b, err := base64.RawURLEncoding.DecodeString(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`))
	if err == nil {
		v, rest, e := clock.CutVector(b)
		if e == nil && len(rest) == 0 {
			return v, nil
		}
		err = errors.Join(e, io.ErrUnexpectedEOF)
	}
	return clock.Vector{}, fault.Wrap(BadRequest, "If-Match is no ETag of a row. Send it as you received it.", err)
}

// rowObject returns a row as JSON; of a deleted one that it is.
func rowObject(row *record.Row) map[string]any {
	o := map[string]any{"id": row.ID.String()}
	if row.Deleted {
		o["deleted"] = true
		return o
	}
	for i := range row.Table.Columns {
		c := &row.Table.Columns[i]
		if !c.Has(schema.Sealed) {
			o[c.Name] = encode(c, row.Cols[i])
		}
	}
	return o
}

// The sizes of pages.
const (
	usualPage = 100
	mostPage  = 500
)

// list shows rows in the order in which they were last written: what changes comes again behind the cursor, so that who
// asks on from his last cursor hears of everything. Deleted rows are told of by their ids.
func (a *API) list(c *call) error {
	q := c.r.URL.Query()
	limit := usualPage
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > mostPage {
			return fault.New(BadRequest, "limit is a number from 1 to 500.")
		}
		limit = n
	}
	at, err := parseCursor(q.Get("cursor"))
	if err != nil {
		return err
	}
	rows := []any{}
	next, full := q.Get("cursor"), false
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		var ids []record.ID
		err := r.Select(func(s *sqlrow.Rows) error {
			ids = append(ids, s.ID(0))
			next = cursor{uint64(s.Int(1)), s.ID(0)}.String()
			return s.Err()
		}, "SELECT id, _seq FROM "+sqlrow.Quote(c.of.Table)+" WHERE (_seq, id) > (?, ?) ORDER BY _seq, id LIMIT ?", int64(at.seq), at.id[:], int64(limit))
		full = len(ids) == limit
		for _, id := range ids {
			if err != nil {
				return err
			}
			var row *record.Row
			if row, err = r.Row(record.Key{Table: c.of.table().ID, ID: id}); row != nil {
				o := rowObject(row)
				o["etag"] = tagOf(row)
				rows = append(rows, o)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, map[string]any{"rows": rows, "cursor": next, "more": full})
}

// cursor is a place in a list.
type cursor struct {
	seq uint64
	id  record.ID
}

// String returns it as a program keeps it.
func (c cursor) String() string { return strconv.FormatUint(c.seq, 36) + "." + c.id.String() }

func parseCursor(s string) (c cursor, err error) {
	if s == "" {
		return c, nil
	}
	seq, id, _ := strings.Cut(s, ".")
	if c.seq, err = strconv.ParseUint(seq, 36, 63); err == nil {
		c.id, err = record.ParseID(id)
	}
	if err != nil {
		return c, fault.Wrap(BadRequest, "This cursor is none that a list has given.", err)
	}
	return c, nil
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
