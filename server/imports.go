package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/server/importer"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Files that are taken in lie in a folder beside the database, each with what was found out about it, until they are a
// month old. What was made of them is in the database (aftersales.Import) and is undone from there.
const (
	maxImport     = 100 << 20 // bytes of a file
	importsKept   = 30 * 24 * time.Hour
	mostRows      = 40  // of each fate, on a page
	mostStayed    = 100 // on a page; the file has all
	mostWarnings  = 100
	importFile    = "file"
	importNotes   = "notes.json"
	importRefused = "refused.json" // a row a line: its cells, and why
	importStayed  = "stayed.json"
)

// imports takes files in for the office.
type imports struct {
	core *Core
	dir  string
	log  *slog.Logger
	now  func() time.Time

	turn   sync.Mutex // one file at a time: the others wait
	mu     sync.Mutex
	active map[record.ID]*atomic.Int64 // files that something is under way with: rows done
	ctx    context.Context             // ends with the hub
	stop   context.CancelFunc
	work   sync.WaitGroup
}

var _ admin.Imports = (*imports)(nil)

func newImports(core *Core, dir string) *imports {
	ctx, stop := context.WithCancel(context.Background())
	return &imports{core: core, dir: dir, log: core.log, now: core.now, active: map[record.ID]*atomic.Int64{}, ctx: ctx, stop: stop}
}

// close stops what is under way at the next row; it can go on when the hub is back.
func (m *imports) close() {
	m.stop()
	m.work.Wait()
}

func (m *imports) path(id record.ID, name string) string {
	return filepath.Join(m.dir, id.String(), name)
}

var errImportGone = fault.New(admin.ImportGone, "This file is no longer kept. Send it again.")

// Keep takes a file over, whole or not at all.
func (m *imports) Keep(_ context.Context, who *auth.Person, kind, name string, from io.Reader) (record.ID, error) {
	sweepImports(m.dir, m.now())
	id := NewID()
	if err := os.MkdirAll(m.path(id, ""), 0o700); err != nil {
		return id, err
	}
	size, err := write(m.path(id, importFile), io.LimitReader(from, maxImport+1))
	switch {
	case err == nil && size > maxImport:
		err = fault.New(fault.TooLarge, "The file is larger than 100 MB. Split it, and import one part after the other.")
	case err == nil && size == 0:
		err = fault.New(importer.Unreadable, "The file is empty. It needs a line of column names, then a line for each row.")
	}
	note := &admin.ImportFile{ID: id, Kind: kind, Name: filepath.Base(name), Size: size, Person: who.ID, At: m.now(), Phase: admin.ImportNew}
	if err == nil {
		err = m.look(note)
	}
	if err == nil {
		err = m.save(note)
	}
	if err != nil {
		return id, errors.Join(err, os.RemoveAll(m.path(id, "")))
	}
	return id, nil
}

func write(path string, from io.Reader) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	size, err = io.Copy(file, from)
	return size, errors.Join(err, file.Close())
}

// look finds out what the columns seem to hold: by the settings of a file like it, else by their headers.
func (m *imports) look(note *admin.ImportFile) error {
	columns, err := m.columns(note, importer.Options{})
	if err != nil {
		return err
	}
	note.Columns = columns
	remembered, err := m.remembered(note)
	if err != nil || remembered == nil {
		return err
	}
	note.Settings = *remembered
	for i := range note.Columns {
		note.Columns[i].Field = remembered.Columns[i].Field
	}
	return nil
}

func (m *imports) columns(note *admin.ImportFile, o importer.Options) ([]importer.Column, error) {
	file, err := os.Open(m.path(note.ID, importFile))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return importer.Look(note.Sheet(), file, o, 3)
}

// sweepImports removes the files in the folder that are a month old.
func sweepImports(dir string, now time.Time) {
	list, _ := os.ReadDir(dir) // none yet, or trouble that whoever writes next hears of
	for _, entry := range list {
		if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > importsKept {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
}

// emptyImports removes what the files in the folder say: whether somebody is in one who was erased, its bytes do not tell
// for sure. What is left of each is what was done with it, so that it can still be undone.
func emptyImports(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, entry := range list {
		err = errors.Join(err, emptyImport(filepath.Join(dir, entry.Name())))
	}
	return err
}

func emptyImport(dir string) error {
	for _, name := range []string{importFile, importRefused, importStayed} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, importNotes))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	note := &admin.ImportFile{}
	if err == nil {
		err = json.Unmarshal(b, note)
	}
	if err != nil {
		return err
	}
	return saveImport(dir, note)
}

// save notes how far a file is.
func (m *imports) save(note *admin.ImportFile) error { return saveImport(m.path(note.ID, ""), note) }

