package api

import (
	"net/http"
	"slices"

	"fieldsync/server/auth"
)

// Route is one address of the API: what it takes, what answers, and what the OpenAPI document says of it. All of them
// follow from the resources.
type Route struct {
	Method, Path string // beneath Prefix, as http.ServeMux has it
	Need         auth.Permission

	of      *resource // nil for what is about no kind of row
	do      func(*API, *call) error
	name    string // of the operation
	says    string // of what it does, beyond its name
	body    object // the schema of what it takes; nil for nothing
	needs   []string
	brings  bool // the body is a file
	status  int
	answers object // the schema of what it answers; nil for a file
	params  []any
}

// Routes are all of them, but for the document itself.
func Routes() []Route {
	var all []Route
	for _, r := range resources {
		all = append(all, r.routes()...)
	}
	return slices.Concat(all, staffRoutes(), roleRoutes(), deviceRoutes(), inboxRoutes(), settings.routes(), numbers.routes(), []Route{startRoute, templatesRoute, keysRoute}, ringRoutes)
}

// takes reports whether a field of that name may stand in the body.
func (rt *Route) takes(field string) bool {
	properties, _ := rt.body["properties"].(object)
	return properties[field] != nil
}

// routes are what can be done with a resource.
func (r *resource) routes() []Route {
	all, one := "/"+r.Path, "/"+r.Path+"/{id}"
	row := object{"$ref": "#/components/schemas/" + r.Table}
	list := []Route{
		{Method: "GET", Path: all, Need: r.See, do: (*API).list, name: "list", answers: pageOf(row), params: append([]any{query("cursor"), query("limit")}, r.filters()...)},
		{Method: "GET", Path: one, Need: r.See, do: (*API).get, name: "get", answers: row, params: []any{path("id"), header("If-None-Match", false)}},
	}
	if r.Create != "" {
		named := all + "/by-key/{system}/{key}"
		list = append(
			list,
			Route{Method: "POST", Path: all, Need: r.Create, do: (*API).create, name: "create", body: r.fields(true), needs: r.Needs, status: http.StatusCreated, answers: row, params: []any{onceKey}},
			Route{Method: "PUT", Path: named, Need: r.Create, do: (*API).put, name: "putByKey", body: r.fields(true), answers: row, params: []any{path("system"), path("key"), header("If-Match", false), onceKey}},
		)
	}
	if r.Edit != "" {
		list = append(list, Route{Method: "PATCH", Path: one, Need: r.Edit, do: (*API).edit, name: "edit", body: r.fields(false), answers: row, params: []any{path("id"), header("If-Match", true), onceKey}})
	}
	list = slices.Concat(list, r.keyRoutes(all, one, row), r.acts(one, row), r.fileRoutes(all, one), r.views(one))
	for i := range list {
		rt := &list[i]
		rt.of = r
		if rt.status == 0 {
			rt.status = http.StatusOK
		}
	}
	return list
}

// acts are the routes of the resource's actions.
func (r *resource) acts(one string, row object) (list []Route) {
	for i := range r.Actions {
		act := &r.Actions[i]
		says := ""
		if act.Undoes {
			says = " Refused where the row has changed since it was shown."
		}
		list = append(list, Route{
			Method: "POST", Path: one + "/" + act.Name, Need: act.Need, do: func(a *API, c *call) error { return a.act(c, act) }, name: act.Name, says: says,
			body: properties(act.Takes), needs: act.Needs, answers: row, params: []any{path("id"), header("If-Match", act.Sets || act.Undoes), onceKey},
		})
	}
	return list
}
