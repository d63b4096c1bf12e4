package admin

import "fieldsync/server/auth"

// place is an entry of an area: a page that has others beside it.
type place struct {
	url, label string
	need       auth.Permission
}

// areas gather pages that belong together under one entry of the rail: the first place of each.
var areas = [][]place{
	{
		{conflictsURL, "Conflicts", auth.SeeInbox},
		{refusedURL, "Refused changes", auth.SeeInbox},
		{discrepanciesURL, "Discrepancies", auth.SeeInbox},
		{findingsURL, "Leakage and refunds due", auth.SeeInbox},
		{noticesURL, "Notices", auth.SeeNotices},
	},
	{
		{peopleURL, "People", auth.SeePeople},
		{teamsURL, "Groups", auth.SeePeople},
		{rolesURL, "Roles and rights", auth.SeePeople},
		{auditURL, "Audit trail", auth.SeeAudit},
		{deedsURL, "Deeds and chain", auth.SeeAudit},
	},
	{
		{requestsURL, "Requests", auth.SeeRequests},
		{callsURL, "Calls", auth.SeeRequests},
	},
	{
		{jobsURL, "Jobs", auth.SeeJobs},
		{goodsURL, "Customers' goods", auth.SeeJobs},
		{dayReportsURL, "Daily reports", auth.SeeStatistics},
	},
	{
		{customersURL, "Customers", auth.SeeCustomers},
		{customerGroupsURL, "Customer groups", auth.SeeCustomers},
	},
	{
		{assetsURL, "Machines", auth.SeeAssets},
		{productsURL, "Models", auth.SeeProducts},
	},
	{
		{partsURL, "Parts", auth.SeeParts},
		{stockURL, "Stock", auth.SeeParts},
		{locationsURL, "Locations", auth.SeeParts},
		{partRequestsURL, "Part requests", auth.SeeParts},
		{movementsURL, "Movements", auth.SeeParts},
		{handOversURL, "Hand-overs", auth.SeeParts},
	},
	{
		{solutionsURL, "Solutions", auth.SeeKnowledge},
		{documentsURL, "Documents", auth.SeeKnowledge},
		{checklistsURL, "Checklists", auth.SeeChecklists},
	},
	{
		{devicesURL, "Devices", auth.SeeDevices},
		{broughtURL, "Brought by hand", auth.EnrolDevices},
	},
	{
		{settingsURL, "Company", auth.EditSettings},
		{templateURL, "Service slip template", auth.EditSettings},
		{policiesURL, "Policies", auth.SeePolicies},
		{codesURL, "Code lists", auth.EditSettings},
		{substatesURL, "Sub-states", auth.EditSettings},
		{fieldsURL, "Fields", auth.EditSettings},
		{numbersURL, "Numbers", auth.EditSettings},
		{branchesURL, "Branches", auth.EditSettings},
		{importsURL, "Import", auth.ImportData},
		{keysURL, "Keys of other systems", auth.ImportData},
		{programsURL, "Programs", auth.ManageTokens},
		{webhooksURL, "Webhooks", auth.ManageWebhooks},
	},
}

type tabView struct {
	URL, Label string
	Here       bool
}

// tabs returns the places beside a page, and the entry of the rail that it belongs to.
func (v *Visit) tabs(here string) (tabs []tabView, entry string) {
	for _, area := range areas {
		if !within(area, here) {
			continue
		}
		for _, p := range area {
			if v.Who.May(p.need) {
				tabs = append(tabs, tabView{p.url, v.t(p.label), p.url == here})
			}
		}
		return tabs, area[0].url
	}
	return nil, here
}

// entry returns where an entry of the rail leads: to the first place of its area that the visitor may see; "" to none.
func (v *Visit) entry(url string, need auth.Permission) string {
	if v.Who.May(need) {
		return url
	}
	for _, area := range areas {
		if area[0].url != url {
			continue
		}
		for _, p := range area {
			if v.Who.May(p.need) {
				return p.url
			}
		}
	}
	return ""
}

func within(area []place, url string) bool {
	for _, p := range area {
		if p.url == url {
			return true
		}
	}
	return false
}
