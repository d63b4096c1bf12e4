package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

var moveCauses = []string{
	aftersales.MoveRepairUse, aftersales.MoveSaleUse, aftersales.MoveReturn, aftersales.MoveIssue, aftersales.MoveTransfer,
	aftersales.MoveReceipt, aftersales.MoveScrap, aftersales.MoveCount, aftersales.MoveSwap,
}

// Movements are the ledger of what went from where to where. Nothing in it is changed: a correction is a movement of its
// own.
var Movements = &Noun{
	URL: movementsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "movement", ID: "m.id", Where: "m._del = 0", Order: "-corrected",
			From: "movement m LEFT JOIN part p ON p.id = m.part LEFT JOIN location f ON f.id = m.from_location LEFT JOIN location t ON t.id = m.to_location LEFT JOIN job j ON j.id = m.job LEFT JOIN person a ON a.id = m.author",
			Columns: []list.Column{
				{Name: "corrected", SQL: "m.corrected", Kind: list.Instant, Ref: "m.id", URL: movementsURL + "/"},
				{Name: "cause", SQL: "m.cause", Kind: list.Code, Codes: "movement.cause", Fixed: true},
				{Name: "part", SQL: "p.code", Ref: "m.part", URL: partsURL + "/", Fixed: true},
				{Name: "quantity", SQL: "m.quantity", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "m.quantity_unit", Fixed: true},
				{Name: "serial", SQL: "m.serial", Fixed: true},
				{Name: "from_location", SQL: "f.name", Ref: "m.from_location", URL: locationsURL + "/", Fixed: true},
				{Name: "to_location", SQL: "t.name", Ref: "m.to_location", URL: locationsURL + "/", Fixed: true},
				{Name: "job", SQL: "j.number", Ref: "m.job", URL: jobsURL + "/", Fixed: true},
				{Name: "author", SQL: "a.name", Fixed: true},
				{Name: "condition", SQL: "m.condition", Kind: list.Code, Codes: "movement.condition", Fixed: true, Aside: true},
				{Name: "note", SQL: "m.note", Fixed: true, Aside: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("movement", "m.id", "part", "m.part", "job", "m.job")},
				{Name: "location", Test: list.Refers, Where: "m.from_location = ? OR m.to_location = ?", Options: ourLocations},
				{Name: "cause", Test: list.OneOf, Where: "m.cause", Codes: moveCauses, Names: "movement.cause"},
				{Name: "since", Test: list.Since, Where: "m.corrected"},
				{Name: "until", Test: list.Until, Where: "m.corrected"},
			},
			Indexes: []string{`CREATE INDEX IF NOT EXISTS "movement.corrected,id" ON movement(corrected, id)`},
		},
		URL: movementsURL, Title: "Movements", New: movementsURL + "/new", Make: "Move parts", Need: auth.MoveStock,
		Empty: "Every part that is received, issued, used, returned or counted will stand here, with who moved it. Receive parts from the supplier to begin.",
	},
	One: &Detail{
		Table: "movement", URL: movementsURL, Form: movementForm, State: "cause",
		Facts: []string{
			"part", "quantity", "serial", "lot", "condition", "owner", "owner_party", "from_location", "to_location", "cause", "job", "unit",
			"unit_cost", "author", "tag", "note", "occurred", "corrected", "replaces",
		},
		Sections: []sectionOf{{table: "movement", via: "replaces", columns: []string{"quantity", "note"}, url: movementsURL + "/"}},
	},
	Deeds: []*Deed{{
		Name: "correct", Title: "Correct it", Done: "Corrected. Both stand in the ledger, and only the later one counts.", Cause: aftersales.CausePartCorrect, Need: auth.MoveStock,
		Hint: "Say how much it should have been; nothing takes it back. The movement stays, and another replaces it.",
		Asks: []schema.Column{ask("quantity", schema.Quantity), ask("note", schema.Text)}, Needed: []string{"quantity", "note"},
		Begin: func(_ *builder, row *record.Row) (map[string]record.Value, error) {
			return map[string]record.Value{"quantity": row.Get("quantity")}, nil
		},
		Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
			_, err := aftersales.CorrectMovement(tx, aftersales.CorrectInput{Movement: row.ID, Amount: v["quantity"].Number(), Note: v["note"].Text()})
			return err
		},
	}},
}

