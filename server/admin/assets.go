package admin

import (
	"slices"
	"strconv"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

var unitStates = []string{
	aftersales.UnitInStock, aftersales.UnitInVan, aftersales.UnitInstalled, aftersales.UnitInDepot, aftersales.UnitOnLoan,
	aftersales.UnitScrapped,
}

// Assets are the machines: the installed base, and what lies in stock under a serial number of its own.
var Assets = &Noun{
	URL: assetsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "unit", ID: "u.id", Where: "u._del = 0 AND +u.merged_into IS NULL", Order: "number",
			From: "unit u LEFT JOIN product m ON m.id = u.product LEFT JOIN party p ON p.id = u.party LEFT JOIN site s ON s.id = u.site",
			Columns: []list.Column{
				{Name: "number", SQL: "u.number", Ref: "u.id", URL: assetsURL + "/"},
				{Name: "serial", SQL: "u.serial"},
				{Name: "name", SQL: "u.name", Fixed: true},
				{Name: "product", SQL: "m.code", Ref: "u.product", URL: productsURL + "/", Fixed: true},
				{Name: "party", SQL: "p.name", Ref: "u.party", URL: customersURL + "/", Fixed: true},
				{Name: "site", SQL: "coalesce(s.name, s.address)", Fixed: true},
				{Name: "status", SQL: "u.status", Kind: list.Code, Codes: "unit.status", Fixed: true},
				{Name: "installed_on", SQL: "u.installed_on", Kind: list.Date, Fixed: true},
				{Name: "warranty_until", SQL: "u.warranty_until", Kind: list.Date, Fixed: true, Aside: true},
				{Name: "meter", SQL: "u.meter", Kind: list.Number, Fixed: true, Aside: true},
				{Name: "place", SQL: "u.place", Fixed: true, Aside: true},
				{Name: "parent", SQL: "u.parent IS NOT NULL", Kind: list.Flag, Fixed: true, Aside: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("unit", "u.id", "party", "u.party")},
				ofRow("party", "u.party"),
				{Name: "status", Test: list.OneOf, Where: "u.status", Codes: unitStates, Names: "unit.status"},
				archived("u"),
			},
			Indexes: []string{
				`CREATE INDEX IF NOT EXISTS "unit.number,id" ON unit(number, id)`,
				`CREATE INDEX IF NOT EXISTS "unit.serial,id" ON unit(serial, id)`,
			},
		},
		URL: assetsURL, Title: "Machines", New: assetsURL + "/new", Make: "New machine", Need: auth.EditAssets,
		Empty: "The machines that you look after will stand here, each with its components, warranty and history. They come by hand, by import, or with a request about one that nobody knew.",
	},
	One: &Detail{
		Table: "unit", URL: assetsURL, Form: unitForm, Edit: auth.EditAssets, State: "status",
		Facts: []string{
			"number", "serial", "name", "product", "part", "party", "site", "place", "location", "parent", "component", "dealer",
			"sold_on", "installed_on", "accepted_on", "warranty_until", "warranty_months", "card_on", "voids", "meter", "condition",
			"tags", "merged_into", "archived_reason",
		},
		Texts: []string{"note"},
		Sections: []sectionOf{
			{table: "service_record", via: "unit", columns: []string{"job_number", "summary", "fault_code", "remedy_code", "parts", "meter", "person"}, latest: 20},
			{table: "job", via: "unit", columns: []string{"number", "state", "title", "plan_start"}, url: jobsURL + "/", latest: 20, all: jobsURL + "?unit="},
			{table: "request", via: "unit", columns: []string{"number", "state", "title"}, url: "/requests/", latest: 10, all: requestsURL + "?unit="},
			{table: "meter_reading", via: "unit", columns: []string{"corrected", "reading", "meter_unit", "exchanged", "note"}, latest: 12},
			{table: "movement", via: "unit", columns: []string{"cause", "from_location", "to_location", "job"}, url: movementsURL + "/", latest: 10},
		},
	},
	More: aboutUnit,
	Deeds: []*Deed{
		{
			Name: "swap", Title: "Swap it", Done: "Swapped. The machine's history says so.", Cause: aftersales.CauseUnitSwap, Need: auth.EditAssets,
			Hint:   "The new one takes the place of this one; this one goes to the location as defective.",
			Asks:   []schema.Column{askRow("job", "job"), askRow("unit", "unit"), ask("serial", schema.Text), askRow("part", "part"), askRow("location", "location")},
			Needed: []string{"job", "location"},
			Fits:   func(row *record.Row) bool { return row.Get("status").Text() == aftersales.UnitInstalled },
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				_, err := aftersales.SwapSerial(tx, aftersales.SwapInput{
					Job: v["job"].Ref(), Old: row.ID, New: v["unit"].Ref(), Serial: v["serial"].Text(), Part: v["part"].Ref(), From: v["location"].Ref(),
				})
				return err
			},
		},
		{
			Name: "meter", Title: "Read the meter", Done: "Noted.", Cause: aftersales.CauseMeter, Need: auth.EditAssets,
			Asks:   []schema.Column{ask("reading", schema.Integer), ask("exchanged", schema.Enum, "yes"), ask("note", schema.Text)},
			Needed: []string{"reading"},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				_, err := aftersales.ReadMeter(tx, aftersales.MeterInput{
					Unit: row.ID, Reading: v["reading"].Number(), Exchanged: v["exchanged"].Text() == "yes", Note: v["note"].Text(),
				})
				return err
			},
		},
		joinDeed("unit", auth.EditAssets), partDeed("unit", auth.EditAssets), archiveDeed("unit", auth.EditAssets), unarchiveDeed("unit", auth.EditAssets),
	},
}

