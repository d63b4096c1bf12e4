package server

import (
	"encoding/json"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/server/importer"
	"fieldsync/server/store"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// known is what the rows of one write are about, as far as it is there already, by what people call it.
type known struct {
	numbers, parties, units, products, parts, locations map[string][]record.ID
}

// learn looks up everything that the rows name, a query a kind.
func (s *RowSink) learn(rows []importer.Row) error {
	told := func(fields ...importer.Field) (texts []string) {
		for i := range rows {
			for _, f := range fields {
				if text := rows[i].Text(f); text != "" && !slices.Contains(texts, text) {
					texts = append(texts, text)
				}
			}
		}
		return texts
	}
	return s.core.Store.Read(s.ctx, func(v *store.View) (err error) {
		look := reader{v, auth.BranchesOf(s.ctx)}
		s.known = known{}
		customers := told(importer.Customer)
		numbered := customers
		if s.in.Sheet == importer.Customers {
			customers, numbered = told(importer.Name), told(importer.Number)
		}
		for _, q := range []struct {
			into  *map[string][]record.ID
			query string
			texts []string
		}{
			{&s.known.numbers, namedBy("party", "number"), numbered},
			{&s.known.parties, namedBy("party", "name"), customers},
			{&s.known.units, namedBy("unit", "serial"), told(importer.Asset, importer.Serial)},
			{&s.known.products, namedBy("product", "code"), told(importer.Model)},
			{&s.known.parts, namedBy("part", "code"), told(importer.Code)},
			{&s.known.locations, locationNamed, told(importer.Location)},
		} {
			if *q.into, err = byName(look, q.query, q.texts); err != nil {
				return err
			}
		}
		if s.in.Sheet != importer.Customers { // a number means the customer, too
			for number, ids := range s.known.numbers {
				s.known.parties[number] = append(s.known.parties[number], ids...)
			}
		}
		return nil
	})
}

// namedBy asks for living rows that are not joined with others, by a column that is indexed.
func namedBy(table, column string) string {
	return "SELECT id, " + column + " FROM " + table + " WHERE " + column + " IN (SELECT value FROM json_each(?)) AND _del = 0" +
		" AND merged_into IS NULL AND archived_at IS NULL"
}

const locationNamed = "SELECT id, code FROM location WHERE code IN (SELECT value FROM json_each(?1)) AND _del = 0 AND archived_at IS NULL" +
	" UNION SELECT id, name FROM location WHERE name IN (SELECT value FROM json_each(?1)) AND _del = 0 AND archived_at IS NULL"

func byName(look reader, query string, texts []string) (map[string][]record.ID, error) {
	found := map[string][]record.ID{}
	if len(texts) == 0 {
		return found, nil
	}
	list, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	err = look.Select(func(q *sqlrow.Rows) error {
		found[q.Text(1)] = append(found[q.Text(1)], q.ID(0))
		return q.Err()
	}, query, string(list))
	return found, err
}
