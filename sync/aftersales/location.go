package aftersales

import (
	"slices"

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

// A location is where parts lie. Its holder answers for what lies there, and has its movements on his phone.
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
