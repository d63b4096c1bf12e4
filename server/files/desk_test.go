package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

func TestAFileComesInPartsAndGoesOnAtTheByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := photo(3000, "a")
	h := hashed(content)
	if a := w.head(li, h); a.offset != "0" || a.complete {
		t.Fatal(a)
	}
	if a := w.patch(li, h, blob.Photo, 0, 3000, content[:100]); a.offset != "100" || a.complete {
		t.Fatal(a)
	}
	cut := io.MultiReader(bytes.NewReader(content[100:1700]), broken{}) // the network goes
	w.ask(li, http.MethodPatch, blob.Path(h), cut, blob.HeaderKind, blob.Photo, blob.HeaderOffset, "100", blob.HeaderLength, "3000")
	for range 100 {
		if a := w.head(li, h); a.offset != "100" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	a := w.patch(li, h, blob.Photo, 7, 3000, content[7:])
	w.wants("another offset", a, http.StatusConflict, blob.WrongOffset)
	have := atoi(a.offset)
	if have < 100 {
		t.Fatal(a)
	}
	if a := w.patch(li, h, blob.Photo, have, 3000, content[have:]); !a.complete {
		t.Fatal(a)
	}
	if a := w.head(li, h); !a.complete {
		t.Error("it is not known to be complete", a)
	}
	if a := w.patch(li, h, blob.Photo, 0, 3000, content); !a.complete {
		t.Error("the same again is refused", a)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("no network") }

func atoi(s string) (n int) {
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limits = Limits{Size: 5000}
	page := []byte("<!DOCTYPE html><script>alert(1)</script>" + strings.Repeat(" ", 600))
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)
	short := photo(100, "s")
	for _, c := range []struct {
		name    string
		got     answer
		status  int
		code    fault.Code
		dropped []byte
	}{
		{"a page", w.patch(li, hashed(page), blob.Photo, 0, len(page), page), 415, blob.WrongKind, page},
		{"SVG", w.patch(li, hashed(svg), blob.Signature, 0, len(svg), svg), 415, blob.WrongKind, svg},
		{"a photo as a document that it could be", w.patch(li, hashed(short), blob.Document, 0, 100, short), 204, "", nil},
		{"a photo as voice", w.patch(li, hashed(photo(101, "v")), blob.Voice, 0, 101, photo(101, "v")), 415, blob.WrongKind, photo(101, "v")},
		{"a file that is not what it is called", w.patch(li, hashed([]byte("x")), blob.Photo, 0, 100, short), 422, blob.WrongHash, []byte("x")},
		{"one that is too large", w.patch(li, hashed([]byte("y")), blob.Photo, 0, 5001, short), 413, fault.TooLarge, []byte("y")},
		{"an empty one", w.patch(li, hashed(nil), blob.Photo, 0, 0, nil), 400, fault.Malformed, nil},
		{"a kind that there is not", w.patch(li, hashed(short), "program", 0, 100, short), 400, fault.Malformed, nil},
		{"behind its end", w.patch(li, hashed([]byte("z")), blob.Photo, 101, 100, short), 400, fault.Malformed, nil},
		{"a name that is none", w.ask(li, "HEAD", "/files/..%2f..%2fhub.db", nil), 404, "", nil},
		{"another method", w.ask(li, "DELETE", blob.Path(hashed(short)), nil), 405, "", nil},
	} {
		w.wants(c.name, c.got, c.status, c.code)
		if c.dropped != nil {
			if a := w.head(li, hashed(c.dropped)); a.offset != "0" || a.complete {
				t.Errorf("%s: something of it is kept: %v", c.name, a)
			}
		}
	}
	stranger := w.ask(li, "HEAD", blob.Path(hashed(short)), nil, "Authorization", "Fieldsync "+li.String()+":00ff")
	w.wants("a wrong token", stranger, http.StatusUnauthorized, "")
}

