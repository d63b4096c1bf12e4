package files

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

// maxStill bounds the picture out of a video: a thumbnail, which has some 20 KB.
const maxStill = 256 << 10

// receiveStill takes a picture out of a video, which a hub cannot make by itself, from who has shown to have the video. It is
// drawn anew, like every thumbnail. The first one stays.
func (d *Desk) receiveStill(w http.ResponseWriter, r *http.Request, p place) error {
	had, err := d.Ledger.Has(r.Context(), p.person, p.hash)
	if err == nil && !had {
		err = errUnknown
	}
	if err == nil {
		err = d.isVideo(r.Context(), p)
	}
	if err != nil {
		return err
	}
	if _, err := d.drawn(r.Context(), p.hash); err != nil {
		if err := d.drawStill(r, p); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// isVideo refuses all else: the hub makes the thumbnail of a photo itself.
func (d *Desk) isVideo(ctx context.Context, p place) error {
	c, err := d.Open(ctx, p.hash)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // it was only read
	head := make([]byte, blob.HeadSize)
	n, err := io.ReadFull(c, head)
	if err == io.ErrUnexpectedEOF {
		err = nil
	}
	if err == nil && !strings.HasPrefix(typeOf(head[:n]), "video/") {
		err = fault.New(blob.NoPicture, "Only a video has a picture taken out of it.")
	}
	return err
}

func (d *Desk) drawStill(r *http.Request, p place) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxStill+1))
	if err != nil {
		return fault.Wrap(fault.Malformed, "The picture did not come whole.", err)
	}
	if len(b) > maxStill {
		return fault.New(fault.TooLarge, "This is larger than a picture out of a video is.")
	}
	select {
	case d.drawing <- struct{}{}:
		defer func() { <-d.drawing }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	small, err := blob.Thumbnail(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return d.shelve(context.WithoutCancel(r.Context()), d.small, p.hash, small)
}
