package aftersales

import (
	"slices"

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
