package client

import (
	"context"
	"sync"
	"time"

	"fieldsync/client/replica"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Status is how the replica stands towards the hub.
type Status struct {
	Enrolled bool
	Person   record.ID
	Online   bool          // connected now, and level
	Pending  int           // changes without a verdict
	Oldest   time.Time     // when the oldest of them was written, by the device's clock, and never later than now by it; zero for none
	Refused  int           // changes that the hub put aside; see Outbox
	Contact  time.Time     // when the hub was last heard, in this process or, to a minute, in one before; zero for never
	Trouble  string        // why the last attempt failed; "" after one that did not
	Code     fault.Code    // of that trouble; "" for one that has none
	Offset   time.Duration // how far the hub's clock is ahead of the device's: times are corrected by it
	Ready    bool          // the first class, all that today's work needs, has been fetched once
	Complete bool          // every class has

	SearchReady bool // a search finds everything; false while the index is behind

	Low  bool  // the disk has little space left: see FileOptions.Low
	Free int64 // how much, in bytes, to the MiB; 0 unless Low, so that a status does not change all the time

	Done    uint64                 // rows that have come of the download under way
	Total   uint64                 // of so many; both 0 when there is none
	Cursors [schema.Classes]uint64 // the hub's commit up to which each class of rows is complete here; 0 before the first download
}

// contact is what the client knows of the hub in this process.
type contact struct {
	stirring stirring
	mu       sync.Mutex
	last     time.Time
	noted    time.Time // the last that was written down
	online   bool
	trouble  string
	code     fault.Code // of the trouble
	done     uint64
	total    uint64
	checked  time.Time
	backedUp uint64 // the commit up to which the outbox was found to have nothing to forget
	indexing bool   // indexes are left for the end of the first download
}

func (c *contact) heard(now func() time.Time) func() {
	return func() {
		defer c.stirring.stir()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last, c.trouble, c.code = now(), "", ""
	}
}

// noteWithin is how far what is written down of the last contact may lag behind while a connection lasts. A phone's system
// ends programs without a word.
const noteWithin = time.Minute

// toNote returns the last contact if it is later, by more than the lag, than what was written down; and takes it for written.
func (c *contact) toNote(lag time.Duration) (at time.Time, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.Sub(c.noted).Abs() <= lag {
		return time.Time{}, false
	}
	c.noted = c.last
	return c.last, true
}

// noteHeard writes down when the hub was last heard. No disk is waited for: a contact that is lost with the power is no harm.
func (c *Client) noteHeard(lag time.Duration) {
	at, due := c.contact.toNote(lag)
	if !due {
		return
	}
	err := c.replica.WriteBulk(context.Background(), func(tx *replica.Tx) error { return tx.PutHeard(at) })
	if err != nil {
		c.Log.Error("the contact cannot be written down", "error", err)
	}
}

// A replica that stays connected is compared with the hub a minute after it connected, and then once a day.
const (
	checkAfter = time.Minute
	checkEvery = 24 * time.Hour
)

// nextCheck returns how long from now the replica is to be compared with the hub.
func (c *contact) nextCheck(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(checkAfter, c.checked.Add(checkEvery).Sub(now))
}

// compared notes that the replica was compared.
func (c *contact) compared(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked = now
}

func (c *contact) forgotten() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.backedUp
}

func (c *contact) forgot(upTo uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.backedUp = upTo
}

func (c *contact) failed(reason error) {
	defer c.stirring.stir()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trouble, c.code = reason.Error(), fault.CodeOf(reason)
}

func (c *contact) setOnline(online bool) {
	defer c.stirring.stir()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.online = online
}

func (c *contact) isOnline() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.online
}

func (c *contact) progressed(p *wire.Page) {
	defer c.stirring.stir()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done, c.total = p.Done, p.Total
	if p.Last {
		c.done, c.total = 0, 0
	}
}

// deferIndexes notes that indexes are left for the end of the first download.
func (c *contact) deferIndexes() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.indexing = true
}

// finished reports, once, that indexes are to be built now.
func (c *contact) finished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.indexing
	c.indexing = false
	return was
}

