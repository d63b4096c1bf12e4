// Package importer reads other systems' files: a CSV or a workbook of jobs, customers, machines, parts or stock, as
// spreadsheets and maintenance systems export it, into rows that the hub makes something of. It is forgiving about form
// (delimiter, encoding, order and names of columns) and strict about loss: a value that does not fit is kept as typed
// in a note where its sheet has one, and refuses its row where it has none, and every such thing is reported with its
// line.
//
// The file is read as a stream. Memory is bounded by the longest record (MaxRecord), about 40 bytes for every distinct
// row, which identical rows need to be told apart, and a workbook's table of texts (maxShared).
package importer

import (
	"cmp"
	"errors"
	"io"
	"iter"
	"strings"

	"golang.org/x/text/currency"

	"fieldsync/server/formula"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// MaxRecord is the longest record that is read, in bytes, multi-line cells included.
const MaxRecord = 1 << 20

// MaxText is the longest text or note of a row, in bytes, as its columns take them; MaxName the longest of its other
// values.
const (
	MaxText = 64 << 10
	MaxName = 255
)

// The codes of this package.
const (
	BadMapping fault.Code = "import_mapping"        // the mapping is malformed or names a column that is not there
	NoColumn   fault.Code = "import_column_missing" // no column of the file holds what every row needs
	Unreadable fault.Code = "import_unreadable"     // neither delimited text nor a workbook
	TooLarge   fault.Code = "import_too_large"      // a workbook that unpacks to more than any honest one
	BadOption  fault.Code = "import_option"         // a currency, an order of dates or an encoding that does not exist
)

// Row is one row of a file, its cells read as its sheet declares them.
type Row struct {
	Line     int    // where its record begins, from 1
	Identity string // 32 hex digits: what it is about, or its content, and which of its identical rows it is
	Again    int    // the earlier line about the same thing, 0 for none
	Values   map[Field]record.Value
}

// Value returns what the row says of a field, null for nothing.
func (r *Row) Value(f Field) record.Value { return r.Values[f] }

// Text returns the text of a field, "" for none.
func (r *Row) Text(f Field) string { return r.Values[f].Text() }

// Number returns the number of a field: days of a date, 1 of a yes; 0 for none.
func (r *Row) Number(f Field) int64 { return r.Values[f].Number() }

// Warning tells of something that a person should look at; nothing was lost.
type Warning struct {
	Line   int
	Column string // as the file's header names it
	Why    Remark
}

// Item is what became of one record of the file: a row, or the reason why it can be none.
type Item struct {
	Row      Row
	Cells    []string // as they stand in the file, under its header
	Refused  Remark   // says nothing for a row; otherwise what it lacks
	Warnings []Warning
}

// Options says how to read a file; the zero value does what most files need.
type Options struct {
	Columns      []Mapping          // which column holds what; what is not named here is found by its header
	Exact        bool               // Columns say it all: nothing is found by headers
	Currency     string             // ISO 4217, of costs that name none; "" is XXX, "no currency"
	DateOrder    string             // "dmy" or "mdy": how to read 03/04/2005; "" refuses what can be read both ways
	DecimalComma bool               // 1.234,50; always so where semicolons part the columns
	Encoding     string             // UTF8, GB18030, Big5 or Latin1; "" is found out
	Codes        map[Field][]string // the codes that a field may have; nil takes any
}

// check fills in what was left open. The error's code is BadOption.
func (o *Options) check() error {
	o.Currency = cmp.Or(o.Currency, "XXX")
	o.Encoding = strings.ToLower(o.Encoding)
	_, known := legacy[o.Encoding]
	switch _, err := currency.ParseISO(o.Currency); {
	case err != nil || o.Currency != strings.ToUpper(o.Currency):
		return fault.Newf(BadOption, "There is no currency %s. Use an ISO 4217 code such as AUD.", quote(o.Currency))
	case o.DateOrder != "" && o.DateOrder != "dmy" && o.DateOrder != "mdy":
		return fault.Newf(BadOption, "There is no order of dates %s. Use dmy or mdy.", quote(o.DateOrder))
	case !known && o.Encoding != "" && o.Encoding != UTF8:
		return fault.Newf(BadOption, "The encoding %s is not known. Use utf-8, gb18030, big5 or windows-1252.", quote(o.Encoding))
	}
	return nil
}

// source hands out the records of a file; io.EOF ends them.
type source interface {
	next() (rawRecord, error)
}

// unguarded are the records of a file without what an export put before their cells, so that no spreadsheet reckons them.
type unguarded struct{ source }

func (u unguarded) next() (rawRecord, error) {
	rec, err := u.source.next()
	for i, cell := range rec.cells {
		rec.cells[i] = formula.Unguard(cell)
	}
	return rec, err
}

// openSource returns the records of the file.
func openSource(r io.Reader, opts *Options) (source, error) {
	from, err := detect(r, opts)
	if err != nil {
		return nil, err
	}
	return unguarded{from}, nil
}

// detect finds out what kind of file it is. Of a workbook the reader must be a file, whose end is read first.
func detect(r io.Reader, opts *Options) (source, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	if file, ok := r.(io.ReadSeeker); ok {
		book, err := isWorkbook(file)
		if err != nil {
			return nil, err
		}
		if at, ok := r.(io.ReaderAt); ok && book {
			return openWorkbook(at, file)
		}
	}
	rows, err := newRecords(r, opts.Encoding)
	if err == nil {
		opts.DecimalComma = opts.DecimalComma || rows.comma == ';'
	}
	return rows, err
}

// header reads the line of column names.
func header(rows source) (rawRecord, error) {
	head, err := rows.next()
	switch {
	case errors.Is(err, io.EOF):
		return head, fault.New(Unreadable, "The file is empty. It needs a line of column names, then a line for each row.")
	case err != nil:
		return head, err
	case head.problem.Says():
		return head, fault.Newf(Unreadable, "The file's first line is no line of column names: %v.", head.problem)
	case len(head.cells) > maxColumns:
		return head, fault.New(Unreadable, "The file's first line is no line of column names: it has too many cells.")
	}
	return head, nil
}

// Open reads the header of a file of that kind. The errors are *fault.Error with the codes of this package, or the
// reader's own. A workbook is told by its first bytes where r is a file.
func Open(sheet *Sheet, r io.Reader, opts Options) (*File, error) {
	rows, err := openSource(r, &opts)
	if err != nil {
		return nil, err
	}
	head, err := header(rows)
	if err != nil {
		return nil, err
	}
	f := &File{sheet: sheet, rows: rows, opts: opts, copies: map[[16]byte]uint32{}, lines: map[[16]byte]int{}}
	f.columns, f.pending, err = sheet.resolve(head, &opts)
	return f, err
}

// File is a file, its header read.
type File struct {
	sheet   *Sheet
	rows    source
	opts    Options
	columns []column
	copies  map[[16]byte]uint32 // how often each row's content was seen
	lines   map[[16]byte]int    // where each thing was first told of
	pending []Warning           // about the header, given with the first item
}

// Header returns the names of the columns, as Item.Cells stand under them.
func (f *File) Header() []string {
	names := make([]string, len(f.columns))
	for i := range f.columns {
		names[i] = f.columns[i].name
	}
	return names
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

// item reads one record.
func (f *File) item(rec rawRecord) Item {
	d := draft{sheet: f.sheet, opts: &f.opts, item: Item{
		Row: Row{Line: rec.line, Values: map[Field]record.Value{}}, Cells: rec.cells, Warnings: f.pending,
	}}
	f.pending = nil
	for _, why := range rec.warnings {
		d.warn("", why)
	}
	if rec.problem.Says() {
		d.item.Refused = rec.problem
		return d.item
	}
	d.take(f.columns, rec.cells)
	item := d.finish()
	f.identify(&item, rec.cells)
	return item
}
