package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
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

// Comment is a row of the table comment.
type Comment struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	About     Row       `json:"about"`
	Kind      string    `json:"kind"`
	Text      string    `json:"text"`
	Author    record.ID `json:"author"`
	Replaces  record.ID `json:"replaces"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// CommentOf returns the row as a Comment; the zero Comment for nil.
func CommentOf(r *record.Row) Comment { return view[Comment](r) }

// CommentInput is something to say about a row.
type CommentInput struct {
	About    Row
	Kind     string // "": a message
	Text     string
	Replaces record.ID // the comment that this one corrects
	At       Moment
}

// AddComment says something about any row. Codes: MissingText, fault.UnknownRow.
func AddComment(tx Tx, in CommentInput) (record.ID, error) {
	s, err := textFor("the comment", in.Text)
	if err != nil {
		return record.ID{}, err
	}
	values, err := scopeOf(tx, in.About)
	if err != nil {
		return record.ID{}, err
	}
	values["kind"], values["text"] = record.Text(cmp.Or(in.Kind, CommentMessage)), record.Text(s)
	values["author"], values["replaces"] = record.Ref(tx.Author()), record.Ref(in.Replaces)
	in.At.put(tx, values)
	id := tx.NewID()
	return id, insert(tx, "comment", id, values)
}

// AddNote adds a line to the job's log; nobody's line replaces another's. Codes: those of AddComment.
func AddNote(tx Tx, job record.ID, note string) (record.ID, error) {
	return AddComment(tx, CommentInput{About: Row{"job", job}, Kind: CommentNote, Text: note})
}

// scopeOf returns the columns by which a row about another lies where that one does.
func scopeOf(tx Tx, about Row) (record.Values, error) {
	if Schema.Table(about.Table) == nil {
		return nil, fault.Newf(fault.UnknownRow, "there is no table %v", about.Table)
	}
	row, err := need(tx, about.Table, about.ID)
	if err != nil {
		return nil, err
	}
	values := record.Values{"about": about.Value(), "branch": row.Get("branch")}
	switch about.Table {
	case "job", "unit", "party":
		values[about.Table] = record.Ref(row.ID)
	case "request", "site", "contact":
		values["party"] = row.Get("party")
		if about.Table == "request" && values["party"].IsNull() {
			values["unit"] = row.Get("unit")
		}
	default:
		putScope(row, values)
	}
	return values, nil
}

// putScope takes the first of job, unit and party that the row names: the narrowest circle that knows the row.
func putScope(row *record.Row, values record.Values) {
	for _, column := range []string{"job", "unit", "party"} {
		i := row.Table.Column(column)
		if i >= 0 && row.Table.Columns[i].Ref == column && !row.Cols[i].IsNull() {
			values[column] = row.Cols[i]
			return
		}
	}
}
