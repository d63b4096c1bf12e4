package admin

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// flows are the quantities that came to a location and went from it; what a later movement replaces does not count. Of a part that
// should lie there, and never did, it is none.
const flows = `SELECT to_location AS location, part, quantity AS n, condition FROM movement m WHERE _del = 0
	AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.replaces = m.id AND r._del = 0)
	UNION ALL SELECT from_location, part, -quantity, condition FROM movement m WHERE _del = 0
	AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.replaces = m.id AND r._del = 0)
	UNION ALL SELECT location, part, 0, '' FROM stock_level WHERE _del = 0 AND archived_at IS NULL`

// lying is how much of each part lies at the locations that {location} leaves, and how much of that is defective.
const lying = `SELECT location, part, sum(n) AS amount, sum(CASE WHEN condition = 'defective' THEN n ELSE 0 END) AS defective FROM (` + flows + `) flow{location} GROUP BY location, part`

// usable is how much of a part can be used, of what lies b: one that was taken out good and comes back defective is gone
// from there as a good one.
const usable = `(b.amount - CASE WHEN b.defective > 0 THEN b.defective ELSE 0 END)`

// stock is what lies at one location, and what it lacks: always of one, since a balance is added up from movements.
var stock = &Listing{
	List: &list.List{
		Name: "stock", ID: "p.id", Where: "(b.amount <> 0 OR l.minimum > 0)", Order: "code",
		From: `(` + lying + `) b
			JOIN part p ON p.id = b.part LEFT JOIN stock_level l ON l.location = b.location AND l.part = b.part AND l._del = 0 AND l.archived_at IS NULL`,
		Columns: []list.Column{
			{Name: "code", SQL: "p.code", Ref: "p.id", URL: partsURL + "/"},
			{Name: "name", SQL: "p.name", Kind: list.Translated, Fixed: true},
			{Name: "amount", SQL: "b.amount", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "p.unit"},
			{Name: "defective", SQL: "CASE WHEN b.defective > 0 THEN b.defective END", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "p.unit", Fixed: true},
			{Name: "minimum", SQL: "l.minimum", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "p.unit", Fixed: true},
			{Name: "maximum", SQL: "l.maximum", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "p.unit", Fixed: true},
			{Name: "lacks", SQL: "CASE WHEN " + usable + " < l.minimum THEN l.minimum - " + usable + " END", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "p.unit", Fixed: true},
			{Name: "order", SQL: "CASE WHEN " + usable + " < l.minimum AND l.maximum IS NOT NULL THEN CASE WHEN l.maximum > l.minimum THEN l.maximum ELSE l.minimum END - " + usable + " END", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "p.unit", Fixed: true},
		},
		Filters: []list.Filter{
			{Name: "q", Test: list.Search, In: list.In("part", "p.id")},
			{Name: "location", Test: list.Refers, Inside: "WHERE location = ?", Options: ourLocations},
			{Name: "short", Test: list.Is, Where: usable + " < l.minimum"},
			{Name: "negative", Test: list.Is, Where: "b.amount < 0"},
		},
		Indexes: []string{
			`DROP INDEX IF EXISTS "movement.to,part,quantity"`, `DROP INDEX IF EXISTS "movement.from,part,quantity"`, // as they were before
			`CREATE INDEX IF NOT EXISTS "movement.to,part,condition" ON movement(to_location, part, condition, quantity, _del, id)`,
			`CREATE INDEX IF NOT EXISTS "movement.from,part,condition" ON movement(from_location, part, condition, quantity, _del, id)`,
		},
	},
	URL: stockURL, Title: "Stock", New: movementsURL + "/new", Make: "Move parts", Need: auth.MoveStock,
	Empty: "What lies at this location will stand here, with how much should. Receive parts from the supplier to begin.",
}

// ourLocations are the stores and vans, by name.
const ourLocations = `SELECT id, name FROM location WHERE _del = 0 AND archived_at IS NULL AND kind IN ('central', 'branch', 'van')
	ORDER BY CASE kind WHEN 'central' THEN 0 WHEN 'branch' THEN 1 ELSE 2 END, name, id`

// ListStock shows what lies at a location: the one in the URL, else the first.
func (o *Office) ListStock(v *Visit) error {
	if v.query("location") != "" {
		return o.ShowList(v, stock, nil)
	}
	var first record.ID
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		return r.Select(func(q *sqlrow.Rows) error { first = q.ID(0); return q.Err() }, ourLocations+" LIMIT 1")
	})
	if err != nil {
		return err
	}
	if first.IsZero() { // a company without a store: the list says how to begin
		return o.ShowList(v, stock, nil)
	}
	v.redirect(v.with("location", first.String()))
	return nil
}