// movementForm moves parts. What the office itself moves: use at a job is the job's.
var movementForm = &Form{
	Table: "movement",
	Asks: []schema.Column{
		ask("cause", schema.Enum, aftersales.MoveReceipt, aftersales.MoveIssue, aftersales.MoveTransfer, aftersales.MoveReturn, aftersales.MoveScrap),
		askRow("part", "part"), ask("quantity", schema.Quantity), ask("serial", schema.Text), askRow("from_location", "location"),
		askRow("to_location", "location"), ask("condition", schema.Enum, aftersales.Good, aftersales.Defective, aftersales.Refurbished),
		askRow("job", "job"), ask("unit_cost", schema.Money), ask("note", schema.Text),
	},
	Needed:   []string{"cause", "part", "quantity"},
	Defaults: map[string]string{"cause": aftersales.MoveReceipt, "quantity": "1", "condition": aftersales.Good},
	Refills:  "cause", Begin: usualPlaces,
	URL: movementsURL, New: "Move parts", Make: "Move", Made: "Moved.",
	Hint:  "A receipt needs no place that it comes from, scrap none that it goes to. A return from a customer belongs to a job; one from a van back to a store needs none.",
	Cause: aftersales.CausePartTransfer,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		move := map[string]func(aftersales.Tx, aftersales.MoveInput) (record.ID, error){
			aftersales.MoveReceipt: aftersales.ReceivePart, aftersales.MoveIssue: aftersales.IssuePart,
			aftersales.MoveTransfer: aftersales.TransferPart, aftersales.MoveReturn: aftersales.ReturnPart, aftersales.MoveScrap: aftersales.ScrapPart,
		}[v["cause"].Text()]
		if move == nil {
			return record.ID{}, errForm
		}
		if cause := v["cause"].Text(); comesFromNowhere(v["from_location"]) && cause != aftersales.MoveReceipt && cause != aftersales.MoveReturn {
			return record.ID{}, fault.New(fault.Invalid, "Say where it comes from.")
		}
		return move(tx, aftersales.MoveInput{
			Part: v["part"].Ref(), Quantity: quantityOf(v["quantity"]), Serial: v["serial"].Text(), From: v["from_location"].Ref(),
			To: v["to_location"].Ref(), Condition: v["condition"].Text(), Job: v["job"].Ref(), UnitCost: moneyOf(v["unit_cost"]), Note: v["note"].Text(),
		})
	},
}

// comesFromNowhere reports whether a place is none, or the supplier, as the form has it for a receipt.
func comesFromNowhere(from record.Value) bool {
	return from.IsNull() || from.Ref() == aftersales.VirtualLocation(aftersales.LocationSupplier)
}

var partRequestStates = []string{aftersales.PartAsked, aftersales.PartApproved, aftersales.PartIssued, aftersales.PartCancelled}

// PartRequests are what technicians ask the store for.
var PartRequests = &Noun{
	URL: partRequestsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "part_request", ID: "q.id", Where: "q._del = 0", Order: "-asked_at",
			From: "part_request q LEFT JOIN part p ON p.id = q.part LEFT JOIN location l ON l.id = q.location LEFT JOIN job j ON j.id = q.job LEFT JOIN person a ON a.id = q.author",
			Columns: []list.Column{
				{Name: "number", SQL: "q.number", Ref: "q.id", URL: partRequestsURL + "/", Fixed: true},
				{Name: "state", SQL: "q.state", Kind: list.Code, Codes: "part_request.state", Fixed: true},
				{Name: "part", SQL: "p.code", Ref: "q.part", URL: partsURL + "/", Fixed: true},
				{Name: "quantity", SQL: "q.quantity", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "q.quantity_unit", Fixed: true},
				{Name: "location", SQL: "l.name", Ref: "q.location", URL: locationsURL + "/", Fixed: true},
				{Name: "job", SQL: "j.number", Ref: "q.job", URL: jobsURL + "/", Fixed: true},
				{Name: "author", SQL: "a.name", Fixed: true},
				{Name: "needed_on", SQL: "q.needed_on", Kind: list.Date},
				{Name: "asked_at", SQL: "q.asked_at", Kind: list.Instant},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("part_request", "q.id", "part", "q.part")},
				{Name: "state", Test: list.OneOf, Where: "q.state", Codes: partRequestStates, Names: "part_request.state"},
				{Name: "location", Test: list.Refers, Where: "q.location", Options: ourLocations},
			},
			Indexes: []string{
				`CREATE INDEX IF NOT EXISTS "part_request.asked_at,id" ON part_request(asked_at, id)`,
				`CREATE INDEX IF NOT EXISTS "part_request.needed_on,id" ON part_request(needed_on, id)`,
			},
		},
		URL: partRequestsURL, Title: "Part requests", New: partRequestsURL + "/new", Make: "Ask for a part", Need: auth.RequestParts,
		Empty: "What technicians ask the store for will stand here, to be approved and issued.",
	},
	One: &Detail{
		Table: "part_request", URL: partRequestsURL, Form: partRequestForm, State: "state",
		Facts: []string{"part", "quantity", "location", "job", "author", "needed_on", "asked_at", "approved", "approved_by", "movement", "reason"}, Texts: []string{"note"},
	},
	More: func(b *builder, row *record.Row) ([]block, error) {
		shown, err := b.balances(row.Get("part").Ref())
		shown.Title, shown.Empty = b.v.t("Where it lies"), b.v.t("None of it lies anywhere.")
		return []block{shown}, err
	},
	Deeds: []*Deed{
		{
			Name: "approve", Title: "Approve", Done: "Approved. The store can issue it.", Cause: aftersales.CausePartApprove, Need: auth.ApproveParts,
			Asks: []schema.Column{ask("approved", schema.Quantity)},
			Fits: stateIs(aftersales.PartAsked),
			Begin: func(_ *builder, row *record.Row) (map[string]record.Value, error) {
				return map[string]record.Value{"approved": row.Get("quantity")}, nil
			},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.ApprovePart(tx, row.ID, v["approved"].Number())
			},
		},
		{
			Name: "issue", Title: "Issue it", Done: "Issued. It lies at the location from now on.", Cause: aftersales.CausePartIssue, Need: auth.MoveStock,
			Asks: []schema.Column{askRow("from_location", "location"), ask("serial", schema.Text), askRow("unit", "unit")}, Needed: []string{"from_location"},
			Fits: stateIs(aftersales.PartApproved),
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				_, err := aftersales.IssueAsked(tx, aftersales.IssueAskedInput{Request: row.ID, From: v["from_location"].Ref(), Serial: v["serial"].Text(), Unit: v["unit"].Ref()})
				return err
			},
		},
		{
			Name: "cancel", Title: "Call it off", Done: "Called off.", Cause: aftersales.CausePartCancel, Need: auth.ApproveParts,
			Asks: []schema.Column{ask("reason", schema.Text)}, Needed: []string{"reason"},
			Fits: stateIs(aftersales.PartAsked, aftersales.PartApproved),
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.CancelPart(tx, row.ID, v["reason"].Text())
			},
		},
	},
}

