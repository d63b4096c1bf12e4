package admin

import "slices"

// listings are all lists of the office.
var listings = append([]*Listing{Jobs, customers, requests, discrepancies, findings, stock, keysList, people, devices, conflicts, refused, imports, programs, webhooks}, listsOf(Nouns)...)

// Listings are all lists of the office, of which each is filtered, sorted, paged and exported by the same means.
func Listings() []*Listing { return listings }

// Nouns are the kinds of row whose pages are declared; package server gives them their permissions.
var Nouns = []*Noun{Assets, Products, Parts, Locations, Movements, PartRequests, HandOvers, Notices, Solutions, Documents, Checklists, Codes, Fields, Branches, Teams, Substates, Calls, CustomerGroups, Goods}

func listsOf(nouns []*Noun) (lists []*Listing) {
	for _, n := range nouns {
		n.Lists.Each = n.each()
		lists = append(lists, n.Lists)
	}
	return lists
}

// Several are the lists of whose rows several can be done something to at once; package server gives each its URL.
func Several() (list []*Each) {
	for _, l := range listings {
		if l.Each != nil {
			list = append(list, l.Each)
		}
	}
	return list
}

// Indexes returns the statements that make the office's lists fast, for the store to run before the first page.
func Indexes() (statements []string) {
	for _, l := range listings {
		statements = append(statements, l.List.Indexes...)
	}
	return slices.Concat(statements, boardIndexes, dayIndexes)
}
