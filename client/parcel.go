package client

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"

	"fieldsync/client/files"
	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/parcel"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// Export says what was packed of what the hub does not have.
type Export struct {
	Changes int    `json:"changes"`
	Files   int    `json:"files"`
	Upto    uint64 `json:"upto"` // the place in the queue that it goes up to, for HandedOver
}

// ErrUnnumbered says that there is work that only a connection can bring: it was written before the hub told the device
// what to number it by.
var ErrUnnumbered = fault.New(device.ErrNotEnrolled.Code, "some of it was written before this phone had met the server: only that can number it, so connect once")

// ErrNothingUnsent says that there is nothing to export.
var ErrNothingUnsent = fault.New(fault.Closed, "nothing waits: the server has it all")

// ExportFile writes everything that the hub does not have, changes and files, to w: encrypted so that only the hub can
// read it. The office imports it, and when the same comes by a connection it is judged no second time. It stays on the
// device until then. Codes: fault.Closed (ErrNothingUnsent), ErrUnnumbered's, parcel.TooMuch; fault.Version where the
// account is of a hub that takes no parcels.
func (c *Client) ExportFile(ctx context.Context, w io.Writer) (Export, error) {
	waiting := c.files.Waiting()
	p, err := c.pack(ctx, waiting)
	if err != nil {
		return Export{}, err
	}
	content := &unsentFiles{store: c.files, items: waiting}
	err = parcel.Seal(w, p.hub, p.packed, p.signature, content, rand.Reader)
	return p.Export, errors.Join(err, content.Close())
}