// Status returns how the replica stands.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	err = c.replica.Read(ctx, func(tx *replica.Tx) error {
		id, err := tx.Identity()
		if err != nil || id == nil {
			return err
		}
		s.Enrolled, s.Person, s.Cursors = !id.Person.IsZero(), id.Person, id.Cursors
		s.Offset = time.Duration(id.Offset) * time.Millisecond
		s.Ready = id.Cursors[schema.ClassWork] > 0
		s.Complete = s.Ready && id.Cursors[schema.ClassStock] > 0 && id.Cursors[schema.ClassLibrary] > 0
		if s.SearchReady, err = searchReady(tx, s.Complete); err != nil {
			return err
		}
		if s.Contact, err = tx.Heard(); err != nil {
			return err
		}
		return count(tx, &s)
	})
	if now := c.Now(); s.Oldest.After(now) { // stamps go on from how far ahead the clock had been
		s.Oldest = now
	}
	s.Free, s.Low = c.space()
	c.contact.mu.Lock()
	defer c.contact.mu.Unlock()
	s.Online, s.Trouble, s.Code = c.contact.online, c.contact.trouble, c.contact.code
	if !c.contact.last.IsZero() {
		s.Contact = c.contact.last
	}
	s.Done, s.Total = c.contact.done, c.contact.total
	return s, err
}

func searchReady(tx *replica.Tx, complete bool) (bool, error) {
	lags, err := tx.Lags(schema.ClassLibrary)
	return complete && !lags, err
}

func count(tx *replica.Tx, s *Status) (err error) {
	if s.Pending, s.Oldest, err = tx.Waiting(device.Pending); err != nil {
		return err
	}
	s.Refused, _, err = tx.Waiting(device.Refused)
	return err
}

func eachItem(tx *replica.Tx, state device.State, do func(*device.Item)) error {
	for after := uint64(0); ; {
		items, err := tx.Items(state, after, 512)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, item := range items {
			do(item)
			after = item.N
		}
	}
}

// Sent is one of the user's changes, as the outbox shows it.
type Sent struct {
	Place   uint64 // in the queue: it only grows
	Dot     clock.Dot
	State   device.State
	Cause   string
	Written time.Time
	Rows    []record.RowChange
	Code    fault.Code // why it was refused
	Message string     // the same, for the person

	identity record.ID
}

func sentOf(item *device.Item) Sent {
	return Sent{
		Place: item.N, Dot: item.Change.Dot, State: item.State, Cause: item.Change.Cause, Written: item.Change.Stamp.Time(),
		Rows: item.Change.Rows, Code: item.Code, Message: item.Message, identity: item.Change.RID(item.Hash),
	}
}

// Outbox returns the changes in the state, all of them, in the order they were written.
func (c *Client) Outbox(ctx context.Context, state device.State) (list []Sent, err error) {
	err = c.replica.Read(ctx, func(tx *replica.Tx) error {
		return eachItem(tx, state, func(item *device.Item) { list = append(list, sentOf(item)) })
	})
	return list, err
}

// OutboxFirst returns at most n changes in the state that come after a place in the queue (0: from its beginning), the
// oldest first. It costs what it returns, however many there are.
func (c *Client) OutboxFirst(ctx context.Context, state device.State, after uint64, n int) ([]Sent, error) {
	return c.someSent(ctx, func(tx *replica.Tx) ([]*device.Item, error) { return tx.Items(state, after, n) })
}

// OutboxLast returns at most n changes in the state, the latest first. It costs what it returns, however many there are.
func (c *Client) OutboxLast(ctx context.Context, state device.State, n int) ([]Sent, error) {
	return c.someSent(ctx, func(tx *replica.Tx) ([]*device.Item, error) { return tx.LastItems(state, n) })
}

// OutboxOn returns the changes of the rows that wait for a verdict, those of one row in the order they were written. One
// that changes several of the rows comes for each.
func (c *Client) OutboxOn(ctx context.Context, rows []record.Key) ([]Sent, error) {
	return c.someSent(ctx, func(tx *replica.Tx) (all []*device.Item, err error) {
		for i := 0; i < len(rows) && err == nil; i++ {
			var pending []*device.Item
			pending, err = tx.PendingOn(rows[i])
			all = append(all, pending...)
		}
		return all, err
	})
}

func (c *Client) someSent(ctx context.Context, read func(*replica.Tx) ([]*device.Item, error)) (list []Sent, err error) {
	err = c.replica.Read(ctx, func(tx *replica.Tx) error {
		items, err := read(tx)
		for _, item := range items {
			list = append(list, sentOf(item))
		}
		return err
	})
	return list, err
}

// Dismiss gives up a refused change. The office still has it. Codes: fault.Closed for one that is not refused, or no longer.
func (c *Client) Dismiss(ctx context.Context, dot clock.Dot) error {
	defer c.contact.stirring.stir()
	return c.replica.Write(ctx, func(tx *replica.Tx) error {
		r, err := device.Open(tx, c.Schema)
		if err != nil {
			return err
		}
		return r.Dismiss(dot)
	})
}

// Identity returns the identity that a change keeps for ever, whatever number it is sent under.
func (s *Sent) Identity() record.ID { return s.identity }
