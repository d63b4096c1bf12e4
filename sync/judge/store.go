// Package judge is the hub's half of the engine: what becomes of a change set, what a person may see and write, and
// what a device is sent to catch up. It decides; a Store keeps. The package is pure, so that the whole hub can be
// simulated.
package judge

import (
	"math"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Forever is the end of a hold that is open.
const Forever uint64 = math.MaxInt64

// Hold says that a person holds a bucket from the commit Since up to but not including Until, because of the row
// Root, with the right Right.
type Hold struct {
	Person record.ID
	Bucket record.Bucket
	Root   record.Key
	Right  string
	Since  uint64
	Until  uint64 // Forever while open
	// Late is the commit that took from the person by whose change the hold was opened what he opened it by, and of which he
	// had not heard: the hold ends when a change that was made before that may be late no longer. 0 for all others.
	Late uint64
}

// At reports whether the hold covers the commit.
func (h Hold) At(seq uint64) bool { return h.Since <= seq && seq < h.Until }

// Open reports whether the hold is open.
func (h Hold) Open() bool { return h.Until == Forever }

// Actor is what the hub knows of one incarnation of one writer.
type Actor struct {
	Actor   clock.Actor
	Person  record.ID
	Device  record.ID   // zero for office, tokens and the hub
	Counter uint64      // the highest counter judged
	Chain   record.Hash // over the hashes of its change sets up to Counter
	AckK    uint64      // an acknowledged checkpoint ...
	AckN    uint64      // ... which change sets above this counter have seen
	LastK   uint64      // the highest K of a change set judged
	Forked  bool        // two devices have written under its numbers, of which one knows less than was acknowledged
}

// Entry is the ledger's record of one change set: the verdict, and the change set itself.
type Entry struct {
	Dot     clock.Dot
	Origin  record.Origin // how the change set was first written
	Hash    record.Hash
	Seq     uint64
	Eff     clock.Stamp
	Outcome wire.Outcome // Applied, Merged or Quarantined
	Code    fault.Code
	Message string
	Encoded []byte    // the change set
	Same    clock.Dot // the dot under which the same change set was judged before; zero for the first
	Closed  clock.Dot // for Quarantined: the dot that released, amended or dismissed it; zero while open
}

// Conflict is the record of values that were written without knowing each other, in one cell.
type Conflict struct {
	Row     record.Key
	Cell    record.CellID
	Seq     uint64 // the commit that found or last changed it
	Ask     bool   // a person must settle it
	Open    bool
	Values  []record.Standing // the first is shown
	Context clock.Vector      // what the latest author had seen of the row
}

// Rows is what reading rows takes. Rows that come back are the caller's to change.
type Rows interface {
	// Row returns the row with its metadata, dead or alive; nil if there was never one.
	Row(record.Key) (*record.Row, error)
	// Refs returns the ids of the living rows of the table whose reference column holds id, in order.
	Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error)
}

// Holds is what authorising and paging ask about who holds what. The implicit holds (everybody the shared bucket,
// each person his own) are not stored.
type Holds interface {
	// HoldsOn returns every hold there ever was on the bucket, oldest first.
	HoldsOn(record.Bucket) ([]Hold, error)
	// HoldsFrom returns the open holds that the row Root gives.
	HoldsFrom(root record.Key) ([]Hold, error)
	// HoldsOf returns the person's holds that are open or were closed after the commit seq.
	HoldsOf(person record.ID, seq uint64) ([]Hold, error)
	// HeldBy returns the buckets of the person's open holds, each once, in order.
	HeldBy(person record.ID) ([]record.Bucket, error)
}

