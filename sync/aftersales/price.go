package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Price is a row of the table price.
type Price struct {
	ID        record.ID `json:"id"`
	Part      record.ID `json:"part"`
	Service   string    `json:"service"`
	PriceList string    `json:"price_list"`
	Amount    Money     `json:"amount"`
	ValidFrom int64     `json:"valid_from"` // days since 1970-01-01
	Replaces  record.ID `json:"replaces"`
}

// PriceOf returns the row as a Price; the zero Price for nil.
func PriceOf(r *record.Row) Price { return view[Price](r) }

// PriceInput says what a part costs from a day on.
type PriceInput struct {
	Part      record.ID
	PriceList string // "": "list"
	Amount    Money
	ValidFrom int64     // days since 1970-01-01; 0: today, in UTC
	Replaces  record.ID // a price that has not begun, and now never does
}

// PricePublished says that a price has begun: it stays what it was, and another follows it.
const PricePublished fault.Code = "price_published"

// SetPrice gives a part a price from a day on; what was decided by the one before stays decided. Codes: UnknownPart,
// BadMoney, PricePublished for a day that is over or a price that has begun, fault.UnknownRow.
func SetPrice(tx Tx, in PriceInput) (record.ID, error) {
	part, err := partFor(tx, in.Part)
	if err != nil {
		return record.ID{}, err
	}
	if in.Amount.Minor < 0 || !isCurrency(in.Amount.Currency) {
		return record.ID{}, fault.New(BadMoney, "a price is not negative, and has a currency of three capital letters: 12.50 CNY")
	}
	today := floorDiv(tx.Now(), dayMillis)
	in.ValidFrom = cmp.Or(in.ValidFrom, today)
	if in.ValidFrom < today-1 { // a day that has begun somewhere may still be meant
		return record.ID{}, fault.New(PricePublished, "charges were made by the price of that day: let the new one begin today or later")
	}
	if err := in.checkReplaced(tx, part.ID, today); err != nil {
		return record.ID{}, err
	}
	id := tx.NewID()
	return id, insert(tx, "price", id, record.Values{
		"branch": record.Ref(part.Branch), "part": record.Ref(part.ID), "price_list": record.Text(cmp.Or(in.PriceList, listPrices)),
		"amount": in.Amount.Value(), "valid_from": record.Date(in.ValidFrom), "replaces": record.Ref(in.Replaces),
	})
}

// listPrices is the price list of the catalogue's own prices.
const listPrices = "list"

// keepListPrice writes down that a part has another catalogue price from now on, and for a part that no list has yet what it
// cost before: decisions were made by that. A part that gets its first price, or none, keeps nothing.
func keepListPrice(tx Tx, part Part, price Money) error {
	rows, err := tx.Refs("price", "part", part.ID)
	if err != nil || price == part.ListPrice || price.Currency == "" || part.ListPrice.Currency == "" && len(rows) == 0 {
		return err
	}
	known := slices.ContainsFunc(rows, func(r *record.Row) bool { return r.Get("price_list").Text() == listPrices })
	if !known {
		err = insert(tx, "price", NamedID("price", part.ID.String()), record.Values{
			"branch": record.Ref(part.Branch), "part": record.Ref(part.ID), "price_list": record.Text(listPrices),
			"amount": part.ListPrice.Value(), "valid_from": record.Date(0),
		})
	}
	if err == nil {
		_, err = SetPrice(tx, PriceInput{Part: part.ID, Amount: price})
	}
	return err
}

func (in PriceInput) checkReplaced(tx Tx, part record.ID, today int64) error {
	row, err := needIf(tx, "price", in.Replaces)
	if err != nil || row == nil {
		return err
	}
	if old := PriceOf(row); old.Part != part || old.ValidFrom <= today {
		return fault.New(PricePublished, "this price has begun, or is another part's: set one that follows it")
	}
	return nil
}

// PricesOf returns the prices of a part that no other replaced, by list, the one that begins last first.
func PricesOf(v View, part record.ID) ([]Price, error) {
	rows, err := v.Refs("price", "part", part)
	if err != nil {
		return nil, err
	}
	var list []Price
	for _, row := range standing(rows) {
		list = append(list, PriceOf(row))
	}
	slices.SortFunc(list, func(a, b Price) int {
		return cmp.Or(cmp.Compare(a.PriceList, b.PriceList), cmp.Compare(b.ValidFrom, a.ValidFrom), compareIDs(b.ID, a.ID))
	})
	return list, nil
}
