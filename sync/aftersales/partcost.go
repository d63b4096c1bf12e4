package aftersales

import (
	"cmp"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// What a part costs the company is not for everybody who holds the part, so it is no column of it: a row's bytes are the
// same for everybody. It stands in a side table whose rows lie in a bucket of their own, that of the branch's costs. Who
// may read them holds it, by his posting; whoever may no longer loses them from his phone, and keeps the parts.
var partCostTable = &schema.Table{
	ID: 67, Name: "part_cost", Mode: schema.Ledger, Class: schema.ClassStock,
	Columns: append(branch(required, fixed),
		ref(1, "part", "part", required),
		money(2, "unit_cost", required, needsRight),
		date(3, "valid_from", required),
	),
	Buckets: []schema.Bucket{in(CostBucket, "branch")},
}

// CostsSeen is the code of a posting whose person may read what things cost the branch.
const CostsSeen = "seen"

// PartCost is a row of the table part_cost.
type PartCost struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Part      record.ID `json:"part"`
	UnitCost  Money     `json:"unit_cost"`
	ValidFrom int64     `json:"valid_from"` // days since 1970-01-01
}

// PartCostOf returns the row as a PartCost; the zero PartCost for nil.
func PartCostOf(r *record.Row) PartCost { return view[PartCost](r) }

// SetPartCost says what one of a part costs the branch from a day on (days since 1970-01-01; 0: today, in UTC). It is never
// edited: a later one follows. Codes: UnknownPart, BadMoney, fault.UnknownRow.
func SetPartCost(tx Tx, branch, part record.ID, cost Money, from int64) (record.ID, error) {
	p, err := partFor(tx, part)
	if err != nil {
		return record.ID{}, err
	}
	if _, err := need(tx, "branch", branch); err != nil {
		return record.ID{}, err
	}
	if cost.Minor < 0 || !isCurrency(cost.Currency) {
		return record.ID{}, fault.New(BadMoney, "a cost is not negative, and has a currency of three capital letters: 12.50 CNY")
	}
	id := tx.NewID()
	return id, insert(tx, "part_cost", id, record.Values{
		"branch": record.Ref(branch), "part": record.Ref(p.ID), "unit_cost": cost.Value(),
		"valid_from": record.Date(cmp.Or(from, floorDiv(tx.Now(), dayMillis))),
	})
}

// CostOfPart returns what one of the part costs the branch on the day, and whether it is known here: to who may not read
// costs none is.
func CostOfPart(v View, branch, part record.ID, day int64) (cost Money, known bool, err error) {
	rows, err := v.Refs("part_cost", "part", part)
	if err != nil {
		return Money{}, false, err
	}
	var last PartCost
	for _, row := range rows {
		c := PartCostOf(row)
		later := cmp.Or(cmp.Compare(c.ValidFrom, last.ValidFrom), compareIDs(c.ID, last.ID)) > 0
		if c.Branch == branch && c.ValidFrom <= day && (!known || later) {
			last, known = c, true
		}
	}
	return last.UnitCost, known, nil
}

// LetSeeCosts gives a person the right to read what things cost a branch, or takes it. He need not work for the branch:
// then he is posted to it. Codes: fault.UnknownRow.
func LetSeeCosts(tx Tx, person, branch record.ID, may bool) error {
	for table, id := range map[string]record.ID{"person": person, "branch": branch} {
		if _, err := need(tx, table, id); err != nil {
			return err
		}
	}
	costs := record.Null
	if may {
		costs = record.Text(CostsSeen)
	}
	postings, err := tx.Refs("posting", "person", person)
	if err != nil {
		return err
	}
	for _, row := range postings {
		if row.Get("branch").Ref() == branch {
			return tx.Update("posting", row.ID, record.Values{"costs": costs})
		}
	}
	if !may {
		return nil
	}
	return insert(tx, "posting", tx.NewID(), record.Values{
		"branch": record.Ref(branch), "person": record.Ref(person), "costs": costs,
	})
}
