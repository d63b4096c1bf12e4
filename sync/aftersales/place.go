package aftersales

import (
	"encoding/json"
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
	versions, err := PolicyVersions(tx, placeHistory, row.ID)
	if err != nil {
		return err
	}
	if len(versions) == 0 {
		if err := was.keep(tx, row, 0); err != nil {
			return err
		}
	}
	return is.keep(tx, row, tx.Now())
}

// keep writes the version that holds from an instant on.
func (p place) keep(tx Tx, row *record.Row, from int64) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	branch, policy := row.Get("branch"), PolicyID(placeHistory, row.ID)
	if row.Table.Name == "branch" {
		branch = record.Ref(row.ID)
	}
	if err := upsert(tx, "policy", policy, record.Values{"kind": record.Text(placeHistory), "branch": branch}); err != nil {
		return err
	}
	return insert(tx, "policy_version", tx.NewID(), record.Values{
		"branch": branch, "policy": record.Ref(policy), "kind": record.Text(placeHistory), "valid_from": record.Instant(from),
		"body": record.Text(string(body)), "author": record.Ref(tx.Author()),
	})
}

// promisedBefore are the columns of a request by which it is decided what was promised.
var promisedBefore = []string{"site", "severity", "service_level", "service_class", "type"}

// checkRequestEdit refuses to change what was promised to a request that is over. Codes: WrongState.
func checkRequestEdit(row *record.Row, values record.Values) error {
	for _, name := range promisedBefore {
		if v, given := values[name]; given && v != row.Get(name) && RequestOf(row).Over() {
			return fault.Newf(WrongState, "the request is over, and what was promised to it stays: reopen it to change its %v", readable(name))
		}
	}
	return nil
}
