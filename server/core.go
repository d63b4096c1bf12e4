package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/files"
	"fieldsync/server/hub"
	"fieldsync/server/pace"
	"fieldsync/server/segments"
	"fieldsync/server/store"
	"fieldsync/server/wake"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/parcel"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/seal"
	"fieldsync/sync/wire"
)

// Core is what devices need of a hub: the store, and the hub that syncs it. It serves any schema.
type Core struct {
	Store   *store.Store
	Hub     *hub.Hub
	Devices *auth.Devices
	Files   *files.Desk

	segments *segments.Shelf

	devices deviceStore
	parcels parcel.Key
	now     func() time.Time
	log     *slog.Logger
	imports string // the folder of what is being taken in, and was
	erasing sync.Mutex

	waker *wake.NATS  // nil without NATS
	paces pace.Ledger // nil where one process serves the database

	stopIndexing context.CancelFunc
	indexed      chan struct{} // closed when indexing has stopped
}

// CoreOptions say which store a core opens, and how it judges.
type CoreOptions struct {
	Path     string         // of the SQLite database, and of what stands beside it
	Database string         // postgres://…: the database stands there, and only what stands beside it at Path
	NATS     string         // nats://…: by which several hubs on the database wake one another; "" for none
	Schema   *schema.Schema //
	Keys     seal.Keys      // of what the schema declares sealed; nil means those in KeyFile
	Proxies  []netip.Prefix // whose X-Forwarded-For is believed
	Unproven int            // how many connections one address may have whose devices have not shown who they are; 0 for any number
	Files    string         // s3://…: where the files that rows name are; "" is the folder of FilesPath
	KeyFile  string         // "" means Path + ".keys"; made, readable by its owner only, if there is none
	Rules    judge.Rules    // may be nil
	// SegmentRows is from how many rows that everybody holds on a segment is made of a class; 0 means 5,000.
	SegmentRows int
	MayReform   func() error // see store.Options
	Log         *slog.Logger
	Now         func() time.Time // nil is time.Now
}

// ballast is held by a process that serves, and never touched, so that it takes no memory. The collector of garbage runs
// when the heap has doubled: without it a small hub, whose heap is a few MiB, would collect for every few hundred changes
// that it judges.
var ballast = sync.OnceValue(func() []byte { return make([]byte, 16<<20) })

// OpenCore opens the store and starts the hub on it.
func OpenCore(ctx context.Context, o CoreOptions) (*Core, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s, err := store.Open(ctx, store.Options{
		Path: o.Path, Database: o.Database, Schema: o.Schema, Keys: o.Keys, KeyFile: o.KeyFile, Log: o.Log, MayReform: o.MayReform,
	})
	if err != nil {
		return nil, err
	}
	c := &Core{Store: s, now: o.Now, log: o.Log, imports: o.Path + ".imports"}
	ballast()
	c.devices = deviceStore{Store: s, left: c.disconnect, now: o.Now}
	c.Devices = auth.NewDevices(c.devices, rand.Reader, o.Now)
	if c.parcels, err = parcelKey(ctx, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := c.openSegments(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := c.openHub(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := c.openFiles(ctx, o); err != nil {
		return nil, errors.Join(err, c.Close(0))
	}
	if err := c.repeat(ctx); err != nil {
		return nil, errors.Join(err, c.Close(0))
	}
	c.startIndexing()
	return c, nil
}

// openHub starts the hub: as one of several where its database is one that others may serve too.
func (c *Core) openHub(o CoreOptions) (err error) {
	if o.Rules != nil {
		o.Rules = numbering{o.Rules, c.Store}
	}
	c.paces = nodesPaces(c.Store, o.Log)
	h := hub.Options{
		Store: hubStore{c.Store}, Devices: c.Devices, Schema: o.Schema, Rules: o.Rules,
		Paces: c.paces, Epoch: c.Store.Epoch(), RestoreAt: c.Store.RestoreAt(), Before: c.Store.Before(), Log: o.Log, Now: o.Now, Proxies: o.Proxies, Unproven: o.Unproven,
		Segments: c.segments.Ready,
	}
	if c.Store.SeveralNodes() {
		_, _ = rand.Read(h.Node[:]) // it never fails: it ends the program instead
	}
	if o.NATS != "" {
		if c.waker, err = wake.Connect(o.NATS, c.Store.ID().String(), o.Log); err != nil {
			return err
		}
		h.Waker = c.waker
	}
	c.Hub, err = hub.New(h)
	return err
}

// Alone runs do while no other node of the hub does so under the name, until ctx ends; when it is no longer sure that this
// is the only one, do is ended and begun again in its turn.
func (c *Core) Alone(ctx context.Context, name string, do func(context.Context)) {
	for ctx.Err() == nil {
		err := c.Store.Alone(ctx, name, do)
		if err == nil || ctx.Err() != nil {
			return
		}
		c.log.Error("what one node does for all cannot be done now; trying again", "what", name, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (c *Core) disconnect(device record.ID) { c.Hub.Disconnect(device) }

// Close says goodbye to the devices and closes the store.
func (c *Core) Close(spread time.Duration) error {
	c.Hub.Close(spread)
	c.segments.Close()
	if c.stopIndexing != nil {
		c.stopIndexing()
		<-c.indexed
	}
	if c.waker != nil {
		c.waker.Close()
	}
	return c.Store.Close()
}

// Handler answers what devices ask: the websocket at /sync, files at /files/, segments at /segments/, POST /enrol, and POST /wiped.
func (c *Core) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /sync", c.Hub)
	mux.Handle("/files/", c.Files)
	mux.HandleFunc("GET "+wire.SegmentPath+"{class}", c.serveSegment)
	mux.HandleFunc("POST /enrol", c.enrol)
	mux.HandleFunc("POST /wiped", wiped(c.Devices, c.refuseWiped))
	return mux
}

func (c *Core) enrol(w http.ResponseWriter, r *http.Request) {
	var e Enrolment
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxEnrolment)).Decode(&e); err != nil {
		reply(w, http.StatusBadRequest, refusal{fault.Malformed, "Send an object with code, key and name."})
		return
	}
	d, err := c.Devices.Enrol(r.Context(), e.Code, e.Key, e.Name, e.Person)
	var refused *fault.Error
	switch {
	case errors.As(err, &refused):
		reply(w, http.StatusForbidden, refusal{refused.Code, refused.Message})
	case err != nil:
		c.log.Error("a device could not be enrolled", "error", err)
		reply(w, http.StatusInternalServerError, refusal{fault.Internal, "Something is wrong with the server. Try again later."})
	default:
		reply(w, http.StatusCreated, Enrolled{
			Device: d.ID, Person: d.Person, Now: c.now().UnixMilli(), Actor: d.Actor, ParcelKey: c.parcels.Public[:],
		})
	}
}
