// Package natstest runs NATS for tests: the server's own program, which .ci/tools pins, in a process that a test can end
// and start again. Where it cannot be built those tests are skipped.
package natstest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Server is one server of NATS.
type Server struct {
	URL string

	t       testing.TB
	program string
	address string
	process *exec.Cmd
}

// Start starts a server, which the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, program: build(t), address: freeAddress(t)}
	s.URL = "nats://" + s.address
	s.Again()
	t.Cleanup(s.Stop)
	return s
}

// build returns the program.
func build(t testing.TB) string {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	tools := filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), ".ci", "tools", "go.mod")
	program, err := exec.CommandContext(t.Context(), "go", "tool", "-modfile="+tools, "-n", "nats-server").Output()
	if err != nil {
		t.Skipf("NATS cannot be built here: %v", err)
	}
	return strings.TrimSpace(string(program))
}

// freeAddress returns one at which nobody listens now.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Again starts the server at its address, after it was stopped, with further arguments of its own. It does not wait until it
// listens: clients try again.
func (s *Server) Again(args ...string) {
	s.t.Helper()
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	args = append([]string{"-a", host, "-p", port, "-l", os.DevNull}, args...)
	s.process = exec.CommandContext(context.WithoutCancel(s.t.Context()), s.program, args...)
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// Stop kills the server, as a power cut does; once more does nothing.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill() // it may have ended by itself
	_ = s.process.Wait()
	s.process = nil
}
