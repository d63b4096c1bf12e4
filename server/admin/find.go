package admin

import (
	"database/sql/driver"
	"encoding/json"
	"net/http"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// foundOne is a row that fits what somebody types.
type foundOne struct {
	ID    record.ID `json:"id"`
	Label string    `json:"label"` // what pages call the row
	Hint  string    `json:"hint"`  // what tells it from others of the name
}

// finders say how the rows of a table are found as one types: where the search index looks, or of tables that stay short by
// which expressions; what they are called, and what tells two of one name apart. The label is what names.row calls them.
var finders = map[string]struct {
	need              auth.Permission
	from, label, hint string
	in                []list.Found
	by                []string
}{
	"party":    {auth.SeeCustomers, "party r", "r.name", joined("r.number", "r.phone", "r.city"), itself("party"), nil},
	"contact":  {auth.SeeCustomers, "contact r LEFT JOIN party p ON p.id = r.party", "r.name", joined("p.name", "r.phone"), ofParty("contact"), nil},
	"site":     {auth.SeeCustomers, "site r LEFT JOIN party p ON p.id = r.party", "coalesce(r.name, r.address)", joined("p.name", "r.address"), ofParty("site"), nil},
	"unit":     {auth.SeeAssets, "unit r LEFT JOIN party p ON p.id = r.party", calledUnit("r"), joined("r.serial", "r.number", "p.name"), ofParty("unit"), nil},
	"product":  {auth.SeeProducts, "product r", "r.code", joined("r.name"), itself("product"), nil},
	"part":     {auth.SeeParts, "part r", "r.code", joined("r.name"), itself("part"), nil},
	"location": {auth.SeeParts, "location r", "r.name", joined("r.code"), nil, []string{"r.name", "r.code"}},
	"person":   {auth.SeeJobs, "person r", "r.name", joined("r.number"), nil, []string{"r.name", "r.number"}},
	"team":     {auth.SeeJobs, "team r", "r.name", "''", nil, []string{"r.name"}},
	"branch":   {auth.SeeJobs, "branch r", "r.name", joined("r.code"), nil, []string{"r.name", "r.code"}},
	"job":      {auth.SeeJobs, "job r", "r.number", joined("r.title"), itself("job"), nil},
	"solution": {auth.SeeKnowledge, "solution r LEFT JOIN product p ON p.id = r.product", "r.title", joined("p.code", "substr(r.solution, 1, 60)"), itself("solution"), nil},
	"code":     {auth.SeeJobs, "(SELECT * FROM code WHERE list = 'fault') r", "r.code", joined("r.label"), nil, []string{"r.code", "r.label"}},
	"request":  {auth.SeeRequests, "request r", "r.number", joined("r.title"), itself("request"), nil},
}

func itself(table string) []list.Found { return list.In(table, "r.id") }

// ofParty also finds what belongs to a customer who is found.
func ofParty(table string) []list.Found {
	return list.In(table, "r.id", "party", "r.party")
}

// joined is an expression that has all of the others in it, those that are there.
func joined(expressions ...string) string {
	return "concat_ws(' ', " + strings.Join(expressions, ", ") + ")"
}

// findMost is how many rows are offered under a field: more would not be read.
const findMost = 12

// Find answers what fits as somebody types into a field that means a row.
func (o *Office) Find(v *Visit) error {
	table := v.query("table")
	f, ok := finders[table]
	switch {
	case !ok:
		return errForm
	case !v.Who.May(f.need):
		return fault.New(NoRight, "Your roles do not include this. Ask an administrator if you need it.")
	}
	v.bind(f.need)
	rows := []foundOne{}
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		more, err := find(r, table, strings.TrimSpace(v.query("q")), findMost)
		rows = append(rows, more...)
		return err
	})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.WriteHeader(http.StatusOK)
	return json.NewEncoder(v.w).Encode(rows)
}

// find returns the living rows that fit what was typed, at most so many: those that begin with it first. A row that is
// called exactly so is the only one. Of a long table those that came last, where nothing is typed.
func find(r Reader, table, typed string, most int) (found []foundOne, err error) {
	f, ok := finders[table]
	if !ok {
		return nil, nil
	}
	query := "SELECT r.id, " + f.label + ", " + f.hint + " FROM " + f.from + " WHERE r._del = 0"
	for _, gone := range []string{"merged_into", "archived_at"} {
		if aftersales.Schema.Table(table).Column(gone) >= 0 {
			query += " AND +r." + gone + " IS NULL"
		}
	}
	var args []driver.Value
	order := f.label + ` LIKE ? ESCAPE '\' DESC, ` + f.label + ", r.id"
	switch begins := escaped(typed) + "%"; {
	case len(f.in) == 0:
		var fits []string
		for _, by := range f.by {
			fits, args = append(fits, by+` LIKE ? ESCAPE '\'`), append(args, "%"+begins)
		}
		query, args = query+" AND ("+strings.Join(fits, " OR ")+")", append(args, begins)
	case typed == "":
		order = "r.id DESC"
	default:
		fits, more, err := fitting(r, f.in, typed)
		if err != nil {
			return nil, err
		}
		query, args = query+" AND ("+fits+")", append(more, begins)
	}
	err = r.Select(func(q *sqlrow.Rows) error {
		found = append(found, foundOne{q.ID(0), q.Text(1), strings.Join(strings.Fields(q.Text(2)), " ")})
		return q.Err()
	}, query+" ORDER BY "+order+" LIMIT ?", append(args, int64(most))...)
	if len(found) > 1 && found[0].Label == typed && found[1].Label != typed {
		found = found[:1]
	}
	return found, err
}

// fittingMost is how many rows are compared where more hold what was typed than anybody would read: those that fit best.
const fittingMost = 500

// fitting returns the condition that what was typed is found in one of the tables.
func fitting(r Reader, in []list.Found, typed string) (condition string, args []driver.Value, err error) {
	var either []string
	for _, f := range in {
		m, err := r.Matches(typed, f.Table)
		if err == nil && m.Many {
			m, err = r.Best(typed, f.Table, fittingMost)
		}
		if err != nil {
			return "", nil, err
		}
		one, more := m.Hold(f.At, sqlrow.First)
		either, args = append(either, one), append(args, more...)
	}
	return strings.Join(either, " OR "), args, nil
}
