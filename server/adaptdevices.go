package server

import (
	"context"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

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
	return s.WriteInLine(ctx, func(tx *store.Tx) error {
		if err := tx.Expire(s.now()); err != nil {
			return err
		}
		return tx.PutToken(store.Hash(t.Hash), t.Device, t.Expires)
	})
}

func (s deviceStore) UseToken(ctx context.Context, t auth.Token) error {
	return s.WriteInLine(ctx, func(tx *store.Tx) error { return tx.UseToken(store.Hash(t.Hash), t.Device) })
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
