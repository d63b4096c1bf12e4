package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// PositionScale is the scale of latitude and longitude: 1e-7 degrees, about a centimetre.
const PositionScale = 7

var siteColumns = slices.Concat(branch(), []schema.Column{
	ref(1, "party", "party"),
	text(2, "name", personal, searchable),
	code(3, "province"),
	text(4, "city", personal, searchable),
	text(5, "district", personal),
	text(6, "address", personal, searchable),
	code(7, "region"),              // city or suburb: service promises go by it
	text(8, "zone"),                // IANA, "Asia/Shanghai"
	text(9, "access_note", sealed), // door codes, where the key is
	text(10, "note", personal),
}, together("position",
	decimal(20, "latitude", PositionScale, personal), // WGS-84 degrees
	decimal(21, "longitude", PositionScale, personal),
), alias("site"), archive())

var siteTable = &schema.Table{
	ID: 14, Name: "site", Create: true, Alias: "merged_into",
	Columns: siteColumns,
	Buckets: []schema.Bucket{in(SiteBucket, "id")},
	Rights:  []schema.Right{{Name: RightWork, Columns: names(siteColumns, slices.Concat(notForDevices, []string{"region", "zone"})...)}},

	Withheld: tidied(siteColumns),
}

// Site is a row of the table site.
type Site struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Party      record.ID `json:"party"`
	Name       string    `json:"name"`
	Province   string    `json:"province"`
	City       string    `json:"city"`
	District   string    `json:"district"`
	Address    string    `json:"address"`
	Region     string    `json:"region"`
	Zone       string    `json:"zone"`
	AccessNote string    `json:"access_note"`
	Note       string    `json:"note"`
	Latitude   int64     `json:"latitude"`  // 1e-7 degrees
	Longitude  int64     `json:"longitude"` // 1e-7 degrees
	MergedInto record.ID `json:"merged_into"`
	ArchivedAt int64     `json:"archived_at"`
}

// SiteOf returns the row as a Site; the zero Site for nil.
func SiteOf(r *record.Row) Site { return view[Site](r) }

// Position is a place in WGS-84, in 1e-7 degrees.
type Position struct{ Latitude, Longitude int64 }

// BadPosition says that a position is not on Earth.
const BadPosition fault.Code = "bad_position"

// put writes the position's two columns, nothing for nil.
func (p *Position) put(values record.Values) error {
	if p == nil {
		return nil
	}
	if max(p.Latitude, -p.Latitude) > 90e7 || max(p.Longitude, -p.Longitude) > 180e7 {
		return fault.New(BadPosition, "latitude goes to 90 degrees, longitude to 180")
	}
	values["latitude"], values["longitude"] = record.Number(p.Latitude), record.Number(p.Longitude)
	return nil
}

// SiteInput says where a new site is.
type SiteInput struct {
	ID         record.ID // zero: a fresh one
	Branch     record.ID // zero: the party's, else the author's
	Party      record.ID
	Name       string
	Province   string
	City       string
	District   string
	Address    string
	Region     string
	Zone       string // IANA
	AccessNote string
	Position   *Position
}

// CreateSite makes a place where units stand. Codes: MissingText without name and address, BadPosition,
// fault.UnknownRow.
func CreateSite(tx Tx, in SiteInput) (record.ID, error) {
	if _, err := textFor("the site's name and address", in.Name+in.Address); err != nil {
		return record.ID{}, err
	}
	party, err := livingIf(tx, "party", in.Party)
	if err != nil {
		return record.ID{}, err
	}
	id, branch, _, err := identity(tx, in.ID, in.Branch, "", "", party)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(branch), "party": refTo(party), "name": optional(in.Name),
		"province": optional(in.Province), "city": optional(in.City), "district": optional(in.District),
		"address": optional(in.Address), "region": optional(in.Region), "zone": optional(in.Zone),
		"access_note": optional(in.AccessNote),
	}
	if err := in.Position.put(values); err != nil {
		return record.ID{}, err
	}
	return id, insert(tx, "site", id, values)
}
