package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// What a contract covers.
const (
	ScopeParty  = "party"  // every unit of the customer
	ScopeListed = "listed" // what its covers list: units, models, sites
)

// A contract lies with its customer, so that a technician sent there has it.
var contractTable = &schema.Table{
	ID: 146, Name: "contract",
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "number", searchable, indexed),
		ref(2, "party", "party", required, fixed),
		code(3, "kind"), // code list "contract_kind"
		enum(4, "scope", []string{ScopeParty, ScopeListed}, required),
		date(5, "starts_on", required),
		date(6, "ends_on", required, indexed), // its last day
		integer(7, "parts_percent"),           // of what the customer would pay that the contract pays
		integer(8, "labour_percent"),
		integer(9, "travel_percent"),
		integer(10, "freight_percent"),
		set(11, "excludes"),       // codes of the lists "cause" and "exclusion"
		code(12, "service_level"), // the promises of the policy "sla" go by it
		date(13, "ended_on"),
		text(14, "ended_reason"),
		ref(15, "renews", "contract"),
		text(16, "note"),
	}, archive()),
	Buckets: []schema.Bucket{in(CustomerBucket, "party")},
}

// A contract cover is one entry of what a contract covers, kept where a technician comes by: with the unit, the site,
// or, for a model, with the customer.
var contractCoverTable = &schema.Table{
	ID: 147, Name: "contract_cover",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "contract", "contract", required, fixed),
		ref(2, "unit", "unit", fixed),
		ref(3, "site", "site", fixed),
		ref(4, "product", "product", fixed),
		ref(5, "party", "party", fixed), // the customer, of an entry that names a model
	}),
	Buckets: []schema.Bucket{in(AssetBucket, "unit"), in(SiteBucket, "site"), in(CustomerBucket, "party")},
}

// CoverUnclear says that an entry of a contract names no unit, model or site, or several.
const CoverUnclear fault.Code = "cover_unclear"

// Contract is a row of the table contract.
type Contract struct {
	ID             record.ID `json:"id"`
	Branch         record.ID `json:"branch"`
	Number         string    `json:"number"`
	Party          record.ID `json:"party"`
	Kind           string    `json:"kind"`
	Scope          string    `json:"scope"`
	StartsOn       int64     `json:"starts_on"` // days since 1970-01-01, as the other dates
	EndsOn         int64     `json:"ends_on"`
	PartsPercent   int64     `json:"parts_percent"`
	LabourPercent  int64     `json:"labour_percent"`
	TravelPercent  int64     `json:"travel_percent"`
	FreightPercent int64     `json:"freight_percent"`
	Excludes       []string  `json:"excludes"`
	ServiceLevel   string    `json:"service_level"`
	EndedOn        int64     `json:"ended_on"`
	EndedReason    string    `json:"ended_reason"`
	Renews         record.ID `json:"renews"`
	Note           string    `json:"note"`
	ArchivedAt     int64     `json:"archived_at"`
}

// ContractOf returns the row as a Contract; the zero Contract for nil.
func ContractOf(r *record.Row) Contract { return view[Contract](r) }

// RunsOn reports whether the contract is in force on a day (days since 1970-01-01).
func (c Contract) RunsOn(day int64) bool {
	return c.StartsOn <= day && day <= c.EndsOn && (c.EndedOn == 0 || day <= c.EndedOn) && c.ArchivedAt == 0
}

// pays returns the share in percent that the contract pays of a kind of line.
func (c Contract) pays(kind string) int64 {
	return map[string]int64{
		ChargeParts: c.PartsPercent, ChargeLabour: c.LabourPercent, ChargeTravel: c.TravelPercent,
		ChargeFreight: c.FreightPercent,
	}[kind]
}

// ContractInput says what a new contract is.
type ContractInput struct {
	ID             record.ID // zero: a fresh one
	Branch         record.ID // zero: the customer's
	Number         string    // "": the next of the series
	Party          record.ID
	Kind           string
	Scope          string // "": every unit of the customer
	StartsOn       int64  // days since 1970-01-01
	EndsOn         int64  // the last day
	PartsPercent   int64  // 0 to 100
	LabourPercent  int64
	TravelPercent  int64
	FreightPercent int64
	Excludes       []string // codes of the lists "cause" and "exclusion"
	ServiceLevel   string
	Renews         record.ID
	Note           string
}

