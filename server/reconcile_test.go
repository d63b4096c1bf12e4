package server

import (
	"path/filepath"
	"testing"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Only what was touched is looked at again: a shortage that the last commits made is found, and one that they mended
// settles itself.
func TestWhatWasJustTouchedIsLookedAt(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	van, store, part := record.ID{21}, record.ID{22}, record.ID{23}
	k.do(func(tx aftersales.Tx) error {
		for id, name := range map[record.ID]string{van: "Van", store: "Store"} {
			if _, err := aftersales.CreateLocation(tx, aftersales.LocationInput{ID: id, Name: name}); err != nil {
				return err
			}
		}
		_, err := aftersales.CreatePart(tx, aftersales.PartInput{ID: part, Code: "SEAL"})
		return err
	})
	seen, err := k.ReconcileSince(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, move := range []aftersales.MoveInput{{From: van, To: store}, {From: store, To: van}} {
		move.Part, move.Quantity = part, aftersales.Quantity{Amount: aftersales.One}
		k.do(func(tx aftersales.Tx) error { _, err := aftersales.TransferPart(tx, move); return err })
		for range 2 {
			if seen, err = k.ReconcileSince(t.Context(), seen); err != nil {
				t.Fatal(err)
			}
		}
		k.do(func(tx aftersales.Tx) error {
			row, err := tx.Row("discrepancy", aftersales.DiscrepancyID(aftersales.DiscrepancyShortage, van, part))
			if open := aftersales.DiscrepancyOf(row).Open(); open != (move.From == van) {
				t.Errorf("after a move from %v the shortage is open: %v", move.From, open)
			}
			return err
		})
	}
}

// Of a job that is done somebody looks, after the commit that charged it, whether its customer agreed to that much.
func TestWhatNobodyAgreedToIsFound(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	var job record.ID
	k.do(func(tx aftersales.Tx) (err error) {
		limits := aftersales.ConsentPolicy{Limits: map[string]int64{"EUR": 300_00}, Unreachable: aftersales.UnreachableProceed}
		if _, err = aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: aftersales.PolicyConsent, Body: limits}); err != nil {
			return err
		}
		if job, err = aftersales.CreateJob(tx, aftersales.JobInput{Title: "It stands"}); err != nil {
			return err
		}
		line := aftersales.ChargeLine{Kind: aftersales.ChargeTravel, Quantity: aftersales.Quantity{Amount: aftersales.One}, Price: aftersales.Money{Minor: 400_00, Currency: "EUR"}}
		if _, err = aftersales.AddCharge(tx, aftersales.ChargeInput{Job: job, ChargeLine: line}); err != nil {
			return err
		}
		return tx.Update("job", job, record.Values{"state": record.Text(aftersales.JobDone), "finished_at": record.Instant(tx.Now())})
	})
	if _, err := k.ReconcileSince(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	k.do(func(tx aftersales.Tx) error {
		row, err := tx.Row("discrepancy", aftersales.DiscrepancyID(aftersales.DiscrepancyUnapproved, job))
		if !aftersales.DiscrepancyOf(row).Open() {
			t.Error("nobody agreed to it, and nobody is asked")
		}
		return err
	})
}

// What went out of a van and never came in is found, and settles itself when it comes; a job that was done is learned
// from once.
func TestTheHubFindsWhatDoesNotFitTogether(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	van, store, part := record.ID{21}, record.ID{22}, record.ID{23}
	move := aftersales.MoveInput{Part: part, Quantity: aftersales.Quantity{Amount: aftersales.One}, From: van, To: store}
	k.do(func(tx aftersales.Tx) error {
		for id, name := range map[record.ID]string{van: "Van", store: "Store"} {
			if _, err := aftersales.CreateLocation(tx, aftersales.LocationInput{ID: id, Name: name}); err != nil {
				return err
			}
		}
		if _, err := aftersales.CreatePart(tx, aftersales.PartInput{ID: part, Code: "SEAL"}); err != nil {
			return err
		}
		_, err := aftersales.TransferPart(tx, move)
		return err
	})
	short := func() (open bool) {
		for range 2 {
			if err := k.Reconcile(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		k.do(func(tx aftersales.Tx) error {
			row, err := tx.Row("discrepancy", aftersales.DiscrepancyID(aftersales.DiscrepancyShortage, van, part))
			open = aftersales.DiscrepancyOf(row).Open()
			return err
		})
		return open
	}
	if !short() {
		t.Fatal("less than nothing lies in the van, and nobody is told")
	}
	move.From, move.To = store, van
	k.do(func(tx aftersales.Tx) error { _, err := aftersales.TransferPart(tx, move); return err })
	if short() {
		t.Fatal("it came, and is still reported")
	}
}
