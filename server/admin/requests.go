package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
)

// requestStates are the states in the order in which a request goes through them.
var requestStates = []string{
	aftersales.RequestNew, aftersales.RequestEscalated, aftersales.RequestDepot, aftersales.RequestOnSite,
	aftersales.RequestSolved, aftersales.RequestClosed, aftersales.RequestCancelled,
}

// requests is the list of what customers asked for.
var requests = &Listing{
	List: &list.List{
		Name: "request",
		From: "request r LEFT JOIN party p ON p.id = r.party LEFT JOIN unit u ON u.id = r.unit LEFT JOIN person h ON h.id = r.handler" +
			" LEFT JOIN team g ON g.id = r.handler_team LEFT JOIN code sv ON sv.list = 'severity' AND sv.code = r.severity AND sv._del = 0" +
			" LEFT JOIN code ch ON ch.list = 'channel' AND ch.code = r.channel AND ch._del = 0",
		ID: "r.id", Where: "r._del = 0", Order: "-received_at",
		Columns: []list.Column{
			{Name: "number", SQL: "r.number", Ref: "r.id", URL: requestsURL + "/"},
			{Name: "state", SQL: "r.state", Kind: list.Code, Codes: "request.state"},
			{Name: "title", SQL: "coalesce(r.title, r.description)", Fixed: true},
			{Name: "party", SQL: "p.name", Ref: "r.party", URL: customersURL + "/", Fixed: true},
			{Name: "unit", SQL: calledUnit("u"), Fixed: true},
			{Name: "severity", SQL: "sv.label", Kind: list.Translated, Fixed: true},
			{Name: "priority", SQL: "r.priority", Kind: list.Number, Fixed: true, Aside: true},
			{Name: "handler", SQL: "coalesce(h.name, g.name)", Fixed: true},
			{Name: "received_at", SQL: "r.received_at", Kind: list.Instant},
			{Name: "due_at", SQL: "r.due_at", Kind: list.Instant},
			{Name: "type", SQL: "r.type", Kind: list.Code, Codes: "request.type", Fixed: true, Aside: true},
			{Name: "service_class", SQL: "r.service_class", Kind: list.Code, Codes: "request.service_class", Fixed: true, Aside: true},
			{Name: "channel", SQL: "ch.label", Kind: list.Translated, Fixed: true, Aside: true},
			{Name: "level", SQL: "r.level", Kind: list.Number, Fixed: true, Aside: true},
		},
		Filters: []list.Filter{
			{Name: "q", Test: list.Search, In: list.In("request", "r.id", "party", "r.party", "unit", "r.unit")},
			ofRow("party", "r.party"), ofRow("unit", "r.unit"),
			{Name: "state", Test: list.OneOf, Where: "r.state", Codes: requestStates, Names: "request.state"},
			{Name: "unanswered", Test: list.Is, Where: "r.first_response_at IS NULL AND r.state IN ('new', 'escalated', 'depot', 'on_site')"},
			{Name: "overdue", Test: list.Is, Where: "r.due_at < unixepoch('subsec') * 1000 AND r.state IN ('new', 'escalated', 'depot', 'on_site')"},
			archived("r"),
		},
		Indexes: []string{
			`CREATE INDEX IF NOT EXISTS "request.received,id" ON request(received_at, id)`,
			`CREATE INDEX IF NOT EXISTS "request.due,id" ON request(due_at, id)`,
			`CREATE INDEX IF NOT EXISTS "request.number,id" ON request(number, id)`,
			`CREATE INDEX IF NOT EXISTS "request.state,id" ON request(state, id)`,
		},
	},
	Each: requestsEach,
	URL:  requestsURL, Title: "Requests", New: intakeURL, Make: "Take a call", Need: auth.TakeCalls,
	Empty: "What customers ask for will stand here, from the first call to the last word. Take a call to begin.",
}

// ListRequests shows what customers asked for.
func (o *Office) ListRequests(v *Visit) error { return o.ShowList(v, requests, nil) }

var requestForm = &Form{
	Table: "request",
	Columns: []string{
		"title", "description", "contact", "site", "unit", "type", "service_class", "severity", "priority", "channel",
		"service_level", "fault_code", "note", "fields",
	},
	Lists: map[string]string{
		"severity": aftersales.ListSeverity, "channel": aftersales.ListChannel, "fault_code": aftersales.ListFault,
		"service_level": aftersales.ListServiceLevel,
	},
	URL: requestsURL, Edit: "Edit request %s",
}

// EditRequest shows the form that changes a request.
func (o *Office) EditRequest(v *Visit) error { return o.ShowEdit(v, requestForm) }

// SaveRequest writes what was changed.
func (o *Office) SaveRequest(v *Visit) error { return o.SendEdit(v, requestForm) }
