// Package importer reads other systems' files: a CSV of jobs, as spreadsheets and maintenance systems export it, into
// rows that the hub makes jobs from. It is forgiving about form (delimiter, encoding, order and names of columns) and
// strict about loss: a row is refused only when it lacks what a job needs, a value that does not fit is kept as typed
// in a note, and every such thing is reported with its line.
//
// The file is read as a stream. Memory is bounded by the longest record (MaxRecord) and about 40 bytes for every
// distinct row, which identical rows need to be told apart.
package importer

import (
	"cmp"
	"errors"
	"io"
	"iter"
	"strings"

	"golang.org/x/text/currency"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// MaxRecord is the longest record that is read, in bytes, multi-line cells included.
const MaxRecord = 1 << 20

// MaxText is the longest text or note of a job, in bytes, as its columns take them; MaxName the longest of its other
// values.
const (
	MaxText = 64 << 10
	MaxName = 255
)

// The codes of this package.
const (
	BadMapping fault.Code = "import_mapping"        // the mapping is malformed or names a column that is not there
	NoColumn   fault.Code = "import_column_missing" // no column of the file holds what every job needs
	Unreadable fault.Code = "import_unreadable"     // not a delimited text file
	BadOption  fault.Code = "import_option"         // a currency, an order of dates or an encoding that does not exist
)

// JobRow is one job of the file.
type JobRow struct {
	Line     int          // where its record begins, from 1
	Identity string       // 32 hex digits: the row's content, and which of its identical rows it is
	Date     record.Value // record.Date
	Asset    string       // the name or number of the machine, without surrounding spaces
	Text     string       // exactly as typed
	Type     string       // "" where the file has none; so are Status, Priority, Customer and Number
	Status   string       // one of Options.Codes, if that lists any; so are Type and Priority
	Priority string
	Customer string
	Number   string       // the number by which the other system knows it
	Cost     record.Value // record.Money, null where the file has none
	Note     string       // the note, then a line "column: value" for everything that has no other place
}

// Warning tells of something that a person should look at; nothing was lost.
type Warning struct {
	Line    int    `json:"line"`
	Column  string `json:"column,omitempty"` // as the file's header names it
	Message string `json:"message"`
}

// Item is what became of one record of the file: a job, or the reason why it can be none.
type Item struct {
	Job      JobRow
	Refused  string // "" for a job; otherwise what the row lacks
	Warnings []Warning
}

// Options says how to read a file; the zero value does what most files need.
type Options struct {
	Columns      []Mapping          // which column holds what; what is not named here is found by its header
	Currency     string             // ISO 4217, of costs that name none; "" is XXX, "no currency"
	DateOrder    string             // "dmy" or "mdy": how to read 03/04/2005; "" refuses what can be read both ways
	DecimalComma bool               // 1.234,50; always so where semicolons part the columns
	Encoding     string             // UTF8, GB18030, Big5 or Latin1; "" is found out
	Codes        map[Field][]string // the codes that Type, Status and Priority may have; nil takes any
}

// check fills in what was left open. The error's code is BadOption.
func (o *Options) check() error {
	o.Currency = cmp.Or(o.Currency, "XXX")
	o.Encoding = strings.ToLower(o.Encoding)
	_, known := legacy[o.Encoding]
	switch _, err := currency.ParseISO(o.Currency); {
	case err != nil || o.Currency != strings.ToUpper(o.Currency):
		return fault.New(BadOption, "There is no currency "+quote(o.Currency)+". Use an ISO 4217 code such as AUD.")
	case o.DateOrder != "" && o.DateOrder != "dmy" && o.DateOrder != "mdy":
		return fault.New(BadOption, "There is no order of dates "+quote(o.DateOrder)+". Use dmy or mdy.")
	case !known && o.Encoding != "" && o.Encoding != UTF8:
		return fault.New(BadOption, "The encoding "+quote(o.Encoding)+" is not known. "+
			"Use utf-8, gb18030, big5 or windows-1252.")
	}
	return nil
}

// Jobs reads the file's header. The errors are *fault.Error with the codes of this package, or the reader's own.
func Jobs(r io.Reader, opts Options) (*File, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	rows, err := newRecords(r, opts.Encoding)
	if err != nil {
		return nil, err
	}
	header, err := rows.next()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(Unreadable, "The file is empty. It needs a line of column names, then a line for each job.")
	}
	if err != nil {
		return nil, err
	}
	if header.problem != "" {
		return nil, fault.New(Unreadable, "The file's first line is no line of column names: it is "+header.problem+".")
	}
	f := &File{rows: rows, opts: opts, copies: map[[16]byte]uint32{}}
	if f.columns, f.pending, err = resolve(header, opts.Columns); err != nil {
		return nil, err
	}
	f.opts.DecimalComma = opts.DecimalComma || rows.comma == ';'
	return f, nil
}

// File is a file of jobs, its header read.
type File struct {
	rows    *records
	opts    Options
	columns []column
	copies  map[[16]byte]uint32 // how often each row's content was seen
	pending []Warning           // about the header, given with the first item
}

// Items yields what became of each record, in the file's order. An error, the reader's own, ends it.
func (f *File) Items() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for {
			rec, err := f.rows.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Item{}, err)
				return
			}
			if !yield(f.item(rec), nil) {
				return
			}
		}
	}
}

// item makes a job of one record.
func (f *File) item(rec rawRecord) Item {
	d := draft{opts: &f.opts, item: Item{Job: JobRow{Line: rec.line}, Warnings: f.pending}}
	f.pending = nil
	for _, message := range rec.warnings {
		d.warn("", message)
	}
	if rec.problem != "" {
		d.item.Refused = "the line is " + rec.problem
		return d.item
	}
	d.item.Job.Identity = f.identify(rec.cells)
	d.take(f.columns, rec.cells)
	return d.finish()
}
