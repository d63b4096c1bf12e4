package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// nodes opens n stores on one database, as that many hubs do, each with companions of its own.
func nodes(t *testing.T, n int) []*Store {
	t.Helper()
	o := onPostgres(t, benchSchema)
	list := make([]*Store, n)
	for i := range list {
		o.Path = onSQLite(t, benchSchema).Path
		o.Readers = 2
		list[i] = open(t, o)
	}
	return list
}

// TestNoCheckpointPassesOverACommit: sixteen hubs write one shared table, each waiting a moment between taking a commit
// number and committing, while devices of four of them follow from checkpoint to checkpoint. Each device has every row in
// the end, although it never looks back.
func TestNoCheckpointPassesOverACommit(t *testing.T) {
	t.Parallel()
	const writers, commits, followers = 16, 12, 4
	all := nodes(t, writers)
	if all[0].Epoch() != 0 || all[writers-1].Epoch() != 0 {
		t.Fatal("a hub that joins begins an epoch")
	}
	var done atomic.Bool
	var writing, following sync.WaitGroup
	for i := range followers {
		following.Go(func() {
			if err := follow(t.Context(), all[i], &done, writers*commits); err != nil {
				t.Errorf("device %d: %v", i, err)
			}
		})
	}
	for i, s := range all {
		writing.Go(func() {
			for n := range commits {
				if err := putLate(t.Context(), s, i*commits+n); err != nil {
					t.Errorf("hub %d: %v", i, err)
				}
			}
		})
	}
	writing.Wait()
	done.Store(true)
	following.Wait()
}

// putLate writes a row of the shared table, and commits some time after it took the number.
func putLate(ctx context.Context, s *Store, n int) error {
	return s.Write(ctx, func(tx *Tx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		row := benchRow(benchSchema.Table("part"), n, clock.Dot{Actor: 1, Counter: head + 1}, head+1)
		if err = tx.PutRow(row, 0); err != nil {
			return err
		}
		err = tx.PutCommit(head+1, clock.StampAt(1_750_000_000_000+int64(head)), row.Buckets())
		time.Sleep(time.Duration(rand.IntN(4)) * time.Millisecond) // the injected delay, not something waited for
		return err
	})
}

// follow reads from checkpoint to checkpoint until all was written and it has caught up with that.
func follow(ctx context.Context, s *Store, done *atomic.Bool, want int) error {
	seen, k := map[uint64]bool{}, uint64(0)
	for last := false; ; {
		over := last
		last = done.Load()
		err := s.Read(ctx, func(v *View) error {
			head, err := v.Head()
			if err != nil {
				return err
			}
			entries, err := v.FeedSince(record.Shared, schema.ClassLibrary, k, head, 1<<20)
			for _, e := range entries {
				seen[e.Seq] = true
			}
			k = head
			return err
		})
		if err != nil {
			return err
		}
		if over {
			break
		}
	}
	for seq := uint64(1); seq <= uint64(want); seq++ {
		if !seen[seq] {
			return fmt.Errorf("commit %d of %d was never seen", seq, want)
		}
	}
	if k != uint64(want) || len(seen) != want {
		return fmt.Errorf("the last checkpoint is %d, and %d commits were seen, of %d", k, len(seen), want)
	}
	return nil
}

// TestHubsSeeWhatOthersWrote: what one hub remembers of actors, holds and the ledger is not taken for what stands once
// another has written.
func TestHubsSeeWhatOthersWrote(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	actor := newActor(t, all[0], benchPerson)
	for n := range 20 {
		write(t, all[n%2], func(tx *Tx) error { return accept(tx, actor, n) })
	}
	report := whole(t, all[0])
	if report.Entries != 20 || report.Rows != 20 {
		t.Errorf("%d changes, %d rows", report.Entries, report.Rows)
	}
	read(t, all[1], func(v *View) error {
		a, err := v.Actor(actor)
		if err == nil && a.Counter != 20 {
			t.Errorf("counter %d", a.Counter)
		}
		return err
	})
	other := newActor(t, all[1], benchPerson)
	if other == actor || newActor(t, all[0], benchPerson) == other {
		t.Error("two writers have one number")
	}
}

// TestAConnectionThatBreaks: what was committed stands, what was not is refused with a code, and the hub goes on as soon as
// the server does.
func TestAConnectionThatBreaks(t *testing.T) {
	t.Parallel()
	s := open(t, onPostgres(t, benchSchema))
	actor := newActor(t, s, benchPerson)
	acceptMany(t, s, actor, 3)
	kill := func() {
		c := must[*conn](t)((&postgresql{url: s.options.Database}).connect(toRead))
		_, err := c.Int("SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity" +
			" WHERE datname = current_database() AND pid <> pg_backend_pid()) ended")
		if err = errors.Join(err, c.close()); err != nil {
			t.Error(err)
		}
	}
	err := s.Write(t.Context(), func(tx *Tx) error {
		if err := accept(tx, actor, 3); err != nil {
			return err
		}
		kill()
		for err := error(nil); err == nil; { // the connection ends some time after it was told to
			_, err = tx.conn.Int("SELECT 1")
		}
		return nil
	})
	if err == nil {
		t.Fatal("what was cut off counts as committed")
	}
	refused(t, err, Unavailable)
	for n := 0; ; n++ {
		if err = s.Write(t.Context(), func(tx *Tx) error { return accept(tx, actor, 4) }); err == nil {
			break
		}
		refused(t, err, Unavailable)
		if n > 2 {
			t.Fatal("the hub does not connect again")
		}
	}
	if report := whole(t, s); report.Entries != 4 {
		t.Errorf("%d changes", report.Entries)
	}
}

