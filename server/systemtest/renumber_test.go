package systemtest

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// A phone numbers what it finds on site by itself, the hub audits what is signed by a series without gaps; then a backup from
// before is put back. The phone returns: its work lands under its own numbers, whether the hub had forgotten it, or never
// heard of it. No number is given twice, by phone or hub, and those that the hub forgot to have given are listed as lost.
func TestNumbersSurviveARestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, person := w.technician("li")
	w.pumpLeaks(person)
	sync(t, li)
	numbers := map[string]record.ID{} // on paper, and what has it
	audited := []record.ID{w.found(li, numbers)}
	sync(t, li)
	w.audit(audited[0], numbers)
	backup := filepath.Join(t.TempDir(), "backup.db")
	if _, err := w.core.Store.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	audited = append(audited, w.found(li, numbers), w.found(li, numbers))
	sync(t, li)
	var lost []string
	for _, slip := range audited[1:] { // the phone never hears of these
		lost = append(lost, w.audit(slip, numbers))
	}
	w.found(li, numbers) // nor the hub of this

	w = w.restored(backup)
	if got := w.texts("SELECT number FROM number_claim WHERE lost_at IS NOT NULL ORDER BY number"); !slices.Equal(got, lost) {
		t.Errorf("lost are %v, not %v", got, lost)
	}
	w.found(li, numbers) // he has not heard of the restore
	if err := li.Move(w.url); err != nil {
		t.Fatal(err)
	}
	sync(t, li)
	w.found(li, numbers) // and now he has
	sync(t, li)
	for _, slip := range audited[1:] {
		w.audit(slip, numbers)
	}
	w.hasNumbers(numbers, lost)
	if status, err := li.Status(t.Context()); err != nil || status.Pending != 0 || status.Refused != 0 {
		t.Errorf("the phone stands badly: %+v, %v", status, err)
	}
}

// restored puts the backup into the place of the hub's database, and starts the hub again elsewhere.
func (w *world) restored(backup string) *world {
	w.t.Helper()
	text, err := os.ReadFile(backup)
	err = errors.Join(err, w.core.Close(time.Millisecond))
	for _, beside := range []string{"-wal", "-shm"} {
		if e := os.Remove(w.path + beside); !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if err = errors.Join(err, os.WriteFile(w.path, text, 0o600)); err != nil {
		w.t.Fatal(err)
	}
	again := newWorldOn(w.t, w.path, "")
	if again.core.Store.Epoch() == w.core.Store.Epoch() {
		w.t.Fatal("no new epoch began")
	}
	return again
}

// found lets the technician find a job on site, and do it: he returns its signed slip. The numbers are entered.
func (w *world) found(c *client.Client, numbers map[string]record.ID) (slip record.ID) {
	w.t.Helper()
	job := server.NewID()
	update(w.t, c, aftersales.CauseJobCreate, func(tx aftersales.Tx) error {
		_, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: job, Title: "belt torn", Origin: aftersales.OriginFound})
		return err
	})
	repair(w.t, c, job)
	update(w.t, c, "slip.sign", func(tx aftersales.Tx) (err error) {
		if slip, err = aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job, Summary: "replaced"}); err != nil {
			return err
		}
		return aftersales.SignSlip(tx, aftersales.SignInput{Slip: slip, SignedBy: "Chen"})
	})
	w.enter(numbers, w.jobOn(c, job).Number, job)
	return slip
}

// audit lets the office audit the slip, and returns the number that stands on paper, which is entered.
func (w *world) audit(slip record.ID, numbers map[string]record.ID) (number string) {
	w.t.Helper()
	w.office(aftersales.CauseSlipAudit, func(tx aftersales.Tx) error {
		if err := aftersales.AuditSlip(tx, slip, ""); err != nil {
			return err
		}
		n, err := aftersales.NumberOf(tx, aftersales.SeriesAudit, slip)
		number = n.Number
		return err
	})
	w.enter(numbers, number, slip)
	return number
}

// enter notes what has the number; nothing else may have it.
func (w *world) enter(numbers map[string]record.ID, number string, is record.ID) {
	w.t.Helper()
	if other, given := numbers[number]; given || number == "" {
		w.t.Fatalf("%q is given to %s and to %s", number, other, is)
	}
	numbers[number] = is
}

// hasNumbers checks that the hub has each job and slip under its number, but for those that it has lost.
func (w *world) hasNumbers(numbers map[string]record.ID, lost []string) {
	w.t.Helper()
	have := map[string]string{}
	for _, query := range []string{
		"SELECT number || ' ' || lower(hex(id)) FROM job WHERE _del = 0", "SELECT number || ' ' || lower(hex(about)) FROM document_number WHERE _del = 0",
	} {
		for _, text := range w.texts(query) {
			number, id := text[:len(text)-33], text[len(text)-32:]
			if other, twice := have[number]; twice {
				w.t.Errorf("%s has the number %s, and so has %s", other, number, id)
			}
			have[number] = id
		}
	}
	for number, id := range numbers {
		if want := !slices.Contains(lost, number); (have[number] == hex.EncodeToString(id[:])) != want {
			w.t.Errorf("the number %s of %s: the hub has it on %q", number, id, have[number])
		}
	}
}

// texts returns what a query of the hub's database for one column gives.
func (w *world) texts(query string) (all []string) {
	w.t.Helper()
	err := w.core.Store.Read(w.t.Context(), func(v *store.View) error {
		return v.Select(func(q *sqlrow.Rows) error { all = append(all, q.Text(0)); return q.Err() }, query)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}
