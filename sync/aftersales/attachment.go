package aftersales

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The kinds of attachment.
const (
	AttachPhoto     = "photo"
	AttachVoice     = "voice"
	AttachVideo     = "video"
	AttachDocument  = "document"
	AttachSignature = "signature"
)

var attachmentKinds = []string{AttachPhoto, AttachVoice, AttachVideo, AttachDocument, AttachSignature}

// An attachment names a file by its content; the file travels apart.
var attachmentTable = &schema.Table{
	ID: 88, Name: "attachment", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		anyRef(1, "about", required, indexed),
		enum(2, "kind", attachmentKinds, required),
		text(3, "sha256", required, indexed), // lower-case hexadecimal
		integer(4, "size", required),         // bytes
		text(5, "media_type", required),
		text(6, "name", personal, searchable),
		text(7, "caption", searchable),
		ref(8, "author", "person"),
		ref(9, "replaces", "attachment"),
	}, scopeColumns(), occurred()),
	Buckets: scopeBuckets,
	Rights:  add(RightWork),
}

// BadFile says that a file is not named as files are.
const BadFile fault.Code = "bad_file"

// Attachment is a row of the table attachment.
type Attachment struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	About     Row       `json:"about"`
	Kind      string    `json:"kind"`
	SHA256    string    `json:"sha256"`
	Size      int64     `json:"size"`
	MediaType string    `json:"media_type"`
	Name      string    `json:"name"`
	Caption   string    `json:"caption"`
	Author    record.ID `json:"author"`
	Replaces  record.ID `json:"replaces"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// AttachmentOf returns the row as an Attachment; the zero Attachment for nil.
func AttachmentOf(r *record.Row) Attachment { return view[Attachment](r) }

// AttachmentInput names a file, by its content, that belongs to a row.
type AttachmentInput struct {
	About     Row
	Kind      string
	SHA256    string // 64 hexadecimal digits
	Size      int64  // bytes
	MediaType string
	Name      string
	Caption   string
	Replaces  record.ID
	At        Moment
}

// FilesOfJob returns the files of a job and of everything that belongs to it, and those that came with the report of its
// request, in the order in which they were written down; what another replaces is left out. What lies with another job is
// that one's, whatever it says to be about.
func FilesOfJob(v View, job record.ID) ([]Attachment, error) {
	rows, err := v.Refs("attachment", "job", job)
	if err != nil {
		return nil, err
	}
	of, err := v.Row("job", job)
	if err != nil {
		return nil, err
	}
	if request := JobOf(of).Request; !request.IsZero() {
		reported, err := v.Refs("attachment", "about", request)
		if err != nil {
			return nil, err
		}
		reported = slices.DeleteFunc(reported, func(r *record.Row) bool { return !r.Get("job").IsNull() })
		rows = append(reported, rows...)
	}
	replaced := map[record.ID]bool{}
	for _, row := range rows {
		replaced[row.Get("replaces").Ref()] = true
	}
	list := []Attachment{}
	for _, row := range rows {
		if !replaced[row.ID] {
			list = append(list, AttachmentOf(row))
		}
	}
	return list, nil
}

// AddAttachment says that a file belongs to a row; the file may come later. Codes: BadFile, ReadByNobody on a
// phone, fault.UnknownRow.
func AddAttachment(tx Tx, in AttachmentInput) (record.ID, error) {
	sum, err := hex.DecodeString(in.SHA256)
	switch {
	case err != nil || len(sum) != sha256.Size:
		return record.ID{}, fault.New(BadFile, "a file is named by the 64 hexadecimal digits of its SHA-256")
	case in.Size <= 0 || in.MediaType == "" || !slices.Contains(attachmentKinds, in.Kind):
		return record.ID{}, fault.New(BadFile, "a file has a size, a media type and a kind")
	}
	values, err := scopeOf(tx, in.About)
	if err != nil {
		return record.ID{}, err
	}
	values["kind"], values["sha256"] = record.Text(in.Kind), record.Text(hex.EncodeToString(sum))
	values["size"], values["media_type"] = record.Number(in.Size), record.Text(in.MediaType)
	values["name"], values["caption"] = optional(in.Name), optional(in.Caption)
	values["author"], values["replaces"] = record.Ref(tx.Author()), record.Ref(in.Replaces)
	in.At.put(tx, values)
	id := tx.NewID()
	return id, insert(tx, "attachment", id, values)
}
