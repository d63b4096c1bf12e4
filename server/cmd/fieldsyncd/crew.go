package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"fieldsync/sync/record"
)

// member is a technician of the demo: a process with a replica in a folder of its own.
type member struct {
	name  string
	dir   string
	ahead time.Duration
	seed  uint64

	program string // that the process runs; "" is this one

	person record.ID
	code   string // that enrols his phone

	process *exec.Cmd
	in      io.WriteCloser
	lines   *bufio.Scanner
	durable int // steps that he said were durable
}

// start runs the member's process; it goes on with whatever replica is in his folder.
func (m *member) start(ctx context.Context) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	program := cmp.Or(m.program, self)
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return err
	}
	m.process = exec.CommandContext(ctx, program, "technician", "-dir", m.dir, "-ahead", m.ahead.String(), "-seed", fmt.Sprint(m.seed))
	m.process.Stderr = os.Stderr
	if m.in, err = m.process.StdinPipe(); err != nil {
		return err
	}
	out, err := m.process.StdoutPipe()
	if err != nil {
		return err
	}
	m.lines = bufio.NewScanner(out)
	m.lines.Buffer(nil, 256<<20)
	return m.process.Start()
}

// tell gives an order and returns what the member answers when it is done.
func (m *member) tell(o order) (answer, error) {
	given := m.give(o) // to a process that has ended already, and said why, it cannot be given
	for {
		a, err := m.hear()
		if err == nil && given != nil {
			err = given
		}
		if err != nil || a.Done {
			return a, err
		}
	}
}

func (m *member) give(o order) error { return json.NewEncoder(m.in).Encode(o) }

// hear reads one line; what the member recorded is counted.
func (m *member) hear() (a answer, err error) {
	if !m.lines.Scan() {
		return answer{}, fmt.Errorf("%s's process ended: %w", m.name, errors.Join(m.lines.Err(), io.EOF))
	}
	if err := json.Unmarshal(m.lines.Bytes(), &a); err != nil {
		return answer{}, err
	}
	if a.Recorded != "" {
		m.durable++
	}
	if a.Error != "" {
		return a, fmt.Errorf("%s: %s", m.name, a.Error)
	}
	return a, nil
}

// kill ends the process with -9 once it has said n times that something is durable.
func (m *member) killAfter(n int, o order) error {
	if err := m.give(o); err != nil {
		return err
	}
	for range n {
		a, err := m.hear()
		if err != nil || a.Done {
			return errors.Join(err, errors.New("the work was done before the kill"))
		}
	}
	if err := m.process.Process.Kill(); err != nil {
		return err
	}
	for m.lines.Scan() { // what he had said and nobody had heard yet was durable too
		var a answer
		if json.Unmarshal(m.lines.Bytes(), &a) == nil && a.Recorded != "" {
			m.durable++
		}
	}
	_ = m.process.Wait() // killed: that is the point
	return nil
}

// stop lets the process finish.
func (m *member) stop() error {
	if m.process == nil {
		return nil
	}
	_ = m.in.Close()
	err := m.process.Wait()
	m.process = nil
	return err
}

// backup copies the member's replica, as a phone's backup does, while his process is stopped.
func (m *member) backup(to string) error { return copyFolder(m.dir, to) }

// restore puts a backup in the place of the member's replica.
func (m *member) restore(from string) error {
	if err := os.RemoveAll(m.dir); err != nil {
		return err
	}
	return copyFolder(from, m.dir)
}

func copyFolder(from, to string) error {
	return os.CopyFS(to, os.DirFS(filepath.Clean(from)))
}
