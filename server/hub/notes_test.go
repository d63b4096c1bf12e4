package hub

import (
	"testing"
	"time"

	"fieldsync/sync/record"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

func TestWhatWaitsOnADeviceIsLoweredAsItIsJudged(t *testing.T) {
	t.Parallel()
	h := &Hub{notes: newNotes()}
	c := &conn{hub: h, device: record.ID{1}, contact: Contact{Pending: 5, Oldest: time.Unix(1, 0)}}
	answer := session.Judged{Since: 10, Verdicts: wire.Verdicts{Verdicts: []wire.Verdict{
		{Count: 2, Outcome: wire.Applied, Seq: 11}, {Count: 1, Outcome: wire.Quarantined, Seq: 13},
		{Count: 1, Outcome: wire.Quarantined, Seq: 9}, {Count: 1, Outcome: wire.Released, Seq: 8}, {Outcome: wire.Gap, Seq: 99},
	}}}
	c.settled(answer.Settled())
	if got := h.notes.contact(c.device); got == nil || got.Pending != 2 || got.Oldest.IsZero() {
		t.Errorf("after three: %+v", got)
	}
	c.settled(7)
	if got := h.notes.contact(c.device); got.Pending != 0 || !got.Oldest.IsZero() {
		t.Errorf("after all: %+v", got)
	}
}
