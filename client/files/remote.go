package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"fieldsync/client/link"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

// Remote is the hub, as files see it.
type Remote struct {
	Server    string // its address: http or https
	Authority string // what the Authorization header says
	Client    *http.Client
}

// NewClient returns a client that follows no redirect: the token is for the hub alone.
func NewClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = silence
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// silence is how long the hub may send, or take, nothing.
const silence = 45 * time.Second

var errCut = fault.New(link.NoNetwork, "the connection broke; the file goes on at the same place later")

func (r *Remote) do(ctx context.Context, method, path string, body io.Reader, headers map[string]string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(r.Server, "/")+path, body)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "the server's address is not one: "+r.Server, err)
	}
	request.Header.Set("Authorization", r.Authority)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := r.Client.Do(request)
	if err != nil {
		return nil, fault.Wrap(errCut.Code, errCut.Message, err)
	}
	return response, nil
}

// maxRefusal bounds what is read of a refusal.
const maxRefusal = 16 << 10

// refusal reads why the hub refused. What is not in its words comes from something between.
func refusal(response *http.Response) error {
	var said blob.Refusal
	b, err := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	if err == nil && json.Unmarshal(b, &said) == nil && said.Code != "" {
		return fault.New(said.Code, said.Message)
	}
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		return fault.New(fault.Unauthentic, "the device has to prove anew who it is; the file goes on then")
	case response.StatusCode == http.StatusNotFound && response.Request.Method != http.MethodGet:
		return fault.New(fault.Version, "this server takes no files")
	}
	return fault.Wrap(fault.Overloaded, "the server cannot take files now; they go on later", fmt.Errorf("status %d", response.StatusCode))
}

// reached reads how much of the file the hub has.
func reached(response *http.Response, size int64) (offset int64, complete bool, err error) {
	if response.Header.Get(blob.HeaderComplete) == blob.Complete {
		return size, true, nil
	}
	offset, err = strconv.ParseInt(response.Header.Get(blob.HeaderOffset), 10, 64)
	if err != nil || offset < 0 || offset > size {
		return 0, false, fault.New(fault.Version, "the address answers, but not as this server does: check it")
	}
	return offset, false, nil
}

// ask returns how much of the file the hub has for this device.
func (r *Remote) ask(ctx context.Context, h blob.Hash, size int64) (offset int64, complete bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	response, err := r.do(ctx, http.MethodHead, blob.Path(h), nil, nil)
	if err != nil {
		return 0, false, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusNoContent {
		return 0, false, refusal(response)
	}
	return reached(response, size)
}

// put sends one part.
func (r *Remote) put(ctx context.Context, item Item, offset int64, part []byte) (now int64, complete bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*silence)
	defer cancel()
	response, err := r.do(ctx, http.MethodPatch, blob.Path(item.Hash), bytes.NewReader(part), map[string]string{
		blob.HeaderOffset: strconv.FormatInt(offset, 10), blob.HeaderLength: strconv.FormatInt(item.Size, 10),
		blob.HeaderKind: item.Kind,
	})
	if err != nil {
		return offset, false, err
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusNoContent, http.StatusConflict: // here, or where it says instead
		return reached(response, item.Size)
	}
	return offset, false, refusal(response)
}

// Parts are as large as goes through in a few seconds, so that little is sent twice when the network goes.
const (
	smallestPart = 16 << 10
	largestPart  = 1 << 20
	firstPart    = 128 << 10
	quick        = 2 * time.Second
	slow         = 8 * time.Second
)

// pace returns how large the next part is, by how long the last one took.
func pace(part int, took time.Duration) int {
	switch {
	case took < quick:
		return min(2*part, largestPart)
	case took > slow:
		return max(part/2, smallestPart)
	}
	return part
}

// maxStill is how often the hub may answer without having more than before.
const maxStill = 3

// Send sends what the hub lacks of a file, from the byte where it stopped, and returns when the hub has confirmed
// that it has all of it. Go is asked before each part; progress is told after it.
func (s *Store) Send(ctx context.Context, r *Remote, item Item, goOn func() error, progress func(done int64)) error {
	f, err := s.Read(item.Hash)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	offset, complete, err := r.ask(ctx, item.Hash, item.Size)
	buffer := make([]byte, largestPart)
	for part, still := firstPart, 0; err == nil && !complete; {
		if still > maxStill {
			return fault.New(fault.Overloaded, "the server does not get on with this file; it is tried again later")
		}
		progress(offset)
		if err = goOn(); err != nil {
			return err
		}
		n, e := readAt(f, buffer[:min(int64(part), item.Size-offset)], offset)
		if e != nil {
			return fault.Wrap(Damaged, "the file on this device is damaged, and cannot be sent", e)
		}
		began, before := time.Now(), offset
		offset, complete, err = r.put(ctx, item, offset, buffer[:n])
		part = pace(part, time.Since(began))
		if still++; offset > before {
			still = 0
		}
	}
	return err
}

