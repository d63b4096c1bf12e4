package client

import (
	"cmp"
	"context"
	"slices"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Comments is typed access to what people say about rows, and to the files that belong to them.
type Comments struct{ c *Client }

// Comments returns typed access to comments and attachments.
func (c *Client) Comments() Comments { return Comments{c} }

// About returns the comments on a row that no other replaces, oldest first.
func (s Comments) About(ctx context.Context, about aftersales.Row) ([]aftersales.Comment, error) {
	return see(ctx, s.c, func(tx Tx) ([]aftersales.Comment, error) {
		rows, err := tx.Refs("comment", "about", about.ID)
		if err != nil {
			return nil, err
		}
		return standingComments(rows), nil
	})
}

func standingComments(rows []*record.Row) []aftersales.Comment {
	replaced := map[record.ID]bool{}
	for _, row := range rows {
		replaced[row.Get("replaces").Ref()] = true
	}
	comments := []aftersales.Comment{}
	for _, row := range rows {
		if !replaced[row.ID] {
			comments = append(comments, aftersales.CommentOf(row))
		}
	}
	slices.SortStableFunc(comments, func(a, b aftersales.Comment) int { return cmp.Compare(a.Corrected, b.Corrected) })
	return comments
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
