package api

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The resources about customers, what they have and what was promised to them.
var customerResources = []*resource{
	{
		Path: "customers", Table: "party", See: auth.SeeCustomers, Edit: auth.EditCustomers, Create: auth.EditCustomers,
		Takes: []string{"branch", "number", "name", "kind"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateParty(tx, aftersales.PartyInput{ID: id, Branch: v["branch"].Ref(), Number: v["number"].Text(), Name: v["name"].Text(), Kind: v["kind"].Text(), Beside: v})
		},
		Needs:   []string{"name"},
		Actions: slices.Concat(blacklisting, joining("party", auth.DeleteCustomers), archiving("party", auth.DeleteCustomers)),
	},
	{
		Path: "contacts", Table: "contact", See: auth.SeeCustomers, Edit: auth.EditCustomers, Create: auth.EditCustomers,
		Takes: []string{"branch", "party", "name"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateContact(tx, aftersales.ContactInput{ID: id, Branch: v["branch"].Ref(), Party: v["party"].Ref(), Name: v["name"].Text()})
		},
		Needs: []string{"party", "name"},
	},
	{
		Path: "sites", Table: "site", See: auth.SeeCustomers, Edit: auth.EditCustomers, Create: auth.EditCustomers,
		Takes: []string{"branch", "party", "name", "address"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateSite(tx, aftersales.SiteInput{ID: id, Branch: v["branch"].Ref(), Party: v["party"].Ref(), Name: v["name"].Text(), Address: v["address"].Text()})
		},
	},
	{
		Path: "machines", Table: "unit", See: auth.SeeAssets, Edit: auth.EditAssets, Create: auth.EditAssets,
		Takes: []string{"branch", "number", "name", "serial", "product", "party", "site"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateUnit(tx, aftersales.UnitInput{
				ID: id, Branch: v["branch"].Ref(), Number: v["number"].Text(), Name: v["name"].Text(), Serial: v["serial"].Text(),
				Product: v["product"].Ref(), Party: v["party"].Ref(), Site: v["site"].Ref(), Beside: v,
			})
		},
		Actions: slices.Concat([]action{swap}, joining("unit", auth.EditAssets), archiving("unit", auth.EditAssets)),
	},
	{
		Path: "models", Table: "product", See: auth.SeeProducts, Edit: auth.EditProducts, Create: auth.EditProducts, Takes: []string{"code"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateProduct(tx, aftersales.ProductInput{ID: id, Code: v["code"].Text()})
		},
		Needs:   []string{"code"},
		Actions: slices.Concat(joining("product", auth.EditProducts), archiving("product", auth.EditProducts)),
	},
	{
		Path: "components", Table: "product_component", See: auth.SeeProducts, Create: auth.EditProducts,
		Takes: []string{"product", "code", "name", "warranty_months", "part", "rank"}, Needs: []string{"product", "code", "warranty_months"}, Make: makeComponent,
		Actions: []action{{
			Name: "retire", Need: auth.EditProducts, Cause: aftersales.CauseComponent, Undoes: true,
			Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error {
				is, err := tx.Row("product_component", row)
				if err != nil {
					return err
				}
				return aftersales.RetireProductComponent(tx, is.Get("product").Ref(), is.Get("code").Text())
			},
		}},
	},
	{
		Path: "meter-readings", Table: "meter_reading", See: auth.SeeAssets, Create: auth.EditAssets,
		Takes: []string{"unit", "reading", "exchanged", "job", "note", "replaces", "occurred"}, Needs: []string{"unit", "reading"},
		Make: func(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
			at, err := momentOf(tx, v, "occurred")
			if err != nil {
				return record.ID{}, err
			}
			return aftersales.ReadMeter(tx, aftersales.MeterInput{
				Unit: v["unit"].Ref(), Reading: v["reading"].Number(), Exchanged: v["exchanged"].Number() == 1, Job: v["job"].Ref(),
				Note: v["note"].Text(), Replaces: v["replaces"].Ref(), At: at,
			})
		},
	},
	{Path: "service-records", Table: "service_record", See: auth.SeeAssets, Names: auth.EditAssets},
	{
		Path: "contracts", Table: "contract", See: auth.SeeContracts, Edit: auth.EditContracts, Create: auth.EditContracts,
		Takes: []string{
			"branch", "number", "party", "kind", "scope", "starts_on", "ends_on", "parts_percent", "labour_percent", "travel_percent", "freight_percent",
			"excludes", "service_level", "renews", "note",
		},
		More:  []schema.Column{takes("machines", schema.Set, ""), takes("sites", schema.Set, ""), takes("models", schema.Set, "")},
		Needs: []string{"party", "starts_on", "ends_on"}, Changes: []string{"note"}, Make: makeContract,
		Actions: []action{{
			Name: "end", Need: auth.EditContracts, Cause: aftersales.CauseContractEnd, Undoes: true, Needs: []string{"last_day", "reason"},
			Takes: []schema.Column{takes("last_day", schema.Date, ""), reason},
			Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
				return aftersales.EndContract(tx, row, v["last_day"].Number(), v["reason"].Text())
			},
		}},
	},
	{
		Path: "contract-covers", Table: "contract_cover", See: auth.SeeContracts, Create: auth.EditContracts,
		Takes: []string{"contract", "unit", "site", "product"}, Needs: []string{"contract"},
		Make: func(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
			return aftersales.CoverByContract(tx, aftersales.CoverInput{
				Contract: v["contract"].Ref(), Unit: v["unit"].Ref(), Site: v["site"].Ref(), Product: v["product"].Ref(),
			})
		},
	},
}

