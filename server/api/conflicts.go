package api

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
)

func (a *API) conflicts(c *call) error {
	return a.page(c, waiting{from: "_conflict", numbers: "seq, n", n: 2, tell: func(r Reader, numbers []uint64) (object, error) {
		found, err := r.Conflict(numbers[1])
		if found == nil {
			return nil, err // of another branch
		}
		return c.conflictObject(numbers[1], found), nil
	}})
}

// disputed returns the conflict that the URL names by its number.
func (a *API) disputed(c *call) (n uint64, found *Conflict, err error) {
	if n, err = strconv.ParseUint(c.r.PathValue("id"), 10, 63); err != nil {
		return 0, nil, errNotFound
	}
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		if found, err = r.Conflict(n); err == nil && found == nil {
			err = errNotFound
		}
		return err
	})
	return n, found, err
}

func (a *API) conflict(c *call) error {
	n, found, err := a.disputed(c)
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", valuesTag(found))
	return reply(c.w, http.StatusOK, c.conflictObject(n, found))
}

func (c *call) conflictObject(n uint64, found *Conflict) object {
	o := object{
		"id": strconv.FormatUint(n, 10), "row": found.Row.ID.String(), "ask": found.Ask, "open": found.Open, "changed_at": momentOrNull(found.Changed), "etag": valuesTag(found),
		"table": nil, "resource": nil, "field": nil,
	}
	t := tableOf(found.Row.Table)
	if t != nil {
		o["table"], o["resource"] = t.Name, PathOf(t.Name)
	}
	values := []any{}
	for _, v := range found.Values {
		one := by(object{"dot": v.Dot.Text(), "value": nil, "written_at": momentOrNull(v.Eff.Time())}, v.By)
		if t != nil {
			o["field"], one["value"] = c.cell(t, found.Cell, v.Value)
		}
		values = append(values, one)
	}
	o["values"] = values
	return o
}

// settle lets one of the values stand in place of those that the program was shown.
func (a *API) settle(c *call) error {
	_, found, err := a.disputed(c)
	if err != nil {
		return err
	}
	if c.r.Header.Get("If-Match") == "" {
		return errMatch
	}
	choice := Choice{Row: found.Row, Cell: found.Cell}
	if choice.Over, err = parseValuesTag(c.r.Header.Get("If-Match")); err != nil {
		return err
	}
	v, err := a.values(c, func(name string) *schema.Column { return among(chosen, name) })
	if err == nil {
		err = missing(v, c.at.needs)
	}
	if err != nil {
		return err
	}
	if choice.Chosen, err = clock.ParseDot(v["chosen"].Text()); err != nil || !slices.Contains(choice.Over, choice.Chosen) {
		return refused("chosen", fault.Invalid, err, "%s cannot be read: %v.", "chosen", "it is the dot of one of the values that you were shown")
	}
	if err := a.Engine.Settle(c.r.Context(), c.by, choice); err != nil {
		return err
	}
	return a.conflict(c)
}

// valuesTag names the values of a conflict: who sends it back says which ones he was shown.
func valuesTag(c *Conflict) string {
	dots := []string{}
	for _, v := range c.Values {
		dots = append(dots, v.Dot.Text())
	}
	return `"` + base64.RawURLEncoding.EncodeToString([]byte(strings.Join(dots, " "))) + `"`
}

func parseValuesTag(tag string) (dots []clock.Dot, err error) {
	b, err := base64.RawURLEncoding.DecodeString(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`))
	for _, s := range strings.Fields(string(b)) {
		d, e := clock.ParseDot(s)
		err = firstOf(err, e)
		dots = append(dots, d)
	}
	if err != nil || len(dots) == 0 {
		return nil, fault.Wrap(BadRequest, "If-Match is no ETag of a row. Send it as you received it.", err)
	}
	return dots, nil
}