// ExportTo is ExportFile to a file at the path, whole or not at all, and notes it as handed over: who calls it carries
// the file on. Codes: those of ExportFile; files.Storage and files.DiskFull where the file cannot be written.
func (c *Client) ExportTo(ctx context.Context, path string) (e Export, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return e, fault.Wrap(files.Storage, "no file can be made there: choose another folder", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when it was renamed
	e, err = c.ExportFile(ctx, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	switch {
	case fault.CodeOf(err) != "":
		return e, err
	case err != nil:
		return e, fault.Wrap(files.DiskFull, "the file cannot be written: free some space and try again", err)
	}
	return e, c.HandedOver(e.Upto)
}

// MaxFrameChanges is how many changes a chain of QR codes takes.
const MaxFrameChanges = 200

// ExportFrames returns the changes that the hub does not have as the texts of a chain of QR codes, which the office
// reads in any order. Files are not among them. As long as the same changes wait the codes are the same, so that one
// that was missed can be shown again. Codes: those of ExportFile; parcel.TooMuch beyond MaxFrameChanges.
func (c *Client) ExportFrames(ctx context.Context) ([]string, Export, error) {
	all, err := c.unsent(ctx)
	if err != nil {
		return nil, Export{}, err
	}
	if all.Changes > MaxFrameChanges { // known before thousands of changes are packed
		return nil, all, fault.New(parcel.TooMuch, "this is too much for codes on a screen: save it as a file, or connect the phone")
	}
	p, err := c.pack(ctx, nil)
	if err != nil {
		return nil, Export{}, err
	}
	// The key follows from the device's secret and from what is packed: the same work gives the same codes, and no key
	// serves twice for different work.
	sum := sha256.Sum256(p.packed)
	seed, err := hkdf.Key(sha256.New, c.account.get().Key, sum[:], "fieldsync parcel 1", 2*parcel.KeySize)
	if err != nil {
		return nil, Export{}, err
	}
	var sealed bytes.Buffer
	if err := parcel.Seal(&sealed, p.hub, p.packed, p.signature, nil, bytes.NewReader(seed)); err != nil {
		return nil, Export{}, err
	}
	frames, err := parcel.Frames(sealed.Bytes())
	return frames, p.Export, err
}

// unsent counts the changes that wait, without reading them.
func (c *Client) unsent(ctx context.Context) (e Export, err error) {
	err = c.replica.Read(ctx, func(tx *replica.Tx) error {
		id, err := tx.Identity()
		if err != nil || id == nil {
			return errors.Join(err, device.ErrNotEnrolled)
		}
		e.Upto = id.Queue
		e.Changes, _, err = tx.Waiting(device.Pending)
		return err
	})
	return e, err
}

// HandedOver notes that what was exported up to that place in the queue has reached the office, as far as the person at
// the device knows. It is sent all the same when there is a connection.
func (c *Client) HandedOver(upto uint64) error {
	return c.account.change(func(a *accountData) { a.HandedOver = max(a.HandedOver, upto) })
}

// Leavable reports whether the account can be taken off the device without losing anything: the hub has everything, or
// everything was exported and handed over since it was written.
func (c *Client) Leavable(ctx context.Context) (bool, error) {
	s, err := c.Status(ctx)
	if err != nil || s.Pending == 0 && len(c.files.Waiting()) == 0 {
		return err == nil, err
	}
	id, err := c.identity(ctx)
	return err == nil && id != nil && id.Queue <= c.account.get().HandedOver, err
}

// packing is unsent work on its way out.
type packing struct {
	Export
	hub       parcel.PublicKey
	packed    []byte
	signature []byte
	bytes     int // of the change sets in the last message ...
	room      int // ... and what they take in memory
}

func (c *Client) pack(ctx context.Context, waiting []files.Item) (p packing, err error) {
	a := c.account.get()
	if err := c.account.lacking(); err != nil {
		return p, err
	}
	if len(a.Parcel) != len(p.hub) {
		return p, fault.New(fault.Version, "this phone does not know the key of its server: enrol it again with a new code; nothing on it is lost")
	}
	copy(p.hub[:], a.Parcel)
	m := parcel.Manifest{Device: a.Device}
	for _, f := range waiting {
		m.Files = append(m.Files, parcel.File{Hash: f.Hash, Kind: f.Kind, Size: f.Size})
	}
	p.Files = len(m.Files)
	if err = c.replica.Read(ctx, func(tx *replica.Tx) error { return p.collect(tx, &m) }); err != nil {
		return p, err
	}
	if p.Changes+p.Files == 0 {
		return p, ErrNothingUnsent
	}
	if p.packed, err = m.Pack(p.hub, c.codec); err == nil {
		p.signature, err = c.account.sign(parcel.SignedText(p.packed))
	}
	return p, err
}

// collect gathers what waits for a verdict, an incarnation a message, in the order of writing.
func (p *packing) collect(tx *replica.Tx, m *parcel.Manifest) error {
	id, err := tx.Identity()
	if err != nil || id == nil {
		return errors.Join(err, device.ErrNotEnrolled)
	}
	p.Upto = id.Queue
	for after := uint64(0); ; {
		items, err := device.Unsent(tx, after, 512)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			break
		}
		for _, item := range items {
			after = item.N
			if item.State != device.Refused { // the hub has those: it refused them
				p.add(m, item)
			}
		}
	}
	waiting, _, err := tx.Waiting(device.Pending)
	if err == nil && waiting > p.Changes {
		err = ErrUnnumbered
	}
	return err
}

// How much a message holds: as much as one on a connection.
const (
	packItems = 512
	packBytes = 256 << 10
)

func (p *packing) add(m *parcel.Manifest, item *device.Item) {
	actor, last := item.Change.Dot.Actor, len(m.Pushes)-1
	if last < 0 || m.Pushes[last].Actor != actor || len(m.Pushes[last].Changes) >= packItems || !p.fits(item) {
		m.Pushes = append(m.Pushes, wire.Push{Actor: actor})
		p.bytes, p.room = 0, 0
		last++
	}
	p.bytes += len(item.Encoded)
	p.room += item.Change.Size()
	m.Pushes[last].Changes = append(m.Pushes[last].Changes, item.Pushed())
	p.Changes++
}

// fits reports whether the last message has room for one more, on its way and with whom it is read by.
func (p *packing) fits(item *device.Item) bool {
	bytes := p.bytes + len(item.Encoded)
	return bytes <= packBytes && p.room+item.Change.Size() <= record.RoomFor(bytes)
}

// unsentFiles reads files behind one another, one open at a time.
type unsentFiles struct {
	store *files.Store
	items []files.Item
	open  io.ReadCloser
}

func (u *unsentFiles) Read(b []byte) (n int, err error) {
	for {
		if u.open == nil {
			if len(u.items) == 0 {
				return 0, io.EOF
			}
			if u.open, err = u.store.Read(u.items[0].Hash); err != nil {
				return 0, err
			}
			u.items = u.items[1:]
		}
		if n, err = u.open.Read(b); err != io.EOF {
			return n, err
		}
		err = u.Close()
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (u *unsentFiles) Close() error {
	if u.open == nil {
		return nil
	}
	err := u.open.Close()
	u.open = nil
	return err
}