var unitForm = &Form{
	Table: "unit",
	Columns: []string{
		"serial", "name", "product", "party", "site", "place", "parent", "component", "part", "dealer", "sold_on", "installed_on",
		"accepted_on", "card_on", "warranty_until", "warranty_months", "meter_unit", "condition", "tags", "note", "fields",
	},
	URL: assetsURL, New: "New machine", Edit: "Edit %s", Make: "Make the machine", Made: "The machine is made.",
	Cause: aftersales.CauseCreate,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		id, err := aftersales.CreateUnit(tx, aftersales.UnitInput{
			Name: v["name"].Text(), Serial: v["serial"].Text(), Product: v["product"].Ref(), Part: v["part"].Ref(),
			Party: v["party"].Ref(), Site: v["site"].Ref(), Parent: v["parent"].Ref(), Component: v["component"].Text(),
			Place: v["place"].Text(), SoldOn: v["sold_on"].Number(), InstalledOn: v["installed_on"].Number(),
			AcceptedOn: v["accepted_on"].Number(), WarrantyUntil: v["warranty_until"].Number(),
			WarrantyMonths: v["warranty_months"].Number(), MeterUnit: v["meter_unit"].Text(), CardOn: v["card_on"].Number(),
			Note: v["note"].Text(), Tags: chosen(v, "tags"), Fields: ownFields(v),
		})
		return id, orEdit(err, tx, "unit", id, v, "dealer", "condition")
	},
}

// orEdit writes the columns of a new row that its command does not take.
func orEdit(err error, tx aftersales.Tx, table string, id record.ID, values record.Values, columns ...string) error {
	rest := record.Values{}
	for _, c := range columns {
		if v, given := values[c]; given && !v.IsNull() {
			rest[c] = v
		}
	}
	if err != nil || len(rest) == 0 {
		return err
	}
	return aftersales.Edit(tx, aftersales.EditInput{Table: table, ID: id, Values: rest})
}

// aboutUnit says what a machine is made of, whether it is in warranty and why, and which contracts cover it.
func aboutUnit(b *builder, row *record.Row) ([]block, error) {
	unit, view := aftersales.UnitOf(row), aftersales.Look(b.r)
	cover, err := b.coverOf(unit)
	if err != nil {
		return nil, err
	}
	tree, err := b.components(unit)
	if err != nil {
		return nil, err
	}
	contracts, err := aftersales.ContractsOf(view, unit)
	if err != nil {
		return nil, err
	}
	blocks := []block{cover}
	if len(tree) > 1 {
		blocks = append(blocks, block{ID: "tree", Title: b.v.t("What it is made of"), Lines: tree})
	}
	if len(contracts) > 0 {
		blocks = append(blocks, b.contracts(contracts))
	}
	return blocks, nil
}

