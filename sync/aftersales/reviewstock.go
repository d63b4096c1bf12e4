package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// NotYourPlace says that something was taken out of a place which somebody else answers for, and whose device knew that.
const NotYourPlace fault.Code = "not_your_place"

// checkPlace looks at where a movement takes from: a technician's own van, or what has no holder to answer for it. Out of a
// colleague's place nobody takes; a code hands things over. What came from a store, or out of a place that changed hands
// while its author had not heard, was taken all the same: it passes, for the office to look at. So do corrections, which
// say how much moved, and never from where.
func (v *review) checkPlace(t *schema.Table, c *record.RowChange) error {
	from, to := cell(t, c, "from_location").Ref(), cell(t, c, "to_location").Ref()
	place, err := v.Row("location", from)
	if err != nil {
		return err
	}
	if isVirtual(place) { // what comes from nowhere must not come to a colleague either
		if place, err = v.Row("location", to); err != nil || isVirtual(place) || place.Get("holder").IsNull() {
			return err
		}
	}
	holder := place.Get("holder").Ref()
	if holder == v.author {
		return nil
	}
	corrects, err := v.corrects(t, c)
	if err != nil {
		return err
	}
	if !holder.IsZero() && !corrects && !v.unheard(place, "holder") {
		return errColleague()
	}
	return v.report(Discrepancy{
		ID: DiscrepancyID(DiscrepancyPlace, c.ID), Kind: DiscrepancyPlace, About: Row{"movement", c.ID}, Branch: place.Get("branch").Ref(),
		Location: place.ID, Part: cell(t, c, "part").Ref(), Job: cell(t, c, "job").Ref(), Person: v.author,
		Quantity: Quantity{cell(t, c, "quantity").Number(), cell(t, c, "quantity").Text()},
	})
}

// isVirtual reports whether the location is where things go to or come from, and nobody keeps anything.
func isVirtual(place *record.Row) bool {
	return place.ID == VirtualLocation(place.Get("kind").Text())
}

// corrects reports whether the change corrects a movement between the same places.
func (v *review) corrects(t *schema.Table, c *record.RowChange) (bool, error) {
	before, err := v.Row("movement", cell(t, c, "replaces").Ref())
	if err != nil || before == nil {
		return false, err
	}
	for _, column := range []string{"part", "from_location", "to_location"} {
		if before.Get(column) != cell(t, c, column) {
			return false, nil
		}
	}
	return true, nil
}

// unheard reports whether the column was last written by a commit that the author had not heard of.
func (v *review) unheard(row *record.Row, column string) bool {
	return writtenAt(row, column) > v.heard
}

// writtenAt returns the commit by which the column last changed; 0 where the row does not say.
func writtenAt(row *record.Row, column string) uint64 {
	if row.Meta == nil {
		return 0
	}
	i, ok := row.Meta.Find(record.CellID{Column: row.Table.Columns[row.Table.Column(column)].ID})
	if !ok {
		return 0
	}
	return row.Meta.Cells[i].Seq
}

// checkLying refuses to put a unit into a colleague's place, where it would show, with what is said of it: a new one at all,
// another but by a movement that takes it there. By who had not heard whose place it is it is put there all the same, for the
// office to look at.
func (v *review) checkLying(t *schema.Table, c *record.RowChange) error {
	to := cell(t, c, "location").Ref()
	place, err := v.Row("location", to)
	if err != nil || place == nil || place.Get("holder").IsNull() || place.Get("holder").Ref() == v.author {
		return err
	}
	unit, err := v.Row("unit", c.ID)
	if err != nil || unit != nil && unit.Get("location").Ref() == to {
		return err
	}
	moved := slices.ContainsFunc(v.cs.Rows, func(m record.RowChange) bool {
		return m.Table == movementTable.ID && m.Op == record.Insert && cell(movementTable, &m, "unit").Ref() == c.ID &&
			cell(movementTable, &m, "to_location").Ref() == to
	})
	if unit != nil && moved {
		return nil
	}
	if !v.unheard(place, "holder") {
		return errColleague()
	}
	return v.report(Discrepancy{
		ID: DiscrepancyID(DiscrepancyPlace, c.ID), Kind: DiscrepancyPlace, About: Row{"unit", c.ID}, Branch: place.Get("branch").Ref(),
		Location: place.ID, Person: v.author,
	})
}

func errColleague() *fault.Error {
	return fault.New(NotYourPlace, "a colleague answers for that place: let him hand it over, or ask the office to move it")
}

// checkHandOver refuses a half whose code its giver's device did not sign, or that says something else than its code.
// Both a taking and a taking back, which two phones without network can each do rightly, are for the office to settle.
func (v *review) checkHandOver(t *schema.Table, c *record.RowChange) error {
	o, signed, signature, err := ReadOffer(cell(t, c, "code").Text())
	if err != nil {
		return err
	}
	row, err := v.Row("device_key", cell(t, c, "device_key").Ref())
	if err != nil {
		return err
	}
	half, giver, taker := cell(t, c, "half").Text(), cell(t, c, "giver").Ref(), cell(t, c, "taker").Ref()
	key := DeviceKeyOf(row)
	switch {
	case half == HalfTake && (row == nil || key.Person != giver || !key.signed(o, signed, signature)):
		return fault.New(HandOverForged, "the giver's device did not sign this code")
	case o.Taker != PersonHint(taker) || (half == HalfTake) != (taker == v.author) || half != HalfTake && giver != v.author:
		return fault.New(HandOverNotYours, "this hand-over is somebody else's")
	case cell(t, c, "name").Text() != o.Name() || c.ID != halfID(half, o.Name(), giver) ||
		cell(t, c, "part").Ref() != o.Part || cell(t, c, "quantity").Number() != o.Quantity:
		return fault.New(HandOverForged, "this hand-over says something else than its code")
	case half == HalfTake && cell(t, c, "corrected").Number() > o.Expires:
		return fault.New(HandOverExpired, "the code's time was over")
	}
	other := map[string]string{HalfTake: HalfCancel, HalfCancel: HalfTake}[half]
	if other == "" {
		return nil
	}
	if row, err := v.Row("hand_over", halfID(other, o.Name(), giver)); err != nil || row == nil {
		return err
	}
	give := halfID(HalfGive, o.Name(), giver)
	return v.report(Discrepancy{
		ID: DiscrepancyID(DiscrepancyCancelled, give), Kind: DiscrepancyCancelled, About: Row{"hand_over", give},
		Branch: cell(t, c, "branch").Ref(), Location: cell(t, c, "location").Ref(), Part: o.Part, Person: taker,
		Quantity: Quantity{o.Quantity, cell(t, c, "quantity").Text()},
	})
}
