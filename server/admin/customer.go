package admin

import (
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// customerExtra is what the page of a customer has beyond other pages of rows.
type customerExtra struct {
	Warnings    []string
	Blacklisted bool
	JoinedWith  string // the URL of the one that stands for him, "" where he stands for himself
	JoinedName  string
	Aliases     []option // those that were joined with him
	Positions   []option
	Regions     []option
	Kinds       []option
	Levels      []option
	Product     field
	Winner      field // of the form that joins two
	Contracts   bool
}

func customerMore(b *builder, row *record.Row) (any, error) {
	p := aftersales.PartyOf(row)
	x := &customerExtra{Blacklisted: p.Blacklisted, Contracts: b.v.Who.May(auth.SeeContracts)}
	why, _, err := aftersales.CustomerWarnings(aftersales.Look(b.r), p.ID, p.Branch, b.o.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	if x.Warnings, err = b.v.reasons(b.n, why); err != nil {
		return nil, err
	}
	if err := b.joined(x, row); err != nil {
		return nil, err
	}
	for list, into := range map[string]*[]option{
		aftersales.ListPosition: &x.Positions, aftersales.ListRegion: &x.Regions, aftersales.ListContractKind: &x.Kinds,
		aftersales.ListServiceLevel: &x.Levels,
	} {
		if *into, err = b.v.codes(b.r, list, ""); err != nil {
			return nil, err
		}
	}
	x.Product = b.v.finder("unit", "product", "product")
	x.Winner = b.v.finder("party", "merged_into", "party")
	return x, nil
}

// finder is an empty field that means a row of a table.
func (v *Visit) finder(table, column, finds string) field {
	t := v.office.Schema.Table(table)
	f := v.input(t, &t.Columns[t.Column(column)], record.Null)
	f.Kind, f.Finds = "row", finds
	return f
}

// joined tells who stands for the customer, and whom he stands for.
func (b *builder) joined(x *customerExtra, row *record.Row) (err error) {
	if other := row.Get("merged_into"); !other.IsNull() {
		x.JoinedWith = customersURL + "/" + other.Ref().String()
		x.JoinedName, err = b.n.row(b.key("party", other.Ref()))
		return err
	}
	ids, err := b.r.Refs(row.Table, "merged_into", row.ID)
	for _, id := range ids {
		if err != nil {
			return err
		}
		alias := option{Value: id.String()}
		alias.Label, err = b.n.row(b.key("party", id))
		x.Aliases = append(x.Aliases, alias)
	}
	return err
}

// customerDo runs a command on the customer in the URL, and goes back to him.
func (o *Office) customerDo(v *Visit, cause, notice string, command func(tx aftersales.Tx, id record.ID) error) error {
	return o.detailDo(v, customerDetail, customerMore, cause, notice, command)
}

// BlacklistCustomer warns of the customer from now on.
func (o *Office) BlacklistCustomer(v *Visit) error {
	return o.customerDo(v, aftersales.CauseBlacklist, "Everybody who takes his call is warned from now on.", func(tx aftersales.Tx, id record.ID) error {
		return aftersales.Blacklist(tx, id, v.form("reason"))
	})
}

// UnblacklistCustomer takes the customer off the blacklist.
func (o *Office) UnblacklistCustomer(v *Visit) error {
	return o.customerDo(v, aftersales.CauseUnblacklist, "The customer is off the blacklist.", func(tx aftersales.Tx, id record.ID) error {
		return aftersales.Unblacklist(tx, id, v.form("reason"))
	})
}

// JoinCustomer joins the customer with another, who stands for both from now on; PartCustomer undoes it.
func (o *Office) JoinCustomer(v *Visit) error {
	winner, err := v.chosenRow("party", "merged_into")
	if err != nil {
		return o.customerRefused(v, err)
	}
	return o.customerDo(v, aftersales.CauseMerge, "Joined. Nothing is lost: both can be parted again on the page of the other.", func(tx aftersales.Tx, id record.ID) error {
		return aftersales.Merge(tx, aftersales.MergeInput{Table: "party", Loser: id, Winner: winner})
	})
}

// PartCustomer undoes a join: the one that the form names, or the customer himself, stands apart again.
func (o *Office) PartCustomer(v *Visit) error {
	return o.customerDo(v, aftersales.CauseUnmerge, "They stand apart again.", func(tx aftersales.Tx, id record.ID) error {
		if alias, err := record.ParseID(v.form("alias")); err == nil {
			row, err := tx.Row("party", alias)
			if err != nil || row == nil || row.Get("merged_into").Ref() != id {
				return errForm
			}
			id = alias
		}
		return aftersales.Unmerge(tx, aftersales.UnmergeInput{Table: "party", ID: id})
	})
}

func (o *Office) customerRefused(v *Visit, problem error) error {
	f, status := statusOf(problem)
	if status >= 500 || f.Code == NotFound {
		return problem
	}
	return o.showDetail(v, status, problem, customerDetail, customerMore)
}

// chosenRow reads which row a field of a form means, as readRef does. The error is a *fault.Error with the code
// fault.Invalid for none.
func (v *Visit) chosenRow(table, column string) (id record.ID, err error) {
	t := v.office.Schema.Table(table)
	f := &field{Name: column, Value: v.form(column), Ref: v.form("ref." + column), column: &t.Columns[t.Column(column)]}
	if f.Value == "" {
		if id, err = record.ParseID(f.Ref); err != nil {
			err = fault.New(fault.Invalid, "Nothing of that name is known. Choose one from the list, or make it first.")
		}
		return id, err
	}
	err = v.office.Engine.View(v.r.Context(), func(r Reader) error {
		values := record.Values{}
		err := v.readRef(r, f, values)
		id = values[column].Ref()
		return err
	})
	return id, err
}

// AddContact adds somebody to talk to.
func (o *Office) AddContact(v *Visit) error {
	return o.customerDo(v, aftersales.CauseCreate, "The contact is added.", func(tx aftersales.Tx, id record.ID) error {
		if email := v.form("email"); email != "" {
			if err := reachable("email", email); err != nil {
				return err
			}
		}
		_, err := aftersales.CreateContact(tx, aftersales.ContactInput{
			Party: id, Name: v.form("name"), Phone: v.form("phone"), Email: v.form("email"), Position: v.form("position"), Note: v.form("note"),
		})
		return err
	})
}

// AddSite adds a place where machines stand.
func (o *Office) AddSite(v *Visit) error {
	return o.customerDo(v, aftersales.CauseCreate, "The place is added.", func(tx aftersales.Tx, id record.ID) error {
		_, err := aftersales.CreateSite(tx, aftersales.SiteInput{
			Party: id, Name: v.form("name"), City: v.form("city"), District: v.form("district"), Address: v.form("address"),
			Region: v.form("region"), AccessNote: v.form("access_note"),
		})
		return err
	})
}

// AddMachine adds a machine that the customer has.
func (o *Office) AddMachine(v *Visit) error {
	in := aftersales.UnitInput{Name: v.form("name"), Serial: v.form("serial")}
	var err error
	if v.form("product") != "" {
		if in.Product, err = v.chosenRow("unit", "product"); err != nil {
			return o.customerRefused(v, err)
		}
	}
	if in.InstalledOn, err = readDay(v.form("installed_on")); err != nil {
		return o.customerRefused(v, err)
	}
	return o.customerDo(v, aftersales.CauseCreate, "The machine is added.", func(tx aftersales.Tx, id record.ID) error {
		in.Party = id
		_, err := aftersales.CreateUnit(tx, in)
		return err
	})
}
