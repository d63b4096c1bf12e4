package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A meter reading is what a machine's meter showed. The machine's own column has the furthest.
var meterReadingTable = &schema.Table{
	ID: 144, Name: "meter_reading", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "unit", "unit", required, fixed),
		integer(2, "reading", required),
		code(3, "meter_unit"),
		integer(4, "exchanged"), // 1: the meter is a new one, and starts here
		ref(5, "job", "job"),
		ref(6, "visit", "visit"),
		text(7, "note"),
		ref(8, "author", "person"),
		ref(9, "replaces", "meter_reading"),
	}, occurred()),
	Buckets: []schema.Bucket{in(AssetBucket, "unit")},
	Rights:  add(RightWork),
}

// MeterBackwards says that a meter shows less than it did.
const MeterBackwards fault.Code = "meter_backwards"

// MeterReading is a row of the table meter_reading.
type MeterReading struct {
	ID        record.ID `json:"id"`
	Unit      record.ID `json:"unit"`
	Reading   int64     `json:"reading"`
	MeterUnit string    `json:"meter_unit"`
	Exchanged bool      `json:"exchanged"`
	Job       record.ID `json:"job"`
	Visit     record.ID `json:"visit"`
	Note      string    `json:"note"`
	Author    record.ID `json:"author"`
	Replaces  record.ID `json:"replaces"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// MeterReadingOf returns the row as a MeterReading; the zero one for nil.
func MeterReadingOf(r *record.Row) MeterReading { return view[MeterReading](r) }

// MeterInput is what a meter shows.
type MeterInput struct {
	Unit      record.ID
	Reading   int64 // in the unit's meter unit
	Exchanged bool  // the meter is a new one: it may show less than the old one did
	Job       record.ID
	Visit     record.ID
	Note      string
	Replaces  record.ID // the reading that this one corrects: it may show less, too
	At        Moment
}

// ReadMeter notes what a machine's meter shows. Codes: MeterBackwards, BadQuantity, fault.UnknownRow.
func ReadMeter(tx Tx, in MeterInput) (record.ID, error) {
	row, err := living(tx, "unit", in.Unit)
	if err != nil {
		return record.ID{}, err
	}
	err = needAll(tx, Row{"job", in.Job}, Row{"visit", in.Visit}, Row{"meter_reading", in.Replaces})
	if err != nil {
		return record.ID{}, err
	}
	unit := UnitOf(row)
	if in.Reading < 0 {
		return record.ID{}, fault.New(BadQuantity, "a meter shows nothing below zero")
	}
	if in.Reading < unit.Meter && !in.Exchanged && in.Replaces.IsZero() {
		return record.ID{}, fault.Newf(MeterBackwards, "the meter showed %d already: correct that reading, or say that the meter was exchanged", unit.Meter)
	}
	values := record.Values{
		"branch": row.Get("branch"), "unit": record.Ref(unit.ID), "reading": record.Number(in.Reading),
		"meter_unit": optional(unit.MeterUnit), "exchanged": flag(in.Exchanged), "job": record.Ref(in.Job),
		"visit": record.Ref(in.Visit), "note": optional(in.Note), "author": record.Ref(tx.Author()),
		"replaces": record.Ref(in.Replaces),
	}
	in.At.put(tx, values)
	id := tx.NewID()
	if err := insert(tx, "meter_reading", id, values); err != nil || in.Reading == unit.Meter {
		return id, err
	}
	return id, tx.Update("unit", unit.ID, record.Values{"meter": record.Number(in.Reading)})
}

// MeterReadings returns the unit's readings that no other replaces, in the order in which they were taken.
func MeterReadings(v View, unit record.ID) ([]MeterReading, error) {
	rows, err := v.Refs("meter_reading", "unit", unit)
	if err != nil {
		return nil, err
	}
	var list []MeterReading
	for _, row := range standing(rows) {
		list = append(list, MeterReadingOf(row))
	}
	slices.SortFunc(list, func(a, b MeterReading) int {
		return cmp.Or(cmp.Compare(a.Corrected, b.Corrected), compareIDs(a.ID, b.ID))
	})
	return list, nil
}
