// Package schema declares what an application synchronises: its tables and columns, how concurrent values of a column
// merge, which bucket a row lies in, and who holds a bucket. A schema is written once, in Go, and used by both ends;
// SQL, validation, the wire encoding and the office's field names derive from it. The engine knows no other schema
// than the one it is given.
package schema

import (
	"fmt"
	"slices"
)

// TableID and ColumnID are the stable numbers that stand for names in databases and on the wire. A number is never
// given to another table or column, not even after the first one was retired.
type (
	TableID  uint16
	ColumnID uint16
)

// Kind is the type of a column's values.
type Kind uint8

// The kinds. There are no floats: a quantity that is added up must add up the same everywhere.
const (
	Text       Kind = iota + 1 // UTF-8 text, NFC not required, at most Column.Max bytes
	Translated                 // text by language tag, each language a cell of its own
	Integer                    // int64
	Decimal                    // int64 at the fixed Column.Scale: 12.50 at scale 2 is 1250
	Money                      // int64 minor units and an ISO 4217 code; tax and rounding rule are columns of the line
	Quantity                   // int64 at the fixed Column.Scale, and a unit
	Instant                    // milliseconds since 1970 UTC
	Date                       // days since 1970-01-01, without a zone
	Enum                       // a code of a code list; Column.Codes when code knows them all
	Ref                        // the id of a row of Column.Ref
	AnyRef                     // a table and the id of one of its rows
	Fields                     // values that the office defines at run time, by field id, each key a cell of its own
	Set                        // a set of texts, each element a cell of its own
)

var kindNames = [...]string{"", "text", "translated", "integer", "decimal", "money", "quantity", "instant", "date", "enum", "ref", "anyref", "fields", "set"}

// String returns the kind's name.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k > 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Keyed reports whether a column of this kind is many cells, told apart by a key, that merge one by one.
func (k Kind) Keyed() bool { return k == Translated || k == Fields || k == Set }

// Policy chooses the value that is shown among concurrent ones. The others are kept beside it as siblings.
type Policy uint8

// The policies. A Set always merges by add-wins, whatever its Policy.
const (
	Last   Policy = iota // the one that happened later
	Owner                // the one from the side that owns the column, then the later one
	Ladder               // the one further along Column.Codes; the pairs in Column.Ask need a person
	Max                  // the greatest
	Min                  // the least
	First                // the one that happened first
	Group                // as Last; the columns of one Column.Group are always written together
	Ask                  // as Last, and a person must settle it
)

var policyNames = [...]string{"last", "owner", "ladder", "max", "min", "first", "group", "ask"}

// String returns the policy's name.
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return fmt.Sprintf("policy(%d)", uint8(p))
}

// Flags mark a column's treatment outside the merge.
type Flags uint8

// The flags.
const (
	Required   Flags = 1 << iota // an insert must carry a value
	Personal                     // names or describes a natural person: Erase clears it
	Sealed                       // encrypted at rest; neither searchable nor indexed
	Searchable                   // part of the full-text index
	Immutable                    // set by the insert, refused afterwards
	Indexed                      // the stores keep an index; references always have one
	NeedsRight                   // who holds what it is about may not read it for that: it stands in a side table
)

// Column is one column of a table.
type Column struct {
	ID     ColumnID
	Name   string // lower-case snake case; also its name in SQL
	Kind   Kind
	Policy Policy
	Owner  Side        // for the policy Owner: the side whose value is shown
	Flags  Flags       //
	Scale  uint8       // for Decimal and Quantity: digits behind the point
	Max    int         // longest text in bytes; 0 means DefaultMax
	Codes  []string    // for Enum: the codes, for Ladder in order from first to furthest; empty where the list is data
	Asks   [][2]string // for Ladder: pairs that, when concurrent, a person must settle
	Ref    string      // for Ref: the table referred to
	Group  string      // for Group: the group's name
	Since  int         // the schema version that added the column, behind those that there were; 0 means the first. Checksums for devices before it leave it out
}

// Side mirrors clock.Side without importing it: which side's value an Owner column shows.
type Side uint8

// The sides that can own a column.
const (
	Device Side = 0
	Office Side = 1
)

// DefaultMax is the longest text, in bytes, that a column takes unless it says otherwise.
const DefaultMax = 16 << 10

// MaxText returns the longest text, in bytes, that the column takes.
func (c *Column) MaxText() int {
	if c.Max > 0 {
		return c.Max
	}
	return DefaultMax
}

// Has reports whether all of the given flags are set.
func (c *Column) Has(f Flags) bool { return c.Flags&f == f }

// Asking reports whether concurrent values of the column may need a person.
func (c *Column) Asking() bool { return c.Policy == Ask || len(c.Asks) > 0 }

// Rank returns the position of a code on the ladder, -1 for a code that is not on it.
func (c *Column) Rank(code string) int { return slices.Index(c.Codes, code) }

// BucketKind is the kind of thing whose rows a bucket gathers: a number of the application's own.
type BucketKind uint8

// Shared is the kind of the one bucket that everybody holds. Person buckets are held by the person they name.
const (
	SharedBucket BucketKind = 0
	PersonBucket BucketKind = 1
)

