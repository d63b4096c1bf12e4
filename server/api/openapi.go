package api

import (
	"net/http"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/schema"
)

type object = map[string]any

// document answers with the OpenAPI document. It says nothing that is anybody's, and needs no token.
func (a *API) document(w http.ResponseWriter, r *http.Request) {
	if err := reply(w, http.StatusOK, Document()); err != nil {
		a.fail(w, r, err)
	}
}

// Document returns the OpenAPI 3.1 document: all that there is, as it is declared.
func Document() map[string]any {
	paths, schemas := object{}, object{
		"Event": event,
		"Problem": object{"type": "object", "properties": object{
			"type": text, "title": text, "status": object{"type": "integer"}, "code": text, "detail": text,
		}},
	}
	for _, r := range resources {
		r.describe(paths, schemas)
	}
	describeRing(paths)
	return object{
		"openapi":  "3.1.0",
		"info":     object{"title": "fieldsync", "version": "1", "description": "See docs/api.md."},
		"servers":  []any{object{"url": Prefix}},
		"paths":    paths,
		"webhooks": webhooks(),
		"components": object{
			"schemas":         schemas,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}},
		},
		"security": []any{object{"token": []string{}}},
	}
}

// webhooks describes what is sent to those who subscribe on the page of programs.
func webhooks() object {
	all := object{}
	for _, event := range aftersales.WebhookEvents() {
		all[event] = object{"post": object{
			"description": "Sent until it is answered with 2xx; see docs/api.md for the signature.",
			"parameters":  []any{header("webhook-id", true), header("webhook-timestamp", true), header("webhook-signature", true)},
			"requestBody": object{"required": true, "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Event"}}}},
			"responses":   object{"2XX": object{"description": "taken"}, "410": object{"description": "gone: nothing is sent again"}},
			"security":    []any{},
		}}
	}
	return all
}

var event = object{"type": "object", "required": []string{"type", "timestamp", "data"}, "properties": object{
	"type": text, "timestamp": object{"type": "string", "format": "date-time"},
	"data": object{"type": "object", "properties": object{
		"resource": object{"type": "string", "description": "the path of its kind: jobs"}, "id": object{"type": "string", "format": "uuid"}, "text": text,
	}},
}}

var text = object{"type": "string"}

// describe adds what can be done with a resource.
func (r *resource) describe(paths, schemas object) {
	t := r.table()
	shown, fresh, changed := object{"id": object{"type": "string", "format": "uuid", "readOnly": true}}, object{}, object{}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Has(schema.Sealed) {
			continue
		}
		shown[c.Name] = describe(c)
		if r.writable(c, true) {
			fresh[c.Name] = describe(c)
		}
		if r.writable(c, false) {
			changed[c.Name] = describe(c)
		}
	}
	schemas[r.Table] = object{"type": "object", "properties": shown}
	one := object{"$ref": "#/components/schemas/" + r.Table}
	page := object{"type": "object", "properties": object{
		"rows": object{"type": "array", "items": one}, "cursor": text, "more": object{"type": "boolean"},
	}}
	all := object{"get": r.operation("list", string(r.See), nil, http.StatusOK, page, query("cursor"), query("limit"))}
	row := object{"get": r.operation("get", string(r.See), nil, http.StatusOK, one, path("id"), header("If-None-Match", false))}
	if r.Create != "" {
		all["post"] = r.operation("create", string(r.Create), body(fresh), http.StatusCreated, one, header("Idempotency-Key", false))
		paths["/"+r.Path+"/by-key/{system}/{key}"] = object{
			"get": r.operation("getByKey", string(r.See), nil, http.StatusOK, one, path("system"), path("key")),
			"put": r.operation("putByKey", string(r.Create), body(fresh), http.StatusOK, one, path("system"), path("key"), header("If-Match", false), header("Idempotency-Key", false)),
		}
	}
	if r.Edit != "" {
		row["patch"] = r.operation("edit", string(r.Edit), body(changed), http.StatusOK, one, path("id"), header("If-Match", true), header("Idempotency-Key", false))
	}
	if r.Edit != "" {
		paths["/"+r.Path+"/{id}/keys/{system}/{key}"] = object{
			"put":    r.operation("putKey", string(r.Edit), nil, http.StatusOK, one, path("id"), path("system"), path("key")),
			"delete": r.operation("retireKey", string(r.Edit), nil, http.StatusOK, one, path("id"), path("system"), path("key")),
		}
	}
	paths["/"+r.Path], paths["/"+r.Path+"/{id}"] = all, row
	for _, act := range r.Actions {
		takes := object{}
		for i := range act.Takes {
			takes[act.Takes[i].Name] = describe(&act.Takes[i])
		}
		content := body(takes)
		if len(act.Needs) > 0 {
			content["required"] = act.Needs
		}
		paths["/"+r.Path+"/{id}/"+act.Name] = object{"post": r.operation(act.Name, string(act.Need), content, http.StatusOK, one, path("id"), header("If-Match", false), header("Idempotency-Key", false))}
	}
}

func body(properties object) object {
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

func path(name string) object {
	return object{"name": name, "in": "path", "required": true, "schema": text}
}
func query(name string) object {
	return object{"name": name, "in": "query", "schema": text}
}

func header(name string, required bool) object {
	return object{"name": name, "in": "header", "required": required, "schema": text}
}

func (r *resource) operation(name, need string, takes object, status int, answer object, parameters ...any) object {
	op := object{
		"operationId": r.Path + "." + name, "tags": []string{r.Path}, "description": "Takes the permission " + need + ".", "parameters": parameters,
		"responses": object{
			statusKey(status): object{"description": "done", "content": object{"application/json": object{"schema": answer}}},
			"default":         object{"description": "refused", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}},
		},
	}
	if takes != nil {
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": takes}}}
	}
	return op
}

func statusKey(status int) string {
	if status == http.StatusCreated {
		return "201"
	}
	return "200"
}

// describe returns the JSON schema of a column's values.
func describe(c *schema.Column) object {
	s := object{"type": []string{"string", "null"}}
	switch c.Kind {
	case schema.Integer:
		s["type"] = []string{"integer", "null"}
	case schema.Money:
		return object{"type": []string{"object", "null"}, "properties": object{"minor": object{"type": "integer"}, "currency": text}}
	case schema.Quantity:
		return object{"type": []string{"object", "null"}, "properties": object{"amount": text, "unit": text}}
	case schema.AnyRef:
		return object{"type": []string{"object", "null"}, "properties": object{"table": text, "id": text}}
	case schema.Set:
		return object{"type": []string{"array", "object", "null"}, "items": text, "description": `a list of what to add, or {"add": […], "remove": […]}`}
	case schema.Translated, schema.Fields:
		return object{"type": []string{"object", "null"}, "additionalProperties": true}
	case schema.Instant:
		s["format"] = "date-time"
	case schema.Date:
		s["format"] = "date"
	case schema.Ref:
		s["format"] = "uuid"
		s["description"] = "the id of a row of " + c.Ref
	}
	if len(c.Codes) > 0 {
		s["description"] = "one of the codes in x-codes"
		s["x-codes"] = c.Codes
	}
	return s
}
