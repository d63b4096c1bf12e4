package systemtest

import (
	"errors"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// What a part costs is on the phone of who may read it, and on no other; the part is on both. It comes when the right is
// given and goes when it is taken, while the part stays.
func TestCostsAreOnThePhoneOfWhoMayReadThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, person := w.technician("li")
	wang, other := w.technician("wang")
	w.pumpLeaks(person)
	branch, part := record.ID{}, server.NewID()
	day := time.Now().Unix() / 86400
	w.office("costs", func(tx aftersales.Tx) error {
		row, err := tx.Row("person", person)
		if err != nil {
			return err
		}
		branch = row.Get("branch").Ref()
		if _, err := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: other, Branch: branch, Name: "Wang", Technician: true}); err != nil {
			return err
		}
		if _, err := aftersales.CreatePart(tx, aftersales.PartInput{ID: part, Code: "SEAL-12"}); err != nil {
			return err
		}
		if _, err := aftersales.SetPartCost(tx, branch, part, aftersales.Money{Minor: 480, Currency: "CNY"}, day-1); err != nil {
			return err
		}
		return aftersales.LetSeeCosts(tx, person, branch, true)
	})
	shows := func(c *client.Client, want int64) {
		t.Helper()
		sync(t, c)
		err := c.View(t.Context(), func(tx client.Tx) error {
			cost, known, err := aftersales.CostOfPart(tx, branch, part, day)
			if known != (want > 0) || cost.Minor != want {
				t.Errorf("the part costs %v (%v), want %d", cost, known, want)
			}
			if row, err := tx.Row("part", part); err != nil || row == nil {
				t.Error("the part is not there", err)
			}
			return err
		})
		rows, err2 := c.Query(t.Context(), "SELECT 1 FROM part_cost")
		if err = errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if any := rows.Next(); any != (want > 0) {
			t.Error("what of costs stands in its database is not what it may have")
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	shows(li, 480)
	shows(wang, 0)

	w.office("cost", func(tx aftersales.Tx) error {
		_, err := aftersales.SetPartCost(tx, branch, part, aftersales.Money{Minor: 520, Currency: "CNY"}, day)
		return err
	})
	shows(li, 520)
	shows(wang, 0)

	w.office("right", func(tx aftersales.Tx) error {
		if err := aftersales.LetSeeCosts(tx, other, branch, true); err != nil {
			return err
		}
		return aftersales.LetSeeCosts(tx, person, branch, false)
	})
	shows(li, 0)
	shows(wang, 520)

	// Nobody sets a cost, or gives himself the right, from a phone: it comes back refused.
	err := wang.Update(t.Context(), "cost", func(tx client.Tx) error {
		_, err := aftersales.SetPartCost(tx, branch, part, aftersales.Money{Minor: 1, Currency: "CNY"}, day)
		return err
	})
	if err == nil {
		err = li.Update(t.Context(), "right", func(tx client.Tx) error { return aftersales.LetSeeCosts(tx, person, branch, true) })
	}
	if err != nil {
		t.Fatal(err)
	}
	sync(t, wang)
	shows(wang, 520)
	shows(li, 0)
	for _, c := range []*client.Client{li, wang} {
		refused, err := c.Outbox(t.Context(), device.Refused)
		if err != nil || len(refused) != 1 || refused[0].Code != fault.NotAllowed {
			t.Errorf("refused: %+v, %v", refused, err)
		}
	}
}
