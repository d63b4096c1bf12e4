package aftersales

import (
	"cmp"
	"slices"
	"strconv"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// PricedLine is a line with what the customer pays for it.
type PricedLine struct {
	ChargeLine
	UnitPrice   Money    `json:"unit_price"`
	Percent     int64    `json:"percent"` // that the customer does not pay
	Payer       string   `json:"payer"`   // of that share
	Basis       string   `json:"basis"`
	Net         Money    `json:"net"` // for the customer, without tax
	Tax         Money    `json:"tax"`
	Gross       Money    `json:"gross"`
	TaxRate     int64    `json:"tax_rate"` // hundredths of a percent
	TaxIncluded bool     `json:"tax_included"`
	Rounding    string   `json:"rounding"`
	RoundTo     int64    `json:"round_to"`
	Why         []Reason `json:"why"`
}

// price prices the lines of the work.
func (e *entitling) price() error {
	for _, line := range e.work.Lines {
		p, err := e.priceLine(line)
		if err != nil {
			return err
		}
		e.d.Lines = append(e.d.Lines, p)
	}
	return nil
}

func (e *entitling) priceLine(line ChargeLine) (PricedLine, error) {
	if line.Quantity.Amount <= 0 {
		return PricedLine{}, fault.New(BadQuantity, "a line is about more than nothing")
	}
	if line.Discount < 0 || line.Discount > 100_00 {
		return PricedLine{}, fault.New(BadMoney, "a discount lies between 0 and 100 percent")
	}
	price, cover, why, err := e.unitPrice(&line)
	if err != nil {
		return PricedLine{}, err
	}
	p := PricedLine{
		ChargeLine: line, UnitPrice: price, Percent: cover.Percent, Payer: cover.Payer, Basis: cover.Basis,
		TaxRate: e.prices.TaxRate, TaxIncluded: e.prices.TaxIncluded, Rounding: cmp.Or(e.prices.Rounding, RoundLine),
		RoundTo: max(e.prices.RoundTo, 1), Why: slices.Concat(why, cover.Why),
	}
	if line.Discount != 0 {
		p.Why = append(p.Why, Reason{WhyDiscount, []string{strconv.FormatInt(line.Discount, 10)}})
	}
	return p, p.reckon()
}

// reckon fills in what the customer pays: net, tax and gross, from price, quantity, cover and discount, rounded once.
func (p *PricedLine) reckon() error {
	amount, ok := scaled(p.UnitPrice.Minor,
		[]int64{p.Quantity.Amount, 100 - p.Percent, 100_00 - p.Discount}, One, 100, 100_00)
	tax, fits := taxOf(amount, p.TaxRate, p.TaxIncluded)
	gross := amount
	if !p.TaxIncluded {
		gross += tax
	}
	if most := int64(record.MaxMoney); !ok || !fits || max(amount, -amount, gross, -gross) > most {
		return fault.New(BadMoney, "the amount is too large")
	}
	currency := p.UnitPrice.Currency
	p.Net, p.Tax, p.Gross = Money{gross - tax, currency}, Money{tax, currency}, Money{gross, currency}
	return nil
}

// taxOf returns the tax in an amount, or on it where it is not included.
func taxOf(amount, rate int64, included bool) (int64, bool) {
	if included {
		return scaled(amount, []int64{rate}, 100_00+rate)
	}
	return scaled(amount, []int64{rate}, 100_00)
}

// unitPrice returns what one costs and who pays it, and completes the line by what its part or service says.
func (e *entitling) unitPrice(line *ChargeLine) (Money, Cover, []Reason, error) {
	if line.Kind == ChargeParts || line.Kind == "" && !line.Part.IsZero() {
		line.Kind = ChargeParts
		return e.partPrice(line)
	}
	s := e.prices.service(line.Service)
	if s == nil && (line.Kind == "" || line.Price.Currency == "") {
		return Money{}, Cover{}, nil, fault.Newf(UnknownCode, "the price policy has no service %s", line.Service)
	}
	price := Money{0, e.prices.Currency}
	if s != nil {
		line.Kind, line.Quantity.Unit = cmp.Or(line.Kind, s.Kind), cmp.Or(line.Quantity.Unit, s.Unit)
		price.Minor = s.Price
	}
	if !slices.Contains(ChargeKinds, line.Kind) {
		return Money{}, Cover{}, nil, fault.Newf(UnknownCode, "there is no kind of charge called %v", line.Kind)
	}
	return orPrice(line.Price, price), e.cover(payable{kind: line.Kind, service: line.Service}), nil, nil
}

// partPrice returns the price of a part, the line's own, else the latest of the price list, else the catalogue's; and who
// pays it.
func (e *entitling) partPrice(line *ChargeLine) (Money, Cover, []Reason, error) {
	row, err := e.v.Row("part", line.Part)
	if err != nil {
		return Money{}, Cover{}, nil, err
	}
	if row == nil {
		return Money{}, Cover{}, nil, fault.New(UnknownPart, "the catalogue does not have this part")
	}
	part := PartOf(row)
	cover := e.cover(payable{kind: ChargeParts, partCategory: part.Category})
	line.Quantity.Unit = cmp.Or(line.Quantity.Unit, part.Unit)
	if line.Price.Currency != "" {
		return line.Price, cover, nil, nil
	}
	price, entry, err := priceOf(e.v, line.Part, cover.priceList, e.d.Day, e.d.At)
	if err != nil {
		return Money{}, Cover{}, nil, err
	}
	if !entry.IsZero() {
		e.d.Versions = append(e.d.Versions, entry)
	}
	price = orPrice(price, part.ListPrice)
	if price.Currency != "" {
		return price, cover, nil, nil
	}
	e.d.Unsure = true
	return Money{0, cmp.Or(e.prices.Currency, "XXX")}, cover, []Reason{{WhyNoPrice, []string{part.Code}}}, nil
}

// priceOf returns what a part costs by a price list on a day, at an instant (ms UTC), and the entry that says so: the one that
// began last; the zero Money if none did. One that was set in the course of its first day holds from then on.
func priceOf(v View, part record.ID, list string, day, at int64) (price Money, entry record.ID, err error) {
	rows, err := v.Refs("price", "part", part)
	if err != nil {
		return Money{}, entry, err
	}
	var began int64
	for _, row := range standing(rows) {
		from := row.Get("valid_from").Number()
		if made, known := row.ID.Made(); known && from == day && made > at {
			continue
		}
		if row.Get("price_list").Text() != list || from > day || price.Currency != "" && from < began {
			continue
		}
		began, entry, price = from, row.ID, Money{row.Get("amount").Number(), row.Get("amount").Text()}
	}
	return price, entry, nil
}

func orPrice(a, b Money) Money {
	if a.Currency != "" {
		return a
	}
	return b
}

// Totals are the sums of lines of one currency.
type Totals struct {
	Net       Money `json:"net"`
	Tax       Money `json:"tax"`
	Gross     Money `json:"gross"`      // before the total is rounded
	Rounded   Money `json:"rounded"`    // what is to pay
	Rounding  Money `json:"rounding"`   // Rounded less Gross
	NotRaised Money `json:"not_raised"` // what the customer did not have to pay, without tax reckoned apart
}

var errCurrencies = fault.New(BadMoney, "the lines are in several currencies")

// SumLines adds lines up as their rounding rule has it: the tax line by line, or once for all lines of a rate. Codes:
// BadMoney for several currencies, and for amounts that are too large.
func SumLines(lines []PricedLine) (Totals, error) {
	type rate struct {
		rate     int64
		included bool
	}
	var net, tax, given, roundTo int64
	currency, amounts := "", map[rate]int64{}
	for _, l := range lines {
		if currency != "" && l.Gross.Currency != currency {
			return Totals{}, errCurrencies
		}
		currency, roundTo = l.Gross.Currency, max(roundTo, l.RoundTo)
		whole := l
		whole.Percent = 0
		if err := whole.reckon(); err != nil {
			return Totals{}, err
		}
		given += whole.Gross.Minor - l.Gross.Minor
		switch {
		case l.Rounding != RoundTotal:
			net, tax = net+l.Net.Minor, tax+l.Tax.Minor
		case l.TaxIncluded:
			amounts[rate{l.TaxRate, true}] += l.Gross.Minor
		default:
			amounts[rate{l.TaxRate, false}] += l.Net.Minor
		}
	}
	for r, amount := range amounts {
		t, ok := taxOf(amount, r.rate, r.included)
		if !ok {
			return Totals{}, fault.New(BadMoney, "the amount is too large")
		}
		tax += t
		if net += amount; r.included {
			net -= t
		}
	}
	gross := net + tax
	rounded, ok := scaled(gross, nil, max(roundTo, 1))
	if !ok {
		return Totals{}, fault.New(BadMoney, "the amount is too large")
	}
	rounded *= max(roundTo, 1)
	in := func(n int64) Money { return Money{n, currency} }
	return Totals{in(net), in(tax), in(gross), in(rounded), in(rounded - gross), in(given)}, nil
}
