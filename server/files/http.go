package files

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// patience is how long a peer may send, or take, nothing.
const patience = 30 * time.Second

// ServeHTTP answers devices at blob.Path and blob.ThumbnailPath: HEAD asks how much the hub has, PATCH sends a part,
// GET fetches the file or a range of it, PUT brings a picture out of a video.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guard(w.Header())
	person, err := d.Who(r)
	if err == nil {
		err = d.answer(d.Watched(w, r), r, person)
	}
	if err != nil {
		d.refuse(w, r, err)
	}
}

func (d *Desk) answer(w http.ResponseWriter, r *http.Request, person record.ID) error {
	name, thumbnail := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/files/"), "/thumbnail")
	h, ok := blob.ParseHash(name)
	switch {
	case !ok:
		return errUnknown
	case thumbnail && r.Method == http.MethodGet:
		return d.sendThumbnail(w, r, person, h)
	case thumbnail && r.Method == http.MethodPut:
		return d.receiveStill(w, r, place{person, h})
	case thumbnail:
	case r.Method == http.MethodGet:
		return d.send(w, r, person, h)
	case r.Method == http.MethodHead:
		return d.ask(w, r, place{person, h})
	case r.Method == http.MethodPatch:
		return d.receive(w, r, place{person, h})
	}
	w.Header().Set("Allow", "GET, HEAD, PATCH, PUT")
	w.WriteHeader(http.StatusMethodNotAllowed)
	return nil
}

var errWho = fault.New(fault.Unauthentic, "The device could not prove who it is. It connects anew, and then goes on.")

// Who returns whose device asks, by the token that it carries; the code is fault.Unauthentic where nobody knows it.
func (d *Desk) Who(r *http.Request) (record.ID, error) {
	device, token, ok := credentials(r.Header.Get("Authorization"))
	if !ok || d.Devices == nil {
		return record.ID{}, errWho
	}
	found, err := d.Devices.Bearer(r.Context(), device, token)
	if err != nil || found == nil {
		return record.ID{}, errors.Join(err, errWho)
	}
	return found.Person, nil
}

// lookAgain is how often a device that is being answered is looked at again: it is revoked everywhere within five seconds.
const lookAgain = 4 * time.Second

// Watched returns w for the answer to a device that Who has recognised: it ends where the device is let in no more.
func (d *Desk) Watched(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	return &watched{w, func() error { _, err := d.Who(r); return err }, d.Now, d.Now().Add(lookAgain)}
}

type watched struct {
	http.ResponseWriter
	look func() error
	now  func() time.Time
	next time.Time // when to look again
}

