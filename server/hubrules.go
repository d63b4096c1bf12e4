package server

import (
	"crypto/rand"
	"slices"
	"time"

	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// rules are the business's own, as the engine asks for them.
type rules struct{ schema *schema.Schema }

// Review asks the business about a change set before it is merged, and adds the notices of what it does, and where things
// lie that it moved: they are committed with it, in the hub's name. The office's commands have checked what they write.
func (r rules) Review(rows judge.Rows, cs *record.ChangeSet, author judge.Author) (judge.Decision, error) {
	var d aftersales.Decision
	var err error
	cs = asTaken(cs, author.Eff)
	if !author.Trusted {
		if d, err = aftersales.Review(aftersales.Look(rows), cs, author.Person, author.Heard); err != nil || d.Refuse != nil {
			return judge.Decision{Refuse: d.Refuse}, err
		}
	}
	lateWork, err := aftersales.LateWork(aftersales.Look(rows), cs, author.Person, author.Lost)
	if err != nil {
		return judge.Decision{}, err
	}
	notices, err := aftersales.Announce(aftersales.Look(rows), cs, author.Person)
	if fault.CodeOf(err) == aftersales.BadPolicy {
		notices, err = nil, nil // a policy that this version cannot read holds no work up
	}
	if err != nil {
		return judge.Decision{}, err
	}
	moved, err := aftersales.Follow(aftersales.Look(rows), cs)
	return judge.Decision{Instead: d.Instead, Also: slices.Concat(notices, moved, lateWork)}, err
}

// asTaken returns the change set as one that happened when the hub takes it to have: by a clock that is ahead, what follows from it
// would leave on a day to come.
func asTaken(cs *record.ChangeSet, eff clock.Stamp) *record.ChangeSet {
	taken := *cs
	taken.Offset = eff.Millis() - cs.Stamp.Millis()
	return &taken
}

type reviewer struct {
	rows   judge.Rows
	schema *schema.Schema
}

// Row returns the living row.
func (r reviewer) Row(table string, id record.ID) (*record.Row, error) {
	t := r.schema.Table(table)
	if t == nil {
		return nil, nil
	}
	row, err := r.rows.Row(record.Key{Table: t.ID, ID: id})
	if err != nil || row == nil || row.Deleted {
		return nil, err
	}
	return row, nil
}

// Rules returns the business's rules, for a core that serves its schema.
func Rules() judge.Rules { return rules{aftersales.Schema} }

// Bind returns a transaction on the hub as the business's commands see it, in the author's name.
func Bind(o *hub.Office, author record.ID) aftersales.Tx {
	return aftersales.Bind(o, aftersales.Circumstances{Author: author, Now: o.Now(), Dot: o.Dot(), Random: random})
}

// NewID returns a fresh time-ordered id.
func NewID() record.ID {
	var b [10]byte
	random(b[:])
	return record.NewID(time.Now().UnixMilli(), b)
}

func random(b []byte) { _, _ = rand.Read(b) } // crypto/rand never fails: it ends the program instead
