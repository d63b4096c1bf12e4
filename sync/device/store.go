// Package device is the device's half of the engine: how a local write becomes a change set, how pages and verdicts
// of the hub are taken in, and what happens to work that was refused, forked or restored under. A device never
// merges; the hub does, once. It decides; a Store keeps. The package is pure, so that whole fleets can be simulated.
package device

import (
	"math"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Identity is who the replica is and how far it has come. It is one small record, written with every transaction
// that changes it.
type Identity struct {
	Device  record.ID
	Person  record.ID
	Actor   clock.Actor // the incarnation that new writes carry; 0 until the hub has handed one out
	Counter uint64      // the highest counter that Actor has used
	Chain   record.Hash // over the hashes of Actor's change sets up to Counter
	Stamp   clock.Stamp // the latest stamp given
	Offset  int64       // ms to add to the device's clock to get the hub's, as last measured
	Epoch   uint32
	Cursors [schema.Classes]uint64
	Resume  []byte    // where an interrupted page was left off
	Partial [3]uint64 // of that page: class, From and To
	Schema  int       // the schema version of the rows held
	Queue   uint64    // the number of the latest outbox item
	Retired []Past    // incarnations that have unsent work
}

// Past is an incarnation that the device no longer writes with.
type Past struct {
	Actor clock.Actor
	Chain record.Hash
}

// State is where an outbox item stands.
type State uint8

// The states. Pending items are what the technician sees as "waiting", refused ones as "refused".
const (
	Pending  State = 1 // no verdict yet
	Accepted State = 2 // judged and accepted; kept until backups include it
	Refused  State = 3 // quarantined: the office decides, or the technician edits and sends it again
	Closed   State = 4 // was refused, and has been released, sent again or dismissed
)

// Item is one change set in the outbox.
type Item struct {
	N       uint64 // its place in the queue, never reused: order of writing across incarnations
	Change  *record.ChangeSet
	Encoded []byte
	Hash    record.Hash
	Chain   record.Hash // of its actor, up to this change set
	State   State
	Prior   *wire.Prior // the verdict it had, once it had one
	Seq     uint64      // the commit that judged it; Unjudged for one that the hub of this epoch has not judged again
	Code    fault.Code  // why it was refused
	Message string
}

// Unjudged is the Seq of a change set that was judged in an epoch that is gone. No commit reaches it, so that the change
// set is never forgotten before it was sent again.
const Unjudged uint64 = math.MaxInt64

// Base is what a device keeps beside a row that has pending changes: the row as the hub has it.
type Base struct {
	Row    *record.Row  // the hub's row; nil when the hub has never sent one: it was inserted here
	Low    clock.Vector // the lowest vector Row had since the row's oldest pending change
	Hidden bool         // the bucket has left: the row is kept for its pending changes, and not shown
	Gone   bool         // a verdict said so, and not what was merged: Row lacks that until the hub brings it whole, and is Hidden
}

// Store is one write transaction on the replica's storage. What it writes is durable, all of it or nothing, when the
// transaction that the caller owns commits. Rows that come back are the caller's to change.
type Store interface {
	Identity() (*Identity, error)
	PutIdentity(*Identity) error

	// Row returns the visible row: the hub's, with pending changes on top; nil if there is none.
	Row(record.Key) (*record.Row, error)
	PutRow(*record.Row) error
	DropRow(record.Key) error
	// Rows is Row for many keys at once: those rows that there are.
	Rows([]record.Key) (map[record.Key]*record.Row, error)
	// PutRows is PutRow for rows of one table, in their order.
	PutRows([]*record.Row) error
	// Refs returns the ids of the visible rows of the table whose reference column holds id, in order.
	Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error)
	// BucketRows returns the keys of the rows of the class that lie in the bucket.
	BucketRows(b record.Bucket, class schema.Class) ([]record.Key, error)

	// MarkStale notes every row of the class that lies in the bucket as one that the hub has yet to confirm; PutRow and
	// PutBase of a row confirm it. Stale returns the keys of the class that are still to be confirmed.
	MarkStale(b record.Bucket, class schema.Class) error
	Stale(schema.Class) ([]record.Key, error)
	ClearStale(schema.Class) error

	// Base returns nil for a row without pending changes. To ask costs next to nothing where no row has any.
	Base(record.Key) (*Base, error)
	PutBase(record.Key, *Base) error
	DropBase(record.Key) error
	// Settle writes Seq and Vector of the visible row and drops its base: what is shown is what the hub has now. It
	// reports false, and leaves row and base for the caller to write, unless nothing is pending on the row, the row is shown,
	// and its base is not hidden and has a row or inserted is true.
	Settle(k record.Key, seq uint64, vector clock.Vector, inserted bool) (done bool, err error)
	// Bases returns the keys of all rows with pending changes.
	Bases() ([]record.Key, error)

	// Item returns nil if there is none with that dot.
	Item(clock.Dot) (*Item, error)
	// ItemsFrom returns up to n items: the one with that dot, and those with the counters that follow without a gap.
	ItemsFrom(first clock.Dot, n uint64) ([]*Item, error)
	// PutItem writes an item; one with the same N is replaced, though its dot be another.
	PutItem(*Item) error
	// PutJudged is PutItem for items that are in the store as they are but for what a verdict changes: State, Prior, Seq,
	// Code and Message.
	PutJudged([]*Item) error
	// PutRedacted writes an item that is in the store but for values that were taken out of its change set: the hash is that
	// of what it was.
	PutRedacted(*Item) error
	// Items returns up to limit items in the state with N > after, in order of N.
	Items(s State, after uint64, limit int) ([]*Item, error)
	// PendingOn returns the pending items that change the row, in order of N.
	PendingOn(record.Key) ([]*Item, error)
	// PutWitness adds a copy of a row, or replaces the one with its N.
	PutWitness(*Witness) error
	// Witnesses returns up to limit copies with N > after that the hub has taken, or has not, in order of N.
	Witnesses(taken bool, after uint64, limit int) ([]*Witness, error)
	DropWitness(n uint64) error

	// Forget drops what was done with at or before the commit: accepted and closed items that were judged by then, and
	// copies that were taken.
	Forget(upTo uint64) error

	// Purge makes sure that what this transaction replaces of the rows is in no file of the store's any more once it is
	// committed, nor in what the store derives from them.
	Purge([]record.Key) error

	// PutErased notes that the rows were erased; to note it again changes nothing. Erased reports whether the row was. To
	// ask costs next to nothing where none was.
	PutErased([]record.Key) error
	Erased(record.Key) (bool, error)

	// Held returns the buckets of the class that the device holds.
	Held(schema.Class) ([]record.Bucket, error)
	PutHeld(c schema.Class, b record.Bucket, held bool) error
}
