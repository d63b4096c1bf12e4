package admin_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/server"
	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/wire"

	"github.com/alexedwards/scs/v2/memstore"
)

// world is a hub in memory, good enough to show pages: it writes rows, notes who wrote them, and finds writes that did
// not know each other.
type world struct {
	mu        sync.Mutex // of the hub
	staff     sync.Mutex // of people
	roles     map[auth.Role][]string
	guarded   []auth.Role
	now       time.Time
	rows      map[record.Key]*record.Row
	order     []record.Key
	writers   map[clock.Actor]admin.Writer
	counters  map[clock.Actor]uint64
	events    []admin.Event
	conflicts []judge.Conflict
	settled   []admin.Choice
	decisions []admin.Decision
	phones    []admin.Phone
	brought   admin.Brought
	people    map[record.ID]auth.Person
	changed   chan struct{}
	broken    error // what View returns, once set
	ids       byte
	log       logged
}

func newWorld() *world {
	return &world{
		now: time.Date(2026, 3, 9, 6, 5, 0, 0, time.UTC), rows: map[record.Key]*record.Row{},
		writers: map[clock.Actor]admin.Writer{}, counters: map[clock.Actor]uint64{}, people: map[record.ID]auth.Person{},
		changed: make(chan struct{}, 1),
	}
}

func (w *world) id() record.ID {
	w.ids++
	return record.NewID(w.now.UnixMilli(), [10]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, w.ids})
}

func tableID(name string) schema.TableID { return aftersales.Schema.Table(name).ID }

func key(table string, id record.ID) record.Key { return record.Key{Table: tableID(table), ID: id} }

// The people store.

func (w *world) Person(_ context.Context, id record.ID) (*auth.Person, error) {
	w.staff.Lock()
	defer w.staff.Unlock()
	if p, ok := w.people[id]; ok {
		return &p, nil
	}
	return nil, nil
}

func (w *world) PersonByLogin(_ context.Context, login string) (*auth.Person, error) {
	w.staff.Lock()
	defer w.staff.Unlock()
	for _, p := range w.people {
		if p.Login == login {
			return &p, nil
		}
	}
	return nil, nil
}

