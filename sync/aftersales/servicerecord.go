package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A service record is a line in a machine's history: what was done to it, when, by whom. It stays with the machine
// when the job has long left the phone.
var serviceRecordTable = &schema.Table{
	ID: 92, Name: "service_record", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "unit", "unit", required, fixed),
		ref(2, "job", "job"),
		ref(3, "visit", "visit"),
		ref(4, "person", "person"),
		ref(5, "author", "person"),
		text(6, "job_number", searchable),
		long(64<<10, text(7, "summary", required, searchable)),
		code(8, "fault_code"),
		code(9, "cause_code"),
		code(10, "remedy_code"),
		integer(11, "meter"),
		text(12, "parts", searchable), // "2 pcs 4711, 1 m 0815"
		ref(13, "replaces", "service_record"),
	}, occurred()),
	Buckets: []schema.Bucket{in(AssetBucket, "unit")},
	Rights:  add(RightWork),
}

// ServiceRecord is a row of the table service_record.
type ServiceRecord struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Unit       record.ID `json:"unit"`
	Job        record.ID `json:"job"`
	Visit      record.ID `json:"visit"`
	Person     record.ID `json:"person"`
	Author     record.ID `json:"author"`
	JobNumber  string    `json:"job_number"`
	Summary    string    `json:"summary"`
	FaultCode  string    `json:"fault_code"`
	CauseCode  string    `json:"cause_code"`
	RemedyCode string    `json:"remedy_code"`
	Meter      int64     `json:"meter"`
	Parts      string    `json:"parts"`
	Replaces   record.ID `json:"replaces"`
	Occurred   int64     `json:"occurred"`
	Corrected  int64     `json:"corrected"`
}

// ServiceRecordOf returns the row as a ServiceRecord; the zero ServiceRecord for nil.
func ServiceRecordOf(r *record.Row) ServiceRecord { return view[ServiceRecord](r) }

// ServiceRecordInput is a line of a machine's history.
type ServiceRecordInput struct {
	Unit       record.ID
	Job        record.ID // zero for service that was not ours
	Visit      record.ID
	Person     record.ID // who did it; zero: the author
	Number     string    // the job's number; "": as the job has it
	Summary    string
	FaultCode  string
	CauseCode  string
	RemedyCode string
	Meter      int64
	Parts      string
	Replaces   record.ID
	At         Moment
}

// AddServiceRecord adds a line to a machine's history, and its meter reading to the machine. Codes: MissingText,
// fault.UnknownRow.
func AddServiceRecord(tx Tx, in ServiceRecordInput) (record.ID, error) {
	summary, err := textFor("what was done", in.Summary)
	if err != nil {
		return record.ID{}, err
	}
	unit, err := need(tx, "unit", in.Unit)
	if err != nil {
		return record.ID{}, err
	}
	job, err := needIf(tx, "job", in.Job)
	if err != nil {
		return record.ID{}, err
	}
	if job != nil {
		in.Number = cmp.Or(in.Number, JobOf(job).Number)
	}
	if in.Meter > unit.Get("meter").Number() {
		if err := tx.Update("unit", unit.ID, record.Values{"meter": record.Number(in.Meter)}); err != nil {
			return record.ID{}, err
		}
	}
	values := record.Values{
		"branch": unit.Get("branch"), "unit": record.Ref(unit.ID), "job": record.Ref(in.Job),
		"visit": record.Ref(in.Visit), "person": record.Ref(first(in.Person, tx.Author())),
		"author": record.Ref(tx.Author()), "job_number": optional(in.Number), "summary": record.Text(summary),
		"fault_code": optional(in.FaultCode), "cause_code": optional(in.CauseCode),
		"remedy_code": optional(in.RemedyCode), "meter": at(in.Meter), "parts": optional(in.Parts),
		"replaces": record.Ref(in.Replaces),
	}
	in.At.put(tx, values)
	id := tx.NewID()
	return id, insert(tx, "service_record", id, values)
}

// History returns the unit's service records that no other replaces, the one of what was done first before the others.
func History(tx View, unit record.ID) ([]ServiceRecord, error) {
	rows, err := tx.Refs("service_record", "unit", unit)
	if err != nil {
		return nil, err
	}
	var list []ServiceRecord
	for _, row := range standing(rows) {
		list = append(list, ServiceRecordOf(row))
	}
	slices.SortStableFunc(list, func(a, b ServiceRecord) int { return cmp.Compare(a.Corrected, b.Corrected) })
	return list, nil
}
