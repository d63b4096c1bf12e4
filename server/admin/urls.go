package admin

import (
	"net/url"
	"strings"

	"fieldsync/server/list"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// The URLs that pages and redirects name. Package server lists them all, with their actions.
const (
	signInURL     = "/sign-in"
	signOutURL    = "/sign-out"
	passwordURL   = "/password"
	homeURL       = "/"
	intakeURL     = "/intake"
	requestsURL   = "/requests"
	slipsURL      = "/slips"
	callsURL      = "/calls"
	jobsURL       = "/jobs"
	goodsURL      = "/goods"
	dayReportsURL = "/day-reports"
	boardURL      = "/board"
	mapURL        = "/map"
	conflictsURL  = "/conflicts"
	refusedURL    = "/refused"
	devicesURL    = "/devices"
	broughtURL    = "/brought"
	peopleURL     = "/people"
	liveURL       = "/live"

	assetsURL         = "/assets"
	productsURL       = "/products"
	partsURL          = "/parts"
	stockURL          = "/stock"
	customerGroupsURL = "/customer-groups"
	locationsURL      = "/locations"
	partRequestsURL   = "/part-requests"
	movementsURL      = "/movements"
	handOversURL      = "/hand-overs"
	noticesURL        = "/notices"
	toldURL           = "/told"
	solutionsURL      = "/knowledge"
	documentsURL      = "/documents"
	checklistsURL     = "/checklists"
	policiesURL       = "/policies"
	settingsURL       = "/settings"
	codesURL          = "/codes"
	fieldsURL         = "/fields"
	numbersURL        = "/numbers"
	branchesURL       = "/branches"
	teamsURL          = "/groups"
	substatesURL      = "/substates"
	importsURL        = "/import"
	keysURL           = "/keys"
	programsURL       = "/programs"
	webhooksURL       = "/webhooks"
	auditURL          = "/audit"
	deedsURL          = "/audit/deeds"
	staticURL         = "/static/"
)

func jobURL(id record.ID) string { return jobsURL + "/" + id.String() }

var errNoPage = fault.New(NotFound, "There is no such page. It may have moved, or the link is incomplete.")

// id returns the id in the URL. The error is a *fault.Error with the code NotFound.
func (v *Visit) id() (record.ID, error) {
	id, err := record.ParseID(v.r.PathValue("id"))
	if err != nil {
		return id, errNoPage
	}
	return id, nil
}

// local returns where to go afterwards: a path of ours, never another host's, else the fallback.
func local(to, fallback string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, "\\") {
		return fallback
	}
	return to
}

// pager leads to the next page of a list and says how much there is.
type pager struct {
	Shown int
	Total int    // how many there are; of a list that is not counted to its end, list.CountMost and one
	Least int    // there are more than that, 0 where Total is how many there are
	Next  string // URL; "" after the last page
	First string // URL of the first page; "" on it
}

// pageSize is how many entries a page of a list shows.
const pageSize = 50

func (v *Visit) pager(shown, total int, next string) pager {
	p := pager{Shown: shown, Total: total}
	if total == list.CountMost+1 {
		p.Least = list.CountMost
	}
	if next != "" {
		p.Next = v.with("after", next)
	}
	if v.query("after") != "" {
		p.First = v.with("after", "")
	}
	return p
}

// with returns the page's URL with one parameter of its query set, or removed where the value is empty.
func (v *Visit) with(name, value string) string {
	q := v.r.URL.Query()
	if value == "" {
		q.Del(name)
	} else {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return v.r.URL.Path
	}
	return v.r.URL.Path + "?" + q.Encode()
}
