// Package files takes in the files that rows name, keeps them by the hash of their content, and hands them to whoever
// may see a row that names them. It knows nothing of rows: the Ledger does. DESIGN.md says what an attacker would try.
package files

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/disk"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Arrival is a file that a person has shown to have: all its bytes came from him, or he could have fetched them.
type Arrival struct {
	Hash   blob.Hash
	Person record.ID
	Bytes  int64 // that he brought; 0 where the hub had it already and he may see it
	At     time.Time
}

// Ledger knows who had which file, and which rows name it.
type Ledger interface {
	// May reports whether the person may see the file: he holds a row that names it, and whoever wrote that row has
	// himself shown to have the file. Else a row that names somebody else's hash would open it.
	May(ctx context.Context, person record.ID, h blob.Hash) (bool, error)
	// Has reports whether the person has shown to have the file.
	Has(ctx context.Context, person record.ID, h blob.Hash) (bool, error)
	// Note notes, durably, that he has. Noting it again changes nothing.
	Note(context.Context, Arrival) error
	// Brought returns how many files, and bytes, the person brought since then.
	Brought(ctx context.Context, person record.ID, since time.Time) (files int, bytes int64, err error)
	// Needed reports whether a row, or a refused change of somebody who had the file, may name it.
	Needed(ctx context.Context, h blob.Hash) (bool, error)
	// Forget forgets who had the file.
	Forget(ctx context.Context, h blob.Hash) error
}

// Devices recognises devices by their tokens.
type Devices interface {
	// Bearer returns the device that carries the token; nil for one that is unknown, expired, another's, or shut out.
	Bearer(ctx context.Context, device record.ID, token []byte) (*auth.Device, error)
}

// Limits bound what one person can bring. Zero in a field means that there is no such bound.
type Limits struct {
	Size  int64 // bytes of one file
	Files int   // in 24 hours
	Bytes int64 // in 24 hours
}

// Options are what a Desk needs.
type Options struct {
	Dir     string // the folder for what is not whole yet and, unless Store is set, the files
	Store   Store  // nil: folders within Dir
	Ledger  Ledger
	Devices Devices                               // may be nil where no device connects
	Limits  func(context.Context) (Limits, error) // nil: none
	Reserve int64                                 // bytes of disk that files leave free: rows go first; 0 takes what there is
	Log     *slog.Logger
	Now     func() time.Time
}

// Desk is where files come in and go out.
type Desk struct {
	Options
	Blobs   Blobs // the files that are whole
	small   Blobs // thumbnails, by what they show
	erased  Blobs // marks of what is not taken again
	coming  uploads
	drawing chan struct{} // holds a token while a thumbnail is made: one at a time, since each takes a photo's memory
}

// elsewhere is the file that says of a folder that its files are in another store, so that nobody who forgets to name that
// begins a second one beside it.
const elsewhere = "elsewhere"

// Elsewhere is the code of a folder whose files are in another store than the one that was named.
const Elsewhere fault.Code = "files_elsewhere"

// Open returns the desk of the folder, and makes it. Files that the folder has are moved into the store, if that is another;
// from then on the folder is refused without it, with the code Elsewhere.
func Open(ctx context.Context, o Options) (*Desk, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Limits == nil {
		o.Limits = func(context.Context) (Limits, error) { return Limits{}, nil }
	}
	d := &Desk{Options: o, drawing: make(chan struct{}, 1)}
	for _, folder := range []string{wholeShelf, coming, smallShelf, erasedShelf} {
		if err := os.MkdirAll(d.path(folder), 0o700); err != nil {
			return nil, fault.Wrap(blob.HubFull, "The folder for files cannot be made. Check the disk and its rights.", err)
		}
	}
	if err := d.settle(ctx); err != nil {
		return nil, err
	}
	d.Blobs, d.small, d.erased = d.Store.Shelf(wholeShelf), d.Store.Shelf(smallShelf), d.Store.Shelf(erasedShelf)
	return d, nil
}

// settle finds out where the files are, and moves those of the folder to the store that was named.
func (d *Desk) settle(ctx context.Context) error {
	mark := d.path(elsewhere)
	said, err := os.ReadFile(mark)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there := strings.TrimSpace(string(said))
	switch {
	case there != "" && (d.Store == nil || d.Store.String() != there):
		return fault.New(Elsewhere, "The files of this hub are at "+there+": name that with -files.")
	case d.Store == nil:
		d.Store = Folders(d.Dir)
		return nil
	case there == "":
		if err := keep(mark, []byte(d.Store.String()+"\n")); err != nil {
			return full(err)
		}
	}
	return d.moveAll(ctx)
}

