package systemtest

import (
	"context"
	"fmt"
	"net/http"
	gosync "sync"
	"testing"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// readyWorld is one with few parts and products, for each of which there is a segment, and a front before it.
func readyWorld(t *testing.T) (w *world, f *front, parts []record.ID) {
	w = newWorld(t)
	w.segmentRows = 100
	w.restart()
	parts = w.catalogue(w.segmentRows)
	w.office("product.import", func(tx aftersales.Tx) error {
		for i := range w.segmentRows {
			err := tx.Insert("product", server.NewID(), record.Values{"code": record.Text(fmt.Sprintf("M-%03d", i))})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, class := range []schema.Class{schema.ClassStock, schema.ClassLibrary} {
		soon(t, "a segment was made", func() bool { return w.core.Segments().Ready(t.Context(), class, aftersales.Schema.Version) })
	}
	return w, newFront(t, w), parts
}

// has fails unless the device has all parts and products.
func (w *world) has(c *client.Client) {
	w.t.Helper()
	w.sameParts(c)
	rows, err := c.Query(w.t.Context(), "SELECT 1 FROM product")
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // it was only read
	n := 0
	for rows.Next() {
		n++
	}
	if n != w.segmentRows {
		w.t.Errorf("the device has %d products", n)
	}
}

func TestEachClassIsTakenReady(t *testing.T) {
	t.Parallel()
	w, f, _ := readyWorld(t)
	c := w.newcomer("first", f)
	sync(t, c)
	w.has(c)
	if asked, _ := f.asked(); len(asked) != 2 {
		t.Errorf("%d segments were fetched", len(asked))
	}
}

// What stands between phone and hub may let the one through and not the other: then the rows come one by one, and at once.
func TestWhatIsReadyAndCannotBeFetchedComesRowByRow(t *testing.T) {
	t.Parallel()
	w, f, _ := readyWorld(t)
	for name, fails := range map[string]func(http.ResponseWriter){
		"cut":     func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"401":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) },
		"403":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"503":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
		"another": func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>sign in to the network</html>")) },
	} {
		f.mu.Lock()
		f.fails = fails
		f.mu.Unlock()
		c := w.newcomer(name, f)
		if err := c.SyncOnce(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w.has(c)
	}
}

func TestWhoIsErasedTakesTheSegmentsAlongInWhichHeMayStand(t *testing.T) {
	t.Parallel()
	w, _, parts := readyWorld(t)
	technician, _ := w.technician("Chen")
	person, err := technician.Person(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows := func(table string, id record.ID) []record.Key {
		return []record.Key{{Table: aftersales.Schema.Table(table).ID, ID: id}}
	}
	if err := w.core.Erase(t.Context(), record.ID{}, rows("person", person)); err != nil || len(w.segmentFiles()) != 2 {
		t.Fatalf("%v, left are %v", err, w.segmentFiles())
	}
	if err := w.core.Hub.Erase(t.Context(), record.ID{}, rows("part", parts[0])); err != nil || len(w.segmentFiles()) != 2 { // as another node does
		t.Fatalf("%v, left are %v", err, w.segmentFiles())
	}
	ctx, end := context.WithCancel(t.Context())
	var house gosync.WaitGroup
	house.Go(func() { w.core.KeepFolder(ctx) })
	soon(t, "what is of no use was removed", func() bool { return len(w.segmentFiles()) == 1 })
	end()
	house.Wait()
	if !w.core.Segments().Ready(t.Context(), schema.ClassLibrary, aftersales.Schema.Version) {
		t.Error("the other one has gone too")
	}
}
