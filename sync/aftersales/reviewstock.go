package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

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
	case cell(t, c, "name").Text() != o.Name() || c.ID != halfID(half, o.Name()) ||
		cell(t, c, "part").Ref() != o.Part || cell(t, c, "quantity").Number() != o.Quantity:
		return fault.New(HandOverForged, "this hand-over says something else than its code")
	case half == HalfTake && cell(t, c, "corrected").Number() > o.Expires:
		return fault.New(HandOverExpired, "the code's time was over")
	}
	other := map[string]string{HalfTake: HalfCancel, HalfCancel: HalfTake}[half]
	if other == "" {
		return nil
	}
	if row, err := v.Row("hand_over", halfID(other, o.Name())); err != nil || row == nil {
		return err
	}
	give := halfID(HalfGive, o.Name())
	return v.report(Discrepancy{
		ID: DiscrepancyID(DiscrepancyCancelled, give), Kind: DiscrepancyCancelled, About: Row{"hand_over", give},
		Branch: cell(t, c, "branch").Ref(), Location: cell(t, c, "location").Ref(), Part: o.Part, Person: taker,
		Quantity: Quantity{o.Quantity, cell(t, c, "quantity").Text()},
	})
}
