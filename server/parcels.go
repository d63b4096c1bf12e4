package server

import (
	"context"
	"errors"
	"io"

	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/parcel"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// parcelSetting is where the store keeps the secret half of the hub's key for parcels. Whoever has the database has
// everything that a parcel could tell him; and a backup has the key with it, so that after a restore the phones' parcels
// can still be opened.
const parcelSetting = "parcel_key"

// parcelKey returns the hub's key for parcels, and makes it the first time.
func parcelKey(ctx context.Context, s *store.Store) (key parcel.Key, err error) {
	secret, err := keptSecret(ctx, s, parcelSetting, parcel.KeySize)
	if err != nil {
		return key, err
	}
	return parcel.NewKey(secret)
}

// TakeParcel takes in the unsent work that somebody brought from a device.
func (p phones) TakeParcel(ctx context.Context, from io.Reader) (b admin.Brought, err error) {
	opened, err := parcel.Open(from, p.parcels)
	if err != nil {
		return b, err
	}
	d, err := p.Devices.Device(ctx, opened.Device)
	if err != nil {
		return b, err
	}
	if d == nil || !opened.SignedBy(d.Key) {
		return b, fault.New(fault.Unauthentic, "This was not made by a device of this company.")
	}
	if err := p.mayCarry(ctx, d.Person); err != nil {
		return b, err
	}
	b.Device, b.Name, b.Person = d.ID, d.Name, d.Person
	// What a device brings that was shut out is kept apart for a person to decide: never dropped, never trusted.
	author := judge.Author{Person: d.Person, Device: d.ID, Revoked: d.Standing != auth.Admitted}
	if err := p.takeChanges(ctx, author, opened, &b); err != nil {
		return b, err
	}
	err = p.takeFiles(ctx, d.Person, opened, &b)
	p.log.Info("unsent work was brought by hand", "device", d.ID, "changes", len(b.Changes), "files", len(b.Files))
	return b, err
}

func (p phones) takeChanges(ctx context.Context, author judge.Author, opened *parcel.Parcel, b *admin.Brought) error {
	for push, err := range opened.Pushes(p.Hub.Codec()) {
		if err != nil {
			return err
		}
		taken, err := p.Hub.TakeIn(ctx, author, &push)
		if err != nil {
			return err
		}
		for _, t := range taken {
			switch t.Outcome {
			case wire.Gap:
				b.Missing = true
				return nil
			case wire.Forked:
				b.Forked = true
				return nil
			}
			b.Changes = append(b.Changes, broughtChange(t))
		}
	}
	return nil
}

func broughtChange(t hub.TakenIn) admin.BroughtChange {
	return admin.BroughtChange{
		Change: t.Change, Again: t.Again, Refused: t.Outcome == wire.Quarantined, Code: t.Code, Message: t.Message,
	}
}

// takeFiles takes in the files behind the changes, which do not wait for them. One that is refused does not keep back
// the next; one that breaks off was the last.
func (p phones) takeFiles(ctx context.Context, person record.ID, opened *parcel.Parcel, b *admin.Brought) error {
	for {
		f, content, err := opened.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return p.cutOff(err, b)
		}
		taken := admin.BroughtFile{Kind: f.Kind, Size: f.Size}
		h, _, _, err := p.Files.Receive(ctx, person, f.Kind, content)
		var refused *fault.Error
		switch {
		case fault.CodeOf(err) == parcel.Unreadable:
			return p.cutOff(err, b)
		case errors.As(err, &refused):
			taken.Code, taken.Message = refused.Code, refused.Message
		case err != nil:
			return err
		case h != f.Hash:
			taken.Code, taken.Message = parcel.Unreadable, "This file was damaged on the way. The phone still has it."
		}
		b.Files = append(b.Files, taken)
	}
}

// cutOff notes that files are missing at the end. The changes are in.
func (p phones) cutOff(err error, b *admin.Brought) error {
	p.log.Info("a parcel broke off in its files", "device", b.Device, "error", err)
	b.Cut = true
	return nil
}
