// Package client keeps a technician's work on his device and reconciles it with the hub. Everything reads and writes
// the local replica, and works without a network; SyncOnce and Connect bring replica and hub together when there is
// one.
//
//	c, err := client.Open(ctx, client.Options{Path: "field.db"})
//	err = c.Enrol(ctx, "https://hub.example.com", code, "Li's phone")
//	err = c.SyncOnce(ctx)
//	err = c.Update(ctx, "job.note", func(tx client.Tx) error {
//		_, err := aftersales.AddNote(tx, job, "pump replaced")
//		return err
//	})
//
// A Client may be used from any goroutine. It has no global state: several clients in one process are independent.
//
// # Refusals
//
// What is refused is a *fault.Error: a stable Code for the program (fault.CodeOf), a Message for the person. Comments name the
// codes that are a method's own. Beside them:
//
//   - whatever reads or writes: replica.Corrupt, replica.InUse, replica.Storage (also after Close), seal.Missing and
//     seal.Wrong; Wiped for ever after the office has wiped the device
//   - whatever writes: replica.DiskFull and replica.ReadOnly; fault.NotAllowed on a device that is nobody's yet; fault.Invalid,
//     fault.OutOfRange, fault.TooLarge, fault.UnknownRow, fault.Exists and fault.Erased from the schema and the rows; those
//     of the command, which stand at the command in package aftersales
//   - whatever needs the hub: link.NoNetwork, fault.Unauthentic, fault.Revoked, fault.Version, fault.Overloaded,
//     fault.HubFull, fault.Internal; Wiped where the office has ordered it meanwhile
//
// What the hub refuses later is no error of any call: it stands in Outbox, with the code and the reason, until somebody settles
// it with Resend, SendAgain or Dismiss. All codes there are, with what each says, are in docs/codes.md.
package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	"fieldsync/client/files"
	"fieldsync/client/link"
	"fieldsync/client/replica"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/seal"
	"fieldsync/sync/wire"
)

// Tx is a local transaction; the commands of package aftersales take it.
type Tx = aftersales.Tx

// Options say where a client keeps its replica, and how. They are read by Open; a program leaves those of an open Client alone.
type Options struct {
	Path   string           // of the replica's database; its account stands beside it
	Schema *schema.Schema   // nil means aftersales.Schema; a program may add tables of its own
	App    string           // the program and its version, shown in the office's list of devices; at most wire.MaxApp bytes
	Log    *slog.Logger     // nil discards
	Now    func() time.Time // the device's clock; nil means time.Now
	// DeferIndexes makes the first download faster: indexes are built when it is complete.
	DeferIndexes bool
	Files        FileOptions
	// Room bounds the replica's database, in bytes: what would make it larger than this, and than it is, is refused with
	// replica.DiskFull. 0 is no bound but the disk's.
	Room  int64
	Reach Reach // how the hub is reached
	// Lease is for how long without meeting the hub the device shows what it holds: see LeaseOver. 0 is for ever.
	Lease time.Duration
	// ReadOnly opens the replica beside another program that writes it: what would write is refused with
	// replica.ReadOnly, and there must be a replica.
	ReadOnly bool
	// Keys yields the keys that sealed columns are encrypted with, from the phone's keystore for example; nil means a key
	// file beside the replica, Path + ".keys". A key that is missing or another one is refused with the code seal.Missing
	// or seal.Wrong, and nothing is touched. StartOver sets such a replica aside instead, and begins with an empty one:
	// see replica.Options. New keys are used after the next Open. Keys that are a Destroyer are destroyed when the office wipes
	// the device.
	Keys      seal.Keys
	StartOver bool
}

// Client is an open replica.
type Client struct {
	Options
	replica  *replica.Replica
	codec    *wire.Codec
	account  *account
	watch    watchers
	live     live
	beat     link.Heartbeat
	contact  contact
	indexer  indexer
	segments segments
	files    *files.Store
	haul     *hauler
	chosen   chosen
	reach    reach
	web      *http.Client // for files
	// connecting holds a token while there is a connection, or one is being made: a device has one at most.
	connecting chan struct{}
}

