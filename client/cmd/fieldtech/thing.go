package main

import (
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// thing is a row as a list names it.
type thing struct {
	Table string
	Name  string // "" where it has none, or is not here
	Job   string // the number of the job that it belongs to, "" for none
	State string
	Gone  bool // the row is not here
}

func (t thing) String() string {
	text := strings.TrimSpace(plain(t.Table) + " " + t.Name)
	if t.Job != "" {
		text += " of " + t.Job
	}
	if t.State != "" {
		text += ": " + plain(t.State)
	}
	return text
}

// describe returns what a row is called.
func describe(tx client.Tx, key record.Key) (thing, error) {
	t := aftersales.Schema.TableByID(key.Table)
	if t == nil {
		return thing{Table: "row", Gone: true}, nil
	}
	row, err := tx.Row(t.Name, key.ID)
	if err != nil || row == nil {
		return thing{Table: t.Name, Gone: true}, err
	}
	return describeRow(tx, row)
}

// describeChange returns what the row of a change is called, though the row went when the change was refused.
func describeChange(tx client.Tx, change *record.RowChange) (thing, error) {
	what, err := describe(tx, change.Key())
	t := aftersales.Schema.TableByID(change.Table)
	if err != nil || !what.Gone || t == nil {
		return what, err
	}
	return describeRow(tx, record.NewRow(t, change, clock.Dot{}))
}

func describeRow(tx client.Tx, row *record.Row) (what thing, err error) {
	what.Table, what.State = row.Table.Name, row.Get("state").Text()
	if what.Name, err = nameOf(tx, row); err != nil || row.Table.Column("job") < 0 {
		return what, err
	}
	job, err := tx.Row("job", row.Get("job").Ref())
	if job != nil {
		what.Job = job.Get("number").Text()
	}
	return what, err
}

func nameOf(tx client.Tx, row *record.Row) (string, error) {
	switch row.Table.Name {
	case "movement":
		m := aftersales.MovementOf(row)
		part, err := tx.Row("part", m.Part)
		return strings.TrimSpace(m.Quantity.String() + " " + aftersales.PartOf(part).Code), err
	case "time_mark":
		m := aftersales.TimeMarkOf(row)
		return m.Kind + " " + m.Edge, nil
	}
	for _, column := range []string{"number", "code", "title", "serial", "text"} {
		if name := row.Get(column).Text(); name != "" {
			return short(name, 40), nil
		}
	}
	return "", nil
}
