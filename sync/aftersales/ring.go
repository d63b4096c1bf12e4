package aftersales

import (
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A ring is the latest call that rang at somebody's telephone, as the telephone system told it: his pages show who calls.
// It is no entry of the call register, which is made of what came of a call. Its id follows from the person, and it stays on
// the hub.
var ringTable = &schema.Table{
	ID: 228, Name: "ring",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "person", "person", required, fixed),
		text(2, "phone", personal, required), // as E164 has it
		instant(3, "rang_at", required),
		instant(4, "taken_at"), // when he took it on, or put it away
	}),
	Buckets: []schema.Bucket{in(OfficeBucket, "id")},
}

// BadNumber says that what a telephone system sent is no number.
const BadNumber fault.Code = "bad_number"

// RingsFor is how long a ring is shown that nobody takes, in ms: who hung up is in nobody's way.
const RingsFor = 5 * 60 * 1000

// Ring is a row of the table ring.
type Ring struct {
	ID      record.ID `json:"id"`
	Person  record.ID `json:"person"`
	Phone   string    `json:"phone"`
	RangAt  int64     `json:"rang_at"`
	TakenAt int64     `json:"taken_at"`
}

// RingOf returns the row as a Ring; the zero Ring for nil.
func RingOf(r *record.Row) Ring { return view[Ring](r) }

// RingID returns the id of what rings at a person's telephone.
func RingID(person record.ID) record.ID { return NamedID("ring", person.String()) }

// Open reports whether it is to be shown at an instant (ms UTC).
func (r Ring) Open(at int64) bool {
	return r.Phone != "" && r.TakenAt < r.RangAt && at < r.RangAt+RingsFor
}

// RingAt notes that a number rings at somebody's telephone, and returns it in the form that rows have. The same number
// again, while it rings, is the same call. Codes: BadNumber, fault.UnknownRow.
func RingAt(tx Tx, person record.ID, number string) (string, error) {
	row, err := need(tx, "person", person)
	if err != nil {
		return "", err
	}
	if len(number) > 64 || !strings.ContainsAny(number, "0123456789") {
		return "", fault.New(BadNumber, "Send the caller's telephone number, with its digits.")
	}
	phone, err := PhoneIn(tx, row.Get("branch").Ref(), number, tx.Now())
	if err != nil {
		return "", err
	}
	before, err := tx.Row("ring", RingID(person))
	if r := RingOf(before); err != nil || r.Phone == phone && r.Open(tx.Now()) {
		return phone, err
	}
	return phone, upsert(tx, "ring", RingID(person), record.Values{
		"person": record.Ref(person), "phone": record.Text(phone), "rang_at": record.Instant(tx.Now()),
	})
}

// TakeRing notes that somebody took on, or put away, the call that he was shown; one that rings since goes on.
func TakeRing(tx Tx, person record.ID, rangAt int64) error {
	row, err := tx.Row("ring", RingID(person))
	if r := RingOf(row); err != nil || row == nil || r.RangAt != rangAt || r.TakenAt >= r.RangAt {
		return err
	}
	return tx.Update("ring", RingID(person), record.Values{"taken_at": record.Instant(max(tx.Now(), rangAt))})
}

// SetExtension says at which extension of the telephone system somebody sits; "" for none. Codes: BadNumber,
// fault.UnknownRow.
func SetExtension(tx Tx, person record.ID, extension string) error {
	if _, err := need(tx, "person", person); err != nil {
		return err
	}
	extension = strings.TrimSpace(extension)
	if len(extension) > 32 {
		return fault.New(BadNumber, "An extension has up to 32 characters.")
	}
	return tx.Update("person", person, record.Values{"extension": optional(extension)})
}
