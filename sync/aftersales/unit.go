package aftersales

import (
	"slices"

	"fieldsync/sync/schema"
)

// Where a unit is in its life. An asset is an installed unit.
const (
	UnitInStock   = "in_stock"
	UnitInVan     = "in_van"
	UnitInstalled = "installed"
	UnitInDepot   = "in_depot"
	UnitOnLoan    = "on_loan"
	UnitScrapped  = "scrapped"
)

var unitStates = []string{UnitInStock, UnitInVan, UnitInstalled, UnitInDepot, UnitOnLoan, UnitScrapped}

// A unit is one row for life of everything that has a serial number of its own. A component is a unit with a parent.
var unitColumns = slices.Concat(branch(), []schema.Column{
	text(1, "number", searchable, indexed),
	text(2, "name", searchable),
	text(3, "serial", searchable, indexed),
	ref(4, "product", "product"),
	ref(5, "part", "part"), // the catalogue's name for it where it is a spare part
	enum(6, "status", unitStates, indexed),
	ref(7, "location", "location"), // while it is ours to keep
	ref(8, "party", "party"),       // the end user
	ref(9, "site", "site"),
	ref(10, "parent", "unit"),         // what it is fitted in today
	ref(23, "machine", "unit", fixed), // what it was fitted in when this row was made: its row lies there too
	text(11, "place", searchable),     // "roof, left": where at the site
	date(12, "sold_on"),
	date(13, "installed_on"),
	date(14, "accepted_on"),
	office(date(15, "warranty_until")),
	office(integer(16, "warranty_months")), // for a component with a term of its own
	by(schema.Max, integer(17, "meter")),
	code(18, "meter_unit"),
	enum(19, "condition", conditions),
	text(20, "note"),
	set(21, "tags"),
	ref(22, "dealer", "party"),
}, alias("unit"), fields(), archive())

var unitTable = &schema.Table{
	ID: 50, Name: "unit", Create: true,
	Columns: unitColumns,
	Buckets: []schema.Bucket{in(AssetBucket, "id"), in(AssetBucket, "machine")},
	Rights: []schema.Right{{Name: RightWork,
		Columns: names(unitColumns, slices.Concat(notForDevices, []string{"warranty_until", "warranty_months", "number"})...)}},
}
