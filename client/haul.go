package client

import (
	"context"
	"encoding/hex"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/client/files"
	"fieldsync/client/link"
	"fieldsync/client/replica"
	"fieldsync/sync/blob"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
)

// FileOptions are a device's policy for files.
type FileOptions struct {
	Reduce    bool          // photos are made smaller before they are kept, unless the person has chosen otherwise: see Choose
	WiFiOnly  bool          // on a metered network only signatures go; the rest waits for another; unless he has chosen otherwise
	Ahead     Ahead         // what is fetched before anybody asks
	KeepFor   time.Duration // how long a file stays that no row on the device names any more; 0 means an hour
	Directory string        // where files lie; "" means beside the replica
	Open      bool          // what is kept from now on lies open on the disk; else it is sealed with Options.Keys, like sealed columns
	// Low is how many bytes left on the disk are little: the status says so, nothing is fetched ahead any more, and pictures
	// go that the hub has and that can be fetched again. 0 means 256 MiB; below 0 it never is little.
	Low   int64
	Space func(dir string) (free int64, known bool) // nil asks the system
}

// Ahead says what is fetched before anybody asks for it.
type Ahead int

// The choices. Each includes those before it.
const (
	AheadThumbnails Ahead = iota // small pictures of what others took
	AheadDocuments               // manuals and other documents, on a network that is not metered
	AheadAll                     // everything, on a network that is not metered
	AheadNothing    Ahead = -1
)

// Network is what a device is connected by, as far as it matters to files.
type Network int

// The networks.
const (
	NetworkUnknown Network = iota // nobody has said: taken as not metered
	NetworkFree                   // Wi-Fi, a cable
	NetworkMetered                // mobile data
)

// SetNetwork says what the device is connected by now, and makes a waiting client try at once; one that has a connection makes
// sure that it outlived the change.
func (c *Client) SetNetwork(n Network) {
	c.haul.set(n)
	c.haul.wakeUp()
	c.NetworkChanged()
}

// Transfer is a file on its way.
type Transfer struct {
	Hash  blob.Hash
	Up    bool  // to the hub
	Done  int64 // bytes
	Total int64
	Ended bool  // it is there, or Err says why not
	Err   error // a *fault.Error; what is not blob.Final is tried again by itself
}

// Percent returns how much of the file is there.
func (t Transfer) Percent() int {
	if t.Total <= 0 {
		return 0
	}
	return int(100 * t.Done / t.Total)
}

// hauler is what carries files beside the rows.
type hauler struct {
	turn    chan struct{} // holds a token while nobody carries: one file at a time, so that rows get through
	awake   chan struct{}
	stirred atomic.Bool // there may be files to carry that nobody has looked for

	mu       sync.Mutex
	looked   time.Time // when it was last woken for what comes with time only
	network  Network
	now      map[blob.Hash]Transfer
	watchers map[chan struct{}]map[blob.Hash]Transfer // what each has not taken yet, the latest of each file
}

func newHauler() *hauler {
	h := &hauler{turn: make(chan struct{}, 1), awake: make(chan struct{}, 1), now: map[blob.Hash]Transfer{},
		watchers: map[chan struct{}]map[blob.Hash]Transfer{}}
	h.turn <- struct{}{}
	return h
}

func (h *hauler) wakeUp() {
	select {
	case h.awake <- struct{}{}:
	default:
	}
}

// The tables whose rows name files.
const (
	attachments = "attachment"
	documents   = "document"
)

// lookEvery is how often files are looked after that no row tells of: what is to be checked, and what may go.
const lookEvery = time.Hour

// levelled wakes it, now that both ends have the same rows, if any of those may name a file, or it is time: to look at all
// that are named costs more than most changes do.
func (h *hauler) levelled(now time.Time) {
	h.mu.Lock()
	due := now.Sub(h.looked).Abs() > lookEvery
	if due {
		h.looked = now
	}
	h.mu.Unlock()
	if h.stirred.Swap(false) || due {
		h.wakeUp()
	}
}

