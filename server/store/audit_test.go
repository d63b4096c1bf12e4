package store

import (
	"bytes"
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

func audit(t *testing.T, s *Store, entries ...AuditEntry) {
	t.Helper()
	write(t, s, func(tx *Tx) error {
		for _, e := range entries {
			if _, err := tx.Audit(e); err != nil {
				return err
			}
		}
		return nil
	})
}

func entry(row int, values ...AuditValue) AuditEntry {
	return AuditEntry{At: noon, Person: mei.ID, Device: benchID(3), Action: "update",
		Row: record.Key{Table: 1, ID: benchID(row)}, Values: values}
}

func TestAudit(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	one, two := entry(1, AuditValue{Column: "phone", Text: "+44 7700 900123"}, AuditValue{Column: "status", Text: "done"}), entry(2)
	audit(t, s, one, two)
	s = reopen(t, s)
	three := entry(1, AuditValue{Column: "phone", Text: ""})
	three.At = noon.Add(time.Millisecond)
	audit(t, s, three)
	one.N, two.N, three.N = 1, 2, 3
	read(t, s, func(v *View) error {
		for _, c := range []struct {
			got, want []AuditEntry
		}{
			{must[[]AuditEntry](t)(v.AuditPage(0, 2)), []AuditEntry{three, two}},
			{must[[]AuditEntry](t)(v.AuditPage(2, 2)), []AuditEntry{one}},
			{must[[]AuditEntry](t)(v.AuditOf(one.Row)), []AuditEntry{one, three}},
		} {
			if diff := gocmp.Diff(c.want, c.got, cmpopts.IgnoreUnexported(AuditValue{}), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		}
		return nil
	})
	verifies(t, s, 3)
}

// verifies fails the test unless there are so many deeds, and nothing is found.
func verifies(t *testing.T, s *Store, deeds uint64) {
	t.Helper()
	if report := whole(t, s); report.Audit != deeds {
		t.Errorf("%d deeds, want %d", report.Audit, deeds)
	}
}

// Whatever is done behind the hub's back to a deed, or to what was judged and how, is found, and where.
func TestAChangedAuditIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spoil, found string }{
		{"UPDATE _audit SET person = zeroblob(16) WHERE n = 2", "audit: deed 2 was changed"},
		{"UPDATE _audit SET at = at + 1 WHERE n = 2", "audit: deed 2 was changed"},
		{"UPDATE _audit SET action = 'nothing' WHERE n = 3", "audit: deed 3 was changed"},
		{"UPDATE _audit SET pk = zeroblob(16) WHERE n = 1", "audit: deed 1 was changed"},
		{`UPDATE _audit SET "values" = (SELECT "values" FROM _audit WHERE n = 1) WHERE n = 2`, "audit: deed 2 was changed"},
		{`UPDATE _audit SET "values" = x'05' WHERE n = 2`, "audit: deed 2 was changed"},
		{`UPDATE _audit SET "values" = CAST(replace(CAST("values" AS TEXT), 'b', 'c') AS BLOB) WHERE n = 2`, "audit: deed 2 was changed"},
		{"DELETE FROM _audit WHERE n = 2", "audit: deed 3 was changed"},
		{"DELETE FROM _audit WHERE n = 3", "audit: commit 3 is not"},
		{"UPDATE _audit SET seq = 1 WHERE n = 2", "audit: deed 2 was changed"},
		{"UPDATE _audit SET chain = zeroblob(32) WHERE n = 1", "audit: deed 1 was changed"},
		{"UPDATE _log SET chain = zeroblob(32) WHERE seq = 1", "audit: commit 1 is not"},
		{"UPDATE _log SET at = at + 1 WHERE seq = 2", "audit: commit 2 is not"},
		{"DELETE FROM _log WHERE seq = 2", "audit: commit 3 is not"},
		{"DELETE FROM _log WHERE seq = 3", "audit: the last commit was taken out"},
		{"UPDATE _ledger SET outcome = 2 WHERE seq = 2", "audit: commit 2 is not"},
		{"UPDATE _ledger SET eff = 2 WHERE seq = 2", "audit: commit 2 is not"},
		{"UPDATE _ledger SET code = 'late' WHERE seq = 2", "audit: commit 2 is not"},
		{"UPDATE _ledger SET hash = zeroblob(16) WHERE seq = 2", "audit: commit 2 is not"},
		{"UPDATE _ledger SET change = x'01' WHERE seq = 2", "is not what was judged"},
		{"DELETE FROM _ledger WHERE seq = 2", "audit: commit 2 is not"},
		{"UPDATE _actor SET person = zeroblob(16)", "audit: commit 1 is not"},
		{"UPDATE _actor SET device = zeroblob(16)", "audit: commit 1 is not"},
	} {
		s := fresh(t)
		acceptMany(t, s, newActor(t, s, mei.ID), 2)
		audit(t, s, entry(1, AuditValue{Column: "x", Text: "a"}), entry(1, AuditValue{Column: "x", Text: "b"}), entry(1))
		acceptMany(t, s, newActor(t, s, mei.ID), 1)
		verifies(t, s, 3)
		run(t, s, c.spoil)
		report := must[*VerifyReport](t)(s.Verify(t.Context()))
		if !slices.ContainsFunc(report.Problems, func(p string) bool { return strings.Contains(p, c.found) }) {
			t.Errorf("%s: found %q", c.spoil, report.Problems)
		}
	}
}

