package api

import (
	"database/sql/driver"
	"fmt"
	"maps"
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

// What waits in the inbox and is no row: values that were written without knowing each other, and changes that were refused.

// Writer is who wrote something, with which device; "" for the office.
type Writer struct {
	Person       record.ID
	Name, Device string
}

// Conflict is one cell in which values stand that were written without knowing each other.
type Conflict struct {
	Row       record.Key
	Cell      record.CellID
	Ask, Open bool // a person must choose; nobody has yet
	Changed   time.Time
	Values    []Rival // the first is the one that is shown
}

// Rival is one of the values, and who wrote it.
type Rival struct {
	record.Standing
	By Writer
}

// Choice settles a conflict: the chosen value stands in place of those that the program was shown.
type Choice struct {
	Row    record.Key
	Cell   record.CellID
	Chosen clock.Dot
	Over   []clock.Dot
}

// Refused is a change set that the hub keeps apart.
type Refused struct {
	Change   *record.ChangeSet
	By       Writer
	Happened time.Time
	Received time.Time
	Why      *fault.Error
	Open     bool // nobody has decided yet
}

// Decision says what becomes of a refused change set: it is dismissed, or applied, with other rows in place of its own unless they
// are nil. The reason stands as a comment on its jobs.
type Decision struct {
	Dot     clock.Dot
	Dismiss bool
	Rows    []record.RowChange
	Reason  string
}

var (
	chosen = []schema.Column{takes("chosen", schema.Text, "")}
	said   = []schema.Column{reason}
)

// decisions are what can become of a refused change.
var decisions = []struct {
	name, says string
	takes      []schema.Column
	needs      []string
}{
	{"release", " It is applied as it was recorded, in spite of what refused it.", said, nil},
	{"amend", " It is applied with other values: rows are those of the change, each with the fields that shall be otherwise.", append([]schema.Column{takes("rows", nested, "")}, said...), []string{"rows"}},
	{"dismiss", " It is not applied, and stays readable. Its technician reads the reason.", said, []string{"reason"}},
}

// inboxRoutes list what waits, and decide it.
func inboxRoutes() []Route {
	rows := func(one object) object {
		return object{"type": "object", "properties": object{"rows": object{"type": "array", "items": one}, "cursor": text, "more": object{"type": "boolean"}}}
	}
	const latest = " In the order in which they last changed: what changes comes again behind the cursor."
	asked := []any{query("open"), query("cursor"), query("limit")}
	routes := []Route{
		{Method: "GET", Path: "/conflicts", Need: auth.SeeInbox, do: (*API).conflicts, name: "list", says: latest, params: asked, answers: rows(ofConflict)},
		{Method: "GET", Path: "/conflicts/{id}", Need: auth.SeeInbox, do: (*API).conflict, name: "get", params: []any{path("id")}, answers: ofConflict},
		{
			Method: "POST", Path: "/conflicts/{id}/settle", Need: auth.Settle, do: (*API).settle, name: "settle", params: []any{path("id"), header("If-Match", true)},
			body: properties(chosen), needs: []string{"chosen"}, answers: ofConflict, says: " The chosen value stands in place of those that were shown; one that came since stays beside it.",
		},
		{Method: "GET", Path: "/refused-changes", Need: auth.SeeInbox, do: (*API).refusedChanges, name: "list", says: " In the order in which they came.", params: asked, answers: rows(ofRefused)},
		{Method: "GET", Path: "/refused-changes/{id}", Need: auth.SeeInbox, do: (*API).refusedChange, name: "get", params: []any{path("id")}, answers: ofRefused},
	}
	for _, d := range decisions {
		routes = append(routes, Route{
			Method: "POST", Path: "/refused-changes/{id}/" + d.name, Need: auth.Release, name: d.name, says: d.says, params: []any{path("id")},
			do: func(a *API, c *call) error { return a.decide(c, d.name, d.takes) }, body: properties(d.takes), needs: d.needs, answers: ofRefused,
		})
	}
	for i := range routes {
		routes[i].status = http.StatusOK
	}
	return routes
}

var (
	byWhom = object{"person": uuid, "person_name": text, "device": object{"type": "string", "description": "its name; empty for the office"}}

	ofConflict = object{"type": "object", "properties": object{
		"id": text, "resource": text, "table": text, "row": uuid, "field": text, "open": object{"type": "boolean"}, "changed_at": moment, "etag": text,
		"ask": object{"type": "boolean", "description": "a person must choose"},
		"values": object{"type": "array", "description": "the first is shown now", "items": object{"type": "object", "properties": with(byWhom, object{
			"dot": object{"type": "string", "description": "names the value, for chosen"}, "value": object{}, "written_at": moment,
		})}},
	}}

	ofRefused = object{"type": "object", "properties": with(byWhom, object{
		"id": text, "cause": text, "code": text, "reason": text, "open": object{"type": "boolean"}, "happened_at": moment, "received_at": moment,
		"waits": object{"type": "boolean", "description": "for another refused change: that one is decided first"},
		"rows": object{"type": "array", "items": object{"type": "object", "properties": object{
			"op": object{"type": "string", "enum": []string{"insert", "update", "delete"}}, "resource": text, "table": text, "id": uuid,
			"fields": object{"type": "object", "additionalProperties": true},
		}}},
	})}
)

func with(some, more object) object {
	all := maps.Clone(some)
	maps.Copy(all, more)
	return all
}

// place is where a list of what is no row goes on: numbers, the first of them of a commit.
func parsePlace(s string, n int) (place []driver.Value, err error) {
	parts := strings.Split(s, ".")
	if s == "" {
		parts = slices.Repeat([]string{"0"}, n)
	}
	for _, part := range parts {
		var at uint64
		if at, err = strconv.ParseUint(part, 36, 64); err != nil {
			break
		}
		place = append(place, int64(at))
	}
	if err != nil || len(place) != n {
		return nil, fault.Wrap(BadRequest, "This cursor is none that a list has given.", err)
	}
	return place, nil
}

func placeOf(numbers ...uint64) string {
	parts := []string{}
	for _, n := range numbers {
		parts = append(parts, strconv.FormatUint(n, 36))
	}
	return strings.Join(parts, ".")
}

// waiting is a list of what waits: a query of numbers, by which it is ordered, told one by one.
type waiting struct {
	from, numbers string // "_conflict", "seq, n"
	n             int    // how many numbers
	tell          func(r Reader, numbers []uint64) (object, error)
}

// page answers with a page of it.
func (a *API) page(c *call, w waiting) error {
	given := c.r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains([]string{"open", "cursor", "limit"}, name) {
			return refused(name, UnknownField, nil, "This list cannot be asked for by %s. The OpenAPI document lists what it can be asked for by.", name)
		}
	}
	limit, err := limitOf(given.Get("limit"))
	if err != nil {
		return err
	}
	args, err := parsePlace(given.Get("cursor"), w.n)
	if err != nil {
		return err
	}
	where := fmt.Sprintf("(%s) > (?%s)", w.numbers, strings.Repeat(", ?", w.n-1))
	switch given.Get("open") {
	case "":
	case "true", "false":
		where += " AND open = " + map[string]string{"true": "1", "false": "0"}[given.Get("open")]
	default:
		return refused("open", BadRequest, nil, "%s cannot be read: %v.", "open", "it is true or false")
	}
	rows, next, full := []any{}, given.Get("cursor"), false
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		var found [][]uint64
		err := r.Select(func(q *sqlrow.Rows) error {
			numbers := []uint64{}
			for i := range w.n {
				numbers = append(numbers, q.Uint(i))
			}
			found = append(found, numbers)
			return q.Err()
		}, "SELECT "+w.numbers+" FROM "+w.from+" WHERE "+where+" ORDER BY "+w.numbers+" LIMIT ?", append(args, int64(limit))...)
		full = len(found) == limit
		for _, numbers := range found {
			if err != nil {
				return err
			}
			var one object
			if one, err = w.tell(r, numbers); one != nil {
				rows = append(rows, one)
			}
			next = placeOf(numbers...)
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, object{"rows": rows, "cursor": next, "more": full})
}