func (h *hauler) set(n Network) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.network = n
}

func (h *hauler) metered() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.network == NetworkMetered
}

func (h *hauler) moving(hash blob.Hash) (Transfer, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t, ok := h.now[hash]
	return t, ok
}

// tell notes how far a file has come, for whoever watches. It never waits for him.
func (h *hauler) tell(t Transfer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now[t.Hash] = t
	if t.Ended {
		delete(h.now, t.Hash)
	}
	for ready, folded := range h.watchers {
		folded[t.Hash] = t
		select {
		case ready <- struct{}{}:
		default:
		}
	}
}

// WatchTransfers returns a channel of how files get on, and what ends it. Of each file a slow reader gets the latest.
func (c *Client) WatchTransfers() (transfers <-chan Transfer, stop func()) {
	ready, out, gone := make(chan struct{}, 1), make(chan Transfer), make(chan struct{})
	c.haul.mu.Lock()
	c.haul.watchers[ready] = map[blob.Hash]Transfer{}
	c.haul.mu.Unlock()
	go c.haul.serve(ready, out, gone)
	var once sync.Once
	return out, func() { once.Do(func() { close(gone) }) }
}

func (h *hauler) serve(ready chan struct{}, out chan<- Transfer, gone <-chan struct{}) {
	defer close(out)
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, ready)
	}()
	for {
		select {
		case <-gone:
			return
		case <-ready:
		}
		h.mu.Lock()
		folded := maps.Clone(h.watchers[ready])
		clear(h.watchers[ready])
		h.mu.Unlock()
		for _, t := range folded {
			select {
			case out <- t:
			case <-gone:
				return
			}
		}
	}
}

func (c *Client) mayCarry() error {
	if c.ReadOnly {
		return fault.New(replica.ReadOnly, "the replica was opened for reading only")
	}
	return nil
}

func (c *Client) openFiles() (err error) {
	dir := c.Files.Directory
	if dir == "" {
		dir = c.Path + ".files"
	}
	if c.Files.KeepFor == 0 {
		c.Files.KeepFor = time.Hour
	}
	c.haul, c.web = newHauler(), c.reach.client()
	if err := c.chosen.recall(c.Path+".choices", Choices{c.Files.Reduce, c.Files.WiFiOnly}); err != nil {
		return err
	}
	o := files.Options{ReadOnly: c.ReadOnly}
	if o.Keys, err = c.replica.Box(); err != nil {
		return err
	}
	if !c.Files.Open {
		o.Box = o.Keys
	}
	c.files, err = files.Open(dir, o)
	return err
}

// remote returns the hub as it is to be asked for files.
func (c *Client) remote() (*files.Remote, error) {
	if err := c.account.lacking(); err != nil {
		return nil, err
	}
	a := c.account.get()
	if len(a.Token) == 0 {
		return nil, fault.New(fault.Unauthentic, "the device has to connect once before files can travel")
	}
	server := a.Server
	if rest, ok := strings.CutPrefix(server, "ws"); ok { // ws and wss are http and https
		server = "http" + rest
	}
	authority := blob.Scheme + " " + a.Device.String() + ":" + hex.EncodeToString(a.Token)
	return &files.Remote{Server: server, Authority: authority, Client: c.web}, nil
}

// carryBackoff is how long files rest after the hub could not take any.
var carryBackoff = struct{ first, most time.Duration }{5 * time.Second, 10 * time.Minute}

