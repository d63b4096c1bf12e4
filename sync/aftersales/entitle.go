package aftersales

import (
	"slices"
	"strconv"

	"fieldsync/sync/record"
)

// A Reason says in words why a decision is as it is: the code names a sentence in the caller's catalogue, the args fill
// its places. Dates among the args are days since 1970-01-01 in decimal.
type Reason struct {
	Code string   `json:"code"`
	Args []string `json:"args,omitempty"`
}

// The reasons of an entitlement, with their args.
const (
	WhyInWarranty      = "in_warranty"        // the last day
	WhyWarrantyOver    = "warranty_over"      // the last day
	WhyNotBegun        = "warranty_not_begun" // the first day
	WhyExcluded        = "excluded"           // the code of the cause or exclusion
	WhyCardMissing     = "card_missing"       // the warranty card was not back in time
	WhyNoStart         = "no_start"           // neither sale nor installation nor acceptance is known
	WhyNoUnit          = "no_unit"            // no machine is named
	WhyModelNotHere    = "model_not_here"     // the model's row has not arrived yet
	WhyContract        = "contract"           // number, percent
	WhyContractNotHere = "contract_not_here"  // a cover names a contract that this phone does not have
	WhyContractExcl    = "contract_excludes"  // number, the code of the cause or exclusion
	WhyNoContract      = "no_contract"        //
	WhyPolicyPays      = "policy_pays"        // who pays by the policy: PayerCompany ...
	WhyCustomerPays    = "customer_pays"      //
	WhyNoPrice         = "no_price"           // the code of the part or service
	WhyCauseOpen       = "cause_open"         // the cause is not found yet: taken for the product's fault
	WhyDiscount        = "discount"           // hundredths of a percent
	WhyPriceList       = "price_list"         // the price list that the rule names
	WhyGoodwill        = "goodwill"           // the reason given
	WhyClaimed         = "claimed"            // the basis that its author claimed, the reason given
)

// EntitlementReasons are the codes of all reasons, for catalogues to be checked against.
var EntitlementReasons = []string{
	WhyInWarranty, WhyWarrantyOver, WhyNotBegun, WhyExcluded, WhyCardMissing, WhyNoStart, WhyNoUnit, WhyModelNotHere,
	WhyContract, WhyContractNotHere, WhyContractExcl, WhyNoContract, WhyPolicyPays, WhyCustomerPays, WhyNoPrice,
	WhyCauseOpen, WhyDiscount, WhyPriceList, WhyGoodwill, WhyClaimed,
}

// On what something is done for a customer. They are the codes of the job's column "charge".
const (
	BasisWarranty = "warranty"
	BasisContract = "contract"
	BasisPaid     = "paid"
	BasisGoodwill = "goodwill"
	BasisInternal = "internal"
)

// Work is what is to be done to a unit, as far as it is known.
type Work struct {
	Branch     record.ID    // zero: the unit's
	Party      record.ID    // zero: the unit's
	Site       record.ID    // zero: the unit's
	Component  string       // the model's component that is at fault, where it has no unit of its own; "": the whole
	Cause      string       // of the list "cause"; "": not found yet
	Exclusions []string     // of the list "exclusion": what was found on site
	Lines      []ChargeLine // what to price
}

// ChargeLine is something that costs.
type ChargeLine struct {
	Kind     string    `json:"kind"`              // ChargeParts ...; "": as the service has it
	Part     record.ID `json:"part"`              // of parts
	Service  string    `json:"service,omitempty"` // of the rest: a code of the list "service"
	Quantity Quantity  `json:"quantity"`          // thousandths; the unit "" is the part's or the service's
	Price    Money     `json:"price"`             // of one; zero: as policy and price list have it
	Discount int64     `json:"discount,omitempty"`
}

// An Entitlement is what a customer may have for a unit at a moment, and why.
type Entitlement struct {
	At       int64            `json:"at"`       // ms UTC, corrected
	Day      int64            `json:"day"`      // in the zone of the place, days since 1970-01-01
	Basis    string           `json:"basis"`    // BasisWarranty, BasisContract, BasisPaid
	Type     string           `json:"type"`     // TypeInWarranty, TypeOutOfWarranty
	Class    string           `json:"class"`    // ClassFree, ClassContract, ClassPaid
	Term     Term             `json:"term"`     // of the warranty; zero where it is not known
	Contract record.ID        `json:"contract"` // that covers it; zero for none
	Level    string           `json:"level"`    // the service level that it promises
	Cover    map[string]Cover `json:"cover"`    // by kind of line
	Special  []SpecialCover   `json:"special"`  // services and categories of parts for which something else holds
	Why      []Reason         `json:"why"`
	Versions []record.ID      `json:"versions"` // of the policies that decided, and the prices of the list
	Unsure   bool             `json:"unsure"`   // something that could change it is not known here
	Lines    []PricedLine     `json:"lines"`    // as asked for in Work.Lines
}

// Entitle decides what the customer is entitled to for a unit (the zero id: for none) at an instant (ms UTC, for what
// happened: corrected), by the policies in force then. It asks nothing but the rows that are here, and says where they
// do not suffice. Codes: BadMoney, BadQuantity, UnknownCode, UnknownPart for lines.
func Entitle(v View, unit record.ID, work Work, at int64) (Entitlement, error) {
	e := entitling{v: v, work: work, d: Entitlement{At: at, Cover: map[string]Cover{}}}
	for _, step := range []func() error{
		func() error { return e.facts(unit) }, e.policies, e.decideWarranty, e.decideContract, e.categorise, e.decideKinds, e.price,
	} {
		if err := step(); err != nil {
			return Entitlement{}, err
		}
	}
	return e.d, nil
}