func (w *watched) Write(p []byte) (int, error) {
	if now := w.now(); !now.Before(w.next) {
		if err := w.look(); err != nil {
			return 0, err
		}
		w.next = now.Add(lookAgain)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the deadlines.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// credentials reads "Fieldsync <device id>:<token in hexadecimal>".
func credentials(header string) (device record.ID, token []byte, ok bool) {
	given, ok := strings.CutPrefix(header, blob.Scheme+" ")
	id, secret, colon := strings.Cut(given, ":")
	if !ok || !colon || len(secret) > 128 {
		return device, nil, false
	}
	device, err := record.ParseID(id)
	if err != nil {
		return device, nil, false
	}
	token, err = hex.DecodeString(secret)
	return device, token, err == nil && len(token) > 0
}

// alike is how long it takes at least to be told that there is nothing here for one: that a file is somebody else's takes longer
// to find out than that there is none, and the time an answer takes is not to tell.
const alike = 10 * time.Millisecond

// may reports whether the person may see the file.
func (d *Desk) may(ctx context.Context, person record.ID, h blob.Hash) (bool, error) {
	told := time.NewTimer(alike)
	defer told.Stop()
	may, err := d.Ledger.May(ctx, person, h)
	if may || err != nil {
		return may, err
	}
	select {
	case <-told.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// known reports whether the person need not send the file: it is here, and he has shown to have it, or may see it,
// which is noted, so that a row of his may name it too.
func (d *Desk) known(ctx context.Context, p place) (bool, error) {
	had, err := d.Ledger.Has(ctx, p.person, p.hash)
	if err != nil {
		return false, err
	}
	if !had {
		if may, err := d.may(ctx, p.person, p.hash); !may || err != nil {
			return false, err
		}
	}
	here, err := d.Blobs.Has(ctx, p.hash)
	if had || !here || err != nil {
		return here, err
	}
	return true, d.Ledger.Note(ctx, Arrival{Hash: p.hash, Person: p.person, At: d.Now()})
}

// ask tells a device how much of its file the hub has. Whoever asks does not send any more: a request that still hangs
// is ended first, so that the answer counts all that came.
func (d *Desk) ask(w http.ResponseWriter, r *http.Request, p place) error {
	end, err := d.coming.begin(r.Context(), p, func() {})
	if err != nil {
		return err
	}
	defer end()
	complete, err := d.known(r.Context(), p)
	if err != nil {
		return err
	}
	status(w, d.offset(p), complete)
	return nil
}

func status(w http.ResponseWriter, offset int64, complete bool) {
	how := blob.Incomplete
	if complete {
		how = blob.Complete
	}
	w.Header().Set(blob.HeaderOffset, strconv.FormatInt(offset, 10))
	w.Header().Set(blob.HeaderComplete, how)
	w.WriteHeader(http.StatusNoContent)
}

// receive takes a part of a file.
func (d *Desk) receive(w http.ResponseWriter, r *http.Request, at place) error {
	p, err := readPart(r, at)
	if err != nil {
		return err
	}
	if complete, err := d.known(r.Context(), at); complete || err != nil {
		if err == nil {
			status(w, p.length, true)
		}
		return err
	}
	if _, err := d.admit(r.Context(), at, p.length, p.length-p.offset); err != nil { // each part says anew how long the file is
		return err
	}
	body := &steady{Reader: r.Body, control: http.NewResponseController(w)}
	end, err := d.coming.begin(r.Context(), at, body.stop)
	if err != nil {
		return err
	}
	defer end()
	p.body = body
	// What came is kept though the network went: so the work does not end with the request.
	offset, complete, err := d.add(context.WithoutCancel(r.Context()), p)
	if err != nil {
		w.Header().Set(blob.HeaderOffset, strconv.FormatInt(offset, 10))
		return err
	}
	status(w, offset, complete)
	return nil
}

// readPart reads the headers of a PATCH.
func readPart(r *http.Request, at place) (p part, err error) {
	offset, first := count(r.Header.Get(blob.HeaderOffset))
	length, second := count(r.Header.Get(blob.HeaderLength))
	kind := r.Header.Get(blob.HeaderKind)
	if !first || !second || length == 0 || offset > length || blob.Rank(kind) == blob.Rank("") {
		return p, fault.New(fault.Malformed, "A part of a file says where it begins, how long the file is, and what for.")
	}
	return part{place: at, kind: kind, offset: offset, length: length}, nil
}

// count reads a number of bytes as HTTP writes them: digits alone.
func count(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == s
}

// steady is a body that may take as long as it likes, while something comes and nobody stops it.
type steady struct {
	io.Reader
	control *http.ResponseController
	stopped atomic.Bool
}

var errStopped = errors.New("files: the device has begun another request")

func (s *steady) stop() {
	s.stopped.Store(true)
	_ = s.control.SetReadDeadline(time.Unix(1, 0)) // after the flag: a Read that has not seen it is ended by this
}

func (s *steady) Read(p []byte) (int, error) {
	_ = s.control.SetReadDeadline(time.Now().Add(patience)) // where it cannot be set, the server's own bound holds
	if s.stopped.Load() {
		return 0, errStopped
	}
	return s.Reader.Read(p)
}

// send sends the file, or the range that was asked for.
func (d *Desk) send(w http.ResponseWriter, r *http.Request, person record.ID, h blob.Hash) error {
	may, err := d.may(r.Context(), person, h)
	if err != nil {
		return err
	}
	if !may {
		return errUnknown
	}
	return d.Serve(w, r, h, "")
}

// slowest is the pace, in bytes a second, below which a download is cut; it goes on where it stopped.
const slowest = 4 << 10

// Serve answers a request for a file that the caller has found to be allowed. Name is what a browser saves it as; ""
// for its hash. It is never shown in place: content that a stranger made does not run in the office's name.
func (d *Desk) Serve(w http.ResponseWriter, r *http.Request, h blob.Hash, name string) error {
	c, err := d.Open(r.Context(), h)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // it was only read
	head := make([]byte, blob.HeadSize)
	n, err := io.ReadFull(c, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if name == "" {
		name = h.String()
	}
	guard(w.Header())
	w.Header().Set("Content-Type", typeOf(head[:n]))
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("ETag", `"`+h.String()+`"`)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience + time.Duration(c.Size()/slowest)*time.Second))
	http.ServeContent(w, r, "", time.Time{}, c)
	return nil
}

func typeOf(head []byte) string {
	if t := blob.Sniff(head); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (d *Desk) sendThumbnail(w http.ResponseWriter, r *http.Request, person record.ID, h blob.Hash) error {
	may, err := d.may(r.Context(), person, h)
	if err != nil {
		return err
	}
	if !may {
		return errUnknown
	}
	return d.ServeThumbnail(w, r, h)
}

// ServeThumbnail answers with a small JPEG, which the hub itself has made.
func (d *Desk) ServeThumbnail(w http.ResponseWriter, r *http.Request, h blob.Hash) error {
	b, err := d.Thumbnail(r.Context(), h)
	if err != nil {
		return err
	}
	guard(w.Header())
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("ETag", `"`+h.String()+`-small"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	return nil
}

// guard keeps what a file contains from doing anything in a browser.
func guard(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Cache-Control", "private, no-cache") // who may see it is asked each time; the ETag saves the bytes
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func (d *Desk) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.Wrap(fault.Internal, "Something is wrong with the server. Try again later.", err)
	}
	code, ok := statuses[f.Code]
	if !ok {
		code = http.StatusUnprocessableEntity
	}
	if code >= 500 {
		d.Log.Error("a file could not be served", "method", r.Method, "code", f.Code, "error", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(blob.Refusal{Code: f.Code, Message: f.Message}) // a peer that left does not hear it
}
