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
