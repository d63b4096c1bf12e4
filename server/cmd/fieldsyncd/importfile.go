package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"fieldsync/server"
	"fieldsync/server/importer"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
)

// fileImport is a command "import jobs" with its flags.
type fileImport struct {
	sheet   *importer.Sheet
	mapping string
	branch  string
	system  string
	options importer.Options
}

// importCommands are one for each kind of file.
func importCommands() (commands []*command) {
	for _, sheet := range importer.Sheets {
		commands = append(commands, importCommand(sheet))
	}
	return commands
}

func importCommand(sheet *importer.Sheet) *command {
	j := &fileImport{sheet: sheet}
	return &command{
		Name: "import " + sheet.Name, Args: "FILE", Least: 1, Most: 1,
		Brief: "take " + sheet.Name + " in from a CSV file or an XLSX workbook",
		About: importAbout(sheet), Example: importExamples[sheet],
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&j.mapping, "map", "", "FIELD=COLUMN,… which column holds what; FIELD is "+fieldsOf(sheet))
			f.StringVar(&j.branch, "branch", "", "CODE the branch that it belongs to; needed where there are several")
			f.StringVar(&j.system, "system", "import", "NAME of the system the file comes from: its numbers are its own")
			f.StringVar(&j.options.Currency, "currency", "", "CODE of amounts that name none, such as AUD (ISO 4217)")
			f.StringVar(&j.options.DateOrder, "date-order", "", "ORDER how to read 03/04/2005: dmy or mdy")
			f.StringVar(&j.options.Encoding, "encoding", "", "NAME utf-8, gb18030, big5 or windows-1252, if it is not found out rightly")
			f.BoolVar(&j.options.DecimalComma, "decimal-comma", false, "read 1.234,50 as a number; always so between semicolons")
		},
		Do: j.run,
	}
}

func importAbout(sheet *importer.Sheet) string {
	about := `
An XLSX workbook, or text: commas, semicolons or tabs; UTF-8, UTF-16, GB18030, Big5 or Latin-1; "-" reads
text from standard input. Columns are known by their headers, in English or Chinese, or by -map. Importing
a file again doubles nothing, and a row that has changed changes what it made. Refused rows do not make the
command fail: it prints how many of what there were, and each with its line on standard error. It may run
while a hub serves the folder.
`
	if sheet == importer.Jobs {
		about += `
Machines and customers that are not known yet are made. A row is refused only when it lacks what a job needs
(date, asset, text); any other value that does not fit is kept as typed in a note, with a warning that names
its line. Rows that are identical in the file are separate jobs.
`
	}
	return about + `
With -json it prints {"imported":…,"changed":…,"known":…,"refused":…,"warnings":…}, and each warning as an object.`
}

var importExamples = map[*importer.Sheet]string{
	importer.Jobs:      "fieldsyncd import jobs orders.csv -map date=BscStartDate,asset=Asset,text=OriginalShorttext -currency AUD",
	importer.Customers: "fieldsyncd import customers customers.xlsx -system crm",
	importer.Machines:  "fieldsyncd import machines installed-base.csv -date-order dmy",
	importer.Parts:     "fieldsyncd import parts price-list.xlsx -currency EUR",
	importer.Stock:     "fieldsyncd import stock count.csv",
}

func fieldsOf(sheet *importer.Sheet) string {
	var names []string
	for _, spec := range sheet.Fields {
		names = append(names, string(spec.Field))
	}
	return strings.Join(names, ", ") + " or skip"
}

func (j *fileImport) run(ctx context.Context, a *app, args []string) (err error) {
	if j.options.Columns, err = j.sheet.ParseMap(j.mapping); err != nil {
		return err
	}
	file, size, err := a.source(args[0])
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	h, err := a.open(ctx, quietly())
	if err != nil {
		return err
	}
	sum, err := j.into(ctx, a, h, file, size)
	if err = errors.Join(err, h.close()); err != nil {
		return err
	}
	return a.answer(sum, func() {
		a.say("%s imported, %d changed, %d known already, %d refused, %s\n",
			many(sum.Made, j.sheet.Thing), sum.Changed, sum.Same, sum.Refused, many(sum.Warnings, "warning"))
	})
}

func (j *fileImport) into(ctx context.Context, a *app, h *house, file io.Reader, size int64) (importer.Summary, error) {
	branch, err := h.branch(ctx, j.branch)
	if err != nil {
		return importer.Summary{}, err
	}
	line := a.progress("importing")
	counted, read := counted(file)
	defer line.clear()
	rows, err := importer.Open(j.sheet, counted, j.options)
	if err != nil {
		return importer.Summary{}, err
	}
	sink := &counting{server.NewRowSink(ctx, h.core, server.Taking{Sheet: j.sheet, Branch: branch, System: j.system}), 0, func(done int) {
		line.show(read.Load(), size, many(done, j.sheet.Thing))
	}}
	return importer.Run(ctx, rows, sink, importer.Reporter{
		Warning: func(w importer.Warning) { line.clear(); a.warn(w, "") },
		Row: func(item importer.Item, fate importer.Fate) error {
			if fate.Did == importer.Refused {
				line.clear()
				a.warn(importer.Warning{Line: item.Row.Line, Why: fate.Why}, "refused: ")
			}
			return nil
		},
	})
}

// warn tells of something in the file that a person should look at.
func (a *app) warn(w importer.Warning, before string) {
	told := lineNote{w.Line, w.Column, w.Why.Code, before + w.Why.String()}
	switch {
	case a.json:
		_ = json.NewEncoder(a.err).Encode(told)
	case w.Column != "":
		a.tell("line %d, %s: %s", w.Line, w.Column, told.Message)
	default:
		a.tell("line %d: %s", w.Line, told.Message)
	}
}

// lineNote is what programs are told of a line.
type lineNote struct {
	Line    int        `json:"line"`
	Column  string     `json:"column,omitempty"`
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
}

// source opens the file that is named, standard input for "-", and returns its size, 0 for unknown.
func (a *app) source(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(a.in), 0, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, cli.Usage("%s cannot be read: %v", path, cause(err))
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder")
	}
	if err != nil {
		return nil, 0, errors.Join(cli.Usage("%s cannot be read: %v", path, cause(err)), f.Close())
	}
	return f, info.Size(), nil
}

// cause returns what the system said, without the path that it said it about.
func cause(err error) error {
	if p := new(os.PathError); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// counting is a sink that reports how many rows it took.
type counting struct {
	*server.RowSink
	done     int
	progress func(int)
}

// Put takes the rows in.
func (s *counting) Put(rows []importer.Row) (fates []importer.Fate, err error) {
	fates, err = s.RowSink.Put(rows)
	s.done += len(rows)
	s.progress(s.done)
	return fates, err
}

// counted returns the file, and how many bytes of it were read. A file stays one: a workbook's end is read first.
func counted(from io.Reader) (io.Reader, *atomic.Int64) {
	read := &atomic.Int64{}
	if file, ok := from.(*os.File); ok {
		return &countingFile{file, read}, read
	}
	return &countingReader{from, read}, read
}

type countingReader struct {
	io.Reader
	read *atomic.Int64
}

// Read reads on.
func (r *countingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.read.Add(int64(n))
	return n, err
}

type countingFile struct {
	*os.File
	read *atomic.Int64
}

// Read reads on.
func (f *countingFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.read.Add(int64(n))
	return n, err
}

// ReadAt reads anywhere.
func (f *countingFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(b, at)
	f.read.Add(int64(n))
	return n, err
}
