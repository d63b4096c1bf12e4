package server

import (
	"path/filepath"
	"slices"
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
