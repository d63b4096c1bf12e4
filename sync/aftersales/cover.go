package aftersales

import (
	"cmp"
	"slices"
	"strconv"
)

// Cover is who pays for a kind of line.
type Cover struct {
	Percent int64    `json:"percent"` // that the customer does not pay
	Payer   string   `json:"payer"`   // of that share
	Basis   string   `json:"basis"`
	Why     []Reason `json:"why"`

	priceList string
}

// SpecialCover is who pays for one service, or for parts of one category, where that is not what holds for its kind of line.
type SpecialCover struct {
	Kind         string `json:"kind"`              // ChargeParts ...
	Service      string `json:"service,omitempty"` // of the list "service"
	PartCategory string `json:"part_category,omitempty"`
	Cover
}

// categorise reads of which category the machine is, where a rule goes by it.
func (e *entitling) categorise() error {
	goesBy := func(r ChargeRule) bool { return r.ProductCategory != "" }
	if !slices.ContainsFunc(slices.Concat(e.charge.Rules, e.freight.Rules), goesBy) {
		return nil
	}
	id := first(e.machine.Product, e.unit.Product)
	product, err := rowFor(e.v, "product", id, ProductOf)
	if err != nil {
		return err
	}
	e.category = product.Category
	told := func(r Reason) bool { return r.Code == WhyModelNotHere }
	if !id.IsZero() && product.ID.IsZero() && !slices.ContainsFunc(e.d.Why, told) {
		e.d.Unsure = true
		e.because(WhyModelNotHere)
	}
	return nil
}

// decideKinds says for each kind of line who pays, and on what the whole is done.
func (e *entitling) decideKinds() error {
	for _, kind := range ChargeKinds {
		e.d.Cover[kind] = e.cover(payable{kind: kind})
	}
	e.special()
	e.d.Type, e.d.Basis, e.d.Class = TypeOutOfWarranty, BasisPaid, ClassPaid
	switch {
	case e.in == InWarranty && e.cause == ByQuality:
		e.d.Type, e.d.Basis, e.d.Class = TypeInWarranty, BasisWarranty, ClassFree
	case !e.contract.ID.IsZero():
		e.d.Basis, e.d.Class = BasisContract, ClassContract
	}
	return nil
}

// special says what differs from what holds for its kind of line: of the services and categories that the rules name.
func (e *entitling) special() {
	seen := map[payable]bool{}
	add := func(p payable) {
		c, usual := e.cover(p), e.d.Cover[p.kind]
		if seen[p] || c.Percent == usual.Percent && c.Payer == usual.Payer && c.priceList == usual.priceList {
			return
		}
		seen[p] = true
		e.d.Special = append(e.d.Special, SpecialCover{p.kind, p.service, p.partCategory, c})
	}
	for _, r := range slices.Concat(e.charge.Rules, e.freight.Rules) {
		if r.PartCategory != "" {
			add(payable{kind: ChargeParts, partCategory: r.PartCategory})
		}
		if s := e.prices.service(r.Service); r.Service != "" && s != nil {
			add(payable{kind: s.Kind, service: r.Service})
		}
	}
}

// cover says who pays for something: by the matrix, or by a contract that pays more.
func (e *entitling) cover(p payable) Cover {
	p.in, p.cause, p.productCategory = e.in, e.cause, e.category
	matrix := e.charge
	if p.kind == ChargeFreight {
		matrix = e.freight
	}
	rule := matrix.rule(p)
	c := Cover{Payer: rule.Payer, Basis: BasisPaid, priceList: cmp.Or(rule.PriceList, e.prices.PriceList)}
	if rule.Payer != PayerCustomer {
		c.Percent, c.Basis = 100, BasisWarranty
		c.Why = []Reason{{WhyPolicyPays, []string{rule.Payer}}}
		return c
	}
	if share := e.contract.pays(p.kind); share > 0 {
		c.Percent, c.Payer, c.Basis = share, PayerCompany, BasisContract
		c.Why = []Reason{{WhyContract, []string{e.contract.Number, strconv.FormatInt(share, 10)}}}
	} else {
		c.Why = []Reason{{WhyCustomerPays, nil}}
	}
	if rule.PriceList != "" && p.kind == ChargeParts {
		c.Why = append(c.Why, Reason{WhyPriceList, []string{rule.PriceList}})
	}
	return c
}
