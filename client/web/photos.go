package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/client/files"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

// photosPage is the files of a job, each with its state.
type photosPage struct {
	frame
	stand
	Files []fileTile
	Rest  rest  // what was taken earlier
	Most  int64 // bytes of one file; 0 for no bound
}

// fileTile is a file in the list.
type fileTile struct {
	client.Attachment
	Small bool // of a video, or of what is not here: there is a small picture
}

// filmed is about how much a phone films in a minute, in bytes.
const filmed = 130 << 20

// MB returns how many megabytes a file may have.
func (p photosPage) MB() int64 { return p.Most >> 20 }

// Minutes returns about how long a film of that size is.
func (p photosPage) Minutes() int64 { return max(1, (p.Most+filmed/2)/filmed) }

func (v *request) photos() error {
	p := photosPage{frame: v.frame("Photos")}
	p.Live = true
	err := v.view(func(tx client.Tx) (err error) {
		p.stand, err = v.stand(tx)
		return err
	})
	if err != nil {
		return err
	}
	list, err := v.client.JobFiles(v.ctx(), p.Job.ID)
	if err != nil {
		return err
	}
	list, p.Rest, err = latest(v, list, func(f client.Attachment) string { return f.Caption + f.Name + f.Reason })
	if err != nil {
		return err
	}
	for _, f := range list {
		tile := fileTile{Attachment: f}
		if f.Kind == aftersales.AttachVideo || f.State == client.FileAway || f.State == client.FileFetching {
			_, err := v.client.Thumbnail(v.ctx(), f.ID)
			tile.Small = err == nil
		}
		p.Files = append(p.Files, tile)
	}
	limits, err := v.client.FileLimits(v.ctx())
	if err != nil {
		return err
	}
	p.Most, p.Back = limits.Size, p.URL()
	return v.show("photos", p)
}

// addPhotos takes photos, videos and voice notes in. The files are kept first, then named, all in one change.
func (v *request) addPhotos() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	taken, err := v.received()
	if err != nil {
		return err
	}
	if len(taken) == 0 {
		return v.redirect(jobURL(job) + "/photos")
	}
	err = v.once("attachment", aftersales.CauseAttachment, func(tx client.Tx) error {
		for _, in := range taken {
			in.About = aftersales.Row{Table: "job", ID: job}
			if _, err := aftersales.AddAttachment(tx, in); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(job) + "/photos")
}

// shownTypes are the files that the browser is given as what they are; anything else is only saved.
var shownTypes = []string{"image/jpeg", "image/png", "image/webp", "image/gif", "audio/", "video/"}

// file answers with a file that is on the phone. Whoever made it cannot make it a page of ours: it runs nothing.
func (v *request) file() error {
	id, err := v.path()
	if err != nil {
		return err
	}
	var row aftersales.Attachment
	if err := v.view(func(tx client.Tx) (err error) {
		if row, err = rowAs(tx, "attachment", id, aftersales.AttachmentOf); err != nil || !row.ID.IsZero() {
			return err
		}
		d, err := rowAs(tx, "document", id, aftersales.DocumentOf)
		row.MediaType, row.Name = d.MediaType, d.Name
		return err
	}); err != nil {
		return err
	}
	content, err := v.client.OpenAttachment(v.ctx(), id)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // it was only read
	kind, disposition := "application/octet-stream", "attachment"
	for _, shown := range shownTypes {
		if strings.HasPrefix(row.MediaType, shown) {
			kind, disposition = row.MediaType, "inline"
		}
	}
	h := v.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", kind)
	if disposition == "attachment" && row.Name != "" {
		disposition = mime.FormatMediaType(disposition, map[string]string{"filename": row.Name})
	}
	h.Set("Content-Disposition", disposition)
	h.Set("Cache-Control", "private, max-age=86400")
	http.ServeContent(v.w, v.r, "", time.Time{}, content) // in pieces where it is asked to: a video is wound forward
	return nil
}

// thumbnail answers with a small picture; 404 where there is none yet.
func (v *request) thumbnail() error {
	id, err := v.path()
	if err != nil {
		return err
	}
	picture, err := v.client.Thumbnail(v.ctx(), id)
	switch fault.CodeOf(err) {
	case files.Elsewhere, blob.NoPicture:
		http.NotFound(v.w, v.r)
		return nil
	}
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "image/jpeg")
	v.w.Header().Set("Cache-Control", "private, max-age=86400")
	_, _ = v.w.Write(picture) // who has gone away needs no answer
	return nil
}

// fetch asks the office for a picture that is not on the phone. It answers at once; the page follows.
func (v *request) fetch() error {
	id, err := v.path()
	if err != nil {
		return err
	}
	go func() {
		if err := v.client.Download(v.leaving, id); err != nil && !errors.Is(err, v.leaving.Err()) {
			v.client.Log.Info("a file could not be fetched", "reason", err)
		}
	}()
	return v.redirect(v.backTo())
}

// still keeps the picture that the page took out of a video.
func (v *request) still() error {
	id, err := v.path()
	if err != nil {
		return err
	}
	picture, err := io.ReadAll(io.LimitReader(v.r.Body, maxField))
	if err == nil {
		err = v.client.KeepStill(v.ctx(), id, bytes.NewReader(picture))
	}
	if err != nil {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// sendAgain makes a file wait again that the hub refused: the office may have changed what it takes.
func (v *request) sendAgain() error {
	id, err := v.path()
	if err == nil {
		err = v.client.RetryFile(v.ctx(), id)
	}
	if err != nil {
		return err
	}
	return v.redirect(v.backTo())
}

// backTo returns the page of ours that the form was on.
func (v *request) backTo() string {
	if to := v.form("to"); strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.Contains(to, `\`) {
		return to
	}
	return todayURL
}
