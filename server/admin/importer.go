package admin

import (
	"context"
	"io"
	"slices"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/importer"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Imports takes files in. What takes longer than a page may runs behind it, and goes on when its user leaves. Errors for
// the person are *fault.Error.
type Imports interface {
	// Keep takes a file of the sheet's kind over, to be looked at.
	Keep(ctx context.Context, who *auth.Person, kind, name string, from io.Reader) (record.ID, error)
	// Find returns a file that was kept, nil for none: it is kept for a month.
	Find(ctx context.Context, id record.ID) (*ImportFile, error)
	// Check finds out what would become of every row, and keeps the settings for this file and for others like it.
	Check(ctx context.Context, who *auth.Person, id record.ID, s ImportSettings) error
	// Take takes the file in, as it was checked.
	Take(ctx context.Context, who *auth.Person, id record.ID) error
	// TakeBack undoes an import: it removes what nobody has touched since, and lists the rest.
	TakeBack(ctx context.Context, who *auth.Person, id record.ID) error
	// Refused tells of the file's header, then of each row that was refused, and why; Stayed of what undoing left.
	Refused(ctx context.Context, id record.ID, tell func(cells []string, why importer.Remark) error) error
	Stayed(ctx context.Context, id record.ID, tell func(StayedRow) error) error
}

// The phases of a file.
const (
	ImportNew      = "new"      // its columns are to be named
	ImportChecking = "checking" // what would become of it is being found out
	ImportChecked  = "checked"
	ImportTaking   = "taking"
	ImportTaken    = "taken"
	ImportUndoing  = "undoing"
	ImportUndone   = "undone"
	ImportStopped  = "stopped" // half-way, when the hub stopped or something failed: it can go on
)

// ImportFile is a file that somebody sent, and how far it is.
type ImportFile struct {
	ID       record.ID
	Kind     string
	Name     string
	Size     int64
	Person   record.ID
	At       time.Time
	Phase    string
	Problem  importer.Remark // why it stopped, or cannot be read
	Settings ImportSettings
	Columns  []importer.Column // as far as they are known by their headers, or were named for a file like it
	Done     int               // rows, while it is under way
	Counts   importer.Summary  // of the last check or run
	Rows     []ImportedRow     // some of each fate, in the order of the file
	Warnings []importer.Warning
	Removed  int
	Stays    int
	Stayed   []StayedRow // some of them
}

// Sheet is what kind of file it is.
func (f *ImportFile) Sheet() *importer.Sheet { return importer.SheetNamed(f.Kind) }

// Busy reports whether something is under way.
func (f *ImportFile) Busy() bool {
	return slices.Contains([]string{ImportChecking, ImportTaking, ImportUndoing}, f.Phase)
}

// ImportSettings say how a file is read.
type ImportSettings struct {
	Branch       record.ID
	System       string
	Currency     string
	DateOrder    string
	DecimalComma bool
	Columns      []importer.Mapping // one for each column of the file, in order; "" keeps it in the note or leaves it out
}

// ImportedRow is a row, and what becomes of it.
type ImportedRow struct {
	Line int
	Did  importer.Did
	Text string // what it says, shortened
	Why  importer.Remark
}

// StayedRow is a row that undoing an import left where it was.
type StayedRow struct {
	Line  int
	Table string
	ID    record.ID
	Name  string
	Why   importer.Remark
}

// The codes of imports.
const (
	ImportBusy  fault.Code = "import_busy"        // something is under way with this file
	ImportPhase fault.Code = "import_wrong_phase" // it was not checked, or not taken in, or taken in already
	ImportGone  fault.Code = "import_gone"        // the file is no longer kept
)

// importNeeds are what taking in each kind of file takes, beyond the permission to import at all.
var importNeeds = map[string]auth.Permission{
	importer.Jobs.Name: auth.CreateJobs, importer.Customers.Name: auth.EditCustomers, importer.Machines.Name: auth.EditAssets,
	importer.Parts.Name: auth.EditParts, importer.Stock.Name: auth.CountStock,
}
