package client

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"fieldsync/client/files"
	"fieldsync/client/link"
	"fieldsync/client/replica"
	"fieldsync/sync/blob"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
)

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
	if err := c.sendStills(ctx, remote); err != nil {
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

// sendStills brings the pictures out of videos to the hub, after the videos.
func (c *Client) sendStills(ctx context.Context, remote *files.Remote) error {
	list, err := c.files.Stills()
	for _, h := range list {
		if !c.allowed(blob.Video) || stops(err) {
			break
		}
		err = c.files.SendStill(ctx, remote, h)
	}
	if !stops(err) {
		return nil
	}
	return err
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
