package admin

import (
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

const contractsURL = "/contracts"

var contractForm = &Form{Table: "contract", Columns: []string{"note"}, URL: contractsURL, Edit: "Edit %s"}

var contractDetail = &Detail{
	Table: "contract", URL: contractsURL, Page: "contract", Form: contractForm, Edit: auth.EditContracts,
	Facts: []string{
		"party", "kind", "scope", "starts_on", "ends_on", "parts_percent", "labour_percent", "travel_percent", "freight_percent",
		"excludes", "service_level", "ended_on", "ended_reason", "renews", "branch",
	},
	Texts:    []string{"note"},
	Sections: []sectionOf{{table: "contract_cover", via: "contract", columns: []string{"unit", "site", "product"}}},
}

// contractExtra is what the page of a contract has beyond others.
type contractExtra struct {
	Runs   bool
	Listed bool // it covers what is listed, not every machine of the customer
	Unit   field
}

func contractMore(b *builder, row *record.Row) (any, error) {
	c := aftersales.ContractOf(row)
	today := aftersales.DayIn(b.o.Zone.String(), b.o.Now().UnixMilli())
	return contractExtra{Runs: c.EndedOn == 0 && c.EndsOn >= today, Listed: c.Scope == aftersales.ScopeListed, Unit: b.v.finder("contract_cover", "unit", "unit")}, nil
}

// ShowContract shows what a contract covers, and until when.
func (o *Office) ShowContract(v *Visit) error { return o.ShowDetail(v, contractDetail, contractMore) }

// EditContract shows the form that changes the note of a contract: what it promises is not edited in place.
func (o *Office) EditContract(v *Visit) error { return o.ShowEdit(v, contractForm) }

// SaveContract writes what was changed.
func (o *Office) SaveContract(v *Visit) error { return o.SendEdit(v, contractForm) }

// EndContract ends a contract before its time.
func (o *Office) EndContract(v *Visit) error {
	day, err := readDay(v.form("last_day"))
	if err == nil && day == 0 {
		err = fault.New(fault.Invalid, "Say which day is the last one.")
	}
	if err != nil {
		return o.showDetail(v, 422, err, contractDetail, contractMore)
	}
	return o.detailDo(v, contractDetail, contractMore, aftersales.CauseContractEnd, v.t("The contract ends."), func(tx aftersales.Tx, id record.ID) error {
		return aftersales.EndContract(tx, id, day, v.form("reason"))
	})
}

// CoverMachine adds a machine to what a contract covers.
func (o *Office) CoverMachine(v *Visit) error {
	unit, err := v.chosenRow("contract_cover", "unit")
	if err != nil {
		return o.showDetail(v, 422, err, contractDetail, contractMore)
	}
	return o.detailDo(v, contractDetail, contractMore, aftersales.CauseContract, v.t("The machine is covered."), func(tx aftersales.Tx, id record.ID) error {
		_, err := aftersales.CoverByContract(tx, aftersales.CoverInput{Contract: id, Unit: unit})
		return err
	})
}

// MakeContract makes a contract with the customer in the URL.
func (o *Office) MakeContract(v *Visit) error {
	in, err := v.readContract()
	if err == nil && (in.StartsOn == 0 || in.EndsOn == 0) {
		err = fault.New(fault.Invalid, "Say on which day the contract begins, and on which it ends.")
	}
	if err != nil {
		return o.customerRefused(v, err)
	}
	return o.customerDo(v, aftersales.CauseContract, "The contract is made.", func(tx aftersales.Tx, id record.ID) error {
		in.Party = id
		_, err := aftersales.CreateContract(tx, in)
		return err
	})
}

func (v *Visit) readContract() (in aftersales.ContractInput, err error) {
	in = aftersales.ContractInput{Kind: v.form("kind"), Scope: v.form("scope"), ServiceLevel: v.form("service_level"), Note: v.form("note")}
	for name, into := range map[string]*int64{"starts_on": &in.StartsOn, "ends_on": &in.EndsOn} {
		if *into, err = readDay(v.form(name)); err != nil {
			return in, err
		}
	}
	for name, into := range map[string]*int64{
		"parts_percent": &in.PartsPercent, "labour_percent": &in.LabourPercent, "travel_percent": &in.TravelPercent, "freight_percent": &in.FreightPercent,
	} {
		if text := strings.TrimSpace(v.form(name)); text != "" {
			if *into, err = parseDecimal(text, 0); err != nil {
				return in, fault.New(fault.Invalid, "A share is a whole number of percent, 0 to 100.")
			}
		}
	}
	return in, nil
}

// readDay reads a day as a form sends it, as days since 1970-01-01; 0 for none. The error is a *fault.Error with the
// code fault.Invalid.
func readDay(typed string) (int64, error) {
	if typed == "" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, typed)
	if err != nil || t.Year() < 1900 || t.Year() > 2199 { // as aftersales.CheckImaginable has it
		return 0, fault.New(fault.Invalid, "This cannot be read. Type it like the example, or choose it.")
	}
	return t.Unix() / 86400, nil
}
