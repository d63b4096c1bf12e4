package client

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"

	"fieldsync/client/files"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// FileInput is what is said of a file that is taken in.
type FileInput struct {
	Kind     string // aftersales.AttachPhoto and the others
	Name     string // what its maker calls it; may be ""
	Caption  string // what it shows; may be ""
	Replaces record.ID
	Original bool // a photo stays as large as it is, whatever was chosen
}

// Attach takes a file in and says that it belongs to the row, and returns the attachment's id. Both are durable when
// it returns, and its thumbnail is there; the file travels when there is a network for it, apart from the row: neither
// waits for the other. Codes: files.DiskFull, blob.WrongKind; those of aftersales.AddAttachment.
func (c *Client) Attach(ctx context.Context, about aftersales.Row, content io.Reader, in FileInput) (record.ID, error) {
	named, err := c.Stage(ctx, content, in)
	if err != nil {
		return record.ID{}, err
	}
	named.About = about
	return c.Comments().Attach(ctx, named)
}

// Stage takes a file in and returns what names it, for a transaction of the caller's own:
//
//	signature, err := c.Stage(ctx, png, client.FileInput{Kind: aftersales.AttachSignature})
//	err = c.Update(ctx, aftersales.CauseSlipSign, func(tx client.Tx) error {
//		signature.About = aftersales.Row{Table: "slip", ID: slip}
//		id, err := aftersales.AddAttachment(tx, signature)
//		...
//		return aftersales.SignSlip(tx, aftersales.SignInput{Slip: slip, Signature: id, SignedBy: name})
//	})
func (c *Client) Stage(ctx context.Context, content io.Reader, in FileInput) (aftersales.AttachmentInput, error) {
	if err := ctx.Err(); err != nil {
		return aftersales.AttachmentInput{}, err
	}
	if err := c.mayCarry(); err != nil {
		return aftersales.AttachmentInput{}, err
	}
	a, err := c.files.Add(content, in.Kind, c.Choices().Reduce && !in.Original, c.Now())
	if err != nil {
		return aftersales.AttachmentInput{}, err
	}
	c.haul.wakeUp()
	return aftersales.AttachmentInput{
		Kind: in.Kind, SHA256: a.Hash.String(), Size: a.Size, MediaType: a.MediaType, Name: in.Name, Caption: in.Caption,
		Replaces: in.Replaces,
	}, nil
}

// The states of an attachment's file, as its user sees them.
const (
	FileWaiting  = "waiting"  // on this device; the hub does not have it yet
	FileSending  = "sending"  // some of it is with the hub
	FileDone     = "done"     // on this device and with the hub
	FileRefused  = "refused"  // the hub will not have it: Reason says why
	FileAway     = "away"     // not on this device: see Download
	FileFetching = "fetching" // some of it has come
)

// Attachment is a file that belongs to a row, with what is known of the file.
type Attachment struct {
	aftersales.Attachment
	State   string     `json:"state"`
	Percent int        `json:"percent"` // of FileSending and FileFetching
	Code    fault.Code `json:"code,omitempty"`
	Reason  string     `json:"reason,omitempty"` // of FileRefused, for the person
	WiFi    bool       `json:"wifi,omitempty"`   // of FileWaiting: until the network is not metered any more
}

// Attachments returns the files that belong to the row and that no other replaces, oldest first.
func (c *Client) Attachments(ctx context.Context, about aftersales.Row) ([]Attachment, error) {
	return c.attachments(ctx, about.ID)
}

// JobFiles returns the files of the job, of everything that belongs to it and of the report that it follows from, oldest
// first.
func (c *Client) JobFiles(ctx context.Context, job record.ID) ([]Attachment, error) {
	return see(ctx, c, func(tx Tx) ([]Attachment, error) {
		rows, err := aftersales.FilesOfJob(tx, job)
		list := make([]Attachment, len(rows))
		for i, row := range rows {
			list[i] = c.attachment(row)
		}
		slices.SortStableFunc(list, func(a, b Attachment) int { return cmp.Compare(a.Corrected, b.Corrected) })
		return list, err
	})
}

func (c *Client) attachments(ctx context.Context, id record.ID) ([]Attachment, error) {
	return see(ctx, c, func(tx Tx) ([]Attachment, error) {
		rows, err := tx.Refs(attachments, "about", id)
		if err != nil {
			return nil, err
		}
		replaced := map[record.ID]bool{}
		for _, row := range rows {
			replaced[row.Get("replaces").Ref()] = true
		}
		list := []Attachment{}
		for _, row := range rows {
			if !replaced[row.ID] {
				list = append(list, c.attachment(aftersales.AttachmentOf(row)))
			}
		}
		slices.SortStableFunc(list, func(a, b Attachment) int { return cmp.Compare(a.Corrected, b.Corrected) })
		return list, nil
	})
}