// Nobody learns from the desk that a file exists which he may not see: neither by asking nor by sending its beginning.
func TestWhatIsNotTheAskersBusinessLooksLikeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := photo(4000, "secret")
	h := w.sends(li, secret)
	nowhere := hashed([]byte("nowhere"))
	for _, ask := range []func(blob.Hash) answer{
		func(h blob.Hash) answer { return w.head(wang, h) },
		func(h blob.Hash) answer { return w.ask(wang, "GET", blob.Path(h), nil) },
		func(h blob.Hash) answer { return w.ask(wang, "GET", blob.ThumbnailPath(h), nil) },
		func(h blob.Hash) answer { return w.patch(wang, h, blob.Photo, 0, 4000, secret[:1000]) },
		func(h blob.Hash) answer { return w.patch(wang, h, blob.Photo, 5, 4000, secret[:1000]) },
	} {
		begun := time.Now()
		a, b := ask(h), ask(nowhere)
		if took := time.Since(begun); took < 2*alike {
			t.Errorf("both say no within %s: what each has to look for can be measured", took)
		}
		a.header.Del("Date")
		b.header.Del("Date")
		if a.String() != b.String() || !bytes.Equal(a.body, b.body) {
			t.Errorf("%v %q tells more than %v %q", a, a.body, b, b.body)
		}
	}
	w.wants("li without a row", w.ask(li, "GET", blob.Path(h), nil), 404, blob.Unknown)
	w.shows(wang, h)
	if a := w.head(wang, h); !a.complete {
		t.Error("who may see it has to send it again", a)
	}
	if a := w.ask(wang, "GET", blob.Path(h), nil); !bytes.Equal(a.body, secret) {
		t.Error("who may see it does not get it", a)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if bytes, noted := w.had[place{wang, h}]; !noted || bytes != 0 {
		t.Error("that he could have fetched it is not noted, or counts against him")
	}
}

func TestADownloadIsResumedAndNeverRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := photo(2000, "d")
	h := w.sends(li, content)
	w.shows(li, h)
	a := w.ask(li, "GET", blob.Path(h), nil, "Range", "bytes=1500-", "If-Range", `"`+h.String()+`"`)
	if a.status != http.StatusPartialContent || !bytes.Equal(a.body, content[1500:]) {
		t.Error(a)
	}
	a = w.ask(li, "GET", blob.Path(h), nil, "Range", "bytes=1500-", "If-Range", `"another"`)
	if a.status != http.StatusOK || !bytes.Equal(a.body, content) {
		t.Error(a)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox", "Content-Type": "image/jpeg",
		"Content-Disposition": "attachment; filename=" + h.String(),
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What a lost phone is fetching ends with its revocation: what it asks for later is refused, and this it had asked for before.
func TestADownloadEndsWhenItsDeviceIsRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	offset, content := 0, photo(24<<20, "a") // more than the sockets hold that nobody reads
	h := blob.Hash(sha256.Sum256(content))
	for part := range slices.Chunk(content, 8<<20) {
		w.patch(li, h, blob.Photo, offset, len(content), part)
		offset += len(part)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+blob.Path(h), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	w.shows(li, h)
	r.Header.Set("Authorization", blob.Scheme+" "+li.String()+":"+hex.EncodeToString(li[:]))
	response, err := http.DefaultClient.Do(r)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	defer func() { _ = response.Body.Close() }()
	w.mu.Lock()
	w.lost[li], w.now = true, w.now.Add(5*time.Second)
	w.mu.Unlock()
	if n, err := io.Copy(io.Discard, response.Body); err == nil || n == int64(len(content)) {
		t.Errorf("%d of %d bytes came, %v", n, len(content), err)
	}
}

func TestQuotaOfADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limits = Limits{Files: 2}
	w.sends(li, photo(100, "1"))
	w.sends(li, photo(100, "2"))
	third := photo(100, "3")
	w.wants("a third file", w.patch(li, hashed(third), blob.Photo, 0, 100, third), http.StatusTooManyRequests, blob.OverQuota)
	w.sends(wang, third)
}

// How long a file is, each part says anew; and one that is begun is on the disk as one that is there.
func TestPartsGoAroundNoLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limits = Limits{Size: 5000, Files: 3, Bytes: 9000}
	long := photo(6000, "long")
	if a := w.patch(li, hashed(long), blob.Photo, 0, 4000, long[:2000]); a.offset != "2000" {
		t.Fatal(a)
	}
	w.wants("one that grows on the way", w.patch(li, hashed(long), blob.Photo, 2000, 6000, long[2000:]), 413, fault.TooLarge)
	second := photo(4500, "second")
	if a := w.patch(li, hashed(second), blob.Photo, 0, 4500, second[:4000]); a.offset != "4000" {
		t.Fatal(a)
	}
	third := photo(4000, "third")
	w.wants("beginnings of too many bytes", w.patch(li, hashed(third), blob.Photo, 0, 4000, third), 429, blob.OverQuota)
	w.sends(li, photo(600, "small"))
	w.wants("too many beginnings", w.patch(li, hashed(third), blob.Photo, 0, 600, third[:600]), 429, blob.OverQuota)
	w.sends(wang, third)
	w.mu.Lock()
	w.now = w.now.Add(25 * time.Hour)
	w.mu.Unlock()
	w.had = map[place]int64{}
	if a := w.patch(li, hashed(second), blob.Photo, 4000, 4500, second[4000:]); !a.complete {
		t.Error("what was begun does not go on tomorrow", a)
	}
}