// A change set that came without what was erased before is kept so, under the hash that it had.
func TestWhatCameWithoutWhatWasErasedVerifies(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor := newActor(t, s, mei.ID)
	write(t, s, func(tx *Tx) error {
		a := must[*judge.Actor](t)(tx.Actor(actor))
		hash := record.HashOf([]byte("whole"))
		a.Counter, a.Chain = 1, record.Chain(a.Chain, hash)
		e := &judge.Entry{Dot: clock.Dot{Actor: actor, Counter: 1}, Hash: hash, Seq: 1, Outcome: 2, Encoded: []byte("redacted")}
		return errors.Join(tx.PutEntry(e), tx.PutActor(a), tx.PutCommit(1, clock.StampAt(noon.UnixMilli()), nil))
	})
	verifies(t, s, 1)
	var deeds []AuditEntry
	read(t, s, func(v *View) (err error) { deeds, err = v.AuditPage(0, 9); return err })
	if len(deeds) != 1 || deeds[0].Action != cameErasedAction || deeds[0].Person != mei.ID {
		t.Errorf("the deeds are %+v", deeds)
	}
	run(t, s, "UPDATE _ledger SET change = CAST('other' AS BLOB)")
	if must[*VerifyReport](t)(s.Verify(t.Context())).OK() {
		t.Error("another change set in its place is not found")
	}
}

// Who writes the whole chain anew is found by whoever has kept a link of it.
func TestALinkThatWasKeptShowsThatTheChainWasWrittenAnew(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at somewhere) {
		s := open(t, at(t, benchSchema))
		actor := newActor(t, s, mei.ID)
		acceptMany(t, s, actor, 1)
		kept := whole(t, s).End
		audit(t, s, entry(1))
		behindADeed := whole(t, s).End
		acceptMany(t, s, actor, 1)
		for link, found := range map[Hash]int{kept: 0, behindADeed: 0, {1}: 1} {
			report := whole(t, s)
			if err := s.VerifyLeads(t.Context(), report, link); err != nil || report.Found != found {
				t.Errorf("from %x: %d problems, %v", link, report.Found, err)
			}
		}
	})
}

// A commit that failed, or a part of one, leaves nothing in the chain; and two processes continue one another's.
func TestTheChainHasWhatWasCommitted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at somewhere) {
		s := open(t, at(t, benchSchema))
		actor := newActor(t, s, mei.ID)
		other := open(t, s.options)
		failed := errors.New("failed")
		for range 3 {
			acceptMany(t, s, actor, 2)
			write(t, s, func(tx *Tx) error {
				if err := accept(tx, actor, 1); err != nil {
					return err
				}
				if err := tx.Step(func() error { return cmp.Or(accept(tx, actor, 2), failed) }); !errors.Is(err, failed) {
					return err
				}
				return accept(tx, actor, 3)
			})
			if err := s.Write(t.Context(), func(tx *Tx) error { return cmp.Or(accept(tx, actor, 4), failed) }); !errors.Is(err, failed) {
				t.Fatal(err)
			}
			acceptMany(t, other, newActor(t, other, mei.ID), 1)
			audit(t, other, entry(1))
		}
		verifies(t, s, 3)
	})
}

// What is erased leaves no trace in the file, and the chain still verifies.
func TestErasedValuesAreGoneAndTheChainStillVerifies(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	secret := AuditValue{Column: "phone", Text: "+44 7700 900123 nobody else has"}
	audit(t, s, entry(1, secret, AuditValue{Column: "status", Text: "done"}), entry(2, secret), entry(1, secret))
	write(t, s, func(tx *Tx) error {
		n, err := tx.EraseAudit(entry(1).Row, "phone", "name")
		if n != 2 {
			t.Errorf("erased %d", n)
		}
		return err
	})
	write(t, s, func(tx *Tx) error { _, err := tx.EraseAudit(entry(2).Row, "phone"); return err })
	verifies(t, s, 3)
	audit(t, s, entry(1))
	verifies(t, s, 4)
	read(t, s, func(v *View) error {
		got := must[[]AuditEntry](t)(v.AuditOf(entry(1).Row))
		if !got[0].Values[0].Erased || got[0].Values[0].Text != "" || got[0].Values[1].Text != "done" {
			t.Errorf("values %+v", got[0].Values)
		}
		return nil
	})
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{s.options.Path, s.options.Path + "-wal"} {
		content, err := os.ReadFile(file)
		if err != nil || bytes.Contains(content, []byte(secret.Text)) {
			t.Error("the value is still in", file, err)
		}
	}
}

