package admin

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Files is where the files lie that rows name.
type Files interface {
	// Has reports whether the file is here, whole.
	Has(ctx context.Context, h blob.Hash) (bool, error)
	// Receive takes in a file of the kind; refusals are *fault.Error for the person.
	Receive(ctx context.Context, person record.ID, kind string, from io.Reader) (h blob.Hash, size int64, mediaType string, err error)
	// Serve answers with the file as a download of that name, ServeThumbnail with a small picture of it. An error leaves
	// the answer unwritten.
	Serve(w http.ResponseWriter, r *http.Request, h blob.Hash, name string) error
	ServeThumbnail(w http.ResponseWriter, r *http.Request, h blob.Hash) error
}

// fileView is an attachment on a page.
type fileView struct {
	URL     string
	Kind    string
	Caption string
	Here    bool // else it is still on its way
	Picture bool
	signature
}

const attachmentsURL = "/attachments"

// files returns the files of the job, of what belongs to it and of the report that it follows from; what lies with another job
// is that one's.
func (b *builder) files(job *record.Row) (views []fileView, err error) {
	views, err = b.filesBy("job", job.ID, func(*record.Row) bool { return true })
	request := job.Get("request").Ref()
	if err != nil || request.IsZero() {
		return views, err
	}
	reported, err := b.filesBy("about", request, func(row *record.Row) bool { return row.Get("job").IsNull() })
	return append(reported, views...), err
}

// filesAbout returns the files of one row alone.
func (b *builder) filesAbout(row *record.Row) (views []fileView, err error) {
	return b.filesBy("about", row.ID, func(*record.Row) bool { return true })
}

// filesBy returns those that may be shown and that no other of them replaces.
func (b *builder) filesBy(via string, of record.ID, may func(*record.Row) bool) (views []fileView, err error) {
	if b.o.Files == nil {
		return nil, nil
	}
	rows, err := b.about("attachment", via, of)
	rows = slices.DeleteFunc(rows, func(row *record.Row) bool { return !may(row) })
	replaced := map[record.ID]bool{}
	for _, row := range rows {
		replaced[row.Get("replaces").Ref()] = true
	}
	for _, row := range rows {
		if err != nil {
			return nil, err
		}
		if replaced[row.ID] {
			continue
		}
		var view fileView
		if view, err = b.file(row); err == nil {
			views = append(views, view)
		}
	}
	return views, err
}

func (b *builder) file(row *record.Row) (view fileView, err error) {
	a := aftersales.AttachmentOf(row)
	view = fileView{URL: attachmentsURL + "/" + a.ID.String(), Kind: a.Kind, Caption: strings.TrimSpace(a.Caption)}
	view.Picture = a.Kind == aftersales.AttachPhoto || a.Kind == aftersales.AttachSignature
	if view.signature, err = b.signed(row); err != nil {
		return view, err
	}
	if h, ok := blob.ParseHash(a.SHA256); ok {
		view.Here, err = b.v.opens(b.r, row, h)
	}
	return view, err
}

// ShowFile sends the file of an attachment.
func (o *Office) ShowFile(v *Visit) error {
	a, h, err := o.attachment(v)
	if err != nil {
		return err
	}
	return o.Files.Serve(v.w, v.r, h, a.Name)
}

// ShowThumbnail sends a small picture of one.
func (o *Office) ShowThumbnail(v *Visit) error {
	_, h, err := o.attachment(v)
	if err != nil {
		return err
	}
	return o.Files.ServeThumbnail(v.w, v.r, h)
}

var errNoFile = fault.New(NotFound, "There is no such file, or it is still on its way.")

func (o *Office) attachment(v *Visit) (a aftersales.Attachment, h blob.Hash, err error) {
	id, err := v.id()
	if err != nil || o.Files == nil {
		return a, h, errors.Join(err, errNoFile)
	}
	here := false
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := r.Row(record.Key{Table: o.Schema.Table("attachment").ID, ID: id})
		if err != nil || row == nil || row.Deleted {
			return err
		}
		a = aftersales.AttachmentOf(row)
		var ok bool
		if h, ok = blob.ParseHash(a.SHA256); ok {
			here, err = v.opens(r, row, h)
		}
		return err
	})
	if err == nil && !here {
		err = errNoFile
	}
	return a, h, err
}

// opens reports whether the file that a row names is here, for the visitor.
func (v *Visit) opens(r Reader, row *record.Row, h blob.Hash) (bool, error) {
	may, err := r.Opens(row, h)
	if err != nil || !may {
		return false, err
	}
	return v.office.Files.Has(v.r.Context(), h)
}

// The bounds of an upload from a page: what the company allows is asked on the way; these are for who sends no file
// at all.
const (
	maxUpload    = 2 << 30
	uploadWithin = 30 * time.Minute
	maxField     = 4 << 10
)

// AttachToJob takes in a file that is sent from the page of a job.
func (o *Office) AttachToJob(v *Visit) error {
	id, err := v.id()
	if err != nil || o.Files == nil {
		return errors.Join(err, errForm)
	}
	in, err := o.receive(v)
	if err == nil {
		in.About = aftersales.Row{Table: "job", ID: id}
		err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseAttachment, func(tx aftersales.Tx) error {
			_, err := aftersales.AddAttachment(tx, in)
			return err
		})
	}
	if err != nil {
		return o.jobRefused(v, err)
	}
	return v.done(jobURL(id), v.t("The file is attached."))
}

// multipart begins to read a form that brings files, which takes longer and is larger than others.
func (v *Visit) multipart() (*multipart.Reader, error) {
	control := http.NewResponseController(v.w)                // where the bound cannot be lifted, that of the server holds
	_ = control.SetReadDeadline(time.Now().Add(uploadWithin)) // the socket knows no other clock
	_ = control.SetWriteDeadline(time.Now().Add(uploadWithin))
	v.r.Body = http.MaxBytesReader(v.w, v.upload, maxUpload)
	form, err := v.r.MultipartReader()
	if err != nil {
		return nil, errForm
	}
	return form, nil
}

// receive reads the form part by part, so that a video is never in memory; the fields stand before the file.
func (o *Office) receive(v *Visit) (in aftersales.AttachmentInput, err error) {
	form, err := v.multipart()
	if err != nil {
		return in, err
	}
	fields := map[string]string{}
	for {
		part, err := form.NextPart()
		if err != nil {
			return in, fault.Wrap(BadForm, "Choose a file first.", err)
		}
		if part.FormName() == "file" && part.FileName() != "" {
			in.Kind, in.Caption, in.Name = fields["kind"], fields["caption"], part.FileName()
			h, size, mediaType, err := o.Files.Receive(v.r.Context(), v.Who.ID, in.Kind, part)
			in.SHA256, in.Size, in.MediaType = h.String(), size, mediaType
			return in, err
		}
		text, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			return in, fault.Wrap(BadForm, "The form is too long or damaged. Go back and try again.", err)
		}
		fields[part.FormName()] = string(text)
	}
}