// Store is one write transaction on the hub's storage. Its methods are called by one goroutine; what they write is
// durable, all of it or nothing, when the transaction that the caller owns commits.
type Store interface {
	Rows
	Holds
	// LateHolds returns the open holds whose Late is not 0, the lowest first.
	LateHolds() ([]Hold, error)
	// Head returns the highest commit number given.
	Head() (uint64, error)
	// CommitTime returns when the commit was made; times never decrease with seq. 0 for a commit before the first.
	CommitTime(seq uint64) (clock.Stamp, error)
	// Actor returns nil for an actor that was never handed out.
	Actor(clock.Actor) (*Actor, error)
	// Entry returns nil for a dot that was never judged.
	Entry(clock.Dot) (*Entry, error)
	// Restamped returns the dot under which a change set was judged that was first written so, and had been re-stamped
	// when it came first; zero if there is none.
	Restamped(record.Origin) (clock.Dot, error)
	// QuarantinedInsert returns the dot of an open quarantined change set that inserts the row, zero if there is none.
	QuarantinedInsert(record.Key) (clock.Dot, error)
	// QuarantinedOn returns the dots of the open quarantined change sets that change the row, in order.
	QuarantinedOn(record.Key) ([]clock.Dot, error)
	// OldestQuarantined returns the lowest counter of the actor's open quarantined change sets, 0 if there is none.
	OldestQuarantined(clock.Actor) (uint64, error)
	// Waiting returns how many of the actor's quarantined change sets are open, and how many bytes they take.
	Waiting(clock.Actor) (n, bytes int, err error)

	// Erased reports whether the row's personal values are to be forgotten, now and whenever they come again.
	Erased(record.Key) (bool, error)

	// Foresee says which rows will be asked for, so that the store may read them all at once. It changes nothing.
	Foresee(rows []record.Key) error

	// PutRow writes the row and moves its feed entries from the commit was (0: there are none) to row.Seq.
	PutRow(row *record.Row, was uint64) error
	// PutHold writes a hold that was opened, or closes one: Person, Bucket, Root and Since name it.
	PutHold(Hold) error
	// PutEntry writes a ledger entry; an entry of the same dot is replaced, as when a quarantined one is closed. One that
	// was re-stamped, and that no entry has been Same with before, is what Restamped returns from then on.
	PutEntry(*Entry) error
	// PutActor writes what the hub knows of an actor.
	PutActor(*Actor) error
	// PutConflict writes a conflict record; one of the same row and cell that is open is replaced.
	PutConflict(Conflict) error
	// PutErased notes that the commit seq erased the rows, none of which was erased before.
	PutErased(seq uint64, rows []record.Key) error
	// PutCommit records that commits up to seq were made at the time at, and the buckets they touched.
	PutCommit(seq uint64, at clock.Stamp, buckets []record.Bucket) error
}

// FeedEntry says that the row was last touched by the commit Seq.
type FeedEntry struct {
	Seq uint64
	Key record.Key
}

// Reader is a read transaction on the hub's storage, a stable snapshot: what building pages takes.
type Reader interface {
	Rows
	Holds
	Head() (uint64, error)
	// Collected returns the highest commit that was noted as Collector.PutCollected says, 0 for none.
	Collected() (uint64, error)
	// Foresee says which rows will be asked for, so that they may be read all at once.
	Foresee(rows []record.Key) error
	// TouchedSince returns the buckets that commits after the commit number touched; known is false where there are too
	// many commits to say.
	TouchedSince(seq uint64) (buckets []record.Bucket, known bool, err error)
	// ErasedSince returns the rows that were erased by commits with after < seq <= to, in order.
	ErasedSince(after, to uint64) ([]record.Key, error)
	// FeedSince returns the bucket's entries of the class with after < seq <= to, in order of seq, at most limit.
	FeedSince(b record.Bucket, class schema.Class, after, to uint64, limit int) ([]FeedEntry, error)
	// Scan calls yield for the living rows of table t that lie in the bucket by its rule-th bucket rule, in key order from
	// the first id greater than after, until yield returns false. The row is only valid during the call.
	Scan(t *schema.Table, rule int, b record.Bucket, after record.ID, yield func(*record.Row) bool) error
	// Count returns about how many living rows of the table the bucket has.
	Count(t *schema.Table, rule int, b record.Bucket) (uint64, error)
}
