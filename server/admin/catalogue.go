package admin

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Parts are the catalogue of spare parts, with their prices and where they lie.
var Parts = &Noun{
	URL: partsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "part", From: "part p", ID: "p.id", Where: "p._del = 0 AND +p.merged_into IS NULL", Order: "code",
			Columns: []list.Column{
				{Name: "code", SQL: "p.code", Ref: "p.id", URL: partsURL + "/"},
				{Name: "name", SQL: "p.name", Kind: list.Translated, Fixed: true},
				{Name: "list_price", SQL: "p.list_price_minor", Kind: list.Money, Unit: "p.list_price_currency", Fixed: true},
				{Name: "unit", SQL: "p.unit", Fixed: true},
				{Name: "serial_tracked", SQL: "p.serial_tracked", Kind: list.Flag, Fixed: true},
				{Name: "abc", SQL: "p.abc", Fixed: true},
				{Name: "category", SQL: "p.category", Fixed: true, Aside: true},
				{Name: "barcode", SQL: "p.barcode", Fixed: true, Aside: true},
				{Name: "return_old", SQL: "p.return_old", Kind: list.Flag, Fixed: true, Aside: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("part", "p.id")},
				{Name: "serial_tracked", Test: list.Is, Where: "p.serial_tracked = 1"},
				archived("p"),
			},
			Indexes: []string{`CREATE INDEX IF NOT EXISTS "part.code,id" ON part(code, id)`},
		},
		URL: partsURL, Title: "Parts", New: partsURL + "/new", Make: "New part", Need: auth.EditParts,
		Empty: "The spare parts that you keep or order will stand here, with their prices and where they lie. They come by hand or by import.",
	},
	One: &Detail{
		Table: "part", URL: partsURL, Form: partForm, Edit: auth.EditParts,
		Facts: []string{"code", "name", "barcode", "unit", "serial_tracked", "abc", "category", "list_price", "warranty_months", "fits", "return_old", "merged_into", "archived_reason"},
		Texts: []string{"note"},
		Sections: []sectionOf{
			{table: "movement", title: "part.movement", via: "part", columns: []string{"corrected", "cause", "quantity", "serial", "from_location", "to_location", "job"}, url: movementsURL + "/", latest: 20},
			{table: "part_request", via: "part", columns: []string{"number", "state", "quantity", "location", "job"}, url: partRequestsURL + "/", latest: 10},
		},
	},
	More: aboutPart,
	Deeds: []*Deed{
		{
			Name: "price", Title: "Set a price", Done: "The price is set. What was charged before stays as it was.", Cause: aftersales.CausePrice, Need: auth.EditParts,
			Hint: "A price holds from its first day until another begins. It is never changed: decisions were made by it.",
			Asks: []schema.Column{ask("amount", schema.Money), ask("price_list", schema.Text), ask("valid_from", schema.Date)}, Needed: []string{"amount"},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				_, err := aftersales.SetPrice(tx, aftersales.PriceInput{
					Part: row.ID, Amount: moneyOf(v["amount"]), PriceList: v["price_list"].Text(), ValidFrom: v["valid_from"].Number(),
				})
				return err
			},
		},
		{
			Name: "level", Title: "Set least and most", Done: "Set.", Cause: aftersales.CausePartLevel, Need: auth.EditParts,
			Asks:   []schema.Column{askRow("location", "location"), ask("minimum", schema.Quantity), ask("maximum", schema.Quantity), ask("safety", schema.Quantity)},
			Needed: []string{"location", "minimum", "maximum"},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.SetLevel(tx, aftersales.LevelInput{
					Location: v["location"].Ref(), Part: row.ID, Minimum: v["minimum"].Number(), Maximum: v["maximum"].Number(), Safety: v["safety"].Number(),
				})
			},
		},
		{
			Name: "cost", Title: "Set what it costs us", Done: "The cost is set. What was reckoned before stays as it was.", Cause: aftersales.CausePartCost, Need: auth.SeeCosts,
			Hint: "A cost holds from its first day until another begins. Only who may see costs sees it, on his phone too.",
			Asks: []schema.Column{askRow("branch", "branch"), ask("unit_cost", schema.Money), ask("valid_from", schema.Date)}, Needed: []string{"branch", "unit_cost"},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				_, err := aftersales.SetPartCost(tx, v["branch"].Ref(), row.ID, moneyOf(v["unit_cost"]), v["valid_from"].Number())
				return err
			},
		},
		joinDeed("part", auth.EditParts), partDeed("part", auth.EditParts), archiveDeed("part", auth.EditParts), unarchiveDeed("part", auth.EditParts),
	},
}

