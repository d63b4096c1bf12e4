package hub

import (
	"context"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// TakenIn is what became of one change set of a push that came without a connection.
type TakenIn struct {
	Dot     clock.Dot
	Change  *record.ChangeSet
	Outcome wire.Outcome
	Again   bool // the hub had it before
	Next    uint64
	Code    fault.Code
	Message string
}

// TakeIn judges a push that came another way than by a connection, in the name of the device that made it, durably. It
// is judged as on a connection: what the hub has judged before is not judged again. Whoever holds the rows is told, the
// author's own device too. After a wire.Gap, whose Next is the counter that is wanted, or a wire.Forked nothing follows.
// Codes: those of judge.ErrForeign, fault.Malformed.
func (h *Hub) TakeIn(ctx context.Context, author judge.Author, p *wire.Push) ([]TakenIn, error) {
	judged, err := h.judge(ctx, nil, author, h.take(ctx, p, nil))
	if err != nil {
		return nil, err
	}
	var taken []TakenIn
	for i := range judged.Verdicts.Verdicts {
		v := &judged.Verdicts.Verdicts[i]
		for n := range max(v.Count, 1) {
			if len(taken) == len(p.Changes) {
				break
			}
			cs, err := record.ParseChangeSet(p.Changes[len(taken)].Encoded)
			if err != nil {
				return nil, err
			}
			t := TakenIn{Dot: cs.Dot, Change: cs, Outcome: v.Outcome, Code: v.Code, Message: v.Message, Next: v.Seq}
			t.Again = v.Outcome != wire.Gap && v.Seq+n <= judged.Since
			taken = append(taken, t)
		}
	}
	return taken, nil
}

// Codec returns what reads messages of devices.
func (h *Hub) Codec() *wire.Codec { return h.codec }
