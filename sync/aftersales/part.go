package aftersales

import (
	"slices"

	"fieldsync/sync/schema"
)

// A part is an entry of the spare parts catalogue.
var partTable = &schema.Table{
	ID: 64, Name: "part", Class: schema.ClassStock,
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "code", required, searchable, indexed),
		translated(2, "name", searchable),
		text(3, "barcode", searchable, indexed),
		text(4, "unit", required), // of measure: "pcs", "m"
		integer(5, "serial_tracked"),
		enum(6, "abc", []string{"A", "B", "C"}),
		code(7, "category"),
		money(8, "list_price"),
		integer(9, "warranty_months"),
		set(10, "fits"), // product codes
		integer(11, "return_old"),
		text(12, "note"),
	}, alias("part"), archive()),
	Buckets: shared(),
}

// A price is what a part, or a service named by a code, costs from a day on. It is never edited: a later one follows.
var priceTable = &schema.Table{
	ID: 66, Name: "price", Mode: schema.Ledger, Class: schema.ClassStock,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "part", "part"),
		code(2, "service"),
		code(3, "price_list", required),
		money(4, "amount", required),
		date(5, "valid_from", required),
		ref(6, "replaces", "price"),
	}),
	Buckets: shared(),
}
