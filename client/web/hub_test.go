package web

import (
	"errors"
	"log/slog"

	"fieldsync/client"
	"fieldsync/client/replica"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/wire"
)

// beneath opens the phone again after do has written to its database what a hub would have had written there.
func (h *thumb) beneath(do func(*replica.Tx) error) {
	h.t.Helper()
	err := errors.Join(h.app.Close(), h.c.Close())
	r, opened := replica.Open(h.t.Context(), replica.Options{Path: h.c.Path, Schema: aftersales.Schema})
	if err = errors.Join(err, opened); err == nil {
		err = errors.Join(r.Write(h.t.Context(), do), r.Close())
	}
	if err == nil {
		h.c, err = client.Open(h.t.Context(), client.Options{Path: h.c.Path, Log: slog.New(slog.NewTextHandler(h.t.Output(), nil))})
	}
	if err == nil {
		h.app, err = New(h.c, Options{Zone: morning()})
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = errors.Join(h.app.Close(), h.c.Close()) })
}

// fetched opens the phone again as one on which everything has come.
func (h *thumb) fetched() {
	h.t.Helper()
	h.beneath(func(tx *replica.Tx) error {
		id, err := tx.Identity()
		if err != nil {
			return err
		}
		for class := range id.Cursors {
			id.Cursors[class] = 1
		}
		return tx.PutIdentity(id)
	})
}

// lastRefused opens the phone again after the hub has refused what was written last.
func (h *thumb) lastRefused() {
	h.t.Helper()
	h.beneath(func(tx *replica.Tx) error {
		items, err := device.Unsent(tx, 0, 1000)
		if err != nil {
			return err
		}
		r, err := device.Open(tx, aftersales.Schema)
		if err != nil {
			return err
		}
		last := items[len(items)-1]
		_, err = r.TakeVerdicts(&wire.Verdicts{Actor: last.Change.Dot.Actor, At: 1, Verdicts: []wire.Verdict{{
			Counter: last.Change.Dot.Counter, Count: 1, Hash: wire.RunHash(last.Hash), Outcome: wire.Quarantined, Seq: 1,
			Code: fault.NotAllowed, Message: "you may not write this",
		}}})
		return err
	})
}
