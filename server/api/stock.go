package api

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The resources about parts: what they are, where they lie, and how they move.
var stockResources = []*resource{
	{
		Path: "parts", Table: "part", See: auth.SeeParts, Edit: auth.EditParts, Create: auth.EditParts, Takes: []string{"code", "unit"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreatePart(tx, aftersales.PartInput{ID: id, Code: v["code"].Text(), Unit: v["unit"].Text()})
		},
		Needs:   []string{"code"},
		Actions: slices.Concat(joining("part", auth.EditParts), archiving("part", auth.EditParts)),
	},
	{
		Path: "prices", Table: "price", See: auth.SeeParts, Create: auth.EditParts,
		Takes: []string{"part", "price_list", "amount", "valid_from", "replaces"}, Needs: []string{"part", "amount"},
		Make: func(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
			return aftersales.SetPrice(tx, aftersales.PriceInput{
				Part: v["part"].Ref(), PriceList: v["price_list"].Text(), Amount: moneyOf(v["amount"]), ValidFrom: v["valid_from"].Number(), Replaces: v["replaces"].Ref(),
			})
		},
	},
	{
		Path: "part-costs", Table: "part_cost", See: auth.SeeCosts, Create: auth.SeeCosts,
		Takes: []string{"branch", "part", "unit_cost", "valid_from"}, Needs: []string{"branch", "part", "unit_cost"},
		Make: func(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
			return aftersales.SetPartCost(tx, v["branch"].Ref(), v["part"].Ref(), moneyOf(v["unit_cost"]), v["valid_from"].Number())
		},
	},
	{
		Path: "locations", Table: "location", See: auth.SeeParts, Edit: auth.EditParts, Create: auth.EditParts, Takes: []string{"branch", "code", "name", "kind", "holder"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateLocation(tx, aftersales.LocationInput{ID: id, Branch: v["branch"].Ref(), Code: v["code"].Text(), Name: v["name"].Text(), Kind: v["kind"].Text(), Holder: v["holder"].Ref()})
		},
		Needs: []string{"name"}, Stock: true,
		Actions: slices.Concat(locationActions, archiving("location", auth.EditParts)),
	},
	{
		Path: "stock-levels", Table: "stock_level", See: auth.SeeParts, Edit: auth.EditParts, Create: auth.EditParts,
		Takes: []string{"location", "part", "minimum", "maximum", "safety"}, Needs: []string{"location", "part", "minimum", "maximum"},
		Changes: []string{"minimum", "maximum", "safety"}, Make: makeLevel, Save: saveLevel,
	},
	{
		Path: "movements", Table: "movement", See: auth.SeeParts, Create: auth.MoveStock,
		Takes: []string{
			"cause", "part", "quantity", "serial", "lot", "unit", "condition", "owner", "owner_party", "from_location", "to_location", "job", "unit_cost", "tag",
			"note", "occurred",
		},
		Needs: []string{"cause", "part", "quantity"}, Make: move,
		Actions: []action{{
			Name: "correct", Need: auth.MoveStock, Cause: aftersales.CausePartCorrect, Needs: []string{"quantity", "note"},
			Takes: []schema.Column{takes("quantity", schema.Quantity, ""), takes("note", schema.Text, "")},
			Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
				if err := inUnitOf(tx, row, v["quantity"]); err != nil {
					return err
				}
				_, err := aftersales.CorrectMovement(tx, aftersales.CorrectInput{Movement: row, Amount: v["quantity"].Number(), Note: v["note"].Text()})
				return err
			},
		}},
	},
	{
		Path: "part-requests", Table: "part_request", See: auth.SeeParts, Create: auth.RequestParts,
		Takes: []string{"part", "quantity", "location", "job", "needed_on", "note"}, Needs: []string{"part", "quantity", "location"},
		Make: func(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
			return aftersales.AskPart(tx, aftersales.AskPartInput{
				Part: v["part"].Ref(), Quantity: quantityOf(v["quantity"]), Location: v["location"].Ref(), Job: v["job"].Ref(), NeededOn: v["needed_on"].Number(),
				Note: v["note"].Text(),
			})
		},
		Actions: partRequestActions,
	},
	{Path: "hand-overs", Table: "hand_over", See: auth.SeeParts, Names: auth.MoveStock},
	{
		Path: "discrepancies", Table: "discrepancy", See: auth.SeeInbox, Names: auth.SettleStock,
		Actions: []action{{
			Name: "settle", Need: auth.SettleStock, Cause: aftersales.CauseDiscrepancy, Needs: []string{"resolution"}, Takes: []schema.Column{takes("resolution", schema.Text, "")},
			Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
				return aftersales.Settle(tx, aftersales.SettleInput{Discrepancy: row, Resolution: v["resolution"].Text()})
			},
		}},
	},
}