// carry carries files whenever the client is connected, until ctx ends. The rows' connection leads: it knows whether
// there is a network, and keeps the token fresh.
func (c *Client) carry(ctx context.Context) {
	wait := carryBackoff.first
	for ctx.Err() == nil {
		var again <-chan time.Time
		if c.contact.isOnline() {
			err := c.haulOnce(ctx)
			switch {
			case err == nil:
				wait = carryBackoff.first
			case fault.CodeOf(err) == fault.Unauthentic:
				c.live.renew()
			}
			if err != nil && ctx.Err() == nil {
				c.Log.Info("files wait", "reason", err)
				again = time.After(wait)
				wait = min(2*wait, carryBackoff.most)
			}
		}
		select {
		case <-ctx.Done():
		case <-c.haul.awake:
		case <-again:
		}
	}
}

// haulOnce carries what there is to carry, the most important first, and returns why it stopped before the end. A file
// that the hub refuses is marked, and holds up none behind it.
func (c *Client) haulOnce(ctx context.Context) error {
	select {
	case <-c.haul.turn:
		defer func() { c.haul.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	remote, err := c.remote()
	if err != nil {
		return err
	}
	if err := c.checkFiles(ctx, remote); err != nil {
		return err
	}
	if err := c.sendFiles(ctx, remote); err != nil {
		return err
	}
	if err := c.fetchAhead(ctx, remote); err != nil {
		return err
	}
	return c.reclaim(ctx)
}

// sendFiles sends what waits. What was attached meanwhile is looked at anew after each file: a signature overtakes.
func (c *Client) sendFiles(ctx context.Context, remote *files.Remote) error {
	tried := map[blob.Hash]bool{}
	for {
		item, ok := c.nextFile(tried)
		if !ok {
			return nil
		}
		tried[item.Hash] = true
		if err := c.sendFile(ctx, remote, item); err != nil {
			return err
		}
	}
}

func (c *Client) nextFile(tried map[blob.Hash]bool) (files.Item, bool) {
	for _, item := range c.files.Waiting() {
		if item.Code == "" && !tried[item.Hash] && c.allowed(item.Kind) {
			return item, true
		}
	}
	return files.Item{}, false
}

// allowed reports whether files of the kind may travel on the network that there is.
func (c *Client) allowed(kind string) bool { return kind == blob.Signature || !c.spares() }

// spares reports whether the network that there is is to be spared.
func (c *Client) spares() bool { return c.haul.metered() && c.Choices().WiFiOnly }

// rowsEvery is how often a file that stands back for rows looks whether they have gone.
const rowsEvery = 100 * time.Millisecond

// rowsFirst waits, before each part of a file on a metered network, until the hub has answered for what was written meanwhile:
// a slow network is the rows' alone then. Without a connection nobody knows when that will be; the rest goes then as it can.
func (c *Client) rowsFirst(ctx context.Context) error {
	for c.haul.metered() && c.contact.isOnline() {
		waits, err := c.awaitsVerdict(ctx)
		if err != nil || !waits {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rowsEvery):
		}
	}
	return ctx.Err()
}

// awaitsVerdict reports whether any change does.
func (c *Client) awaitsVerdict(ctx context.Context) (waits bool, err error) {
	err = c.replica.Read(ctx, func(tx *replica.Tx) error {
		items, err := tx.Items(device.Pending, 0, 1)
		waits = len(items) > 0
		return err
	})
	return waits, err
}

var errMetered = fault.New(link.NoNetwork, "the file waits for a network that is not metered")

// sendFile sends one file. What it returns stops all of them; what is wrong with this one alone is noted with it.
func (c *Client) sendFile(ctx context.Context, remote *files.Remote, item files.Item) error {
	t := Transfer{Hash: item.Hash, Up: true, Total: item.Size}
	err := c.files.Send(ctx, remote, item, func() error {
		if !c.allowed(item.Kind) {
			return errMetered
		}
		return c.rowsFirst(ctx)
	}, func(done int64) { t.Done = done; c.haul.tell(t) })
	if err == nil {
		if err = c.files.Confirm(item.Hash, c.Now()); err == nil {
			t.Done = t.Total
		}
	}
	t.Ended, t.Err = true, err
	if err != nil {
		err = c.judgeFile(item, err)
	}
	c.haul.tell(t)
	return err
}

// maxTries is how often a file is sent that arrives as something else.
const maxTries = 3

// judgeFile decides what an error means: nil where the next file can go.
func (c *Client) judgeFile(item files.Item, err error) error {
	code, message := fault.CodeOf(err), messageOf(err)
	switch {
	case code == blob.Erased:
		return c.files.Forget(item.Hash)
	case code == files.Damaged, code == files.Elsewhere, blob.Final(code):
		return c.files.Refuse(item.Hash, code, message)
	case code == blob.WrongHash:
		return c.distrust(item)
	case err == errMetered:
		return nil // what may travel on this network goes on
	}
	return err
}

// distrust looks whether a file that arrived as something else is still what it was.
func (c *Client) distrust(item files.Item) error {
	intact, err := c.files.Intact(item.Hash)
	switch {
	case err != nil:
		return err
	case !intact:
		return c.files.Refuse(item.Hash, files.Damaged, "the file on this device is damaged, and cannot be sent")
	case item.Tries+1 >= maxTries:
		return c.files.Refuse(item.Hash, blob.WrongHash, "the file arrives changed, whatever changes it: send it from another network")
	}
	return c.files.Tried(item.Hash)
}

func messageOf(err error) string {
	if f, ok := err.(*fault.Error); ok {
		return f.Message
	}
	return err.Error()
}

// fetch downloads one file, when it is its turn.
func (c *Client) fetch(ctx context.Context, h blob.Hash, size int64, goOn func() error) error {
	select {
	case <-c.haul.turn:
		defer func() { c.haul.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	remote, err := c.remote()
	if err != nil {
		return err
	}
	return c.fetchNow(ctx, remote, h, size, goOn)
}

func (c *Client) fetchNow(ctx context.Context, remote *files.Remote, h blob.Hash, size int64, goOn func() error) error {
	t := Transfer{Hash: h, Total: size}
	err := c.files.Fetch(ctx, remote, h, size, goOn, func(done int64) { t.Done = done; c.haul.tell(t) })
	t.Ended, t.Err = true, err
	c.haul.tell(t)
	return err
}

// checkFiles asks the hub, every day and when it has begun a new epoch, having gone back, whether it still has the
// files that are here. What it lacks is sent again, whoever took it.
func (c *Client) checkFiles(ctx context.Context, remote *files.Remote) error {
	id, err := c.identity(ctx)
	if err != nil || id == nil {
		return err
	}
	if epoch, at := c.files.Checked(); epoch == id.Epoch && c.Now().Sub(at).Abs() < checkEvery {
		return nil
	}
	here, err := c.files.Fetched()
	if err != nil || len(here) == 0 { // then there is nothing to ask for, nor to write down
		return err
	}
	kinds, err := c.namedFiles(ctx)
	for h, row := range kinds {
		if _, fetched := here[h]; err != nil || !fetched {
			continue
		}
		var has bool
		if has, err = remote.Has(ctx, h); err == nil && !has {
			err = c.files.Doubt(h, row.Kind, c.Now())
		}
	}
	if err != nil {
		return err
	}
	return c.files.NoteChecked(id.Epoch, c.Now())
}

// namedFile is what the rows say of a file: the most urgent kind of any that names it.
type namedFile struct {
	Kind  string
	Size  int64
	Asked bool // it is fetched only when somebody asks: a document about none of the machines that are here
}

// namedFiles returns the files that rows on the device name.
func (c *Client) namedFiles(ctx context.Context) (named map[blob.Hash]namedFile, err error) {
	named = map[blob.Hash]namedFile{}
	if c.Schema.Table(attachments) != nil {
		if err := c.nameFiles(ctx, named, attachedFiles); err != nil {
			return nil, err
		}
	}
	if t := c.Schema.Table(documents); t != nil && t.Column("sha256") >= 0 && c.Schema.Table("unit") != nil {
		if err := c.nameFiles(ctx, named, libraryFiles); err != nil {
			return nil, err
		}
	}
	return named, nil
}

const attachedFiles = "SELECT sha256, kind, size, 0 FROM " + attachments + " WHERE _del = 0"

// libraryFiles are those of documents in use; of the library as a whole a phone keeps what is about its own machines.
const libraryFiles = "SELECT d.sha256, '" + blob.Document + "', d.size, NOT EXISTS (SELECT 1 FROM unit u WHERE u.product = d.product AND u._del = 0)" +
	" FROM " + documents + " d WHERE d._del = 0 AND d.sha256 IS NOT NULL AND d.archived_at IS NULL"

// nameFiles adds the files that the query finds.
func (c *Client) nameFiles(ctx context.Context, named map[blob.Hash]namedFile, query string) error {
	rows, err := c.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		var f namedFile
		if err := rows.Scan(&text, &f.Kind, &f.Size, &f.Asked); err != nil {
			return err
		}
		h, ok := blob.ParseHash(text)
		known, twice := named[h]
		if twice {
			f.Asked = f.Asked && known.Asked
		}
		if twice && blob.Rank(f.Kind) >= blob.Rank(known.Kind) {
			f.Kind = known.Kind
		}
		if ok {
			named[h] = f
		}
	}
	return rows.Err()
}

// fetchAhead fetches what the policy wants here before anybody asks. What the hub does not have yet comes another time.
func (c *Client) fetchAhead(ctx context.Context, remote *files.Remote) error {
	if _, low := c.space(); low || c.Files.Ahead == AheadNothing {
		return nil
	}
	named, err := c.namedFiles(ctx)
	if err != nil {
		return err
	}
	for _, one := range []func(context.Context, *files.Remote, blob.Hash, namedFile) error{c.thumbnailAhead, c.fileAhead} {
		for h, f := range named {
			if c.files.Here(h) || c.spares() {
				continue
			}
			if err := one(ctx, remote, h, f); stops(err) {
				return err
			}
		}
	}
	return nil
}

func (c *Client) thumbnailAhead(ctx context.Context, remote *files.Remote, h blob.Hash, f namedFile) error {
	if f.Kind != blob.Photo && f.Kind != blob.Signature {
		return nil
	}
	return c.files.FetchThumbnail(ctx, remote, h)
}

func (c *Client) fileAhead(ctx context.Context, remote *files.Remote, h blob.Hash, f namedFile) error {
	wanted := c.Files.Ahead == AheadAll || c.Files.Ahead == AheadDocuments && f.Kind == blob.Document
	if !wanted || f.Asked || c.haul.metered() {
		return nil
	}
	return c.fetchNow(ctx, remote, h, f.Size, func() error {
		if c.haul.metered() {
			return errMetered
		}
		return ctx.Err()
	})
}

// stops reports whether an error about one file means that others cannot be had either.
func stops(err error) bool {
	switch fault.CodeOf(err) {
	case blob.Unknown, blob.NoPicture, blob.WrongHash:
		return false
	}
	return err != nil && err != errMetered
}

// reclaim frees the space of files that left with their jobs and that the hub has; while space is short, of others too
// that can be fetched again. What the hub does not have is never touched.
func (c *Client) reclaim(ctx context.Context) error {
	named, err := c.namedFiles(ctx)
	if err != nil {
		return err
	}
	keep, before := make(map[blob.Hash]bool, len(named)), c.Now().Add(-c.Files.KeepFor)
	_, low := c.space()
	for h, f := range named {
		keep[h] = !low || !spare(f)
	}
	if low {
		before = c.Now()
	}
	n, err := c.files.Reclaim(keep, before)
	if low && n > 0 {
		c.Log.Info("space is short: files went that can be fetched again", "files", n)
	}
	return err
}