// moveAll moves what the folder has into the store. A thumbnail is made again when it is wanted.
func (d *Desk) moveAll(ctx context.Context) error {
	for _, name := range []string{erasedShelf, wholeShelf} {
		from, to := Directory{d.path(name)}, d.Store.Shelf(name)
		err := from.Each(ctx, func(h blob.Hash, _ int64, _ time.Time) error { return to.Put(ctx, h, from.path(h)) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) path(parts ...string) string {
	return filepath.Join(append([]string{d.Dir}, parts...)...)
}

// coming is the folder of beginnings, and of what is on its way to a shelf. Each node has its own.
const coming = "coming"

// Has reports whether the file is here, whole.
func (d *Desk) Has(ctx context.Context, h blob.Hash) (bool, error) { return d.Blobs.Has(ctx, h) }

// Open opens a file that is here. The error has the code blob.Unknown where it is not.
func (d *Desk) Open(ctx context.Context, h blob.Hash) (Content, error) {
	c, err := d.Blobs.Open(ctx, h)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errUnknown
	}
	return c, err
}

// errUnknown is the same for a file that is nowhere, one that has not come yet, and one that is not the asker's
// business: the answer tells nobody that a file exists.
var errUnknown = fault.New(blob.Unknown, "There is no such file here for you, or not yet.")

var errFull = fault.New(blob.HubFull, "The server has no space for files. What came is kept; it goes on when there is.")

// full turns an error of a disk without space into one that says so.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) || errors.Is(err, syscall.EDQUOT) {
		return fault.Wrap(errFull.Code, errFull.Message, err)
	}
	return err
}

// room refuses what would leave less than the reserve free.
func (d *Desk) room(bytes int64) error {
	if d.Reserve > 0 && disk.Short(d.Dir, bytes, d.Reserve) {
		return errFull
	}
	return nil
}

