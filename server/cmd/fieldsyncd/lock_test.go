//go:build unix

package main

import (
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
)

// A command of a newer program leaves the database alone while a hub of the older one serves it, and brings it to its form when none does.
func TestNoCommandChangesTheFormUnderAHubThatServes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "hub.db")
	s, err := store.Open(t.Context(), store.Options{Path: path, Schema: aftersales.Schema, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = db.ExecContext(t.Context(), "UPDATE _hub SET version = 0"); errors.Join(err, db.Close()) != nil {
		t.Fatal(err)
	}
	command := func(args ...string) (exit int, why string) {
		var said strings.Builder
		exit = run(t.Context(), append(args, "-data", dir), strings.NewReader(""), io.Discard, &said)
		return exit, said.String()
	}
	unlock, err := lockServing(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify"}, {"backup", filepath.Join(t.TempDir(), "backup.db")}} {
		if exit, why := command(args...); exit == 0 || !strings.Contains(why, "Start it again with this program") {
			t.Errorf("%v under a hub that serves: %d, %s", args, exit, why)
		}
	}
	formers := func() int {
		files, err := filepath.Glob(path + ".before-*")
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	if formers() > 0 {
		t.Error("it was brought to another form")
	}
	unlock()
	if exit, why := command("verify"); exit != 0 || formers() != 1 {
		t.Errorf("verify, with no hub that serves: %d, %s", exit, why)
	}
}

// Root does not work in the folder of the service's user, who could not open afterwards what root wrote.
func TestRootLeavesTheFolderOfAnotherUserAlone(t *testing.T) {
	t.Parallel()
	const service = 65532
	for _, c := range []struct {
		me, owner int
		refused   bool
	}{{0, service, true}, {0, 0, false}, {service, service, false}, {service, 0, false}} {
		err := asItsUser("hub", c.me, c.owner)
		if (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), "run this as 65532") {
			t.Errorf("%d in the folder of %d: %v", c.me, c.owner, err)
		}
	}
	dir := t.TempDir()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if os.Chown(dir, service, -1) != nil {
		return // only root can give it away, and only root is refused
	}
	if unlock, err := lockFolder(dir, false); err == nil {
		unlock()
		t.Error("root works in it")
	}
	if files, err := os.ReadDir(dir); len(files) > 0 || err != nil {
		t.Errorf("something was left: %v, %v", files, err)
	}
	if err := os.Chown(dir, int(info.Sys().(*syscall.Stat_t).Uid), -1); err != nil {
		t.Error(err)
	}
}
