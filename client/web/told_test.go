package web

import (
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What the user was told stands on his phone, and leads to the job that it is about; another's is not there.
func TestNoticesAreShown(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.get("/told").sees("What you are told will stand here.")
	told := func(tx client.Tx, person record.ID, about, text string) error {
		row := record.AnyRef(record.Key{Table: aftersales.Schema.Table(about).ID, ID: h.s.leak})
		return tx.Insert("notice", tx.NewID(), record.Values{
			"event": record.Text(aftersales.NoticeAssigned), "about": row, "person": record.Ref(person), "channel": record.Text(aftersales.ChannelApp),
			"text": record.Text(text), "not_before": record.Instant(1), "occurred": record.Instant(1), "corrected": record.Instant(1_767_225_600_000),
		})
	}
	err := h.c.Update(t.Context(), aftersales.CauseNoticeSend, func(tx client.Tx) error {
		return firstOf(told(tx, h.s.li, "job", "Job <b> is yours"), told(tx, h.s.li, "request", "Request R-7 is yours"), told(tx, h.s.office, "job", "not his"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if h.get("/told").sees("Job <b> is yours", "Request R-7 is yours", `href="`+h.job()+`"`); strings.Contains(h.body, "not his") {
		t.Error("he reads what a colleague was told")
	}
}
