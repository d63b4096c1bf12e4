package simtest

import (
	"strings"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// meets counts what befalls the fleet, by name. What is rare must happen to some fleet, or nothing of it was proved: see Rare.
func (f *Fleet) meets(what string) { f.Met[what]++ }

// meetsIf is meets where it is so.
func (f *Fleet) meetsIf(so bool, what string) {
	if so {
		f.meets(what)
	}
}

// Rare returns the names of what must befall some fleet, where there are thousands of them.
func Rare() []string { return strings.Split(strings.TrimSpace(rare), "\n") }

// Lines with a verb are lines of the trace.
const rare = `
%d days go by
%s closes: %v (%v)
%s connects
%s dies
%s gets today's app
%s gives %v up
%s is away: %v
%s is enrolled anew, as %s
%s is to be ERASED
%s writes %s
a bucket enters
a bucket is resumed
a bucket leaves
a change set comes twice
a change set comes with erased values
a conflict has ended
a conflict stands
a conflict waits for a person
a connection is cut at a wire.Ack
a connection is cut at a wire.Bye
a connection is cut at a wire.Challenge
a connection is cut at a wire.Hello
a connection is cut at a wire.Kept
a connection is cut at a wire.Page
a connection is cut at a wire.Proof
a connection is cut at a wire.Push
a connection is cut at a wire.Sums
a connection is cut at a wire.Verdicts
a connection is cut at a wire.Verify
a connection is cut at a wire.Welcome
a connection is cut at a wire.Witness
a deleted row is told
a device asks for an incarnation
a device brings what a restored hub lacks
a device comes from an epoch that is gone
a device dies after a commit
a device dies before a commit
a device is told of an erasure
a device signs a challenge
a hold that is gone is missed
a hold that is gone is not missed
a page comes in parts
a row comes with its changed columns only
a row lives that somebody deleted
a segment does not fit
a segment is cut
a segment is gone
a segment is taken in
a session is refused: not_authentic
a verdict brings rows
a verdict names rows that are gone
a verdict of a gone epoch is told
an incarnation is given
an old app says hello
refused: already_closed
refused: bad
refused: depends_on
refused: grace_over
refused: not_allowed
refused: unknown_row
refused: written_too_late
several change sets have one verdict
the file of %s is copied to a second phone (noticed: %v)
the file of %s is kept
the file of %s is put back (noticed: %v)
the hub corrects a time
the hub dies
the hub dies after a commit
the hub dies before a commit
the hub forgets %d rows that all have passed at %d
the hub is RESTORED to %d
the hub is backed up at %d
the hub keeps what a device brought
the office dismisses %v
the office releases %v
the office settles a conflict
the office writes %s: seq %d
verdict: applied
verdict: forked
verdict: merged
verdict: quarantined
verdict: released
`

var boundaries = [...]string{BeforeCommit: "before", AfterCommit: "after"}

// hears counts what a message says, whoever sends it.
func (f *Fleet) hears(m wire.Message) {
	switch m := m.(type) {
	case wire.Hello:
		f.meetsIf(len(m.Resume) > 0, "a bucket is resumed")
		f.meetsIf(len(m.Token) == 0, "a device signs a challenge")
		f.meetsIf(m.Schema < Schema.Version, "an old app says hello")
		f.meetsIf(m.Actor == 0, "a device asks for an incarnation")
	case wire.Welcome:
		f.meetsIf(m.Common > 0, "a device comes from an epoch that is gone")
		f.meetsIf(m.Actor != 0, "an incarnation is given")
	case wire.Push:
		f.hearsPush(m)
	case wire.Verdicts:
		f.meetsIf(len(m.Rows) > 0, "a verdict brings rows")
		f.meetsIf(len(m.Gone) > 0, "a verdict names rows that are gone")
		for _, v := range m.Verdicts {
			f.meetsIf(v.Count > 1, "several change sets have one verdict")
			f.meetsIf(len(v.Eff) > 0, "the hub corrects a time")
		}
	case wire.Page:
		f.hearsPage(m)
	case wire.Witness:
		f.meets("a device brings what a restored hub lacks")
	case wire.Kept:
		f.meetsIf(m.Count > 0, "the hub keeps what a device brought")
		f.meetsIf(m.Code != "", "the hub does not keep it: "+string(m.Code))
	case wire.Refusal:
		f.meets("a session is refused: " + string(m.Code))
	}
}

func (f *Fleet) hearsPush(m wire.Push) {
	for _, p := range m.Changes {
		f.meetsIf(p.Prior != nil, "a verdict of a gone epoch is told")
		f.meetsIf(p.Hash != record.Hash{}, "a change set comes with erased values")
	}
}

func (f *Fleet) hearsPage(m wire.Page) {
	f.meetsIf(!m.Last, "a page comes in parts")
	f.meetsIf(len(m.Enter) > 0, "a bucket enters")
	f.meetsIf(len(m.Leave) > 0, "a bucket leaves")
	f.meetsIf(len(m.Erased) > 0, "a device is told of an erasure")
	for _, batch := range m.Rows {
		f.meetsIf(!batch.Whole, "a row comes with its changed columns only")
		for _, row := range batch.Rows {
			f.meetsIf(row.Deleted, "a deleted row is told")
		}
	}
}

// hasInTheEnd counts what became of rows that several wrote, as the hub has them at the end.
func (f *Fleet) hasInTheEnd() {
	for _, it := range f.hub.store.state.conflicts.items {
		c := it.value
		f.meetsIf(c.Open && c.Ask, "a conflict waits for a person")
		f.meetsIf(c.Open && !c.Ask, "a conflict stands")
		f.meetsIf(!c.Open, "a conflict has ended")
	}
	for _, it := range f.hub.store.state.rows.items {
		f.meetsIf(!it.value.Deleted && it.value.Meta.Delete != nil, "a row lives that somebody deleted")
	}
}

// hearsRuling counts what the hub makes of a change set.
func (f *Fleet) hearsRuling(r *judge.Ruling) {
	f.meets("verdict: " + outcomes[r.Outcome])
	f.meetsIf(r.Again, "a change set comes twice")
	f.meetsIf(r.Code != "", "refused: "+string(r.Code))
}
