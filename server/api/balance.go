package api

import (
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// views are what can be read beneath a row.
func (r *resource) views(one string) []Route {
	switch {
	case r.Hours:
		return []Route{r.hoursRoute(one)}
	case !r.Stock:
		return nil
	}
	amount := object{"type": "object", "properties": object{"amount": text, "unit": text}}
	line := object{"type": "object", "properties": object{"part": object{"type": "string", "format": "uuid"}, "code": text, "quantity": amount, "minimum": amount, "maximum": amount}}
	return []Route{{
		Method: "GET", Path: one + "/stock", Need: r.See, do: (*API).stock, name: "stock", params: []any{path("id")},
		says:    " What lies there of each part, and what should.",
		answers: object{"type": "object", "properties": object{"rows": object{"type": "array", "items": line}}},
	}}
}

// lies adds up what came to a location and went from it; what a later movement replaces does not count.
const lies = `SELECT f.part, p.code, p.unit, sum(f.n), v.minimum, v.maximum FROM (
	SELECT part, quantity AS n FROM movement m WHERE to_location = ?1 AND _del = 0 AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.replaces = m.id AND r._del = 0)
	UNION ALL SELECT part, -quantity FROM movement m WHERE from_location = ?1 AND _del = 0 AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.replaces = m.id AND r._del = 0)
	UNION ALL SELECT part, 0 FROM stock_level WHERE location = ?1 AND _del = 0 AND archived_at IS NULL) f
	JOIN part p ON p.id = f.part LEFT JOIN stock_level v ON v.location = ?1 AND v.part = f.part AND v._del = 0 AND v.archived_at IS NULL
	GROUP BY f.part, p.code, p.unit, v.minimum, v.maximum HAVING sum(f.n) <> 0 OR v.minimum > 0 ORDER BY p.code, f.part`

// stock shows what lies at a location. It is added up from all that moved: also from what another branch sent here, which
// who reads this may not see by itself.
func (a *API) stock(c *call) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	if err := a.visible(c, id); err != nil {
		return err
	}
	rows := []any{}
	err = a.Engine.View(auth.Within(c.r.Context(), auth.Branches{All: true}), func(r Reader) error {
		return r.Select(func(q *sqlrow.Rows) error {
			amount := func(i int) any {
				if q.Null(i) {
					return nil
				}
				return object{"amount": decimal(q.Int(i), aftersales.QuantityScale), "unit": q.Text(2)}
			}
			rows = append(rows, object{"part": q.ID(0).String(), "code": q.Text(1), "quantity": amount(3), "minimum": amount(4), "maximum": amount(5)})
			return q.Err()
		}, lies, id[:])
	})
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, object{"rows": rows})
}
