package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The kinds of location. Those from the customer on are where things go to or come from: one row each will do.
const (
	LocationCentral    = "central"
	LocationBranch     = "branch"
	LocationVan        = "van"
	LocationCustomer   = "customer"
	LocationScrap      = "scrap"
	LocationSupplier   = "supplier"
	LocationInTransit  = "in_transit"
	LocationAdjustment = "adjustment" // the other side of what a count finds too much or too little
)

var locationKinds = []string{
	LocationCentral, LocationBranch, LocationVan,
	LocationCustomer, LocationScrap, LocationSupplier, LocationInTransit, LocationAdjustment,
}

// A location is where parts lie. Its holder answers for what lies there, and has its movements and units on his phone.
var locationTable = &schema.Table{
	ID: 70, Name: "location",
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "code", searchable, indexed),
		text(2, "name", required, searchable),
		enum(3, "kind", locationKinds, required),
		ref(4, "holder", "person"),
		ref(5, "party", "party"), // whose it is where it is not ours
		ref(6, "parent", "location"),
		text(7, "note"),
	}, archive()),
	Buckets: shared(),
	Grants:  []schema.Grant{{To: "holder", Right: RightVan, Paths: []schema.Path{{Kind: LocationBucket}}}},
}

// A stock level is how much of a part a location should have.
var stockLevelTable = &schema.Table{
	ID: 72, Name: "stock_level", Class: schema.ClassStock,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "location", "location", required, fixed),
		ref(2, "part", "part", required, fixed),
		quantity(3, "minimum"),
		quantity(4, "maximum"),
		quantity(5, "safety"),
	}, archive()),
	Buckets: []schema.Bucket{in(LocationBucket, "location")},
}

// NoVan says that a person has no van to take a part from or put it into.
const NoVan fault.Code = "no_van"

// Location is a row of the table location.
type Location struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Code       string    `json:"code"`
	Name       string    `json:"name"`
	Kind       string    `json:"kind"`
	Holder     record.ID `json:"holder"`
	Party      record.ID `json:"party"`
	Parent     record.ID `json:"parent"`
	Note       string    `json:"note"`
	ArchivedAt int64     `json:"archived_at"`
}

// LocationOf returns the row as a Location; the zero Location for nil.
func LocationOf(r *record.Row) Location { return view[Location](r) }

// VirtualLocation returns the id of the company's one location of a kind that is no store: the customer, scrap,
// supplier, in transit, adjustment.
func VirtualLocation(kind string) record.ID { return NamedID("location", kind) }

// LocationInput says what a new location is.
type LocationInput struct {
	ID     record.ID // zero: a fresh one
	Branch record.ID // zero: the author's
	Code   string
	Name   string
	Kind   string    // "": a van
	Holder record.ID // who answers for it
}

// CreateLocation makes a store or a van. Codes: MissingText, fault.UnknownRow.
func CreateLocation(tx Tx, in LocationInput) (record.ID, error) {
	name, err := textFor("the location's name", in.Name)
	if err != nil {
		return record.ID{}, err
	}
	holder, err := needIf(tx, "person", in.Holder)
	if err != nil {
		return record.ID{}, err
	}
	id, branch, _, err := identity(tx, in.ID, in.Branch, "", "", holder)
	if err != nil {
		return record.ID{}, err
	}
	return id, insert(tx, "location", id, record.Values{
		"branch": record.Ref(branch), "code": optional(in.Code), "name": record.Text(name),
		"kind": record.Text(cmp.Or(in.Kind, LocationVan)), "holder": record.Ref(in.Holder),
	})
}

// SetHolder gives a location, with the units in it, to another person; the zero id to nobody. Codes: fault.UnknownRow.
func SetHolder(tx Tx, location, person record.ID) error {
	row, err := need(tx, "location", location)
	if err != nil {
		return err
	}
	if _, err := needIf(tx, "person", person); err != nil {
		return err
	}
	return tx.Update("location", row.ID, record.Values{"holder": record.Ref(person)})
}

// VanOf returns the location that the person takes parts from: the first van that he holds. Codes: NoVan.
func VanOf(tx View, person record.ID) (Location, error) {
	if person.IsZero() {
		return Location{}, fault.New(NoVan, "say from which location")
	}
	rows, err := tx.Refs("location", "holder", person)
	for _, row := range rows {
		if l := LocationOf(row); l.Kind == LocationVan && l.ArchivedAt == 0 {
			return l, nil
		}
	}
	if err != nil {
		return Location{}, err
	}
	return Location{}, fault.New(NoVan, "no van is yours: say which location, or ask the office for one")
}