// Bucket is a rule that puts each row of a table into a bucket: the one of the given kind whose id stands in the
// column From of the row. From is "" for SharedBucket and "id" for the row's own id; else it is an immutable
// reference. A row lies in one bucket, or in one for each rule of its table (at most four). A device puts a new row only
// where its author holds something; but for a Far bucket, the other end of what goes from one to another.
type Bucket struct {
	Kind BucketKind
	From string
	Far  bool
}

// Grant makes the rows of a table open holds: while a row is alive and its While column has one of the codes In, the
// person or group in the column To holds the buckets at the ends of the Paths, with the right Right.
type Grant struct {
	To    string   // a Ref column: a person, or a group if Members is set
	Group *Members // how people belong to the group in To; nil when To names a person
	While string   // an Enum column; "" means always while the row is alive
	In    []string //
	Right string   // names an entry of Table.Write in the tables of the bucket
	Paths []Path   //
}

// Members names the table whose living rows join people to groups: a membership row carries a Group and a Person. With
// the Group "id" each row is a group itself, of the one Person it names: a store, and who answers for it.
type Members struct{ Table, Group, Person string }

// Path leads from a granting row to a bucket: follow the references in Via, one table after another, and take the
// bucket of kind Kind with the id reached. An empty reference on the way ends the path without a hold. A path with Back
// leads on, from the row reached to each of those that name it, and takes their buckets: to what is fitted in a machine.
// But those that lie in the bucket of the row reached, as what was made for that machine does, come with it anyway.
type Path struct {
	Kind BucketKind
	Via  []string
	Back *Back
}

// Back is a reference against its direction: to the living rows of the Table that name a row in the Column. Each of them
// has the bucket of its own id.
type Back struct{ Table, Column string }

// Mode says whether rows of a table change.
type Mode uint8

// The modes.
const (
	Record Mode = iota // rows change
	Ledger             // rows are only ever added: movements, time marks, signatures
)

// Class is a priority of download: a device completes class 0 before class 1.
type Class uint8

// The classes. Class 0 carries assignments: its checkpoint is the K of causal authorisation.
const (
	ClassWork    Class = 0 // my jobs and what they need
	ClassStock   Class = 1 // parts and prices
	ClassLibrary Class = 2 // catalogue, knowledge
	Classes            = 3
)

// Right is what a hold with this name permits to do with the rows of a table.
type Right struct {
	Name    string
	Insert  bool
	Columns []string // the columns it may write; nil means every one
}

// Table is one table.
type Table struct {
	ID      TableID
	Name    string // lower-case snake case; also its name in SQL
	Mode    Mode
	Class   Class
	Columns []Column
	Buckets []Bucket
	Parent  string  // a Ref column: the row that owns this one; a write to this one brings a deleted owner back
	Grants  []Grant // what rows of this table let people hold
	Rights  []Right // what holders of the row's buckets may write, by the hold's right
	Create  bool    // a device may insert a row into a bucket nobody holds yet: a job found on site
	Alias   string  // a Ref column to the table itself: the row that stands for this one, where the office joined two
	// Withheld are columns that no device writes, not even in a row that it makes. Those of the policy Owner are, unless a
	// right names them.
	Withheld []string
	// Remade says that the hub makes the rows by itself, anew where a restore has lost one: a copy that a device still has of
	// them is nothing that somebody would have to decide about. No device writes such a table.
	Remade bool
	Since  int // the schema version that added the table; 0 means the first

	byID     map[ColumnID]int
	byName   map[string]int
	leads    map[ColumnID]bool // to the rows of other tables, on a path of a grant
	withheld map[ColumnID]bool
}

// Leads reports whether what people hold follows the reference in the column: a path of a grant goes on by it.
func (t *Table) Leads(id ColumnID) bool { return t.leads[id] }

// Withholds reports whether no device may write the column, not even in a row that it makes.
func (t *Table) Withholds(id ColumnID) bool { return t.withheld[id] }

// Column returns the position of the column of that name, -1 if there is none.
func (t *Table) Column(name string) int {
	if i, ok := t.byName[name]; ok {
		return i
	}
	return -1
}

// ColumnByID returns the position of the column with that id, -1 if this version does not know it.
func (t *Table) ColumnByID(id ColumnID) int {
	if i, ok := t.byID[id]; ok {
		return i
	}
	return -1
}

// Right returns the entry of Rights with that name, nil if holders with that right may only read.
func (t *Table) Right(name string) *Right {
	for i := range t.Rights {
		if t.Rights[i].Name == name {
			return &t.Rights[i]
		}
	}
	return nil
}

// Schema is a checked set of tables. It is immutable.
type Schema struct {
	Name    string
	Version int // rises with every change; a device tells the hub which one it speaks
	Tables  []*Table

	byID   map[TableID]*Table
	byName map[string]*Table
}

// Table returns the table of that name, nil if there is none.
func (s *Schema) Table(name string) *Table { return s.byName[name] }

// TableByID returns the table with that id, nil if this version does not know it.
func (s *Schema) TableByID(id TableID) *Table { return s.byID[id] }
