package server

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// The parts know one another only by the few methods they need; here the store is given the shape that each asks for.

// hubStore is the store as the hub sees it.
type hubStore struct{ *store.Store }

func (s hubStore) Write(ctx context.Context, do func(hub.Tx) error) error {
	return s.Store.Write(ctx, func(tx *store.Tx) error { return do(hubTx{tx}) })
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

// peopleStore is the store as the manager of people sees it.
type peopleStore struct {
	*store.Store
	now func() time.Time
}

func (s peopleStore) Person(ctx context.Context, id record.ID) (*auth.Person, error) {
	return s.find(ctx, func(v *store.View) (*store.Person, error) { return v.Person(id) })
}

func (s peopleStore) PersonByLogin(ctx context.Context, login string) (*auth.Person, error) {
	return s.find(ctx, func(v *store.View) (*store.Person, error) { return v.PersonByLogin(login) })
}

func (s peopleStore) find(ctx context.Context, by func(*store.View) (*store.Person, error)) (found *auth.Person, err error) {
	err = s.Read(ctx, func(v *store.View) error {
		p, err := by(v)
		if err == nil && p != nil {
			found, err = personOf(p)
		}
		return err
	})
	return found, err
}

func personOf(p *store.Person) (*auth.Person, error) {
	who := &auth.Person{ID: p.ID, Login: p.Login, Name: p.Name, Hash: p.PasswordHash, Language: p.Language, Active: p.Active, Ended: p.Ended}
	for _, r := range p.Roles {
		role, in, one := strings.Cut(r, "@")
		branch, err := record.ParseID(in)
		switch {
		case !one:
			who.Roles = append(who.Roles, auth.Role(role))
		case err == nil: // a role in a branch that cannot be read is none: never one in every branch
			who.Posts = append(who.Posts, auth.Post{Role: auth.Role(role), Branch: branch})
		}
	}
	var err error
	who.Second, err = readKept[auth.Second](string(p.Second), nil)
	return who, err
}

// rolesOf writes roles as the store keeps them: "dispatcher", or "dispatcher@" and the branch.
func rolesOf(p *auth.Person) []string {
	roles := []string{}
	for _, r := range p.Roles {
		roles = append(roles, string(r))
	}
	for _, post := range p.Posts {
		roles = append(roles, string(post.Role)+"@"+post.Branch.String())
	}
	return roles
}

// rolesSetting is where the store keeps what the company made of roles, as JSON.
const rolesSetting = "roles"

func (s peopleStore) Roles(ctx context.Context) (roles map[auth.Role][]string, err error) {
	err = s.Read(ctx, func(v *store.View) error {
		roles, err = readKept[map[auth.Role][]string](v.Setting(rolesSetting))
		return err
	})
	return roles, err
}

func (s peopleStore) ChangeRoles(ctx context.Context, change func(map[auth.Role][]string) error) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		kept, err := changeKept(tx, rolesSetting, func(roles map[auth.Role][]string) (map[auth.Role][]string, error) {
			if roles == nil {
				roles = map[auth.Role][]string{}
			}
			return roles, change(roles)
		})
		if err != nil {
			return err
		}
		_, err = tx.Audit(deed(ctx, s.Store, s.now(), "roles_change", record.ID{}, store.AuditValue{Column: "roles", Text: kept}))
		return err
	})
}

// guardedSetting is where the store keeps which roles ask for a second step, as JSON.
const guardedSetting = "second_step_roles"

func (s peopleStore) Guarded(ctx context.Context) (roles []auth.Role, err error) {
	err = s.Read(ctx, func(v *store.View) error {
		roles, err = readKept[[]auth.Role](v.Setting(guardedSetting))
		return err
	})
	return roles, err
}

func (s peopleStore) ChangeGuarded(ctx context.Context, change func([]auth.Role) []auth.Role) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		same := false
		kept, err := changeKept(tx, guardedSetting, func(roles []auth.Role) ([]auth.Role, error) {
			now := change(slices.Clone(roles))
			same = slices.Equal(roles, now)
			return now, nil
		})
		if err != nil || same {
			return err
		}
		_, err = tx.Audit(deed(ctx, s.Store, s.now(), "second_step_roles", record.ID{}, store.AuditValue{Column: "roles", Text: kept}))
		return err
	})
}

func (s peopleStore) People(ctx context.Context) (people []auth.Person, err error) {
	err = s.Read(ctx, func(v *store.View) error {
		people, err = peopleOf(v.People())
		return err
	})
	return people, err
}

