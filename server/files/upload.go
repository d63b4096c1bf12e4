package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// place names what a person has sent of a file so far. Nobody continues another's: that one's bytes are his own
// business until he has shown to have them all.
type place struct {
	person record.ID
	hash   blob.Hash
}

func (d *Desk) comingPath(p place) string {
	return d.path(coming, p.person.String(), p.hash.String())
}

// begun returns how many files, and bytes of them, the person has begun beside this one since then, and not brought.
func (d *Desk) begun(at place, since time.Time) (files int, bytes int64, err error) {
	list, err := os.ReadDir(filepath.Dir(d.comingPath(at)))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	for _, e := range list {
		info, err := e.Info()
		if err != nil || e.Name() == at.hash.String() || info.ModTime().Before(since) {
			continue // what is gone meanwhile is there whole, or was no file
		}
		files, bytes = files+1, bytes+info.Size()
	}
	return files, bytes, err
}

// uploads keeps two requests from writing to one place. The later one is in the right: the earlier is what a phone
// left behind when its network went.
type uploads struct {
	mu  sync.Mutex
	now map[place]*upload
}

type upload struct {
	stop func()
	done chan struct{}
}

// begin ends whoever writes there, waits until he has, and returns what to call at the end. Stop makes this one end.
func (u *uploads) begin(ctx context.Context, p place, stop func()) (end func(), err error) {
	mine := &upload{stop, make(chan struct{})}
	for {
		u.mu.Lock()
		other := u.now[p]
		if other == nil {
			if u.now == nil {
				u.now = map[place]*upload{}
			}
			u.now[p] = mine
			u.mu.Unlock()
			return func() { u.end(p, mine) }, nil
		}
		u.mu.Unlock()
		other.stop()
		select {
		case <-other.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (u *uploads) end(p place, mine *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.now, p)
	close(mine.done)
}

// offset returns how many bytes there are of the file; 0 for none.
func (d *Desk) offset(p place) int64 {
	info, err := os.Stat(d.comingPath(p))
	if err != nil {
		return 0
	}
	return info.Size()
}

// part is one piece of a file on its way.
type part struct {
	place
	kind   string
	offset int64 // where it begins
	length int64 // of the whole file
	body   io.Reader
}

// maxPart is how many bytes of a file one request brings; what is beyond is left for the next.
const maxPart = 8 << 20

// add appends a part and returns how much there is now; complete is true when that is all, verified and kept. What
// came is durable when it returns, even where the body broke off: err is then the body's.
func (d *Desk) add(ctx context.Context, p part) (offset int64, complete bool, err error) {
	if have := d.offset(p.place); have != p.offset {
		return have, false, fault.New(blob.WrongOffset, "The server has another part of this file than the device thinks.")
	}
	if err = d.room(min(maxPart, p.length-p.offset)); err != nil {
		return p.offset, false, err
	}
	broken := d.append(p)
	offset = d.offset(p.place)
	if err = d.early(p, offset); err != nil {
		return 0, false, err
	}
	if offset < p.length || broken != nil {
		return offset, false, full(broken)
	}
	if err = d.finish(ctx, p); err != nil && fault.CodeOf(err) != blob.HubFull {
		offset = d.offset(p.place)
	}
	return offset, err == nil, err
}

// append writes the body behind what there is.
func (d *Desk) append(p part) (err error) {
	path := d.comingPath(p.place)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	body := &heard{Reader: p.body}
	_, err = io.Copy(f, io.LimitReader(body, min(maxPart, p.length-p.offset)))
	if body.broke {
		err = fault.Wrap(errCut.Code, errCut.Message, err)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

var errCut = fault.New(blob.WrongOffset, "The part broke off. It goes on where the server says.")

// heard tells whether it was the body that broke, or the disk.
type heard struct {
	io.Reader
	broke bool
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	h.broke = err != nil && !errors.Is(err, io.EOF)
	return n, err
}

// early refuses a file by its beginning, as soon as that is there, and drops it.
func (d *Desk) early(p part, have int64) error {
	if p.offset >= blob.HeadSize || have < min(blob.HeadSize, p.length) {
		return nil
	}
	_, err := check(d.comingPath(p.place), p.kind)
	if err != nil {
		err = errors.Join(err, remove(d.comingPath(p.place)))
	}
	return err
}

// check returns the media type of the file, and refuses it where that does not fit its kind. The standard library's
// opinion is asked too: what a browser would take for a page is none of ours.
func check(path, kind string) (mediaType string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	return fits(f, kind)
}

func fits(f io.Reader, kind string) (mediaType string, err error) {
	head := make([]byte, blob.HeadSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	mediaType = blob.Sniff(head[:n])
	if !blob.Fits(kind, mediaType) || strings.HasPrefix(http.DetectContentType(head[:n]), "text/") {
		return "", fault.New(blob.WrongKind, "The file is not what it is said to be, or of a kind that is not taken.")
	}
	return mediaType, nil
}

// finish verifies a file that is all there, and keeps it; what is not what was named is dropped.
func (d *Desk) finish(ctx context.Context, p part) error {
	path := d.comingPath(p.place)
	h, err := hashOf(path)
	if err != nil {
		return err
	}
	if h != p.hash {
		return errors.Join(fault.New(blob.WrongHash, "What came is not the file that was named; send it again."), remove(path))
	}
	return d.take(ctx, p.person, h, p.length, path)
}

func hashOf(path string) (h blob.Hash, err error) {
	f, err := os.Open(path)
	if err != nil {
		return h, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return hashFrom(f)
}

func hashFrom(r io.Reader) (h blob.Hash, err error) {
	sum := sha256.New()
	if _, err = io.Copy(sum, r); err != nil {
		return h, err
	}
	return blob.Hash(sum.Sum(nil)), nil
}
