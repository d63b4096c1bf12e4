package api

import (
	"net/http"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// named are values that the program knows by name, and that the company or a branch sets: a row is there once one is set, so
// they are asked for by name and not by id.
type named struct {
	Path, Table, Column string
	Names               func() []string
	Standard            func(name string) string // what holds where nothing was set; nil where Holds says it
	ID                  func(name string, branch record.ID) record.ID
	Holds               func(tx aftersales.Reader, name string, branch record.ID) (string, error)
	Set                 func(tx aftersales.Tx, name string, branch record.ID, value string) error
	Cause               string
}

var settings = &named{
	Path: "settings", Table: "setting", Column: "value", Names: settingNames, Standard: standardOf, ID: aftersales.SettingID, Holds: aftersales.Setting,
	Set: aftersales.SetSetting, Cause: aftersales.CauseSetting,
}

var numbers = &named{
	Path: "numbers", Table: "number_format", Column: "pattern", Names: aftersales.NumberSeries, ID: aftersales.NumberFormatID, Holds: aftersales.NumberPattern,
	Set: aftersales.SetNumberFormat, Cause: aftersales.CauseNumbers,
}

func settingNames() (names []string) {
	for _, s := range aftersales.Settings() {
		names = append(names, s.Name)
	}
	return names
}

func standardOf(name string) string {
	for _, s := range aftersales.Settings() {
		if s.Name == name {
			return s.Standard
		}
	}
	return ""
}

// routes read and set them: of the company, or of the branch in the query.
func (n *named) routes() []Route {
	one := object{"type": "object", "properties": object{"name": text, "branch": object{"type": []string{"string", "null"}, "format": "uuid"}, "set": object{"type": []string{"string", "null"}}, "holds": text}}
	all := object{"type": "object", "properties": object{"rows": object{"type": "array", "items": one}}}
	at, says := "/"+n.Path+"/{name}", " Of the company, or of the branch in the query: what is set there, and what holds."
	return []Route{
		{Method: "GET", Path: "/" + n.Path, Need: auth.EditSettings, do: n.list, name: "list", status: http.StatusOK, says: says, answers: all, params: []any{query("branch")}},
		{Method: "GET", Path: at, Need: auth.EditSettings, do: n.get, name: "get", status: http.StatusOK, says: says, answers: one, params: []any{path("name"), query("branch")}},
		{
			Method: "PUT", Path: at, Need: auth.EditSettings, do: n.put, name: "put", status: http.StatusOK, answers: one, body: properties([]schema.Column{n.takes()}),
			says: says + " null: what holds where it is not set.", needs: []string{n.Column}, params: []any{path("name"), query("branch"), header("If-Match", true)},
		},
	}
}

// startRoute says from which number a series without gaps goes on.
var startRoute = Route{
	Method: "POST", Path: "/numbers/{name}/start", Need: auth.EditSettings, do: (*API).startNumbers, name: "start", status: http.StatusOK,
	says: " For a company that comes from another system. Without a day the series goes on from this number at once.", answers: object{"type": "object"},
	body: properties(starts), needs: []string{"branch", "first"}, params: []any{path("name"), onceKey},
}

var starts = []schema.Column{takes("branch", schema.Ref, "branch"), takes("first", schema.Integer, ""), takes("valid_from", schema.Date, "")}

func (n *named) takes() schema.Column { return takes(n.Column, schema.Text, "") }

// asked returns the name in the URL, and the branch in the query: the zero id for the company.
func (n *named) asked(a *API, c *call) (name string, branch record.ID, err error) {
	if name = c.r.PathValue("name"); name != "" && !slices.Contains(n.Names(), name) {
		return "", branch, errNotFound
	}
	if given := c.r.URL.Query().Get("branch"); given != "" {
		if branch, err = record.ParseID(given); err != nil {
			return "", branch, refused("branch", BadRequest, err, "%s is the id of a row.", "branch")
		}
		in := takes("branch", schema.Ref, "branch")
		err = a.Engine.View(c.r.Context(), func(r Reader) error { return refers(r, &in, record.Ref(branch)) })
	}
	return name, branch, err
}

// key names the row of a value.
func (n *named) key(name string, branch record.ID) record.Key {
	return record.Key{Table: aftersales.Schema.Table(n.Table).ID, ID: n.ID(name, branch)}
}

// shown returns a value as it stands, and the tag under which it can be set.
func (n *named) shown(r Reader, name string, branch record.ID) (o object, tag string, err error) {
	row, err := r.Row(n.key(name, branch))
	if err != nil {
		return nil, "", err
	}
	o, tag = object{"name": name, "branch": nil, "set": nil}, tagFor(clock.Vector{})
	if !branch.IsZero() {
		o["branch"] = branch.String()
	}
	if row != nil {
		tag = tagOf(row)
		if set := row.Get(n.Column); !set.IsNull() && !row.Deleted {
			o["set"] = set.Text()
		}
	}
	holds, err := n.Holds(rows{r}, name, branch)
	if holds == "" && n.Standard != nil {
		holds = n.Standard(name)
	}
	o["holds"] = holds
	return o, tag, err
}

func (n *named) list(a *API, c *call) error {
	_, branch, err := n.asked(a, c)
	if err != nil {
		return err
	}
	all := []any{}
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		for _, name := range n.Names() {
			one, tag, err := n.shown(r, name, branch)
			if err != nil {
				return err
			}
			one["etag"] = tag
			all = append(all, one)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, object{"rows": all})
}

func (n *named) get(a *API, c *call) error {
	name, branch, err := n.asked(a, c)
	if err != nil {
		return err
	}
	return n.show(a, c, name, branch)
}

func (n *named) show(a *API, c *call, name string, branch record.ID) error {
	return a.Engine.View(c.r.Context(), func(r Reader) error {
		one, tag, err := n.shown(r, name, branch)
		if err != nil {
			return err
		}
		c.w.Header().Set("ETag", tag)
		return reply(c.w, http.StatusOK, one)
	})
}

// put sets a value, knowing what the program was shown of it; null takes it back.
func (n *named) put(a *API, c *call) error {
	name, branch, err := n.asked(a, c)
	if err != nil {
		return err
	}
	if c.r.Header.Get("If-Match") == "" {
		return errMatch
	}
	shown, err := c.match()
	if err != nil {
		return err
	}
	column := n.takes()
	v, err := a.values(c, func(given string) *schema.Column { return among([]schema.Column{column}, given) })
	if err != nil {
		return err
	}
	if _, given := v[n.Column]; !given {
		return needed(n.Column)
	}
	_, _, err = a.do(c, map[record.Key]clock.Vector{n.key(name, branch): shown}, n.Cause, http.StatusOK, func(tx Tx) (record.ID, error) {
		return n.ID(name, branch), n.Set(tx, name, branch, v[n.Column].Text())
	})
	if err != nil {
		return err
	}
	return n.show(a, c, name, branch)
}

func (a *API) startNumbers(c *call) error {
	series := c.r.PathValue("name")
	if !aftersales.IsGapless(series) {
		return errNotFound
	}
	v, err := a.values(c, func(name string) *schema.Column { return among(starts, name) })
	if err == nil {
		err = missing(v, c.at.needs)
	}
	if err != nil {
		return err
	}
	_, _, err = a.do(c, nil, aftersales.CauseNumberStart, http.StatusOK, func(tx Tx) (record.ID, error) {
		return v["branch"].Ref(), aftersales.StartNumbers(tx, series, v["branch"].Ref(), v["first"].Number(), v["valid_from"].Number())
	})
	if fault.CodeOf(err) == aftersales.BadSetting || fault.CodeOf(err) == aftersales.NumberTaken {
		err = about("first", err)
	}
	if err != nil {
		return err
	}
	return numbers.show(a, c, series, v["branch"].Ref())
}
