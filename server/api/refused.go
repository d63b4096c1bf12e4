package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

func (a *API) refusedChanges(c *call) error {
	return a.page(c, waiting{from: "_refused", numbers: "seq, actor, counter", n: 3, tell: func(r Reader, numbers []uint64) (object, error) {
		found, err := r.Refused(clock.Dot{Actor: clock.Actor(numbers[1]), Counter: numbers[2]})
		if found == nil {
			return nil, err // of another branch
		}
		return a.refusedObject(c, found), nil
	}})
}

// kept returns the refused change set that the URL names by its dot.
func (a *API) kept(c *call) (found *Refused, err error) {
	dot, err := clock.ParseDot(c.r.PathValue("id"))
	if err != nil {
		return nil, errNotFound
	}
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		if found, err = r.Refused(dot); err == nil && found == nil {
			err = errNotFound
		}
		return err
	})
	return found, err
}

func (a *API) refusedChange(c *call) error {
	found, err := a.kept(c)
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, a.refusedObject(c, found))
}

var ops = map[record.Op]string{record.Insert: "insert", record.Update: "update", record.Delete: "delete"}

func (a *API) refusedObject(c *call, f *Refused) object {
	rows := []any{}
	for i := range f.Change.Rows {
		rows = append(rows, c.changeObject(&f.Change.Rows[i]))
	}
	return by(object{
		"id": f.Change.Dot.Text(), "cause": f.Change.Cause, "code": f.Why.Code, "reason": a.say(c.w, c.r, f.Why), "open": f.Open,
		"waits": f.Why.Code == fault.DependsOn, "happened_at": momentOrNull(f.Happened), "received_at": momentOrNull(f.Received), "rows": rows,
	}, f.By)
}

// changeObject tells what a change set does to one row.
func (c *call) changeObject(r *record.RowChange) object {
	o := object{"op": ops[r.Op], "id": r.ID.String(), "table": nil, "resource": nil}
	fields := object{}
	if t := tableOf(r.Table); t != nil {
		o["table"], o["resource"] = t.Name, PathOf(t.Name)
		for _, w := range r.Cells {
			if name, value := c.cell(t, w.CellID, w.Value); name != "" {
				fields[name] = value
			}
		}
	}
	o["fields"] = fields
	return o
}

// decide releases, amends or dismisses a refused change set.
func (a *API) decide(c *call, name string, columns []schema.Column) error {
	found, err := a.kept(c)
	if err != nil {
		return err
	}
	if len(c.body) == 0 {
		c.body = []byte("{}")
	}
	v, err := a.values(c, func(name string) *schema.Column { return among(columns, name) })
	if err == nil {
		err = missing(v, c.at.needs)
	}
	if err != nil {
		return err
	}
	d := Decision{Dot: found.Change.Dot, Dismiss: name == "dismiss", Reason: v["reason"].Text()}
	if name == "amend" {
		if d.Rows, err = c.amended(found.Change.Rows, []byte(v["rows"].Text())); err != nil {
			return err
		}
	}
	if !d.Dismiss {
		if err := c.who.MayRelease(aftersales.Schema, found.Change.Rows); err != nil {
			return err
		}
	}
	if err := a.Engine.Decide(c.r.Context(), c.by, d); err != nil {
		return err
	}
	return a.refusedChange(c)
}

// amended returns the changes of rows with the fields that shall be otherwise, as a program says.
func (c *call) amended(rows []record.RowChange, said []byte) ([]record.RowChange, error) {
	var given []struct {
		ID     record.ID
		Table  string
		Fields map[string]json.RawMessage
	}
	if err := strictly(said, &given); err != nil {
		return nil, refused("rows", fault.Invalid, err, "%s cannot be read: %v.", "rows", "it is a list of rows as the change shows them, each with its table, its id and its fields")
	}
	rows = slices.Clone(rows)
	for _, g := range given {
		i := slices.IndexFunc(rows, func(r record.RowChange) bool {
			t := tableOf(r.Table)
			return t != nil && t.Name == g.Table && r.ID == g.ID
		})
		if i < 0 {
			return nil, refused("rows", fault.UnknownRow, nil, "%s names no row that is there.", "rows")
		}
		cells := slices.Clone(rows[i].Cells)
		for name, raw := range g.Fields {
			if err := c.amendCell(tableOf(rows[i].Table), cells, name, raw); err != nil {
				return nil, err
			}
		}
		rows[i].Cells = cells
	}
	return rows, nil
}

// amendCell puts another value in place of what the change writes into a cell.
func (c *call) amendCell(t *schema.Table, cells []record.CellWrite, name string, raw json.RawMessage) error {
	column, key, _ := strings.Cut(name, ".")
	at := t.Column(column)
	i := slices.IndexFunc(cells, func(w record.CellWrite) bool { return at >= 0 && w.Column == t.Columns[at].ID && w.Key == key })
	if i < 0 || t.Columns[at].Has(schema.Sealed) || !c.who.MayRead(t, &t.Columns[at]) {
		return refused("rows", UnknownField, nil, "There is no field %s to be written here. The OpenAPI document lists them.", name)
	}
	if !t.Columns[at].Kind.Keyed() {
		values := record.Values{}
		err := decode(told(t, &t.Columns[at]), raw, values)
		cells[i].Value = values[column]
		return err
	}
	var cell any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err := d.Decode(&cell)
	if err == nil {
		cells[i].Value, err = cellValue(cell)
	}
	if err != nil {
		return refused("rows", fault.Invalid, err, "%s cannot be read: it is a text or a whole number.", name)
	}
	return nil
}
