package server

import (
	"context"
	"errors"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Of whom the list of standings speaks, and how people and programs stand there; of a device it has its auth.Standing.
const (
	ofDevice, ofPerson, ofProgram = "device", "person", "program"

	isOut, isIn = 0, 1
)

func (s deviceStore) noteLetIn(ctx context.Context, id record.ID) error {
	return noteLetIn(ctx, s.Store, store.Standing{Of: ofDevice, ID: id, As: int(auth.Admitted)}, func(tx *store.Tx) (bool, error) {
		d, err := tx.Device(id)
		return d != nil && standingOf(d) == auth.Admitted, err
	})
}

func (s peopleStore) noteLetIn(ctx context.Context, p auth.Person) error {
	if !p.Active {
		return nil
	}
	return noteLetIn(ctx, s.Store, store.Standing{Of: ofPerson, ID: p.ID, As: isIn}, func(tx *store.Tx) (bool, error) {
		now, err := tx.Person(p.ID)
		return now != nil && now.Active, err
	})
}

// noteLetIn writes down that somebody whom the list shuts out is let in again, once that is durable: were it written before,
// a commit that fails would let him in by the next restore. A crash between the two leaves him on the list: a restore shuts
// him out, which his page shows, and there he is let in again. It is written in a transaction in which it still holds, so
// that who was shut out meanwhile stays.
func noteLetIn(ctx context.Context, s *store.Store, in store.Standing, holds func(*store.Tx) (bool, error)) error {
	noted, err := s.Standings()
	isShut := func(n store.Standing) bool { return n.Of == in.Of && n.ID == in.ID && n.As != in.As }
	if err != nil || !slices.ContainsFunc(noted, isShut) {
		return err
	}
	err = s.Write(ctx, func(tx *store.Tx) error {
		if still, err := holds(tx); err != nil || !still {
			return err
		}
		return s.NoteStanding(in)
	})
	if err != nil {
		return fault.Wrap(store.DiskFull, "This is done, but the list of who was shut out could not be written, and a backup that "+
			"is restored would undo it. Make room on the disk and do it again.", err)
	}
	return nil
}

// standAgain shuts out whom a database that came back from a backup would let in again. It lets nobody in: of several nodes
// each has a list of its own, and another's may have a later word.
func (c *Core) standAgain(ctx context.Context) error {
	noted, err := c.Store.Standings()
	if err != nil {
		return err
	}
	for _, s := range noted {
		if err := c.stand(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *Core) stand(ctx context.Context, s store.Standing) error {
	switch s.Of {
	case ofDevice:
		return c.standDevice(ctx, s.ID, auth.Standing(s.As))
	case ofPerson:
		if s.As == isOut {
			return c.keepOut(ctx, s.ID)
		}
		return nil
	case ofProgram:
		return c.standProgram(ctx, s.ID)
	}
	return nil
}

// standDevice does nothing for a device that the backup does not know: it has no way in.
func (c *Core) standDevice(ctx context.Context, id record.ID, as auth.Standing) error {
	d, err := c.Devices.Device(ctx, id)
	if err != nil || d == nil || as <= d.Standing || as > auth.Wiping {
		return err
	}
	return c.Devices.SetStanding(ctx, id, as)
}

func (c *Core) keepOut(ctx context.Context, id record.ID) error {
	people := peopleStore{Store: c.Store, now: c.now}
	_, err := people.ChangePerson(ctx, id, func(p *auth.Person, _ func() ([]auth.Person, error)) error {
		if !p.Active {
			return errAsBefore
		}
		p.Active = false
		return nil
	})
	if errors.Is(err, errAsBefore) || fault.CodeOf(err) == auth.UnknownOne {
		return nil
	}
	return err
}

var errAsBefore = errors.New("nothing changes")

// standProgram does nothing for a program that the backup does not know, or knows as revoked.
func (c *Core) standProgram(ctx context.Context, id record.ID) error {
	programs := programStore{c.Store, c.now}
	known, err := programs.Programs(ctx)
	if err != nil || !slices.ContainsFunc(known, func(p auth.Program) bool { return p.ID == id && p.Revoked.IsZero() }) {
		return err
	}
	return auth.NewPrograms(programs, nil, nil, c.now).Revoke(ctx, id)
}
