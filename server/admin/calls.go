package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Calls are the call register: who called, wrote or was called, when, about what, and what became of it. Entries that another
// replaced, or that were taken back, stand in the history alone.
var Calls = &Noun{
	URL: callsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "call", ID: "c.id", Order: "-corrected",
			Where: "c._del = 0 AND c.channel IS NOT NULL AND NOT EXISTS (SELECT 1 FROM call x WHERE x.replaces = c.id AND x._del = 0)",
			From: "call c LEFT JOIN party p ON p.id = c.party LEFT JOIN contact k ON k.id = c.contact LEFT JOIN request r ON r.id = c.request" +
				" LEFT JOIN person a ON a.id = c.author LEFT JOIN code ch ON ch.list = 'channel' AND ch.code = c.channel AND ch._del = 0",
			Columns: []list.Column{
				{Name: "corrected", SQL: "c.corrected", Kind: list.Instant, Ref: "c.id", URL: callsURL + "/"},
				{Name: "direction", SQL: "c.direction", Kind: list.Code, Codes: "call.direction", Fixed: true},
				{Name: "channel", SQL: "ch.label", Kind: list.Translated, Fixed: true},
				{Name: "caller", SQL: "coalesce(k.name, c.caller)", Fixed: true},
				{Name: "phone", SQL: "c.phone", Fixed: true},
				{Name: "party", SQL: "p.name", Ref: "c.party", URL: customersURL + "/", Fixed: true},
				{Name: "model", SQL: "c.model", Fixed: true},
				{Name: "request", SQL: "r.number", Ref: "c.request", URL: requestsURL + "/", Fixed: true},
				{Name: "duration", SQL: "c.duration", Kind: list.Number, Fixed: true},
				{Name: "author", SQL: "a.name", Fixed: true},
				{Name: "address", SQL: "c.address", Fixed: true, Aside: true},
				{Name: "note", SQL: "c.note", Fixed: true, Aside: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("call", "c.id", "party", "c.party", "request", "c.request")},
				ofRow("party", "c.party"),
				{Name: "direction", Test: list.OneOf, Where: "c.direction", Codes: []string{aftersales.CallIn, aftersales.CallOut}, Names: "call.direction"},
				{Name: "since", Test: list.Since, Where: "c.corrected"},
				{Name: "until", Test: list.Until, Where: "c.corrected"},
			},
			Indexes: []string{`CREATE INDEX IF NOT EXISTS "call.corrected,id" ON call(corrected, id)`},
		},
		URL: callsURL, Title: "Calls", New: intakeURL, Make: "Take a call", Need: auth.TakeCalls,
		Empty: "Every call and letter will stand here, with the number, the customer and the machine it was about. Take a call to begin.",
	},
	One: &Detail{
		Table: "call", URL: callsURL, State: "direction",
		Facts: []string{
			"channel", "caller", "phone", "address", "model", "party", "contact", "request", "duration", "recording", "author", "occurred",
			"corrected", "replaces",
		},
		Texts: []string{"note"},
	},
	Deeds: []*Deed{{
		Name: "take-back", Title: "Take it off the register", Done: "Taken off the register. The history keeps it.", Cause: aftersales.CauseCallTakeBack, Need: auth.DeleteCalls,
		Hint: "The register shows it no longer, on no phone either. Who took it off, and why, stands in its history.",
		Asks: []schema.Column{ask("reason", schema.Text)}, Needed: []string{"reason"},
		Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
			_, err := aftersales.TakeBackCall(tx, row.ID, v["reason"].Text())
			return err
		},
	}},
}
