package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/wire"
)

// The chain is what makes the audit one that can be relied on: whoever changes an entry of the ledger, a verdict, whose it
// is, or a deed, or takes one out, behind the hub's back, breaks it, and Verify says where. A link is a SHA-256 over the
// one before, and over
//
//	a commit = 0 seq at { dot seq eff outcome hash person device code }    what it judged, in order of commit numbers
//	a deed   = 1 and what AuditEntry.appendTo says
//
// A commit's link stands in _log, a deed's in _audit, with the commit that it stands behind. Change sets enter as their
// hashes, which are salted where they say something personal (record.Salt), and values of deeds as theirs (AuditValue): so
// both may be erased, and the chain still verifies. It costs one link a commit, not one a change set. Who can write to
// the database could write all of it anew: what Verify returns as its end is to be kept somewhere else.

// judged is what the chain says of a change set that was judged.
type judged struct {
	dot            clock.Dot
	seq            uint64
	eff            clock.Stamp
	outcome        wire.Outcome
	hash           record.Hash
	person, device record.ID
	code           string
}

func (j *judged) appendTo(b []byte) []byte {
	for _, n := range [...]uint64{uint64(j.dot.Actor), j.dot.Counter, j.seq, uint64(j.eff), uint64(j.outcome)} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = append(append(append(b, j.hash[:]...), j.person[:]...), j.device[:]...)
	return appendText(b, j.code)
}

// linkOf returns the link of a commit.
func linkOf(prev Hash, seq uint64, at clock.Stamp, entries []byte) Hash {
	sum := sha256.New()
	head := binary.BigEndian.AppendUint64(append(prev[:], 0), seq)
	sum.Write(binary.BigEndian.AppendUint64(head, uint64(at)))
	sum.Write(entries)
	return Hash(sum.Sum(nil))
}

// noteJudged keeps what the next commit's link says of a change set that was just entered into the ledger. One that is kept
// otherwise than its hash says had to lose personal values of an erased row before: that is a deed, of who wrote it.
func (tx *Tx) noteJudged(e *judge.Entry) error {
	a, err := tx.Actor(e.Dot.Actor)
	if err != nil {
		return err
	}
	j := judged{e.Dot, e.Seq, e.Eff, e.Outcome, e.Hash, record.ID{}, record.ID{}, string(e.Code)}
	if a != nil {
		j.person, j.device = a.Person, a.Device
	}
	if kept := record.HashOf(e.Encoded); kept != e.Hash {
		deed := AuditEntry{Action: cameErasedAction, At: moment(e.Eff.Millis()), Person: j.person, Device: j.device}
		if err := tx.noteRedacted(deed, redacted{e.Dot: kept}); err != nil {
			return err
		}
	}
	tx.unlinked = j.appendTo(tx.unlinked)
	return nil
}

// link returns the link of the commit, over what was judged since the last.
func (tx *Tx) link(seq uint64, at clock.Stamp) (Hash, error) {
	if err := tx.findEnd(); err != nil {
		return Hash{}, err
	}
	tx.end = linkOf(tx.end, seq, at, tx.unlinked)
	tx.unlinked = tx.unlinked[:0]
	return tx.end, nil
}

// findEnd reads the last link, unless it is known.
func (tx *Tx) findEnd() (err error) {
	if !tx.ended {
		tx.end, err = tx.chainEnd()
		tx.ended = err == nil
	}
	return err
}

// chainEnd returns the last link.
func (r reads) chainEnd() (end Hash, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { end = fixed(q.Bytes(0)); return q.Err() },
		"SELECT chain FROM (SELECT seq, 0 AS n, chain FROM (SELECT seq, chain FROM _log ORDER BY seq DESC LIMIT 1) AS l"+
			" UNION ALL SELECT seq, n, chain FROM (SELECT seq, n, chain FROM _audit ORDER BY n DESC LIMIT 1) AS d) AS last"+
			" ORDER BY seq DESC, n DESC LIMIT 1")
	return end, err
}

// redacted is what change sets are kept as, by their hashes, that have lost personal values.
type redacted map[clock.Dot]record.Hash

// The deeds after which the ledger keeps a change set otherwise than its hash says.
const (
	eraseAction      = "erase"       // somebody erased rows that it writes
	cameErasedAction = "came_erased" // it came after that; its values were taken out on the way, by its device or the hub
)

// noteRedacted is the deed of taking personal values out of what the ledger keeps.
func (tx *Tx) noteRedacted(e AuditEntry, kept redacted) error {
	for d, hash := range kept {
		e.Values = append(e.Values, AuditValue{Column: d.String(), Text: fmt.Sprintf("%x", hash)})
	}
	slices.SortFunc(e.Values, func(a, b AuditValue) int { return strings.Compare(a.Column, b.Column) })
	_, err := tx.Audit(e)
	return err
}

// chained is everything that the chain covers, in its order: what was judged, the commit that did so, the deeds behind it.
const chained = `SELECT l.seq, 0, 0, eff, hash, l.actor, l.counter, outcome, code, person, device
	FROM _ledger l LEFT JOIN _actor a ON a.actor = l.actor
UNION ALL SELECT seq, 1, 0, at, chain, 0, 0, 0, '', chain, chain FROM _log
UNION ALL SELECT seq, 2, n, 0, chain, 0, 0, 0, '', chain, chain FROM _audit
ORDER BY 1, 2, 3, 6, 7`

// verifyChain follows the chain from its beginning. It goes on behind a break, so that each is told.
func (r reads) verifyChain(report *VerifyReport) error {
	var entries []byte
	err := r.conn.Each(func(q *sqlrow.Rows) error {
		seq, found := q.Uint(0), fixed(q.Bytes(4))
		switch q.Int(1) {
		case 0:
			entries = readJudged(q).appendTo(entries)
			return q.Err()
		case 1:
			if linkOf(report.End, seq, clock.Stamp(q.Uint(3)), entries) != found {
				report.problem("audit: commit %d is not what was judged, or a deed before it was taken out", seq)
			}
			entries = entries[:0]
		case 2:
			report.Audit++
			if e, err := r.deed(q.Uint(2)); err != nil || !e.intact() || e.chain(report.End) != found {
				report.problem("audit: deed %d was changed, or one before it was taken out", q.Uint(2))
			}
		}
		report.End = found
		return q.Err()
	}, chained)
	if len(entries) > 0 {
		report.problem("audit: the last commit was taken out")
	}
	return err
}

func readJudged(q *sqlrow.Rows) *judged {
	j := &judged{dot: dot(q, 5), seq: q.Uint(0), eff: clock.Stamp(q.Uint(3)), outcome: wire.Outcome(q.Int(7)), code: q.Text(8)}
	copy(j.hash[:], q.Bytes(4))
	if !q.Null(9) {
		j.person, j.device = q.ID(9), q.ID(10)
	}
	return j
}

// keptAs returns the hashes, in hexadecimal, of what the ledger keeps of change sets that have lost personal values, by
// their dots.
func (r reads) keptAs() (map[string]string, error) {
	deeds, err := r.audit(selectAudit+"WHERE action IN (?, ?) ORDER BY n", eraseAction, cameErasedAction)
	kept := map[string]string{}
	for i := range deeds {
		for _, v := range deeds[i].Values {
			kept[v.Column] = v.Text
		}
	}
	return kept, err
}
