package aftersales

import (
	"slices"

	"fieldsync/sync/schema"
)

// A product is a model that units are made of.
var productTable = &schema.Table{
	ID: 60, Name: "product", Class: schema.ClassLibrary,
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "code", required, searchable, indexed),
		translated(2, "name", searchable),
		text(3, "brand", searchable),
		code(4, "category"),
		integer(5, "warranty_months"),
		integer(6, "service_life_months"),
		code(7, "meter_unit"),
		text(8, "note"),
	}, alias("product"), archive()),
	Buckets: shared(),
}
