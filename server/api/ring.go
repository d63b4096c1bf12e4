package api

import (
	"net/http"
	"net/url"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// ring shows the pages of whoever sits at an extension that a number calls him: the hook of a telephone system. Several at
// one extension are all shown. Without an extension it is the person of the token.
func (a *API) ring(c *call) error {
	q, err := c.rung()
	if err != nil {
		return err
	}
	people, err := a.sitting(c, q.Get("extension"))
	if err != nil {
		return err
	}
	phone := ""
	err = a.Engine.Do(c.r.Context(), c.by, nil, aftersales.CauseRing, func(tx Tx) (err error) {
		for _, id := range people {
			if phone, err = aftersales.RingAt(tx, id, q.Get("number")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, map[string]any{"number": phone, "people": people})
}

// rung reads what the telephone system says: in the URL, in a form or in a JSON object.
func (c *call) rung() (url.Values, error) {
	q := c.r.URL.Query()
	if c.r.Method != http.MethodPost || len(c.body) == 0 {
		return q, nil
	}
	if c.body[0] != '{' {
		err := c.r.ParseForm()
		return c.r.Form, err
	}
	v, err := read(c.body, func(name string) *schema.Column { return among(rings, name) })
	for name, value := range v {
		q.Set(name, value.Text())
	}
	return q, err
}

var rings = []schema.Column{takes("number", schema.Text, ""), takes("extension", schema.Text, "")}

// sitting returns who sits at the extension.
func (a *API) sitting(c *call, extension string) (people []record.ID, err error) {
	if extension == "" {
		return []record.ID{c.by.Person}, nil
	}
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		return r.Select(func(s *sqlrow.Rows) error { people = append(people, s.ID(0)); return s.Err() },
			"SELECT id FROM person WHERE extension = ? AND archived_at IS NULL AND _del = 0 ORDER BY id LIMIT 50", extension)
	})
	if err == nil && len(people) == 0 {
		err = fault.New(NotFound, "Nobody sits at this extension. It is set on the page of people.")
	}
	return people, err
}

// ringRoutes are the hook, which many a telephone system can only GET.
var ringRoutes = []Route{ringBy("GET", "ring"), ringBy("POST", "ringPosted")}

func ringBy(method, name string) Route {
	rt := Route{
		Method: method, Path: "/calls/ring", Need: auth.RingCalls, do: (*API).ring, name: name, status: http.StatusOK,
		says:    " Shows the office pages of whoever sits at the extension who calls. A token that includes nothing else may be sent as the parameter token.",
		params:  []any{parameter("number", "query", method == http.MethodGet), query("extension"), query("token")},
		answers: object{"type": "object", "properties": object{"number": text, "people": object{"type": "array", "items": object{"type": "string", "format": "uuid"}}}},
	}
	if method == http.MethodPost {
		rt.body = properties(rings)
	}
	return rt
}
