package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Devices are the phones of the company, which are no rows: those of people whom the request may see. Refusals are
// *fault.Error for the program.
type Devices interface {
	// Devices returns every one that was ever enrolled, by person and name.
	Devices(context.Context) ([]Device, error)
	// Believed returns the jobs that the device has or is to have, those first of which it does not know all.
	Believed(ctx context.Context, device record.ID) ([]Believed, error)
	// NewCode returns a code with which the person enrols one device, and when it expires.
	NewCode(ctx context.Context, person record.ID) (code string, expires time.Time, err error)
	// ChangeStanding lets the device in or keeps it out, unless check refuses how it stands now.
	ChangeStanding(ctx context.Context, device record.ID, to auth.Standing, check func(now auth.Standing) error) error
}

// Device is one as the office's page shows it.
type Device struct {
	ID, Person record.ID
	Owner      string // the person's name
	Name       string
	Standing   auth.Standing
	Wiped      time.Time // when it said that it had destroyed what it held; zero: not yet
	Online     bool
	Contact    time.Time // when it was last heard; zero: never
	Pending    int       // changes that waited on it then
	Oldest     time.Time // when the oldest of them was written; zero: none
	Offset     time.Duration
	Refused    int // its changes that wait in the inbox
	App        string
	Schema     int // the version that it speaks; 0: it never connected
}

// Believed is a job on a device.
type Believed struct {
	Job        record.ID
	Has, Shall bool   // the device has it, and is to have it
	State      string // as the device believes, as far as is known
	Unheard    int    // rows of the job that changed since it last heard
}

// standings are what programs call how a device stands.
var standings = map[auth.Standing]string{auth.Admitted: "admitted", auth.Revoked: "revoked", auth.HardRevoked: "shut_out", auth.Wiping: "to_be_wiped"}

var moment = object{"type": []string{"string", "null"}, "format": "date-time"}

var ofDevice = object{"type": "object", "properties": object{
	"id": uuid, "person": uuid, "person_name": text, "name": text, "online": object{"type": "boolean"}, "app": text, "wiped_at": moment, "last_contact": moment,
	"standing": object{"type": "string", "enum": []string{"admitted", "revoked", "shut_out", "to_be_wiped"}}, "oldest_pending": moment,
	"pending":         object{"type": "integer", "description": "changes that waited on it at its last contact"},
	"refused":         object{"type": "integer", "description": "its changes that wait in the inbox"},
	"schema":          object{"type": "integer", "description": "the version of the schema that it speaks; 0: it never connected"},
	"clock_offset_ms": object{"type": "integer", "description": "what to add to its clock to get the hub's"},
	"etag":            text,
	"jobs": object{
		"type": "array", "description": "of one device: the jobs that it has, or is to have", "items": object{"type": "object", "properties": object{
			"job": uuid, "has": object{"type": "boolean"}, "shall_have": object{"type": "boolean"}, "believes": text, "unheard": object{"type": "integer"},
		}},
	},
}}

var uuid = object{"type": "string", "format": "uuid"}

var ofCode = object{"type": "object", "properties": object{"code": text, "expires_at": object{"type": "string", "format": "date-time"}}}

var carries = []schema.Column{takes("person", schema.Ref, "person")}

// deviceRoutes are those by which a system that looks after phones lets them in and keeps them out.
func deviceRoutes() []Route {
	one := "/devices/{id}"
	routes := []Route{
		{
			Method: "GET", Path: "/devices", Need: auth.SeeDevices, do: (*API).devices, name: "list", status: http.StatusOK, says: " All of them, by person and name.",
			answers: object{"type": "object", "properties": object{"rows": object{"type": "array", "items": ofDevice}}},
		},
		{Method: "GET", Path: one, Need: auth.SeeDevices, do: (*API).device, name: "get", status: http.StatusOK, answers: ofDevice, params: []any{path("id")}},
		{
			Method: "POST", Path: "/devices/codes", Need: auth.EnrolDevices, do: (*API).newCode, name: "code", status: http.StatusCreated, answers: ofCode, body: properties(carries),
			needs: []string{"person"},
			says:  " A code with which the person enrols one device: it is told only here, works once, and only for a day. Asked again, it is another one.",
		},
	}
	for _, to := range []struct {
		name, says string
		standing   auth.Standing
	}{
		{"admit", " It is let in again; what it still held is judged.", auth.Admitted},
		{"revoke", " It is shut out at once. What it still holds is judged if it is let in again.", auth.Revoked},
		{"shut-out", " For good: whatever it sends is kept apart for the office to decide.", auth.HardRevoked},
		{"wipe", " It is shut out for good, and at its next contact destroys what it holds: what it had not sent is lost.", auth.Wiping},
	} {
		routes = append(routes, Route{
			Method: "POST", Path: one + "/" + to.name, Need: auth.RevokeDevices, name: to.name, status: http.StatusOK, answers: ofDevice, says: to.says,
			do: func(a *API, c *call) error { return a.letDevice(c, to.standing) }, body: properties(nil), params: []any{path("id"), header("If-Match", true)},
		})
	}
	return routes
}