func peopleOf(stored []store.Person, err error) (people []auth.Person, _ error) {
	for i := range stored {
		p, e := personOf(&stored[i])
		if e != nil {
			return nil, e
		}
		people = append(people, *p)
	}
	return people, err
}

func (s peopleStore) PutPerson(ctx context.Context, p auth.Person) error {
	err := s.Write(ctx, func(tx *store.Tx) error {
		known, err := tx.Person(p.ID)
		if err != nil {
			return err
		}
		return s.put(ctx, tx, known, p)
	})
	if err != nil {
		return err
	}
	return s.noteLetIn(ctx, p)
}

func (s peopleStore) ChangePerson(ctx context.Context, id record.ID, change func(*auth.Person, func() ([]auth.Person, error)) error) (p *auth.Person, err error) {
	err = s.Write(ctx, func(tx *store.Tx) error {
		known, err := tx.Person(id)
		if err != nil {
			return err
		}
		if known == nil {
			return fault.New(auth.UnknownOne, "This person is not known here.")
		}
		if p, err = personOf(known); err != nil {
			return err
		}
		everybody := func() ([]auth.Person, error) { return peopleOf(tx.People()) }
		if err := change(p, everybody); err != nil {
			return err
		}
		return s.put(ctx, tx, known, *p)
	})
	if err == nil {
		err = s.noteLetIn(ctx, *p)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// put writes the person; known is what he was, nil for a new one.
func (s peopleStore) put(ctx context.Context, tx *store.Tx, known *store.Person, p auth.Person) error {
	kept := store.Person{
		ID: p.ID, Login: p.Login, Name: p.Name, Roles: rolesOf(&p), Language: p.Language, PasswordHash: p.Hash, Active: p.Active, Ended: p.Ended,
	}
	if !p.Second.None() {
		second, err := json.Marshal(p.Second)
		if err != nil {
			return err
		}
		kept.Second = second
	}
	if err := s.notePerson(ctx, tx, known, kept); err != nil {
		return err
	}
	if known != nil && known.Active && !p.Active {
		if err := s.NoteStanding(store.Standing{Of: ofPerson, ID: p.ID, As: isOut}); err != nil {
			return err
		}
	}
	if known == nil {
		return tx.AddPerson(kept)
	}
	if err := tx.PutPerson(kept); err != nil {
		return err
	}
	if err := tx.SetPassword(p.ID, p.Hash); err != nil {
		return err
	}
	if p.Active {
		return tx.SetActive(p.ID, true)
	}
	return tx.Deactivate(p.ID)
}

// attemptStore is the store as it counts attempts to get in.
type attemptStore struct{ *store.Store }

func (s attemptStore) Attempts(ctx context.Context, keys []auth.Hash, since time.Time) ([]auth.Attempts, error) {
	stored, err := s.Store.Attempts(ctx, hashesOf(keys), since)
	return attemptsOf(stored), err
}

func (s attemptStore) ChangeAttempts(ctx context.Context, keys []auth.Hash, forget time.Time, change func([]auth.Attempts)) error {
	return s.Store.ChangeAttempts(ctx, hashesOf(keys), forget, func(stored []store.Attempts) {
		seen := attemptsOf(stored)
		change(seen)
		for i := range seen {
			stored[i] = store.Attempts(seen[i])
		}
	})
}

func attemptsOf(stored []store.Attempts) []auth.Attempts {
	seen := make([]auth.Attempts, len(stored))
	for i := range stored {
		seen[i] = auth.Attempts(stored[i])
	}
	return seen
}

func hashesOf(keys []auth.Hash) []store.Hash {
	hashes := make([]store.Hash, len(keys))
	for i := range keys {
		hashes[i] = store.Hash(keys[i])
	}
	return hashes
}

// deviceStore is the store as the manager of devices sees it. Left is told when a device's standing changes, so that
// its connection ends at once.
type deviceStore struct {
	*store.Store
	left func(record.ID)
	now  func() time.Time
}

func (s deviceStore) PutCode(ctx context.Context, c auth.Code) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.AddCode(store.Hash(c.Hash), c.Person, c.Expires); err != nil {
			return err
		}
		return s.note(ctx, tx, "device_invite", c.Person, record.ID{})
	})
}

