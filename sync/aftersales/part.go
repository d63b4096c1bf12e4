package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
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

// Part is a row of the table part.
type Part struct {
	ID             record.ID         `json:"id"`
	Branch         record.ID         `json:"branch"`
	Code           string            `json:"code"`
	Name           map[string]string `json:"name"`
	Barcode        string            `json:"barcode"`
	Unit           string            `json:"unit"`
	SerialTracked  bool              `json:"serial_tracked"`
	ABC            string            `json:"abc"`
	Category       string            `json:"category"`
	ListPrice      Money             `json:"list_price"`
	WarrantyMonths int64             `json:"warranty_months"`
	Fits           []string          `json:"fits"`
	ReturnOld      bool              `json:"return_old"`
	Note           string            `json:"note"`
	MergedInto     record.ID         `json:"merged_into"`
	ArchivedAt     int64             `json:"archived_at"`
}

// PartOf returns the row as a Part; the zero Part for nil.
func PartOf(r *record.Row) Part { return view[Part](r) }

// PartInput says what a spare part is.
type PartInput struct {
	ID             record.ID // zero: a fresh one
	Branch         record.ID // zero: the whole company's
	Code           string
	Name           map[string]string // by language tag
	Barcode        string
	Unit           string // of measure; "": "pcs"
	SerialTracked  bool
	ABC            string
	Category       string
	ListPrice      Money
	WarrantyMonths int64
	Fits           []string // product codes
	ReturnOld      bool     // the old one must come back
}

// CreatePart adds a part to the catalogue. Codes: MissingText.
func CreatePart(tx Tx, in PartInput) (record.ID, error) {
	code, err := textFor("the part's code", in.Code)
	if err != nil {
		return record.ID{}, err
	}
	id := fresh(tx, in.ID)
	values := record.Values{
		"branch": record.Ref(in.Branch), "code": record.Text(code), "barcode": optional(in.Barcode),
		"unit": record.Text(cmp.Or(in.Unit, "pcs")), "serial_tracked": flag(in.SerialTracked),
		"abc": optional(in.ABC), "category": optional(in.Category), "list_price": in.ListPrice.Value(),
		"warranty_months": at(in.WarrantyMonths), "return_old": flag(in.ReturnOld),
	}
	addTexts(values, "name", in.Name)
	addSet(values, "fits", in.Fits)
	return id, insert(tx, "part", id, values)
}

// partFor returns the part that stands for one.
func partFor(tx Tx, id record.ID) (Part, error) {
	row, err := livingIf(tx, "part", id)
	if fault.CodeOf(err) == fault.UnknownRow || err == nil && row == nil {
		return Part{}, fault.New(UnknownPart, "the catalogue does not have this part")
	}
	return PartOf(row), err
}

// lyingPart returns the part under whose code something lies and moves: also where it was joined with another, for what lies on
// the shelf is counted by the label that it bears.
func lyingPart(tx Tx, id record.ID) (Part, error) {
	row, err := needIf(tx, "part", id)
	if fault.CodeOf(err) == fault.UnknownRow || err == nil && row == nil {
		return Part{}, fault.New(UnknownPart, "the catalogue does not have this part")
	}
	return PartOf(row), err
}
