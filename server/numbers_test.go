package server

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// numberOf returns the number of an audited slip.
func (k *kept) numberOf(slip record.ID) (n aftersales.DocumentNumber) {
	k.t.Helper()
	err := k.Hub.View(k.t.Context(), func(v hub.View) (err error) {
		n, err = aftersales.NumberOf(aftersales.Look(v), aftersales.SeriesAudit, slip)
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

func (k *kept) texts(query string) (all []string) {
	k.t.Helper()
	err := k.Store.Read(k.t.Context(), func(v *store.View) error {
		return v.Select(func(q *sqlrow.Rows) error { all = append(all, q.Text(0)); return nil }, query)
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return all
}

// A number that was given after the backup stands on a paper that went out. When the backup is put into the database's
// place it is given to nobody again: it is entered as lost, and the series goes on above it. One that was undone before
// its commit, and the next got, is entered once.
func TestARestoreGivesNoNumberAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, backup := filepath.Join(folder, "hub.db"), filepath.Join(t.TempDir(), "backup.db")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	k := newKept(t, path).founded()
	slips := []record.ID{k.signed(), k.signed(), k.signed()}
	must(k.audits(slips[0], false))
	_, err := k.Store.Backup(t.Context(), backup)
	must(err)
	must(k.audits(slips[1], false))
	must(k.audits(slips[2], false))
	undone := k.signed()
	if err := k.audits(undone, true); err == nil {
		t.Fatal("it was to fail")
	}
	var gone []string
	for _, slip := range slips[1:] {
		gone = append(gone, k.numberOf(slip).Number)
	}
	must(k.Core.Close(0))
	must(putBack(backup, path))

	for again := range 2 {
		k.Core = newKept(t, path).Core
		if k.Store.Epoch() != 1 {
			t.Fatalf("epoch %d", k.Store.Epoch())
		}
		lost := k.texts("SELECT number FROM number_claim WHERE lost_at IS NOT NULL ORDER BY position")
		if !slices.Equal(lost, gone) {
			t.Fatalf("start %d: lost are %v, not %v", again, lost, gone)
		}
		slip := k.signed()
		must(k.audits(slip, false))
		if n := k.numberOf(slip); n.Position != int64(4+again) || slices.Contains(gone, n.Number) {
			t.Fatalf("start %d: %+v", again, n)
		}
		must(k.Core.Close(0))
	}
}

// A restore may have lost any number of numbers: each is entered, in more than one change set if need be, and the hub starts.
func TestAnyNumberOfLostNumbersIsAccountedFor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	s, err := store.Open(t.Context(), store.Options{Path: path, Schema: aftersales.Schema, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	const lost = 3 * lostAtOnce
	noted := make([]store.Numbered, lost)
	for i := range noted {
		noted[i] = store.Numbered{Series: "slip", Branch: aftersales.NamedID("branch", "MAIN"), Position: int64(i + 1),
			About: record.Key{Table: aftersales.Schema.Table("slip").ID, ID: NewID()}, Number: fmt.Sprintf("S-%d", i+1)}
	}
	if err := errors.Join(s.NoteNumbers(noted), s.Close()); err != nil {
		t.Fatal(err)
	}
	k := newKept(t, path)
	if got := k.texts("SELECT number FROM number_claim WHERE lost_at IS NOT NULL"); len(got) != lost {
		t.Errorf("%d of %d are accounted for", len(got), lost)
	}
	if starts := k.texts("SELECT CAST(first AS TEXT) FROM number_start"); !slices.Equal(starts, []string{strconv.Itoa(lost + 1)}) {
		t.Errorf("the series goes on from %v", starts)
	}
	if err := k.Core.Close(0); err != nil {
		t.Fatal(err)
	}
}