// balances says where a part lies.
func (b *builder) balances(part record.ID) (block, error) {
	shown := block{ID: "stock", Heads: []string{b.v.lang.Name("location"), b.v.lang.Name("stock.amount"), b.v.lang.Name("stock.minimum"), b.v.lang.Name("stock.maximum")}}
	err := b.r.Select(func(q *sqlrow.Rows) error {
		unit := " " + q.Text(5)
		shown.Rows = append(shown.Rows, []spot{
			leads(q.Text(1), stockURL+"?location="+q.ID(0).String()), counts(quantity(q.Int(2), aftersales.QuantityScale) + unit),
			counts(orNone(q, 3)), counts(orNone(q, 4)),
		})
		return q.Err()
	}, `SELECT l.id, l.name, sum(f.n), v.minimum, v.maximum, p.unit FROM (`+flows+`) f
		JOIN location l ON l.id = f.location AND l.kind IN ('central', 'branch', 'van') JOIN part p ON p.id = f.part
		LEFT JOIN stock_level v ON v.location = l.id AND v.part = f.part AND v._del = 0 AND v.archived_at IS NULL
		WHERE f.part = ? GROUP BY l.id, l.name, v.minimum, v.maximum, p.unit HAVING sum(f.n) <> 0 OR v.minimum > 0 ORDER BY l.name, l.id`, part[:])
	return shown, err
}

func orNone(q *sqlrow.Rows, i int) string {
	if q.Null(i) {
		return ""
	}
	return quantity(q.Int(i), aftersales.QuantityScale)
}

// Locations are the stores, the vans, and where things come from and go to.
var Locations = &Noun{
	URL: locationsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "location", From: "location l LEFT JOIN person h ON h.id = l.holder LEFT JOIN branch n ON n.id = l.branch", ID: "l.id", Where: "l._del = 0", Order: "name",
			Columns: []list.Column{
				{Name: "name", SQL: "l.name", Ref: "l.id", URL: locationsURL + "/"},
				{Name: "code", SQL: "l.code"},
				{Name: "kind", SQL: "l.kind", Kind: list.Code, Codes: "location.kind"},
				{Name: "holder", SQL: "h.name", Fixed: true},
				{Name: "branch", SQL: "n.name", Fixed: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, Where: `l.name LIKE ? ESCAPE '\' OR l.code LIKE ? ESCAPE '\' OR h.name LIKE ? ESCAPE '\'`},
				{Name: "kind", Test: list.OneOf, Where: "l.kind", Codes: locationKinds, Names: "location.kind"},
				archived("l"),
			},
		},
		URL: locationsURL, Title: "Locations", New: locationsURL + "/new", Make: "New location", Need: auth.EditParts,
		Empty: "Stores and vans will stand here.",
	},
	One: &Detail{
		Table: "location", URL: locationsURL, Form: locationForm, Edit: auth.EditParts, State: "kind",
		Facts: []string{"name", "code", "kind", "holder", "branch", "parent", "party", "archived_reason"}, Texts: []string{"note"},
		Sections: []sectionOf{
			{table: "part_request", via: "location", columns: []string{"number", "state", "part", "quantity", "job"}, url: partRequestsURL + "/", latest: 10},
			{table: "discrepancy", via: "location", columns: []string{"kind", "state", "part", "quantity", "found_at"}, url: discrepanciesURL + "/", latest: 10},
		},
	},
	More: aboutLocation,
	Deeds: []*Deed{
		{
			Name: "holder", Title: "Give it to somebody", Done: "Given. What lies there is on his phone from now on.", Cause: aftersales.CauseHolder, Need: auth.EditParts,
			Hint: "Who holds a location answers for what lies there, and has its movements on the phone. Leave it empty for nobody.",
			Asks: []schema.Column{askRow("holder", "person")}, Fits: isOurs,
			Begin: func(_ *builder, row *record.Row) (map[string]record.Value, error) {
				return map[string]record.Value{"holder": row.Get("holder")}, nil
			},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.SetHolder(tx, row.ID, v["holder"].Ref())
			},
		},
		archiveDeed("location", auth.EditParts), unarchiveDeed("location", auth.EditParts),
	},
}

var locationKinds = []string{aftersales.LocationCentral, aftersales.LocationBranch, aftersales.LocationVan}

