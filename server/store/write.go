package store

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"fieldsync/sync/fault"
	"fieldsync/sync/sqlrow"
)

// Write runs do in a write transaction and returns once what it wrote is durable (synchronous=FULL). If do returns an
// error or panics, nothing of it is kept. Functions run one at a time, each in its caller's goroutine; those that wait
// for their turn join the commit of the one before. An error may therefore also be that of the common commit: nothing
// was written then either, and the codes are those of Open and DiskFull. A function must not call Write.
func (s *Store) Write(ctx context.Context, do func(*Tx) error) error {
	return s.relieve(s.explain(s.writer.write(ctx, do)))
}

// WriteInLine is Write for what comes in crowds, or is better done seldom and much at once: devices that deliver, bulk work, the
// indexes that follow behind the commits. They wait for one another first, so that who calls Write, with a person waiting for
// him, has one of them before him and not all.
func (s *Store) WriteInLine(ctx context.Context, do func(*Tx) error) error {
	return s.relieve(s.explain(s.writer.writeInLine(ctx, do)))
}

// relieve has the log of commits emptied where the disk is full: it begins anew then, in the room that it has.
func (s *Store) relieve(err error) error {
	if fault.CodeOf(err) == DiskFull {
		signal(s.full)
	}
	return err
}

// maxGroup bounds how many functions share a commit: the first one waits for the last.
const maxGroup = 64

// writer owns the one connection that writes. A commit costs an fsync whatever is in it, so whoever finishes while
// others wait leaves the transaction open for the next one, and only the last commits.
type writer struct {
	line    sync.Mutex // held by the one of WriteInLine whose turn it is, until its function has run
	mu      sync.Mutex // held while a function runs
	waiting atomic.Int32
	conn    *conn
	tx      *Tx
	group   *group // the open transaction; nil between commits
	closed  bool
}

// group is the functions that share a commit.
type group struct {
	size int
	done chan struct{} // closed when it is decided
	err  error         // nil when it is durable
}

func newWriter(s *Store, c *conn) *writer {
	return &writer{conn: c, tx: &Tx{reads: reads{s, c}, cache: newCache(), outcome: outcome{touched: map[place]uint64{}}}}
}

func (w *writer) write(ctx context.Context, do func(*Tx) error) error {
	w.waiting.Add(1)
	return durable(w.turn(ctx, do))
}

func (w *writer) writeInLine(ctx context.Context, do func(*Tx) error) error {
	w.waiting.Add(1)
	return durable(w.turnInLine(ctx, do))
}

func durable(g *group, err error) error {
	if err != nil {
		return err
	}
	<-g.done
	return g.err
}

func (w *writer) turnInLine(ctx context.Context, do func(*Tx) error) (*group, error) {
	w.line.Lock()
	defer w.line.Unlock()
	return w.turn(ctx, do)
}

// turn runs do when nobody else writes.
func (w *writer) turn(ctx context.Context, do func(*Tx) error) (*group, error) {
	w.mu.Lock()
	w.waiting.Add(-1)
	return w.take(ctx, do)
}

// take runs do within the open group or a new one, and then commits it, unless somebody waits who will.
func (w *writer) take(ctx context.Context, do func(*Tx) error) (g *group, err error) {
	defer w.mu.Unlock()
	defer w.pass() // after a panic too
	if w.closed {
		return nil, fault.New(Stopped, "The hub is shutting down. Try again later.")
	}
	if err = ctx.Err(); err != nil {
		return nil, err
	}
	if w.group == nil {
		return w.first(do)
	}
	g = w.group
	g.size++
	return g, w.tx.Step(func() error { return do(w.tx) })
}

// first opens a group with do. It needs no step of its own, which would copy every page that do writes to: what it
// leaves half done is undone with the whole transaction, for there is nothing else in it yet.
func (w *writer) first(do func(*Tx) error) (g *group, err error) {
	if err = w.revive(); err != nil {
		return nil, err
	}
	if err = w.tx.begin(); err != nil {
		return nil, err
	}
	kept := false
	defer func() {
		if !kept {
			w.tx.rollback()
		}
	}()
	if err = do(w.tx); err == nil {
		err = w.tx.conn.Settle() // its own trouble, not that of whoever comes next
	}
	if err != nil {
		return nil, err
	}
	kept = true
	w.group = &group{size: 1, done: make(chan struct{})}
	return w.group, nil
}

// revive opens another connection where the last one broke.
func (w *writer) revive() error {
	if w.conn.alive() {
		return nil
	}
	c, err := w.tx.engine.connect(toWrite)
	if err != nil {
		return err
	}
	_ = w.conn.close() // it is broken
	w.conn, w.tx.conn = c, c
	return nil
}