func (s deviceStore) Enrol(ctx context.Context, code auth.Hash, d auth.Device, now time.Time) (*auth.Device, error) {
	owner := d.Person
	err := s.Write(ctx, func(tx *store.Tx) (err error) {
		d.Person, err = tx.TakeCode(store.Hash(code), now)
		if fault.CodeOf(err) == store.CodeRefused {
			return fault.Wrap(auth.BadCode, "The code is not valid (any more). Ask the office for a new one.", err)
		}
		if err == nil && !owner.IsZero() && owner != d.Person {
			return auth.ErrOwner
		}
		if err != nil {
			return err
		}
		if err := s.note(auth.By(ctx, d.Person), tx, "device_enrol", d.Person, d.ID); err != nil {
			return err
		}
		if d.Actor, err = tx.NewActor(d.Person, d.ID, clock.SideDevice); err != nil {
			return err
		}
		return tx.AddDevice(store.Device{ID: d.ID, Person: d.Person, Name: d.Name, PublicKey: d.Key, EnrolledAt: d.Enrolled})
	})
	return &d, err
}

func (s deviceStore) Device(ctx context.Context, id record.ID) (found *auth.Device, err error) {
	err = s.Read(ctx, func(v *store.View) error {
		d, err := v.Device(id)
		if d != nil {
			found = deviceOf(d)
		}
		return err
	})
	return found, err
}

func deviceOf(d *store.Device) *auth.Device {
	return &auth.Device{ID: d.ID, Person: d.Person, Name: d.Name, Key: d.PublicKey, Enrolled: d.EnrolledAt, Standing: standingOf(d)}
}

func standingOf(d *store.Device) auth.Standing {
	switch {
	case d.Wipe:
		return auth.Wiping
	case d.HardRevoked:
		return auth.HardRevoked
	case d.Revoked():
		return auth.Revoked
	}
	return auth.Admitted
}

func (s deviceStore) SetStanding(ctx context.Context, id record.ID, to auth.Standing, check func(now auth.Standing) error) error {
	err := s.Write(ctx, func(tx *store.Tx) error {
		d, err := tx.Device(id)
		if err == nil && d != nil {
			err = check(standingOf(d))
		}
		if err == nil && d != nil && standingOf(d) != to {
			err = s.note(ctx, tx, deedOf(to), d.Person, id)
			if err == nil && to > standingOf(d) {
				err = s.NoteStanding(store.Standing{Of: ofDevice, ID: id, As: int(to)})
			}
		}
		if err != nil {
			return err
		}
		switch to {
		case auth.Admitted:
			return tx.Readmit(id)
		case auth.Wiping:
			return tx.Wipe(id, s.now())
		}
		return tx.Revoke(id, to == auth.HardRevoked, s.now())
	})
	if err == nil && to == auth.Admitted {
		return s.noteLetIn(ctx, id)
	}
	if err == nil {
		s.left(id)
	}
	return err
}

func (s deviceStore) NoteWiped(ctx context.Context, id record.ID) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		d, err := tx.Device(id)
		if err != nil || d == nil || !d.WipedAt.IsZero() {
			return err
		}
		if err := s.note(auth.By(ctx, d.Person), tx, "device_wiped", d.Person, id); err != nil {
			return err
		}
		return tx.NoteWiped(id, s.now())
	})
}

func (s deviceStore) PutToken(ctx context.Context, t auth.Token) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Expire(s.now()); err != nil {
			return err
		}
		return tx.PutToken(store.Hash(t.Hash), t.Device, t.Expires)
	})
}

func (s deviceStore) UseToken(ctx context.Context, t auth.Token) error {
	return s.Write(ctx, func(tx *store.Tx) error { return tx.UseToken(store.Hash(t.Hash), t.Device) })
}

func (s deviceStore) RefuseTokens(ctx context.Context, device record.ID) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		d, err := tx.Device(device)
		if err == nil && d != nil {
			err = s.note(ctx, tx, "token_reuse", d.Person, device)
		}
		if err != nil {
			return err
		}
		return tx.DropTokens(device)
	})
}

func (s deviceStore) Bearer(ctx context.Context, h auth.Hash) (token *auth.Token, bearer *auth.Device, err error) {
	err = s.Read(ctx, func(v *store.View) error {
		t, err := v.Token(store.Hash(h))
		if err != nil || t.Device.IsZero() {
			return err
		}
		token = &auth.Token{Hash: h, Device: t.Device, Expires: t.Expires, Used: t.Used, Spent: t.Spent}
		d, err := v.Device(t.Device)
		if d != nil {
			bearer = deviceOf(d)
		}
		return err
	})
	return token, bearer, err
}
