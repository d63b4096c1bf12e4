package aftersales

import (
	"slices"

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
