// Package pgtest runs PostgreSQL for tests: one cluster for a test binary, in a folder of its own, on a socket in it,
// and in it an empty database for each test that asks. Where PostgreSQL is not installed those tests are skipped.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"fieldsync/server/store/postgres"
)

// Main runs the tests, and stops the cluster if one of them started it: a TestMain calls it, and exits with what it
// returns.
func Main(m *testing.M) int {
	code := m.Run()
	if err := the.remove(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	return code
}

// Database makes an empty database and returns its address. The test is skipped where PostgreSQL is not installed.
func Database(t testing.TB) string {
	t.Helper()
	return (&Server{t, the}).Database()
}

// Server is a server of one test's own, which the test can end and start again.
type Server struct {
	t       testing.TB
	cluster *cluster
}

// Start returns a server that starts with its first database. The test ends it.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t, &cluster{}}
	t.Cleanup(func() {
		if err := s.cluster.remove(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Database makes an empty database and returns its address.
func (s *Server) Database() string {
	s.t.Helper()
	name, err := s.cluster.database(s.t.Context())
	if errors.Is(err, errNotInstalled) {
		s.t.Skip("PostgreSQL is not installed")
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return s.cluster.address(name)
}

// Stop ends the server with every connection to it, as when its process is killed.
func (s *Server) Stop() error { return s.cluster.stop() }

// Again starts the server after it was stopped, and returns when it answers.
func (s *Server) Again(ctx context.Context) error { return s.cluster.start(ctx) }

// the is the cluster of the test binary.
var the = &cluster{}

type cluster struct {
	mu       sync.Mutex
	tried    bool
	err      error  // why there is none
	dir      string // of its files
	server   *exec.Cmd
	gone     chan struct{} // closed when the server has ended
	programs string        // the folder of initdb and postgres
	made     int           // databases
}

var errNotInstalled = errors.New("pgtest: PostgreSQL is not installed")

func (c *cluster) address(database string) string {
	return "postgres://fieldsync@/" + database + "?host=" + c.dir
}

func (c *cluster) database(ctx context.Context) (name string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.tried {
		c.tried, c.err = true, c.make(ctx)
	}
	if c.err != nil {
		return "", c.err
	}
	c.made++
	name = fmt.Sprintf("test%d", c.made)
	return name, c.say(ctx, "CREATE DATABASE "+name)
}

// say executes a statement in the cluster's own database.
func (c *cluster) say(ctx context.Context, statement string) error {
	return postgres.Say(ctx, postgres.Options{URL: c.address("postgres")}, statement)
}

func (c *cluster) make(ctx context.Context) (err error) {
	if c.programs, err = find(); err != nil {
		return err
	}
	if c.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return err
	}
	if err = own(c.dir); err != nil {
		return err
	}
	initdb := c.command(ctx, "initdb", "-D", c.data(), "-U", "fieldsync", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if said, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w: %s", err, said)
	}
	return c.start(ctx)
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// find returns the folder of the server's programs, which Debian keeps out of the path.
func find() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	if len(found) == 0 {
		return "", errNotInstalled
	}
	return filepath.Dir(slices.Max(found)), nil
}

// start starts the server, and waits until it answers. What it writes is not forced to the disk: a test's power cut
// ends processes only.
func (c *cluster) start(ctx context.Context) error {
	c.server = c.command(context.WithoutCancel(ctx), "postgres", "-D", c.data(), "-k", c.dir, "-h", "", "-c", "fsync=off",
		"-c", "max_connections=300", "-c", "shared_buffers=32MB", "-c", "log_min_messages=fatal")
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	c.server.Stdout, c.server.Stderr = log, log
	if err = errors.Join(c.server.Start(), log.Close()); err != nil {
		return err
	}
	c.gone = make(chan struct{})
	go func() { _ = c.server.Wait(); close(c.gone) }()
	for {
		if err = c.say(ctx, "CHECKPOINT"); err == nil {
			return nil
		}
		select {
		case <-c.gone:
			said, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("pgtest: the server has ended: %s", said)
		case <-time.After(20 * time.Millisecond): // it is starting
		}
	}
}

// stop ends the server as a power cut does: nobody needs what it holds any more.
func (c *cluster) stop() error {
	if c.server == nil {
		return nil
	}
	if err := c.server.Process.Signal(immediate); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-c.gone
	return nil
}

func (c *cluster) remove() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir == "" {
		return nil
	}
	return errors.Join(c.stop(), os.RemoveAll(c.dir))
}
