package aftersales

import (
	"slices"

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
