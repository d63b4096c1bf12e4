package files

import (
	"bytes"
	"image"
	"image/jpeg"
	"net/http"
	"testing"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

// filmOf returns bytes that look like an MP4.
func filmOf(seed string) []byte {
	return append([]byte("\x00\x00\x00\x18ftypisom"), bytes.Repeat([]byte(seed), 200)...)
}

func pictureOf(t *testing.T, width int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, width/2)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A video's picture comes from who has the video, and from nobody else; the first stays, and it is the hub's own drawing.
func TestAPictureOutOfAVideo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := filmOf("pump ")
	h := hashed(content)
	put := func(what string, of blob.Hash, picture []byte, status int, code fault.Code) {
		t.Helper()
		w.wants(what, w.ask(li, http.MethodPut, blob.ThumbnailPath(of), bytes.NewReader(picture)), status, code)
	}
	put("of a video that is not here", h, pictureOf(t, 300), http.StatusNotFound, blob.Unknown)
	if a := w.patch(li, h, blob.Video, 0, len(content), content); !a.complete {
		t.Fatal(a)
	}
	w.shows(wang, h)
	w.wants("from who only sees it", w.ask(wang, http.MethodPut, blob.ThumbnailPath(h), bytes.NewReader(pictureOf(t, 200))), http.StatusNotFound, blob.Unknown)
	put("what is no picture", h, []byte("<svg/>"), http.StatusNotFound, blob.NoPicture)
	put("what is too large", h, make([]byte, maxStill+1), http.StatusRequestEntityTooLarge, fault.TooLarge)
	w.wants("before it came", w.ask(wang, http.MethodGet, blob.ThumbnailPath(h), nil), http.StatusNotFound, blob.NoPicture)

	put("the first", h, pictureOf(t, 300), http.StatusNoContent, "")
	put("another", h, pictureOf(t, 100), http.StatusNoContent, "")
	a := w.ask(wang, http.MethodGet, blob.ThumbnailPath(h), nil)
	c, err := jpeg.DecodeConfig(bytes.NewReader(a.body))
	if err != nil || c.Width != 300 {
		t.Error("not the first:", a, c, err)
	}
	if bytes.Equal(a.body, pictureOf(t, 300)) {
		t.Error("it was not drawn anew")
	}
	put("of a photo", w.sends(li, pictureOf(t, 500)), pictureOf(t, 300), http.StatusNotFound, blob.NoPicture)
}
