package hub

import (
	"context"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// errRevoked never tells a device to forget anything: its work stays on it.
var errRevoked = fault.New(fault.Revoked, "this device was shut out; ask the office. Nothing on it is lost")

var errWipe = fault.New(fault.Wipe, "the office has ordered this device to destroy what it holds")

var errUnknown = fault.New(fault.Unauthentic, "this device could not prove who it is; enrol it again. Nothing on it is lost")

// admit recognises a device by its token, or asks it for a signature.
func (c *conn) admit(hello wire.Hello) (session.Event, error) {
	ctx := context.Background()
	if len(hello.Token) > 0 {
		d, fresh, err := c.hub.Devices.Admit(ctx, hello.Device, hello.Token)
		if err != nil {
			return nil, err
		}
		if d != nil {
			return c.welcome(ctx, d, hello, fresh)
		}
	}
	nonce, err := c.hub.Devices.NewNonce()
	return session.Challenged{Nonce: nonce}, err
}

// prove recognises a device by its signature and gives it a token for the next time. Who is unknown and whose
// signature is wrong hear the same.
func (c *conn) prove(e session.Prove) (session.Event, error) {
	ctx := context.Background()
	d, err := c.hub.Devices.Device(ctx, e.Hello.Device)
	if err != nil {
		return nil, err
	}
	if d == nil || !auth.Proves(d.Key, wire.ChallengeText(e.Nonce), e.Signature) {
		return nil, errUnknown
	}
	switch d.Standing {
	case auth.Revoked:
		return nil, errRevoked
	case auth.Wiping:
		return nil, errWipe
	}
	token, err := c.hub.Devices.NewToken(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	return c.welcome(ctx, d, e.Hello, token)
}

// welcome begins the session of a device that is known.
func (c *conn) welcome(ctx context.Context, d *auth.Device, hello wire.Hello, token []byte) (session.Event, error) {
	c.author = judge.Author{Person: d.Person, Device: d.ID, Revoked: d.Standing == auth.HardRevoked}
	c.device, c.codec = d.ID, c.hub.codec.For(hello.Schema)
	now := c.hub.Now()
	if wait := c.hub.hello.Take(ctx, d.ID, now); wait > 0 {
		return c.hub.putOff(wait), nil
	}
	if !c.hub.register(c) {
		return session.Closing{RetryAfter: time.Second}, nil
	}
	var a judge.Admission
	var buckets []record.Bucket
	admit := func(v View) (err error) {
		if err = stands(v, d); err != nil {
			return err
		}
		if a, err = judge.Admit(v, c.hub.cfg, c.author, &hello, now.UnixMilli()); err != nil {
			return err
		}
		if a.Welcome.BackedUp, err = v.BackedUp(); err != nil {
			return err
		}
		buckets, err = HeldBy(v, d.Person)
		return err
	}
	err := c.hub.Store.Read(ctx, admit)
	if err == nil && a.NewActor {
		c.hub.flushNotes() // what it acknowledged under its last number counts for the next: see Admission.Begin
		err = c.hub.Store.Read(ctx, admit)
	}
	if err == nil && a.NewActor {
		err = c.hub.Store.WriteInLine(ctx, func(tx Tx) (err error) {
			if a.Welcome.Actor, err = tx.NewActor(d.Person, d.ID, clock.SideDevice); err != nil {
				return err
			}
			return a.Begin(tx)
		})
	}
	if err != nil {
		return nil, err
	}
	if !c.author.Revoked {
		c.hub.subscribe(c, buckets)
	}
	c.ws.SetReadLimit(wire.MaxMessage)
	c.contact = contactOf(&hello, &a.Welcome, now)
	c.heard, c.noted = now, now
	c.hub.notes.heard(d.ID, c.contact)
	a.Welcome.Token = token
	admitted := session.Admitted{
		Person: d.Person, Welcome: a.Welcome, Cursors: a.Cursors, Resume: a.Resume, Segments: c.segments(ctx, &a, hello.Schema),
		Follows: c.hub.untoldSince(a.Welcome.Head),
	}
	if c.author.Revoked {
		admitted.Mute = errRevoked
	}
	return admitted, nil
}

// stands refuses a device whose standing changed while it was being welcomed: before it had a connection that could have
// been ended.
func stands(v View, d *auth.Device) error {
	now, err := v.Standing(d.ID)
	if err == nil && now != d.Standing {
		err = errRevoked
	}
	return err
}

// maxOffset is how far a device's clock may be off, in ms: a hundred years. What it says beyond is as good as nothing.
const maxOffset = 100 * 365 * 24 * 3600 * 1000

func contactOf(hello *wire.Hello, w *wire.Welcome, now time.Time) Contact {
	c := Contact{
		App: hello.App, Schema: hello.Schema, Seen: now, Pending: int(hello.Pending), Actor: hello.Actor,
	}
	at, oldest := now.UnixMilli(), hello.Oldest
	if hello.Now > at-maxOffset && hello.Now < at+maxOffset {
		c.Offset = time.Duration(at-hello.Now) * time.Millisecond
		oldest = min(oldest, hello.Now) + at - hello.Now // what waits was written by the same clock
	}
	if hello.Oldest > 0 {
		c.Oldest = time.UnixMilli(min(oldest, at))
	}
	if w.Actor != 0 {
		c.Actor = w.Actor
	}
	return c
}
