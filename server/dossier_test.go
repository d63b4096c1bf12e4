package server

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A table that says something personal is found from whom it is about, so that no column can be forgotten.
func TestEveryPersonalColumnIsFoundFromWhomItIsAbout(t *testing.T) {
	t.Parallel()
	for _, table := range aftersales.Schema.Tables {
		personal := slices.ContainsFunc(table.Columns, func(c schema.Column) bool { return c.Has(schema.Personal) })
		if personal && aboutHim[table.Name] == "" && table.Name != "person" {
			t.Errorf("nothing leads from anybody to what %s says of him", table.Name)
		}
		if personal && besidesHim[table.Name] != "" {
			t.Errorf("an erasure leaves %s, which says something personal", table.Name)
		}
	}
}

// Who is somebody is all that a column names by which an erasure finds what is said of him; what is about anything else is found
// without going through a table.
func TestAnErasureLooksOnlyWhereSomethingMayBeSaid(t *testing.T) {
	t.Parallel()
	for table, query := range aboutHim {
		for _, c := range aftersales.Schema.Table(table).Columns {
			if c.Kind == schema.Ref && strings.Contains(query, c.Name+" = ?1") && !slices.Contains(somebody, c.Ref) {
				t.Errorf("%s is found by %s, and no row of %s is somebody", table, c.Name, c.Ref)
			}
			if c.Kind == schema.AnyRef && strings.Contains(query, c.Name+" = ?1") && aboutAnything[table] == "" {
				t.Errorf("%s is found of people alone, and %s may name anything", table, c.Name)
			}
		}
	}
	w := newTown(t)
	for table, query := range aboutAnything {
		rows, err := w.core.Store.Query(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]byte, 16))
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil || strings.HasPrefix(detail, "SCAN") {
				t.Errorf("%s: %s, %v", table, detail, err)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Error(err)
		}
	}
}

// town is a hub with one customer, and a technician who was there.
type town struct {
	t    *testing.T
	path string
	core *Core
	ids  map[string]record.ID
}

func newTown(t *testing.T) *town {
	path := filepath.Join(t.TempDir(), "hub.db")
	core, err := OpenCore(t.Context(), CoreOptions{Path: path, Schema: aftersales.Schema, Rules: Rules(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = core.Close(0) })
	return &town{t, path, core, map[string]record.ID{}}
}

func (w *town) key(table string) record.Key {
	return record.Key{Table: aftersales.Schema.Table(table).ID, ID: w.ids[table]}
}

func (w *town) ref(table string) record.Value { return record.Ref(w.ids[table]) }

// has writes the one row that the test has of a table.
func (w *town) has(table string, values record.Values) {
	w.t.Helper()
	w.ids[table] = NewID()
	_, err := w.core.Hub.Do(w.t.Context(), record.ID{}, nil, "test", func(o *hub.Office) error {
		return Bind(o, record.ID{}).Insert(table, w.ids[table], values)
	})
	if err != nil {
		w.t.Fatalf("%s: %v", table, err)
	}
}

// populated tells of the customer, his contact and the technician in every way that a visit does.
func (w *town) populated() {
	text, now, money := record.Text, record.Number(5), record.Money(5, "EUR")
	w.has("party", record.Values{"kind": text("person"), "name": text("Quackenbush A"), "phone": text("+886911111111"), "tax_number": text("Quackenbush tax"), "note": text("Quackenbush note")})
	w.has("contact", record.Values{"party": w.ref("party"), "name": text("Quackenbush B"), "note": text("Quackenbush note 2")})
	w.has("site", record.Values{"party": w.ref("party"), "name": text("Quackenbush C")})
	w.has("person", record.Values{"name": text("Featherstone P"), "phone": text("+886922222222")})
	w.has("job", record.Values{"party": w.ref("party"), "contact": w.ref("contact"), "site": w.ref("site"), "number": text("J-1"), "title": text("pump"), "state": text("done")})
	w.has("visit", record.Values{"job": w.ref("job"), "person": w.ref("person"), "state": text("completed"), "latitude": record.Number(1), "longitude": record.Number(2)})
	w.has("slip", record.Values{"job": w.ref("job"), "visit": w.ref("visit"), "person": w.ref("person"), "number": text("S-1"), "state": text("signed"), "signed_by": text("Quackenbush D"), "consent_by": text("Quackenbush E")})
	w.has("consent", record.Values{"job": w.ref("job"), "amount": money, "shown": text("5"), "signed_by": text("Quackenbush F"), "occurred": now, "corrected": now})
	w.has("payment", record.Values{"job": w.ref("job"), "method": text("cash"), "amount": money, "receipt_number": text("R1"), "payer": text("Quackenbush G"), "occurred": now, "corrected": now})
	w.has("call", record.Values{"direction": text("in"), "phone": text("+886911111111"), "caller": text("Quackenbush H"), "occurred": now, "corrected": now})
	w.has("goods_receipt", record.Values{"job": w.ref("job"), "number": text("G1"), "state": text("taken"), "items": text("pump"), "given_by": text("Quackenbush I")})
	err := w.core.Store.Write(w.t.Context(), func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: w.ids["person"], Login: "featherstone", Name: "Featherstone P"})
	})
	if err == nil {
		err = w.core.index(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestNothingThatNamesHimIsLeftAfterAnErasure(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.populated()
	erase := func(table string) {
		t.Helper()
		if err := w.core.Erase(t.Context(), record.ID{}, []record.Key{w.key(table)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(filesWith(t, w.path, "quackenbush", "+886911111111")) == 0 || len(filesWith(t, w.path, "featherstone")) == 0 {
		t.Fatal("nobody stands there to be erased")
	}
	erase("party")
	if left := filesWith(t, w.path, "quackenbush", "+886911111111", "quackenbush tax"); len(left) > 0 {
		t.Errorf("the customer still stands in %v", left)
	}
	if len(filesWith(t, w.path, "featherstone")) == 0 {
		t.Error("his technician was erased with him")
	}
	erase("person")
	if left := filesWith(t, w.path, "featherstone", "+886922222222"); len(left) > 0 {
		t.Errorf("the technician still stands in %v", left)
	}
	if report, err := w.core.Store.Verify(t.Context()); err != nil || len(report.Problems) > 0 {
		t.Errorf("the chain no longer holds: %v %v", report, err)
	}
}
