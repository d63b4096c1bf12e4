package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
)

// How much a request may carry: a form as it is typed, with a signature; a picture to be scanned; and one with files: a few
// minutes of video.
const (
	maxForm   = 64 << 20
	maxUpload = 2 << 30
	maxField  = 1 << 20 // of one that is no file, beside files
)

// limited bounds what is read of a request. What comes with files is not kept in memory: see received.
func limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := int64(maxForm)
		if withFiles(r) {
			most = maxUpload
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	})
}

func withFiles(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "multipart/form-data"
}

// fileFields are the fields of forms that take files, with the kind of what they take.
var fileFields = map[string]string{
	"photo": aftersales.AttachPhoto, "voice": aftersales.AttachVoice, "video": aftersales.AttachVideo,
}

// received reads a form that may have files. Each is taken in as it comes, never by way of a file that lies open somewhere:
// it is on the phone for good when received returns, and the row that names it follows. The other fields can be asked for
// then, by form. Where it refuses, it has read the rest all the same, so that the browser is there to show why.
func (v *request) received() (taken []aftersales.AttachmentInput, err error) {
	if !withFiles(v.r) {
		return nil, v.r.ParseForm()
	}
	parts, err := v.r.MultipartReader()
	if err != nil {
		return nil, fault.Wrap(fault.Malformed, "This form is damaged. Open the page again.", err)
	}
	v.r.Form = v.r.URL.Query()
	v.r.PostForm = url.Values{}
	for err == nil {
		var part *multipart.Part
		if part, err = parts.NextPart(); err == nil {
			taken, err = v.receive(part, taken)
		}
	}
	if errors.Is(err, io.EOF) {
		return taken, nil
	}
	_, _ = io.Copy(io.Discard, v.r.Body)
	if e := new(http.MaxBytesError); errors.As(err, &e) {
		err = fault.Wrap(fault.TooLarge, "This is more than one form carries: take it in smaller pieces.", err)
	}
	return nil, err
}

// receive takes one field in. A file has the caption that came before it.
func (v *request) receive(part *multipart.Part, taken []aftersales.AttachmentInput) ([]aftersales.AttachmentInput, error) {
	kind, isFile := fileFields[part.FormName()]
	switch {
	case isFile && part.FileName() == "":
		return taken, nil // nothing was chosen
	case isFile:
		in, err := v.client.Stage(v.ctx(), part, client.FileInput{Kind: kind, Name: part.FileName(), Caption: v.form("caption")})
		if err != nil {
			return nil, err
		}
		return append(taken, in), nil
	}
	text, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err == nil && len(text) > maxField {
		err = fault.New(fault.TooLarge, "This is too long.")
	}
	v.r.Form.Add(part.FormName(), string(text))
	return taken, err
}
