package session

import (
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// fetching is how far a device is with the classes that it fetches as segments.
type fetching struct {
	wanted  [schema.Classes]bool // it has nothing of them
	classes [schema.Classes]bool // the hub has a segment of them, and sends nothing else
	under   bool                 // one is being fetched
	done    bool                 // one was, and the session ends when nothing is under way
}

// promises reports whether the page says that there is a segment of a class, and nothing else.
func (f *fetching) promises(p *wire.Page) bool {
	return p.To == 0 && !p.Last && int(p.Class) < schema.Classes && f.wanted[p.Class]
}

// NewDevice returns the device's end of a connection that is about to be opened, of a device that takes segments of the classes:
// it has said so where the connection is opened, and has nothing of them.
func NewDevice(local Local, segments ...schema.Class) *Device {
	d := &Device{local: local}
	for _, class := range segments {
		d.apart.wanted[class] = true
	}
	return d
}

// promised takes in that the hub has a segment of the class, and sends nothing else of it.
func (d *Device) promised(class schema.Class) ([]Effect, error) {
	id, err := d.local.Identity()
	if err != nil {
		return nil, err
	}
	d.pages++
	d.level, d.apart.classes[class] = false, true
	ack := wire.Ack{Class: class, K: id.Cursors[class], Pages: d.pages, Actor: id.Actor, Written: id.Counter}
	effects := []Effect{Send{ack}}
	if !d.apart.under {
		d.apart.under = true
		effects = append(effects, Fetch{class})
	}
	return d.settle(effects)
}
