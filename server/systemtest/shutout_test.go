package systemtest

import (
	"testing"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// A stolen phone hands its work over, apart from everybody else's, and its user is told that it was shut out: at once, not
// after waiting for an answer that nobody gives, and the next time too.
func TestAPhoneThatWasShutOutHearsSoOnceItHasDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, person := w.technician("li")
	job := w.pumpLeaks(person)
	sync(t, li)
	for _, said := range []string{"one", "two"} {
		note := func(tx aftersales.Tx) error { _, err := aftersales.AddNote(tx, job, said); return err }
		if err := li.Update(t.Context(), "job.comment", note); err != nil {
			t.Fatal(err)
		}
	}
	w.office("row.edit", func(tx aftersales.Tx) error {
		return aftersales.PlanJob(tx, aftersales.PlanInput{Job: job, Start: 1_900_000_000_000, End: 1_900_003_600_000})
	})
	w.setStanding(person, auth.HardRevoked)
	for range 2 {
		if err := li.SyncOnce(t.Context()); fault.CodeOf(err) != fault.Revoked {
			t.Errorf("it hears: %v", err)
		}
		status, err := li.Status(t.Context())
		if err != nil || status.Pending != 0 || status.Refused != 2 {
			t.Errorf("it has %+v, %v", status, err)
		}
	}
	if planned := w.jobOn(li, job).PlanStart; planned != 0 {
		t.Error("it was sent what the office planned")
	}
	w.setStanding(person, auth.Admitted)
	sync(t, li)
	if planned := w.jobOn(li, job).PlanStart; planned == 0 {
		t.Error("let in again, it is not sent what the office planned")
	}
}

// setStanding changes the standing of the person's devices.
func (w *world) setStanding(person record.ID, to auth.Standing) {
	w.t.Helper()
	var devices []store.Device
	err := w.core.Store.Read(w.t.Context(), func(v *store.View) (err error) { devices, err = v.Devices(); return err })
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range devices {
		if devices[i].Person != person {
			continue
		}
		if err := w.core.Devices.SetStanding(w.t.Context(), devices[i].ID, to); err != nil {
			w.t.Fatal(err)
		}
	}
}