// attachment adds what is known of the file.
func (c *Client) attachment(row aftersales.Attachment) Attachment {
	a := Attachment{Attachment: row, State: FileAway}
	h, ok := blob.ParseHash(row.SHA256)
	if !ok {
		return a
	}
	t, moving := c.haul.moving(h)
	switch note, waits := c.files.Note(h); {
	case waits && note.Code != "":
		a.State, a.Code, a.Reason = FileRefused, note.Code, note.Message
	case waits && moving && t.Done > 0:
		a.State, a.Percent = FileSending, t.Percent()
	case waits:
		a.State, a.WiFi = FileWaiting, !c.allowed(note.Kind)
	case c.files.Here(h):
		a.State = FileDone
	case moving:
		a.State, a.Percent = FileFetching, t.Percent()
	}
	return a
}

// fileOf returns the row of an attachment and its file's hash. Codes: fault.UnknownRow, aftersales.BadFile.
func (c *Client) fileOf(ctx context.Context, id record.ID) (a aftersales.Attachment, h blob.Hash, err error) {
	err = c.View(ctx, func(tx Tx) error {
		row, err := tx.Row(attachments, id)
		if row != nil || err != nil {
			a = aftersales.AttachmentOf(row)
			return err
		}
		if row, err = tx.Row(documents, id); err == nil && row == nil {
			err = fault.New(fault.UnknownRow, "there is no such file on this device")
		}
		a = fileOfDocument(aftersales.DocumentOf(row))
		return err
	})
	if err != nil {
		return a, h, err
	}
	h, ok := blob.ParseHash(a.SHA256)
	if !ok {
		err = fault.New(aftersales.BadFile, "the file is not named as files are")
	}
	return a, h, err
}

// fileOfDocument returns the file of a document as if it were attached.
func fileOfDocument(d aftersales.Document) aftersales.Attachment {
	return aftersales.Attachment{ID: d.ID, Kind: aftersales.AttachDocument, SHA256: d.SHA256, Size: d.Size, MediaType: d.MediaType, Name: d.Name}
}

// OpenAttachment opens the file of an attachment, or of a document of the library. The code is files.Elsewhere where it is not on this device: see
// Download.
func (c *Client) OpenAttachment(ctx context.Context, id record.ID) (io.ReadSeekCloser, error) {
	_, h, err := c.fileOf(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.files.Read(h)
}

// Thumbnail returns a small JPEG of a picture, upright, of at most blob.ThumbnailSide pixels. It is there at once for
// what was taken here, and for the others once it was fetched. Codes: files.Elsewhere, blob.NoPicture.
func (c *Client) Thumbnail(ctx context.Context, id record.ID) ([]byte, error) {
	_, h, err := c.fileOf(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.files.Thumbnail(h)
}

// KeepStill keeps a picture out of a video as its thumbnail: a program that can show videos makes one. It is brought to the hub after
// the video, and is everybody's thumbnail then, unless another was there before. Codes: blob.NoPicture; fault.NotAllowed where the file has a thumbnail of its own.
func (c *Client) KeepStill(ctx context.Context, id record.ID, picture io.ReadSeeker) error {
	a, h, err := c.fileOf(ctx, id)
	if err == nil && !strings.HasPrefix(a.MediaType, "video/") {
		err = fault.New(fault.NotAllowed, "only a video has a picture taken out of it")
	}
	if err == nil {
		err = c.mayCarry()
	}
	if err != nil {
		return err
	}
	small, err := blob.Thumbnail(picture)
	if err != nil {
		return err
	}
	err = c.files.KeepStill(h, small)
	c.haul.wakeUp()
	return err
}

// Download fetches the file of an attachment, or of a document, from the hub, at once and on any network, since somebody asked for it; it
// goes on where it was cut off. Codes: blob.Unknown where the hub does not have it yet; link.NoNetwork; those of
// files.Fetch.
func (c *Client) Download(ctx context.Context, id record.ID) error {
	a, h, err := c.fileOf(ctx, id)
	if err != nil {
		return err
	}
	if err := c.mayCarry(); err != nil {
		return err
	}
	return c.fetch(ctx, h, a.Size, ctx.Err)
}

// RetryFile makes a file that the hub refused wait again. Codes: those of files.Retry.
func (c *Client) RetryFile(ctx context.Context, id record.ID) error {
	_, h, err := c.fileOf(ctx, id)
	if err != nil {
		return err
	}
	if err := c.mayCarry(); err != nil {
		return err
	}
	err = c.files.Retry(h)
	c.haul.wakeUp()
	return err
}

// FileLimits returns how large a file and how many of them the hub takes, as far as this device knows: what is more stays here, and
// is refused there.
func (c *Client) FileLimits(ctx context.Context) (aftersales.FileLimits, error) {
	return see(ctx, c, func(tx Tx) (aftersales.FileLimits, error) { return aftersales.ReadFileLimits(tx) })
}

// Waiting returns the files that the hub does not have yet, in the order in which they go.
func (c *Client) Waiting() []files.Item { return c.files.Waiting() }
