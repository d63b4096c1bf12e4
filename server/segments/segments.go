// Package segments keeps, for each class, what everybody holds of it as one compressed file, and hands it to devices that have
// nothing of the class yet: they take it over by statements for thousands of rows, and the hub reads and encodes the rows once
// for all of them. What a file is of stands in its name, with the time of its commit, by which another database's is told from
// one of this. One that was made is never changed: it is dropped, and made anew.
//
// A segment is the beginning of the page that such a device would be sent (judge.ReadSegment), and the page goes on behind it: one
// that is old is as good as a page that was interrupted as long ago. So nothing here has to be in step with the rows.
package segments

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"fieldsync/server/disk"
	"fieldsync/server/store"
	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

const (
	// usualLeast is for how many rows a segment is worth the while: fewer come as fast in a page or two.
	usualLeast = 5000
	// changed is which share of the rows may have changed, one in so many, before a segment is made anew: a device takes those twice.
	changed = 10
	// oldest is for how long a segment serves: much less than devices may be absent, so that no page behind it is begun anew.
	oldest = judge.LongestAbsence / 3
	// rest is for how long none is made after one could not be: the disk may be full, which the rows need too.
	rest = 10 * time.Minute
	// rowSize is what a row takes of the disk while its segment is made, plain and compressed, at the most: bytes.
	rowSize = 1 << 10
)

// Source is the database that segments are made of: store.Store.
type Source interface {
	WriteSegment(ctx context.Context, class schema.Class, path string) (sqlrow.SegmentOf, error)
	SegmentState(ctx context.Context, class schema.Class, at uint64, most int) (store.SegmentState, error)
	Epoch() uint32
}

// Options are what a Shelf needs.
type Options struct {
	Dir    string // the folder for the files; made if there is none
	Source Source
	Schema *schema.Schema
	Least  int // from how many rows on a segment is made of a class; 0 means 5,000
	// Reserve is how much of the disk stays free, in bytes: without room none is made, and rows go one by one. 0 means all may be used.
	Reserve int64
	Log     *slog.Logger
	Now     func() time.Time
}

// Shelf is where segments are kept and made. Its methods may be called from any goroutine.
type Shelf struct {
	Options
	ctx  context.Context // ends with Close
	end  context.CancelFunc
	made sync.WaitGroup

	mu     sync.Mutex
	kept   [schema.Classes]*file
	making [schema.Classes]bool
	failed [schema.Classes]time.Time // when one could not be made
}

// file is a segment on the disk.
type file struct {
	path string
	hash string // hexadecimal SHA-256 of what is in it
	of   sqlrow.SegmentOf
	made clock.Stamp // when its commit was made
}

