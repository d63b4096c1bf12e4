package aftersales

import (
	"slices"
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// lateCharge returns the row change of an hour's charge that a phone makes.
func (w *world) lateCharge() record.RowChange {
	w.t.Helper()
	w.as(w.wang).written = nil
	w.id(AddCharge(w, w.hour(ChargeInput{})))
	return w.written[len(w.written)-1]
}

func TestTheHubReckonsWhatAPhoneClaims(t *testing.T) {
	t.Parallel()
	w := assigned(t).sold(today - 800)
	honest := w.lateCharge()
	if d := w.review(honest); d.Refuse != nil || d.Instead != nil {
		t.Fatalf("an honest charge: %v", d.Refuse)
	}
	for column, v := range map[string]record.Value{
		"gross": record.Money(1, "CNY"), "net": record.Money(1, "EUR"), "percent": record.Number(101),
		"discount": record.Number(-1), "tax_rate": record.Number(200_00), "unit_price": record.Money(1<<62, "CNY"),
	} {
		forged := honest
		forged.Cells = slices.Clone(honest.Cells)
		id := chargeTable.Columns[chargeTable.Column(column)].ID
		forged.Cells = slices.DeleteFunc(forged.Cells, func(c record.CellWrite) bool { return c.Column == id })
		forged.Cells = append(forged.Cells, record.CellWrite{CellID: record.CellID{Column: id}, Value: v})
		if d := w.review(forged); fault.CodeOf(refusalOf(d)) != BadMoney {
			t.Errorf("a forged %s: %v", column, d.Refuse)
		}
	}
}

// A charge that the customer does not pay is reckoned whole, too, to say what he does not: that has to be an amount.
func TestAFreeChargeIsAnAmountToo(t *testing.T) {
	t.Parallel()
	w := assigned(t).sold(today - 800)
	forged := w.lateCharge()
	for column, v := range map[string]record.Value{
		"unit_price": record.Money(record.MaxMoney, "CNY"), "quantity": record.Quantity(record.MaxQuantity, "h"), "percent": record.Number(100),
		"net": record.Money(0, "CNY"), "tax": record.Money(0, "CNY"), "gross": record.Money(0, "CNY"),
	} {
		id := chargeTable.Columns[chargeTable.Column(column)].ID
		forged.Cells = slices.DeleteFunc(slices.Clone(forged.Cells), func(c record.CellWrite) bool { return c.Column == id })
		forged.Cells = append(forged.Cells, record.CellWrite{CellID: record.CellID{Column: id}, Value: v})
	}
	if d := w.review(forged); fault.CodeOf(refusalOf(d)) != BadMoney {
		t.Errorf("%v", d.Refuse)
	}
}

func refusalOf(d Decision) error {
	if d.Refuse == nil {
		return nil
	}
	return d.Refuse
}

func TestAChargeAfterTheAuditIsASupplement(t *testing.T) {
	t.Parallel()
	w := assigned(t).sold(today - 800)
	late := w.lateCharge()
	delete(w.rows, late.Key())
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "New seal"}}))
	slip := w.id(WriteSlip(w, SlipInput{Job: w.job, Summary: "x"}))
	w.ok(SignSlip(w, SignInput{Slip: slip, SignedBy: "Chen"}))
	w.ok(AuditSlip(w.as(w.office), slip, ""))
	d := w.as(w.wang).review(late)
	if d.Refuse != nil || len(d.Instead) != 1 || d.Instead[0].Table != supplementTable.ID {
		t.Errorf("%+v", d)
	}
}
