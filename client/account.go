package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"fieldsync/client/link"
	"fieldsync/client/replica"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// account is what lets the device in: it stands beside the replica, apart from it, so that a copy of the database
// alone lets nobody in.
type account struct {
	mu      sync.Mutex
	path    string
	data    accountData
	damaged error // why there is no data though there is a file: work goes on, and enrolling makes a new one
	over    error // why there is none any more, and none is made
}

type accountData struct {
	Server string    `json:"server"`
	Device record.ID `json:"device"`
	Person record.ID `json:"person"`
	Key    []byte    `json:"key"` // the Ed25519 seed
	Token  []byte    `json:"token,omitempty"`
	Parcel []byte    `json:"parcel,omitempty"` // the hub's public key for parcels
	// HandedOver is up to where in the queue everything was exported and brought to the office by hand.
	HandedOver uint64 `json:"handed_over,omitempty"`
	Met        int64  `json:"met,omitempty"` // when the hub was last met, ms since 1970 UTC: see Options.Lease
}

func loadAccount(path string) (*account, error) {
	a := &account{path: path}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return nil, accountError(path, err)
	}
	if err := json.Unmarshal(b, &a.data); err != nil {
		a.data, a.damaged = accountData{}, accountError(path, err)
	}
	return a, nil
}

func (a *account) get() accountData {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.data
}

// lacking returns why nobody can connect with the account, nil if somebody can.
func (a *account) lacking() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.data.Device.IsZero() {
		return nil
	}
	return cmp.Or(a.over, a.damaged, error(device.ErrNotEnrolled))
}

// ended returns why the account is over for good, nil if it is not.
func (a *account) ended() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.over
}

// end forgets the account for good, for the reason.
func (a *account) end(reason error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.data, a.over = accountData{}, reason
}

// change changes the account and writes it down whole, or not at all.
func (a *account) change(do func(*accountData)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over != nil {
		return a.over
	}
	changed := a.data
	do(&changed)
	b, err := json.Marshal(changed)
	if err != nil {
		return err
	}
	if err := writeWhole(a.path, b); err != nil {
		return fault.Wrap(replica.DiskFull, "the account cannot be written; free some space and try again", err)
	}
	a.data, a.damaged = changed, nil
	return nil
}

func writeWhole(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".account-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when it was renamed
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (a *account) sign(text []byte) ([]byte, error) {
	seed := a.get().Key
	if len(seed) != ed25519.SeedSize {
		return nil, device.ErrNotEnrolled
	}
	return ed25519.Sign(ed25519.NewKeyFromSeed(seed), text), nil
}

// enrolment is what the hub answers to an enrolment, or to a refused one.
type enrolment struct {
	Device  record.ID   `json:"device"`
	Person  record.ID   `json:"person"`
	Actor   clock.Actor `json:"actor,string"` // 0 from a hub that hands none out
	Parcel  []byte      `json:"parcel_key"`
	Code    fault.Code  `json:"code"`
	Message string      `json:"message"`
}

// Enrol gives the replica to the person for whom the office made the code. The device makes its key; only the public
// half leaves it. A replica is one person's: enrolling it again for somebody else is refused with fault.NotAllowed; for the same
// person it makes a new key, and nothing on the device is lost. Codes: link.NoNetwork; fault.Invalid for an address that is
// none; fault.Version where no hub of this kind answers; "bad_code" for a code that is wrong, used or expired, and
// "try_again_later" after too many of those.
func (c *Client) Enrol(ctx context.Context, server, code, name string) error {
	c.report(ctx)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	whose, err := c.Person(ctx)
	if err != nil {
		return err
	}
	e, err := c.askEnrolment(ctx, server, enrolling{code, name, public, whose})
	if err != nil {
		return err
	}
	fresh := false
	err = c.replica.Write(ctx, func(tx *replica.Tx) (err error) {
		fresh, err = c.begin(tx, e)
		return err
	})
	if err == nil && fresh && c.DeferIndexes {
		c.contact.deferIndexes()
		err = c.replica.DeferIndexes(ctx)
	}
	if err != nil {
		return err
	}
	return c.account.change(func(a *accountData) {
		*a = accountData{
			Server: server, Device: e.Device, Person: e.Person, Key: private.Seed(), Parcel: e.Parcel, HandedOver: a.HandedOver,
			Met: c.Now().UnixMilli(),
		}
	})
}

// begin writes who the replica is, and reports whether it is new. One that was enrolled before keeps its work and its
// place.
func (c *Client) begin(tx *replica.Tx, e *enrolment) (fresh bool, err error) {
	id, err := tx.Identity()
	if err != nil {
		return false, err
	}
	if id == nil || id.Person.IsZero() {
		if err := device.Found(tx, c.Schema, e.Device, e.Person); err != nil {
			return true, err
		}
		return true, c.number(tx, e.Actor)
	}
	if id.Person != e.Person {
		return false, fault.New(fault.NotAllowed, "this replica belongs to somebody else; each person has one of his own")
	}
	r, err := device.Open(tx, c.Schema)
	if err != nil {
		return false, err
	}
	if err := r.Reenrol(e.Device); err != nil {
		return false, err
	}
	return false, r.Number(e.Actor)
}

// number gives a new replica its first incarnation.
func (c *Client) number(tx *replica.Tx, a clock.Actor) error {
	r, err := device.Open(tx, c.Schema)
	if err != nil {
		return err
	}
	return r.Number(a)
}

const enrolWithin = 30 * time.Second

// enrolling is what a device asks to be enrolled with. Whose work is on it already is said too, so that no code is used up
// that is for somebody else.
type enrolling struct {
	Code   string    `json:"code"`
	Name   string    `json:"name"`
	Key    []byte    `json:"key"`
	Person record.ID `json:"person,omitzero"`
}

func (c *Client) askEnrolment(ctx context.Context, server string, asks enrolling) (*enrolment, error) {
	body, err := json.Marshal(asks)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, enrolWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(server, "/")+"/enrol", bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "the server's address is not one: "+server, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.web.Do(request) // which follows no redirect: the code is for this address alone
	if err != nil {
		return nil, fault.Wrap(link.NoNetwork, "the server cannot be reached: check the address and the network", err)
	}
	defer func() { _ = response.Body.Close() }()
	var e enrolment
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&e); err != nil {
		return nil, fault.Wrap(fault.Version, "the address answers, but not as this server does: check it", err)
	}
	if e.Code != "" {
		return nil, fault.New(e.Code, e.Message)
	}
	if e.Device.IsZero() || e.Person.IsZero() {
		return nil, fault.New(fault.Version, "the address answers, but not as this server does: check it")
	}
	return &e, nil
}
