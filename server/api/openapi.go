package api

import (
	"maps"
	"net/http"
	"strconv"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/schema"
)

type object = map[string]any

// documentSays is what a stranger to the document has to know of all of it.
const documentSays = "Everything a program does runs through the same commands, rights and merging as what people do in the office. " +
	"A list comes in the order in which its rows were last written: ask on with its cursor, and keep the last one; what is made, changed or " +
	"deleted later comes behind it. A write over what stands needs If-Match with the ETag of the row as it was shown; what others wrote " +
	"meanwhile is merged. A write under an Idempotency-Key is done once. A column that names a row of another kind (uuid) says of which " +
	"table; the schema of a path is called like its table. Keys of objects in columns of several languages are language tags (en, zh-Hans, " +
	"zh-Hant). A refusal has a code that stays, and a sentence in the language of Accept-Language (en, zh-Hans, zh-Hant)."

// meanings say what the parameters of every route mean, by their names.
var meanings = map[string]string{
	"cursor": "where to go on: as the last page of the list gave it", "limit": "how many rows, 1 to 500; 100 where it is not said",
	"If-Match": "the ETag of the row as it was shown", "If-None-Match": "the ETag of the row as it was shown: 304 where it has not changed",
	"Idempotency-Key": "up to 255 characters, fresh for each thing to be done: sent again, it is answered and not done again",
	"system":          "the name of the other system", "key": "what the other system calls the row", "token": "of a program that may do nothing else",
	"branch": "the id of a branch", "number": "the telephone number, with its digits", "extension": "where the telephone rings; left out: at the person of the token",
	"kind": "of which kind", "open": "true for what waits, false for what was decided", "webhook-id": "the same for every try", "webhook-timestamp": "when this try was made, in seconds since 1970",
	"webhook-signature": "v1, and the HMAC-SHA256 of id, timestamp and body, in base64",
}

func parameter(name, in string, required bool) object {
	p := object{"name": name, "in": in, "schema": text}
	if required {
		p["required"] = true
	}
	if says := meanings[name]; says != "" {
		p["description"] = says
	}
	if name == "limit" {
		p["schema"] = object{"type": "integer", "minimum": 1, "maximum": mostPage, "default": usualPage}
	}
	return p
}

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
			"type": text, "title": text, "status": object{"type": "integer"}, "code": text, "detail": text, "field": text,
		}},
	}
	for _, r := range resources {
		schemas[r.Table] = r.shown()
	}
	for _, rt := range Routes() {
		at, known := paths[rt.Path].(object)
		if !known {
			at = object{}
			paths[rt.Path] = at
		}
		at[strings.ToLower(rt.Method)] = rt.operation()
	}
	return object{
		"openapi":  "3.1.0",
		"info":     object{"title": "fieldsync", "version": "1", "description": documentSays},
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

// shown describes a row as it is answered.
func (r *resource) shown() object {
	t, all := r.table(), object{"id": object{"type": "string", "format": "uuid", "readOnly": true}}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Has(schema.Sealed) {
			all[c.Name] = describe(told(t, c))
		}
	}
	return object{"type": "object", "properties": all}
}

// fields describes what a body says of a new row, or of what is changed in one.
func (r *resource) fields(fresh bool) object {
	t, columns := r.table(), []schema.Column{}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Has(schema.Sealed) && r.writable(c, fresh) {
			columns = append(columns, *told(t, c))
		}
	}
	if fresh {
		columns = append(columns, r.More...)
	}
	return properties(columns)
}

// properties describes an object of those columns, and of no others.
func properties(columns []schema.Column) object {
	all := object{}
	for i := range columns {
		all[columns[i].Name] = describe(&columns[i])
	}
	return object{"type": "object", "properties": all, "additionalProperties": false}
}

// inList is what a row in a list has beside what it has alone.
var inList = object{"type": "object", "properties": object{
	"etag":    object{"type": "string", "description": "of one row alone it is the header ETag"},
	"deleted": object{"type": "boolean", "description": "true where the row is gone: it has no more than its id then"},
}}

// pageOf describes a page of a list.
func pageOf(one object) object {
	return object{"type": "object", "properties": object{
		"rows": object{"type": "array", "items": object{"allOf": []any{one, inList}}}, "cursor": text, "more": object{"type": "boolean"},
	}}
}

var onceKey = header("Idempotency-Key", false)

func path(name string) object { return parameter(name, "path", true) }

func query(name string) object { return parameter(name, "query", false) }

func header(name string, required bool) object { return parameter(name, "header", required) }

// operation describes a route.
func (rt *Route) operation() object {
	tag, _, _ := strings.Cut(strings.TrimPrefix(rt.Path, "/"), "/")
	content := object{"application/octet-stream": object{}}
	if rt.answers != nil {
		content = object{"application/json": object{"schema": rt.answers}}
	}
	op := object{
		"operationId": tag + "." + rt.name, "tags": []string{tag}, "description": "Takes the permission " + string(rt.Need) + "." + rt.says, "parameters": rt.params,
		"responses": object{
			strconv.Itoa(rt.status): object{"description": "done", "content": content},
			"default":               object{"description": "refused", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}},
		},
	}
	switch {
	case rt.brings:
		op["requestBody"] = object{"required": true, "content": object{"application/octet-stream": object{}}}
	case rt.body != nil:
		takes := maps.Clone(rt.body)
		if len(rt.needs) > 0 {
			takes["required"] = rt.needs
		}
		op["requestBody"] = object{"required": len(rt.needs) > 0 || rt.Method == http.MethodPatch, "content": object{"application/json": object{"schema": takes}}}
	}
	return op
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
	case nested:
		return object{"type": []string{"object", "array", "null"}, "additionalProperties": true}
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
