package aftersales

import (
	"slices"

	"fieldsync/sync/schema"
)

// The states of a custody.
const (
	CustodyHeld = "held"
	CustodyOver = "over"
)

// A custody says that a person has a unit in his hands: a serial-numbered part in his van, a loaner, a tool. It is why
// the unit's row is on his phone.
var custodyTable = &schema.Table{
	ID: 54, Name: "custody",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "unit", "unit", required, fixed),
		ref(2, "person", "person", required, fixed),
		ref(3, "location", "location", fixed),
		ladder(4, "state", []string{CustodyHeld, CustodyOver}),
		instant(5, "since", fixed),
		instant(6, "until"),
	}),
	Buckets: []schema.Bucket{in(AssetBucket, "unit")},
	Grants: []schema.Grant{{To: "person", While: "state", In: []string{CustodyHeld}, Right: RightWork,
		Paths: []schema.Path{{Kind: AssetBucket, Via: []string{"unit"}}}}},
	Rights: []schema.Right{{Name: RightWork, Columns: []string{"state", "until"}}},
}
