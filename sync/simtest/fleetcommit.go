package simtest

import (
	"errors"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// judged is the answer to one push of a group commit.
type judged struct {
	pushed
	since   uint64 // the head before
	rulings []judge.Ruling
	reply   session.Judged
}

// commit judges the pushes that wait, of all sessions, in one durable commit, and answers them afterwards.
func (h *fleetHub) commit() {
	queue, acks := h.queue, h.acks
	h.queue, h.acks = nil, nil
	var answers []judged
	_, err := h.write(func(b *judge.Batch) error {
		for _, a := range acks {
			if err := b.Acknowledge(a.Actor, a.K, a.Written); err != nil {
				return err
			}
		}
		for _, q := range queue {
			since := b.Head()
			rulings, err := h.judge(b, q)
			if err != nil {
				return err
			}
			answers = append(answers, judged{pushed: q, since: since, rulings: rulings})
		}
		return nil
	}, func(tx judge.Store, b *judge.Batch) error {
		for i := range answers {
			if err := answers[i].bring(tx, b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		if !errors.Is(err, ErrCrashed) {
			h.f.fail("hub", "group commit: %v", err)
		}
		return
	}
	for _, a := range answers {
		h.reply(a)
	}
	h.f.checkCommit()
}

// reply answers a push, now or after others have committed: who judged it may have to wait for his turn. Answers keep
// their order on a connection.
func (h *fleetHub) reply(a judged) {
	late := int64(0)
	if h.f.chance(0.3) {
		late = int64(h.f.IntN(60))
	}
	if late == 0 && a.conn.answered < h.f.now {
		h.step(a.conn, a.reply)
		return
	}
	a.conn.answered = max(a.conn.answered, h.f.now+late)
	h.f.at(a.conn.answered, func() { h.step(a.conn, a.reply) })
}

// judge decides about a push, up to the first change set that is not to be judged under its number.
func (h *fleetHub) judge(b *judge.Batch, q pushed) ([]judge.Ruling, error) {
	var rulings []judge.Ruling
	author := judge.Author{Person: q.conn.who.person, Device: q.conn.who.device}
	changes := make([]judge.Parsed, len(q.push.Changes))
	for i, p := range q.push.Changes {
		var err error
		if changes[i], err = judge.Parse(p); err != nil {
			return nil, err
		}
	}
	if err := b.Foresee(changes); err != nil {
		return nil, err
	}
	for _, p := range changes {
		r, err := b.JudgeParsed(author, p)
		if err != nil {
			return nil, err
		}
		h.f.tracef("    hub judges %v of %s: %s seq %d %s", r.Dot, q.conn.phone.name, outcomes[r.Outcome], r.Seq, r.Code)
		h.f.hearsRuling(&r)
		h.f.checkForgotten(q.conn.phone, must(record.ParseChangeSet(p.Encoded)), &r)
		rulings = append(rulings, r)
		if r.Outcome == wire.Gap || r.Outcome == wire.Forked {
			break
		}
	}
	return rulings, nil
}

// bring adds the rows that come along.
func (j *judged) bring(tx judge.Store, b *judge.Batch) error {
	var keys []record.Key
	for _, r := range j.rulings {
		keys = append(keys, r.Return...)
	}
	rows, gone, err := judge.Answer(tx, j.conn.who.person, keys)
	j.reply = session.Judged{
		Verdicts: session.Verdicts(j.push.Actor, b.Epoch, b.Head(), j.rulings, rows, gone), Applied: session.Applied(j.rulings),
		Since: j.since, Regranted: b.Regranted(),
	}
	return err
}
