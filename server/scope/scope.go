// Package scope says what a person's device has to hold, row by row, from nothing but the hub's rows and holds: the naive
// way, in which no page, cursor or checksum has a part. What a device holds is compared with it.
package scope

import (
	"fmt"

	"fieldsync/server/hub"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Name is what a row is called in a comparison: "table/id".
func Name(row *record.Row) string { return row.Table.Name + "/" + row.ID.String() }

// Content returns everything about a row that both ends must agree on: its shown values, its vector and its seq.
func Content(row *record.Row) string {
	b := row.Vector.AppendBinary(nil)
	for i, v := range row.Cols {
		if !v.IsNull() {
			b = v.AppendBinary(append(b, byte(i)))
		}
	}
	return fmt.Sprintf("%d %x", row.Seq, b)
}

// Of returns the content of every row that the person may see, by name.
func Of(v hub.View, s *schema.Schema, person record.ID) (map[string]string, error) {
	return Known(v, s, s, person)
}

// Known is Of for a device whose app knows the schema of an earlier version: it has neither tables nor columns that came later.
func Known(v hub.View, s, app *schema.Schema, person record.ID) (map[string]string, error) {
	rows := map[string]string{}
	buckets, err := hub.HeldBy(v, person)
	if err != nil {
		return nil, err
	}
	for _, b := range buckets {
		for _, table := range s.Tables {
			known := app.TableByID(table.ID)
			if known == nil {
				continue
			}
			for rule := range table.Buckets {
				if table.Buckets[rule].Kind != b.Kind {
					continue
				}
				err := v.Scan(table, rule, b, record.ID{}, func(row *record.Row) bool {
					rows[Name(row)] = Content(as(row, known))
					return true
				})
				if err != nil {
					return nil, err
				}
			}
		}
	}
	return rows, nil
}

// as returns what an app that knows the table so has of the row.
func as(row *record.Row, known *schema.Table) *record.Row {
	if row.Table == known {
		return row
	}
	own := *row
	own.Table, own.Cols = known, nil
	for i := range known.Columns {
		own.Cols = append(own.Cols, row.Cols[row.Table.ColumnByID(known.Columns[i].ID)])
	}
	return &own
}

// Differences returns, a sentence each, in what the rows that a device has are not those that it should have.
func Differences(have, want map[string]string) (found []string) {
	for name, content := range want {
		switch has, ok := have[name]; {
		case !ok:
			found = append(found, name+" is missing")
		case has != content:
			found = append(found, name+" is another: "+has+" instead of "+content)
		}
	}
	for name := range have {
		if _, ok := want[name]; !ok {
			found = append(found, name+" does not belong there")
		}
	}
	return found
}
