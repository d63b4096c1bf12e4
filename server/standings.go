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

func standingOfPerson(active bool) int {
	if active {
		return 1
	}
	return 0
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
	case "device":
		return c.standDevice(ctx, s.ID, auth.Standing(s.As))
	case "person":
		if s.As == 0 {
			return c.keepOut(ctx, s.ID)
		}
		return nil
	case "program":
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

func (c *Core) standProgram(ctx context.Context, id record.ID) error {
	programs := programStore{c.Store, c.now}
	known, err := programs.Programs(ctx)
	is := func(p auth.Program) bool { return p.ID == id }
	if err != nil || !slices.ContainsFunc(known, is) {
		return err
	}
	return programs.ChangePrograms(ctx, func(list []auth.Program) ([]auth.Program, error) { return slices.DeleteFunc(list, is), nil })
}
