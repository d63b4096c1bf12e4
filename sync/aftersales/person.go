package aftersales

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A person is a colleague.
var personTable = &schema.Table{
	ID: 100, Name: "person",
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "name", required, personal, searchable),
		text(2, "number", indexed),
		text(3, "phone", personal),
		text(4, "email", personal),
		code(5, "language"),
		set(6, "skills"),
		text(7, "job_title"),
		integer(8, "technician"), // 1: can be sent to jobs
		text(9, "note", personal),
		text(10, "extension", indexed), // of the telephone system: where who calls him is shown
	}, archive()),
	Buckets: shared(),
}

// A posting says that a person works for a branch, and so shares what its people share.
var postingTable = &schema.Table{
	ID: 102, Name: "posting",
	Columns: slices.Concat(branch(required, fixed), []schema.Column{
		ref(1, "person", "person", required, fixed),
		enum(2, "costs", []string{CostsSeen}), // whether he may read what things cost the branch
	}, archive()),
	Buckets: []schema.Bucket{in(schema.PersonBucket, "person")},
	Grants: []schema.Grant{
		{To: "person", Right: RightRead, Paths: []schema.Path{{Kind: BranchBucket, Via: []string{"branch"}}}},
		{To: "person", Right: RightRead, While: "costs", In: []string{CostsSeen},
			Paths: []schema.Path{{Kind: CostBucket, Via: []string{"branch"}}}},
	},
}

// A device key is the public half of a phone's key: with it colleagues check what the phone signed, without network.
// The hub makes it when the phone is enrolled, as it is again after a restore that lost it.
var deviceKeyTable = &schema.Table{
	ID: 104, Name: "device_key", Remade: true,
	Columns: slices.Concat(branch(required, fixed), []schema.Column{
		ref(1, "person", "person", required, fixed),
		text(2, "device", required, fixed), // UUID
		text(3, "public_key", required, fixed),
		instant(4, "retired_at"),
	}),
	Buckets: []schema.Bucket{in(BranchBucket, "branch")},
}

// Person is a row of the table person.
type Person struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Name       string    `json:"name"`
	Number     string    `json:"number"`
	Phone      string    `json:"phone"`
	Email      string    `json:"email"`
	Language   string    `json:"language"`
	Skills     []string  `json:"skills"`
	JobTitle   string    `json:"job_title"`
	Technician bool      `json:"technician"`
	Note       string    `json:"note"`
	Extension  string    `json:"extension"`
	ArchivedAt int64     `json:"archived_at"`
}

// PersonOf returns the row as a Person; the zero Person for nil.
func PersonOf(r *record.Row) Person { return view[Person](r) }

// PersonInput says who a new colleague is.
type PersonInput struct {
	ID         record.ID // the one that the hub knows the person by; zero: a fresh one
	Branch     record.ID
	Name       string
	Number     string
	Phone      string
	Email      string
	Language   string
	Skills     []string
	JobTitle   string
	Technician bool
}

// CreatePerson adds a colleague, and posts him to his branch. Codes: MissingText, BadPhone, BadMail,
// fault.UnknownRow.
func CreatePerson(tx Tx, in PersonInput) (record.ID, error) {
	name, err := textFor("the name", in.Name)
	if err != nil {
		return record.ID{}, err
	}
	if _, err := needIf(tx, "branch", in.Branch); err != nil {
		return record.ID{}, err
	}
	id := fresh(tx, in.ID)
	values := record.Values{
		"branch": record.Ref(in.Branch), "name": record.Text(name), "number": optional(in.Number),
		"phone": optional(in.Phone), "email": optional(in.Email), "language": optional(in.Language),
		"job_title": optional(in.JobTitle), "technician": flag(in.Technician),
	}
	addSet(values, "skills", in.Skills)
	if err := reachable(tx, "person", in.Branch, values); err != nil {
		return record.ID{}, err
	}
	if err := insert(tx, "person", id, values); err != nil {
		return id, err
	}
	if in.Technician {
		if err := GiveSecret(tx, id); err != nil {
			return id, err
		}
	}
	if in.Branch.IsZero() {
		return id, nil
	}
	return id, insert(tx, "posting", tx.NewID(), record.Values{
		"branch": record.Ref(in.Branch), "person": record.Ref(id),
	})
}

// DeviceKey is a row of the table device_key.
type DeviceKey struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Person    record.ID `json:"person"`
	Device    string    `json:"device"`
	PublicKey string    `json:"public_key"` // Ed25519, standard base64
	RetiredAt int64     `json:"retired_at"`
}

// DeviceKeyOf returns the row as a DeviceKey; the zero DeviceKey for nil.
func DeviceKeyOf(r *record.Row) DeviceKey { return view[DeviceKey](r) }

// PublishKey gives a device's public key (Ed25519, standard base64) to the people of its person's branch. A person
// without a branch shares it with nobody. Codes: MissingText, fault.UnknownRow.
func PublishKey(tx Tx, person, device record.ID, publicKey string) error {
	row, err := need(tx, "person", person)
	if err != nil {
		return err
	}
	key, err := textFor("the key", publicKey)
	if err != nil || row.Get("branch").IsNull() {
		return err
	}
	return insert(tx, "device_key", tx.NewID(), record.Values{
		"branch": row.Get("branch"), "person": record.Ref(person), "device": record.Text(device.String()),
		"public_key": record.Text(key),
	})
}
