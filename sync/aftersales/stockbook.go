package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// LevelInput says how much of a part a location should have, in thousandths of the part's unit.
type LevelInput struct {
	Location, Part           record.ID
	Minimum, Maximum, Safety int64
}

// SetLevel sets how much of a part a location should have. Codes: BadQuantity, UnknownPart, UnknownLocation.
func SetLevel(tx Tx, in LevelInput) error {
	part, err := partFor(tx, in.Part)
	if err != nil {
		return err
	}
	if err := needLocation(tx, in.Location); err != nil {
		return err
	}
	if in.Minimum < 0 || in.Safety < 0 || in.Maximum < in.Minimum {
		return fault.New(BadQuantity, "the most must not be less than the least, and neither less than nothing")
	}
	location, err := need(tx, "location", in.Location)
	if err != nil {
		return err
	}
	return upsert(tx, "stock_level", StockLevelID(in.Location, part.ID), record.Values{
		"branch": location.Get("branch"), "location": record.Ref(in.Location), "part": record.Ref(part.ID),
		"minimum": record.Quantity(in.Minimum, part.Unit), "maximum": record.Quantity(in.Maximum, part.Unit),
		"safety": record.Quantity(in.Safety, part.Unit),
	})
}

// StockLevelID returns the id of the row that says what shall lie of a part at a location.
func StockLevelID(location, part record.ID) record.ID {
	return NamedID("stock_level", location.String(), part.String())
}

// Shortfall is a part of which a location has less than it should.
type Shortfall struct {
	Part    Part     `json:"part"`
	Have    Quantity `json:"have"` // that can be used
	Minimum Quantity `json:"minimum"`
	Order   Quantity `json:"order"` // up to the most
}

// usableAt returns how much of each part at a location can be used: what lies there without what came there defective.
func usableAt(tx View, location record.ID) (map[record.ID]int64, error) {
	all, defective := map[record.ID]int64{}, map[record.ID]int64{}
	for column, sign := range map[string]int64{"to_location": 1, "from_location": -1} {
		rows, err := tx.Refs("movement", column, location)
		if err != nil {
			return nil, err
		}
		for _, row := range standing(rows) {
			part, amount := row.Get("part").Ref(), sign*row.Get("quantity").Number()
			all[part] += amount
			if row.Get("condition").Text() == Defective {
				defective[part] += amount
			}
		}
	}
	for part, amount := range defective {
		all[part] -= max(amount, 0) // one that was taken out good and comes back defective is gone as a good one
	}
	return all, nil
}

// Shortfalls returns what a location lacks of what can be used, in the order of the parts' codes.
func Shortfalls(tx View, location record.ID) ([]Shortfall, error) {
	rows, err := tx.Refs("stock_level", "location", location)
	if err != nil {
		return nil, err
	}
	have, err := usableAt(tx, location)
	list := []Shortfall{}
	for _, row := range rows {
		least, most := row.Get("minimum").Number(), row.Get("maximum").Number()
		id := row.Get("part").Ref()
		if !row.Get("archived_at").IsNull() || have[id] >= least {
			continue
		}
		part, err := tx.Row("part", id)
		if err != nil {
			return nil, err
		}
		p := PartOf(part)
		list = append(list, Shortfall{
			p, Quantity{have[id], p.Unit}, Quantity{least, p.Unit}, Quantity{max(most, least) - have[id], p.Unit},
		})
	}
	slices.SortFunc(list, func(a, b Shortfall) int { return cmp.Compare(a.Part.Code, b.Part.Code) })
	return list, err
}

// BookLine is what became of a part at a location in a period, by the kinds of movement; in thousandths of its unit.
// Balance is what lies there now, whatever the period.
type BookLine struct {
	Part     Part  `json:"part"`
	Issued   int64 `json:"issued"`   // came from another place of ours
	Received int64 `json:"received"` // came from the supplier
	Returned int64 `json:"returned"` // came back, from customers and from vans
	Repair   int64 `json:"repair"`   // used for repairs: the one book of consumption
	Sale     int64 `json:"sale"`     // sold: the other
	Sent     int64 `json:"sent"`     // went to another place of ours
	Scrapped int64 `json:"scrapped"`
	Counted  int64 `json:"counted"` // what counts found too much, or too little
	Balance  int64 `json:"balance"`
}

