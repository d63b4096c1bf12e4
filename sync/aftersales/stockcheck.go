package aftersales

import (
	"fieldsync/sync/record"
)

// CheckStock opens a discrepancy where less than nothing of a part lies at a location, which only what phones brought
// later can explain, and settles it when what was missing has come. The hub runs it; virtual locations have no balance
// that anybody answers for.
func CheckStock(tx Tx, location, part record.ID) error {
	row, err := tx.Row("location", location)
	if err != nil || row == nil {
		return err
	}
	l := LocationOf(row)
	if l.ID == VirtualLocation(l.Kind) {
		return nil
	}
	balance, err := Balance(tx, location, part)
	if err != nil {
		return err
	}
	id := DiscrepancyID(DiscrepancyShortage, location, part)
	if balance >= 0 {
		return heal(tx, id, "what was missing has come")
	}
	catalogue, err := tx.Row("part", part)
	if err != nil {
		return err
	}
	return report(tx, Discrepancy{
		ID: id, Kind: DiscrepancyShortage, About: Row{"location", location}, Branch: l.Branch, Location: location,
		Part: part, Person: l.Holder, Quantity: Quantity{min(-balance, record.MaxQuantity), PartOf(catalogue).Unit},
	})
}

// CheckHandOver brings the halves of a hand-over together, given either: a unit among it lies with its taker, or again with its giver; one half
// whose time is over without the other is a discrepancy, which settles itself when the other comes after all. The hub
// runs it, when a half has come and when its time is over. Codes: fault.UnknownRow.
func CheckHandOver(tx Tx, half record.ID) error {
	row, err := need(tx, "hand_over", half)
	if err != nil {
		return err
	}
	h := HandOverOf(row)
	halves := map[string]HandOver{}
	for _, name := range []string{HalfGive, HalfTake, HalfCancel} {
		row, err := tx.Row("hand_over", halfID(name, h.Name, h.Giver))
		if err != nil {
			return err
		}
		if row != nil {
			halves[name] = HandOverOf(row)
		}
	}
	give, given := halves[HalfGive]
	take, taken := halves[HalfTake]
	back, cancelled := halves[HalfCancel]
	if err := late(tx, h, DiscrepancyUntaken, given && !taken && !cancelled); err != nil {
		return err
	}
	if err := late(tx, h, DiscrepancyUngiven, taken && !given); err != nil || !given || taken == cancelled {
		return err // both were taken and taken back: a person says where it is
	}
	if cancelled {
		return arrive(tx, give, back)
	}
	return arrive(tx, give, take)
}

// late reports that a half is missing whose time is over, or settles that it was.
func late(tx Tx, h HandOver, kind string, missing bool) error {
	give := halfID(HalfGive, h.Name, h.Giver)
	id := DiscrepancyID(kind, give)
	if !missing {
		return heal(tx, id, "the other half has come")
	}
	if tx.Now() <= h.Expires {
		return nil
	}
	who := map[string]record.ID{DiscrepancyUntaken: h.Taker, DiscrepancyUngiven: h.Giver}[kind]
	return report(tx, Discrepancy{
		ID: id, Kind: kind, About: Row{"hand_over", give}, Branch: h.Branch, Location: h.Location, Part: h.Part,
		Person: who, Quantity: h.Quantity,
	})
}

// arrive puts a unit where it was taken to, or back, unless it has gone on meanwhile: the phone that took it had no row of it.
func arrive(tx Tx, give, take HandOver) error {
	unit, err := tx.Row("unit", give.Unit)
	if err != nil || unit == nil || unit.Get("location").Ref() != VirtualLocation(LocationInTransit) {
		return err
	}
	return placeUnit(tx, unit.ID, take.Location)
}