func (a *API) devices(c *call) error {
	list, err := a.Phones.Devices(c.r.Context())
	if err != nil {
		return err
	}
	rows := []any{}
	for i := range list {
		rows = append(rows, deviceObject(&list[i]))
	}
	return reply(c.w, http.StatusOK, object{"rows": rows})
}

// phone returns the device that the URL names.
func (a *API) phone(c *call) (*Device, error) {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return nil, errNotFound
	}
	list, err := a.Phones.Devices(c.r.Context())
	i := slices.IndexFunc(list, func(d Device) bool { return d.ID == id })
	if err != nil || i < 0 {
		return nil, firstOf(err, errNotFound)
	}
	return &list[i], nil
}

func (a *API) device(c *call) error {
	d, err := a.phone(c)
	if err != nil {
		return err
	}
	return a.showDevice(c, d)
}

// showDevice answers with one device; a program that may not see devices is told the id alone.
func (a *API) showDevice(c *call, d *Device) error {
	c.w.Header().Set("ETag", standingTag(d.Standing))
	if !c.who.May(auth.SeeDevices) {
		return reply(c.w, http.StatusOK, object{"id": d.ID.String()})
	}
	jobs, err := a.Phones.Believed(c.r.Context(), d.ID)
	if err != nil {
		return err
	}
	list := []any{}
	for _, b := range jobs {
		list = append(list, object{"job": b.Job.String(), "has": b.Has, "shall_have": b.Shall, "believes": b.State, "unheard": b.Unheard})
	}
	o := deviceObject(d)
	o["jobs"] = list
	return reply(c.w, http.StatusOK, o)
}

func deviceObject(d *Device) object {
	return object{
		"id": d.ID.String(), "person": d.Person.String(), "person_name": d.Owner, "name": d.Name, "standing": standings[d.Standing], "online": d.Online,
		"app": d.App, "schema": d.Schema, "pending": d.Pending, "refused": d.Refused, "clock_offset_ms": d.Offset.Milliseconds(),
		"wiped_at": momentOrNull(d.Wiped), "last_contact": momentOrNull(d.Contact), "oldest_pending": momentOrNull(d.Oldest), "etag": standingTag(d.Standing),
	}
}

func momentOrNull(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return Encode(&schema.Column{Kind: schema.Instant}, record.Instant(at.UnixMilli()))
}

// standingTag changes with how a device stands.
func standingTag(s auth.Standing) string { return `"standing-` + strconv.Itoa(int(s)) + `"` }

// newCode makes a code for a person who works here.
func (a *API) newCode(c *call) error {
	v, err := a.values(c, func(name string) *schema.Column { return among(carries, name) })
	if err == nil {
		err = missing(v, c.at.needs)
	}
	if err != nil {
		return err
	}
	ctx := auth.By(c.r.Context(), c.by.Person)
	person, err := a.Staff.Person(ctx, v["person"].Ref())
	switch {
	case err != nil:
		return err
	case person == nil || !person.Active:
		return refused("person", fault.Invalid, nil, "A device is carried by somebody who works here.")
	}
	code, expires, err := a.Phones.NewCode(ctx, person.ID)
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusCreated, object{"code": code, "expires_at": momentOrNull(expires)})
}

// letDevice lets a device in or keeps it out, as it was shown to the program. Done once more, it is as it was.
func (a *API) letDevice(c *call, to auth.Standing) error {
	d, err := a.phone(c)
	if err != nil {
		return err
	}
	shown := c.r.Header.Get("If-Match")
	if shown == "" {
		return errMatch
	}
	err = a.Phones.ChangeStanding(auth.By(c.r.Context(), c.by.Person), d.ID, to, func(now auth.Standing) error {
		if now != to && standingTag(now) != shown {
			return errMovedOn
		}
		return nil
	})
	if err != nil {
		return err
	}
	if d, err = a.phone(c); err != nil {
		return err
	}
	return a.showDevice(c, d)
}
