package store

import (
	"slices"
	"testing"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

func TestStoreKeepsTheContractOfTheHub(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, where somewhere) {
		simtest.TestHubStore(t, func(t *testing.T, s *schema.Schema) simtest.HubStore {
			a := &adapter{t: t, options: where(t, s)}
			a.store = open(t, a.options)
			return a
		})
	})
}

// adapter is the store as the conformance suite drives it.
type adapter struct {
	t       *testing.T
	options Options
	store   *Store
}

func (a *adapter) Write(do func(judge.Store) error) error {
	return a.store.Write(a.t.Context(), func(tx *Tx) error { return do(tx) })
}

func (a *adapter) Read(do func(judge.Reader) error) error {
	return a.store.Read(a.t.Context(), func(v *View) error { return do(v) })
}

func (a *adapter) Reopen() error {
	if err := a.store.Close(); err != nil {
		return err
	}
	a.store = open(a.t, a.options)
	return nil
}

func (a *adapter) Conflicts(row record.Key) (list []judge.Conflict, err error) {
	err = a.store.Read(a.t.Context(), func(v *View) error {
		records, err := v.ConflictsOf(row)
		for _, c := range records {
			list = append(list, c.Conflict)
		}
		return err
	})
	slices.SortStableFunc(list, func(a, b judge.Conflict) int {
		if c := a.Cell.Compare(b.Cell); c != 0 {
			return c
		}
		return int(flag(b.Open) - flag(a.Open))
	})
	return list, err
}
