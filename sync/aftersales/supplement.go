package aftersales

import (
	"encoding/json"
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Why a change became a supplement.
const (
	SupplementAudited = "audited" // it came after the slip was audited
	SupplementClosed  = "closed"  // it came after the job was closed
)

// A supplement is what a technician wrote into a row that had been locked meanwhile: shown beside the row, never in it.
var supplementTable = &schema.Table{
	ID: 46, Name: "supplement", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		anyRef(2, "about", required, indexed),
		ref(3, "slip", "slip"),
		ref(4, "author", "person"),
		enum(5, "reason", []string{SupplementAudited, SupplementClosed}, required),
		text(6, "cause"),
		long(1<<20, text(7, "changes", required)), // JSON, see Supplement.Changes
	}, occurred()),
	Buckets: []schema.Bucket{in(JobBucket, "job")},
}

// Supplement is a row of the table supplement.
type Supplement struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Job       record.ID `json:"job"`
	About     Row       `json:"about"`
	Slip      record.ID `json:"slip"`
	Author    record.ID `json:"author"`
	Reason    string    `json:"reason"`
	Cause     string    `json:"cause"`
	Encoded   string    `json:"changes"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// SupplementOf returns the row as a Supplement; the zero Supplement for nil.
func SupplementOf(r *record.Row) Supplement { return view[Supplement](r) }

// SupplementChange is one cell that a supplement would have written.
type SupplementChange struct {
	Column string `json:"column"`
	Key    string `json:"key,omitempty"` // within a keyed column
	// Value is null, a number, a text (a reference as its UUID), or for money and quantities a number and a text. For
	// a reference to any table it is the table's number and the UUID.
	Value any `json:"value"`
}

// Changes returns what the supplement would have written; nothing for one that deleted its row.
func (s Supplement) Changes() ([]SupplementChange, error) {
	var list []SupplementChange
	err := json.Unmarshal([]byte(s.Encoded), &list)
	return list, err
}

func encodeChanges(t *schema.Table, c *record.RowChange) string {
	list := []SupplementChange{}
	for _, w := range c.Cells {
		if i := t.ColumnByID(w.Column); i >= 0 {
			list = append(list, SupplementChange{t.Columns[i].Name, w.Key, jsonValue(&t.Columns[i], w.Value)})
		}
	}
	encoded, err := json.Marshal(list)
	if err != nil { // numbers, texts and null always encode
		return "[]"
	}
	return string(encoded)
}

func jsonValue(c *schema.Column, v record.Value) any {
	text := v.Text()
	if c.Kind == schema.Ref || c.Kind == schema.AnyRef {
		text = v.Ref().String()
	}
	switch v.Shape() {
	case record.ShapeNumber:
		return v.Number()
	case record.ShapeText:
		return text
	case record.ShapeBoth:
		return []any{v.Number(), text}
	}
	return nil
}
