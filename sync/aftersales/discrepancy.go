package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// What does not fit together.
const (
	DiscrepancyShortage   = "shortage"            // more was taken than was known to be there
	DiscrepancyUntaken    = "hand_over_untaken"   // given, and nobody took it in time
	DiscrepancyUngiven    = "hand_over_ungiven"   // taken, and the giver's half has not come in time
	DiscrepancyCancelled  = "hand_over_cancelled" // taken by the one, taken back by the other
	DiscrepancyUnapproved = "unapproved"          // paid work above the limit without the second yes
	DiscrepancyUnissued   = "unissued_code"       // a second yes by a code that the office does not know of
	DiscrepancyPlace      = "other_place"         // taken out of a place that its author does not answer for, or laid into it
	DiscrepancyLate       = "late_work"           // changed by somebody whom it had been taken from, and who had not heard
	discrepancyOpen       = "open"
	discrepancySettled    = "settled"
)

var discrepancyKinds = []string{
	DiscrepancyShortage, DiscrepancyUntaken, DiscrepancyUngiven, DiscrepancyCancelled, DiscrepancyUnapproved,
	DiscrepancyUnissued, DiscrepancyPlace, DiscrepancyLate,
}

// A discrepancy is what a person in the office has to settle, since the work had been done and could not be refused. It
// is opened by the hub; its id follows from what it is about, so that nothing is reported twice.
var discrepancyTable = &schema.Table{
	ID: 196, Name: "discrepancy",
	Columns: slices.Concat(branch(), []schema.Column{
		enum(1, "kind", discrepancyKinds, required, fixed, indexed),
		anyRef(2, "about", required, fixed, indexed),
		ladder(3, "state", []string{discrepancyOpen, discrepancySettled}),
		ref(4, "location", "location", fixed),
		ref(5, "part", "part", fixed),
		ref(6, "job", "job", fixed),
		ref(7, "person", "person", fixed), // who can say more
		quantity(8, "quantity"),           // how much is missing
		text(9, "note"),
		instant(10, "found_at", indexed),
		instant(11, "settled_at"),
		ref(12, "settled_by", "person"), // empty: it settled itself
		text(13, "resolution"),
	}, archive()),
	Buckets: []schema.Bucket{in(LocationBucket, "location"), in(JobBucket, "job")},
}

// Discrepancy is a row of the table discrepancy.
type Discrepancy struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Kind       string    `json:"kind"`
	About      Row       `json:"about"`
	State      string    `json:"state"`
	Location   record.ID `json:"location"`
	Part       record.ID `json:"part"`
	Job        record.ID `json:"job"`
	Person     record.ID `json:"person"`
	Quantity   Quantity  `json:"quantity"`
	Note       string    `json:"note"`
	FoundAt    int64     `json:"found_at"`
	SettledAt  int64     `json:"settled_at"`
	SettledBy  record.ID `json:"settled_by"`
	Resolution string    `json:"resolution"`
}

// DiscrepancyOf returns the row as a Discrepancy; the zero Discrepancy for nil.
func DiscrepancyOf(r *record.Row) Discrepancy { return view[Discrepancy](r) }

// Open reports whether somebody has to settle it.
func (d Discrepancy) Open() bool { return d.State == discrepancyOpen }

// DiscrepancyID returns the id of what is reported about a row, or for shortages about a part at a location.
func DiscrepancyID(kind string, about ...record.ID) record.ID {
	names := []string{"discrepancy", kind}
	for _, id := range about {
		names = append(names, id.String())
	}
	return NamedID(names...)
}

// values returns the row of a discrepancy that opens.
func (d Discrepancy) values() record.Values {
	return record.Values{
		"branch": record.Ref(d.Branch), "kind": record.Text(d.Kind), "about": d.About.Value(),
		"state": record.Text(discrepancyOpen), "location": record.Ref(d.Location), "part": record.Ref(d.Part),
		"job": record.Ref(d.Job), "person": record.Ref(d.Person), "quantity": d.Quantity.Value(),
		"note": optional(d.Note), "found_at": record.Instant(d.FoundAt),
	}
}

// opening returns the change that makes the row of a discrepancy.
func (d Discrepancy) opening() (record.RowChange, error) {
	values := d.values()
	for name, value := range values {
		if value.IsNull() {
			delete(values, name)
		}
	}
	return record.NewChange(record.Insert, discrepancyTable, d.ID, values)
}

// report opens the discrepancy, or opens it again; what is open stays as it was found, but for how much is missing.
func report(tx Tx, d Discrepancy) error {
	row, err := tx.Row("discrepancy", d.ID)
	if err != nil {
		return err
	}
	d.FoundAt = cmp.Or(d.FoundAt, tx.Now())
	if row == nil {
		return insert(tx, "discrepancy", d.ID, d.values())
	}
	before := DiscrepancyOf(row)
	if before.Open() && before.Quantity == d.Quantity {
		return nil
	}
	values := record.Values{"quantity": d.Quantity.Value(), "note": optional(d.Note)}
	if !before.Open() {
		values["state"], values["found_at"] = record.Text(discrepancyOpen), record.Instant(d.FoundAt)
		values["settled_at"], values["settled_by"], values["resolution"] = record.Null, record.Null, record.Null
	}
	return tx.Update("discrepancy", d.ID, values)
}

// heal settles a discrepancy that is none any more.
func heal(tx Tx, id record.ID, resolution string) error {
	row, err := tx.Row("discrepancy", id)
	if err != nil || row == nil || !DiscrepancyOf(row).Open() {
		return err
	}
	return tx.Update("discrepancy", id, record.Values{
		"state": record.Text(discrepancySettled), "settled_at": record.Instant(tx.Now()),
		"resolution": record.Text(resolution),
	})
}

// SettleInput says how a discrepancy was settled. What it takes, a corrected movement, a count, a transfer, is done
// apart, by its own command.
type SettleInput struct {
	Discrepancy record.ID
	Resolution  string
}

// Settle closes a discrepancy. Codes: MissingReason, WrongState, fault.UnknownRow.
func Settle(tx Tx, in SettleInput) error {
	row, err := need(tx, "discrepancy", in.Discrepancy)
	if err != nil {
		return err
	}
	resolution, err := reasonFor("settle it so", in.Resolution)
	if err != nil {
		return err
	}
	if !DiscrepancyOf(row).Open() {
		return fault.New(WrongState, "this discrepancy is settled already")
	}
	return tx.Update("discrepancy", row.ID, record.Values{
		"state": record.Text(discrepancySettled), "settled_at": record.Instant(tx.Now()),
		"settled_by": record.Ref(tx.Author()), "resolution": record.Text(resolution),
	})
}