// A phone whose network went comes back while its first request still hangs: the later one wins, and the file is whole.
func TestTheLaterOfTwoRequestsGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := photo(50_000, "l")
	h := hashed(content)
	hangs, more := io.Pipe()
	var first sync.WaitGroup
	first.Go(func() {
		w.ask(li, http.MethodPatch, blob.Path(h), hangs, blob.HeaderKind, blob.Photo, blob.HeaderOffset, "0", blob.HeaderLength, "50000")
	})
	if _, err := more.Write(content[:20_000]); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if w.head(li, h).offset != "0" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	a := w.patch(li, h, blob.Photo, 0, 50_000, content)
	for a.code == blob.WrongOffset {
		have := atoi(a.offset)
		a = w.patch(li, h, blob.Photo, have, 50_000, content[have:])
	}
	_ = more.Close()
	first.Wait()
	if !a.complete {
		t.Fatal(a)
	}
}

func TestManySendTheSameAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := photo(20_000, "m")
	h := hashed(content)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			who := record.ID{byte(10 + i/2)} // two devices of each person
			for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(time.Millisecond) {
				a := w.head(who, h)
				if a.complete {
					return
				}
				have := atoi(a.offset)
				if have < len(content) {
					w.patch(who, h, blob.Photo, have, len(content), content[have:min(have+3000, len(content))])
				}
			}
			t.Errorf("person %d never got it over", i/2)
		})
	}
	all.Wait()
	problems := 0
	n, size, err := w.desk.Verify(t.Context(), func(string) { problems++ })
	if n != 1 || size != 20_000 || problems != 0 || err != nil {
		t.Error(n, size, problems, err)
	}
}

func TestAThumbnailIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 900, 600)), nil); err != nil {
		t.Fatal(err)
	}
	h := w.sends(li, b.Bytes())
	w.shows(li, h)
	for range 2 {
		a := w.ask(li, "GET", blob.ThumbnailPath(h), nil)
		c, err := jpeg.DecodeConfig(bytes.NewReader(a.body))
		if err != nil || c.Width != blob.ThumbnailSide {
			t.Fatal(a.status, c, err)
		}
	}
	noPicture := w.sends(li, photo(300, "n"))
	w.shows(li, noPicture)
	w.wants("what only looks like one", w.ask(li, "GET", blob.ThumbnailPath(noPicture), nil), 404, blob.NoPicture)
}

func TestFilesThatNobodyNeedsAreSwept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	needed, unneeded := w.sends(li, photo(100, "n")), w.sends(li, photo(100, "u"))
	partial := photo(900, "p")
	w.patch(li, hashed(partial), blob.Photo, 0, 900, partial[:700])
	w.needed[needed] = true
	if done, err := w.desk.Sweep(t.Context()); err != nil || done != 0 {
		t.Fatal(done, err)
	}
	w.mu.Lock()
	w.now = w.now.Add(KeepUnneeded + time.Hour)
	w.mu.Unlock()
	if done, err := w.desk.Sweep(t.Context()); err != nil || done != 1 {
		t.Fatal(done, err)
	}
	if done, err := w.desk.SweepBeginnings(t.Context()); err != nil || done != 1 {
		t.Fatal(done, err)
	}
	if a := w.head(li, unneeded); a.complete {
		t.Error("the hub says it has what it swept")
	}
	if a := w.head(li, needed); !a.complete {
		t.Error("what a row names is gone")
	}
	if a := w.head(li, hashed(partial)); a.offset != "0" {
		t.Error("the beginning of a file is still there")
	}
}

func TestWhatWasErasedIsNotTakenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := photo(1000, "e")
	h := w.sends(li, content)
	if err := w.desk.Erase(t.Context(), []blob.Hash{h}); err != nil {
		t.Fatal(err)
	}
	if a := w.head(li, h); a.complete {
		t.Error("the hub says it has it")
	}
	w.wants("again", w.patch(li, h, blob.Photo, 0, 1000, content), http.StatusGone, blob.Erased)
	if n, _, _ := w.desk.Verify(t.Context(), func(string) {}); n != 0 {
		t.Error("it is still there")
	}
}

func TestABackupHasTheFilesAndARestoreBringsThemBack(t *testing.T) {
	t.Parallel()
	w, to := newWorld(t), filepath.Join(t.TempDir(), "backup")
	kept, erased, damaged := w.sends(li, photo(100, "k")), w.sends(li, photo(100, "e")), w.sends(li, photo(100, "d"))
	for _, want := range []int{3, 0} {
		if n, _, err := w.desk.Copy(t.Context(), to); n != want || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.desk.Erase(t.Context(), []blob.Hash{erased}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.desk.Copy(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	path := Directory{to}.path(damaged)
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("rot"), 0o600)); err != nil {
		t.Fatal(err)
	}
	fresh := newWorld(t)
	if n, err := fresh.desk.Restore(t.Context(), to); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if here, err := fresh.desk.Has(t.Context(), kept); !here || err != nil {
		t.Error(err)
	}
}

func TestVerifyFindsRot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.sends(li, photo(100, "r"))
	if err := os.WriteFile(Directory{w.desk.path("whole")}.path(h), []byte("rot"), 0o600); err != nil {
		t.Fatal(err)
	}
	var found []string
	if _, _, err := w.desk.Verify(t.Context(), func(p string) { found = append(found, p) }); err != nil || len(found) != 1 {
		t.Error(found, err)
	}
}

