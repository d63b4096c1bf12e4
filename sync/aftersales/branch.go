package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A branch is a part of the company with people and stock of its own.
var branchTable = &schema.Table{
	ID: 110, Name: "branch",
	Columns: slices.Concat([]schema.Column{
		text(1, "code", required, indexed),
		text(2, "name", required, searchable),
		ref(3, "parent", "branch"),
		text(4, "zone"), // IANA
		code(5, "currency"),
		text(6, "address"),
		text(7, "phone"),
	}, archive()),
	Buckets: shared(),
}

// A team is a group of people that a job can be given to.
var teamTable = &schema.Table{
	ID: 114, Name: "team",
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "name", required, searchable),
		text(2, "note"),
	}, archive()),
	Buckets: shared(),
}

// A membership joins a person to a team while it is alive.
var membershipTable = &schema.Table{
	ID: 116, Name: "membership",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "team", "team", required, fixed),
		ref(2, "person", "person", required, fixed),
	}),
	Buckets: shared(),
}

// Branch is a row of the table branch.
type Branch struct {
	ID         record.ID `json:"id"`
	Code       string    `json:"code"`
	Name       string    `json:"name"`
	Parent     record.ID `json:"parent"`
	Zone       string    `json:"zone"`
	Currency   string    `json:"currency"`
	Address    string    `json:"address"`
	Phone      string    `json:"phone"`
	ArchivedAt int64     `json:"archived_at"`
}

// BranchOf returns the row as a Branch; the zero Branch for nil.
func BranchOf(r *record.Row) Branch { return view[Branch](r) }

// BranchInput says what a new branch is.
type BranchInput struct {
	ID       record.ID // zero: a fresh one
	Code     string
	Name     string
	Parent   record.ID
	Zone     string // IANA
	Currency string // ISO 4217
}

// CreateBranch founds a branch. Codes: MissingText, fault.UnknownRow.
func CreateBranch(tx Tx, in BranchInput) (record.ID, error) {
	code, err := textFor("the branch's code", in.Code)
	if err != nil {
		return record.ID{}, err
	}
	name, err := textFor("the branch's name", in.Name)
	if err != nil {
		return record.ID{}, err
	}
	if _, err := needIf(tx, "branch", in.Parent); err != nil {
		return record.ID{}, err
	}
	id := fresh(tx, in.ID)
	return id, insert(tx, "branch", id, record.Values{
		"code": record.Text(code), "name": record.Text(name), "parent": record.Ref(in.Parent),
		"zone": optional(in.Zone), "currency": optional(in.Currency),
	})
}

// fresh returns the id, or a fresh one for the zero id.
func fresh(tx Tx, id record.ID) record.ID {
	if id.IsZero() {
		return tx.NewID()
	}
	return id
}

// Team is a row of the table team.
type Team struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Name       string    `json:"name"`
	Note       string    `json:"note"`
	ArchivedAt int64     `json:"archived_at"`
}

// TeamOf returns the row as a Team; the zero Team for nil.
func TeamOf(r *record.Row) Team { return view[Team](r) }

// CreateTeam makes a group of people. Codes: MissingText.
func CreateTeam(tx Tx, branch record.ID, name string) (record.ID, error) {
	name, err := textFor("the group's name", name)
	if err != nil {
		return record.ID{}, err
	}
	id, branch, _, err := identity(tx, record.ID{}, branch, "", "")
	if err != nil {
		return record.ID{}, err
	}
	return id, insert(tx, "team", id, record.Values{"branch": record.Ref(branch), "name": record.Text(name)})
}

// JoinTeam makes a person a member of a group; one who is stays one. Codes: fault.UnknownRow.
func JoinTeam(tx Tx, team, person record.ID) error {
	row, err := need(tx, "team", team)
	if err != nil {
		return err
	}
	if _, err := need(tx, "person", person); err != nil {
		return err
	}
	if member, err := isMember(tx, team, person); member || err != nil {
		return err
	}
	return insert(tx, "membership", tx.NewID(), record.Values{
		"branch": row.Get("branch"), "team": record.Ref(team), "person": record.Ref(person),
	})
}

// LeaveTeam ends a person's membership. Codes: fault.UnknownRow for one who is no member.
func LeaveTeam(tx Tx, team, person record.ID) error {
	rows, err := tx.Refs("membership", "team", team)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Get("person").Ref() == person {
			return tx.Delete("membership", row.ID)
		}
	}
	return fault.New(fault.UnknownRow, "this person is not in the group")
}

func isMember(tx View, team, person record.ID) (bool, error) {
	if team.IsZero() || person.IsZero() {
		return false, nil
	}
	rows, err := tx.Refs("membership", "team", team)
	return slices.ContainsFunc(rows, func(r *record.Row) bool { return r.Get("person").Ref() == person }), err
}
