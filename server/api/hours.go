package api

import (
	"net/http"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// hoursRoute shows what the time marks of a job add up to.
func (r *resource) hoursRoute(one string) Route {
	minutes := object{"type": "integer", "description": "in ms; a clock that runs counts until now"}
	line := object{"type": "object", "properties": object{
		"person": uuid, "name": text, "role": text, "travel_ms": minutes, "work_ms": minutes, "pause_ms": minutes,
		"running": object{"type": "string", "description": "the kind of time of the clock that runs; empty for none"},
	}}
	return Route{
		Method: "GET", Path: one + "/hours", Need: r.See, do: (*API).hours, name: "hours", params: []any{path("id")},
		says:    " How long everybody spent on it: what the time marks add up to.",
		answers: object{"type": "object", "properties": object{"rows": object{"type": "array", "items": line}}},
	}
}

func (a *API) hours(c *call) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	list := []any{}
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		if _, err := living(r, c.of.table(), id); err != nil {
			return err
		}
		hours, err := aftersales.JobHours(rows{r}, id, a.Now().UnixMilli())
		for _, h := range hours {
			list = append(list, object{
				"person": h.Person.String(), "name": h.Name, "role": h.Role, "running": h.Running,
				"travel_ms": h.Spent[aftersales.TimeTravel], "work_ms": h.Spent[aftersales.TimeWork], "pause_ms": h.Spent[aftersales.TimePause],
			})
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, object{"rows": list})
}
