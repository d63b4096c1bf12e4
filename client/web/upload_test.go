package web

import (
	"bytes"
	"errors"
	"image"
	encode "image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/record"
)

// film returns bytes that look like an MP4 of so many bytes.
func film(n int) []byte {
	b := bytes.Repeat([]byte("frame "), n/6+1)[:n]
	copy(b, "\x00\x00\x00\x18ftypisom")
	return b
}

// sendFile posts a form with a file, as a browser does it.
func (h *thumb) sendFile(path, field, name string, content io.Reader, pairs ...string) *thumb {
	h.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	var err error
	for i := 0; i < len(pairs); i += 2 {
		err = errors.Join(err, form.WriteField(pairs[i], pairs[i+1]))
	}
	nothing, e := form.CreateFormFile("photo", "")
	part, e2 := form.CreateFormFile(field, name)
	if err = errors.Join(err, e, e2); err != nil {
		h.t.Fatal(err)
	}
	_, _ = nothing.Write(nil)
	if _, err := io.Copy(part, content); err != nil {
		h.t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		h.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080"+path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return h.serve(r)
}

// serve sends a request that comes from a page of ours.
func (h *thumb) serve(r *http.Request) *thumb {
	r.AddCookie(&http.Cookie{Name: h.app.gate.cookieName(), Value: h.app.gate.cookie})
	r.Header.Set("Origin", "http://127.0.0.1:8080")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	h.app.Handler().ServeHTTP(w, r)
	h.status, h.to, h.body = w.Code, w.Header().Get("Location"), w.Body.String()
	return h
}

// A video is taken in with its caption, waits for a network like a photo, and is shown in pieces, so that it can be wound.
func TestAVideoIsTakenAndShown(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.sendFile(h.job()+"/photos", "video", "pump.mp4", bytes.NewReader(film(300_000)), "caption", "It rattles")
	if h.status != http.StatusSeeOther {
		t.Fatal(h.status, h.body)
	}
	list, err := h.c.JobFiles(t.Context(), h.s.leak)
	if err != nil || len(list) != 1 || list[0].Kind != aftersales.AttachVideo || list[0].Caption != "It rattles" || list[0].Size != 300_000 {
		t.Fatal(list, err)
	}
	url := "/files/" + list[0].ID.String()
	h.get(h.job()+"/photos").sees("<video", url, "waiting to be sent", "It rattles")
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080"+url, nil)
	r.Header.Set("Range", "bytes=150000-150099")
	if h.serve(r); h.status != http.StatusPartialContent || h.body != string(film(300_000)[150_000:150_100]) {
		t.Error("a piece of the video:", h.status, len(h.body))
	}
}

// A video has a picture as soon as the page has taken one out of it; nothing else does, and nothing that is no picture is one.
func TestAVideoHasAPicture(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.sendFile(h.job()+"/photos", "video", "pump.mp4", bytes.NewReader(film(3_000_000)))
	h.get(h.job()+"/photos").sees("data-still", "2.9 MB", "files of up to 256 MB: some 2 minutes")
	list, err := h.c.JobFiles(t.Context(), h.s.leak)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	url := "/files/" + list[0].ID.String()
	still := func(picture string) int {
		return h.serve(httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080"+url+"/still", strings.NewReader(picture))).status
	}
	if status := still("no picture"); status != http.StatusUnprocessableEntity {
		t.Error(status)
	}
	var picture bytes.Buffer
	if err := encode.Encode(&picture, image.NewGray(image.Rect(0, 0, 640, 360))); err != nil {
		t.Fatal(err)
	}
	if status := still(picture.String()); status != http.StatusNoContent {
		t.Error(status, h.body)
	}
	h.get(h.job() + "/photos").sees(`poster="` + url + `/small"`)
	if h.get(url + "/small"); h.status != http.StatusOK || blob.Sniff([]byte(h.body)) != "image/jpeg" {
		t.Error(h.status)
	}
	h.sendFile(h.job()+"/photos", "photo", "x.png", bytes.NewReader(picture.Bytes()))
	if list, err = h.c.JobFiles(t.Context(), h.s.leak); err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	if url = "/files/" + list[1].ID.String(); still(picture.String()) != http.StatusUnprocessableEntity {
		t.Error("a photo's picture was exchanged", h.status)
	}
}

// What is no file of that sort, and what has no end, is refused with the reason on the page; nothing is half kept.
func TestAFileThatCannotBeTakenIsRefused(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.sendFile(h.job()+"/photos", "video", "virus.exe", strings.NewReader("MZ and so on"))
	if h.status != http.StatusUnprocessableEntity || !strings.Contains(h.body, "no file of that sort") {
		t.Error(h.status, h.body)
	}
	h.sendFile(h.job()+"/photos", "photo", "x.jpg", strings.NewReader("\xff\xd8\xff"), "caption", strings.Repeat("x", maxField+1))
	if h.status != http.StatusUnprocessableEntity {
		t.Error(h.status)
	}
	if list, err := h.c.JobFiles(t.Context(), h.s.leak); err != nil || len(list) != 0 || len(h.c.Waiting()) != 0 {
		t.Error(list, err)
	}
}

// A colleague's film that is not on this phone shows its picture, and is fetched by a tap on it.
func TestWhatIsAwayShowsItsSmallPicture(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.fetched()
	id := h.colleaguesFilm()
	h.get(h.job()).sees("2 missing")
	if h.get(h.job() + "/photos").sees("Fetch · 2.9 MB"); strings.Contains(h.body, id.String()+"/small") {
		t.Error("a picture is shown that is not there")
	}
	h.pictures(id)
	h.get(h.job()+"/photos").sees(`<img src="/files/`+id.String()+`/small" alt="the pump runs"`, "Fetch · 2.9 MB")
}

// colleaguesFilm names a film that is on a colleague's phone.
func (h *thumb) colleaguesFilm() record.ID {
	h.t.Helper()
	id, err := h.c.Comments().Attach(h.t.Context(), aftersales.AttachmentInput{
		About: aftersales.Row{Table: "job", ID: h.s.leak}, Kind: aftersales.AttachVideo, SHA256: strings.Repeat("ab", 32),
		Size: 3_000_000, MediaType: "video/mp4", Caption: "the pump runs",
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// pictures gives a film its picture.
func (h *thumb) pictures(id record.ID) {
	h.t.Helper()
	var picture bytes.Buffer
	err := encode.Encode(&picture, image.NewGray(image.Rect(0, 0, 320, 180)))
	if err == nil {
		err = h.c.KeepStill(h.t.Context(), id, bytes.NewReader(picture.Bytes()))
	}
	if err != nil {
		h.t.Fatal(err)
	}
}