// Book returns what became of each part at a location from a moment until another (ms UTC, exclusive; 0: no end), in the
// order of the parts' codes: for a technician's van, what was issued to him and what he consumed.
func Book(tx View, location record.ID, from, until int64) ([]BookLine, error) {
	lines := map[record.ID]*BookLine{}
	for column, sign := range map[string]int64{"to_location": 1, "from_location": -1} {
		rows, err := tx.Refs("movement", column, location)
		if err != nil {
			return nil, err
		}
		for _, row := range standing(rows) {
			m := MovementOf(row)
			if lines[m.Part] == nil {
				lines[m.Part] = &BookLine{}
			}
			line := lines[m.Part]
			line.Balance += sign * m.Quantity.Amount
			if m.Corrected >= from && (until == 0 || m.Corrected < until) {
				line.add(m, sign)
			}
		}
	}
	list := []BookLine{}
	for id, line := range lines {
		row, err := tx.Row("part", id)
		if err != nil {
			return nil, err
		}
		line.Part = PartOf(row)
		list = append(list, *line)
	}
	slices.SortFunc(list, func(a, b BookLine) int {
		return cmp.Or(cmp.Compare(a.Part.Code, b.Part.Code), compareIDs(a.Part.ID, b.Part.ID))
	})
	return list, nil
}

// add enters a movement that comes in (sign 1) or goes out (-1). A swap is a repair: the new one goes, the old one comes.
func (l *BookLine) add(m Movement, sign int64) {
	amount := m.Quantity.Amount
	switch in := sign > 0; {
	case m.Cause == MoveCount:
		l.Counted += sign * amount
	case m.Cause == MoveScrap && !in:
		l.Scrapped += amount
	case m.Cause == MoveSaleUse:
		l.Sale -= sign * amount
	case m.Cause == MoveRepairUse || m.Cause == MoveSwap && !in:
		l.Repair -= sign * amount
	case m.Cause == MoveReceipt && in:
		l.Received += amount
	case (m.Cause == MoveReturn || m.Cause == MoveSwap) && in:
		l.Returned += amount
	case in:
		l.Issued += amount
	default:
		l.Sent += amount
	}
}

// Holding is one serial-numbered part in a location.
type Holding struct {
	Part      record.ID `json:"part"`
	Serial    string    `json:"serial"`
	Condition string    `json:"condition"`
	Since     int64     `json:"since"` // ms UTC
}

// Serials returns the serial-numbered parts that lie at a location: those that came in last, and have not gone.
func Serials(tx View, location record.ID) ([]Holding, error) {
	type key struct {
		part   record.ID
		serial string
	}
	balance, last := map[key]int64{}, map[key]Movement{}
	for column, sign := range map[string]int64{"to_location": 1, "from_location": -1} {
		rows, err := tx.Refs("movement", column, location)
		if err != nil {
			return nil, err
		}
		for _, row := range standing(rows) {
			m := MovementOf(row)
			k := key{m.Part, m.Serial}
			if m.Serial == "" {
				continue
			}
			balance[k] += sign * m.Quantity.Amount
			if sign > 0 && m.Corrected >= last[k].Corrected {
				last[k] = m
			}
		}
	}
	list := []Holding{}
	for k, amount := range balance {
		if amount > 0 {
			list = append(list, Holding{k.part, k.serial, last[k].Condition, last[k].Corrected})
		}
	}
	slices.SortFunc(list, func(a, b Holding) int {
		return cmp.Or(cmp.Compare(a.Serial, b.Serial), compareIDs(a.Part, b.Part))
	})
	return list, nil
}
