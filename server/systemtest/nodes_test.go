package systemtest

import (
	"crypto/ed25519"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// twoNodes is a company whose database two hubs serve; the second is at the address of the other world.
func twoNodes(t *testing.T) (c *company, other *world) {
	t.Helper()
	database := pgtest.Database(t)
	c = &company{world: newWorldOn(t, filepath.Join(t.TempDir(), "hub.db"), database)}
	c.found()
	core, err := server.OpenCore(t.Context(), server.CoreOptions{
		Path: filepath.Join(t.TempDir(), "hub.db"), Database: database, KeyFile: c.path + ".keys",
		Schema: aftersales.Schema, Rules: server.Rules(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(core.Handler())
	t.Cleanup(func() {
		if err := core.Close(time.Millisecond); err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	return c, &world{t: t, core: core, path: c.path, url: srv.URL}
}

// A device has one connection to all nodes: the second, to another node, ends the first. What it wrote on the one it need
// not write on the other, and what a colleague's node takes in comes to it there.
func TestADeviceGoesFromNodeToNode(t *testing.T) {
	t.Parallel()
	c, other := twoNodes(t)
	li, wang := c.rogue("li"), c.rogue("wang")
	c.employ(li.person, wang.person)
	job := c.job("pump", li.person, wang.person)
	li.enter(nil)
	wang.enter(nil)
	note := li.note(job, "seal worn", clock.Vector{})
	if v := li.judged(note); v.Outcome == wire.Quarantined {
		t.Fatalf("the note is %+v", v)
	}
	first := *li
	li.w = other
	li.enter(nil)
	first.ended()
	if v := li.judged(note); v.Outcome == wire.Quarantined || v.Seq == 0 {
		t.Errorf("said again on the other node, the note is %+v", v)
	}
	wang.takePages()
	if v := li.judged(li.note(job, "and greased", clock.Vector{})); v.Outcome == wire.Quarantined {
		t.Errorf("a second note is %+v", v)
	}
	await[wire.Page](wang)
	for _, w := range []*world{c.world, other} {
		soon(t, "both are seen to be online", func() bool { return len(online(t, w)) == 2 })
	}
	li.hangUp()
	soon(t, "one has gone", func() bool { return len(online(t, c.world)) == 1 })
}

// online returns the devices that have a connection to any node.
func online(t *testing.T, w *world) (devices map[record.ID]bool) {
	t.Helper()
	err := w.core.Store.Read(t.Context(), func(v *store.View) (err error) {
		devices, err = v.Connected(time.Now().Add(-hub.AliveFor))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return devices
}

// A device that is shut out on one node is off on every other.
func TestShuttingOutReachesEveryNode(t *testing.T) {
	t.Parallel()
	c, other := twoNodes(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	mallory.w = other
	mallory.enter(nil)
	c.shutOut(mallory.device, auth.Revoked)
	mallory.ended()
	mallory.dial().send(mallory.hello())
	mallory.send(wire.Proof{Signature: ed25519.Sign(mallory.key, wire.ChallengeText(await[wire.Challenge](mallory).Nonce))})
	mallory.refused(fault.Revoked)
}

// What nobody asks for is done on PostgreSQL too.
func TestHousekeepingOnPostgreSQL(t *testing.T) {
	t.Parallel()
	c, _ := twoNodes(t)
	if _, err := c.core.Tidy(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.core.AnnounceClocks(t.Context()); err != nil {
		t.Error(err)
	}
}
