package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// placeHistory is the kind under which the versions stand of what promises go by of a site or a branch. Nobody publishes them as a
// policy: they follow from edits, and only a place that ever changed has some.
const placeHistory = "place"

// place is what promises go by of a site or a branch.
type place struct {
	Region string `json:"region,omitempty"` // of sites: city, suburb
	Zone   string `json:"zone,omitempty"`   // IANA, "Asia/Shanghai"
}

// Validate takes any.
func (place) Validate() error { return nil }

// placeOf returns what the row says now.
func placeOf(row *record.Row) (p place) {
	if row.Table.Column("region") >= 0 {
		p.Region = row.Get("region").Text()
	}
	p.Zone = row.Get("zone").Text()
	return p
}

// placeAt returns what a site or a branch was at an instant (ms UTC), for a promise that was made then; the zero place for nil.
func placeAt(v View, row *record.Row, at int64) (place, error) {
	if row == nil {
		return place{}, nil
	}
	versions, err := PolicyVersions(v, placeHistory, row.ID)
	if err != nil {
		return place{}, err
	}
	for _, version := range slices.Backward(versions) {
		if version.covers(at) {
			return policyOf[place](version)
		}
	}
	return placeOf(row), nil
}

// keepPlace writes down that a site or a branch is another place to promises from now on, and what it was before: promises
// were made by that. Codes: NotEditable on a phone, whose user a promise may bind.
func keepPlace(tx Tx, row *record.Row, values record.Values) error {
	was := placeOf(row)
	is := was
	for name, into := range map[string]*string{"region": &is.Region, "zone": &is.Zone} {
		if v, given := values[name]; given {
			*into = v.Text()
		}
	}
	if is == was {
		return nil
	}
	if !tx.Hub() {
		return fault.New(NotEditable, "the office says in which region and time zone a place lies: promises go by it")
	}
	return keepHistory(tx, placeHistory, row, was, is)
}
