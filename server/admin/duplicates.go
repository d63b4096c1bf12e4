package admin

import (
	"net/http"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

type duplicatesPage struct {
	frame
	Pairs []pairView
	Total int
}

// pairView is two customers who are likely one.
type pairView struct {
	A, B  customerLine
	Score int
	Why   []string
	Seen  string // both rows as the page shows them
}

type customerLine struct{ ID, Name, Hint string }

// pairsMost is how many pairs are shown: the likeliest. The others come when these are decided.
const pairsMost = 100

// ListDuplicates shows the customers who are likely the same, to be joined.
func (o *Office) ListDuplicates(v *Visit) error {
	page := duplicatesPage{frame: v.frame(v.t("Likely duplicates"), customersURL)}
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		all, lines, err := identities(r)
		if err != nil {
			return err
		}
		pairs := aftersales.DuplicatePairs(all)
		page.Total = len(pairs)
		for _, p := range pairs[:min(len(pairs), pairsMost)] {
			seen := Seen{}
			for _, id := range []record.ID{p.A, p.B} {
				row, err := r.Row(record.Key{Table: o.Schema.Table("party").ID, ID: id})
				if err != nil {
					return err
				}
				if row != nil {
					seen.see(row)
				}
			}
			page.Pairs = append(page.Pairs, pairView{lines[p.A], lines[p.B], p.Score, p.Why, seen.String()})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "duplicates", page)
}

// identities reads what every customer is recognised by: three queries, however many there are.
func identities(r Reader) (all []aftersales.Identity, lines map[record.ID]customerLine, err error) {
	at, lines := map[record.ID]int{}, map[record.ID]customerLine{}
	err = r.Select(func(q *sqlrow.Rows) error {
		id := q.ID(0)
		at[id], lines[id] = len(all), customerLine{id.String(), q.Text(1), q.Text(4)}
		all = append(all, aftersales.Identity{ID: id, Names: []string{q.Text(1)}, Phones: []string{q.Text(2), q.Text(3)}})
		return q.Err()
	}, "SELECT id, name, phone, phone2, concat_ws(' · ', number, phone, city) FROM party WHERE _del = 0 AND merged_into IS NULL AND archived_at IS NULL ORDER BY id")
	if err != nil {
		return nil, nil, err
	}
	for _, more := range []struct {
		query string
		add   func(c *aftersales.Identity, text string)
	}{
		{"SELECT party, phone FROM contact WHERE _del = 0 AND phone IS NOT NULL", func(c *aftersales.Identity, s string) { c.Phones = append(c.Phones, s) }},
		{"SELECT party, serial FROM unit WHERE _del = 0 AND serial IS NOT NULL AND merged_into IS NULL", func(c *aftersales.Identity, s string) { c.Serials = append(c.Serials, s) }},
	} {
		err := r.Select(func(q *sqlrow.Rows) error {
			if i, known := at[q.ID(0)]; known {
				more.add(&all[i], q.Text(1))
			}
			return q.Err()
		}, more.query)
		if err != nil {
			return nil, nil, err
		}
	}
	return all, lines, nil
}