// CreateContract makes a contract. Codes: BadTerm, UnknownCode, fault.UnknownRow.
func CreateContract(tx Tx, in ContractInput) (record.ID, error) {
	party, err := living(tx, "party", in.Party)
	if err != nil {
		return record.ID{}, err
	}
	if err := in.check(tx); err != nil {
		return record.ID{}, err
	}
	id, branch, number, err := identity(tx, in.ID, in.Branch, in.Number, SeriesContract, party)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(branch), "number": record.Text(number), "party": record.Ref(party.ID),
		"kind": optional(in.Kind), "scope": record.Text(cmp.Or(in.Scope, ScopeParty)),
		"starts_on": record.Date(in.StartsOn), "ends_on": record.Date(in.EndsOn),
		"parts_percent": record.Number(in.PartsPercent), "labour_percent": record.Number(in.LabourPercent),
		"travel_percent": record.Number(in.TravelPercent), "freight_percent": record.Number(in.FreightPercent),
		"service_level": optional(in.ServiceLevel), "renews": record.Ref(in.Renews), "note": optional(in.Note),
	}
	addSet(values, "excludes", in.Excludes)
	return id, insert(tx, "contract", id, values)
}

func (in ContractInput) check(tx Tx) error {
	if in.EndsOn < in.StartsOn {
		return fault.New(BadTerm, "the contract would end before it starts")
	}
	for _, p := range []int64{in.PartsPercent, in.LabourPercent, in.TravelPercent, in.FreightPercent} {
		if p < 0 || p > 100 {
			return fault.Newf(BadTerm, "a contract pays 0 to 100 percent, not %d", p)
		}
	}
	if _, err := needIf(tx, "contract", in.Renews); err != nil {
		return err
	}
	return firstError(checkCode(tx, ListContractKind, in.Kind), checkCode(tx, ListServiceLevel, in.ServiceLevel))
}

// CoverInput names one unit, site or model that a contract covers.
type CoverInput struct {
	Contract record.ID
	Unit     record.ID // one of ...
	Site     record.ID // ... these ...
	Product  record.ID // ... three
}

// CoverByContract adds an entry to what a contract covers. Codes: CoverUnclear, fault.UnknownRow.
func CoverByContract(tx Tx, in CoverInput) (record.ID, error) {
	contract, err := need(tx, "contract", in.Contract)
	if err != nil {
		return record.ID{}, err
	}
	entry := slices.DeleteFunc([]Row{{"unit", in.Unit}, {"site", in.Site}, {"product", in.Product}},
		func(r Row) bool { return r.ID.IsZero() })
	if len(entry) != 1 {
		return record.ID{}, fault.New(CoverUnclear, "an entry of a contract names a unit, a site or a model: one of them")
	}
	row, err := living(tx, entry[0].Table, entry[0].ID)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": contract.Get("branch"), "contract": record.Ref(in.Contract), entry[0].Table: record.Ref(row.ID),
	}
	if !in.Product.IsZero() {
		values["party"] = contract.Get("party")
	}
	id := NamedID("contract_cover", in.Contract.String(), row.ID.String())
	if old, err := tx.Row("contract_cover", id); err != nil || old != nil {
		return id, err
	}
	return id, insert(tx, "contract_cover", id, values)
}

// EndContract ends a contract before its time; day is its last one (days since 1970-01-01). Codes: MissingReason,
// BadTerm, fault.UnknownRow.
func EndContract(tx Tx, contract record.ID, day int64, reason string) error {
	row, err := need(tx, "contract", contract)
	if err != nil {
		return err
	}
	if reason, err = reasonFor("end the contract", reason); err != nil {
		return err
	}
	if c := ContractOf(row); day > c.EndsOn || day < c.StartsOn-1 {
		return fault.New(BadTerm, "the last day lies outside the contract")
	}
	return tx.Update("contract", contract, record.Values{
		"ended_on": record.Date(day), "ended_reason": record.Text(reason),
	})
}

