package admin

import (
	"context"
	"io"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Engine is the hub, seen from a page. Errors for the person are *fault.Error.
type Engine interface {
	// View runs read in one stable snapshot.
	View(ctx context.Context, read func(Reader) error) error
	// Do runs the command in one durable transaction written in the author's name, and tells every device and watcher
	// after the commit. Seen holds the vectors of the rows that the author's page showed: they are the contexts of what
	// is written, so that nothing which he had not seen is overwritten. A row that is not in Seen counts as seen as it is
	// in the transaction, and a claim is cut down to what the row really carries. Cause is for the audit.
	Do(ctx context.Context, author Author, seen Seen, cause string, command func(aftersales.Tx) error) error
	// Settle writes the chosen value over exactly the values that the page showed; one that has come since stays open.
	// The error is a *fault.Error with the code AlreadySettled where none of them stands any more.
	Settle(ctx context.Context, author Author, choice Choice) error
	// Decide closes a quarantined change set. The error is a *fault.Error with the code fault.Closed where somebody was
	// quicker, or what the released change set was refused with.
	Decide(ctx context.Context, author Author, decision Decision) error
	// Watch returns a channel that receives after commits, several of them folded into one, and what ends it.
	Watch() (changed <-chan struct{}, stop func())
}

// Author is in whose name the office writes. From is the address of his machine, for the audit.
type Author struct {
	Person record.ID
	From   string
}

// Seen is what a page showed: of each row the vector.
type Seen map[record.Key]clock.Vector

// Choice settles a conflict.
type Choice struct {
	Row    record.Key
	Cell   record.CellID
	Chosen clock.Dot   // of the value that shall stand
	Over   []clock.Dot // of every value the page showed, the chosen one among them
}

// Verb is what becomes of a refused change set.
type Verb string

// The verbs.
const (
	Release Verb = "release" // apply it as it is, in spite of what refused it
	Amend   Verb = "amend"   // apply Rows in its place
	Dismiss Verb = "dismiss" // close it without applying; it stays readable
)

// Decision closes a quarantined change set.
type Decision struct {
	Dot    clock.Dot
	Verb   Verb
	Rows   []record.RowChange // for Amend: all of its row changes, with their contexts, some values replaced
	Reason string
}

// Reader is one stable snapshot of the hub.
type Reader interface {
	// Row returns the row with its metadata, dead or alive; nil if there was never one.
	Row(record.Key) (*record.Row, error)
	// Foresee reads rows ahead that Row is about to be asked for, each once: many by one statement.
	Foresee(rows []record.Key) error
	// Refs returns the ids of the living rows of the table whose reference column holds id, in order.
	Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error)
	// ForeseeRefs reads ahead what Refs is about to be asked of the ids, of each once.
	ForeseeRefs(t *schema.Table, column string, ids []record.ID) error
	// PersonName returns what the person of that id is called, "" if nobody has it. It asks the snapshot: a page that asked
	// for another one meanwhile could wait for itself.
	PersonName(record.ID) (string, error)
	// Writer returns who writes as the actor; the zero Writer for one that was never handed out.
	Writer(clock.Actor) (Writer, error)
	// Search returns the rows that hold every piece of the query, as people type it; see sqlrow.Layout.Find. It asks
	// nobody for rights.
	Search(query string, o sqlrow.SearchOptions) ([]sqlrow.Hit, error)
	// Best returns the rows of a table that hold a text and fit it best, at most so many; see sqlrow.Layout.Best.
	Best(text, table string, most int) (sqlrow.Matches, error)
	// Opens reports whether a row opens the file that it names to who asks: who is bound to branches is shown none whose writer has
	// not had it himself, or a hash of another branch's file, in a row of his own, would open it.
	Opens(row *record.Row, h blob.Hash) (bool, error)
	Lists
	list.Selecter
}

