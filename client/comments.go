package client

import (
	"context"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Comments is typed access to what people say about rows, and to the files that belong to them.
type Comments struct{ c *Client }

// Comments returns typed access to comments and attachments.
func (c *Client) Comments() Comments { return Comments{c} }

// About returns the comments on a row as they were corrected, without those that were taken back, oldest first.
func (s Comments) About(ctx context.Context, about aftersales.Row) ([]aftersales.Comment, error) {
	return see(ctx, s.c, func(tx Tx) ([]aftersales.Comment, error) {
		rows, err := tx.Refs("comment", "about", about.ID)
		if err != nil {
			return nil, err
		}
		comments := []aftersales.Comment{}
		for _, row := range aftersales.StandingComments(rows) {
			later, err := tx.Refs("comment", "replaces", row.ID) // what takes one back is about that one
			if err != nil {
				return nil, err
			}
			if len(later) == 0 {
				comments = append(comments, aftersales.CommentOf(row))
			}
		}
		return comments, nil
	})
}

// Add says something about a row, and returns the comment's id.
func (s Comments) Add(ctx context.Context, in aftersales.CommentInput) (record.ID, error) {
	return add(ctx, s.c, aftersales.CauseComment, aftersales.AddComment, in)
}

// Attach says that a file, named by the SHA-256 of its content, belongs to a row, and returns the attachment's id. The
// file itself travels apart.
func (s Comments) Attach(ctx context.Context, in aftersales.AttachmentInput) (record.ID, error) {
	return add(ctx, s.c, aftersales.CauseAttachment, aftersales.AddAttachment, in)
}
