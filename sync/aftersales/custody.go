package aftersales

import (
	"slices"

	"fieldsync/sync/record"
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
	Rights: []schema.Right{{Name: RightWork, Insert: true, Columns: []string{"state", "until"}}},
}

// takeOver ends whoever's custody of the unit and gives it to the person; the zero id to nobody.
func takeOver(tx Tx, unit, location, person record.ID) error {
	rows, err := tx.Refs("custody", "unit", unit)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Get("state").Text() != CustodyHeld {
			continue
		}
		over := record.Values{"state": record.Text(CustodyOver), "until": record.Instant(tx.Now())}
		if err := tx.Update("custody", row.ID, over); err != nil {
			return err
		}
	}
	if person.IsZero() {
		return nil
	}
	return insert(tx, "custody", tx.NewID(), record.Values{
		"unit": record.Ref(unit), "person": record.Ref(person), "location": record.Ref(location),
		"state": record.Text(CustodyHeld), "since": record.Instant(tx.Now()),
	})
}
