package aftersales

import (
	"slices"

	"fieldsync/sync/schema"
)

// The states of a slip.
const (
	SlipOpen    = "open"
	SlipSigned  = "signed"
	SlipAudited = "audited"
)

var auditColumns = []string{"audited_by", "audited_at", "audit_note", "archived_at", "archived_reason"}

var slipColumns = slices.Concat(branch(), []schema.Column{
	ref(1, "job", "job", required, fixed),
	ref(2, "visit", "visit", fixed),
	ref(3, "person", "person", fixed),
	text(4, "number", searchable, indexed, fixed),
	ladder(5, "state", []string{SlipOpen, SlipSigned, SlipAudited}),
	long(64<<10, text(6, "summary", searchable)),
	by(schema.Ask, money(10, "parts")),
	by(schema.Ask, money(11, "labour")),
	by(schema.Ask, money(12, "travel")),
	by(schema.Ask, money(13, "freight")),
	by(schema.Ask, money(14, "discount")),
	by(schema.Ask, money(15, "tax")),
	by(schema.Ask, integer(16, "tax_rate")), // hundredths of a percent
	enum(17, "rounding", []string{"line", "total"}),
	by(schema.Ask, money(18, "total")),
	by(schema.Ask, money(19, "paid")),
	code(20, "payment"), // code list "payment"
	text(21, "receipt_number"),
	instant(25, "consent_at"),
	text(26, "consent_by", personal),
	money(27, "consent_total"),
	instant(30, "signed_at"),
	text(31, "signed_by", personal),
	ref(32, "signature", "attachment"),
	text(33, "unsigned_reason"),                      // where nobody could or would sign
	by(schema.First, integer(40, "rating_attitude")), // 1 to 4, as the customer ticked
	by(schema.First, integer(41, "rating_skill")),
	by(schema.First, integer(42, "rating_arrival")),
	by(schema.First, integer(43, "rating_promises")),
	by(schema.First, integer(44, "recommend")), // 0 to 10
	text(45, "rating_comment"),
	text(46, "goods_taken"), // the receipt for what goes to the workshop
	office(ref(50, "audited_by", "person")),
	office(instant(51, "audited_at")),
	office(text(52, "audit_note")),
}, archive())

var slipTable = &schema.Table{
	ID: 44, Name: "slip", Parent: "job",
	Columns: slipColumns,
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  []schema.Right{{Name: RightWork, Insert: true, Columns: names(slipColumns, auditColumns...)}},
}
