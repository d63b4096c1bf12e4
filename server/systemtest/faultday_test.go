package systemtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	gosync "sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"fieldsync/server"
	"fieldsync/server/badline"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/server/wake/natstest"
	"fieldsync/sync/record"
)

// stuck is for how long a day may take to become as it should be; what it took is what is reported.
const stuck = time.Minute

// roomy is how many of the devices have small disks, where there are any.
const roomy = 2

// day is a company at work: the hub's nodes, and the devices, each with a line of its own.
type day struct {
	t        *testing.T
	random   *rand.Rand
	nodes    []*node
	hands    []*hand
	postgres *pgtest.Server
	nats     *natstest.Server
	resting  atomic.Bool

	mu   gosync.Mutex
	hits map[string]int // how often each fault hit somebody
}

// newDay sets a company up on SQLite, or on two nodes with PostgreSQL and NATS.
func newDay(t *testing.T, program string, random *rand.Rand, nodes, disks bool) *day {
	t.Helper()
	d := &day{t: t, random: random, hits: map[string]int{}}
	first := &node{d: d, installation: &installation{t: t, program: program, data: filepath.Join(t.TempDir(), "data")}}
	d.nodes = []*node{first}
	if disks {
		first.disk = mountSmall(t)
		first.data = filepath.Join(first.disk.at, "data")
	}
	if nodes {
		d.postgres, d.nats = pgtest.Start(t), natstest.Start(t)
		first.db, first.more = d.postgres.Database(), []string{"-nats", d.nats.URL}
	}
	first.start()
	if nodes {
		second := &node{d: d, installation: &installation{t: t, program: program, data: filepath.Join(t.TempDir(), "data"), db: first.db}, more: first.more}
		bringKeys(t, first.data, second.data)
		d.nodes = append(d.nodes, second)
		second.start()
	}
	d.hire(*faultDevices, disks)
	return d
}

// targets returns where the nodes that run are, each time beginning at another.
func (d *day) targets(turn int) (at []string) {
	for n := range d.nodes {
		if url := d.nodes[(n+turn)%len(d.nodes)].address(); url != "" {
			at = append(at, url)
		}
	}
	return at
}

func (d *day) someNode(r *rand.Rand) *node { return d.nodes[r.IntN(len(d.nodes))] }

// hire makes technicians, each with a device, a job of his own and one of all, and has each fetch them.
func (d *day) hire(n int, disks bool) {
	d.t.Helper()
	for i := range n {
		h := &hand{d: d, name: fmt.Sprintf("tech%d", i), dir: d.t.TempDir(), seed: d.random.Uint64(), rate: (10 + 30*d.random.Float64()) / float64(n)}
		if disks && i < roomy {
			h.disk = mountSmall(d.t)
			h.dir = h.disk.at
		}
		var turn atomic.Int64
		var err error
		if h.line, err = badline.Open(h.seed, func() []string { return d.targets(i + int(turn.Add(1))) }); err != nil {
			d.t.Fatal(err)
		}
		d.t.Cleanup(h.abandon)
		d.hands = append(d.hands, h)
	}
	codes := make([]string, n)
	d.nodes[0].beside(func(core *server.Core) { codes = d.employ(core) })
	enrol := make([]func(), n)
	for i, h := range d.hands {
		enrol[i] = func() {
			h.start()
			h.must(map[string]any{"Do": "enrol", "Server": h.line.URL(), "Code": codes[i], "Name": h.name + "'s phone"})
			h.must(map[string]any{"Do": "sync", "Within": patience})
		}
	}
	together(enrol)
}

// employ makes the technicians' accounts and jobs, and returns a code for the device of each.
func (d *day) employ(core *server.Core) (codes []string) {
	d.t.Helper()
	people := make([]record.ID, len(d.hands))
	for i, h := range d.hands {
		var person struct{ ID record.ID }
		d.nodes[0].must(&person, "person", "add", "Technician "+h.name, "-login", h.name)
		people[i], h.person = person.ID, person.ID
		code, _, err := core.Devices.NewCode(d.t.Context(), person.ID)
		if err != nil {
			d.t.Fatal(err)
		}
		codes = append(codes, code)
	}
	s := &scale{t: d.t}
	all, own := s.plan(core, people)
	for i, h := range d.hands {
		h.jobs = []record.ID{own[i], all}
	}
	return codes
}

// work has every device work until rest.
func (d *day) work() {
	for _, h := range d.hands {
		h.must(h.work())
	}
}

// rest ends the work. Who is dead just now comes back without any; who is stopped hears of it when he goes on.
func (d *day) rest() {
	d.resting.Store(true)
	all := make([]func(), len(d.hands))
	for i, h := range d.hands {
		all[i] = func() { _, _ = h.tell(map[string]any{"Do": "rest"}) }
	}
	together(all)
}

func (d *day) withoutPostgreSQL() heal {
	stopped := d.postgres.Stop()
	if stopped != nil {
		d.t.Error(stopped)
	}
	return func() bool {
		if err := d.postgres.Again(context.WithoutCancel(d.t.Context())); err != nil {
			d.t.Error(err)
		}
		return stopped == nil
	}
}

// withoutNATS ends NATS. Nodes that had found it say that it is away.
func (d *day) withoutNATS() heal {
	before := d.said("NATS is away")
	d.nats.Stop()
	return func() bool {
		d.nats.Again()
		return d.said("NATS is away") > before
	}
}

// fillHub fills the disk of the hub, which says so when it wants to write or to start, or goes on in the room that its log has.
func (d *day) fillHub() heal {
	before := d.said("disk_full")
	hit := func() bool { return d.said("disk_full") > before }
	empty := d.nodes[0].disk.fill(d.t)
	d.hands[len(d.hands)-1].hurry(hit)
	return func() bool {
		atWork := d.nodes[0].now() != nil
		empty()
		return atWork || hit()
	}
}

