package api

import (
	"cmp"
	"database/sql/driver"
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// Every row that programs see may have keys: what other systems call it. They are put and retired by who may change such a
// row, or else make one, and read by who may see it.

// naming returns the permission to say what other systems call a row.
func (r *resource) naming() auth.Permission { return cmp.Or(r.Names, r.Edit, r.Create) }

// keyRoutes are what can be done with the keys of a resource's rows.
func (r *resource) keyRoutes(all, one string, row object) []Route {
	named, key := all+"/by-key/{system}/{key}", one+"/keys/{system}/{key}"
	return []Route{
		{Method: "GET", Path: named, Need: r.See, do: (*API).getByKey, name: "getByKey", answers: row, params: []any{path("system"), path("key")}},
		{Method: "GET", Path: one + "/keys", Need: r.See, do: (*API).keys, name: "keys", answers: listOf("keys", "system", "key"), params: []any{path("id")}},
		{Method: "PUT", Path: key, Need: r.naming(), do: (*API).putKey, name: "putKey", answers: row, params: []any{path("id"), path("system"), path("key")}},
		{Method: "DELETE", Path: key, Need: r.naming(), do: (*API).retireKey, name: "retireKey", answers: row, params: []any{path("id"), path("system"), path("key")}},
	}
}

// keysRoute looks a key up among rows of all kinds.
var keysRoute = Route{
	Method: "GET", Path: "/keys/{system}/{key}", Need: auth.SignedIn, do: (*API).lookUp, name: "lookUp", status: http.StatusOK,
	says: " Answers with rows of every kind that the key names and the program may see.", answers: listOf("rows", "resource", "id"), params: []any{path("system"), path("key")},
}

// listOf describes an object with a list of objects that hold those texts.
func listOf(name string, texts ...string) object {
	holds := object{}
	for _, t := range texts {
		holds[t] = text
	}
	return object{"type": "object", "properties": object{name: object{"type": "array", "items": object{"type": "object", "properties": holds}}}}
}

// lookUp answers with the rows of all kinds that another system calls so: a key names one of each kind.
func (a *API) lookUp(c *call) error {
	found := []any{}
	for _, r := range resources {
		if !c.who.May(r.See) {
			continue
		}
		err := a.Engine.View(auth.Within(c.r.Context(), c.who.In(r.See)), func(v Reader) error {
			row, err := aftersales.ByKey(rows{v}, c.r.PathValue("system"), r.Table, c.r.PathValue("key"))
			if row != nil {
				found = append(found, object{"resource": r.Path, "id": row.ID.String()})
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return reply(c.w, http.StatusOK, object{"rows": found})
}

// keys answers with what other systems call a row, or those that were joined with it.
func (a *API) keys(c *call) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	found := []any{}
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		if _, err := living(r, c.of.table(), id); err != nil {
			return err
		}
		ids, err := c.of.keysOf(r, id)
		for _, id := range ids {
			if err != nil {
				return err
			}
			var key *record.Row
			if key, err = (rows{r}).Row("external_key", id); key != nil {
				found = append(found, object{"system": key.Get("system").Text(), "key": key.Get("key").Text()})
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, object{"keys": found})
}

// keysOf returns the rows that say what other systems call the row today.
func (r *resource) keysOf(from Reader, id record.ID) (ids []record.ID, err error) {
	about, args := "k.about = ?", []driver.Value{id[:]}
	if r.table().Column("merged_into") >= 0 {
		about, args = "(k.about = ? OR k.about IN (SELECT id FROM "+sqlrow.Quote(r.Table)+" WHERE merged_into = ? AND _del = 0))", append(args, id[:])
	}
	err = from.Select(func(q *sqlrow.Rows) error { ids = append(ids, q.ID(0)); return q.Err() },
		"SELECT k.id FROM external_key k WHERE "+about+" AND k.key IS NOT NULL AND k.retired_at IS NULL AND k._del = 0 ORDER BY k.system, k.key", args...)
	return ids, err
}