// Open opens the folder. What in it is of no use any more goes.
func Open(o Options) (*Shelf, error) {
	o.Least = cmp.Or(o.Least, usualLeast)
	s := &Shelf{Options: o}
	s.ctx, s.end = context.WithCancel(context.Background())
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		f := parse(filepath.Join(o.Dir, e.Name()))
		if f == nil || f.of.Epoch != o.Source.Epoch() || f.of.Version != o.Schema.Version || !f.intact() {
			if err := os.Remove(filepath.Join(o.Dir, e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		s.keep(f)
	}
	return s, nil
}

// Close gives up what is being made.
func (s *Shelf) Close() {
	s.end()
	s.made.Wait()
}

// name is that of a segment's file.
func name(of sqlrow.SegmentOf, made clock.Stamp, hash string) string {
	return fmt.Sprintf("%d-%d-%d-%d-%d-%s.zst", of.Class, of.Epoch, of.Version, of.At, uint64(made), hash)
}

// intact reports whether in the file is what its name says.
func (f *file) intact() bool {
	content, err := os.Open(f.path)
	if err != nil {
		return false
	}
	defer func() { _ = content.Close() }() // it was only read
	sum := sha256.New()
	_, err = io.Copy(sum, content)
	return err == nil && hex.EncodeToString(sum.Sum(nil)) == f.hash
}

func parse(path string) *file {
	f := &file{path: path}
	n, err := fmt.Sscanf(filepath.Base(path), "%d-%d-%d-%d-%d-%64s", &f.of.Class, &f.of.Epoch, &f.of.Version, &f.of.At, (*uint64)(&f.made), &f.hash)
	if err != nil || n != 6 || int(f.of.Class) >= schema.Classes || filepath.Base(path) != name(f.of, f.made, f.hash) {
		return nil
	}
	return f
}

// keep puts a segment in the place of the one before, which goes unless it is the later one.
func (s *Shelf) keep(f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.kept[f.of.Class]
	if was != nil && was.of.At > f.of.At {
		was, f = f, was
	}
	s.kept[f.of.Class] = f
	if was != nil && was.path != f.path {
		s.remove(was)
	}
}

// remove deletes a file. Who is reading it reads on.
func (s *Shelf) remove(f *file) {
	if err := os.Remove(f.path); err != nil {
		s.Log.Error("a segment that is of no use any more cannot be removed", "file", f.path, "error", err)
	}
}

// Tidy removes the segments that may be used no more: because they are old, or somebody was erased who stands in them, here or at
// another node. One of which that cannot be learned goes too.
func (s *Shelf) Tidy(ctx context.Context) {
	s.mu.Lock()
	kept := s.kept
	s.mu.Unlock()
	for class, f := range kept {
		if f == nil {
			continue
		}
		if f, _, err := s.usable(ctx, schema.Class(class)); err != nil && f != nil {
			s.Log.Warn("whether a segment may be used is not known; it goes", "class", class, "error", err)
			s.drop(f)
		}
	}
}

// Ready reports whether there is a segment of the class for a device of the schema's version. Where it is missing or has become
// old, one is made meanwhile, for whoever comes later.
func (s *Shelf) Ready(ctx context.Context, class schema.Class, version int) bool {
	if version != s.Schema.Version || int(class) >= schema.Classes || !store.HasSegment(s.Schema, class) {
		return false
	}
	f, state, err := s.usable(ctx, class)
	if err != nil {
		s.Log.Error("whether there is a segment is not known", "class", class, "error", err)
		return false
	}
	many := state.Changed == s.Least || uint64(state.Changed)*changed > state.Rows
	if state.Rows >= uint64(s.Least) && (f == nil || many) {
		s.make(class, state.Rows)
	}
	return f != nil
}

// open opens the class's segment; nil where there is none.
func (s *Shelf) open(class schema.Class) (*os.File, *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.kept[class]
	if f == nil {
		return nil, nil
	}
	content, err := os.Open(f.path)
	if err != nil {
		s.kept[class] = nil
		s.Log.Error("a segment cannot be read; another is made", "file", f.path, "error", err)
		return nil, nil
	}
	return content, f
}

// usable returns the segment of the class, nil where there is none that may be used, and how the class stands. With an error comes the
// one of which nothing is known.
func (s *Shelf) usable(ctx context.Context, class schema.Class) (*file, store.SegmentState, error) {
	s.mu.Lock()
	f := s.kept[class]
	s.mu.Unlock()
	at, most := uint64(0), 1
	if f != nil {
		at, most = f.of.At, s.Least
	}
	state, err := s.Source.SegmentState(ctx, class, at, most)
	if err != nil {
		return f, state, err
	}
	if f != nil && (state.Erased || state.Made != f.made || s.Now().UnixMilli()-f.made.Millis() > oldest.Milliseconds()) {
		s.drop(f)
		f = nil
	}
	return f, state, nil
}

// drop removes the segment, if it is still the one that is kept.
func (s *Shelf) drop(f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[f.of.Class] == f {
		s.kept[f.of.Class] = nil
		s.remove(f)
	}
}

// make has the segment made of the class, which has about so many rows, unless that is under way.
func (s *Shelf) make(class schema.Class, rows uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.making[class] || s.ctx.Err() != nil || s.Now().Sub(s.failed[class]) < rest {
		return
	}
	s.making[class] = true
	s.made.Go(func() {
		began := s.Now()
		f, err := s.write(class, rows)
		if err == nil {
			s.keep(f)
			s.Tidy(s.ctx) // what was erased meanwhile may stand in it
			s.Log.Info("a segment was made", "class", class, "rows", f.of.Total, "at", f.of.At, "took", s.Now().Sub(began))
		}
		if err != nil && s.ctx.Err() == nil {
			s.Log.Error("a segment could not be made; rows go one by one", "class", class, "error", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.making[class] = false; err != nil {
			s.failed[class] = s.Now()
		}
	})
}

var errNoRoom = errors.New("segments: the disk has no room beside what rows need")

// write makes the segment of the class and compresses it.
func (s *Shelf) write(class schema.Class, rows uint64) (f *file, err error) {
	if s.Reserve > 0 && disk.Short(s.Dir, int64(rows)*rowSize, s.Reserve) {
		return nil, errNoRoom
	}
	plain := filepath.Join(s.Dir, fmt.Sprintf("new-%d", class))
	packed := plain + ".zst"
	defer func() { _ = errors.Join(os.Remove(plain), os.Remove(packed)) }() // what is left over goes when the folder is opened
	if err := os.RemoveAll(plain); err != nil {
		return nil, err
	}
	of, err := s.Source.WriteSegment(s.ctx, class, plain)
	if err != nil {
		return nil, err
	}
	state, err := s.Source.SegmentState(s.ctx, class, of.At, 1)
	if err != nil {
		return nil, err
	}
	hash, err := compress(plain, packed)
	if err != nil {
		return nil, err
	}
	f = &file{filepath.Join(s.Dir, name(of, state.Made, hash)), hash, of, state.Made}
	return f, os.Rename(packed, f.path)
}

// compress writes what is in the file from into the file to, compressed and durable, and returns the hash of that.
func compress(from, to string) (hash string, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	z, err := zstd.NewWriter(io.MultiWriter(out, sum), zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1))
	if err == nil {
		_, err = io.Copy(z, in)
		err = errors.Join(err, z.Close(), out.Sync())
	}
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, out.Close())
}