// pass leaves the group to the next one waiting, or decides it.
func (w *writer) pass() {
	if g := w.group; g == nil || w.waiting.Load() > 0 && g.size < maxGroup && !w.tx.lost {
		return
	}
	w.decide()
}

// decide commits the open group, if there is one.
func (w *writer) decide() {
	g := w.group
	if g == nil {
		return
	}
	w.group = nil
	g.err = w.tx.commit()
	close(g.done)
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.decide()
	w.closed = true
	return w.conn.close()
}

// Tx is one write transaction: a judge.Store, and the hub's own writes. It belongs to the function that Write calls,
// and is not used after it.
type Tx struct {
	reads
	cache
	outcome  outcome
	search   sqlrow.Upkeep
	ahead    ahead
	lately   lately
	unlinked []byte // what was judged since the last commit, as the chain will have it
	lost     bool   // the database has abandoned the transaction, as it may when the disk is full
}

// begin opens the transaction. What another process has written since the last one makes the cache worthless.
func (tx *Tx) begin() error {
	tx.unlinked = tx.unlinked[:0]
	tx.outcome.clear()
	tx.lost, tx.search = false, tx.layout.Upkeep(tx.conn.Conn)
	version, err := tx.engine.begin(tx.conn)
	if err == nil && version != tx.version {
		tx.forget()
		tx.version = version
		err = tx.restart()
	}
	if err != nil {
		tx.rollback()
	}
	return err
}

// restart begins anew what is known of the latest commits.
func (tx *Tx) restart() error {
	head, err := tx.lastCommit()
	if err == nil {
		tx.heads.restart(head)
		tx.lately.restart(head)
	}
	return err
}

// Step runs do as a part of the transaction that is kept or undone by itself: if do returns an error or panics, the
// transaction is as it was before the call. Steps may be nested.
func (tx *Tx) Step(do func() error) (err error) {
	if tx.lost {
		return errLost
	}
	if err = tx.flush(); err != nil {
		return err
	}
	if err = tx.conn.run("SAVEPOINT step"); err != nil {
		return err
	}
	kept, linked, around := false, len(tx.unlinked), tx.outcome.begin()
	defer func() {
		if !kept {
			tx.unlinked = tx.unlinked[:min(linked, len(tx.unlinked))]
			tx.undo()
		}
		tx.outcome.end(around)
	}()
	if err = do(); err != nil {
		return err
	}
	if err = tx.conn.run("RELEASE step"); err == nil {
		kept = true
	}
	return err
}

// errLost is what the rest of a group hears after the database has abandoned the transaction.
var errLost = fault.New(DiskFull, "The disk is full, or does not work as it should. Nothing was written; try again.")

// undo takes back the innermost step. The cache may know of it, so it is forgotten.
func (tx *Tx) undo() {
	tx.forget()
	tx.outcome.undo()
	tx.search = tx.layout.Upkeep(tx.conn.Conn)
	tx.ahead.forget()
	if tx.conn.run("ROLLBACK TO step", "RELEASE step") != nil {
		tx.lost = true
	}
}

// commit makes the transaction durable, and then tells the heads and the registry how far it has come. A reader who sees
// the commit before the heads know of it sees that, and looks for himself.
func (tx *Tx) commit() error {
	if tx.lost {
		tx.rollback()
		return errLost
	}
	err := tx.flush()
	if err == nil {
		_, err = tx.Head()
	}
	if err == nil {
		err = tx.conn.run("COMMIT")
	}
	if err != nil {
		tx.rollback()
		return err
	}
	tx.engine.committed()
	tx.heads.raise(tx.outcome.touched, tx.cache.head)
	tx.lately.committed(tx.cache.head)
	tx.registry.committed(tx.Epoch(), tx.cache.head, slices.Values(tx.outcome.latest()))
	signal(tx.moved)
	if tx.engine.heavy(tx.conn) {
		signal(tx.full)
	}
	if log := tx.engine.log(); log != nil && log.Short() {
		signal(tx.short)
	}
	tx.ahead.forget() // another process may write between transactions
	return nil
}

// signal tells who follows, unless he has not yet looked at the last time.
func signal(follower chan<- struct{}) {
	select {
	case follower <- struct{}{}:
	default:
	}
}

// rollback abandons the whole transaction. It may fail only where the database has done so by itself.
func (tx *Tx) rollback() {
	_ = tx.conn.run("ROLLBACK")
	tx.lately.abandoned()
	tx.forget()
	tx.ahead.forget()
}
