// Package replica is the one SQLite file that a device keeps: the rows of its scope as the user sees them, the hub's
// version of what he has changed, his outbox, and who he is. It implements device.Store; the engine decides, and this
// package keeps.
//
// There is one writer and any number of readers. What a user writes is durable when Write returns (synchronous=FULL);
// what came from the hub can be fetched again, and WriteBulk saves the disk's patience. Readers see a stable snapshot
// and never wait for the writer.
//
// Nothing that goes wrong here loses work: a full disk undoes a transaction, a process that dies leaves the last
// committed one, and a damaged file is set aside, whole, after everything readable was taken out of it.
package replica

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
	"fieldsync/sync/seal"
	"fieldsync/sync/sqlrow"
)

// Options say which file to open, and how.
type Options struct {
	Path   string         // of the database; files of SQLite's and of this package's stand beside it
	Schema *schema.Schema // whose rows it holds
	// ReadOnly opens it beside a writer in another process, or on a full disk; Write and WriteBulk are refused with ReadOnly.
	ReadOnly bool

	// Room bounds the database, in bytes: what would make it larger than this, and than it is, is refused with DiskFull. 0 is
	// no bound but the disk's.
	Room int64

	// Instance is the path of the token that tells the file from a copy of it; Path + ".instance" if empty. On a phone
	// it belongs where backups do not reach.
	Instance string
	Random   io.Reader // for the token, and nonces; crypto/rand if nil

	// Keys yields the keys of what the schema declares sealed: on a phone, those in its keystore. Nil means a key file,
	// Path + ".keys", which is made if there is none.
	Keys seal.Keys
	// StartOver sets a file aside whose key is missing or another one, as if it were damaged: what was not sealed of the
	// unsent work is taken over, and the rows are fetched again. Without it, Open refuses such a file.
	StartOver bool
}

