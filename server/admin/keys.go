package admin

import (
	"fmt"
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Keyed is a kind of row whose keys of other systems people look after on pages. Programs name rows of every kind so.
type Keyed struct {
	Table, URL string
	See, Edit  auth.Permission
	called     string // by what the list names a row
}

// KeyedRows are all of them; package server gives each its URLs.
var KeyedRows = []*Keyed{
	{"party", customersURL, auth.SeeCustomers, auth.EditCustomers, "name"},
	{"contact", contactsURL, auth.SeeCustomers, auth.EditCustomers, "name"},
	{"site", sitesURL, auth.SeeCustomers, auth.EditCustomers, "coalesce(name, address)"},
	{"unit", assetsURL, auth.SeeAssets, auth.EditAssets, calledUnit("unit")},
	{"product", productsURL, auth.SeeProducts, auth.EditProducts, "code"},
	{"part", partsURL, auth.SeeParts, auth.EditParts, "code"},
	{"location", locationsURL, auth.SeeParts, auth.EditParts, "name"},
	{"request", requestsURL, auth.SeeRequests, auth.EditRequests, "number"},
	{"job", jobsURL, auth.SeeJobs, auth.EditJobs, "number"},
}

func keyedOf(table string) *Keyed {
	i := slices.IndexFunc(KeyedRows, func(k *Keyed) bool { return k.Table == table })
	if i < 0 {
		return nil
	}
	return KeyedRows[i]
}

// keysView is the keys of a row on its page.
type keysView struct {
	URL  string // beneath which keys are added and retired, "" for who may not
	Rows []keyView
}

type keyView struct {
	System, Key string
	signature
}

// keysOf gathers what other systems call the row, or those that were joined with it; nil where they call none of its kind so.
func (b *builder) keysOf(row *record.Row) (*keysView, error) {
	of := keyedOf(row.Table.Name)
	if of == nil {
		return nil, nil
	}
	view := &keysView{}
	if b.v.Who.May(of.Edit, row.Get("branch").Ref()) {
		view.URL = of.URL + "/" + row.ID.String() + "/keys"
	}
	ids := []record.ID{row.ID}
	if row.Table.Column("merged_into") >= 0 {
		aliases, err := b.r.Refs(row.Table, "merged_into", row.ID)
		if err != nil {
			return nil, err
		}
		ids = append(ids, aliases...)
	}
	for _, id := range ids {
		rows, err := b.about("external_key", "about", id)
		if err != nil {
			return nil, err
		}
		for _, k := range rows {
			if !k.Get("retired_at").IsNull() {
				continue
			}
			signed, err := b.signed(k)
			if err != nil {
				return nil, err
			}
			view.Rows = append(view.Rows, keyView{k.Get("system").Text(), k.Get("key").Text(), signed})
		}
	}
	return view, nil
}

// noun makes of the kind one whose forms of deeds stand beneath its URL.
func (k *Keyed) noun() *Noun { return &Noun{URL: k.URL, One: &Detail{Table: k.Table, URL: k.URL}} }

func (k *Keyed) deed() *Deed {
	return &Deed{
		Name: "keys", Title: "Add a key", Done: "The key is noted.", Cause: aftersales.CauseKeyPut, Need: k.Edit,
		Hint: "What another system calls this: by it programs and imports find it again, and so does the search.",
		Asks: []schema.Column{ask("key_system", schema.Text), ask("key_text", schema.Text)}, Needed: []string{"key_system", "key_text"},
		Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
			return aftersales.PutKey(tx, v["key_system"].Text(), v["key_text"].Text(), aftersales.Row{Table: k.Table, ID: row.ID})
		},
	}
}

// Show shows the form that gives a row a key, Send gives it.
func (k *Keyed) Show(o *Office, v *Visit) error { return k.noun().Show(k.deed())(o, v) }

// Send gives a row a key.
func (k *Keyed) Send(o *Office, v *Visit) error { return k.noun().Send(k.deed())(o, v) }

// Retire ends that a system calls the row by a key.
func (k *Keyed) Retire(o *Office, v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseKeyRetire, func(tx aftersales.Tx) error {
		return aftersales.RetireKey(tx, v.form("system"), v.form("key"), aftersales.Row{Table: k.Table, ID: id})
	})
	if err != nil {
		return err
	}
	return v.done(k.URL+"/"+id.String(), v.t("The key is retired: it names nothing any more."))
}

