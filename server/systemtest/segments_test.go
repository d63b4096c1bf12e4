package systemtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	gosync "sync"
	"testing"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// front stands before a hub, and notes how segments are asked for.
type front struct {
	*httptest.Server
	mu     gosync.Mutex
	world  *world
	cutAt  int                       // after so many bytes the next answer with a segment is cut; 0: none is
	onCut  func()                    // called then
	first  func()                    // called before the next answer
	bare   bool                      // it is a hub that knows nothing of segments
	fails  func(http.ResponseWriter) // what stands between answers for the hub, where a segment is asked for
	ranges []string
	status []int
}

func newFront(t *testing.T, w *world) *front {
	f := &front{world: w}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	bare, fails := f.bare, f.fails
	f.mu.Unlock()
	hub := *f.world.hub.Load()
	segment := strings.HasPrefix(r.URL.Path, wire.SegmentPath)
	switch {
	case bare && segment:
		http.NotFound(w, r)
	case segment && fails != nil:
		f.note(r.Header.Get("Range"))
		fails(w)
	case segment:
		f.note(r.Header.Get("Range"))
		hub.ServeHTTP(&cutting{ResponseWriter: w, front: f}, r)
	default:
		if bare {
			r.URL.RawQuery = ""
		}
		hub.ServeHTTP(w, r)
	}
}

func (f *front) note(asked string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ranges = append(f.ranges, asked)
}

// asked returns from where segments were asked for since, and what was answered.
func (f *front) asked() (ranges []string, status []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ranges, status = f.ranges, f.status
	f.ranges, f.status = nil, nil
	return ranges, status
}

func (f *front) cutNext(at int, then func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cutAt, f.onCut = at, then
}

// holdNext has something done before the next answer is given.
func (f *front) holdNext(first func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.first = first
}

// cutting is an answer that may be cut.
type cutting struct {
	http.ResponseWriter
	front *front
}

func (c *cutting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cutting) WriteHeader(code int) {
	c.front.mu.Lock()
	c.front.status = append(c.front.status, code)
	c.front.mu.Unlock()
	c.ResponseWriter.WriteHeader(code)
}

func (c *cutting) Write(p []byte) (int, error) {
	c.front.mu.Lock()
	first := c.front.first
	c.front.first = nil
	c.front.mu.Unlock()
	if first != nil {
		first()
	}
	c.front.mu.Lock()
	at, then := c.front.cutAt, c.front.onCut
	if at == 0 {
		c.front.mu.Unlock()
		return c.ResponseWriter.Write(p)
	}
	c.front.cutAt = 0
	c.front.mu.Unlock()
	_, _ = c.ResponseWriter.Write(p[:min(at, len(p))]) // it is cut anyway
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	if then != nil {
		then()
	}
	panic(http.ErrAbortHandler)
}

