// Package wire is the language that a device and the hub speak over one WebSocket: its messages, their binary form,
// its limits and its versions. sync/README.md describes the same byte by byte.
package wire

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Subprotocol is the WebSocket subprotocol that carries version 1 of these messages. It is short, since it is said twice
// whenever a device reconnects.
const Subprotocol = "fs1"

// Segments is the parameter of the hub's URL with which a device says of which classes it takes segments, a digit each: of none of
// them has it anything. SegmentPath is where they are at the hub's address, followed by the class, and the version of the schema
// that the device speaks as the parameter schema.
const (
	Segments    = "segments"
	SegmentPath = "/segments/"
)

// Message is one message; each is sent as one binary WebSocket message.
type Message interface{ kind() Kind }

// Kind is the first byte of a message.
type Kind uint8

// The kinds. Numbers below 64 are sent by a device, those from 64 on by the hub.
const (
	KindHello     Kind = 1
	KindProof     Kind = 2
	KindPush      Kind = 3
	KindAck       Kind = 4
	KindVerify    Kind = 5
	KindWitness   Kind = 6
	KindBye       Kind = 7
	KindChallenge Kind = 64
	KindWelcome   Kind = 65
	KindVerdicts  Kind = 66
	KindPage      Kind = 67
	KindSums      Kind = 68
	KindRefusal   Kind = 69
	KindGoodbye   Kind = 70
	KindKept      Kind = 71
)

// Hello opens a session: who the device is, what it has, what it has written.
type Hello struct {
	Device  record.ID
	Token   []byte // the short token of an earlier session; empty asks for a challenge
	Schema  int    // the schema version the device speaks
	Epoch   uint32 // the epoch of the cursors; the hub answers a foreign one with a restore
	Cursors [schema.Classes]uint64
	Resume  []byte      // where an interrupted bucket was left off: what the last Page said; empty for none
	Actor   clock.Actor // the incarnation that new writes carry; 0 asks for one
	Written uint64      // the highest counter that actor has used
	Oldest  int64       // when the oldest unsent change was written, ms since 1970 UTC; 0 for none
	Pending uint32      // how many changes wait
	Now     int64       // the device's clock, ms since 1970 UTC
	App     string      // the program and its version, for the office's list of devices
}

// Proof answers a Challenge: the device's Ed25519 signature over ChallengeText(Nonce).
type Proof struct{ Signature []byte }

// Push carries change sets of one actor in counter order, each in its canonical encoding.
type Push struct {
	Actor   clock.Actor
	Changes []Pushed
}

// Pushed is one change set on its way up.
type Pushed struct {
	Encoded []byte
	Prior   *Prior      // the verdict it had before a restore; not part of what is hashed
	Hash    record.Hash // what it is known by, where personal values were erased from it since; else zero
}

// Prior is what the hub said of a change set in an epoch that is gone.
type Prior struct {
	Outcome Outcome
	Code    fault.Code
	Eff     clock.Stamp
}

// Ack says how far a device has come: the pages that it has committed. It is also the flow control: the hub keeps at
// most Window pages on the way.
type Ack struct {
	Class   schema.Class
	K       uint64 // the class's cursor
	Pages   uint32 // how many pages were committed since the session began
	Actor   clock.Actor
	Written uint64 // the highest counter written by then: later change sets have seen K
}

// Verify asks for the checksums of buckets; it is sent when there is nothing better to do.
type Verify struct{ Buckets []record.Bucket }

// Witness carries rows as a device had them before the hub was restored, and which the hub may lack: copies for the
// office, never merged. It is answered by Kept, and the next one waits for that.
type Witness struct{ Rows []Rows }

// Bye ends a session from the device's side. It names the buckets, at most MaxVerify, whose checksums differed: the device
// comes back at once and fetches all it holds anew.
type Bye struct{ Differs []record.Bucket }

// Challenge asks for a signature.
type Challenge struct{ Nonce []byte }

// Welcome opens the hub's side.
type Welcome struct {
	Epoch    uint32
	Head     uint64      // the hub's commit number: the session is caught up when every class has reached it
	Common   uint64      // for a device of another epoch: the commit up to which its history and this one are known to be the same
	Now      int64       // the hub's clock, ms since 1970 UTC
	Token    []byte      // to be used next time instead of a challenge; empty keeps the one in use
	Actor    clock.Actor // a new incarnation, if the device needs one; 0 keeps the one it has
	Known    uint64      // the highest counter of the device's actor that was judged
	Chain    record.Hash // the chain hash of that actor at Known
	Schema   int         // the schema version the hub speaks
	BackedUp uint64      // commits that two verified backups include: what was acknowledged up to it may be forgotten
}

// Outcome is what became of a change set.
type Outcome uint8

// The outcomes.
const (
	Applied     Outcome = 1 // the hub's row is what the device has
	Merged      Outcome = 2 // accepted; the hub's row is another, and comes along
	Quarantined Outcome = 3 // kept, whole, on both ends; a person decides
	Forked      Outcome = 4 // another change set carries this dot: take a new incarnation
	Gap         Outcome = 5 // the hub expects an earlier counter: neither judged nor stored
	Released    Outcome = 6 // was quarantined, and has been released, amended or dismissed since
)