func (w *world) People(context.Context) (list []auth.Person, err error) {
	w.staff.Lock()
	defer w.staff.Unlock()
	for _, p := range w.people {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b auth.Person) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func (w *world) PutPerson(_ context.Context, p auth.Person) error {
	w.staff.Lock()
	defer w.staff.Unlock()
	for _, q := range w.people {
		if q.Login == p.Login && q.ID != p.ID {
			return fault.New(auth.LoginTaken, "Another person has that sign-in name. Choose another.")
		}
	}
	w.people[p.ID] = p
	return nil
}

func (w *world) ChangePerson(_ context.Context, id record.ID, change func(*auth.Person, func() ([]auth.Person, error)) error) (*auth.Person, error) {
	w.staff.Lock()
	defer w.staff.Unlock()
	p, ok := w.people[id]
	if !ok {
		return nil, fault.New(auth.UnknownOne, "This person is not known here.")
	}
	err := change(&p, func() ([]auth.Person, error) { return slices.Collect(maps.Values(w.people)), nil })
	if err == nil {
		w.people[id] = p
	}
	return &p, err
}

func (w *world) Roles(context.Context) (map[auth.Role][]string, error) {
	w.staff.Lock()
	defer w.staff.Unlock()
	return maps.Clone(w.roles), nil
}

func (w *world) ChangeRoles(_ context.Context, change func(map[auth.Role][]string) error) error {
	w.staff.Lock()
	defer w.staff.Unlock()
	changed := maps.Clone(w.roles)
	if changed == nil {
		changed = map[auth.Role][]string{}
	}
	err := change(changed)
	if err == nil {
		w.roles = changed
	}
	return err
}

func (w *world) Guarded(context.Context) ([]auth.Role, error) {
	w.staff.Lock()
	defer w.staff.Unlock()
	return slices.Clone(w.guarded), nil
}

func (w *world) ChangeGuarded(_ context.Context, change func([]auth.Role) []auth.Role) error {
	w.staff.Lock()
	defer w.staff.Unlock()
	w.guarded = change(slices.Clone(w.guarded))
	return nil
}

// The phones.

func (w *world) Holding(_ context.Context, device record.ID) (*admin.Holding, error) {
	for _, p := range w.phones {
		if p.ID == device {
			return &admin.Holding{Phone: p}, nil
		}
	}
	return nil, nil
}

func (w *world) Phones(context.Context) ([]admin.Phone, error) { return slices.Clone(w.phones), nil }

func (w *world) ChangeStanding(_ context.Context, id record.ID, s auth.Standing, check func(auth.Standing) error) error {
	i := slices.IndexFunc(w.phones, func(p admin.Phone) bool { return p.ID == id })
	if i < 0 {
		return fault.New(auth.UnknownOne, "This device is not known here.")
	}
	if err := check(w.phones[i].Standing); err != nil {
		return err
	}
	w.phones[i].Standing = s
	return nil
}

func (w *world) NewCode(context.Context, record.ID) (string, time.Time, error) {
	return "ACDE-FGHJ-KMNP", w.now.Add(auth.CodeLife), nil
}

func (w *world) TakeParcel(context.Context, io.Reader) (admin.Brought, error) {
	return w.brought, w.broken
}

// The engine.

func (w *world) Watch() (<-chan struct{}, func()) { return w.changed, func() {} }

func (w *world) View(_ context.Context, read func(admin.Reader) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return cmp.Or(w.broken, read(reader{w}))
}

func (w *world) actor(person record.ID, device string) clock.Actor {
	side := clock.SideOffice
	if device != "" {
		side = clock.SideDevice
	}
	for a, known := range w.writers {
		if known.Person == person && known.Device == device {
			return a
		}
	}
	a, _ := clock.NewActor(0, uint64(len(w.writers)+1), side)
	w.writers[a] = admin.Writer{Person: person, Name: w.people[person].Name, Device: device, Side: side}
	return a
}

func (w *world) Do(_ context.Context, author admin.Author, seen admin.Seen, cause string, command func(aftersales.Tx) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.write(author.Person, "", seen, cause, command)
}

// write runs a command as somebody, from a device if it has a name.
func (w *world) write(person record.ID, device string, seen admin.Seen, cause string, command func(aftersales.Tx) error) error {
	a := w.actor(person, device)
	w.counters[a]++
	tx := &memoryTx{w: w, author: person, dot: clock.Dot{Actor: a, Counter: w.counters[a]}, seen: seen}
	tx.change = &record.ChangeSet{Dot: tx.dot, Stamp: clock.StampAt(w.now.UnixMilli()), Cause: cause}
	before := w.copyRows()
	if err := command(tx); err != nil {
		w.rows = before
		return err
	}
	e := admin.Event{Change: tx.change, Received: w.now.UnixMilli()}
	e.Dot, e.Eff, e.Outcome, e.Seq = tx.dot, tx.change.Stamp, wire.Applied, uint64(len(w.events)+1)
	w.events = append(w.events, e)
	select {
	case w.changed <- struct{}{}:
	default:
	}
	return nil
}

func (w *world) copyRows() map[record.Key]*record.Row {
	rows := make(map[record.Key]*record.Row, len(w.rows))
	for k, r := range w.rows {
		rows[k] = r.Clone()
	}
	return rows
}

func (w *world) Settle(_ context.Context, _ admin.Author, c admin.Choice) error {
	for i := range w.conflicts {
		if w.conflicts[i].Row == c.Row && w.conflicts[i].Cell == c.Cell && w.conflicts[i].Open {
			w.conflicts[i].Open = false
			w.settled = append(w.settled, c)
			return nil
		}
	}
	return fault.New(admin.AlreadySettled, "settled")
}

func (w *world) Decide(_ context.Context, _ admin.Author, d admin.Decision) error {
	for i := range w.events {
		if e := &w.events[i]; e.Dot == d.Dot && e.Outcome == wire.Quarantined {
			if !e.Closed.IsZero() {
				return fault.New(fault.Closed, "This was decided already.")
			}
			e.Closed = clock.Dot{Actor: 1, Counter: 1}
			w.decisions = append(w.decisions, d)
			return nil
		}
	}
	return fault.New(admin.NotFound, "There is no such refused change.")
}

type memoryTx struct {
	w      *world
	author record.ID
	dot    clock.Dot
	seen   admin.Seen
	change *record.ChangeSet
}

func (tx *memoryTx) NewID() record.ID     { return tx.w.id() }
func (tx *memoryTx) Number(string) string { return fmt.Sprintf("J-%04d", len(tx.w.rows)+1) }
func (tx *memoryTx) Hub() bool            { return tx.dot.Actor.Side() != clock.SideDevice }
func (tx *memoryTx) Now() int64           { return tx.w.now.UnixMilli() }
func (tx *memoryTx) Clock() int64         { return tx.Now() }
func (tx *memoryTx) Author() record.ID    { return tx.author }
func (tx *memoryTx) Dot() clock.Dot       { return tx.dot }

func (tx *memoryTx) Row(table string, id record.ID) (*record.Row, error) {
	if r := tx.w.rows[key(table, id)]; r != nil && !r.Deleted {
		return r, nil
	}
	return nil, nil
}

func (tx *memoryTx) Refs(table, column string, id record.ID) (rows []*record.Row, err error) {
	ids, _ := reader{tx.w}.Refs(aftersales.Schema.Table(table), column, id)
	for _, id := range ids {
		rows = append(rows, tx.w.rows[key(table, id)])
	}
	return rows, nil
}

func (tx *memoryTx) Insert(table string, id record.ID, values record.Values) error {
	t := aftersales.Schema.Table(table)
	c, err := record.NewChange(record.Insert, t, id, values)
	if err != nil {
		return err
	}
	row := record.NewRow(t, &c, tx.dot)
	row.Meta = &record.Meta{Created: tx.dot}
	tx.w.rows[row.Key()] = row
	tx.w.order = append(tx.w.order, row.Key())
	tx.note(row, &c)
	return nil
}

func (tx *memoryTx) Update(table string, id record.ID, values record.Values) error {
	c, err := record.NewChange(record.Update, aftersales.Schema.Table(table), id, values)
	if err != nil {
		return err
	}
	row := tx.w.rows[key(table, id)]
	if row == nil {
		return fault.New(fault.UnknownRow, "this is not here")
	}
	c.Context = row.Vector
	if saw, ok := tx.seen[row.Key()]; ok {
		c.Context = saw
	}
	for _, cell := range c.Cells {
		tx.concur(row, &c, cell)
	}
	row.Show(&c)
	row.Vector = row.Vector.With(tx.dot)
	tx.note(row, &c)
	return nil
}

func (tx *memoryTx) Delete(string, record.ID) error { return errors.New("the office deletes nothing") }

// concur notes a conflict where the author had not seen the value that he writes over.
func (tx *memoryTx) concur(row *record.Row, c *record.RowChange, cell record.CellWrite) {
	i, found := row.Meta.Find(cell.CellID)
	if !found || c.Context.Covers(row.Meta.Cells[i].Shown.Dot) || row.Meta.Cells[i].Shown.Dot.Actor == tx.dot.Actor {
		return
	}
	was := row.Meta.Cells[i].Shown
	was.Value = row.Cols[row.Table.ColumnByID(cell.Column)]
	mine := record.Standing{Dot: tx.dot, Eff: tx.change.Stamp, Value: cell.Value}
	tx.w.conflicts = append(tx.w.conflicts, judge.Conflict{
		Row: row.Key(), Cell: cell.CellID, Seq: 1, Open: true, Ask: row.Table.Columns[row.Table.ColumnByID(cell.Column)].Name == "state",
		Values: []record.Standing{mine, was},
	})
}

func (tx *memoryTx) note(row *record.Row, c *record.RowChange) {
	for _, cell := range c.Cells {
		shown := record.Standing{Dot: tx.dot, Eff: tx.change.Stamp}
		if i, found := row.Meta.Find(cell.CellID); found {
			row.Meta.Cells[i].Shown = shown
		} else {
			row.Meta.Cells = slices.Insert(row.Meta.Cells, i, record.Cell{ID: cell.CellID, Shown: shown})
		}
	}
	tx.change.Rows = append(tx.change.Rows, *c)
}

type reader struct{ w *world }

func (r reader) Row(k record.Key) (*record.Row, error) {
	if row := r.w.rows[k]; row != nil {
		return row.Clone(), nil
	}
	return nil, nil
}

// Select finds no rows: a hub in memory has no tables. Lists are tested on a real one.
func (r reader) Select(func(*sqlrow.Rows) error, string, ...driver.Value) error { return nil }

func (r reader) Refs(t *schema.Table, column string, id record.ID) (ids []record.ID, err error) {
	for _, k := range r.w.order {
		if row := r.w.rows[k]; row != nil && k.Table == t.ID && !row.Deleted && row.Get(column).Ref() == id {
			ids = append(ids, k.ID)
		}
	}
	return ids, nil
}

func (r reader) Search(string, sqlrow.SearchOptions) ([]sqlrow.Hit, error) { return nil, nil }

func (r reader) Foresee([]record.Key) error { return nil }

func (r reader) Opens(*record.Row, blob.Hash) (bool, error) { return true, nil }

func (r reader) ForeseeRefs(*schema.Table, string, []record.ID) error { return nil }

func (r reader) Matches(string, string) (m sqlrow.Matches, err error) { return m, nil }

func (r reader) Best(string, string, int) (m sqlrow.Matches, err error) { return m, nil }

func (r reader) PersonName(id record.ID) (string, error) {
	r.w.staff.Lock()
	defer r.w.staff.Unlock()
	return r.w.people[id].Name, nil
}

func (r reader) Writer(a clock.Actor) (admin.Writer, error) { return r.w.writers[a], nil }

func (r reader) History(rows []record.Key, _ string, _ int) (found []admin.Event, next string, err error) {
	for _, e := range slices.Backward(r.w.events) {
		if slices.ContainsFunc(e.Change.Rows, func(c record.RowChange) bool { return slices.Contains(rows, c.Key()) }) {
			found = append(found, e)
		}
	}
	return found, "", nil
}

func (r reader) Journal(admin.JournalFilter, string, int) (found []admin.Event, next string, err error) {
	return nil, "", nil
}

func (r reader) Conflicts(open bool, row record.Key, _ string, _ int) (found []judge.Conflict, total int, next string, err error) {
	for _, c := range r.w.conflicts {
		if c.Open == open && (row == record.Key{} || row == c.Row) {
			found = append(found, c)
		}
	}
	return found, len(found), "", nil
}

func (r reader) Conflict(uint64) (*judge.Conflict, time.Time, error) { return nil, time.Time{}, nil }

func (r reader) Refused(open bool, _ record.ID, _ string, _ int) (found []admin.Event, total int, next string, err error) {
	for _, e := range r.w.events {
		if e.Outcome == wire.Quarantined && e.Closed.IsZero() == open {
			found = append(found, e)
		}
	}
	return found, len(found), "", nil
}

func (r reader) Entry(d clock.Dot) (*admin.Event, error) {
	for _, e := range r.w.events {
		if e.Dot == d {
			return &e, nil
		}
	}
	return nil, nil
}

// noDevices is a device store that nobody enrols with.
type noDevices struct{ auth.DeviceStore }

// visitor is a browser with somebody in front of it.
type visitor struct {
	t      *testing.T
	http   *http.Client
	url    string
	header http.Header
	status int
	body   string
	at     *url.URL
}

const password = "three quiet words"

// people of the world, with their logins.
func (w *world) hire(t *testing.T, people *auth.People, login, name string, roles ...auth.Role) record.ID {
	t.Helper()
	p, err := people.Add(context.Background(), auth.Person{Login: login, Name: name, Roles: roles}, password)
	if err != nil {
		t.Fatal(err)
	}
	err = w.write(p.ID, "", nil, "row.create", func(tx aftersales.Tx) error {
		return tx.Insert("person", p.ID, record.Values{"name": record.Text(name), "technician": record.Number(1)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// office starts the whole server on the world.
func office(t *testing.T, w *world) (*server.Server, *httptest.Server) {
	t.Helper()
	var log io.Writer = &w.log
	if testing.Verbose() {
		log = io.MultiWriter(log, t.Output())
	}
	s, err := server.New(server.Options{Company: "Nordwind Service", Zone: time.FixedZone("CST", 8*3600)}, server.Parts{
		Schema: aftersales.Schema, Health: func(context.Context) error { return w.broken }, Engine: w, Phones: w,
		Sync: http.NotFoundHandler(), People: w, Devices: noDevices{}, Sessions: memstore.New(), Random: rand.Reader,
		Now: func() time.Time { return w.now }, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	return s, web
}

func visit(t *testing.T, web *httptest.Server) *visitor {
	jar, _ := cookiejar.New(nil)
	return &visitor{t: t, url: web.URL, http: &http.Client{Jar: jar, Timeout: time.Minute}, header: http.Header{}}
}

func (v *visitor) signIn(login string) *visitor {
	v.t.Helper()
	v.post("/sign-in", "login", login, "password", password)
	return v.sees(http.StatusOK)
}

func (v *visitor) get(path string) *visitor {
	v.t.Helper()
	return v.send(http.MethodGet, path, nil)
}

// post sends a form of names and values in turn.
func (v *visitor) post(path string, pairs ...string) *visitor {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return v.send(http.MethodPost, path, form)
}

func (v *visitor) send(method, path string, form url.Values) *visitor {
	v.t.Helper()
	r, err := http.NewRequest(method, v.url+path, bytes.NewBufferString(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header = v.header.Clone()
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
	v.status, v.body, v.at = answer.StatusCode, string(body), answer.Request.URL
	return v
}

func (v *visitor) sees(status int, texts ...string) *visitor {
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

func (v *visitor) lacks(texts ...string) *visitor {
	v.t.Helper()
	for _, text := range texts {
		if strings.Contains(v.body, text) {
			v.t.Errorf("%s shows %q:\n%s", v.at, text, v.body)
		}
	}
	return v
}

// hidden returns the value of the page's first hidden field of that name.
func (v *visitor) hidden(name string) string {
	v.t.Helper()
	m := regexp.MustCompile(`name="` + regexp.QuoteMeta(name) + `" value="([^"]*)"`).FindStringSubmatch(v.body)
	if m == nil {
		v.t.Fatalf("%s has no field %s:\n%s", v.at, name, v.body)
	}
	return m[1]
}

// logged is what the hub has said to its operator.
type logged struct {
	mu   sync.Mutex
	said strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}