// TestADatabaseThatWasPutBack begins a new epoch: the server's lineage is another one than the database remembers.
func TestADatabaseThatWasPutBack(t *testing.T) {
	t.Parallel()
	s := open(t, onPostgres(t, benchSchema))
	acceptMany(t, s, newActor(t, s, benchPerson), 5)
	write(t, s, func(tx *Tx) error { return tx.conn.run("UPDATE _hub SET lineage = 'of yesterday''s server'") })
	s = reopen(t, s)
	if s.Epoch() != 1 || s.RestoreAt() != 5 {
		t.Errorf("epoch %d begins at %d", s.Epoch(), s.RestoreAt())
	}
	other := Options{Path: onSQLite(t, benchSchema).Path, Database: s.options.Database, Schema: benchSchema, Log: quiet}
	if s = open(t, other); s.Epoch() != 1 {
		t.Errorf("another hub begins epoch %d", s.Epoch())
	}
}

// TestAddressesThatLeadNowhere are refused with a code and a sentence, and never with a password in it.
func TestAddressesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	at := pgtest.Database(t)
	for _, c := range []struct {
		database string
		want     fault.Code
	}{
		{"postgres://nobody:secret@/missing?host=" + t.TempDir(), Unavailable},
		{strings.Replace(at, "fieldsync@/test", "fieldsync:secret@/missing", 1), Unreadable},
		{"postgres://fieldsync:secret@:port/x", Unreadable},
	} {
		o := onSQLite(t, benchSchema)
		o.Database = c.database
		_, err := Open(t.Context(), o)
		f := new(fault.Error)
		if !errors.As(err, &f) || f.Code != c.want || strings.Contains(fmt.Sprint(err, f.Detail), "secret") {
			t.Errorf("%s is answered: %v (%v)", c.database, err, f.Detail)
		}
	}
	latin := must[*url.URL](t)(url.Parse(at))
	latin.Path += "latin"
	c := must[*conn](t)((&postgresql{url: at}).connect(toWrite))
	err := c.run("CREATE TABLE theirs (n BIGINT)",
		"CREATE DATABASE "+latin.Path[1:]+" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
	if err = errors.Join(err, c.close()); err != nil {
		t.Fatal(err)
	}
	o := onSQLite(t, benchSchema)
	o.Database = at
	_, err = Open(t.Context(), o)
	refused(t, err, Foreign)
	o.Database = latin.String()
	_, err = Open(t.Context(), o)
	refused(t, err, Unreadable)
}

// TestAMovedDatabaseIsTheSame moves one to PostgreSQL and back; ledger, feed, conflicts and audit are what they were, and
// so is the history.
func TestAMovedDatabaseIsTheSame(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor := newActor(t, s, benchPerson)
	acceptMany(t, s, actor, 30)
	write(t, s, func(tx *Tx) error {
		err := tx.PutConflict(judge.Conflict{Row: record.Key{Table: 1, ID: benchID(1)}, Cell: record.CellID{Column: 1}, Open: true})
		if err == nil {
			_, err = tx.Audit(AuditEntry{At: time.UnixMilli(1), Action: "sign_in", Values: []AuditValue{{Column: "a", Text: "安"}}})
		}
		return err
	})
	before := whole(t, s)
	there := Options{Path: s.options.Path, Database: pgtest.Database(t), Schema: benchSchema, Log: quiet}
	done, err := Copy(t.Context(), s.options, there, SameHistory)
	if err != nil || done.Head != 30 || done.Rows == 0 {
		t.Fatalf("%+v, %v: %v", done, err, detail(err))
	}
	_, err = Copy(t.Context(), s.options, there, SameHistory)
	refused(t, err, Occupied)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	moved := open(t, there)
	if moved.Epoch() != 0 || moved.ID() != s.ID() {
		t.Errorf("epoch %d of %s", moved.Epoch(), moved.ID())
	}
	if after := whole(t, moved); after.Rows != before.Rows || after.Entries != before.Entries || after.Audit != before.Audit {
		t.Errorf("%+v, was %+v", after, before)
	}
	write(t, moved, func(tx *Tx) error {
		return tx.PutConflict(judge.Conflict{Row: record.Key{Table: 1, ID: benchID(2)}, Cell: record.CellID{Column: 1}, Open: true})
	})
	acceptMany(t, moved, actor, 5)
	back := onSQLite(t, benchSchema)
	_, err = Copy(t.Context(), moved.options, back, SameHistory)
	refused(t, err, Busy) // it would go on taking in work
	if err := moved.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err = Copy(t.Context(), moved.options, back, SameHistory); err != nil {
		t.Fatal(err)
	}
	for _, companion := range []string{".actors", ".epoch"} {
		copyFile(t, there.Path+companion, back.Path+companion)
	}
	home := open(t, back)
	if after := whole(t, home); home.Epoch() != 0 || after.Entries != 35 {
		t.Errorf("epoch %d, %+v", home.Epoch(), after)
	}
	elsewhere := Options{Path: onSQLite(t, benchSchema).Path, Database: pgtest.Database(t), Schema: benchSchema, Log: quiet}
	if _, err = Copy(t.Context(), home.options, elsewhere, OldHistory); err != nil {
		t.Fatal(err)
	}
	if restored := open(t, elsewhere); restored.Epoch() != 1 || restored.RestoreAt() != 35 {
		t.Errorf("epoch %d begins at %d", restored.Epoch(), restored.RestoreAt())
	}
}