// entitling is a decision in the making.
type entitling struct {
	v       View
	work    Work
	unit    Unit
	machine Unit
	twins   []Unit // that were joined with the unit: what is known of them is known of it
	d       Entitlement

	warranty WarrantyPolicy
	charge   ChargePolicy
	freight  ChargePolicy
	prices   PricePolicy

	in       string // InWarranty, Out
	cause    string // ByQuality, ByExclusion
	category string // of the machine's model
	contract Contract
}

func (e *entitling) because(code string, args ...string) {
	e.d.Why = append(e.d.Why, Reason{code, args})
}

// facts reads the unit and what it stands in, and fills in the work.
func (e *entitling) facts(id record.ID) (err error) {
	if e.unit, err = rowFor(e.v, "unit", id, UnitOf); err != nil {
		return err
	}
	if e.machine, err = rowFor(e.v, "unit", first(e.unit.Parent, e.unit.Machine), UnitOf); err != nil {
		return err
	}
	twins, err := Twins(e.v, "unit", e.unit.ID)
	if err != nil {
		return err
	}
	for _, row := range twins {
		e.twins = append(e.twins, UnitOf(row))
	}
	e.work.Branch = first(e.work.Branch, e.unit.Branch)
	e.work.Party = first(e.work.Party, first(e.unit.Party, e.machine.Party))
	e.work.Site = first(e.work.Site, first(e.unit.Site, e.machine.Site))
	e.d.Day, err = dayAt(e.v, e.work.Site, e.work.Branch, e.d.At)
	return err
}

// dayAt returns the day on which an instant falls at a site, else at the branch.
func dayAt(v View, site, branch record.ID, at int64) (int64, error) {
	place, err := v.Row("site", site)
	if err != nil {
		return 0, err
	}
	home, err := v.Row("branch", branch)
	return DayIn(zoneOf(place, home), at), err
}

// rowFor returns the row that stands for one, as a view; the zero view if it is not here.
func rowFor[T any](v View, table string, id record.ID, of func(*record.Row) T) (T, error) {
	var zero T
	if id.IsZero() {
		return zero, nil
	}
	survivor, err := Survivor(v, table, id)
	if err != nil {
		return zero, err
	}
	row, err := v.Row(table, survivor)
	if err == nil && row == nil {
		row, err = v.Row(table, id)
	}
	return of(row), err
}

// policies reads those in force then.
func (e *entitling) policies() error {
	return firstError(
		inForce(e, PolicyWarranty, &e.warranty), inForce(e, PolicyCharge, &e.charge),
		inForce(e, PolicyFreight, &e.freight), inForce(e, PolicyPrice, &e.prices))
}

func inForce[P Policy](e *entitling, kind string, into *P) error {
	p, version, err := InForce[P](e.v, kind, e.work.Branch, e.d.At)
	*into = p
	if !version.IsZero() {
		e.d.Versions = append(e.d.Versions, version)
	}
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// decideWarranty says whether the unit is in its term, and whether the fault is the product's.
func (e *entitling) decideWarranty() error {
	e.in, e.cause = Out, ByQuality
	if code := e.excluded(e.warranty.Excludes); code != "" {
		e.cause = ByExclusion
		e.because(WhyExcluded, code)
	} else if e.work.Cause == "" {
		e.because(WhyCauseOpen)
	}
	if e.unit.ID.IsZero() {
		e.because(WhyNoUnit)
		return nil
	}
	w := warranty{v: e.v, unit: e.unit, twins: e.twins, machine: e.machine, policy: e.warranty}
	term, err := w.term(e.work.Component)
	if err != nil {
		return err
	}
	e.d.Term, e.d.Unsure = term, w.unsure
	e.d.Why = append(e.d.Why, w.why...)
	switch {
	case term.Until == 0:
	case e.d.Day < term.From:
		e.because(WhyNotBegun, day(term.From))
	case !term.covers(e.d.Day):
		e.because(WhyWarrantyOver, day(term.Until))
	case w.cardLate(e.d.Day):
		e.because(WhyCardMissing)
	default:
		e.in = InWarranty
		e.because(WhyInWarranty, day(term.Until))
	}
	return nil
}

// excluded returns the first code of what was found that is among those left out, "" for none.
func (e *entitling) excluded(codes []string) string {
	all := slices.Concat([]string{e.work.Cause}, e.work.Exclusions, e.unit.Voids, e.machine.Voids)
	for _, twin := range e.twins {
		all = append(all, twin.Voids...)
	}
	for _, found := range all {
		if found != "" && slices.Contains(codes, found) {
			return found
		}
	}
	return ""
}

// decideContract finds the contract that covers the unit.
func (e *entitling) decideContract() error {
	c, unsure, err := contractFor(e.v, e.unit, e.work.Party, e.work.Site, e.d.Day)
	if err != nil {
		return err
	}
	if unsure {
		e.d.Unsure = true
		e.because(WhyContractNotHere)
	}
	switch code := e.excluded(c.Excludes); {
	case c.ID.IsZero():
		if !unsure {
			e.because(WhyNoContract)
		}
	case code != "":
		e.because(WhyContractExcl, c.Number, code)
	default:
		e.contract, e.d.Contract, e.d.Level = c, c.ID, c.ServiceLevel
	}
	return nil
}

func day(n int64) string { return strconv.FormatInt(n, 10) }
