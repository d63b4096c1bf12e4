package web

import (
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Charges in two currencies have no total. The pages stand all the same and say so, and one of the charges is taken back.
func TestAChargeInAnotherCurrencyIsTakenBack(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	var foreign record.ID
	err := h.c.Update(t.Context(), aftersales.CauseCharge, func(tx client.Tx) (err error) {
		for _, currency := range []string{"TWD", "CNY"} {
			foreign, err = aftersales.AddCharge(tx, aftersales.ChargeInput{Job: h.s.leak, ChargeLine: aftersales.ChargeLine{
				Service: "freight", Quantity: aftersales.Quantity{Amount: aftersales.One}, Price: aftersales.Money{Minor: 70_00, Currency: currency},
			}})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const why = "The lines are in several currencies"
	price := h.job() + "/price"
	h.get(h.job()).sees(why)
	h.get(h.job() + "/finish").sees(why)
	if h.get(price).sees(why, "70.00 CNY", "70.00 TWD", "Take the line back"); strings.Contains(h.body, "The customer agrees") {
		t.Error("the customer is asked to agree to no sum")
	}
	h.post(h.job()+"/consent", "shown", "Together: 0", "name", "Lin")
	if n := h.count("consent"); n != 0 {
		t.Errorf("%d customers agreed to no sum", n)
	}
	h.get(price).post(h.job()+"/charge", "back", foreign.String(), "reason", "typed wrongly").done()
	if h.get(price).sees("Together", "70.00 TWD"); strings.Contains(h.body, why) {
		t.Error("it stands there still, though there is one currency again")
	}
}
