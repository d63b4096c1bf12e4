package admin

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// ChargeJob writes a line of what the job costs its customer. What he pays of it the policies decide, unless the form
// claims another basis, with a reason.
func (o *Office) ChargeJob(v *Visit) error {
	in, err := v.readCharge()
	if err != nil {
		return o.jobRefused(v, err)
	}
	return o.jobDo(v, aftersales.CauseCharge, "The charge is added.", func(tx aftersales.Tx, id record.ID) error {
		in.Job = id
		_, err := aftersales.AddCharge(tx, in)
		return err
	})
}

// readCharge reads the form of a charge. The error is a *fault.Error with the code fault.Invalid.
func (v *Visit) readCharge() (in aftersales.ChargeInput, err error) {
	in = aftersales.ChargeInput{
		Text: strings.TrimSpace(v.form("text")), Basis: v.form("basis"), Reason: strings.TrimSpace(v.form("reason")),
		Authorised: v.Who.May(auth.Approve),
	}
	in.Service = v.form("service")
	if in.Quantity, err = readQuantity(cmp.Or(v.form("quantity"), "1")); err != nil {
		return in, fault.New(fault.Invalid, "The quantity is a number, as in 1.5.")
	}
	if price := strings.TrimSpace(v.form("unit_price")); price != "" {
		if in.Price, err = readMoney(price, v.form("currency")); err != nil {
			return in, err
		}
	}
	if typed := strings.TrimSpace(v.form("part")); typed != "" {
		in.Service, in.Kind = "", aftersales.ChargeParts
		err = v.office.Engine.View(v.r.Context(), func(r Reader) error {
			values := record.Values{}
			t := v.office.Schema.Table("charge")
			f := &field{Name: "part", Value: typed, Ref: v.form("ref.part"), column: &t.Columns[t.Column("part")]}
			err := v.readRef(r, f, values)
			in.Part = values["part"].Ref()
			return err
		})
	}
	return in, err
}

// readMoney reads an amount, with its currency behind it or beside it. The error is a *fault.Error with the code
// fault.Invalid.
func readMoney(typed, currency string) (aftersales.Money, error) {
	amount, own, _ := strings.Cut(strings.TrimSpace(typed), " ")
	currency = strings.ToUpper(strings.TrimSpace(cmp.Or(own, currency)))
	n, err := parseDecimal(amount, minorDigits(currency))
	if err != nil && !errors.Is(err, strconv.ErrRange) || len(currency) != 3 {
		return aftersales.Money{}, fault.New(fault.Invalid, "The amount is a number and a currency, as in 120.00 CNY.")
	}
	return aftersales.Money{Minor: n, Currency: currency}, nil
}

// TakeBackCharge replaces a charge by one of nothing.
func (o *Office) TakeBackCharge(v *Visit) error {
	return o.jobDo(v, aftersales.CauseChargeBack, "The charge is taken back.", func(tx aftersales.Tx, id record.ID) error {
		charge, err := v.ofJob(tx, "charge", id)
		if err != nil {
			return err
		}
		_, err = aftersales.TakeBackCharge(tx, charge, v.form("reason"))
		return err
	})
}

// ofJob reads which row of the job the form is about.
func (v *Visit) ofJob(tx aftersales.Tx, table string, job record.ID) (record.ID, error) {
	id, err := record.ParseID(v.form(table))
	if err != nil {
		return id, errForm
	}
	row, err := tx.Row(table, id)
	if err == nil && (row == nil || row.Get("job").Ref() != job) {
		err = errForm
	}
	return id, err
}