// moves are what a warehouse does, and what a subcontractor's technician uses at a job. A count is an action of its location.
var moves = map[string]func(aftersales.Tx, aftersales.MoveInput) (record.ID, error){
	aftersales.MoveReceipt: aftersales.ReceivePart, aftersales.MoveIssue: aftersales.IssuePart, aftersales.MoveTransfer: aftersales.TransferPart,
	aftersales.MoveReturn: aftersales.ReturnPart, aftersales.MoveScrap: aftersales.ScrapPart, aftersales.MoveRepairUse: aftersales.UsePart,
	aftersales.MoveSaleUse: func(tx aftersales.Tx, in aftersales.MoveInput) (record.ID, error) {
		in.Sale = true
		return aftersales.UsePart(tx, in)
	},
}

// from and to are the places that a move must be told, used what is for a job.
var (
	used = []string{aftersales.MoveRepairUse, aftersales.MoveSaleUse}
	from = []string{aftersales.MoveIssue, aftersales.MoveTransfer, aftersales.MoveScrap, aftersales.MoveRepairUse, aftersales.MoveSaleUse}
	to   = []string{aftersales.MoveReceipt, aftersales.MoveIssue, aftersales.MoveTransfer, aftersales.MoveReturn}
)

func move(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	cause := v["cause"].Text()
	book := moves[cause]
	switch {
	case book == nil:
		return record.ID{}, refused("cause", fault.Invalid, nil, "cause is receipt, issue, transfer, return, scrap, repair_use or sale_use; a count is an action of its location.")
	case slices.Contains(from, cause) && v["from_location"].IsNull():
		return record.ID{}, needed("from_location")
	case slices.Contains(to, cause) && v["to_location"].IsNull():
		return record.ID{}, needed("to_location")
	case cause == aftersales.MoveReturn && v["job"].IsNull() && v["from_location"].IsNull(), slices.Contains(used, cause) && v["job"].IsNull():
		return record.ID{}, needed("job")
	}
	at, err := onJob(tx, v)
	if err != nil {
		return record.ID{}, err
	}
	return book(tx, aftersales.MoveInput{
		Part: v["part"].Ref(), Quantity: quantityOf(v["quantity"]), Serial: v["serial"].Text(), Lot: v["lot"].Text(), Unit: v["unit"].Ref(),
		Condition: v["condition"].Text(), Owner: v["owner"].Text(), OwnerParty: v["owner_party"].Ref(), From: v["from_location"].Ref(), To: v["to_location"].Ref(),
		Job: v["job"].Ref(), UnitCost: moneyOf(v["unit_cost"]), Tag: v["tag"].Text(), Note: v["note"].Text(), At: at,
	})
}

// inUnitOf refuses a quantity in another unit than that of the row.
func inUnitOf(tx aftersales.Tx, movement record.ID, q record.Value) error {
	row, err := tx.Row("movement", movement)
	if err != nil || row == nil {
		return err
	}
	return sameUnit("quantity", q, row.Get("quantity").Text())
}

func sameUnit(field string, q record.Value, unit string) error {
	if q.Text() != "" && q.Text() != unit {
		return refused(field, aftersales.WrongUnit, nil, "This part is measured in %s.", unit)
	}
	return nil
}

var locationActions = []action{
	{
		Name: "count", Need: auth.CountStock, Cause: aftersales.CausePartCount, Needs: []string{"part", "counted"}, Do: count,
		Takes: []schema.Column{takes("part", schema.Ref, "part"), takes("counted", schema.Quantity, ""), takes("expected", schema.Quantity, ""), takes("note", schema.Text, "")},
	},
	{
		Name: "holder", Need: auth.EditParts, Cause: aftersales.CauseHolder, Sets: true, Takes: []schema.Column{takes("holder", schema.Ref, "person")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			if err := ours(tx, row); err != nil {
				return err
			}
			return aftersales.SetHolder(tx, row, v["holder"].Ref())
		},
	},
}

// ours refuses a location that only stands for where things come from and go to.
func ours(tx aftersales.Tx, location record.ID) error {
	row, err := tx.Row("location", location)
	if err == nil && row != nil && row.ID == aftersales.VirtualLocation(row.Get("kind").Text()) {
		err = fault.New(aftersales.WrongState, "This is no store and no van: nothing lies there.")
	}
	return err
}

