package store

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"fieldsync/sync/schema"
)

// grownSchema is benchSchema one version later: a table more, and a column of one that there was.
var grownSchema = schema.Must(schema.New("bench", 2,
	&schema.Table{ID: 1, Name: "job", Class: schema.ClassWork, Buckets: []schema.Bucket{{Kind: 2, From: "id"}},
		Columns: append(benchColumns(), schema.Column{ID: 12, Name: "colour", Kind: schema.Text, Since: 2})},
	&schema.Table{ID: 2, Name: "part", Class: schema.ClassLibrary, Buckets: []schema.Bucket{{Kind: schema.SharedBucket}}, Columns: benchColumns()},
	&schema.Table{ID: 3, Name: "tool", Class: schema.ClassLibrary, Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
		Columns: []schema.Column{{ID: 1, Name: "code", Kind: schema.Text}}, Since: 2},
))

// A newer program keeps what the database was before it brings it to its own form: the older one refuses it from then on, and
// goes on from the copy.
func TestADatabaseIsCopiedBeforeItIsBroughtToANewForm(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at somewhere) {
		before := at(t, benchSchema)
		s := open(t, before)
		acceptMany(t, s, newActor(t, s, benchPerson), 30)
		had := whole(t, s)
		s = reopen(t, s)
		if left := formers(t, before.Path); len(left) > 0 {
			t.Errorf("copied without need: %v", left)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		now := before
		now.Schema = grownSchema
		s = open(t, now)
		if s.Epoch() != 0 {
			t.Errorf("epoch %d begins", s.Epoch())
		}
		whole(t, s)
		if left := formers(t, before.Path); !slices.Equal(left, []string{"hub.db.before-1.2"}) {
			t.Fatalf("kept is %v", left)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), before)
		refused(t, err, Newer)

		former := onSQLite(t, benchSchema)
		former.KeyFile = before.Path + ".keys"
		copyFile(t, before.Path+".before-1.2", former.Path)
		if kept := whole(t, open(t, former)); kept.Rows != had.Rows || kept.Entries != had.Entries {
			t.Errorf("the copy has %+v, there was %+v", kept, had)
		}
		again := onPostgres(t, benchSchema)
		again.KeyFile = former.KeyFile
		if _, err := Copy(t.Context(), former, again, OldHistory); err != nil {
			t.Fatalf("the older program does not take the copy: %v: %v", err, detail(err))
		}
		whole(t, open(t, again))
	})
}

// Of hubs that begin together on a database of an older form one copies it and brings it to the new one; the others wait, and find it there.
func TestOneHubBringsTheDatabaseToANewForm(t *testing.T) {
	t.Parallel()
	before := onPostgres(t, benchSchema)
	s := open(t, before)
	acceptMany(t, s, newActor(t, s, benchPerson), 30)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var began sync.WaitGroup
	var copies atomic.Int64
	for range 3 {
		now := before
		now.Path, now.Schema = onSQLite(t, grownSchema).Path, grownSchema
		began.Go(func() {
			s, err := Open(t.Context(), now)
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				t.Errorf("%v: %v", err, detail(err))
			}
			copies.Add(int64(len(formers(t, now.Path))))
		})
	}
	began.Wait()
	if copies.Load() != 1 {
		t.Errorf("%d hubs copied it", copies.Load())
	}
}

// What a row says of its columns goes by where they stand: a newer program that has one before those that there were is refused,
// and the database is as it was.
func TestANewColumnStandsBehindTheOthers(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at somewhere) {
		o := at(t, benchSchema)
		s := open(t, o)
		acceptMany(t, s, newActor(t, s, benchPerson), 3)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wrong := o
		wrong.Schema = schema.Must(schema.New("bench", 2,
			&schema.Table{ID: 1, Name: "job", Class: schema.ClassWork, Buckets: []schema.Bucket{{Kind: 2, From: "id"}},
				Columns: append([]schema.Column{{ID: 12, Name: "colour", Kind: schema.Text, Since: 2}}, benchColumns()...)},
			benchSchema.Table("part")))
		if _, err := Open(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "new ones come last") {
			t.Errorf("the column that shifts all others: %v", err)
		}
		if had := whole(t, open(t, o)); had.Entries != 3 {
			t.Errorf("%+v is left", had)
		}
	})
}

// A backup of an older form is restored to either database; one that was put in place is not copied once more.
func TestABackupOfAnOlderFormIsRestored(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at somewhere) {
		old := fresh(t)
		acceptMany(t, old, newActor(t, old, benchPerson), 30)
		if err := old.Close(); err != nil {
			t.Fatal(err)
		}
		to, from := at(t, grownSchema), old.options
		from.Schema = grownSchema
		if to.Database == "" {
			copyFile(t, from.Path, to.Path)
		} else if _, err := Copy(t.Context(), from, to, SameHistory); err == nil {
			t.Error("an older form goes on as if it were the same")
		} else if _, err = Copy(t.Context(), from, to, OldHistory); err != nil {
			t.Fatal(err, detail(err))
		}
		to.Restored = true
		s := open(t, to)
		if left := formers(t, to.Path); len(left) > 0 || whole(t, s).Entries != 30 || s.Epoch() != 1 {
			t.Errorf("epoch %d, kept is %v", s.Epoch(), left)
		}
	})
}

// formers lists the copies beside the database of what it was before.
func formers(t *testing.T, path string) (names []string) {
	t.Helper()
	found, err := filepath.Glob(path + ".before-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		names = append(names, filepath.Base(f))
	}
	return names
}
