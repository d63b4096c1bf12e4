package aftersales

import (
	"math/big"
	"slices"

	"fieldsync/sync/fault"
)

// Where rounding happens.
const (
	RoundLine  = "line"  // the tax of every line
	RoundTotal = "total" // the tax of all lines of a rate together
)

// PricePolicy says what services cost, which list of prices parts have, and how tax and rounding go.
type PricePolicy struct {
	Currency    string         `json:"currency"`   // ISO 4217
	PriceList   string         `json:"price_list"` // of the table price; a part without an entry has its list price
	Services    []ServicePrice `json:"services"`
	TaxRate     int64          `json:"tax_rate"` // hundredths of a percent
	TaxIncluded bool           `json:"tax_included"`
	Rounding    string         `json:"rounding"`     // RoundLine, RoundTotal
	RoundTo     int64          `json:"round_to"`     // minor units to which a total is rounded: 1, 10, 100
	MaxDiscount int64          `json:"max_discount"` // hundredths of a percent that need no right
}

// ServicePrice is what a unit of a service costs.
type ServicePrice struct {
	Code  string `json:"code"`  // of the list "service"
	Kind  string `json:"kind"`  // ChargeLabour, ChargeTravel, ChargeFreight
	Unit  string `json:"unit"`  // "h", "km", "visit"
	Price int64  `json:"price"` // minor units
}

// Validate refuses what cannot be reckoned with. Codes: BadPolicy.
func (p PricePolicy) Validate() error {
	switch {
	case !isCurrency(p.Currency):
		return fault.New(BadPolicy, "the currency is three capital letters: CNY, TWD, EUR")
	case p.TaxRate < 0 || p.TaxRate > 100_00 || p.MaxDiscount < 0 || p.MaxDiscount > 100_00:
		return fault.New(BadPolicy, "tax and discount lie between 0 and 100 percent")
	case p.Rounding != RoundLine && p.Rounding != RoundTotal || p.RoundTo < 1 || p.RoundTo > 1_000_000:
		return fault.New(BadPolicy, "rounding is by line or by total, to 1 minor unit or more")
	}
	for _, s := range p.Services {
		if s.Code == "" || s.Price < 0 || !slices.Contains(ChargeKinds, s.Kind) {
			return fault.New(BadPolicy, "a service has a code, a kind and a price that is not negative")
		}
	}
	return nil
}

func isCurrency(s string) bool {
	return len(s) == 3 && !slices.ContainsFunc([]byte(s), func(b byte) bool { return b < 'A' || b > 'Z' })
}

func pricePolicies() []PolicyTemplate {
	return []PolicyTemplate{
		{PolicyPrice, "china", texts("China: tax included, 13 %", "中国：含税13%", "中國：含稅13%"), PricePolicy{
			Currency: "CNY", PriceList: "list", TaxRate: 13_00, TaxIncluded: true, Rounding: RoundLine, RoundTo: 1,
			MaxDiscount: 5_00, Services: []ServicePrice{
				{"labour", ChargeLabour, "h", 120_00}, {"travel", ChargeTravel, "km", 2_00}, {"visit", ChargeTravel, "visit", 50_00},
				{"freight", ChargeFreight, "kg", 8_00}, {freightInbound, ChargeFreight, "kg", 8_00}, {freightReturn, ChargeFreight, "kg", 8_00},
			}}},
		{PolicyPrice, "taiwan", texts("Taiwan: tax included, 5 %", "台湾：含税5%", "台灣：含稅5%"), PricePolicy{
			Currency: "TWD", PriceList: "list", TaxRate: 5_00, TaxIncluded: true, Rounding: RoundTotal, RoundTo: 100,
			MaxDiscount: 5_00, Services: []ServicePrice{
				{"labour", ChargeLabour, "h", 800_00}, {"travel", ChargeTravel, "km", 10_00}, {"visit", ChargeTravel, "visit", 300_00},
				{"freight", ChargeFreight, "kg", 40_00}, {freightInbound, ChargeFreight, "kg", 40_00}, {freightReturn, ChargeFreight, "kg", 40_00},
			}}},
		{PolicyPrice, "europe", texts("Europe: tax added, 19 %", "欧洲：另加税19%", "歐洲：另加稅19%"), PricePolicy{
			Currency: "EUR", PriceList: "list", TaxRate: 19_00, Rounding: RoundTotal, RoundTo: 1, MaxDiscount: 3_00,
			Services: []ServicePrice{
				{"labour", ChargeLabour, "h", 78_00}, {"travel", ChargeTravel, "km", 90}, {"visit", ChargeTravel, "visit", 45_00},
				{"freight", ChargeFreight, "kg", 4_00}, {freightInbound, ChargeFreight, "kg", 4_00}, {freightReturn, ChargeFreight, "kg", 4_00},
			}}},
	}
}

// service returns the price of a service, nil if the policy has none.
func (p PricePolicy) service(code string) *ServicePrice {
	for i := range p.Services {
		if p.Services[i].Code == code {
			return &p.Services[i]
		}
	}
	return nil
}

// scaled returns n times the product of the numerators by that of the denominators, rounded half away from zero; ok is
// false where it does not fit.
func scaled(n int64, times []int64, by ...int64) (result int64, ok bool) {
	a, b := big.NewInt(n), big.NewInt(1)
	for _, t := range times {
		a.Mul(a, big.NewInt(t))
	}
	for _, d := range by {
		b.Mul(b, big.NewInt(d))
	}
	half := new(big.Int).Rsh(b, 1)
	if a.Sign() < 0 {
		half.Neg(half)
	}
	// Where b is odd, its half is cut down, and no quotient lies exactly between two numbers.
	a.Add(a, half).Quo(a, b)
	return a.Int64(), a.IsInt64()
}