// isOurs reports whether a location is a store or van, not one of those that only stand for where things go.
func isOurs(row *record.Row) bool {
	return row.ID != aftersales.VirtualLocation(row.Get("kind").Text())
}

var locationForm = &Form{
	Table: "location", Columns: []string{"name", "code", "kind", "parent", "branch", "note"}, Needed: []string{"name", "kind"},
	Defaults: map[string]string{"kind": aftersales.LocationVan},
	URL:      locationsURL, New: "New location", Edit: "Edit %s", Make: "Make the location", Made: "The location is made. Now say who holds it.",
	Cause: aftersales.CauseCreate,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		id, err := aftersales.CreateLocation(tx, aftersales.LocationInput{
			Branch: v["branch"].Ref(), Code: v["code"].Text(), Name: v["name"].Text(), Kind: v["kind"].Text(),
		})
		return id, orEdit(err, tx, "location", id, v, "parent", "note")
	},
}

// aboutLocation says what lies there, what it lacks, and what became of its parts in the period that is asked for, else in thirty days.
func aboutLocation(b *builder, row *record.Row) ([]block, error) {
	if !isOurs(row) {
		return nil, nil
	}
	b.page.Deeds = slices.Concat(b.v.atLocation(row.ID), b.page.Deeds)
	tx, lang := aftersales.Look(b.r), b.v.lang
	asked := b.v.r.URL.Query()
	of := period{locationsURL + "/" + row.ID.String(), asked.Get("from"), asked.Get("until")}
	title, from, until := b.v.t("What came and went"), b.v.day(of.From, 0), b.v.day(of.Until, 1)
	if from == 0 && until == 0 {
		title, from = b.v.t("Thirty days"), b.o.Now().In(b.o.Zone).AddDate(0, 0, -30).UnixMilli()
	}
	book, err := aftersales.Book(tx, row.ID, from, until)
	if err != nil {
		return nil, err
	}
	shown := block{ID: "book", Title: title, Period: &of, Empty: b.v.t("Nothing lies here, and nothing moved."),
		Links: []link{{stockURL + "?location=" + row.ID.String(), b.v.t("Stock")}, {movementsURL + "?location=" + row.ID.String(), b.v.t("Movements")}}}
	for _, h := range []string{"part", "amount", "received", "issued", "returned", "repair", "sale", "sent", "scrapped", "counted"} {
		shown.Heads = append(shown.Heads, lang.Name("stock."+h))
	}
	for _, l := range book {
		line := []spot{leads(l.Part.Code, partsURL+"/"+l.Part.ID.String())}
		for _, n := range []int64{l.Balance, l.Received, l.Issued, l.Returned, l.Repair, l.Sale, l.Sent, l.Scrapped, l.Counted} {
			text := ""
			if n != 0 {
				text = quantity(n, aftersales.QuantityScale)
			}
			line = append(line, counts(text))
		}
		shown.Rows = append(shown.Rows, line)
	}
	serials, err := b.serials(row.ID)
	if err != nil || len(serials.Rows) == 0 {
		return []block{shown}, err
	}
	return []block{shown, serials}, nil
}

// atLocation are what is done about parts at a location, on pages of their own.
func (v *Visit) atLocation(id record.ID) (deeds []deedView) {
	if v.Who.May(auth.CountStock) {
		deeds = append(deeds, deedView{locationsURL + "/" + id.String() + "/count", v.t("Count what lies here")})
	}
	if v.Who.May(auth.MoveStock) {
		deeds = append(deeds, deedView{movementsURL + "/new?cause=transfer&from_location=" + id.String(), v.t("Move parts from here")})
	}
	return deeds
}

func (b *builder) serials(location record.ID) (block, error) {
	shown := block{ID: "serials", Title: b.v.t("Serial numbers here"), Heads: []string{
		b.v.lang.Name("movement.serial"), b.v.lang.Name("movement.part"), b.v.lang.Name("movement.condition"), b.v.t("since")}}
	list, err := aftersales.Serials(aftersales.Look(b.r), location)
	for _, h := range list {
		code, e := b.n.row(record.Key{Table: b.o.Schema.Table("part").ID, ID: h.Part})
		if e != nil {
			return shown, e
		}
		shown.Rows = append(shown.Rows, []spot{
			says(h.Serial), leads(code, partsURL+"/"+h.Part.String()), says(b.v.lang.Name("movement.condition." + h.Condition)), counts(times{b.v.lang, b.o.Zone}.when(h.Since)),
		})
	}
	return shown, err
}
