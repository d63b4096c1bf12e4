package aftersales

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

var contactColumns = slices.Concat(branch(), []schema.Column{
	ref(1, "party", "party", required, fixed),
	text(2, "name", required, personal, searchable),
	code(3, "position"),
	text(4, "phone", personal, searchable, indexed), // E.164
	text(5, "phone2", personal, searchable),
	text(6, "email", personal, searchable),
	code(7, "language"),
	text(8, "note", personal),
	ref(9, "site", "site"),
}, alias("contact"), archive())

var contactTable = &schema.Table{
	ID: 12, Name: "contact",
	Columns: contactColumns,
	Buckets: []schema.Bucket{in(CustomerBucket, "party")},
	Rights:  []schema.Right{{Name: RightWork, Insert: true, Columns: names(contactColumns, notForDevices...)}},

	Withheld: tidied(contactColumns),
}

// notForDevices are the columns by which the office tidies up.
var notForDevices = []string{"merged_into", "same_as", "archived_at", "archived_reason"}

// Contact is a row of the table contact.
type Contact struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Party      record.ID `json:"party"`
	Name       string    `json:"name"`
	Position   string    `json:"position"`
	Phone      string    `json:"phone"`
	Phone2     string    `json:"phone2"`
	Email      string    `json:"email"`
	Language   string    `json:"language"`
	Note       string    `json:"note"`
	Site       record.ID `json:"site"`
	MergedInto record.ID `json:"merged_into"`
	ArchivedAt int64     `json:"archived_at"`
}

// ContactOf returns the row as a Contact; the zero Contact for nil.
func ContactOf(r *record.Row) Contact { return view[Contact](r) }

// ContactInput says who a new contact is.
type ContactInput struct {
	ID     record.ID // zero: a fresh one
	Branch record.ID // zero: the party's
	Party  record.ID
	Name   string
	Phone  string
	Phone2 string
	Email  string
	Note   string
	Site   record.ID

	Position string // of the list "position"
}

// CreateContact adds somebody to talk to at a party, or at the one it was joined with. Codes: MissingText,
// UnknownCode, BadPhone, BadMail, fault.UnknownRow.
func CreateContact(tx Tx, in ContactInput) (record.ID, error) {
	name, err := textFor("the name", in.Name)
	if err != nil {
		return record.ID{}, err
	}
	if err := checkCode(tx, ListPosition, in.Position); err != nil {
		return record.ID{}, err
	}
	party, err := living(tx, "party", in.Party)
	if err != nil {
		return record.ID{}, err
	}
	id, branch, _, err := identity(tx, in.ID, in.Branch, "", "", party)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(branch), "party": record.Ref(party.ID), "name": record.Text(name),
		"phone": optional(in.Phone), "phone2": optional(in.Phone2), "email": optional(in.Email),
		"note": optional(in.Note), "site": record.Ref(in.Site), "position": optional(in.Position),
	}
	if err := reachable(tx, "contact", branch, values); err != nil {
		return record.ID{}, err
	}
	return id, insert(tx, "contact", id, values)
}
