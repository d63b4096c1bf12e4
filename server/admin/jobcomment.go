package admin

import (
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// CommentJob adds a line to the job's log; whoever has the job reads it on his phone.
func (o *Office) CommentJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseComment, "Added.", func(tx aftersales.Tx, id record.ID) error {
		text := strings.TrimSpace(v.form("text"))
		if text == "" {
			return fault.New(aftersales.MissingText, "The comment is empty. Type it first.")
		}
		now := record.Instant(tx.Now())
		return tx.Insert("comment", tx.NewID(), record.Values{
			"about": record.AnyRef(record.Key{Table: aftersales.Schema.Table("job").ID, ID: id}), "job": record.Ref(id),
			"kind": record.Text(aftersales.CommentNote), "text": record.Text(text), "author": record.Ref(tx.Author()),
			"occurred": now, "corrected": now,
		})
	})
}

// CorrectComment says something else in the place of what was said: the history keeps both.
func (o *Office) CorrectComment(v *Visit) error {
	return o.jobDo(v, aftersales.CauseCommentCorrect, "Corrected. The history keeps what it said before.", func(tx aftersales.Tx, id record.ID) error {
		comment, err := v.ofJob(tx, "comment", id)
		if err != nil {
			return err
		}
		_, err = aftersales.CorrectComment(tx, comment, v.form("corrected"))
		return err
	})
}

// TakeBackComment takes what was said off the pages, with a reason.
func (o *Office) TakeBackComment(v *Visit) error {
	return o.jobDo(v, aftersales.CauseCommentTakeBack, "Taken back. The history keeps it.", func(tx aftersales.Tx, id record.ID) error {
		comment, err := v.ofJob(tx, "comment", id)
		if err != nil {
			return err
		}
		_, err = aftersales.TakeBackComment(tx, comment, v.form("reason"))
		return err
	})
}

// CommentRequest says something about a request; whoever handles it reads it.
func (o *Office) CommentRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseComment, "Added.", func(tx aftersales.Tx, id record.ID) error {
		_, err := aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "request", ID: id}, Kind: aftersales.CommentNote, Text: v.form("text")})
		return err
	})
}
