package aftersales

import (
	"slices"

	"fieldsync/sync/record"
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

// Product is a row of the table product.
type Product struct {
	ID             record.ID         `json:"id"`
	Branch         record.ID         `json:"branch"`
	Code           string            `json:"code"`
	Name           map[string]string `json:"name"`
	Brand          string            `json:"brand"`
	Category       string            `json:"category"`
	WarrantyMonths int64             `json:"warranty_months"`
	MeterUnit      string            `json:"meter_unit"`
	Note           string            `json:"note"`
	MergedInto     record.ID         `json:"merged_into"`
	ArchivedAt     int64             `json:"archived_at"`
}

// ProductOf returns the row as a Product; the zero Product for nil.
func ProductOf(r *record.Row) Product { return view[Product](r) }

// ProductInput says what a model is.
type ProductInput struct {
	ID             record.ID // zero: a fresh one
	Branch         record.ID // zero: the whole company's
	Code           string
	Name           map[string]string // by language tag
	Brand          string
	Category       string
	WarrantyMonths int64
	MeterUnit      string
}

// CreateProduct adds a model. Codes: MissingText.
func CreateProduct(tx Tx, in ProductInput) (record.ID, error) {
	code, err := textFor("the model's code", in.Code)
	if err != nil {
		return record.ID{}, err
	}
	id := fresh(tx, in.ID)
	values := record.Values{
		"branch": record.Ref(in.Branch), "code": record.Text(code), "brand": optional(in.Brand),
		"category": optional(in.Category), "warranty_months": at(in.WarrantyMonths),
		"meter_unit": optional(in.MeterUnit),
	}
	addTexts(values, "name", in.Name)
	return id, insert(tx, "product", id, values)
}
