package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"sync/atomic"

	"fieldsync/server"
	"fieldsync/server/importer"
)

// jobImport is the command "import jobs" with its flags.
type jobImport struct {
	mapping string
	branch  string
	system  string
	options importer.Options
}

func importCommand() *command {
	j := &jobImport{}
	return &command{
		name: "import jobs", args: "FILE.csv", least: 1, most: 1,
		brief: "take jobs in from a CSV file",
		about: `
Commas, semicolons or tabs; UTF-8, UTF-16, GB18030, Big5 or Latin-1; "-" reads standard input. Columns
are known by their headers, in English or Chinese, or by -map. Machines that are not known yet are made.
A row is refused only when it lacks what a job needs (date, asset, text); any other value that does not
fit is kept as typed in a note, with a warning that names its line, on standard error. Importing a file
again doubles nothing; rows that are identical in the file are separate jobs. Refused rows do not make
the command fail: it prints how many of what there were. It may run while a hub serves the folder.

With -json it prints {"imported":…,"known":…,"refused":…,"warnings":…}, and each warning as an object.`,
		example: "fieldsyncd import jobs orders.csv -map date=BscStartDate,asset=Asset,text=OriginalShorttext -currency AUD",
		flags: func(f *flag.FlagSet) {
			f.StringVar(&j.mapping, "map", "", "FIELD=COLUMN,… which column holds what; FIELD is date, asset, text, type, status, "+
				"priority, customer, id, cost, note or skip")
			f.StringVar(&j.branch, "branch", "", "CODE the branch that the jobs belong to; needed where there are several")
			f.StringVar(&j.system, "system", "import", "NAME of the system the file comes from: its machines are its own")
			f.StringVar(&j.options.Currency, "currency", "", "CODE of costs that name none, such as AUD (ISO 4217)")
			f.StringVar(&j.options.DateOrder, "date-order", "", "ORDER how to read 03/04/2005: dmy or mdy")
			f.StringVar(&j.options.Encoding, "encoding", "", "NAME utf-8, gb18030, big5 or windows-1252, if it is not found out rightly")
			f.BoolVar(&j.options.DecimalComma, "decimal-comma", false, "read 1.234,50 as a number; always so between semicolons")
		},
		do: j.run,
	}
}

func (j *jobImport) run(ctx context.Context, a *app, args []string) (err error) {
	if j.options.Columns, err = importer.ParseMap(j.mapping); err != nil {
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
		a.say("%s imported, %d known already, %d refused, %s\n",
			many(sum.Imported, "job"), sum.Known, sum.Refused, many(sum.Warnings, "warning"))
	})
}

func (j *jobImport) into(ctx context.Context, a *app, h *house, file io.Reader, size int64) (importer.Summary, error) {
	branch, err := h.branch(ctx, j.branch)
	if err != nil {
		return importer.Summary{}, err
	}
	line := a.progress("importing")
	counted := &countingReader{Reader: file}
	sink := &counting{server.NewJobSink(ctx, h.core, branch, j.system), 0, func(jobs int) {
		line.show(counted.read.Load(), size, many(jobs, "job"))
	}}
	defer line.clear()
	return importer.Run(ctx, counted, j.options, sink, importer.Reporter{
		Warning: func(w importer.Warning) { line.clear(); a.warn(w) },
		Refused: func(n int, reason string) {
			line.clear()
			a.warn(importer.Warning{Line: n, Message: "refused: " + reason})
		},
	})
}

// warn tells of something in the file that a person should look at.
func (a *app) warn(w importer.Warning) {
	switch {
	case a.json:
		_ = json.NewEncoder(a.err).Encode(w)
	case w.Column != "":
		a.tell("line %d, %s: %s", w.Line, w.Column, w.Message)
	default:
		a.tell("line %d: %s", w.Line, w.Message)
	}
}

// source opens the file that is named, standard input for "-", and returns its size, 0 for unknown.
func (a *app) source(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(a.in), 0, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, usage("%s cannot be read: %v", path, cause(err))
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder")
	}
	if err != nil {
		return nil, 0, errors.Join(usage("%s cannot be read: %v", path, cause(err)), f.Close())
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

// counting is a sink that reports how many jobs it took.
type counting struct {
	*server.JobSink
	done     int
	progress func(int)
}

// Put makes the jobs.
func (s *counting) Put(rows []importer.JobRow) (refused []error, err error) {
	refused, err = s.JobSink.Put(rows)
	s.done += len(rows)
	s.progress(s.done)
	return refused, err
}

type countingReader struct {
	io.Reader
	read atomic.Int64
}

// Read reads on.
func (r *countingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.read.Add(int64(n))
	return n, err
}
