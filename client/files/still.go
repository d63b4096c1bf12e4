package files

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

// A hub cannot look into a video: the picture out of it is made where the video is shown, and brought to the hub, which hands it
// out as the video's thumbnail. Until it is there an empty file stands beside it, small/<hash>.unsent.
const unsent = ".unsent"

func (s *Store) unsentPath(h blob.Hash) string {
	return filepath.Join(s.dir, "small", h.String()+unsent)
}

// KeepStill keeps a picture out of a video as its thumbnail, for the hub too.
func (s *Store) KeepStill(h blob.Hash, b []byte) error {
	if err := s.KeepThumbnail(h, b); err != nil {
		return err
	}
	return s.whole(s.unsentPath(h), nil)
}

// Stills returns the videos whose pictures the hub does not have from this device, and that it has themselves.
func (s *Store) Stills() (list []blob.Hash, err error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "small"))
	for _, e := range entries {
		name, is := strings.CutSuffix(e.Name(), unsent)
		h, ok := blob.ParseHash(name)
		if _, waits := s.Note(h); is && ok && !waits {
			list = append(list, h)
		}
	}
	if err != nil {
		return nil, failed("the pictures out of videos cannot be listed", err)
	}
	return list, nil
}

// SendStill brings the picture out of a video to the hub. One that cannot be brought for good, to a hub that knows nothing of
// such pictures or since it is gone, waits no longer. Codes: blob.Unknown while the hub does not have the video; link.NoNetwork.
func (s *Store) SendStill(ctx context.Context, r *Remote, h blob.Hash) error {
	b, err := s.readSmall(h)
	if err == nil {
		err = r.putStill(ctx, h, b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && fault.CodeOf(err) != fault.Version && fault.CodeOf(err) != blob.NoPicture {
		return err
	}
	if err := os.Remove(s.unsentPath(h)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("that a picture was sent cannot be noted", err)
	}
	return nil
}

func (r *Remote) putStill(ctx context.Context, h blob.Hash, b []byte) error {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	response, err := r.do(ctx, http.MethodPut, blob.ThumbnailPath(h), bytes.NewReader(b), nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusMethodNotAllowed: // a hub of before
		return fault.New(fault.Version, "this server takes no pictures out of videos")
	}
	return refusal(response)
}
