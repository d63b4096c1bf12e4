package server

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Core is what devices need of a hub: the store, and the hub that syncs it. It serves any schema.
type Core struct {
	Store   *store.Store
	Hub     *hub.Hub
	Devices *auth.Devices

	devices deviceStore
	now     func() time.Time
}

// CoreOptions say which store a core opens, and how it judges.
type CoreOptions struct {
	Path   string         // of the SQLite database
	Schema *schema.Schema //
	Rules  judge.Rules    // may be nil
	Log    *slog.Logger
	Now    func() time.Time // nil is time.Now
}

// OpenCore opens the store and starts the hub on it.
func OpenCore(ctx context.Context, o CoreOptions) (*Core, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s, err := store.Open(ctx, store.Options{Path: o.Path, Schema: o.Schema, Log: o.Log})
	if err != nil {
		return nil, err
	}
	c := &Core{Store: s, now: o.Now}
	c.devices = deviceStore{Store: s, left: c.disconnect, now: o.Now}
	c.Devices = auth.NewDevices(c.devices, rand.Reader, o.Now)
	c.Hub, err = hub.New(hub.Options{
		Store: hubStore{s}, Devices: c.Devices, Schema: o.Schema, Rules: o.Rules,
		Epoch: s.Epoch(), RestoreAt: s.RestoreAt(), Log: o.Log, Now: o.Now,
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return c, nil
}

func (c *Core) disconnect(device record.ID) { c.Hub.Disconnect(device) }

// Close says goodbye to the devices and closes the store.
func (c *Core) Close(spread time.Duration) error {
	c.Hub.Close(spread)
	return c.Store.Close()
}