// Lists are the indexed pages. Each takes a cursor, "" for the first page, and returns at most limit entries and the
// cursor of the next page, "" after the last: no list ends without saying so.
type Lists interface {
	// History returns the judged change sets that touched any of the rows, latest first.
	History(rows []record.Key, cursor string, limit int) (entries []Event, next string, err error)
	// Journal returns the judged change sets that the filter leaves, latest first.
	Journal(f JournalFilter, cursor string, limit int) (entries []Event, next string, err error)
	// Conflicts returns conflicts, those that ask for a person first, then the latest first; of one row where row is not
	// the zero Key.
	Conflicts(open bool, row record.Key, cursor string, limit int) (found []judge.Conflict, total int, next string, err error)
	// Conflict returns the conflict record of that number, and when it last changed; nil for one that the visitor may not see.
	Conflict(n uint64) (found *judge.Conflict, changed time.Time, err error)
	// Refused returns quarantined change sets, the oldest first while open, the latest first once closed; those of one
	// device where device is not zero.
	Refused(open bool, device record.ID, cursor string, limit int) (entries []Event, total int, next string, err error)
	// Entry returns the judged change set of that dot, nil if there is none.
	Entry(clock.Dot) (*Event, error)
}

// JournalFilter says which change sets the audit trail tells of; the zero JournalFilter of all.
type JournalFilter struct {
	Row      record.Key // that touched it
	Person   record.ID  // written by him
	Device   record.ID  // written on it
	From, To int64      // which the hub judged in [From, To), ms since 1970 UTC; 0: unbounded

	FirstRows int // no more rows of each than this are read, which a change has thousands of; 0: all
}

// Writer is who an actor writes for.
type Writer struct {
	Person record.ID
	Name   string // the person's
	Device string // the device's name; "" in the office
	Side   clock.Side
}

// Event is one judged change set.
type Event struct {
	judge.Entry
	Change   *record.ChangeSet
	More     int   // how many rows it has beyond those of Change, where whoever asked wanted no more of them
	Received int64 // when the hub judged it, ms since 1970 UTC
}

// Phones is what the office does with devices.
type Phones interface {
	// Phones returns every device that was ever enrolled, ordered by person and name.
	Phones(context.Context) ([]Phone, error)
	// Holding returns what a device holds and believes, nil for one that there is not.
	Holding(ctx context.Context, device record.ID) (*Holding, error)
	// ChangeStanding lets the device in or keeps it out, closing its connection at once; unless check refuses how it stands now.
	ChangeStanding(ctx context.Context, id record.ID, to auth.Standing, check func(now auth.Standing) error) error
	// NewCode returns a code with which the person enrols one device, and when it expires.
	NewCode(ctx context.Context, person record.ID) (code string, expires time.Time, err error)
	// TakeParcel takes in unsent work that was brought from a device by hand (package parcel): what the hub has judged
	// before is judged no second time. What was taken in is in the answer, with an error too.
	TakeParcel(ctx context.Context, from io.Reader) (Brought, error)
}

// Phone is a device as the office sees it.
type Phone struct {
	ID       record.ID
	Person   record.ID
	Owner    string // the person's name
	Name     string
	Standing auth.Standing
	App      string // program and version
	Schema   int    // the schema version it speaks; 0: it never connected
	Online   bool
	Contact  time.Time     // when it was last heard; zero: never
	Pending  int           // changes that waited on it when it was last heard
	Oldest   time.Time     // when the oldest of them was written; zero: none
	Offset   time.Duration // what to add to its clock to get the hub's
	Refused  int           // its open quarantined change sets
	Wiped    time.Time     // when it said that it had destroyed what it held; zero: not yet
}

// The codes of the office.
const (
	AlreadySettled fault.Code = "already_settled" // the conflict closed before
	NotFound       fault.Code = "not_found"       // no page, job, person or device of that name
	NoRight        fault.Code = "no_right"        // the person's roles do not include this
	BadForm        fault.Code = "bad_form"        // a form that no page of ours sends
)

// errForm answers a form that no page of ours sends.
var errForm = fault.New(BadForm, "The form is too long or damaged. Go back and try again.")