func readAt(f io.ReadSeeker, b []byte, offset int64) (int, error) {
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	return io.ReadFull(f, b)
}

// Intact reports whether a file is still what its name says.
func (s *Store) Intact(h blob.Hash) (bool, error) {
	f, err := s.Read(h)
	if fault.CodeOf(err) == Damaged {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // it was only read
	got, _, err := sum(f)
	return err == nil && got == h, nil
}

// Fetch downloads a file of so many bytes, from the byte where it stopped, and keeps it once it was verified. Codes:
// blob.Unknown where the hub has none for this device, or not yet; blob.WrongHash for a hub that sends something else;
// DiskFull; link.NoNetwork.
func (s *Store) Fetch(ctx context.Context, r *Remote, h blob.Hash, size int64, goOn func() error, progress func(done int64)) error {
	if s.Here(h) {
		return nil
	}
	path := s.comingPath(h)
	f, have, err := s.resume(path)
	if err != nil {
		return failed("the file cannot be kept", err)
	}
	defer func() { _ = f.Close() }() // it was forced before it got its name
	if have < size {
		err = r.fetch(ctx, f, h, have, size, goOn, progress)
	}
	if err != nil {
		return failed("the file cannot be kept", err)
	}
	if got, n, err := sum(f); err != nil || got != h || n != size {
		return errors.Join(fault.Wrap(blob.WrongHash, "the server sent something else than this file; try again", err), os.Remove(path))
	}
	if err := errors.Join(f.Sync(), os.Rename(path, s.fetchedPath(h))); err != nil {
		return failed("the file cannot be kept", err)
	}
	return nil
}

// fetch appends the rest of a file to f.
func (r *Remote) fetch(ctx context.Context, f handle, h blob.Hash, have, size int64, goOn func() error, progress func(int64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	headers := map[string]string{}
	if have > 0 {
		headers["Range"], headers["If-Range"] = fmt.Sprintf("bytes=%d-", have), `"`+h.String()+`"`
	}
	response, err := r.do(ctx, http.MethodGet, blob.Path(h), nil, headers)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	switch {
	case response.StatusCode == http.StatusPartialContent &&
		strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
	case response.StatusCode == http.StatusOK: // from the beginning after all
		have = 0
		if err := f.Empty(); err != nil {
			return err
		}
	case response.StatusCode >= 400:
		return refusal(response)
	default:
		return fault.New(fault.Version, "the address answers, but not as this server does: check it")
	}
	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return err
	}
	return pour(f, response.Body, cancel, have, size, goOn, progress)
}

// pour copies what comes, until all is there. A hub that falls silent is given up; one that sends more than it said is
// not listened to.
func pour(to io.Writer, from io.Reader, giveUp func(), have, size int64, goOn func() error, progress func(int64)) error {
	silent := time.AfterFunc(silence, giveUp)
	defer silent.Stop()
	buffer := make([]byte, 64<<10)
	for have < size {
		n, err := from.Read(buffer[:min(int64(len(buffer)), size-have)])
		silent.Reset(silence)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return err
			}
			have += int64(n)
			progress(have)
		}
		switch {
		case errors.Is(err, io.EOF) && have < size, err != nil && !errors.Is(err, io.EOF):
			return fault.Wrap(errCut.Code, errCut.Message, err)
		}
		if err := goOn(); err != nil {
			return err
		}
	}
	return nil
}

// maxThumbnail bounds what is taken for one.
const maxThumbnail = 1 << 20

// FetchThumbnail fetches the small picture that the hub makes of one, and keeps it.
func (s *Store) FetchThumbnail(ctx context.Context, r *Remote, h blob.Hash) error {
	if _, err := os.Stat(s.smallPath(h)); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	response, err := r.do(ctx, http.MethodGet, blob.ThumbnailPath(h), nil, nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return refusal(response)
	}
	b, err := io.ReadAll(io.LimitReader(response.Body, maxThumbnail+1))
	if err != nil {
		return fault.Wrap(errCut.Code, errCut.Message, err)
	}
	if len(b) > maxThumbnail || blob.Sniff(b) != "image/jpeg" {
		return fault.New(blob.NoPicture, "the server sent no picture")
	}
	return s.KeepThumbnail(h, b)
}

// Has reports whether the hub has the file for this device.
func (r *Remote) Has(ctx context.Context, h blob.Hash) (bool, error) {
	_, complete, err := r.ask(ctx, h, 1<<62)
	return complete, err
}
