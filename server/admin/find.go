package admin

import (
	"database/sql/driver"
	"encoding/json"
	"net/http"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// found is a row that fits what somebody types.
type found struct {
	ID    record.ID `json:"id"`
	Label string    `json:"label"` // what pages call the row
	Hint  string    `json:"hint"`  // what tells it from others of the name
}

// finders say how the rows of a table are found as one types: by which expressions, what they are called, and what
// tells two of one name apart. The label is what names.row calls them.
var finders = map[string]struct {
	need              auth.Permission
	from, label, hint string
	by                []string
}{
	"party":    {auth.SeeCustomers, "party r", "r.name", joined("r.number", "r.phone", "r.city"), []string{"r.name", "r.number", "r.phone"}},
	"contact":  {auth.SeeCustomers, "contact r LEFT JOIN party p ON p.id = r.party", "r.name", joined("p.name", "r.phone"), []string{"r.name", "r.phone", "p.name"}},
	"site":     {auth.SeeCustomers, "site r LEFT JOIN party p ON p.id = r.party", "coalesce(r.name, r.address)", joined("p.name", "r.address"), []string{"r.name", "r.address", "p.name"}},
	"unit":     {auth.SeeAssets, "unit r LEFT JOIN party p ON p.id = r.party", "coalesce(r.name, r.number, r.serial)", joined("r.serial", "p.name"), []string{"r.serial", "r.name", "r.number", "p.name"}},
	"product":  {auth.SeeProducts, "product r", "r.code", joined("r.name"), []string{"r.code", "r.name"}},
	"part":     {auth.SeeParts, "part r", "r.code", joined("r.name"), []string{"r.code", "r.name", "r.barcode"}},
	"location": {auth.SeeParts, "location r", "r.name", joined("r.code"), []string{"r.name", "r.code"}},
	"person":   {auth.SeeJobs, "person r", "r.name", joined("r.number"), []string{"r.name", "r.number"}},
	"team":     {auth.SeeJobs, "team r", "r.name", "''", []string{"r.name"}},
	"branch":   {auth.SeeJobs, "branch r", "r.name", joined("r.code"), []string{"r.name", "r.code"}},
	"job":      {auth.SeeJobs, "job r", "r.number", joined("r.title"), []string{"r.number", "r.title"}},
	"solution": {auth.SeeKnowledge, "solution r LEFT JOIN product p ON p.id = r.product", "r.title", joined("p.code", "substr(r.solution, 1, 60)"), []string{"r.title", "r.solution", "r.symptom"}},
	"code":     {auth.SeeJobs, "(SELECT * FROM code WHERE list = 'fault') r", "r.code", joined("r.label"), []string{"r.code", "r.label"}},
	"request":  {auth.SeeRequests, "request r", "r.number", joined("r.title"), []string{"r.number", "r.title"}},
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
	list := []found{}
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		more, err := find(r, table, strings.TrimSpace(v.query("q")), findMost)
		list = append(list, more...)
		return err
	})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.WriteHeader(http.StatusOK)
	return json.NewEncoder(v.w).Encode(list)
}

// find returns the living rows that fit what was typed, at most so many: those that begin with it first. A row that is
// called exactly so is the only one.
func find(r Reader, table, typed string, most int) (list []found, err error) {
	f, ok := finders[table]
	if !ok {
		return nil, nil
	}
	escaped := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(typed)
	var fits []string
	var args []driver.Value
	for _, by := range f.by {
		fits, args = append(fits, by+` LIKE ? ESCAPE '\'`), append(args, "%"+escaped+"%")
	}
	query := "SELECT r.id, " + f.label + ", " + f.hint + " FROM " + f.from + " WHERE r._del = 0"
	for _, gone := range []string{"merged_into", "archived_at"} {
		if aftersales.Schema.Table(table).Column(gone) >= 0 {
			query += " AND r." + gone + " IS NULL"
		}
	}
	query += " AND (" + strings.Join(fits, " OR ") + ") ORDER BY " + f.label + ` LIKE ? ESCAPE '\' DESC, ` + f.label + ", r.id LIMIT ?"
	err = r.Select(func(q *sqlrow.Rows) error {
		list = append(list, found{q.ID(0), q.Text(1), strings.Join(strings.Fields(q.Text(2)), " ")})
		return q.Err()
	}, query, append(args, escaped+"%", int64(most))...)
	if len(list) > 1 && list[0].Label == typed && list[1].Label != typed {
		list = list[:1]
	}
	return list, err
}