// keysList is the list of all keys of other systems.
var keysList = &Listing{
	List: &list.List{
		Name: "external_key", From: "external_key k", ID: "k.id", Where: "k._del = 0", Order: "key",
		Columns: []list.Column{
			{Name: "key", SQL: "k.key", Ref: "k.id", URL: keysURL + "/"},
			{Name: "system", SQL: "k.system"},
			{Name: "kind", SQL: ofEachKind("'%[2]s'"), Kind: list.Code, Codes: "keyed", Fixed: true},
			{Name: "about", SQL: ofEachKind("(SELECT %[3]s FROM %[2]s WHERE id = k.about)"), Fixed: true},
			{Name: "retired_at", SQL: "k.retired_at", Kind: list.Instant, Fixed: true, Aside: true},
		},
		Filters: []list.Filter{
			{Name: "q", Test: list.Search, In: list.In("external_key", "k.id", "party", "k.about", "unit", "k.about", "part", "k.about", "job", "k.about")},
			{Name: "kind", Test: list.OneOf, Where: ofEachKind("'%[2]s'"), Codes: keyedTables(), Names: "keyed"},
			{Name: "retired", Test: list.Is, Where: "k.retired_at IS NOT NULL"},
		},
		Indexes: []string{
			`CREATE INDEX IF NOT EXISTS "external_key.key,id" ON external_key(key, id)`,
			`CREATE INDEX IF NOT EXISTS "external_key.system,id" ON external_key(system, id)`,
		},
	},
	URL: keysURL, Title: "Keys of other systems",
	Empty: "What other systems call your customers, machines, parts and jobs will stand here. Imports and programs note it, and people do on the page of each.",
}

// ofEachKind is an expression that is another one for the rows of each kind: %[1]d is its table, %[2]s its name and %[3]s by
// what it is called.
func ofEachKind(form string) string {
	var b strings.Builder
	b.WriteString("CASE k.about_table")
	for _, k := range KeyedRows {
		fmt.Fprintf(&b, " WHEN %[1]d THEN "+form, aftersales.Schema.Table(k.Table).ID, k.Table, k.called)
	}
	return b.String() + " END"
}

func keyedTables() (tables []string) {
	for _, k := range KeyedRows {
		tables = append(tables, k.Table)
	}
	return tables
}

// ListKeys shows the keys of whatever the visitor may see.
func (o *Office) ListKeys(v *Visit) error {
	seen, shown := *keysList, *keysList.List
	tables := []string{"0"}
	for _, k := range KeyedRows {
		if v.Who.May(k.See) {
			tables = append(tables, fmt.Sprint(aftersales.Schema.Table(k.Table).ID))
		}
	}
	shown.Where += " AND k.about_table IN (" + strings.Join(tables, ", ") + ")"
	seen.List = &shown
	return o.ShowList(v, &seen, nil)
}

// FollowKey leads to the page of what a key names.
func (o *Office) FollowKey(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	var to string
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := living(r, o.Schema.Table("external_key"), id)
		if err == nil {
			to, err = o.keyLeads(v, r, row)
		}
		return err
	})
	if err == nil && to == "" {
		err = fault.New(NoRight, "Your roles do not include this. Ask an administrator if you need it.")
	}
	if err != nil {
		return err
	}
	v.redirect(to)
	return nil
}

// keyLeads returns the page of what a key names, "" for who may not see it.
func (o *Office) keyLeads(v *Visit, r Reader, key *record.Row) (string, error) {
	about := key.Get("about").Key()
	t := o.Schema.TableByID(about.Table)
	if t == nil {
		return "", nil
	}
	of := keyedOf(t.Name)
	if of == nil || !v.Who.May(of.See, key.Get("branch").Ref()) {
		return "", nil
	}
	id, err := about.ID, error(nil)
	if t.Column("merged_into") >= 0 {
		id, err = aftersales.Survivor(aftersales.Look(r), t.Name, id)
	}
	return of.URL + "/" + id.String(), err
}
