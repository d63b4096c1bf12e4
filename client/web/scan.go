package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"fieldsync/sync/fault"
	"fieldsync/sync/scan"
)

// maxFrame is how large a picture of the camera may be: a photo too, where the browser gives no live picture.
const maxFrame = 16 << 20

// scan reads the code in a picture of the camera: {"text":…}, or 204 where there is none. Many phones' browsers read no
// codes themselves; the device's own server does, without a network. It reads one picture at a time: while it is busy
// the others count as without a code, and the page sends the next.
func (v *request) scan() error {
	b, err := io.ReadAll(io.LimitReader(v.r.Body, maxFrame))
	if err != nil {
		return fault.Wrap(scan.Strange, "this is no picture that can be read: send a JPEG or PNG", err)
	}
	select {
	case v.scanning <- struct{}{}:
		defer func() { <-v.scanning }()
	default:
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	text, err := scan.Read(bytes.NewReader(b))
	var refused *fault.Error
	switch {
	case fault.CodeOf(err) == scan.Nothing:
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	case errors.As(err, &refused):
		http.Error(v.w, v.lang.refusal(refused.Code, refused.Message), http.StatusUnsupportedMediaType)
		return nil
	case err != nil:
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(v.w).Encode(map[string]string{"text": text})
}