// coverOf says in words what the customer is entitled to today: for the machine, and for each component that its model
// gives a warranty of its own.
func (b *builder) coverOf(unit aftersales.Unit) (block, error) {
	shown, now := block{ID: "cover", Title: b.v.t("Warranty and contract today")}, b.o.Now().UnixMilli()
	view := aftersales.Look(b.r)
	components, err := aftersales.ProductComponents(view, unit.Product)
	if err != nil {
		return shown, err
	}
	parts := append([]aftersales.ProductComponent{{}}, components...)
	for _, c := range parts {
		d, err := aftersales.Entitle(view, unit.ID, aftersales.Work{Component: c.Code}, now)
		if err != nil {
			return shown, err
		}
		said, err := b.v.reasons(b.n, d.Why)
		if err != nil {
			return shown, err
		}
		what := b.v.t("The whole machine")
		if c.Code != "" {
			what = b.v.texts(c.Name, c.Code)
		}
		shown.Rows = append(shown.Rows, []spot{says(what), marks(b.v.lang.Name("job.charge."+d.Basis), d.Basis), says(joinWords(said))})
	}
	return shown, nil
}

// joinWords puts sentences after each other.
func joinWords(said []string) (s string) {
	for i, one := range said {
		if i > 0 {
			s += " · "
		}
		s += one
	}
	return s
}

// texts returns a translated text in the visitor's language, else what stands for it.
func (v *Visit) texts(texts map[string]string, otherwise string) string {
	if s := aftersales.Label(texts, v.lang.Tag); s != "" {
		return s
	}
	return otherwise
}

// components are the machine that the unit belongs to, and all that is fitted in it: those beneath stand further in.
func (b *builder) components(unit aftersales.Unit) ([]saying, error) {
	top, seen := unit, []record.ID{unit.ID}
	for !top.Parent.IsZero() && !slices.Contains(seen, top.Parent) {
		row, err := aftersales.Look(b.r).Row("unit", top.Parent)
		if err != nil {
			return nil, err
		}
		if row == nil {
			break
		}
		top, seen = aftersales.UnitOf(row), append(seen, top.Parent)
	}
	return b.branch(top, unit.ID, 0, nil)
}

// treeDepth is how deep a machine's parts are followed: no deeper tree was made by people.
const treeDepth = 8

func (b *builder) branch(unit aftersales.Unit, here record.ID, level int, above []record.ID) (lines []saying, err error) {
	if level > treeDepth || slices.Contains(above, unit.ID) {
		return nil, nil
	}
	name, err := b.n.row(record.Key{Table: b.o.Schema.Table("unit").ID, ID: unit.ID})
	if err != nil {
		return nil, err
	}
	l := saying{Text: name, Level: min(level, 3), Small: joinWords(slices.DeleteFunc([]string{unit.Serial, unit.Place}, func(s string) bool { return s == "" || s == name }))}
	if unit.ID != here {
		l.URL = assetsURL + "/" + unit.ID.String()
	}
	if unit.WarrantyMonths != 0 {
		l.Chip = b.v.t("%d months", int(unit.WarrantyMonths))
	}
	lines = []saying{l}
	rows, err := aftersales.Look(b.r).Refs("unit", "parent", unit.ID)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		more, err := b.branch(aftersales.UnitOf(row), here, level+1, append(above, unit.ID))
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

func (b *builder) contracts(list []aftersales.Contract) block {
	t := b.o.Schema.Table("contract")
	shown := block{ID: "contracts", Title: b.v.lang.Name("many.contract")}
	for _, c := range []string{"number", "starts_on", "ends_on", "parts_percent", "labour_percent", "travel_percent"} {
		shown.Heads = append(shown.Heads, b.label(t, c))
	}
	for _, c := range list {
		percent := func(n int64) spot { return counts(strconv.FormatInt(n, 10) + " %") }
		shown.Rows = append(shown.Rows, []spot{
			leads(c.Number, contractsURL+"/"+c.ID.String()), counts(date(c.StartsOn)), counts(date(c.EndsOn)),
			percent(c.PartsPercent), percent(c.LabourPercent), percent(c.TravelPercent),
		})
	}
	return shown
}
