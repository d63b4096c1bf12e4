package aftersales

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Balance returns how much of the part lies at the location, in thousandths of the part's unit: in minus out. It is
// negative where more was taken than was known to be there.
func Balance(tx Tx, location, part record.ID) (int64, error) {
	rows, err := tx.Refs("movement", "part", part)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, row := range standing(rows) {
		if row.Get("to_location").Ref() == location {
			sum += row.Get("quantity").Number()
		}
		if row.Get("from_location").Ref() == location {
			sum -= row.Get("quantity").Number()
		}
	}
	return sum, nil
}

// Stock is how much of a part lies somewhere.
type Stock struct {
	Part      Part     `json:"part"`
	Quantity  Quantity `json:"quantity"`  // all of it
	Defective Quantity `json:"defective"` // of it: old ones, which nobody can use
}

// Usable returns how much of it can be used.
func (s Stock) Usable() Quantity {
	return Quantity{s.Quantity.Amount - s.Defective.Amount, s.Quantity.Unit}
}

// StockAt returns what lies at a location, part by part in the order of their codes; parts of which nothing is left
// are left out, those of which more was taken than was there are not.
func StockAt(tx View, location record.ID) ([]Stock, error) {
	amounts, defective := map[record.ID]int64{}, map[record.ID]int64{}
	for column, sign := range map[string]int64{"to_location": 1, "from_location": -1} {
		rows, err := tx.Refs("movement", column, location)
		if err != nil {
			return nil, err
		}
		for _, row := range standing(rows) {
			part, moved := row.Get("part").Ref(), sign*row.Get("quantity").Number()
			amounts[part] += moved
			if row.Get("condition").Text() == Defective {
				defective[part] += moved
			}
		}
	}
	list := []Stock{}
	for id, amount := range amounts {
		if amount == 0 {
			continue
		}
		row, err := tx.Row("part", id)
		if err != nil {
			return nil, err
		}
		part := PartOf(row)
		old := max(0, defective[id]) // one that was taken out good and came back defective is gone, and none is owed
		list = append(list, Stock{part, Quantity{amount, part.Unit}, Quantity{old, part.Unit}})
	}
	slices.SortFunc(list, func(a, b Stock) int {
		return cmp.Or(cmp.Compare(a.Part.Code, b.Part.Code), compareIDs(a.Part.ID, b.Part.ID))
	})
	return list, nil
}

// inHand refuses on a phone what the hub would not take: a technician takes nothing out of a colleague's place, and moves
// nothing between others but for a job.
func (in MoveInput) inHand(tx Tx) error {
	if tx.Hub() {
		return nil
	}
	from, err := need(tx, "location", in.From)
	if err != nil {
		return err
	}
	to, err := need(tx, "location", in.To)
	if err != nil {
		return err
	}
	place, his := from, record.Ref(tx.Author())
	if isVirtual(from) {
		place = to
	}
	switch holder := place.Get("holder"); {
	case holder == his:
		return nil
	case !holder.IsNull():
		return errColleague()
	case to.Get("holder") != his && in.Job.IsZero():
		return errOthers()
	}
	return nil
}

func errOthers() *fault.Error {
	return fault.New(NotYourPlace, "you do not answer for that place: ask who does, or the office")
}

// String returns the quantity as people write it: "2 pcs", "1.5 m".
func (q Quantity) String() string {
	amount, sign := q.Amount, ""
	if amount < 0 {
		amount, sign = -amount, "-"
	}
	s := fmt.Sprintf("%s%d.%03d", sign, amount/One, amount%One)
	return strings.TrimSpace(strings.TrimRight(strings.TrimRight(s, "0"), ".") + " " + q.Unit)
}