func TestADiskWithoutRoomRefusesAndGoesOnLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := photo(2000, "f")
	h := hashed(content)
	w.patch(li, h, blob.Photo, 0, 2000, content[:1000])
	w.desk.Reserve = 1 << 60
	w.wants("on a full disk", w.patch(li, h, blob.Photo, 1000, 2000, content[1000:]), http.StatusInsufficientStorage, blob.HubFull)
	w.desk.Reserve = 0
	if a := w.patch(li, h, blob.Photo, 1000, 2000, content[1000:]); !a.complete {
		t.Error("it does not go on", a)
	}
}

// away is a store that now and then does not answer.
type away struct {
	Folders
	gone *atomic.Bool
}

func (a away) Shelf(name string) Blobs { return awayShelf{a.Folders.Shelf(name), a.gone} }

type awayShelf struct {
	Blobs
	gone *atomic.Bool
}

func (s awayShelf) Put(ctx context.Context, h blob.Hash, path string) error {
	if s.gone.Load() {
		return fault.New(fault.Overloaded, "nobody there")
	}
	return s.Blobs.Put(ctx, h, path)
}

// All of a file came, and the store did not answer just then: the device asks once more, and sends nothing again.
func TestAFileIsKeptWhenTheStoreIsBack(t *testing.T) {
	t.Parallel()
	gone := &atomic.Bool{}
	dir := t.TempDir()
	w := newWorldOn(t, dir, away{Folders(filepath.Join(dir, "store")), gone})
	content := photo(2000, "a")
	h := hashed(content)
	gone.Store(true)
	w.wants("without a store", w.patch(li, h, blob.Photo, 0, 2000, content), http.StatusServiceUnavailable, fault.Overloaded)
	if a := w.head(li, h); a.complete || a.offset != "2000" {
		t.Error("what came is not kept:", a)
	}
	gone.Store(false)
	if a := w.patch(li, h, blob.Photo, 2000, 2000, nil); !a.complete {
		t.Error("it is not finished:", a)
	}
	w.shows(li, h)
	if a := w.ask(li, http.MethodGet, blob.Path(h), nil); !bytes.Equal(a.body, content) {
		t.Error("another file is kept:", a)
	}
}

func TestTheOfficeSendsAFileInOnePiece(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limits = Limits{Size: 1000}
	content := photo(500, "o")
	h, size, mediaType, err := w.desk.Receive(t.Context(), li, blob.Photo, bytes.NewReader(content))
	if h != hashed(content) || size != 500 || mediaType != "image/jpeg" || err != nil {
		t.Fatal(h, size, mediaType, err)
	}
	for code, bad := range map[fault.Code][]byte{
		fault.TooLarge: photo(1001, "t"), blob.WrongKind: []byte("<svg/>"), fault.Malformed: nil,
	} {
		if _, _, _, err := w.desk.Receive(t.Context(), li, blob.Photo, bytes.NewReader(bad)); fault.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if left, _ := filepath.Glob(w.desk.path("coming", "office-*")); len(left) != 0 {
		t.Error("left behind:", left)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("Fieldsync 0198c7a0-0000-7000-8000-000000000001:00ff", "0", "10", "photo", "/files/"+strings.Repeat("a", 64))
	f.Add("Bearer x", "-1", "9223372036854775808", "", "/files/../../etc/passwd")
	f.Fuzz(func(t *testing.T, authorization, offset, length, kind, path string) {
		if _, token, ok := credentials(authorization); ok && (len(token) == 0 || len(token) > 64) {
			t.Fatal("a token of", len(token))
		}
		r := &http.Request{Header: http.Header{}}
		r.Header.Set(blob.HeaderOffset, offset)
		r.Header.Set(blob.HeaderLength, length)
		r.Header.Set(blob.HeaderKind, kind)
		p, err := readPart(r, place{})
		if err == nil && (p.offset < 0 || p.offset > p.length || p.kind == "") {
			t.Fatalf("%+v", p)
		}
		if h, ok := blob.ParseHash(strings.TrimPrefix(path, "/files/")); ok && blob.Path(h) != "/files/"+h.String() {
			t.Fatal(path)
		}
	})
}