// contractFor returns the contract in force on a day that covers the unit best: the one that pays the most in all. The
// zero Contract if none does. A contract whose cover is here but which itself is not makes the answer unsure.
func contractFor(v View, u Unit, party, site record.ID, day int64) (best Contract, unsure bool, err error) {
	r := readCovers(v, u, party, site)
	for _, c := range r.found {
		if c.RunsOn(day) && (best.ID.IsZero() || sumOfPays(c) > sumOfPays(best)) {
			best = c
		}
	}
	return best, r.unsure, r.err
}

// ContractsOf returns the contracts that cover the unit, or did or will, those that end last first.
func ContractsOf(v View, u Unit) ([]Contract, error) {
	r := readCovers(v, u, u.Party, u.Site)
	slices.SortFunc(r.found, func(a, b Contract) int {
		return cmp.Or(cmp.Compare(b.EndsOn, a.EndsOn), compareIDs(a.ID, b.ID))
	})
	return r.found, r.err
}

func readCovers(v View, u Unit, party, site record.ID) *coverReader {
	r := &coverReader{v: v, seen: map[record.ID]bool{}}
	r.covers("unit", slices.Concat(r.joined("unit", u.ID), r.joined("unit", u.Parent))...)
	r.covers("site", r.joined("site", site)...)
	for _, p := range r.parties(party) {
		r.modelCovers(p, u.Product)
		for _, row := range r.refs("contract", "party", p) {
			if c := ContractOf(row); c.Scope == ScopeParty {
				r.take(c)
			}
		}
	}
	return r
}

func sumOfPays(c Contract) int64 {
	return c.PartsPercent + c.LabourPercent + c.TravelPercent + c.FreightPercent
}

// coverReader gathers contracts, and keeps the first failure.
type coverReader struct {
	v      View
	seen   map[record.ID]bool
	found  []Contract
	unsure bool
	err    error
}

func (r *coverReader) refs(table, column string, id record.ID) []*record.Row {
	if r.err != nil || id.IsZero() {
		return nil
	}
	rows, err := r.v.Refs(table, column, id)
	r.err = err
	return rows
}

func (r *coverReader) covers(column string, ids ...record.ID) {
	for _, id := range ids {
		for _, row := range r.refs("contract_cover", column, id) {
			r.contract(row.Get("contract").Ref())
		}
	}
}

// modelCovers takes the contracts of a customer that name the unit's model.
func (r *coverReader) modelCovers(party, product record.ID) {
	for _, row := range r.refs("contract_cover", "party", party) {
		if slices.Contains(r.joined("product", product), row.Get("product").Ref()) {
			r.contract(row.Get("contract").Ref())
		}
	}
}

func (r *coverReader) contract(id record.ID) {
	row, err := r.v.Row("contract", id)
	if err != nil {
		r.err = err
		return
	}
	if row == nil {
		r.unsure = true
		return
	}
	r.take(ContractOf(row))
}

func (r *coverReader) take(c Contract) {
	if !r.seen[c.ID] {
		r.seen[c.ID], r.found = true, append(r.found, c)
	}
}

// joined returns the ids of all rows that are one thing with this, that of the one which stands for them first; none for the zero id.
func (r *coverReader) joined(table string, id record.ID) (ids []record.ID) {
	if r.err != nil || id.IsZero() {
		return nil
	}
	survivor, err := Survivor(r.v, table, id)
	if err != nil {
		r.err = err
		return nil
	}
	twins, err := Twins(r.v, table, survivor)
	r.err = err
	ids = []record.ID{survivor, id} // the one may not be on this phone, nor know of the other
	for _, row := range twins {
		ids = append(ids, row.ID)
	}
	return ids
}

// parties returns the customer, all rows that were joined with it, and the group that it belongs to.
func (r *coverReader) parties(id record.ID) []record.ID {
	var list []record.ID
	for range 8 { // groups of groups end somewhere, and circles do too
		if id.IsZero() || r.err != nil || slices.Contains(list, id) {
			break
		}
		joined := r.joined("party", id)
		if r.err != nil {
			break
		}
		list = append(list, joined...)
		row, err := r.v.Row("party", joined[0])
		r.err = err
		id = PartyOf(row).Parent
	}
	return list
}