func (o Options) complete() (Options, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil || o.Path == "" || o.Schema == nil {
		return o, fault.Wrap(fault.Invalid, "a replica needs a path and a schema", err)
	}
	o.Path = path
	if o.Instance == "" {
		o.Instance = path + ".instance"
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	return o, nil
}

// Replica is an open replica. Its methods may be called from any goroutine.
type Replica struct {
	// Cloned says that this file is a copy, or came back from a backup: what waits in it is sent under the names it
	// has, and then the device takes a new incarnation and calls ConfirmInstance. It does not change but by that.
	Cloned bool
	// Recovery is what became of a damaged file; nil if there was none.
	Recovery *Recovery

	options Options
	layout  *sqlrow.Layout
	lock    *lock

	turn   chan struct{} // holds one token while nobody writes
	pool   *sql.DB       // has one connection, the writer
	writer *handle       // nil when opened read-only
	sync   string        // the writer's level of durability
	known  memory        // the writer's, of what was committed last
	tally  tally
	sent   sent

	log         *sqlrow.Log
	lengthening sync.WaitGroup // it takes turns with who writes
	busy        atomic.Bool    // it is at it

	purging bool // something was erased that the write-ahead log may still have; as it may when the replica is opened

	readers *sql.DB
	idle    chan *handle
	alive   sync.RWMutex // held for reading while somebody reads
	closed  bool
	over    atomic.Pointer[fault.Error] // why it is closed, where there is a reason
}

// maxIdle is how many connections for reading are kept with their statements.
const maxIdle = 4

// Open opens the replica, and makes it where there is none. Refusals are *fault.Error: InUse where another process
// writes it, Foreign, ReadOnly, DiskFull, Storage, fault.Version where a newer program wrote it, and seal.Missing or
// seal.Wrong where it was sealed with a key that is not there. A damaged file is no refusal: see Recovery.
func Open(ctx context.Context, o Options) (*Replica, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	box, err := sqlrow.NewBox(o.Schema, o.Keys, o.Path+".keys", o.Random)
	if err != nil {
		return nil, keyFileFailed(err)
	}
	r := &Replica{
		options: o,
		layout:  sqlrow.New(o.Schema, sqlrow.SQLite, sqlrow.Device).Sealing(box),
		turn:    make(chan struct{}, 1),
		idle:    make(chan *handle, maxIdle),
	}
	r.release()
	if err = r.start(ctx); err != nil {
		return nil, errors.Join(r.told(err), r.Close())
	}
	return r, nil
}

// keyFileFailed tells what an error about a key file is; others stay as they are.
func keyFileFailed(err error) error {
	if errors.Is(err, sqlrow.ErrKeyFile) {
		return failed("the key file beside the data cannot be read or made", err)
	}
	return err
}

func (r *Replica) start(ctx context.Context) (err error) {
	if !r.options.ReadOnly {
		if err = r.startWriter(ctx); err != nil {
			return err
		}
	}
	if r.readers, err = open(r.options.Path, "ro", reading...); err != nil {
		return err
	}
	err = r.look(ctx)
	if !r.options.ReadOnly || !r.cannotWrite(err) {
		return err
	}
	// SQLite makes a file beside one that it only reads. Where it cannot, the file is read as one that nobody changes.
	_ = r.readers.Close() // it was only read
	if r.readers, err = openStill(r.options.Path); err != nil {
		return err
	}
	return r.look(ctx)
}

// look sees whether the file can be read.
func (r *Replica) look(ctx context.Context) error {
	return r.Read(ctx, func(tx *Tx) error { return cmp.Or(checkFormat(tx.conn), r.layout.CheckKeys(tx.conn)) })
}

// cannotWrite reports whether the error may come of a full disk, or of a folder that cannot be written, and whether the file
// is whole without a write-ahead log.
func (r *Replica) cannotWrite(err error) bool {
	code := fault.CodeOf(err)
	log, absent := os.Stat(r.options.Path + "-wal")
	return (code == DiskFull || code == Storage || code == ReadOnly) && (absent != nil || log.Size() == 0)
}

func (r *Replica) startWriter(ctx context.Context) (err error) {
	if r.lock, err = takeLock(ctx, r.options.Path); err != nil {
		return err
	}
	if r.Recovery, err = r.repair(ctx); err != nil {
		return err
	}
	if r.pool, r.writer, err = openWriter(ctx, r.options.Path, r.options.Room, r.layout); err != nil {
		return err
	}
	r.sync, r.purging = "FULL", true
	r.log = sqlrow.NewLog(r.options.Path, autocheckpoint)
	_ = os.Remove(r.suspectPath()) // by now it has been looked into
	cloned, err := r.checkInstance()
	r.Cloned = cloned || r.Recovery != nil
	return err
}

// Close waits for whoever reads or writes, and closes the file. Writing and reading afterwards is refused.
func (r *Replica) Close() error {
	if _, open := <-r.turn; !open {
		return nil
	}
	close(r.turn)
	r.lengthening.Wait()
	r.alive.Lock()
	defer r.alive.Unlock()
	r.closed = true
	return r.shut()
}

// End is Close with a reason, which is what everybody is told who reads or writes afterwards.
func (r *Replica) End(reason *fault.Error) error {
	r.over.Store(reason)
	return r.Close()
}

// ended says that nothing can be read or written any more.
func (r *Replica) ended() error {
	if reason := r.over.Load(); reason != nil {
		return reason
	}
	return errClosed
}

// shut closes the readers first, so that the writer is the last to go and leaves one clean file.
func (r *Replica) shut() (err error) {
	for len(r.idle) > 0 {
		(<-r.idle).close()
	}
	if r.readers != nil {
		err = r.readers.Close()
	}
	if r.writer != nil {
		r.writer.close()
		err = errors.Join(err, r.pool.Close())
	}
	r.tally.close()
	if r.lock != nil {
		r.lock.release()
	}
	return err
}

var errClosed = fault.New(Storage, "the replica is closed")

// acquire waits for the turn to write.
func (r *Replica) acquire(ctx context.Context) error {
	if r.options.ReadOnly {
		return fault.New(ReadOnly, "the replica was opened for reading only")
	}
	select {
	case _, open := <-r.turn:
		if !open {
			return r.ended()
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Replica) release() { r.turn <- struct{}{} }

// Write calls do within the one write transaction there can be, and commits it durably: once Write has returned nil,
// no crash and no power cut takes it back. After an error or a panic nothing has changed; an error of do comes back as
// it is, those of the storage as *fault.Error. The context bounds the wait for the turn. The Tx is of no use after do.
func (r *Replica) Write(ctx context.Context, do func(*Tx) error) error {
	return r.write(ctx, "FULL", do)
}

// WriteBulk is Write for what came from the hub: atomic, and in order with all other writes, but a power cut may take
// the latest ones back, to be fetched again.
func (r *Replica) WriteBulk(ctx context.Context, do func(*Tx) error) error {
	return r.write(ctx, "NORMAL", do)
}

func (r *Replica) write(ctx context.Context, sync string, do func(*Tx) error) error {
	if err := r.acquire(ctx); err != nil {
		return err
	}
	defer r.release()
	if r.sync != sync {
		if _, err := r.writer.Exec("PRAGMA synchronous = " + sync); err != nil {
			return err
		}
		r.sync = sync
	}
	defer r.sent.ended()
	err := transact(r.writer.Conn, r.layout, "BEGIN IMMEDIATE", &r.known, func(tx *Tx) error {
		tx.sent = &r.sent
		err := do(tx)
		if err == nil && tx.purges {
			r.purging = true
			err = r.dropAside()
		}
		return err
	})
	if err == nil && r.purging {
		r.purge()
	}
	if err == nil && sync == "FULL" {
		r.count()
		r.makeRoom()
	}
	return r.told(err)
}

// Read calls do with a stable snapshot: what do sees was committed when Read began. What do writes is refused.
func (r *Replica) Read(ctx context.Context, do func(*Tx) error) error {
	r.alive.RLock()
	defer r.alive.RUnlock()
	if r.closed {
		return r.ended()
	}
	h, err := r.reader(ctx)
	if err != nil {
		return err
	}
	defer r.giveBack(h)
	return r.told(transact(h.Conn, r.layout, "BEGIN", new(memory), func(tx *Tx) error {
		if _, err := tx.conn.Int("SELECT EXISTS (SELECT 1 FROM sqlite_schema)"); err != nil { // the snapshot begins here
			return err
		}
		return do(tx)
	}))
}

func (r *Replica) reader(ctx context.Context) (*handle, error) {
	select {
	case h := <-r.idle:
		return h, nil
	default:
		return hold(ctx, r.readers)
	}
}

func (r *Replica) giveBack(h *handle) {
	select {
	case r.idle <- h:
	default:
		h.close()
	}
}

// Query runs an SQL query that only reads, for programs that embed the replica. The tables are those of the schema;
// package sqlrow says how values stand in them. Rows with _del = 1 are deleted ones.
func (r *Replica) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.alive.RLock()
	defer r.alive.RUnlock()
	if r.closed {
		return nil, r.ended()
	}
	rows, err := r.readers.QueryContext(ctx, query, args...)
	return rows, r.told(explain(err))
}

// DeferIndexes drops the indexes of the rows' tables if there are no rows yet, so that a first download runs faster.
// Whoever calls it calls BuildIndexes after the download; an Open in between builds them too.
func (r *Replica) DeferIndexes(ctx context.Context) error {
	return r.WriteBulk(ctx, func(tx *Tx) error {
		for _, t := range r.options.Schema.Tables {
			some, err := tx.conn.Int("SELECT EXISTS (SELECT 1 FROM " + sqlrow.Quote(t.Name) + ")")
			if err != nil || some != 0 {
				return err
			}
		}
		return run(tx.conn, r.layout.DropIndexes()...)
	})
}

// BuildIndexes makes the indexes that are missing.
func (r *Replica) BuildIndexes(ctx context.Context) error {
	return r.WriteBulk(ctx, func(tx *Tx) error { return run(tx.conn, r.layout.Indexes()...) })
}

// Box returns what the replica seals with, for what is sealed beside it. Where the schema seals nothing it is made of the
// keys of the options all the same.
func (r *Replica) Box() (*seal.Box, error) {
	box, err := sqlrow.KeyBox(r.options.Keys, r.options.Path+".keys", r.options.Random)
	return box, keyFileFailed(err)
}

// Layout returns how the rows stand in the file, for tests and tools that look at it.
func (r *Replica) Layout() *sqlrow.Layout { return r.layout }

var _ device.Store = (*Tx)(nil)
