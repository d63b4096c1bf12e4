package store

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
			if diff := cmp.Diff(c.want, c.got, cmpopts.IgnoreUnexported(AuditValue{}), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		}
		return nil
	})
	verifies(t, s, 3, 0)
}

func verifies(t *testing.T, s *Store, entries, broken uint64) {
	t.Helper()
	read(t, s, func(v *View) error {
		n, at, err := v.VerifyAudit()
		if n != entries || at != broken {
			t.Errorf("%d entries, broken at %d; want %d, %d", n, at, entries, broken)
		}
		return err
	})
}

// Whatever is done to an entry behind the hub's back is found, and where.
func TestAChangedAuditIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spoil  string
		broken uint64
	}{
		{"UPDATE _audit SET person = zeroblob(16) WHERE n = 2", 2},
		{"UPDATE _audit SET at = at + 1 WHERE n = 2", 2},
		{"UPDATE _audit SET action = 'nothing' WHERE n = 3", 3},
		{"UPDATE _audit SET pk = zeroblob(16) WHERE n = 1", 1},
		{`UPDATE _audit SET "values" = (SELECT "values" FROM _audit WHERE n = 1) WHERE n = 2`, 2},
		{`UPDATE _audit SET "values" = x'05' WHERE n = 2`, 2},
		{`UPDATE _audit SET "values" = CAST(replace(CAST("values" AS TEXT), 'b', 'c') AS BLOB) WHERE n = 2`, 2},
		{"DELETE FROM _audit WHERE n = 2", 2},
		{"UPDATE _audit SET chain = zeroblob(32) WHERE n = 1", 1},
	} {
		s := fresh(t)
		audit(t, s, entry(1, AuditValue{Column: "x", Text: "a"}), entry(1, AuditValue{Column: "x", Text: "b"}), entry(1))
		run(t, s, c.spoil)
		read(t, s, func(v *View) error {
			_, broken, err := v.VerifyAudit()
			if broken != c.broken {
				t.Errorf("%s: broken at %d, want %d", c.spoil, broken, c.broken)
			}
			return err
		})
	}
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
	verifies(t, s, 3, 0)
	audit(t, s, entry(1))
	verifies(t, s, 4, 0)
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
	if got := must[[]record.Standing](t)(unpackStandings(packStandings(values))); !cmp.Equal(got, values, cmp.Comparer(same)) {
		t.Errorf("standings %v", got)
	}
	var buckets []record.Bucket
	for i := range 3 {
		buckets = append(buckets, record.Bucket{Kind: 3, ID: benchID(i)})
	}
	if got := unpackBuckets(packBuckets(buckets)); !cmp.Equal(got, buckets) {
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
