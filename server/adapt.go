package server

import (
	"context"

	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/record"
)

// The parts know one another only by the few methods they need; here the store is given the shape that each asks for.

// hubStore is the store as the hub sees it.
type hubStore struct{ *store.Store }

func (s hubStore) Write(ctx context.Context, do func(hub.Tx) error) error {
	return s.Store.Write(ctx, func(tx *store.Tx) error { return do(hubTx{tx}) })
}

func (s hubStore) WriteInLine(ctx context.Context, do func(hub.Tx) error) error {
	return s.Store.WriteInLine(ctx, func(tx *store.Tx) error { return do(hubTx{tx}) })
}

func (s hubStore) Read(ctx context.Context, do func(hub.View) error) error {
	return s.Store.Read(ctx, func(v *store.View) error { return do(hubView{v}) })
}

type hubView struct{ *store.View }

func (v hubView) Standing(device record.ID) (auth.Standing, error) {
	d, err := v.Device(device)
	if d == nil {
		return 0, err
	}
	return standingOf(d), err
}

// followAtOnce bounds how many commits of other processes are told of at a time; the rest is a second later.
const followAtOnce = 1000

func (v hubView) CommitsSince(seq uint64) ([]hub.Commit, error) {
	stored, err := v.Commits(seq, followAtOnce)
	commits := make([]hub.Commit, len(stored))
	for i, c := range stored {
		commits[i] = hub.Commit{Head: c.Seq, Touched: c.Buckets}
	}
	return commits, err
}

func (v hubView) SocketsSince(n uint64) ([]hub.Socket, error) {
	stored, err := v.View.SocketsSince(n)
	sockets := make([]hub.Socket, len(stored))
	for i, s := range stored {
		sockets[i] = hub.Socket(s)
	}
	return sockets, err
}

type hubTx struct{ *store.Tx }

func (tx hubTx) Touch(device record.ID, c hub.Contact) error {
	return tx.Tx.Touch(device, store.Report{
		App: c.App, Schema: c.Schema, LastSeen: c.Seen, Pending: c.Pending, OldestPending: c.Oldest,
		ClockOffset: c.Offset.Milliseconds(), Actor: c.Actor,
	})
}