// Open opens the replica, and makes an empty one where there is none. A damaged file is set aside and what was not
// yet sent is taken over; Recovered tells. The errors have the codes of package replica.
func Open(ctx context.Context, o Options) (*Client, error) {
	if o.Schema == nil {
		o.Schema = aftersales.Schema
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.App = cmp.Or(o.App, "fieldsync"); len(o.App) > wire.MaxApp || !utf8.ValidString(o.App) { // the hub could not read who greets it
		return nil, fault.Newf(fault.Invalid, "the program's name must be UTF-8 of at most %d bytes", wire.MaxApp)
	}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
		return nil, fault.Wrap(replica.ReadOnly, "the folder for the replica cannot be made: "+filepath.Dir(o.Path), err)
	}
	codec, err := wire.NewCodec(o.Schema)
	if err != nil {
		return nil, err
	}
	way, err := o.Reach.ready()
	if err != nil {
		return nil, err
	}
	if err := finishWipe(o); err != nil {
		return nil, err
	}
	account, err := loadAccount(o.Path + ".account")
	if err != nil {
		return nil, err
	}
	r, err := replica.Open(ctx, replica.Options{
		Path: o.Path, Schema: o.Schema, ReadOnly: o.ReadOnly, Room: o.Room, Keys: o.Keys, StartOver: o.StartOver,
	})
	if err != nil {
		return nil, err
	}
	c := &Client{Options: o, replica: r, codec: codec, account: account, reach: way, connecting: make(chan struct{}, 1)}
	if err := errors.Join(c.remember(ctx), c.renounceCopy(ctx), c.openFiles()); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	c.startIndexing()
	return c, nil
}

// remember gives a replica that lost who it is with a damaged file back to the device and person that the account names:
// what was salvaged for sending is sent.
func (c *Client) remember(ctx context.Context) error {
	who := c.account.get()
	if r := c.replica.Recovery; r == nil || r.Identity || who.Device.IsZero() {
		return nil
	}
	return c.replica.Write(ctx, func(tx *replica.Tx) error {
		return device.Found(tx, c.Schema, who.Device, who.Person)
	})
}

// renounceCopy gives up the incarnation of a file that was copied or came back from a backup: the original may be
// writing with it.
func (c *Client) renounceCopy(ctx context.Context) error {
	if !c.replica.Cloned {
		return nil
	}
	err := c.replica.Write(ctx, func(tx *replica.Tx) error {
		id, err := tx.Identity()
		if err != nil || id == nil {
			return err
		}
		r, err := device.Open(tx, c.Schema)
		if err != nil {
			return err
		}
		return r.Renounce()
	})
	if err != nil {
		return err
	}
	return c.replica.ConfirmInstance(ctx)
}

// Close ends what runs and closes the files: when it returns no goroutine of the client's is left. Whatever is asked of it
// afterwards is refused with replica.Storage, and a second Close does nothing.
func (c *Client) Close() error {
	c.live.close()
	c.Disconnect()
	c.indexer.close()
	c.watch.close()
	c.web.CloseIdleConnections()
	return c.replica.Close()
}

// Recovered returns what became of a damaged replica at Open, nil if it was sound.
func (c *Client) Recovered() *replica.Recovery { return c.replica.Recovery }

// Update runs do in one local transaction and returns when what it wrote is durable: all of it, or after an error
// nothing. It never waits for a network. Cause names what the user did, as the audit will show it ("job.complete").
// What the rules refuse is a *fault.Error.
func (c *Client) Update(ctx context.Context, cause string, do func(Tx) error) error {
	return c.write(ctx, do, func(tx *device.Tx) (*device.Item, error) { return tx.Commit(cause) })
}

// Resend runs do in one local transaction that replaces the refused change old. The hub judges it by what was known
// when the work was done. Codes: fault.Closed for one that is not refused, or no longer; those of Update.
func (c *Client) Resend(ctx context.Context, old clock.Dot, cause string, do func(Tx) error) error {
	return c.write(ctx, do, func(tx *device.Tx) (*device.Item, error) { return tx.CommitAmended(cause, old) })
}

