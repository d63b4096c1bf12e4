package server

import (
	"encoding/json"
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// Wiped is what a device sends to POST /wiped once it has destroyed what it held, by the office's order: its own signature
// over wire.WipedText (base64 in JSON), made while it still had its key. It may be sent more than once.
type Wiped struct {
	Device    record.ID `json:"device"`
	Signature []byte    `json:"signature"`
}

const maxWiped = 1 << 10

// wiped notes what a device says that has wiped itself. Whoever has no key of a device that was told to is refused.
func wiped(devices *auth.Devices, refuse func(http.ResponseWriter, *http.Request, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var said Wiped
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxWiped)).Decode(&said); err != nil {
			refuse(w, r, fault.Wrap(fault.Malformed, "Send an object with device and signature.", err))
			return
		}
		if err := devices.Wiped(r.Context(), said.Device, wire.WipedText(said.Device), said.Signature); err != nil {
			refuse(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// refuseWiped is Server.refuse where there is a core only.
func (c *Core) refuseWiped(w http.ResponseWriter, _ *http.Request, err error) {
	code := fault.CodeOf(err)
	if code == "" {
		c.log.Error("a device that wiped itself could not be noted", "error", err)
		code = fault.Internal
	}
	status, ok := statuses[code]
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	reply(w, status, refusal{code, "Send what the device signed."})
}
