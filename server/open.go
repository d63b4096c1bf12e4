package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"

	"github.com/prometheus/client_golang/prometheus"
)

// goodbyeSpread is the time over which devices come back after the hub has said goodbye to them: not all at once.
const goodbyeSpread = 10 * time.Second

// unproven is how many devices may be about to show who they are from one address, unless somebody says otherwise: a
// carrier's network may have thousands behind one, and whoever is one too many comes back by himself.
const unproven = 256

// Open opens the whole hub on the database at path, which is made if there is none: the office, enrolment, and the
// sync of devices. Run serves it and closes it when its context ends; who only uses Handler calls Close. The errors
// have the codes of store.Open.
func Open(ctx context.Context, path string, o Options) (*Server, error) {
	core, err := OpenCore(ctx, CoreOptions{
		Path: path, Database: o.Database, NATS: o.NATS, Proxies: o.Proxies, Unproven: cmp.Or(o.Unproven, unproven), KeyFile: o.KeyFile, Files: o.Files, Schema: aftersales.Schema, Rules: Rules(), Log: o.Log,
		MayReform: o.MayReform,
	})
	if err != nil {
		return nil, err
	}
	s, err := assemble(ctx, core, path, o)
	if err != nil {
		return nil, errors.Join(err, core.Close(0))
	}
	return s, nil
}

func assemble(ctx context.Context, core *Core, path string, o Options) (*Server, error) {
	if err := core.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.Prepare(slices.Concat(admin.Indexes(), api.Indexes(), noticeIndexes, hookIndexes, clockIndexes)...)
	}); err != nil {
		return nil, err
	}
	staff := colleagues{peopleStore{core.Store, core.now}, core}
	devices := published{core.devices, core}
	if err := errors.Join(staff.repair(ctx), devices.repair(ctx)); err != nil {
		return nil, err
	}
	secret, err := keptSecret(ctx, core.Store, challengeSetting, sha256.Size)
	if err != nil {
		return nil, err
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(append(core.Hub.Collectors(), gauges{core})...)
	told := newChronicle(core)
	in := newImports(core, core.imports)
	s, err := New(o, Parts{
		Schema: aftersales.Schema, Health: core.health, Engine: engine{core}, Phones: phones{core}, Sync: core.Hub, Files: core.Files, Segments: core.serveSegment,
		Views:   views{core.Store},
		Imports: in, Chronicle: told, Dossiers: dossiers{core}, Programs: programStore{core.Store, core.now}, API: apiEngine{core}, Fleet: fleet{phones{core}},
		Drain: func() { core.Hub.Close(goodbyeSpread) }, People: staff, Devices: devices,
		Sessions: core.Store.Sessions(), Attempts: attemptStore{core.Store}, Paces: core.paces, Secret: secret, Hub: core.Store.ID(), ParcelKey: core.parcels.Public[:], Metrics: metrics, Now: core.now, Log: core.log,
	})
	if err == nil {
		s.core, s.imports, s.told = core, in, told
	}
	return s, err
}

// health reads one row.
func (c *Core) health(ctx context.Context) error {
	return c.Store.Read(ctx, func(*store.View) error { return nil })
}

// colleagues is the store of people in which everybody who may sign in is also a row, by which jobs and the phones of
// others name him. The row follows the account: should the hub die between the two, the next change of the account
// writes it, or the next start.
type colleagues struct {
	peopleStore
	core *Core
}

func (s colleagues) PutPerson(ctx context.Context, p auth.Person) error {
	if err := s.peopleStore.PutPerson(ctx, p); err != nil {
		return err
	}
	return s.follow(ctx, p)
}

func (s colleagues) ChangePerson(ctx context.Context, id record.ID, change func(*auth.Person, func() ([]auth.Person, error)) error) (*auth.Person, error) {
	p, err := s.peopleStore.ChangePerson(ctx, id, change)
	if err != nil {
		return nil, err
	}
	return p, s.follow(ctx, *p)
}

// follow makes the person's row, or brings it up to what the account says. In a company of one branch he belongs to it.
func (s colleagues) follow(ctx context.Context, p auth.Person) error {
	row, branch, err := s.standing(ctx, p.ID)
	technician := p.Is(auth.Technician)
	if err != nil || row != nil && aftersales.PersonOf(row).Technician == technician {
		return err
	}
	_, err = s.core.Hub.Do(ctx, record.ID{}, nil, aftersales.CauseCreate, func(o *hub.Office) error {
		tx := Bind(o, record.ID{})
		row, err := tx.Row("person", p.ID)
		switch {
		case err != nil:
			return err
		case row == nil:
			in := aftersales.PersonInput{ID: p.ID, Branch: branch, Name: p.Name, Language: p.Language, Technician: technician}
			_, err := aftersales.CreatePerson(tx, in)
			return err
		case technician:
			return tx.Update("person", p.ID, record.Values{"technician": record.Number(1)})
		}
		return tx.Update("person", p.ID, record.Values{"technician": record.Null})
	})
	return err
}

// standing returns the person's row, nil if he has none, and the branch if there is exactly one.
func (s colleagues) standing(ctx context.Context, id record.ID) (row *record.Row, branch record.ID, err error) {
	err = s.core.Store.Read(ctx, func(v *store.View) error {
		if row, err = v.Row(record.Key{Table: aftersales.Schema.Table("person").ID, ID: id}); err != nil {
			return err
		}
		branches, err := v.Living(aftersales.Schema.Table("branch"), 2)
		if len(branches) == 1 {
			branch = branches[0]
		}
		return err
	})
	return row, branch, err
}

func (s colleagues) repair(ctx context.Context) error {
	everybody, err := s.People(ctx)
	for _, p := range everybody {
		row, _, e := s.standing(ctx, p.ID)
		if e == nil && row == nil {
			e = s.follow(ctx, p)
		}
		err = errors.Join(err, e)
	}
	return err
}