// makeContract makes a contract with all that it lists: machines, sites, models. One that lists something covers that.
func makeContract(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
	covers, err := coversOf(v)
	if err != nil {
		return id, err
	}
	scope := v["scope"].Text()
	if len(covers) > 0 && scope == aftersales.ScopeParty {
		return id, refused("scope", fault.Invalid, nil, "A contract of the scope party covers every machine of the customer: list none, or say listed.")
	}
	if len(covers) > 0 {
		scope = aftersales.ScopeListed
	}
	id, err = aftersales.CreateContract(tx, aftersales.ContractInput{
		ID: id, Branch: v["branch"].Ref(), Number: v["number"].Text(), Party: v["party"].Ref(), Kind: v["kind"].Text(), Scope: scope,
		StartsOn: v["starts_on"].Number(), EndsOn: v["ends_on"].Number(), PartsPercent: v["parts_percent"].Number(),
		LabourPercent: v["labour_percent"].Number(), TravelPercent: v["travel_percent"].Number(), FreightPercent: v["freight_percent"].Number(),
		Excludes: elementsOf(v, "excludes"), ServiceLevel: v["service_level"].Text(), Renews: v["renews"].Ref(), Note: v["note"].Text(),
	})
	for _, c := range covers {
		if err != nil {
			return id, err
		}
		c.Contract = id
		if _, e := aftersales.CoverByContract(tx, c.CoverInput); e != nil {
			err = about(c.list, e)
		}
	}
	return id, err
}

// cover is an entry of what a new contract covers, and the list of the body that names it.
type cover struct {
	aftersales.CoverInput
	list string
}

func coversOf(v record.Values) (covers []cover, err error) {
	for list, entry := range map[string]func(record.ID) aftersales.CoverInput{
		"machines": func(row record.ID) aftersales.CoverInput { return aftersales.CoverInput{Unit: row} },
		"sites":    func(row record.ID) aftersales.CoverInput { return aftersales.CoverInput{Site: row} },
		"models":   func(row record.ID) aftersales.CoverInput { return aftersales.CoverInput{Product: row} },
	} {
		rows, err := rowsOf(v, list)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			covers = append(covers, cover{entry(row), list})
		}
	}
	return covers, nil
}

var blacklisting = []action{
	{
		Name: "blacklist", Need: auth.Blacklist, Cause: aftersales.CauseBlacklist, Sets: true, Needs: []string{"reason"}, Takes: []schema.Column{reason},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.Blacklist(tx, row, v["reason"].Text())
		},
	},
	{
		Name: "unblacklist", Need: auth.Blacklist, Cause: aftersales.CauseUnblacklist, Undoes: true, Needs: []string{"reason"}, Takes: []schema.Column{reason},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.Unblacklist(tx, row, v["reason"].Text())
		},
	},
}

var swap = action{
	Name: "swap", Need: auth.EditAssets, Cause: aftersales.CauseUnitSwap, Needs: []string{"job", "location"},
	Takes: []schema.Column{
		takes("job", schema.Ref, "job"), takes("location", schema.Ref, "location"), takes("unit", schema.Ref, "unit"), takes("serial", schema.Text, ""),
		takes("part", schema.Ref, "part"),
	},
	Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
		_, err := aftersales.SwapSerial(tx, aftersales.SwapInput{
			Job: v["job"].Ref(), Old: row, New: v["unit"].Ref(), Serial: v["serial"].Text(), Part: v["part"].Ref(), From: v["location"].Ref(),
		})
		return err
	},
}

// makeComponent says that a model has a component. One that is there already is taken off first, or changed in the office.
func makeComponent(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	row, err := tx.Row("product_component", aftersales.ProductComponentID(v["product"].Ref(), v["code"].Text()))
	if err == nil && row != nil && row.Get("retired_at").IsNull() {
		err = refused("code", fault.Exists, nil, "The model has a component of this code already: %s.", row.ID)
	}
	if err != nil {
		return record.ID{}, err
	}
	return aftersales.PutProductComponent(tx, aftersales.ProductComponentInput{
		Product: v["product"].Ref(), Code: v["code"].Text(), Name: textsOf(v, "name"), WarrantyMonths: v["warranty_months"].Number(), Part: v["part"].Ref(),
		Rank: v["rank"].Number(),
	})
}