// Thumbnail returns a small JPEG of a picture that is here, made at its first use. The error has the code
// blob.Unknown or blob.NoPicture.
func (d *Desk) Thumbnail(ctx context.Context, h blob.Hash) ([]byte, error) {
	if b, err := d.drawn(ctx, h); err == nil {
		return b, nil
	}
	c, err := d.Open(ctx, h)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // it was only read
	select {
	case d.drawing <- struct{}{}:
		defer func() { <-d.drawing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	b, err := blob.Thumbnail(c)
	if err != nil {
		return nil, err
	}
	if err := d.shelve(ctx, d.small, h, b); err != nil {
		d.Log.Warn("a thumbnail could not be kept; it is made again when it is wanted", "error", err)
	}
	return b, nil
}

// drawn returns a thumbnail that was made before.
func (d *Desk) drawn(ctx context.Context, h blob.Hash) ([]byte, error) {
	c, err := d.small.Open(ctx, h)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // it was only read
	return io.ReadAll(c)
}

// shelve puts content onto a shelf.
func (d *Desk) shelve(ctx context.Context, on Blobs, h blob.Hash, content []byte) error {
	path := d.path(coming, rand.Text()+".new")
	if err := keep(path, content); err != nil {
		return full(err)
	}
	if err := on.Put(ctx, h, path); err != nil {
		return full(errors.Join(err, remove(path)))
	}
	return nil
}

// keep writes a file whole or not at all.
func keep(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when it was renamed
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Receive takes in a file that somebody in the office sends in one piece. Codes: blob.WrongKind, fault.TooLarge,
// blob.OverQuota, blob.HubFull, blob.Erased; fault.Malformed for an empty one.
func (d *Desk) Receive(ctx context.Context, person record.ID, kind string, from io.Reader) (h blob.Hash, size int64, mediaType string, err error) {
	limits, err := d.admit(ctx, place{person: person}, 0, 0)
	if err != nil {
		return h, 0, "", err
	}
	f, err := os.CreateTemp(d.path(coming), "office-*")
	if err != nil {
		return h, 0, "", full(err)
	}
	defer func() { err = errors.Join(err, f.Close(), remove(f.Name())) }()
	if limits.Size > 0 {
		from = io.LimitReader(from, limits.Size+1)
	}
	if size, err = io.Copy(f, from); err != nil {
		return h, 0, "", full(err)
	}
	switch {
	case size == 0:
		return h, 0, "", fault.New(fault.Malformed, "The file is empty. Choose another.")
	case limits.Size > 0 && size > limits.Size:
		return h, 0, "", errTooLarge
	}
	if mediaType, err = check(f.Name(), kind); err != nil {
		return h, 0, "", err
	}
	if h, err = hashOf(f.Name()); err != nil {
		return h, 0, "", err
	}
	return h, size, mediaType, d.take(ctx, person, h, size, f.Name())
}

// Brought returns how large a file of the kind is and what it holds, for somebody who has shown to have it. For any other
// there is none: the code is blob.Unknown; blob.WrongKind where it is here and does not fit.
func (d *Desk) Brought(ctx context.Context, person record.ID, kind string, h blob.Hash) (size int64, mediaType string, err error) {
	had, err := d.Ledger.Has(ctx, person, h)
	if err == nil && !had {
		err = errUnknown
	}
	if err != nil {
		return 0, "", err
	}
	c, err := d.Open(ctx, h)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = c.Close() }() // it was only read
	mediaType, err = fits(c, kind)
	return c.Size(), mediaType, err
}

var errErased = fault.New(blob.Erased, "This file was erased on request, and is not taken again.")

// take moves a verified file into its place and notes who brought it. Should the hub die between the two, it is
// brought again.
func (d *Desk) take(ctx context.Context, person record.ID, h blob.Hash, size int64, path string) error {
	switch erased, err := d.erased.Has(ctx, h); {
	case err != nil:
		return err
	case erased:
		return errors.Join(remove(path), errErased)
	}
	if err := d.Blobs.Put(ctx, h, path); err != nil {
		return full(err)
	}
	if erased, err := d.erased.Has(ctx, h); erased || err != nil { // in this moment
		return errors.Join(d.Blobs.Delete(ctx, h), cmp.Or(err, error(errErased)))
	}
	return d.Ledger.Note(ctx, Arrival{Hash: h, Person: person, Bytes: size, At: d.Now()})
}

var errTooLarge = fault.New(fault.TooLarge, "The file is larger than the company allows. Make it smaller, or record it in parts.")

// quotaDay is the time over which a person's files are counted.
const quotaDay = 24 * time.Hour

// admit returns the limits for a person who brings a file of so many bytes, of which so many are missing, or refuses him. What
// he has begun beside it counts as if he had brought it, or he could begin files without end.
func (d *Desk) admit(ctx context.Context, at place, bytes, missing int64) (Limits, error) {
	limits, err := d.Limits(ctx)
	if err != nil {
		return limits, err
	}
	if limits.Size > 0 && bytes > limits.Size {
		return limits, errTooLarge
	}
	if err := d.room(missing); err != nil {
		return limits, err
	}
	since := d.Now().Add(-quotaDay)
	n, sum, err := d.Ledger.Brought(ctx, at.person, since)
	if err != nil {
		return limits, err
	}
	begun, begunSum, err := d.begun(at, since)
	if err == nil && (limits.Files > 0 && n+begun >= limits.Files || limits.Bytes > 0 && sum+begunSum+bytes > limits.Bytes) {
		err = fault.New(blob.OverQuota, "These are more files than one person may send in a day. The rest goes tomorrow.")
	}
	return limits, err
}

// statuses says what a code is in HTTP; what is no refusal is 500, any other code 422.
var statuses = map[fault.Code]int{
	blob.Unknown:      http.StatusNotFound,
	blob.NoPicture:    http.StatusNotFound,
	blob.WrongOffset:  http.StatusConflict,
	blob.WrongKind:    http.StatusUnsupportedMediaType,
	blob.OverQuota:    http.StatusTooManyRequests,
	blob.HubFull:      http.StatusInsufficientStorage,
	blob.Erased:       http.StatusGone,
	fault.TooLarge:    http.StatusRequestEntityTooLarge,
	fault.Malformed:   http.StatusBadRequest,
	fault.Unauthentic: http.StatusUnauthorized,
	fault.Overloaded:  http.StatusServiceUnavailable,
	fault.Internal:    http.StatusInternalServerError,
}
