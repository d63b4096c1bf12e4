package admin

import (
	"cmp"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// usualKinds are between what kinds of location parts usually move, by why they do: from the first kind that there is one
// of, to the first.
var usualKinds = map[string]struct{ from, to []string }{
	aftersales.MoveReceipt:  {[]string{aftersales.LocationSupplier}, []string{aftersales.LocationCentral, aftersales.LocationBranch}},
	aftersales.MoveIssue:    {[]string{aftersales.LocationBranch, aftersales.LocationCentral}, []string{aftersales.LocationVan}},
	aftersales.MoveTransfer: {[]string{aftersales.LocationCentral}, []string{aftersales.LocationBranch, aftersales.LocationVan}},
	aftersales.MoveReturn:   {[]string{aftersales.LocationCustomer}, []string{aftersales.LocationBranch, aftersales.LocationCentral}},
	aftersales.MoveScrap:    {[]string{aftersales.LocationBranch, aftersales.LocationCentral}, []string{aftersales.LocationScrap}},
}

// usualPlaces are where parts usually come from and go to, by the cause in the URL. Where there are several to choose from,
// none: the wrong van would be believed.
func usualPlaces(v *Visit, r Reader) (map[string]record.Value, error) {
	branch, err := v.ownBranch(r)
	if err != nil {
		return nil, err
	}
	usual, begin := usualKinds[cmp.Or(v.query("cause"), aftersales.MoveReceipt)], map[string]record.Value{}
	for column, kinds := range map[string][]string{"from_location": usual.from, "to_location": usual.to} {
		for _, kind := range kinds {
			place, err := onlyPlace(r, kind, branch)
			if err != nil {
				return nil, err
			}
			if !place.IsZero() {
				begin[column] = record.Ref(place)
				break
			}
		}
	}
	return begin, nil
}

// ownBranch returns the branch where the visitor works; zero for one who works for the whole company.
func (v *Visit) ownBranch(r Reader) (record.ID, error) {
	person, err := r.Row(record.Key{Table: v.office.Schema.Table("person").ID, ID: v.Who.ID})
	if err != nil || person == nil {
		return record.ID{}, err
	}
	return person.Get("branch").Ref(), nil
}

// onlyPlace returns the one location of a kind that the branch has, or the company where it has one for all; zero where
// that says nothing.
func onlyPlace(r Reader, kind string, branch record.ID) (record.ID, error) {
	var own, all []record.ID
	err := r.Select(func(q *sqlrow.Rows) error {
		all = append(all, q.ID(0))
		if q.ID(1) == branch {
			own = append(own, q.ID(0))
		}
		return q.Err()
	}, "SELECT id, branch FROM location WHERE kind = ? AND archived_at IS NULL AND _del = 0 ORDER BY id", kind)
	switch {
	case len(own) == 1 && !branch.IsZero():
		return own[0], err
	case len(own) == 0 && len(all) == 1:
		return all[0], err
	}
	return record.ID{}, err
}