// inboxIndexes make its lists fast.
var inboxIndexes = []string{
	`CREATE INDEX IF NOT EXISTS "_conflict.api" ON _conflict(seq, n)`,
	`CREATE INDEX IF NOT EXISTS "_refused.api" ON _refused(seq, actor, counter)`,
}

// by adds who wrote something.
func by(o object, w Writer) object {
	o["person"], o["person_name"], o["device"] = nil, w.Name, w.Device
	if !w.Person.IsZero() {
		o["person"] = w.Person.String()
	}
	return o
}

// cell returns the name of a cell, and a value of it, as programs know them; null where the program may not read it, and what
// is sealed is nobody's to read.
func (c *call) cell(t *schema.Table, cell record.CellID, v record.Value) (name string, value any) {
	name, known := record.CellName(t, cell)
	if !known {
		return "", nil // of a later version of this program
	}
	column := &t.Columns[t.ColumnByID(cell.Column)]
	switch {
	case column.Has(schema.Sealed), !c.who.MayRead(t, column):
		return name, nil
	case !column.Kind.Keyed():
		return name, Encode(told(t, column), v)
	case v.IsNull():
		return name, nil
	case v.Shape() == record.ShapeNumber:
		return name, v.Number()
	}
	return name, v.Text()
}

var tableOf = aftersales.Schema.TableByID
