package admin

// listings are all lists of the office.
var listings = append([]*Listing{customers, requests, discrepancies, findings, stock}, listsOf(Nouns)...)

// Nouns are the kinds of row whose pages are declared; package server gives them their permissions.
var Nouns = []*Noun{Assets, Products, Parts, Locations, Movements, PartRequests, HandOvers, Solutions, Documents, Checklists, Codes, Fields, Branches}

func listsOf(nouns []*Noun) (lists []*Listing) {
	for _, n := range nouns {
		lists = append(lists, n.Lists)
	}
	return lists
}

// Indexes returns the statements that make the office's lists fast, for the store to run before the first page.
func Indexes() (statements []string) {
	for _, l := range listings {
		statements = append(statements, l.List.Indexes...)
	}
	return append(statements, boardIndexes...)
}
