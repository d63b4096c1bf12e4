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
		ref(83, "request", "request", fixed),
	}
}

var scopeBuckets = []schema.Bucket{
	in(JobBucket, "job"), in(AssetBucket, "unit"), in(CustomerBucket, "party"), in(RequestBucket, "request"),
}

// ReadByNobody says that a phone would say something about a row which lies with no job, machine, customer or request: there
// is nobody whom it would come to, and the hub would not take it.
const ReadByNobody fault.Code = "read_by_nobody"

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

// AddComment says something about any row. Codes: MissingText, ReadByNobody on a phone, fault.UnknownRow.
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

// TakenBack reports whether the comment only says why another no longer stands: it is about that one.
func (c Comment) TakenBack() bool { return c.About == Row{"comment", c.Replaces} }

// CommentsOn returns what was said on a job, as it was corrected and without what was taken back, oldest first.
func CommentsOn(v View, job record.ID) ([]*record.Row, error) {
	rows, err := v.Refs("comment", "job", job)
	return StandingComments(rows), err
}

// StandingComments returns the comments that no other of them replaced, without those that only take one back, oldest first.
func StandingComments(rows []*record.Row) []*record.Row {
	rows = slices.DeleteFunc(standing(rows), func(row *record.Row) bool { return CommentOf(row).TakenBack() })
	slices.SortStableFunc(rows, func(a, b *record.Row) int {
		return cmp.Compare(a.Get("corrected").Number(), b.Get("corrected").Number())
	})
	return rows
}

// CorrectComment says something else in the place of what somebody said: the history keeps both. Codes: MissingText,
// AlreadyReplaced, fault.UnknownRow.
func CorrectComment(tx Tx, comment record.ID, text string) (record.ID, error) {
	text, err := textFor("the comment", text)
	if err != nil {
		return record.ID{}, err
	}
	return followComment(tx, comment, text, false)
}

// TakeBackComment says why a comment no longer stands: pages show it no more, the history keeps it. Codes: MissingReason,
// AlreadyReplaced, fault.UnknownRow.
func TakeBackComment(tx Tx, comment record.ID, reason string) (record.ID, error) {
	reason, err := reasonFor("take the comment back", reason)
	if err != nil {
		return record.ID{}, err
	}
	return followComment(tx, comment, reason, true)
}

// followComment writes a comment in the place of another, where that one lies: one that corrects it, as of when it was said, or
// one that is about it and takes it back.
func followComment(tx Tx, comment record.ID, text string, back bool) (record.ID, error) {
	row, err := need(tx, "comment", comment)
	if err != nil {
		return record.ID{}, err
	}
	later, err := tx.Refs("comment", "replaces", comment)
	if err != nil {
		return record.ID{}, err
	}
	if len(later) > 0 || CommentOf(row).TakenBack() {
		return record.ID{}, fault.New(AlreadyReplaced, "somebody corrected this comment already, or took it back")
	}
	values := record.Values{}
	for i, c := range row.Table.Columns {
		values[c.Name] = row.Cols[i]
	}
	values["text"], values["author"], values["replaces"] = record.Text(text), record.Ref(tx.Author()), record.Ref(comment)
	if back {
		values["about"] = Row{"comment", comment}.Value()
		Moment{}.put(tx, values)
	}
	id := tx.NewID()
	return id, insert(tx, "comment", id, values)
}

// scopeOf returns the columns by which a row about another lies where that one does. On a phone it lies with what the phone
// has: its author holds that.
func scopeOf(tx Tx, about Row) (record.Values, error) {
	if Schema.Table(about.Table) == nil {
		return nil, fault.Newf(fault.UnknownRow, "there is no table %v", about.Table)
	}
	row, err := need(tx, about.Table, about.ID)
	if err != nil {
		return nil, err
	}
	values := record.Values{"about": about.Value(), "branch": row.Get("branch")}
	column, id := scopeIn(tx, row)
	if !id.IsZero() {
		values[column] = record.Ref(id)
	} else if !tx.Hub() {
		return nil, fault.New(ReadByNobody, "nobody would get to read this: say it about the job, the machine, the customer or the request")
	}
	return values, nil
}

// scopeIn returns the first of the job, unit, party and request that the row is or names and that is here: the narrowest
// circle that knows the row. A request, a site and a contact are their customer's first.
func scopeIn(tx Tx, row *record.Row) (column string, id record.ID) {
	columns := []string{"job", "unit", "party", "request"}
	switch row.Table.Name {
	case "job", "unit", "party":
		return row.Table.Name, row.ID
	case "request", "site", "contact":
		columns = []string{"party", "unit"}
	}
	for _, column := range columns {
		i := row.Table.Column(column)
		if i < 0 || row.Table.Columns[i].Ref != column {
			continue
		}
		if id := here(tx, column, row.Cols[i].Ref()); !id.IsZero() {
			return column, id
		}
	}
	if row.Table == requestTable {
		return "request", row.ID
	}
	return "", record.ID{}
}