// saveImport notes how far the file in the folder is: all of it or nothing. Of one that was emptied meanwhile nothing that
// it said is noted, nor kept beside it.
func saveImport(dir string, note *admin.ImportFile) error {
	if _, err := os.Stat(filepath.Join(dir, importFile)); errors.Is(err, os.ErrNotExist) {
		note.Rows, note.Warnings, note.Stayed, note.Problem = nil, nil, nil, importer.Remark{}
		for i := range note.Columns {
			note.Columns[i].Samples = nil
		}
		_ = os.Remove(filepath.Join(dir, importRefused))
	}
	b, err := json.Marshal(note)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, importNotes)
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Find returns a file that was kept. One of which something was under way when the hub stopped has stopped.
func (m *imports) Find(_ context.Context, id record.ID) (*admin.ImportFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	done, active := m.active[id]
	b, err := os.ReadFile(m.path(id, importNotes))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	note := &admin.ImportFile{}
	if err == nil {
		err = json.Unmarshal(b, note)
	}
	if err != nil {
		return nil, err
	}
	if active {
		note.Done = int(done.Load())
	} else if note.Busy() {
		note.Phase = admin.ImportStopped
	}
	return note, nil
}

// begin starts work on a file that is in one of the phases; how it ends is noted. The work is done in the name, and
// within the branches, of the request, which need not wait for it.
func (m *imports) begin(ctx context.Context, id record.ID, phase string, from []string, work func(context.Context, *admin.ImportFile, *atomic.Int64) error) error {
	note, err := m.Find(ctx, id)
	if err != nil {
		return err
	}
	if note == nil {
		return errImportGone
	}
	if err := may(note.Phase, from); err != nil {
		return err
	}
	m.mu.Lock()
	if m.active[id] != nil || m.ctx.Err() != nil {
		m.mu.Unlock()
		return fault.New(admin.ImportBusy, "Something is under way with this file already.")
	}
	done := &atomic.Int64{}
	m.active[id] = done
	m.work.Add(1)
	was := note.Phase
	note.Phase, note.Problem = phase, importer.Remark{}
	if err := m.save(note); err != nil {
		m.end(id)
		m.mu.Unlock()
		return err
	}
	m.mu.Unlock()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(m.ctx, cancel)
	go func() {
		defer cancel()
		defer unhook()
		m.finish(note, was, m.inTurn(ctx, note, done, work))
	}()
	return nil
}

func may(phase string, from []string) error {
	for _, p := range from {
		if p == phase {
			return nil
		}
	}
	return fault.New(admin.ImportPhase, "This cannot be done with the file as it stands now. Open its page again.")
}

func (m *imports) inTurn(ctx context.Context, note *admin.ImportFile, done *atomic.Int64, work func(context.Context, *admin.ImportFile, *atomic.Int64) error) (err error) {
	m.turn.Lock()
	defer m.turn.Unlock()
	defer func() {
		if cause := recover(); cause != nil { // a fault of ours in one file is not the end of the hub
			m.log.Error("an import panicked", "file", note.ID, "cause", cause)
			err = fault.New(fault.Internal, "Something is wrong with the server.")
		}
	}()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return work(ctx, note, done)
}

// finish notes how the work ended. A check that failed changed nothing: the file is as it was before.
func (m *imports) finish(note *admin.ImportFile, was string, err error) {
	if err != nil {
		if note.Phase != admin.ImportChecking {
			was = admin.ImportStopped
		}
		note.Phase, note.Problem = was, problemOf(err)
		if !errors.Is(err, context.Canceled) {
			m.log.Warn("an import stopped", "file", note.ID, "error", err)
		}
	}
	m.mu.Lock() // who sees that it has ended can go on with it
	defer m.mu.Unlock()
	if err := m.save(note); err != nil {
		m.log.Error("how far an import is could not be noted", "file", note.ID, "error", err)
	}
	m.end(note.ID)
}

// end takes a file off those that something is under way with; mu is held.
func (m *imports) end(id record.ID) {
	delete(m.active, id)
	m.work.Done()
}

// problemOf returns what a person is told of trouble.
func problemOf(err error) importer.Remark {
	switch {
	case fault.CodeOf(err) != "" && fault.CodeOf(err) != fault.Internal:
		return importer.RemarkOf(err)
	case errors.Is(err, context.Canceled):
		return importer.Remark{Words: "The hub was stopped."}
	}
	return importer.Remark{Words: "Something is wrong with the server."}
}

// options says how the file is read.
func options(s admin.ImportSettings) importer.Options {
	return importer.Options{Columns: s.Columns, Exact: true, Currency: cmp.Or(s.Currency, "XXX"), DateOrder: s.DateOrder, DecimalComma: s.DecimalComma}
}