var partForm = &Form{
	Table:    "part",
	Columns:  []string{"code", "name", "barcode", "unit", "serial_tracked", "return_old", "abc", "category", "list_price", "warranty_months", "fits", "note"},
	Needed:   []string{"code"},
	Flags:    []string{"serial_tracked", "return_old"},
	Lists:    map[string]string{"category": aftersales.ListPartCategory},
	Defaults: map[string]string{"unit": "pcs"},
	URL:      partsURL, New: "New part", Edit: "Edit %s", Make: "Make the part", Made: "The part is in the catalogue.",
	Cause: aftersales.CauseCreate,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		id, err := aftersales.CreatePart(tx, aftersales.PartInput{
			Code: v["code"].Text(), Name: translations(v, "name"), Barcode: v["barcode"].Text(), Unit: v["unit"].Text(),
			SerialTracked: v["serial_tracked"].Number() == 1, ReturnOld: v["return_old"].Number() == 1, ABC: v["abc"].Text(),
			Category: v["category"].Text(), ListPrice: moneyOf(v["list_price"]), WarrantyMonths: v["warranty_months"].Number(),
			Fits: chosen(v, "fits"),
		})
		return id, orEdit(err, tx, "part", id, v, "note")
	},
}

// aboutPart says where a part lies and what it costs.
func aboutPart(b *builder, row *record.Row) ([]block, error) {
	stock, err := b.balances(row.ID)
	if err != nil {
		return nil, err
	}
	stock.Title, stock.Empty = b.v.t("Where it lies"), b.v.t("None of it lies anywhere.")
	prices, err := aftersales.PricesOf(aftersales.Look(b.r), row.ID)
	if err != nil {
		return nil, err
	}
	t := b.o.Schema.Table("price")
	shown := block{ID: "prices", Title: b.v.t("Prices"), Heads: []string{b.label(t, "price_list"), b.label(t, "amount"), b.label(t, "valid_from")}}
	for _, p := range prices {
		shown.Rows = append(shown.Rows, []spot{says(p.PriceList), counts(decimal(p.Amount.Minor, minorDigits(p.Amount.Currency)) + " " + p.Amount.Currency), counts(date(p.ValidFrom))})
	}
	shown.Empty = b.v.t("No price list has it: it costs the price of the catalogue.")
	costs, err := b.costs(row.ID)
	return append([]block{stock, shown}, costs...), err
}

// costs are what the part cost each branch in which the visitor may see it, the latest first; no block for who may not.
func (b *builder) costs(part record.ID) ([]block, error) {
	in := b.v.Who.In(auth.SeeCosts)
	if in.None() {
		return nil, nil
	}
	rows, err := b.about("part_cost", "part", part)
	if err != nil {
		return nil, err
	}
	t := b.o.Schema.Table("part_cost")
	shown := block{ID: "costs", Title: b.v.t("What it costs us"), Heads: []string{b.label(t, "branch"), b.label(t, "unit_cost"), b.label(t, "valid_from")}}
	for _, row := range slices.Backward(rows) {
		cost := aftersales.PartCostOf(row)
		if !in.Has(cost.Branch) {
			continue
		}
		branch, err := b.n.row(record.Key{Table: b.o.Schema.Table("branch").ID, ID: cost.Branch})
		if err != nil {
			return nil, err
		}
		shown.Rows = append(shown.Rows, []spot{says(branch), counts(money(cost.UnitCost)), counts(date(cost.ValidFrom))})
	}
	shown.Empty = b.v.t("Nobody has said yet what it costs us.")
	return []block{shown}, nil
}
