package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
	"fieldsync/sync/seal"
	"fieldsync/sync/sqlrow"
)

// Options say what to open and how.
type Options struct {
	Path     string         // of the database file, which is created if there is none, and of the files beside it
	Database string         // postgres://…: the database stands there, and only the files beside it at Path; "" means SQLite
	Schema   *schema.Schema // the application's tables
	Readers  int            // how many snapshots may be open at a time; 0 means 8
	Random   io.Reader      // for salts, ids and nonces; nil means crypto/rand
	Keys     seal.Keys      // of what the schema declares sealed; nil means those in KeyFile
	KeyFile  string         // "" means Path + ".keys"; made if there is none
	Log      *slog.Logger   // for what the operator should know; nil means slog.Default

	// Restored says that a backup was put in the database's place: a new epoch begins, though the companions may not know
	// of any commit that it lacks.
	Restored bool

	// MayReform is asked before a database of an older form is brought to this program's, which an older program that works on it would
	// not survive. Its error is Open's; nil means that it may be.
	MayReform func() error
}

// Store is the hub's storage. Its methods are safe for concurrent use.
type Store struct {
	options  Options
	engine   engine
	layout   *sqlrow.Layout
	shown    *sqlrow.Layout // the rows as a device has them
	writer   *writer
	readers  *readers
	reports  *sql.DB // for Query; read-only
	paces    *sql.DB // for UsePace; nil where one process serves the database
	registry *registry
	heads    heads
	foreseen foreseen
	identity identity

	pacesUsed atomic.Int64

	moved     chan struct{} // something was committed
	short     chan struct{} // the log of commits has no room left
	full      chan struct{} // the log of commits is to be emptied
	emptying  sync.Mutex    // somebody is at it: SQLite refuses a second one
	stop      chan struct{} // closed with the store
	followers sync.WaitGroup

	closing sync.Once
	closed  error
}

// Open opens the database, creates its tables or migrates them (a copy of what they were stays beside it), and begins a new epoch if it finds the database older than
// the files beside it say it was. Refused, with the code: a file of another program (Foreign), of a newer version of
// this one (Newer), damaged (Corrupt), not to be written (ReadOnly) or not to be opened (Unreadable), and one that was
// sealed with a key that is not there (seal.Missing) or is another one (seal.Wrong).
func Open(ctx context.Context, o Options) (*Store, error) {
	o.Readers = cmp.Or(o.Readers, 8)
	o.Log = cmp.Or(o.Log, slog.Default())
	if o.Random == nil {
		o.Random = rand.Reader
	}
	box, err := sqlrow.NewBox(o.Schema, o.Keys, cmp.Or(o.KeyFile, o.Path+".keys"), o.Random)
	if errors.Is(err, sqlrow.ErrKeyFile) {
		return nil, unreadable(err)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{
		options: o, engine: engineOf(o), stop: make(chan struct{}),
		moved: make(chan struct{}, 1), short: make(chan struct{}, 1), full: make(chan struct{}, 1),
	}
	s.layout = sqlrow.New(o.Schema, s.engine.dialect(), sqlrow.Hub).Sealing(box)
	s.shown = sqlrow.New(o.Schema, s.engine.dialect(), sqlrow.Device).Sealing(box)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(s.explain(err), s.Close())
	}
	return s, nil
}

func engineOf(o Options) engine {
	if o.Database == "" {
		return sqlite{o.Path, o.Readers, sqlrow.NewLog(o.Path, emptyAfter)}
	}
	return &postgresql{url: o.Database, readers: o.Readers}
}

func (s *Store) open(ctx context.Context) (err error) {
	conn, err := s.engine.connect(toWrite)
	if err != nil {
		return err
	}
	s.writer = newWriter(s, conn)
	s.readers = newReaders(s, s.options.Readers)
	if err = s.reform(ctx); err != nil {
		return err
	}
	if err = s.recognise(); err != nil {
		return err
	}
	if s.reports, err = s.engine.reports(); err != nil {
		return err
	}
	s.paces = s.engine.paces()
	s.moved <- struct{}{} // the last process may have left something to do
	s.followers.Go(s.keepHistory)
	s.followers.Go(s.keepRoom)
	s.followers.Go(s.keepShort)
	return ctx.Err()
}

// Close ends the store: what is being written is committed first, and later calls are refused with the code Stopped.
// The caller ends his snapshots before.
func (s *Store) Close() error {
	s.closing.Do(func() {
		var errs []error
		close(s.stop)
		s.followers.Wait()
		if s.writer != nil {
			errs = append(errs, s.writer.close())
		}
		if s.readers != nil {
			errs = append(errs, s.readers.close())
		}
		if s.reports != nil {
			errs = append(errs, s.reports.Close())
		}
		if s.paces != nil {
			errs = append(errs, s.paces.Close())
		}
		if s.registry != nil {
			errs = append(errs, s.registry.close())
		}
		s.closed = s.explain(errors.Join(errs...))
	})
	return s.closed
}

// Schema returns the schema that the store was opened with.
func (s *Store) Schema() *schema.Schema { return s.options.Schema }

// Query runs one SELECT for a report, outside any snapshot, on connections that cannot write.
func (s *Store) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := s.reports.QueryContext(ctx, s.engine.dialect().Statement(query), args...)
	return rows, s.explain(err)
}

func (s *Store) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.options.Random, b); err != nil {
		return nil, fault.Wrap(fault.Internal, "The system gives no random numbers.", err)
	}
	return b, nil
}

// millis and moment turn times into columns and back; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
