package aftersales

import (
	"slices"

	"fieldsync/sync/schema"
)

// QuantityScale is the scale of quantities: thousandths of the part's unit.
const QuantityScale = 3

// One is the quantity of one whole unit of measure.
const One = 1000

// The conditions of a part.
const (
	Good        = "good"
	Defective   = "defective"
	Refurbished = "refurbished"
)

var conditions = []string{Good, Defective, Refurbished}

// The owners of a part.
const (
	OwnerUs       = "us"
	OwnerCustomer = "customer"
	OwnerSupplier = "supplier"
	OwnerDealer   = "dealer"
)

var owners = []string{OwnerUs, OwnerCustomer, OwnerSupplier, OwnerDealer}

// Why something moved.
const (
	MoveRepairUse = "repair_use"
	MoveSaleUse   = "sale_use"
	MoveReturn    = "return"
	MoveIssue     = "issue"
	MoveTransfer  = "transfer"
	MoveReceipt   = "receipt"
	MoveScrap     = "scrap"
	MoveCount     = "count"
	MoveSwap      = "swap"
)

var moveCauses = []string{
	MoveRepairUse, MoveSaleUse, MoveReturn, MoveIssue, MoveTransfer, MoveReceipt, MoveScrap, MoveCount, MoveSwap,
}

// A movement takes a quantity of a part from one location to another. A balance is in minus out; a correction is a
// new movement that names the one it replaces.
var movementTable = &schema.Table{
	ID: 74, Name: "movement", Mode: schema.Ledger, Class: schema.ClassStock,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "part", "part", required, fixed),
		quantity(2, "quantity", required),
		text(3, "serial", searchable, indexed),
		text(4, "lot", indexed),
		ref(5, "unit", "unit"),
		enum(6, "condition", conditions, required),
		enum(7, "owner", owners, required),
		ref(8, "owner_party", "party"),
		ref(9, "from_location", "location", required, fixed),
		ref(10, "to_location", "location", required, fixed),
		ref(11, "job", "job", fixed),
		ref(12, "visit", "visit"),
		enum(13, "cause", moveCauses, required),
		money(14, "unit_cost"),
		ref(15, "author", "person"),
		ref(16, "replaces", "movement"),
		text(17, "tag"), // of an old part that must come back
		text(18, "note"),
	}, occurred()),
	Buckets: []schema.Bucket{
		in(LocationBucket, "from_location"), in(LocationBucket, "to_location"), in(JobBucket, "job"),
	},
	Rights: add(RightWork, RightVan),
}
