package server

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// An erasure that was cut off, or that failed while its hub went on, is finished at the next start, whatever was erased
// before or after it.
func TestAnErasureThatWasCutOffIsFinishedAtTheNextStart(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]bool{"the process dies": true, "it fails, and another succeeds": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			finishesErasing(t, last)
		})
	}
}

func finishesErasing(t *testing.T, last bool) {
	options := CoreOptions{
		Path: filepath.Join(t.TempDir(), "hub.db"), Schema: aftersales.Schema, Rules: Rules(), Log: slog.New(slog.DiscardHandler),
	}
	ctx, party, contacts := t.Context(), NewID(), [2]record.ID{NewID(), NewID()}
	open := func() *Core {
		t.Helper()
		core, err := OpenCore(ctx, options)
		if err != nil {
			t.Fatal(err)
		}
		return core
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	core := open()
	_, err := core.Hub.Do(ctx, record.ID{}, nil, "contact.create", func(o *hub.Office) error {
		tx := Bind(o, record.ID{})
		if _, err := aftersales.CreateParty(tx, aftersales.PartyInput{ID: party, Name: "Works"}); err != nil {
			return err
		}
		for _, id := range contacts {
			if _, err := aftersales.CreateContact(tx, aftersales.ContactInput{ID: id, Party: party, Name: "Wang", Phone: "+886212345678"}); err != nil {
				return err
			}
		}
		return nil
	})
	must(err)
	key := func(i int) []record.Key {
		return []record.Key{{Table: aftersales.Schema.Table("contact").ID, ID: contacts[i]}}
	}
	if last {
		must(core.Erase(ctx, record.ID{}, key(0)))
	}
	_, err = core.Store.NoteErasure(key(1)) // as Erase begins; then it ends
	must(err)
	if !last {
		must(core.Erase(ctx, record.ID{}, key(0)))
	}
	must(core.index(ctx))
	if hits, err := core.Search(ctx, "212345678", sqlrow.SearchOptions{}); err != nil || len(hits) != 1 || hits[0].ID != contacts[1] {
		t.Errorf("a search finds %v, %v, want the contact that is not erased yet", hits, err)
	}
	must(core.Close(0))

	core = open()
	defer func() { must(core.Close(0)) }()
	if hits, err := core.Search(ctx, "wang", sqlrow.SearchOptions{Tables: []string{"contact"}}); err != nil || len(hits) > 0 {
		t.Errorf("a search still finds %v, %v", hits, err)
	}
	must(core.Store.Read(ctx, func(v *store.View) error {
		for i := range contacts {
			row, err := v.Row(key(i)[0])
			if err != nil {
				return err
			}
			if phone := row.Get("phone"); !phone.IsNull() {
				t.Errorf("contact %d still has the number %s", i, phone.Text())
			}
		}
		return nil
	}))
	if _, erasures, err := core.Store.Repeated(); err != nil || !erasures {
		t.Errorf("it is done at every start: %v", err)
	}
}

// What is erased is in none of the hub's files: not in the rows, the change sets, the index of words, nor in pages that
// were freed or in the log.
func TestErasedValuesAreInNoFileOfTheHub(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	ctx, contact := t.Context(), NewID()
	core, err := OpenCore(ctx, CoreOptions{Path: path, Schema: aftersales.Schema, Rules: Rules(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := core.Close(0); err != nil {
			t.Error(err)
		}
	}()
	names := []string{"Wilhelmina Quackenbush", strings.Repeat("Zebedee Featherstonehaugh ", 3)}
	for i, name := range names {
		_, err := core.Hub.Do(ctx, record.ID{}, nil, "contact", func(o *hub.Office) error {
			tx := Bind(o, record.ID{})
			if i > 0 {
				return tx.Update("contact", contact, record.Values{"name": record.Text(name)})
			}
			party := NewID()
			if _, err := aftersales.CreateParty(tx, aftersales.PartyInput{ID: party, Name: "Works"}); err != nil {
				return err
			}
			_, err := aftersales.CreateContact(tx, aftersales.ContactInput{ID: contact, Party: party, Name: name})
			return err
		})
		if err == nil {
			err = core.index(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if found := filesWith(t, path, "uackenbush", "eatherstonehaugh"); len(found) == 0 {
		t.Fatal("the search finds nothing before either")
	}
	if err := core.Erase(ctx, record.ID{}, []record.Key{{Table: aftersales.Schema.Table("contact").ID, ID: contact}}); err != nil {
		t.Fatal(err)
	}
	if found := filesWith(t, path, "uackenbush", "eatherstonehaugh"); len(found) > 0 {
		t.Errorf("it is still in %v", found)
	}
	report, err := core.Store.Verify(ctx)
	if err != nil || !report.OK() || report.Audit != 1 {
		t.Errorf("the chain over what was changed does not verify any more: %+v, %v", report, err)
	}
}

// filesWith returns the names of the database's files that have one of the texts, in whatever case.
func filesWith(t *testing.T, path string, texts ...string) (found []string) {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if bytes.Contains(bytes.ToLower(content), []byte(text)) {
				found = append(found, filepath.Base(file)+": "+text)
			}
		}
	}
	return found
}
