package server

import (
	"log/slog"
	"path/filepath"
	"testing"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

func TestAnErasureThatWasCutOffIsFinishedAtTheNextStart(t *testing.T) {
	t.Parallel()
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
	must(core.Erase(ctx, record.ID{}, key(0)))
	must(core.noteErased(ctx, "")) // as Erase begins; then the process dies
	must(core.Store.NoteErasure(key(1)))
	must(core.Close(0))

	core = open()
	defer func() { must(core.Close(0)) }()
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
}
