package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
)

// The kinds of lines of a charge.
const (
	ChargeParts   = "parts"
	ChargeLabour  = "labour"
	ChargeTravel  = "travel"
	ChargeFreight = "freight"
)

// ChargeKinds are the kinds of line that a charge can be.
var ChargeKinds = []string{ChargeParts, ChargeLabour, ChargeTravel, ChargeFreight}

// Who pays.
const (
	PayerCustomer = "customer"
	PayerCompany  = "company"
	PayerMaker    = "maker"
	PayerDealer   = "dealer"
)

var payers = []string{PayerCustomer, PayerCompany, PayerMaker, PayerDealer}

// What the rules of a matrix tell apart.
const (
	InWarranty  = "warranty"
	Out         = "out"
	ByQuality   = "quality" // the fault is the product's
	ByExclusion = "misuse"  // the fault is one that the warranty leaves out
)

// ChargePolicy is the matrix of who pays for what.
type ChargePolicy struct {
	Rules []ChargeRule `json:"rules"` // the first that fits decides; where none does, the customer pays
}

// ChargeRule says who pays a kind of line. What is "" fits everything.
type ChargeRule struct {
	In              string `json:"in,omitempty"`               // InWarranty, Out
	Fault           string `json:"fault,omitempty"`            // ByQuality, ByExclusion
	Kind            string `json:"kind,omitempty"`             // ChargeParts ...
	Service         string `json:"service,omitempty"`          // of the list "service": which way freight goes
	PartCategory    string `json:"part_category,omitempty"`    // of the list "part_category": fits parts only
	ProductCategory string `json:"product_category,omitempty"` // of the list "product_category": the machine's model's
	Payer           string `json:"payer"`
	PriceList       string `json:"price_list,omitempty"` // of parts, instead of the price policy's: "cost", "market"
}

// Validate refuses rules that name what is not known, and those that could fit nothing. Codes: BadPolicy.
func (p ChargePolicy) Validate() error {
	for _, r := range p.Rules {
		if !slices.Contains([]string{"", InWarranty, Out}, r.In) ||
			!slices.Contains([]string{"", ByQuality, ByExclusion}, r.Fault) ||
			r.Kind != "" && !slices.Contains(ChargeKinds, r.Kind) || !slices.Contains(payers, r.Payer) {
			return fault.New(BadPolicy, "a rule of who pays names what is not known")
		}
		if r.Service != "" && (r.Kind == ChargeParts || r.PartCategory != "") {
			return fault.New(BadPolicy, "a rule is about a service or about parts: parts are no service")
		}
		if r.PartCategory != "" && r.Kind != "" && r.Kind != ChargeParts {
			return fault.New(BadPolicy, "a rule about a category of parts is about parts: choose that kind, or none")
		}
	}
	return nil
}

// payable is what somebody has to pay for, as far as a matrix tells it apart.
type payable struct {
	in, cause, kind, service string
	partCategory             string // "" for what is no part
	productCategory          string // of the machine's model
}

// fits reports whether the rule is about it.
func (r ChargeRule) fits(p payable) bool {
	for _, told := range [][2]string{
		{r.In, p.in}, {r.Fault, p.cause}, {r.Kind, p.kind}, {r.Service, p.service}, {r.PartCategory, p.partCategory},
		{r.ProductCategory, p.productCategory},
	} {
		if told[0] != "" && told[0] != told[1] {
			return false
		}
	}
	return true
}

// rule returns the first rule that fits.
func (p ChargePolicy) rule(of payable) ChargeRule {
	for _, r := range p.Rules {
		if r.fits(of) {
			return r
		}
	}
	return ChargeRule{Payer: PayerCustomer}
}

// What the ready-made matrices name of the code lists that a company begins with.
const (
	freightInbound  = "freight_in"   // to the workshop
	freightReturn   = "freight_back" // and back
	partsCommon     = "common"       // to be had from others: at the market's price
	partsConsumable = "consumable"
	builtIn         = "built_in" // a machine that cannot be brought
)

// The matrices of who pays out of warranty differ from company to company, and so do those of freight.
func chargePolicies() []PolicyTemplate {
	free := ChargeRule{In: InWarranty, Fault: ByQuality, Payer: PayerCompany}
	out := func(r ...ChargeRule) ChargePolicy { return ChargePolicy{append([]ChargeRule{free}, r...)} }
	return []PolicyTemplate{
		{PolicyCharge, "parts_and_labour", texts("Out of warranty: parts and labour", "保外收备件费和工时费",
			"保外收備件費和工時費"), out()},
		{PolicyCharge, "parts_at_cost", texts("Out of warranty: parts at cost only", "保外只收备件成本费",
			"保外只收備件成本費"), out(
			ChargeRule{In: Out, Kind: ChargeParts, Payer: PayerCustomer, PriceList: "cost"},
			ChargeRule{In: Out, Kind: ChargeLabour, Payer: PayerCompany})},
		{PolicyCharge, "labour_if_misuse", texts("Out of warranty: labour unless the fault is the product's",
			"保外非质量问题才收工时费", "保外非品質問題才收工時費"), out(
			ChargeRule{In: Out, Fault: ByQuality, Kind: ChargeLabour, Payer: PayerCompany})},
		{PolicyCharge, "price_by_category", texts(
			"Out of warranty: common parts at the market's price, special ones at ours, consumables at cost for life",
			"保外通用件按市场价、专用件按公司价，易耗件终身按成本价", "保外通用件按市場價、專用件按公司價，易耗件終身按成本價"), out(
			ChargeRule{Kind: ChargeParts, PartCategory: partsCommon, Payer: PayerCustomer, PriceList: "market"},
			ChargeRule{Kind: ChargeParts, PartCategory: partsConsumable, Payer: PayerCustomer, PriceList: "cost"})},
		{PolicyCharge, "travel_if_built_in", texts("Machines that cannot be brought: the customer pays travel, in warranty too",
			"不可移动的设备上门维修：客户付交通费（保内亦然）", "不可移動的設備到府維修：客戶付交通費（保內亦然）"), ChargePolicy{[]ChargeRule{
			{Kind: ChargeTravel, ProductCategory: builtIn, Payer: PayerCustomer}, free,
		}}},
	}
}

func freightPolicies() []PolicyTemplate {
	rules := func(r ...ChargeRule) ChargePolicy { return ChargePolicy{r} }
	return []PolicyTemplate{
		{PolicyFreight, "maker", texts("Freight: the maker in warranty, else the customer", "运费：保内厂家付，保外客户付",
			"運費：保內廠家付，保外客戶付"), rules(ChargeRule{In: InWarranty, Payer: PayerMaker})},
		{PolicyFreight, "customer", texts("Freight: the customer", "运费：客户付", "運費：客戶付"),
			rules(ChargeRule{Payer: PayerCustomer})},
		{PolicyFreight, "cause", texts("Freight: by cause", "运费：按原因", "運費：按原因"), rules(
			ChargeRule{Fault: ByQuality, Payer: PayerCompany}, ChargeRule{Payer: PayerDealer})},
		{PolicyFreight, "each_way", texts("Freight: the customer to us, the company back", "运费：寄来客户付，寄回公司付",
			"運費：寄來客戶付，寄回公司付"), rules(
			ChargeRule{Service: freightInbound, Payer: PayerCustomer}, ChargeRule{Service: freightReturn, Payer: PayerCompany})},
	}
}
