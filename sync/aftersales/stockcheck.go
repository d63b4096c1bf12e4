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

// CheckHandOver looks whether the halves of a hand-over have met, given either: one half whose time is over without the
// other is a discrepancy, which settles itself when the other comes after all. The hub runs it, when a half has come and when
// its time is over. Codes: fault.UnknownRow.
func CheckHandOver(tx Tx, half record.ID) error {
	row, err := need(tx, "hand_over", half)
	if err != nil {
		return err
	}
	h := HandOverOf(row)
	there := map[string]bool{}
	for _, half := range []string{HalfGive, HalfTake, HalfCancel} {
		row, err := tx.Row("hand_over", halfID(half, h.Name, h.Giver))
		if err != nil {
			return err
		}
		there[half] = row != nil
	}
	if err := late(tx, h, DiscrepancyUntaken, there[HalfGive] && !there[HalfTake] && !there[HalfCancel]); err != nil {
		return err
	}
	return late(tx, h, DiscrepancyUngiven, there[HalfTake] && !there[HalfGive])
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
