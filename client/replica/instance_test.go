package replica_test

import (
	"context"
	"database/sql"
	"os"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/simtest"
)

// execute runs a statement on the file as another program would.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCopiedFileIsFoundOut(t *testing.T) {
	t.Parallel()
	p := path(t)
	closed(t, open(t, replica.Options{Path: p}))
	if r := open(t, replica.Options{Path: p}); r.Cloned {
		t.Error("the original counts as a copy")
	} else {
		closed(t, r)
	}
	second := path(t)
	copyFile(t, p, second)
	copyFile(t, p+".keys", second+".keys") // whoever copies both reads what is sealed
	clone := open(t, replica.Options{Path: second})
	if !clone.Cloned {
		t.Error("a copy without its token counts as the original")
	}
	closed(t, clone)
	if clone = open(t, replica.Options{Path: second}); !clone.Cloned {
		t.Error("the copy was forgotten about before anybody confirmed it")
	}
	if err := clone.ConfirmInstance(context.Background()); err != nil || clone.Cloned {
		t.Fatalf("confirming: %v", err)
	}
	closed(t, clone)
	if clone = open(t, replica.Options{Path: second}); clone.Cloned {
		t.Error("the confirmed copy counts as a copy still")
	}
	closed(t, clone)
	copyFile(t, second, p)
	if r := open(t, replica.Options{Path: p}); !r.Cloned {
		t.Error("a copy beside another token counts as the original")
	}
}

func TestBackupThatComesBackIsFoundOut(t *testing.T) {
	t.Parallel()
	p, backup := path(t), path(t)
	closed(t, open(t, replica.Options{Path: p}))
	copyFile(t, p, backup)
	r := open(t, replica.Options{Path: p})
	if err := r.ConfirmInstance(context.Background()); err != nil { // as after any new incarnation
		t.Fatal(err)
	}
	closed(t, r)
	copyFile(t, backup, p)
	if r = open(t, replica.Options{Path: p}); !r.Cloned {
		t.Error("a backup from before counts as the original")
	}
}

func TestOneProgramWritesAndOthersRead(t *testing.T) {
	t.Parallel()
	p := path(t)
	r, m := open(t, replica.Options{Path: p}), simtest.NewMaker(1)
	_, err := replica.Open(context.Background(), replica.Options{Path: p, Schema: simtest.Schema})
	wantCode(t, "a second writer", err, replica.InUse)
	reader := open(t, replica.Options{Path: p, ReadOnly: true})
	write(t, r, putAll(parts(m, 2)))
	if n := count(t, reader, "SELECT count(*) FROM part"); n != 2 {
		t.Errorf("the reader sees %d rows, want 2", n)
	}
	wantCode(t, "writing as a reader", reader.Write(context.Background(), putAll(parts(m, 1))), replica.ReadOnly)
	wantCode(t, "confirming as a reader", reader.ConfirmInstance(context.Background()), replica.ReadOnly)
	closed(t, r)
	if n := count(t, reader, "SELECT count(*) FROM part"); n != 2 {
		t.Errorf("after the writer has gone the reader sees %d rows, want 2", n)
	}
	closed(t, reader)
	reader = open(t, replica.Options{Path: p, ReadOnly: true})
	if n := count(t, reader, "SELECT count(*) FROM part"); n != 2 {
		t.Errorf("without a writer the reader sees %d rows, want 2", n)
	}
	write(t, open(t, replica.Options{Path: p}), putAll(parts(m, 1)))
}
