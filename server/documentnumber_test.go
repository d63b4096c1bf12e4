package server

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

var errChangedHisMind = errors.New("changed his mind")

// signed makes a slip that waits for its audit.
func (k *kept) signed() (slip record.ID) {
	k.t.Helper()
	k.do(func(tx aftersales.Tx) error {
		job, err := aftersales.CreateJob(tx, aftersales.JobInput{Branch: k.branch, Title: "pump leaks"})
		if err != nil {
			return err
		}
		if slip, err = aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job, Summary: "mended"}); err != nil {
			return err
		}
		return aftersales.SignSlip(tx, aftersales.SignInput{Slip: slip, SignedBy: "Chen"})
	})
	return slip
}

// audits runs the audit in a transaction of its own, and takes all of it back if it is to fail behind it.
func (k *kept) audits(slip record.ID, fails bool) error {
	_, err := k.Hub.Do(k.t.Context(), record.ID{}, nil, aftersales.CauseSlipAudit, func(o *hub.Office) error {
		err := aftersales.AuditSlip(Bind(o, record.ID{}), slip, "")
		if err == nil && fails {
			return errChangedHisMind
		}
		return err
	})
	return err
}

// Many audit at once, and every other one is undone at its very end: the numbers have no gap for it.
func TestAnAuditThatIsUndoneTakesNoNumber(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	slips := make([]record.ID, 16)
	for i := range slips {
		slips[i] = k.signed()
	}
	var wait sync.WaitGroup
	for i, slip := range slips {
		wait.Go(func() {
			fails := i%2 > 0
			if err := k.audits(slip, fails); errors.Is(err, errChangedHisMind) != fails || err != nil && !fails {
				t.Errorf("audit %d: %v", i, err)
			}
		})
	}
	wait.Wait()
	var got, want []int64
	err := k.Hub.View(t.Context(), func(v hub.View) error {
		for i, slip := range slips {
			n, err := aftersales.NumberOf(aftersales.Look(v), aftersales.SeriesAudit, slip)
			if err != nil {
				return err
			}
			if n.Position > 0 {
				got, want = append(got, n.Position), append(want, int64(i/2+1))
			}
		}
		return nil
	})
	if slices.Sort(got); err != nil || len(got) != len(slips)/2 || !slices.Equal(got, want) {
		t.Fatalf("the numbers are %v, %v", got, err)
	}
}
