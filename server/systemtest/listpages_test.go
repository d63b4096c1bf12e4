package systemtest

import (
	"encoding/csv"
	"regexp"
	"strconv"
	"strings"

	"fieldsync/server/admin"
)

// Pages with a table of their own that is no list to work with, and why.
var noLists = map[string]string{
	"/": "what needs a person now, in the order in which it burns", "/intake": "one call at a time", "/board": "a plan", "/map": "a map", "/search": "found by rank",
	"/audit": "the order of the chain is what it says; it is filtered, paged and exported", "/audit/deeds": "the same, of deeds",
	"/customers/duplicates": "pairs, the likeliest first", "/told": "what a person was told, the latest first", "/numbers": "one line a series", "/policies": "one line a kind",
	"/settings": "one line a setting", "/roles": "a matrix", "/second-step": "his own keys", "/day-reports": "what everybody did in a day",
}

var (
	sortsBy   = regexp.MustCompile(`<a href="([^"]*[?&;]sort=[^"]*)"`)
	shownRows = regexp.MustCompile(`(\d+) shown of (?:more than )?(\d+)`)
	rowOnPage = regexp.MustCompile(`id="[rc]-[^"]+"[^>]* data-row`)
	filter    = regexp.MustCompile(`(?:type="search"|data-submit|class="tabs")`)
	nextPage  = regexp.MustCompile(`<a href="([^"]+)" rel="next"`)
)

// worksWithLists opens every list of the office where there is something in it: each is narrowed, sorted by the heads of
// its columns, which say how it is, paged to its end, and the file has what the pages showed.
func (g *glass) worksWithLists(pages []string) {
	g.t.Helper()
	known := map[string]bool{}
	for _, l := range admin.Listings() {
		known[l.URL] = true
		g.worksWithList(l)
	}
	for _, path := range pages {
		plain, _, _ := strings.Cut(path, "?")
		if strings.Count(plain, "/") > 2 || known[plain] || noLists[plain] != "" || anyID.MatchString(plain) {
			continue
		}
		if g.get(path); strings.Contains(g.body, `<table class="list`) {
			g.t.Errorf("%s shows a table that is no list, and nobody said why", path)
		}
	}
}

func (g *glass) worksWithList(l *admin.Listing) {
	g.t.Helper()
	g.get(l.URL)
	shown := shownRows.FindStringSubmatch(g.body)
	if shown == nil {
		if !strings.Contains(g.body, `class="empty"`) {
			g.t.Errorf("%s shows neither rows nor what will stand there", l.URL)
		}
		return
	}
	if !filter.MatchString(g.body) {
		g.t.Errorf("%s is narrowed by nothing", l.URL)
	}
	if !strings.Contains(g.body, "aria-sort=") && !strings.Contains(g.body, `aria-current="true"`) {
		g.t.Errorf("%s does not say how it is sorted", l.URL)
	}
	if strings.Contains(g.body, `title="Too many`) && shown[2] != "1000" {
		g.t.Errorf("%s is too long to be sorted at %s rows", l.URL, shown[2])
	}
	orders := sortsBy.FindAllStringSubmatch(g.body, -1)
	if len(orders) == 0 {
		g.t.Errorf("%s is sorted by nothing", l.URL)
	}
	for _, order := range orders {
		if g.get(order[1]); len(rowOnPage.FindAllString(g.body, -1)) != number(shown[1]) {
			g.t.Errorf("%s shows other than %s rows", order[1], shown[1])
		}
	}
	g.pagesAndFilesAgree(l, shown[2])
}

// pagesAndFilesAgree reads a list to its end, and as a file.
func (g *glass) pagesAndFilesAgree(l *admin.Listing, total string) {
	g.t.Helper()
	rows := 0
	for path := l.URL; path != ""; {
		g.get(path)
		rows += len(rowOnPage.FindAllString(g.body, -1))
		next := nextPage.FindStringSubmatch(g.body)
		if path = ""; next != nil {
			path = next[1]
		}
	}
	g.get(l.URL + "?format=xlsx")
	if !strings.HasPrefix(g.body, "PK") {
		g.t.Errorf("%s is no workbook", l.URL)
	}
	g.get(l.URL + "?format=csv")
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(g.body, "\uFEFF"))).ReadAll()
	if err != nil || len(lines) != rows+1 || rows != number(total) && number(total) != 1000 {
		g.t.Errorf("%s: %d rows on its pages, %d in its file, %s in all; %v", l.URL, rows, len(lines)-1, total, err)
	}
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
