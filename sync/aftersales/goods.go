package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of a receipt for goods.
const (
	GoodsTaken    = "taken"
	GoodsReturned = "returned" // the customer has his thing again; the receipt is void
)

var goodsColumns = slices.Concat(branch(), []schema.Column{
	ref(1, "job", "job", required, fixed),
	ref(2, "visit", "visit", fixed),
	ref(3, "unit", "unit"), // the thing itself, where it has a row
	text(4, "number", required, searchable, indexed, fixed),
	ladder(5, "state", []string{GoodsTaken, GoodsReturned}),
	long(64<<10, text(6, "items", required, searchable)), // what was taken, as the customer reads it
	text(7, "condition"),                                 // in which condition, with what accessories
	date(8, "promised_on", indexed),
	instant(9, "taken_at", fixed),
	ref(10, "author", "person", fixed), // who took it
	text(11, "given_by", personal),
	ref(12, "signature", "attachment"),
	instant(13, "returned_at"),
	text(14, "returned_to", personal),
	ref(15, "return_signature", "attachment"),
	ref(16, "returned_by", "person"),
}, archive())

// A goods receipt is what a customer gets for a thing of his that goes to the workshop, until he has it again.
var goodsTable = &schema.Table{
	ID: 192, Name: "goods_receipt", Parent: "job",
	Columns: goodsColumns,
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  []schema.Right{{Name: RightWork, Insert: true, Columns: names(goodsColumns, notForDevices...)}},

	Withheld: tidied(goodsColumns),
}

// GoodsReceipt is a row of the table goods_receipt.
type GoodsReceipt struct {
	ID              record.ID `json:"id"`
	Branch          record.ID `json:"branch"`
	Job             record.ID `json:"job"`
	Visit           record.ID `json:"visit"`
	Unit            record.ID `json:"unit"`
	Number          string    `json:"number"`
	State           string    `json:"state"`
	Items           string    `json:"items"`
	Condition       string    `json:"condition"`
	PromisedOn      int64     `json:"promised_on"` // days since 1970-01-01
	TakenAt         int64     `json:"taken_at"`
	Author          record.ID `json:"author"`
	GivenBy         string    `json:"given_by"`
	Signature       record.ID `json:"signature"`
	ReturnedAt      int64     `json:"returned_at"`
	ReturnedTo      string    `json:"returned_to"`
	ReturnSignature record.ID `json:"return_signature"`
	ReturnedBy      record.ID `json:"returned_by"`
}

// GoodsReceiptOf returns the row as a GoodsReceipt; the zero GoodsReceipt for nil.
func GoodsReceiptOf(r *record.Row) GoodsReceipt { return view[GoodsReceipt](r) }

// TakeGoodsInput says what is taken to the workshop.
type TakeGoodsInput struct {
	Job        record.ID
	Visit      record.ID // zero: the author's latest
	Unit       record.ID // zero: a thing without a row
	Items      string
	Condition  string
	PromisedOn int64 // days since 1970-01-01; 0: nothing was promised
	GivenBy    string
	Signature  record.ID
	At         Moment
}

// TakeGoods makes the receipt for what is taken along; a unit among it is in the depot then. Codes: MissingText,
// CodeJobClosed, CodeSlipAudited, fault.UnknownRow.
func TakeGoods(tx Tx, in TakeGoodsInput) (record.ID, error) {
	items, err := textFor("what you take along", in.Items)
	if err != nil {
		return record.ID{}, err
	}
	job, err := unlockedJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	unit, err := livingIf(tx, "unit", in.Unit)
	if err != nil {
		return record.ID{}, err
	}
	id, branch, number, err := identity(tx, record.ID{}, record.ID{}, "", SeriesGoods, job)
	if err != nil {
		return record.ID{}, err
	}
	visit, err := visitAt(tx, in.Job, in.Visit)
	if err != nil {
		return record.ID{}, err
	}
	err = insert(tx, "goods_receipt", id, record.Values{
		"branch": record.Ref(branch), "job": record.Ref(in.Job), "visit": record.Ref(visit.ID), "unit": refTo(unit),
		"number": record.Text(number), "state": record.Text(GoodsTaken), "items": record.Text(items),
		"condition": optional(in.Condition), "promised_on": at(in.PromisedOn),
		"taken_at": record.Instant(in.At.corrected(tx)), "author": record.Ref(tx.Author()),
		"given_by": optional(in.GivenBy), "signature": record.Ref(in.Signature),
	})
	if err != nil || unit == nil {
		return id, err
	}
	return id, tx.Update("unit", unit.ID, record.Values{"status": record.Text(UnitInDepot)})
}

// ReturnGoodsInput says to whom goods go back.
type ReturnGoodsInput struct {
	Receipt    record.ID
	ReturnedTo string
	Signature  record.ID
	At         Moment
}

// ReturnGoods gives the customer his thing again, and voids the receipt. Codes: MissingText without a name, WrongState
// for one that is void, fault.UnknownRow.
func ReturnGoods(tx Tx, in ReturnGoodsInput) error {
	row, err := need(tx, "goods_receipt", in.Receipt)
	if err != nil {
		return err
	}
	to, err := textFor("who took it back", in.ReturnedTo)
	if err != nil {
		return err
	}
	if row.Get("state").Text() != GoodsTaken {
		return fault.New(WrongState, "the receipt is void already: the customer has his thing")
	}
	err = tx.Update("goods_receipt", row.ID, record.Values{
		"state": record.Text(GoodsReturned), "returned_at": record.Instant(in.At.corrected(tx)),
		"returned_to": record.Text(to), "return_signature": record.Ref(in.Signature),
		"returned_by": record.Ref(tx.Author()),
	})
	if err != nil {
		return err
	}
	unit, err := tx.Row("unit", row.Get("unit").Ref())
	if err != nil || unit == nil || unit.Get("status").Text() != UnitInDepot {
		return err
	}
	return tx.Update("unit", unit.ID, record.Values{"status": record.Text(UnitInstalled)})
}

// GoodsOf returns the job's receipts for goods, oldest first.
func GoodsOf(tx View, job record.ID) ([]GoodsReceipt, error) {
	rows, err := tx.Refs("goods_receipt", "job", job)
	list := []GoodsReceipt{}
	for _, row := range rows {
		list = append(list, GoodsReceiptOf(row))
	}
	return list, err
}
