package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Products are the models that machines are made of.
var Products = &Noun{
	URL: productsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "product", From: "product m", ID: "m.id", Where: "m._del = 0 AND +m.merged_into IS NULL", Order: "code",
			Columns: []list.Column{
				{Name: "code", SQL: "m.code", Ref: "m.id", URL: productsURL + "/"},
				{Name: "name", SQL: "m.name", Kind: list.Translated, Fixed: true},
				{Name: "brand", SQL: "m.brand", Fixed: true},
				{Name: "category", SQL: "m.category", Fixed: true},
				{Name: "warranty_months", SQL: "m.warranty_months", Kind: list.Number, Fixed: true},
				{Name: "units", SQL: "(SELECT count(*) FROM unit u WHERE u.product = m.id AND u._del = 0)", Kind: list.Number, Fixed: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("product", "m.id")},
				archived("m"),
			},
			Indexes: []string{`CREATE INDEX IF NOT EXISTS "product.code,id" ON product(code, id)`},
		},
		URL: productsURL, Title: "Models", New: productsURL + "/new", Make: "New model", Need: auth.EditProducts,
		Empty: "The models that you sell or look after will stand here, each with its warranty and the components that have one of their own.",
	},
	One: &Detail{
		Table: "product", URL: productsURL, Form: productForm, Edit: auth.EditProducts,
		Facts: []string{"code", "name", "brand", "category", "warranty_months", "service_life_months", "meter_unit", "merged_into", "archived_reason"},
		Texts: []string{"note"},
		Sections: []sectionOf{
			{table: "solution", via: "product", columns: []string{"title", "state", "uses"}, url: solutionsURL + "/", latest: 10},
			{table: "document", via: "product", columns: []string{"title", "kind", "edition"}, url: documentsURL + "/", latest: 10},
			{table: "unit", via: "product", columns: []string{"number", "serial", "party", "status", "installed_on"}, url: assetsURL + "/", latest: 20},
		},
	},
	More: func(b *builder, row *record.Row) ([]block, error) {
		list, err := aftersales.ProductComponents(aftersales.Look(b.r), row.ID)
		if err != nil {
			return nil, err
		}
		t := b.o.Schema.Table("product_component")
		shown := block{
			ID: "components", Title: b.v.t("Components with a warranty of their own"),
			Heads: []string{b.label(t, "code"), b.label(t, "name"), b.label(t, "warranty_months"), b.label(t, "part")},
			Empty: b.v.t("No component of this model has a warranty of its own: all of it goes by the model's."),
		}
		for _, c := range list {
			part, err := b.n.row(record.Key{Table: b.o.Schema.Table("part").ID, ID: c.Part})
			if err != nil {
				return nil, err
			}
			shown.Rows = append(shown.Rows, []spot{says(c.Code), says(b.v.texts(c.Name, "")), counts(b.v.t("%d months", int(c.WarrantyMonths))), says(part)})
		}
		return []block{shown}, nil
	},
	Deeds: []*Deed{
		{
			Name: "component", Title: "Set a component", Done: "The component is set.", Cause: aftersales.CauseComponent, Need: auth.EditProducts,
			Hint: "A component that is there already is changed: its code names it.",
			Asks: []schema.Column{
				ask("code", schema.Text), ask("name", schema.Translated), ask("warranty_months", schema.Integer), askRow("part", "part"), ask("rank", schema.Integer),
			},
			Needed: []string{"code", "warranty_months"},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				_, err := aftersales.PutProductComponent(tx, aftersales.ProductComponentInput{
					Product: row.ID, Code: v["code"].Text(), Name: translations(v, "name"), WarrantyMonths: v["warranty_months"].Number(),
					Part: v["part"].Ref(), Rank: v["rank"].Number(),
				})
				return err
			},
		},
		{
			Name: "retire", Title: "Take a component off", Done: "The component is off the list.", Cause: aftersales.CauseComponent, Need: auth.EditProducts,
			Asks: []schema.Column{ask("code", schema.Text)}, Needed: []string{"code"},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.RetireProductComponent(tx, row.ID, v["code"].Text())
			},
		},
		joinDeed("product", auth.EditProducts), partDeed("product", auth.EditProducts), archiveDeed("product", auth.EditProducts), unarchiveDeed("product", auth.EditProducts),
	},
}

var productForm = &Form{
	Table:   "product",
	Columns: []string{"code", "name", "brand", "category", "warranty_months", "service_life_months", "meter_unit", "note"},
	Lists:   map[string]string{"category": aftersales.ListProductCategory},
	Needed:  []string{"code"},
	URL:     productsURL, New: "New model", Edit: "Edit %s", Make: "Make the model", Made: "The model is made.",
	Cause: aftersales.CauseCreate,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		id, err := aftersales.CreateProduct(tx, aftersales.ProductInput{
			Code: v["code"].Text(), Name: translations(v, "name"), Brand: v["brand"].Text(), Category: v["category"].Text(),
			WarrantyMonths: v["warranty_months"].Number(), MeterUnit: v["meter_unit"].Text(),
		})
		return id, orEdit(err, tx, "product", id, v, "service_life_months", "note")
	},
}