// stateIs returns whether a row is in one of the states.
func stateIs(states ...string) func(*record.Row) bool {
	return func(row *record.Row) bool {
		for _, s := range states {
			if row.Get("state").Text() == s {
				return true
			}
		}
		return false
	}
}

var partRequestForm = &Form{
	Table: "part_request",
	Asks: []schema.Column{
		askRow("part", "part"), ask("quantity", schema.Quantity), askRow("location", "location"), askRow("job", "job"),
		ask("needed_on", schema.Date), ask("note", schema.Text),
	},
	Needed: []string{"part", "quantity", "location"},
	URL:    partRequestsURL, New: "Ask for a part", Make: "Ask for it", Made: "Asked for.", Cause: aftersales.CausePartAsk,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		return aftersales.AskPart(tx, aftersales.AskPartInput{
			Part: v["part"].Ref(), Quantity: quantityOf(v["quantity"]), Location: v["location"].Ref(), Job: v["job"].Ref(),
			NeededOn: v["needed_on"].Number(), Note: v["note"].Text(),
		})
	},
}

// HandOvers are the halves of what technicians gave each other without network.
var HandOvers = &Noun{
	URL: handOversURL,
	Lists: &Listing{
		List: &list.List{
			Name: "hand_over", ID: "h.id", Where: "h._del = 0", Order: "-corrected",
			From: "hand_over h LEFT JOIN part p ON p.id = h.part LEFT JOIN person g ON g.id = h.giver LEFT JOIN person t ON t.id = h.taker",
			Columns: []list.Column{
				{Name: "corrected", SQL: "h.corrected", Kind: list.Instant, Ref: "h.id", URL: handOversURL + "/"},
				{Name: "half", SQL: "h.half", Kind: list.Code, Codes: "hand_over.half", Fixed: true},
				{Name: "part", SQL: "p.code", Ref: "h.part", URL: partsURL + "/", Fixed: true},
				{Name: "quantity", SQL: "h.quantity", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "h.quantity_unit", Fixed: true},
				{Name: "giver", SQL: "g.name", Fixed: true},
				{Name: "taker", SQL: "t.name", Fixed: true},
				{Name: "met", SQL: "EXISTS (SELECT 1 FROM hand_over o WHERE o.name = h.name AND o.half <> h.half AND o._del = 0)", Kind: list.Flag, Fixed: true},
				{Name: "expires", SQL: "h.expires", Kind: list.Instant, Fixed: true, Aside: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("part", "h.part", "person", "h.giver", "person", "h.taker")},
				{Name: "open", Test: list.Is, Where: "NOT EXISTS (SELECT 1 FROM hand_over o WHERE o.name = h.name AND o.half <> h.half AND o._del = 0)"},
			},
			Indexes: []string{`CREATE INDEX IF NOT EXISTS "hand_over.corrected,id" ON hand_over(corrected, id)`},
		},
		URL: handOversURL, Title: "Hand-overs",
		Empty: "What technicians give each other from van to van will stand here, both halves of it, even when neither phone had signal.",
	},
	One: &Detail{
		Table: "hand_over", URL: handOversURL, State: "half",
		Facts: []string{"part", "quantity", "serial", "giver", "taker", "location", "movement", "occurred", "corrected", "expires"},
	},
}