// said counts how often the nodes said the words, those that did not start among them.
func (d *day) said(words string) (times int) {
	for _, n := range d.nodes {
		n.mu.Lock()
		times += strings.Count(n.failures.String(), words)
		for _, s := range n.all {
			times += strings.Count(s.log.String(), words)
		}
		n.mu.Unlock()
	}
	return times
}

func (d *day) noteHit(fault string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hits[fault]++
}

// struck returns how often each of the faults hit somebody, and fails where one never did.
func (d *day) struck(suffered []calamity) (hits []int) {
	d.t.Helper()
	for _, c := range suffered {
		if d.hits[c.name] == 0 {
			d.t.Errorf("%q hit nobody", c.name)
		}
		hits = append(hits, d.hits[c.name])
	}
	return hits
}

// close ends everybody, and looks whether the hub's database is whole.
func (d *day) close() {
	for _, h := range d.hands {
		h.end()
	}
	for _, n := range d.nodes {
		n.now().stop()
	}
	var whole struct{ OK bool }
	if d.nodes[0].must(&whole, "verify"); !whole.OK {
		d.t.Error("the hub's database is not whole")
	}
}

// node is one of the hub's processes, with whoever starts it again when it has ended.
type node struct {
	*installation
	d    *day
	more []string
	disk *disk

	down gosync.Mutex // held by who took it down, until it is up again
	mu   gosync.Mutex
	at   *serving // nil while it is down
	all  []*serving
	// failures is why it did not start, each time.
	failures strings.Builder
}

// now returns the process that serves; nil while there is none.
func (n *node) now() *serving {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.at
}

func (n *node) address() string {
	s := n.now()
	if s == nil {
		return ""
	}
	u, err := url.Parse(s.url)
	if err != nil {
		n.d.t.Error(err)
		return ""
	}
	return u.Host
}

func (n *node) noteFailure(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failures.WriteString(err.Error())
}

func (n *node) set(s *serving) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.at = s; s != nil {
		n.all = append(n.all, s)
	}
}

// start starts the node, again and again until it serves, as a service manager does.
func (n *node) start() {
	s, err := n.try(n.more...)
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); s, err = n.try(n.more...) {
		n.noteFailure(err)
		time.Sleep(200 * time.Millisecond)
	}
	if err != nil {
		n.d.t.Error(err)
		return
	}
	n.d.t.Cleanup(func() {
		if !s.ended {
			s.kill()
		}
		if n.d.t.Failed() {
			n.d.t.Logf("the hub said: %s", lastOf(s.log.String(), 4000))
		}
	})
	n.set(s)
}

func lastOf(s string, n int) string { return s[max(0, len(s)-n):] }

// takeDown ends the node in some way until it is healed.
func (n *node) takeDown(how func(*serving)) heal {
	n.down.Lock()
	s := n.now()
	n.set(nil)
	if s != nil { // who did not start again has failed already
		how(s)
	}
	return func() bool {
		defer n.down.Unlock()
		n.start()
		return s != nil && s.process.ProcessState != nil
	}
}

// end has the hub end as a service manager does. What is wrong with everything else at the moment may make it say so.
func (s *serving) end() {
	s.ended = true
	late := time.AfterFunc(stuck, func() {
		s.t.Error("the hub does not end")
		_ = s.process.Process.Kill()
	})
	_ = s.process.Process.Signal(syscall.SIGTERM)
	if err := s.process.Wait(); err != nil {
		s.t.Logf("the hub ended with %v: %s", err, lastOf(s.log.String(), 400))
	}
	late.Stop()
}

// freeze stops the node's process, as a machine that hangs, until it is healed.
func (n *node) freeze() heal {
	s := n.now()
	if s == nil {
		return func() bool { return false }
	}
	return frozen(s.process)
}

// frozen stops a process until it is healed. That it may have ended meanwhile is no matter.
func frozen(c *exec.Cmd) heal {
	_ = c.Process.Signal(syscall.SIGSTOP)
	stopped := false
	for end := time.Now().Add(time.Second); !stopped && time.Now().Before(end); time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.Process.Pid))
		stopped = err == nil && strings.Contains(string(stat), ") T ")
	}
	return func() bool {
		_ = c.Process.Signal(syscall.SIGCONT)
		return stopped
	}
}

// smallDisk is how large a small disk is: smaller than a hub's log of commits may become, which has to do with what there is.
const smallDisk = "48m"

// disk is a small disk that can be filled.
type disk struct{ at string }

func canMount(t *testing.T) bool {
	t.Helper()
	at := t.TempDir()
	if exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", at).Run() != nil {
		return false
	}
	if out, err := exec.CommandContext(t.Context(), "umount", at).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return true
}

// mountSmall mounts a disk that the test takes away again.
func mountSmall(t *testing.T) *disk {
	t.Helper()
	d := &disk{t.TempDir()}
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size="+smallDisk, "tmpfs", d.at).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := exec.CommandContext(context.WithoutCancel(t.Context()), "du", "-ak", d.at).CombinedOutput()
			t.Logf("on the small disk, KiB: %s", out)
		}
		if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "umount", d.at).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return d
}

// fill leaves no byte free until it is healed.
func (d *disk) fill(t *testing.T) (heal func()) {
	name := filepath.Join(d.at, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Error(err)
		return func() {}
	}
	for size := 1 << 20; size > 0; {
		if _, err = f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the disk does not fill up: %v", err)
	}
	_ = f.Close()
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}
