package hub

import (
	"errors"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/session"
)

// answer turns trouble into the event that ends the session: with its reason where that is the device's business.
func (c *conn) answer(e session.Event, err error) session.Event {
	if err != nil {
		c.hub.trouble(c, err)
		return session.Refused{Reason: asFault(err)}
	}
	return e
}

// trouble logs what went wrong on the hub's side; a refusal is the device's affair and only counted.
func (h *Hub) trouble(c *conn, err error) {
	f := asFault(err)
	if f.Code == fault.Internal || f.Code == fault.HubFull {
		h.Log.Error("a device could not be served", "device", c.device.String(), "error", err)
	}
	h.stats.refusals.WithLabelValues(string(f.Code)).Inc()
}

// devicesAffair is why a device may be refused. Whatever else goes wrong is the operator's to hear: the technician would
// look for it on his phone.
var devicesAffair = []fault.Code{
	fault.Malformed, fault.TooLarge, fault.NotAllowed, fault.Unauthentic, fault.Revoked, fault.Wipe, fault.Version, fault.Overloaded,
}

// diskFull is what a store says that has no room to write. A device says the same of its own disk, so it hears
// fault.HubFull of the hub's.
const diskFull fault.Code = "disk_full"

func asFault(err error) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) && slices.Contains(devicesAffair, f.Code) {
		return f
	}
	if fault.CodeOf(err) == diskFull {
		return fault.Wrap(fault.HubFull, "the server's disk is full; it goes on by itself when there is space. Nothing on this device is lost", err)
	}
	return fault.Wrap(fault.Internal, "the server could not do this; try again later", err)
}