// catalogue puts so many parts on the hub and returns their ids.
func (w *world) catalogue(n int) (ids []record.ID) {
	w.t.Helper()
	for len(ids) < n {
		w.office("part.import", func(tx aftersales.Tx) error {
			for i := 0; i < 2000 && len(ids) < n; i++ {
				ids = append(ids, server.NewID())
				err := tx.Insert("part", ids[len(ids)-1], record.Values{
					"code": record.Text(fmt.Sprintf("P-%06d", len(ids))), "unit": record.Text("pcs"), "note": record.Text(server.NewID().String()),
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return ids
}

// segmentFiles returns the names of the segments that the hub keeps.
func (w *world) segmentFiles() []string {
	found, err := filepath.Glob(w.path + ".segments/*-*.zst")
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// newcomer is a technician whose device finds the hub behind the front, and has fetched nothing yet.
func (w *world) newcomer(name string, f *front) *client.Client {
	w.t.Helper()
	c, _ := w.technician(name)
	if err := c.Move(f.URL); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// sameParts fails unless the device has the parts that the hub has, each as it is there.
func (w *world) sameParts(c *client.Client) {
	w.t.Helper()
	const query = "SELECT count(*), coalesce(sum(_seq), 0), coalesce(max(note), ''), coalesce(min(code), '') FROM part WHERE _del = 0"
	read := func(rows interface {
		Next() bool
		Scan(...any) error
		Close() error
	}, err error) string {
		if err != nil {
			w.t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		var n, seqs int64
		var note, code string
		if !rows.Next() || rows.Scan(&n, &seqs, &note, &code) != nil {
			w.t.Fatal("the parts cannot be counted")
		}
		return fmt.Sprint(n, " ", seqs, " ", note, " ", code)
	}
	here, there := "", ""
	rows, err := c.Query(w.t.Context(), query)
	here = read(rows, err)
	rows, err = w.core.Store.Query(w.t.Context(), query)
	if there = read(rows, err); here != there {
		w.t.Errorf("the device has %s, the hub %s", here, there)
	}
	left, err := filepath.Glob(c.Path + ".segment*")
	if err != nil || len(left) > 0 {
		w.t.Errorf("files are left: %v %v", left, err)
	}
}

// edit writes a note on each of the parts.
func (w *world) edit(parts []record.ID, note string) {
	w.t.Helper()
	w.office("part.edit", func(tx aftersales.Tx) error {
		for _, id := range parts {
			if err := tx.Update("part", id, record.Values{"note": record.Text(note)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// restart closes the hub and opens it anew.
func (w *world) restart() {
	if err := w.core.Close(0); err != nil {
		w.t.Error(err)
	}
	w.open("")
}

// persist makes both ends level, whatever befalls the hub meanwhile.
func persist(t *testing.T, c *client.Client) {
	t.Helper()
	soon(t, "both ends are level", func() bool { return c.SyncOnce(t.Context()) == nil })
}

// arrived returns how many bytes the device has of a segment that is not whole yet.
func arrived(t *testing.T, c *client.Client) int64 {
	found, err := filepath.Glob(c.Path + ".segment-*.coming")
	if err != nil || len(found) != 1 {
		return 0
	}
	info, err := os.Stat(found[0])
	if err != nil {
		t.Error(err)
		return 0
	}
	return info.Size()
}

const manyParts = 6000

func TestADeviceThatHasNothingTakesWhatIsReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	parts := w.catalogue(manyParts)
	f := newFront(t, w)

	first := w.newcomer("first", f)
	sync(t, first) // there is nothing ready: it gets the rows, and has a segment made
	w.sameParts(first)
	soon(t, "a segment was made", func() bool { return len(w.segmentFiles()) == 1 })
	if ranges, _ := f.asked(); len(ranges) > 0 {
		t.Errorf("a segment was asked for that nobody had promised: %v", ranges)
	}

	stranger, err := http.Get(w.url + wire.SegmentPath + "1?schema=1")
	if err != nil || stranger.StatusCode != http.StatusUnauthorized {
		t.Fatalf("a stranger is answered %+v, %v", stranger, err)
	}
	_ = stranger.Body.Close() // nothing is read of it

	t.Run("and what changed since", func(t *testing.T) {
		w.edit(parts[:50], "changed since")
		w.office("part.delete", func(tx aftersales.Tx) error { return tx.Delete("part", parts[77]) })
		w.catalogue(10)
		c := w.newcomer("second", f)
		sync(t, c)
		w.sameParts(c)
		if ranges, status := f.asked(); !slices.Equal(ranges, []string{""}) || !slices.Equal(status, []int{http.StatusOK}) {
			t.Errorf("asked %q, answered %v", ranges, status)
		}
		w.edit(parts[100:102], "while it is there")
		sync(t, c)
		w.sameParts(c)
	})

	t.Run("and goes on at the byte where it was cut, though the hub was restarted", func(t *testing.T) {
		c := w.newcomer("third", f)
		f.cutNext(10_000, func() {
			soon(t, "what was sent has arrived", func() bool { return arrived(t, c) == 10_000 })
			w.restart()
		})
		persist(t, c)
		w.sameParts(c)
		ranges, status := f.asked()
		if !slices.Equal(ranges, []string{"", "bytes=10000-"}) || !slices.Equal(status, []int{http.StatusOK, http.StatusPartialContent}) {
			t.Errorf("asked %q, answered %v", ranges, status)
		}
	})

	t.Run("and begins anew where another was made meanwhile", func(t *testing.T) {
		c := w.newcomer("fourth", f)
		before := w.segmentFiles()
		f.cutNext(10_000, func() {
			w.edit(parts[1000:1000+manyParts/5], "many at once")
			soon(t, "another segment was made", func() bool {
				w.core.Segments().Ready(t.Context(), 1, aftersales.Schema.Version)
				now := w.segmentFiles()
				return len(now) == 1 && now[0] != before[0]
			})
		})
		sync(t, c)
		w.sameParts(c)
		if _, status := f.asked(); !slices.Equal(status, []int{http.StatusOK, http.StatusOK}) {
			t.Errorf("answered %v", status)
		}
	})

	t.Run("but not where somebody was erased meanwhile", func(t *testing.T) {
		person := server.NewID()
		w.office("person.create", func(tx aftersales.Tx) error {
			_, err := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: person, Name: "Chen", Technician: true})
			return err
		})
		c := w.newcomer("fifth", f)
		named := func() bool {
			rows, err := c.Query(t.Context(), "SELECT 1 FROM person WHERE name = 'Chen'")
			if err != nil {
				t.Error(err)
				return false
			}
			defer func() { _ = rows.Close() }() // it was only read
			return rows.Next()
		}
		f.holdNext(func() { // the device has heard of it before the first byte comes
			if !named() {
				t.Error("the device does not know whom to erase")
			}
			err := w.core.Erase(t.Context(), record.ID{}, []record.Key{
				{Table: aftersales.Schema.Table("person").ID, ID: person}, {Table: aftersales.Schema.Table("part").ID, ID: parts[5]},
			})
			if err != nil {
				t.Error(err)
			}
			if left := w.segmentFiles(); len(left) > 0 {
				t.Errorf("a segment is left: %v", left)
			}
			soon(t, "the device has erased him", func() bool { return !named() })
		})
		f.cutNext(10_000, nil)
		sync(t, c)
		w.sameParts(c)
	})

	t.Run("nor from a hub that knows nothing of it", func(t *testing.T) {
		f.mu.Lock()
		f.bare = true
		f.mu.Unlock()
		c := w.newcomer("sixth", f)
		sync(t, c)
		w.sameParts(c)
	})
}
