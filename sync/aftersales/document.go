package aftersales

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The kinds of document.
const (
	DocumentManual    = "manual"
	DocumentProcedure = "procedure"
	DocumentBulletin  = "bulletin"
	DocumentTraining  = "training"
)

var documentKinds = []string{DocumentManual, DocumentProcedure, DocumentBulletin, DocumentTraining}

// A document is a manual, a procedure, a bulletin: a file named by its content, a text of its own, or both.
var documentTable = &schema.Table{
	ID: 200, Name: "document", Class: schema.ClassLibrary,
	Columns: slices.Concat(branch(), []schema.Column{
		enum(1, "kind", documentKinds, required),
		translated(2, "title", searchable),
		ref(3, "product", "product"), // empty: for any model
		long(1<<20, text(4, "text", searchable)),
		text(5, "sha256", indexed), // of the file, lower-case hexadecimal
		integer(6, "size"),         // bytes
		text(7, "media_type"),
		text(8, "name", searchable),
		text(9, "edition"),
		ref(10, "replaces", "document"),
	}, archive()),
	Buckets: shared(),
}

// Document is a row of the table document.
type Document struct {
	ID         record.ID         `json:"id"`
	Branch     record.ID         `json:"branch"`
	Kind       string            `json:"kind"`
	Title      map[string]string `json:"title"`
	Product    record.ID         `json:"product"`
	Text       string            `json:"text"`
	SHA256     string            `json:"sha256"`
	Size       int64             `json:"size"`
	MediaType  string            `json:"media_type"`
	Name       string            `json:"name"`
	Edition    string            `json:"edition"`
	Replaces   record.ID         `json:"replaces"`
	ArchivedAt int64             `json:"archived_at"`
}

// DocumentOf returns the row as a Document; the zero Document for nil.
func DocumentOf(r *record.Row) Document { return view[Document](r) }

// DocumentInput says what a document is.
type DocumentInput struct {
	Branch    record.ID // zero: the whole company's
	Kind      string
	Title     map[string]string // by language tag
	Product   record.ID
	Text      string
	SHA256    string // 64 hexadecimal digits; "": a text without a file
	Size      int64
	MediaType string
	Name      string
	Edition   string
	Replaces  record.ID // the edition before, which goes to the archive
}

// AddDocument puts a document into the library. Codes: MissingText without a title, or with neither file nor text,
// BadFile, UnknownCode, fault.UnknownRow.
func AddDocument(tx Tx, in DocumentInput) (record.ID, error) {
	if _, err := textFor("the document's title", Label(in.Title, "en")); err != nil {
		return record.ID{}, err
	}
	if _, err := textFor("the document's text and its file", in.Text+in.SHA256); err != nil {
		return record.ID{}, err
	}
	if !slices.Contains(documentKinds, in.Kind) {
		return record.ID{}, fault.New(UnknownCode, "a document is a manual, a procedure, a bulletin or training")
	}
	sum, err := hex.DecodeString(in.SHA256)
	if in.SHA256 != "" && (err != nil || len(sum) != sha256.Size || in.Size <= 0 || in.MediaType == "") {
		return record.ID{}, fault.New(BadFile, "a file has a SHA-256 of 64 hexadecimal digits, a size and a media type")
	}
	if err := needAll(tx, Row{"product", in.Product}, Row{"document", in.Replaces}); err != nil {
		return record.ID{}, err
	}
	id := tx.NewID()
	values := record.Values{
		"branch": record.Ref(in.Branch), "kind": record.Text(in.Kind), "product": record.Ref(in.Product),
		"text": optional(in.Text), "sha256": optional(hex.EncodeToString(sum)), "size": at(in.Size),
		"media_type": optional(in.MediaType), "name": optional(in.Name), "edition": optional(in.Edition),
		"replaces": record.Ref(in.Replaces),
	}
	addTexts(values, "title", in.Title)
	if err := insert(tx, "document", id, values); err != nil || in.Replaces.IsZero() {
		return id, err
	}
	return id, Archive(tx, ArchiveInput{"document", in.Replaces, "a newer edition"})
}

// DocumentsOf returns the documents in use for a model, in the order of their ids.
func DocumentsOf(v View, product record.ID) ([]Document, error) {
	rows, err := v.Refs("document", "product", product)
	list := []Document{}
	for _, row := range rows {
		if d := DocumentOf(row); d.ArchivedAt == 0 {
			list = append(list, d)
		}
	}
	return list, err
}
