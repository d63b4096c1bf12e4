package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A product component is a part of a model with a warranty of its own: the burner, the frame, the electrics. Its id
// follows from model and code (ProductComponentID).
var productComponentTable = &schema.Table{
	ID: 142, Name: "product_component", Class: schema.ClassLibrary,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "product", "product", required, fixed),
		text(2, "code", required, fixed),
		translated(3, "name", searchable),
		integer(4, "warranty_months", required),
		ref(5, "part", "part"),
		integer(6, "rank"),
		instant(7, "retired_at"),
	}),
	Buckets: shared(),
}

// BadTerm says that a warranty or a contract would not last.
const BadTerm fault.Code = "bad_term"

// ProductComponent is a row of the table product_component.
type ProductComponent struct {
	ID             record.ID         `json:"id"`
	Product        record.ID         `json:"product"`
	Code           string            `json:"code"`
	Name           map[string]string `json:"name"`
	WarrantyMonths int64             `json:"warranty_months"`
	Part           record.ID         `json:"part"`
	Rank           int64             `json:"rank"`
	RetiredAt      int64             `json:"retired_at"`
}

// ProductComponentOf returns the row as a ProductComponent; the zero ProductComponent for nil.
func ProductComponentOf(r *record.Row) ProductComponent { return view[ProductComponent](r) }

// ProductComponentID returns the id of a model's component.
func ProductComponentID(product record.ID, code string) record.ID {
	return NamedID("product_component", product.String(), code)
}

// ProductComponentInput says what a component of a model is called and how long its warranty is.
type ProductComponentInput struct {
	Product        record.ID
	Code           string
	Name           map[string]string // by language tag
	WarrantyMonths int64             // more than none
	Part           record.ID         // the catalogue's name for it; zero: it has none
	Rank           int64
}

// PutProductComponent adds a component to a model, or changes it; one that was retired is in use again. Codes:
// MissingText, BadTerm, fault.UnknownRow.
func PutProductComponent(tx Tx, in ProductComponentInput) (record.ID, error) {
	product, err := living(tx, "product", in.Product)
	if err != nil {
		return record.ID{}, err
	}
	code, err := textFor("the component's code", in.Code)
	if err != nil {
		return record.ID{}, err
	}
	if in.WarrantyMonths <= 0 {
		return record.ID{}, fault.New(BadTerm, "a component is listed for its warranty: give it some months")
	}
	if _, err := needIf(tx, "part", in.Part); err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": product.Get("branch"), "product": record.Ref(product.ID), "code": record.Text(code),
		"warranty_months": record.Number(in.WarrantyMonths), "part": record.Ref(in.Part), "rank": at(in.Rank),
		"retired_at": record.Null,
	}
	addTexts(values, "name", in.Name)
	id := ProductComponentID(product.ID, code)
	return id, upsert(tx, "product_component", id, values)
}

// RetireProductComponent takes a component off a model's list. Codes: fault.UnknownRow.
func RetireProductComponent(tx Tx, product record.ID, code string) error {
	row, err := need(tx, "product_component", ProductComponentID(product, code))
	if err != nil {
		return err
	}
	return tx.Update("product_component", row.ID, record.Values{"retired_at": record.Instant(tx.Now())})
}

// ProductComponents returns the components of a model that are in use, by rank, then code.
func ProductComponents(v View, product record.ID) ([]ProductComponent, error) {
	rows, err := v.Refs("product_component", "product", product)
	if err != nil {
		return nil, err
	}
	var list []ProductComponent
	for _, row := range rows {
		if c := ProductComponentOf(row); c.RetiredAt == 0 {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b ProductComponent) int { return byRank(a.Rank, b.Rank, a.Code, b.Code) })
	return list, nil
}
