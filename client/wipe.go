package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// Wiped is the code of whatever is asked of a client that has destroyed what it held, by the office's order.
const Wiped fault.Code = "wiped"

var errWiped = fault.New(Wiped, "the office has wiped this device: nothing that was on it is left; ask the office for a new code")

// Destroyer is what seal.Keys of a host app are that can be destroyed. Without it a wipe leaves the keys to the host.
type Destroyer interface {
	// Destroy makes the keys unreadable for ever. It is called again after a failure, and makes no fuss when there are none.
	Destroy() error
}

// A device is wiped because it was lost: it destroys at once, without sending anything first. The office was told what
// waited on it. The note of it is written before anything goes, so that a wipe that a dead battery interrupts is ended by
// the next Open; it carries what the device signs to tell the hub afterwards, when there is no key any more.
type wipeNote struct {
	Server    string    `json:"server"`
	Device    record.ID `json:"device"`
	Signature []byte    `json:"signature"`
	Done      bool      `json:"done"` // nothing is left; the hub is still to be told
}

func notePath(path string) string { return path + ".wiped" }

// obey wipes the device where the hub has ordered it, and returns errWiped then; any other reason stays what it is. An order
// that anybody on the way could have made up is not obeyed.
func (c *Client) obey(reason error) error {
	if fault.CodeOf(reason) != fault.Wipe {
		return reason
	}
	a := c.account.get()
	if !certain(a.Server) {
		return fault.Wrap(fault.Wipe, "the server ordered this device to be wiped, over a connection that proves nothing: only https does", reason)
	}
	signature, err := c.account.sign(wire.WipedText(a.Device))
	note := wipeNote{Server: a.Server, Device: a.Device, Signature: signature}
	if err == nil {
		err = note.put(c.Path)
	}
	if err != nil {
		c.Log.Error("the wipe leaves no note", "error", err) // it is done all the same
	}
	if err := c.destroy(); err != nil {
		c.Log.Error("not everything could be destroyed; the next start goes on with it", "error", err)
		return errWiped
	}
	note.Done = true
	if err := note.put(c.Path); err != nil {
		c.Log.Error("the wipe leaves no note", "error", err)
	}
	c.report(context.Background())
	return errWiped
}

// certain reports whether the hub at the address proved who it is: by TLS, or by being on this machine.
func certain(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "wss" || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// destroy ends the replica and removes everything, the keys first: what is then left on the disk, or can be got back from
// it, is sealed for ever.
func (c *Client) destroy() error {
	err := destroyKeys(c.Options)
	c.account.end(errWiped)
	return errors.Join(err, c.replica.End(errWiped), removeAll(c.Options))
}

func destroyKeys(o Options) error {
	if o.Keys == nil {
		return shred(o.Path + ".keys")
	}
	if d, ok := o.Keys.(Destroyer); ok {
		return d.Destroy()
	}
	return nil
}

// shred overwrites a small file before it goes. On flash storage the old bytes may outlive that: a key that must not be
// there any more belongs into the phone's keystore.
func shred(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(path))
}

// removeAll removes the replica and all that stands beside it under its name, but the note of the wipe.
func removeAll(o Options) error {
	dir, name := filepath.Split(o.Path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	for _, e := range entries {
		ours := e.Name() == name || strings.HasPrefix(e.Name(), name+".") || strings.HasPrefix(e.Name(), name+"-")
		if ours && e.Name() != filepath.Base(notePath(o.Path)) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if o.Files.Directory != "" {
		err = errors.Join(err, os.RemoveAll(o.Files.Directory))
	}
	return err
}

// finishWipe goes on with a wipe that was interrupted, before anything is opened.
func finishWipe(o Options) error {
	note, err := readWipe(o.Path)
	if note == nil || note.Done || o.ReadOnly {
		return err
	}
	if err := errors.Join(destroyKeys(o), removeAll(o)); err != nil {
		return fault.Wrap(Wiped, "the office has wiped this device, and not everything could be removed: start again", err)
	}
	note.Done = true
	return note.put(o.Path)
}

func readWipe(path string) (*wipeNote, error) {
	b, err := os.ReadFile(notePath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	note := &wipeNote{}
	if err == nil && json.Unmarshal(b, note) != nil {
		note = &wipeNote{Done: true} // it is written whole or not at all: this is not ours
	}
	return note, err
}

func (n wipeNote) put(path string) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return writeWhole(notePath(path), b)
}

const reportWithin = 15 * time.Second

// report tells the hub that the wipe it ordered is done, once. Trouble is left for the next time.
func (c *Client) report(ctx context.Context) {
	note, err := readWipe(c.Path)
	if err != nil || note == nil || !note.Done || c.ReadOnly {
		return
	}
	body, err := json.Marshal(map[string]any{"device": note.Device, "signature": note.Signature})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	server := strings.TrimSuffix(note.Server, "/")
	if rest, ok := strings.CutPrefix(server, "ws"); ok { // ws and wss are http and https
		server = "http" + rest
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/wiped", bytes.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.web.Do(request)
	if err != nil {
		return
	}
	_ = response.Body.Close()
	if response.StatusCode == http.StatusNoContent {
		_ = os.Remove(notePath(c.Path))
	}
}