func (c *Client) write(ctx context.Context, do func(Tx) error, commit func(*device.Tx) (*device.Item, error)) error {
	var item *device.Item
	err := c.replica.Write(ctx, func(store *replica.Tx) error {
		var salt record.Salt
		random(salt[:])
		tx, err := device.Begin(store, c.Schema, c.Now().UnixMilli(), salt)
		if err != nil {
			return err
		}
		if err := do(c.bind(tx)); err != nil {
			return err
		}
		item, err = commit(tx)
		return err
	})
	if err != nil || item == nil {
		return err
	}
	keys := make([]record.Key, len(item.Change.Rows))
	for i := range item.Change.Rows {
		keys[i] = item.Change.Rows[i].Key()
	}
	c.tell(keys)
	c.live.wrote(item)
	return nil
}

// tell says that rows have changed to whom it concerns: watchers, and who carries files.
func (c *Client) tell(keys []record.Key) {
	c.watch.tell(keys)
	if t := c.Schema.Table(attachments); t != nil && slices.ContainsFunc(keys, func(k record.Key) bool { return k.Table == t.ID }) {
		c.haul.stirred.Store(true)
	}
}

func (c *Client) bind(tx *device.Tx) Tx {
	return aftersales.Bind(tx, aftersales.Circumstances{
		Author: tx.Person(), Now: tx.Now(), Clock: tx.Clock(), Dot: tx.Dot(), Random: random,
	})
}

func random(b []byte) { _, _ = rand.Read(b) } // crypto/rand never fails: it ends the program instead

// View runs do on a stable snapshot of the replica, and returns do's error. Its Tx reads; a write in it is lost. The code is
// fault.NotAllowed on a device that is nobody's yet.
func (c *Client) View(ctx context.Context, do func(Tx) error) error {
	return c.replica.Read(ctx, func(store *replica.Tx) error {
		tx, err := device.Begin(store, c.Schema, c.Now().UnixMilli(), record.Salt{})
		if err != nil {
			return err
		}
		return do(c.bind(tx))
	})
}

// Query runs a read-only SQL query on the replica. Tables and columns have the schema's names; ids are BLOBs of 16
// bytes; `_del` marks hidden rows. The caller closes what it returns: a snapshot is held until then. A statement that would
// write is refused.
func (c *Client) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return c.replica.Query(ctx, query, args...)
}

// Person returns whose replica this is; zero before Enrol.
func (c *Client) Person(ctx context.Context) (record.ID, error) {
	id, err := c.identity(ctx)
	if err != nil || id == nil {
		return record.ID{}, err
	}
	return id.Person, nil
}

func (c *Client) identity(ctx context.Context) (id *device.Identity, err error) {
	err = c.replica.Read(ctx, func(tx *replica.Tx) (err error) {
		id, err = tx.Identity()
		return err
	})
	return id, err
}

// ErrAccount says that the account beside the replica cannot be read.
var ErrAccount = fault.New(replica.Corrupt, "the device's account cannot be read: enrol the device again; its work is still there")

func accountError(path string, err error) error {
	return fault.Wrap(ErrAccount.Code, ErrAccount.Message, fmt.Errorf("%s: %w", path, err))
}

// Move points the client to another address of the same hub, from the next connection on. The code is replica.DiskFull where
// that cannot be written down. An address that is none shows when the client connects: fault.Invalid.
func (c *Client) Move(server string) error {
	return c.account.change(func(a *accountData) { a.Server = server })
}

// Each calls do for every living row of the replica, table by table in the order of their ids. The row is only valid
// during the call.
func (c *Client) Each(ctx context.Context, do func(*record.Row) error) error {
	return c.replica.Read(ctx, func(tx *replica.Tx) error {
		for _, t := range c.Schema.Tables {
			if err := tx.Each(t, do); err != nil {
				return err
			}
		}
		return nil
	})
}