// count enters what was counted; where the counter says what he thought to find, only if that still lies there.
func count(tx aftersales.Tx, location record.ID, v record.Values) error {
	part, err := tx.Row("part", v["part"].Ref())
	if err != nil {
		return err
	}
	unit := aftersales.PartOf(part).Unit
	if err := firstOf(ours(tx, location), sameUnit("counted", v["counted"], unit), sameUnit("expected", v["expected"], unit)); err != nil {
		return err
	}
	in := aftersales.CountInput{Location: location, Part: v["part"].Ref(), Counted: v["counted"].Number(), Note: v["note"].Text()}
	if expected := v["expected"]; !expected.IsNull() {
		n := expected.Number()
		in.Expected = &n
	}
	if _, err = aftersales.CountStock(tx, in); fault.CodeOf(err) == aftersales.NotSeen {
		err = about("expected", err)
	}
	return err
}

var partRequestActions = []action{
	{
		Name: "approve", Need: auth.ApproveParts, Cause: aftersales.CausePartApprove, Takes: []schema.Column{takes("approved", schema.Quantity, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			asked, err := tx.Row("part_request", row)
			if err != nil {
				return err
			}
			if err := sameUnit("approved", v["approved"], aftersales.PartRequestOf(asked).Quantity.Unit); err != nil {
				return err
			}
			if q, given := v["approved"]; given && q.Number() <= 0 {
				return refused("approved", aftersales.BadQuantity, nil, "More than nothing is approved; else cancel the request.")
			}
			return aftersales.ApprovePart(tx, row, v["approved"].Number())
		},
	},
	{
		Name: "issue", Need: auth.MoveStock, Cause: aftersales.CausePartIssue, Needs: []string{"from_location"},
		Takes: []schema.Column{takes("from_location", schema.Ref, "location"), takes("serial", schema.Text, ""), takes("unit", schema.Ref, "unit")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			_, err := aftersales.IssueAsked(tx, aftersales.IssueAskedInput{Request: row, From: v["from_location"].Ref(), Serial: v["serial"].Text(), Unit: v["unit"].Ref()})
			return err
		},
	},
	{
		Name: "cancel", Need: auth.ApproveParts, Cause: aftersales.CausePartCancel, Needs: []string{"reason"}, Takes: []schema.Column{reason},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.CancelPart(tx, row, v["reason"].Text())
		},
	},
}

// makeLevel says what shall lie at a location, where nothing was said yet.
func makeLevel(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	part, err := aftersales.Survivor(tx, "part", v["part"].Ref())
	if err != nil {
		return record.ID{}, err
	}
	id := aftersales.StockLevelID(v["location"].Ref(), part)
	row, err := tx.Row("stock_level", id)
	if err == nil && row != nil {
		err = fault.Newf(fault.Exists, "The least and the most of this part there are set already: %s. Change them with PATCH.", id)
	}
	if err == nil {
		err = levelUnits(tx, part, v)
	}
	if err != nil {
		return id, err
	}
	return id, aftersales.SetLevel(tx, aftersales.LevelInput{
		Location: v["location"].Ref(), Part: part, Minimum: v["minimum"].Number(), Maximum: v["maximum"].Number(), Safety: v["safety"].Number(),
	})
}

// saveLevel changes what of it is given.
func saveLevel(tx aftersales.Tx, id record.ID, v record.Values) error {
	row, err := tx.Row("stock_level", id)
	if err == nil && row == nil {
		err = errNotFound
	}
	if err == nil {
		err = levelUnits(tx, row.Get("part").Ref(), v)
	}
	if err != nil {
		return err
	}
	after := func(column string) int64 {
		if given, ok := v[column]; ok {
			return given.Number()
		}
		return row.Get(column).Number()
	}
	if after("minimum") < 0 || after("safety") < 0 || after("maximum") < after("minimum") {
		return refused("maximum", aftersales.BadQuantity, nil, "The most must not be less than the least, and neither less than nothing.")
	}
	return aftersales.Edit(tx, aftersales.EditInput{Table: "stock_level", ID: id, Values: v})
}

// levelUnits puts quantities into the unit of their part.
func levelUnits(tx aftersales.Tx, part record.ID, v record.Values) error {
	row, err := tx.Row("part", part)
	if err != nil {
		return err
	}
	unit := aftersales.PartOf(row).Unit
	for _, name := range []string{"minimum", "maximum", "safety"} {
		q, given := v[name]
		if !given || q.IsNull() {
			continue
		}
		if err := sameUnit(name, q, unit); err != nil {
			return err
		}
		v[name] = record.Quantity(q.Number(), unit)
	}
	return nil
}