// published is the store of devices in which the public key of each is also a row: with it colleagues check what the
// device signed, without network. The row follows the enrolment; one that is missing is written at the next start.
type published struct {
	deviceStore
	core *Core
}

func (s published) Enrol(ctx context.Context, code auth.Hash, d auth.Device, now time.Time) (*auth.Device, error) {
	enrolled, err := s.deviceStore.Enrol(ctx, code, d, now)
	if err != nil {
		return nil, err
	}
	if err := s.publish(ctx, enrolled); err != nil { // the device is enrolled all the same: its code is used up
		s.core.log.Error("a device's key could not be published; it will be at the next start", "device", d.ID, "error", err)
	}
	return enrolled, nil
}

func (s published) publish(ctx context.Context, d *auth.Device) error {
	key := base64.StdEncoding.EncodeToString(d.Key)
	_, err := s.core.Hub.Do(ctx, record.ID{}, nil, aftersales.CauseCreate, func(o *hub.Office) error {
		tx := Bind(o, record.ID{})
		err := aftersales.PublishKey(tx, d.Person, d.ID, key)
		if fault.CodeOf(err) == fault.UnknownRow {
			err = nil // nobody's colleague yet: nobody to check his signature
		}
		if err != nil {
			return err
		}
		return aftersales.GiveSecret(tx, d.Person) // one-time codes must be there before the network is gone
	})
	return err
}

// repair publishes the keys that are not: of devices enrolled before their people were posted to a branch.
func (s published) repair(ctx context.Context) error {
	var devices []store.Device
	known := map[string]bool{}
	err := s.Read(ctx, func(v *store.View) (err error) {
		if devices, err = v.Devices(); err != nil {
			return err
		}
		return v.Select(func(q *sqlrow.Rows) error { known[q.Text(0)] = true; return q.Err() }, "SELECT device FROM device_key")
	})
	for i := range devices {
		if !known[devices[i].ID.String()] {
			err = errors.Join(err, s.publish(ctx, deviceOf(&devices[i])))
		}
	}
	return err
}

// phones is what the office does with devices.
type phones struct{ *Core }

func (p phones) ChangeStanding(ctx context.Context, id record.ID, to auth.Standing, check func(now auth.Standing) error) error {
	d, err := p.Devices.Device(ctx, id)
	if err == nil && d != nil {
		err = p.mayCarry(ctx, d.Person)
	}
	if err != nil {
		return err
	}
	return p.Core.Devices.ChangeStanding(ctx, id, to, check)
}

func (p phones) NewCode(ctx context.Context, person record.ID) (code string, expires time.Time, err error) {
	if err := p.mayCarry(ctx, person); err != nil {
		return "", time.Time{}, err
	}
	return p.Devices.NewCode(ctx, person)
}

// mayCarry refuses what is about the phone of somebody of other branches than those of the request.
func (p phones) mayCarry(ctx context.Context, person record.ID) error {
	return engine(p).mayTouch(ctx, record.Key{Table: aftersales.Schema.Table("person").ID, ID: person})
}

func (p phones) Phones(ctx context.Context) (list []admin.Phone, err error) {
	owners, elsewhere := map[record.ID]string{}, map[record.ID]bool{}
	err = p.Store.Read(ctx, func(v *store.View) error {
		devices, err := v.Devices()
		if err != nil {
			return err
		}
		people, err := v.People()
		if err != nil {
			return err
		}
		for _, person := range people {
			owners[person.ID] = person.Name
		}
		if elsewhere, err = v.Connected(p.now().Add(-hub.AliveFor)); err != nil {
			return err
		}
		refused, err := v.RefusedBy()
		seen := reader{v, auth.BranchesOf(ctx)}
		for i := range devices {
			owner, err := seen.Row(record.Key{Table: aftersales.Schema.Table("person").ID, ID: devices[i].Person})
			if err != nil {
				return err
			}
			if owner == nil && !seen.in.All {
				continue
			}
			phone := phoneOf(&devices[i])
			phone.Owner, phone.Refused = owners[phone.Person], refused[phone.ID]
			list = append(list, phone)
		}
		return err
	})
	for i := range list {
		p.hear(&list[i])
		list[i].Online = list[i].Online || elsewhere[list[i].ID]
	}
	slices.SortFunc(list, func(a, b admin.Phone) int {
		return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.Name, b.Name), strings.Compare(a.ID.String(), b.ID.String()))
	})
	return list, err
}

func phoneOf(d *store.Device) admin.Phone {
	return admin.Phone{
		ID: d.ID, Person: d.Person, Name: d.Name, Standing: standingOf(d), Wiped: d.WipedAt, App: d.App, Schema: d.Schema, Contact: d.LastSeen,
		Pending: d.Pending, Oldest: d.OldestPending, Offset: time.Duration(d.ClockOffset) * time.Millisecond,
	}
}

// hear adds what the device said of itself and is not yet written down.
func (p phones) hear(phone *admin.Phone) {
	online, last := p.Hub.Online(phone.ID)
	phone.Online = online
	if last != nil {
		phone.App, phone.Schema, phone.Contact = last.App, last.Schema, last.Seen
		phone.Pending, phone.Oldest, phone.Offset = last.Pending, last.Oldest, last.Offset
	}
}

// Core returns what devices need of the hub, for the command line and for setting up; nil for a server made by New.
func (s *Server) Core() *Core { return s.core }

// Close says goodbye to the devices and closes the store. Run has done it when it returns; once more does nothing.
func (s *Server) Close() error {
	if s.core == nil {
		return nil
	}
	s.imports.close()
	s.told.close()
	return s.core.Close(goodbyeSpread)
}
