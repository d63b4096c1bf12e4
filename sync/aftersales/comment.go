package aftersales

import (
	"slices"

	"fieldsync/sync/schema"
)

// The kinds of comment.
const (
	CommentNote     = "note" // a line in the job's log
	CommentMessage  = "message"
	CommentCustomer = "customer" // said to or by the customer
)

// scopeColumns are the bucket columns of rows that are about any row: the command sets those that the row they are
// about gives, and the empty ones give no bucket.
func scopeColumns() []schema.Column {
	return []schema.Column{
		ref(80, "job", "job", fixed), ref(81, "unit", "unit", fixed), ref(82, "party", "party", fixed),
	}
}

var scopeBuckets = []schema.Bucket{in(JobBucket, "job"), in(AssetBucket, "unit"), in(CustomerBucket, "party")}

// A comment is something said about any row.
var commentTable = &schema.Table{
	ID: 84, Name: "comment", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		anyRef(1, "about", required, indexed),
		enum(2, "kind", []string{CommentNote, CommentMessage, CommentCustomer}, required),
		long(64<<10, text(3, "text", required, searchable)),
		ref(4, "author", "person"),
		ref(5, "replaces", "comment"),
	}, scopeColumns(), occurred()),
	Buckets: scopeBuckets,
	Rights:  add(RightWork),
}
