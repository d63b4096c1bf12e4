package simtest

import "errors"

// Boundary is a moment at which a process can die.
type Boundary uint8

// The boundaries of a commit.
const (
	BeforeCommit Boundary = iota // everything is written, nothing is durable
	AfterCommit                  // everything is durable, and nobody has been told
)

// ErrCrashed says that the process has died: its store refuses everything until Reopen.
var ErrCrashed = errors.New("simtest: the process has died")

// ErrFull says that the disk is full. Nothing of the transaction is kept; a later one may succeed.
var ErrFull = errors.New("simtest: the disk is full")

var errNested = errors.New("simtest: a write transaction within another one")

// Disk is what the stores in memory have in common: transactions, and the faults that befall them. It belongs to one
// goroutine.
type Disk struct {
	// OnCommit, if set, is asked at every boundary of a commit. An error is returned by the transaction: before the
	// commit nothing of it is kept, after the commit everything. With ErrCrashed the process dies there.
	OnCommit func(Boundary) error

	journal journal
	open    bool
	dead    bool
	commits int
}

// Commits returns how many transactions were committed, for tests that crash at each in turn.
func (d *Disk) Commits() int { return d.commits }

// Reopen starts the process again on the same disk: what was committed is there, and nothing else.
func (d *Disk) Reopen() error {
	d.dead = false
	return nil
}

// transact runs do as one transaction: all of it or nothing.
func (d *Disk) transact(do func() error) error {
	switch {
	case d.dead:
		return ErrCrashed
	case d.open:
		return errNested
	}
	d.open = true
	defer d.abandon()
	err := do()
	if err == nil {
		err = d.boundary(BeforeCommit)
	}
	if err != nil {
		return err
	}
	d.journal.commit()
	d.commits++
	return d.boundary(AfterCommit)
}

// abandon undoes what was not committed: after an error, and after a panic that somebody further up recovers from.
func (d *Disk) abandon() {
	d.journal.rollback()
	d.open = false
}

func (d *Disk) boundary(b Boundary) error {
	if d.OnCommit == nil {
		return nil
	}
	err := d.OnCommit(b)
	d.dead = errors.Is(err, ErrCrashed)
	return err
}
