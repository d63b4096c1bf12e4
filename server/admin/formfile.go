package admin

import (
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// formFile reads a form that may bring a file: its fields as those of any form, and what a row says of the file, nothing
// where none was chosen. What is wrong with the file alone is refused, so that the form can be shown with what was typed.
func (v *Visit) formFile(f *Form) (file record.Values, refused, err error) {
	if f.File == "" || v.office.Files == nil || !strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/") {
		return nil, nil, nil
	}
	form, err := v.multipart()
	if err != nil {
		return nil, nil, err
	}
	v.r.PostForm = url.Values{}
	for left := int64(maxForm); ; {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return file, refused, nil
		case err != nil:
			return nil, nil, fault.Wrap(BadForm, "The form is too long or damaged. Go back and try again.", err)
		case part.FormName() == "file":
			if file, refused, err = v.takeFile(f.File, part); err != nil {
				return nil, nil, err
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, left+1))
		if left -= int64(len(text)); err != nil || left < 0 {
			return nil, nil, fault.Wrap(BadForm, "The form is too long or damaged. Go back and try again.", err)
		}
		v.r.PostForm.Add(part.FormName(), string(text))
	}
}

// takeFile takes one file in, and returns what a row says of it.
func (v *Visit) takeFile(kind string, part *multipart.Part) (file record.Values, refused, err error) {
	if part.FileName() == "" {
		return nil, nil, nil
	}
	h, size, mediaType, err := v.office.Files.Receive(v.r.Context(), v.Who.ID, kind, part)
	if _, status := statusOf(err); err != nil && status < 500 {
		return nil, err, nil
	}
	return record.Values{
		"sha256": record.Text(h.String()), "size": record.Number(size), "media_type": record.Text(mediaType), "name": record.Text(part.FileName()),
	}, nil, err
}