// Verdict is the outcome of a run of change sets: of one, or of several with consecutive counters that were accepted
// with the same outcome in consecutive commits. Join makes runs.
type Verdict struct {
	Counter uint64        // of the first
	Count   uint64        // how many; above 1 only for Applied and Merged
	Hash    record.Hash   // RunHash of the change sets judged: of a single one its own hash; for Gap the zero Hash
	Outcome Outcome       //
	Seq     uint64        // the commit that judged the first, and so on; for Gap the counter expected
	Eff     []clock.Stamp // the effective time that each was given; empty where it is what its author meant: Stamp.Add(Offset)
	Code    fault.Code    // for Quarantined
	Message string        // for Quarantined: why, and what to do
}

// Verdicts answers a Push. Verdicts are in counter order.
type Verdicts struct {
	Actor    clock.Actor
	Epoch    uint32
	At       uint64 // the hub's head when the rows were read: a page with a smaller To does not touch them
	Verdicts []Verdict
	Rows     []Rows       // today's rows, where they are not what the device has and it may see them
	Gone     []record.Key // rows of these change sets that the device may not see today
}

// Page moves one class of the device from one checkpoint to another. A page too large for one message comes in
// parts; each part is applied by itself and the cursor moves with the last.
type Page struct {
	Class  schema.Class
	From   uint64
	To     uint64
	Last   bool            // the cursor becomes To
	Resume []byte          // given back in Hello if the parts stop here
	Leave  []record.Bucket // evict
	Enter  []record.Bucket // their content is replaced by what follows, in this part and the next ones
	Erased []record.Key    // rows whose personal values are to be forgotten, wherever they are kept, though the device may not see the rows
	Rows   []Rows          //
	Done   uint64          // progress of a long page: rows sent so far ...
	Total  uint64          // ... and in all; 0 when not known
}

// Rows is a batch of rows of one table that carry the same columns.
type Rows struct {
	Table   schema.TableID
	Columns []schema.ColumnID // in the order of the values
	Whole   bool              // the row is replaced; else only the columns named change
	Rows    []Row
}

// Row is one row of a batch. Values are shown values; keyed columns travel packed.
type Row struct {
	ID      record.ID
	Seq     uint64
	Vector  clock.Vector
	Deleted bool
	Values  []record.Value // by position in Rows.Columns
}

// Sum is a bucket's checksum at a commit: the sum of RowSum over its living rows, of the tables and columns that the
// device's schema version knows.
type Sum struct {
	Bucket record.Bucket
	Sum    uint64
}

// Sums answers Verify; a bucket the device does not hold is left out.
type Sums struct {
	At   uint64
	Sums []Sum
}

// Kept answers a Witness.
type Kept struct {
	Count   uint64     // rows of it, from the first on, that need not be offered again in this epoch
	At      uint64     // the commit that has what was kept of them
	Code    fault.Code // why the rest was not taken; empty where there is none
	Message string
}

// Refusal ends a session with the reason.
type Refusal struct {
	Code       fault.Code
	Message    string
	RetryAfter int64 // ms to wait before the next attempt; 0 leaves it to the device
}

// Goodbye announces that the hub will close the connection.
type Goodbye struct{ RetryAfter int64 }

// Window is how many pages the hub sends ahead of the device's acknowledgements.
const Window = 4

// Limits on what an end reads.
const (
	MaxBeforeAuth = 64 << 10 // bytes of a message before the device is known
	MaxMessage    = 1 << 20  // bytes of a message afterwards
	MaxInflated   = 4 << 20  // bytes of a message once decompressed; Decode allows 4 times its limit, at most this
)

// Limits on parts of a message.
const (
	MaxToken   = 256     // bytes of a token, a nonce or a signature
	MaxResume  = 1 << 10 // bytes of Page.Resume
	MaxApp     = 128     // bytes of Hello.App
	MaxCode    = 64      // bytes of a fault code
	MaxText    = 4 << 10 // bytes of a message for a person
	MaxColumns = 64      // columns of a batch of rows
	MaxVerify  = 16      // buckets of a Verify: few enough not to keep the hub from its work
)

func (Hello) kind() Kind     { return KindHello }
func (Proof) kind() Kind     { return KindProof }
func (Push) kind() Kind      { return KindPush }
func (Ack) kind() Kind       { return KindAck }
func (Verify) kind() Kind    { return KindVerify }
func (Witness) kind() Kind   { return KindWitness }
func (Bye) kind() Kind       { return KindBye }
func (Challenge) kind() Kind { return KindChallenge }
func (Welcome) kind() Kind   { return KindWelcome }
func (Verdicts) kind() Kind  { return KindVerdicts }
func (Page) kind() Kind      { return KindPage }
func (Sums) kind() Kind      { return KindSums }
func (Refusal) kind() Kind   { return KindRefusal }
func (Goodbye) kind() Kind   { return KindGoodbye }
func (Kept) kind() Kind      { return KindKept }
