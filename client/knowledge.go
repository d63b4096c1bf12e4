package client

import (
	"context"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Knowledge is typed access to what the company knows: solutions and documents.
type Knowledge struct{ c *Client }

// Knowledge returns typed access to solutions and documents.
func (c *Client) Knowledge() Knowledge { return Knowledge{c} }

// Solutions returns the solutions that fit, the best first.
func (k Knowledge) Solutions(ctx context.Context, q aftersales.SolutionQuery) ([]aftersales.Ranked, error) {
	return see(ctx, k.c, func(tx Tx) ([]aftersales.Ranked, error) { return aftersales.Solutions(tx, q) })
}

// Documents returns the documents in use for a model.
func (k Knowledge) Documents(ctx context.Context, product record.ID) ([]aftersales.Document, error) {
	return see(ctx, k.c, func(tx Tx) ([]aftersales.Document, error) { return aftersales.DocumentsOf(tx, product) })
}

// File returns what is known of the file of a document; its State is "" for a document that is a text alone. OpenAttachment
// opens the file, Download fetches it, both by the document's id.
func (k Knowledge) File(d aftersales.Document) Attachment {
	if d.SHA256 == "" {
		return Attachment{Attachment: fileOfDocument(d)}
	}
	return k.c.attachment(fileOfDocument(d))
}

// Library returns the documents in use for a model and those for any, the model's own first.
func (k Knowledge) Library(ctx context.Context, product record.ID) ([]aftersales.Document, error) {
	ids, err := k.c.find(ctx, "SELECT id FROM document WHERE _del = 0 AND archived_at IS NULL AND (product = ? OR product IS NULL)"+
		" ORDER BY product IS NULL, kind, id", product[:])
	if err != nil {
		return nil, err
	}
	return see(ctx, k.c, func(tx Tx) ([]aftersales.Document, error) {
		list := []aftersales.Document{}
		for _, id := range ids {
			row, err := tx.Row("document", id)
			if err != nil {
				return nil, err
			}
			if row != nil {
				list = append(list, aftersales.DocumentOf(row))
			}
		}
		return list, nil
	})
}

// Use says whether a solution helped at a job, and returns the id of that.
func (k Knowledge) Use(ctx context.Context, in aftersales.UseSolutionInput) (record.ID, error) {
	return add(ctx, k.c, aftersales.CauseSolutionUse, aftersales.UseSolution, in)
}