func TestPacking(t *testing.T) {
	t.Parallel()
	values := []record.Standing{{Dot: clock.Dot{Actor: 1 << 40, Counter: 7}, Eff: 9, Value: record.Money(-5, "EUR")}, {}}
	if got := must[[]record.Standing](t)(unpackStandings(packStandings(values))); !gocmp.Equal(got, values, gocmp.Comparer(same)) {
		t.Errorf("standings %v", got)
	}
	var buckets []record.Bucket
	for i := range 3 {
		buckets = append(buckets, record.Bucket{Kind: 3, ID: benchID(i)})
	}
	if got := unpackBuckets(packBuckets(buckets)); !gocmp.Equal(got, buckets) {
		t.Errorf("buckets %v", got)
	}
}

func same(a, b record.Value) bool { return a == b }

// Nothing that stands in a column can make a reader fail in another way than with an error.
func FuzzUnpack(f *testing.F) {
	f.Add(packStandings([]record.Standing{{Value: record.Text("x")}}))
	f.Add(packAudit([]AuditValue{{Column: "a", Text: "b"}, {Column: "c", Erased: true}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if values, err := unpackAudit(b); err == nil && len(packAudit(values)) == 0 && len(b) > 0 {
			t.Error("values were lost")
		}
		_, _ = unpackStandings(b)
		_ = unpackBuckets(b)
	})
}

func TestConflictsAndQuarantineAreListed(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor := newActor(t, s, mei.ID)
	acceptMany(t, s, actor, 3)
	cell := record.CellID{Column: 3, Key: "en"}
	row := record.Key{Table: 1, ID: benchID(1)}
	write(t, s, func(tx *Tx) error {
		for i, c := range []judge.Conflict{
			{Row: row, Cell: cell, Seq: 1, Open: true},
			{Row: row, Cell: cell, Seq: 2, Open: false},
			{Row: row, Cell: cell, Seq: 3, Open: true, Ask: true, Context: clock.VectorOf(clock.Dot{Actor: actor, Counter: 3})},
			{Row: record.Key{Table: 1, ID: benchID(2)}, Cell: cell, Seq: 4, Open: true},
		} {
			c.Values = []record.Standing{{Dot: clock.Dot{Actor: actor, Counter: uint64(i)}, Value: record.Text("x")}}
			if err := tx.PutConflict(c); err != nil {
				return err
			}
		}
		e := must[*judge.Entry](t)(tx.Entry(clock.Dot{Actor: actor, Counter: 2}))
		e.Outcome, e.Code, e.Message = 3, "late", "too late"
		return tx.PutEntry(e)
	})
	read(t, s, func(v *View) error {
		list := must[[]Conflict](t)(v.ConflictsOf(row))
		if len(list) != 2 || list[0].Open || list[0].Seq != 2 || !list[1].Open || list[1].Context.Get(actor) != 3 {
			t.Errorf("conflicts of the row %+v", list)
		}
		all, asked := must[[]Conflict](t)(v.OpenConflicts(false, 0, 9)), must[[]Conflict](t)(v.OpenConflicts(true, 0, 9))
		next := must[[]Conflict](t)(v.OpenConflicts(false, all[0].N, 9))
		open, ask, err := v.CountConflicts()
		if len(all) != 2 || len(asked) != 1 || len(next) != 1 || next[0].N != all[1].N || open != 2 || ask != 1 || err != nil {
			t.Errorf("open %v, asked %v, next %v, counted %d and %d", all, asked, next, open, ask)
		}
		refused := must[[]Refused](t)(v.Quarantined(true, Position{}, 9))
		if len(refused) != 1 || refused[0].Person != mei.ID || refused[0].Dot.Counter != 2 || refused[0].Code != "late" {
			t.Errorf("quarantined %+v", refused)
		}
		if rest := must[[]Refused](t)(v.Quarantined(true, refused[0].Position(), 9)); len(rest) > 0 {
			t.Errorf("after the last %+v", rest)
		}
		entries := must[[]*judge.Entry](t)(v.EntriesOf(mei.ID, clock.Dot{}, 2))
		older := must[[]*judge.Entry](t)(v.EntriesOf(mei.ID, entries[1].Dot, 2))
		if entries[0].Dot.Counter != 3 || entries[1].Dot.Counter != 2 || len(older) != 1 || older[0].Dot.Counter != 1 {
			t.Errorf("entries %v, then %v", entries, older)
		}
		commits := must[[]Commit](t)(v.Commits(1, 9))
		if len(commits) != 2 || commits[0].Seq != 2 || len(commits[0].Buckets) != 1 {
			t.Errorf("commits %+v", commits)
		}
		return nil
	})
	write(t, s, func(tx *Tx) error {
		e := must[*judge.Entry](t)(tx.Entry(clock.Dot{Actor: actor, Counter: 2}))
		e.Closed = clock.Dot{Actor: actor, Counter: 3}
		return tx.PutEntry(e)
	})
	read(t, s, func(v *View) error {
		open, all := must[[]Refused](t)(v.Quarantined(true, Position{}, 9)), must[[]Refused](t)(v.Quarantined(false, Position{}, 9))
		if n, err := v.CountQuarantined(); len(open) != 0 || len(all) != 1 || n != 0 || err != nil {
			t.Errorf("open %v, all %v, counted %d", open, all, n)
		}
		return nil
	})
}
