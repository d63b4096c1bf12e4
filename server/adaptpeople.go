package server

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

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
