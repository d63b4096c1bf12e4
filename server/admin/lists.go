package admin

// listings are all lists of the office.
var listings = []*Listing{customers, requests, discrepancies, findings}

// Indexes returns the statements that make the office's lists fast, for the store to run before the first page.
func Indexes() (statements []string) {
	for _, l := range listings {
		statements = append(statements, l.List.Indexes...)
	}
	return append(statements, boardIndexes...)
}
