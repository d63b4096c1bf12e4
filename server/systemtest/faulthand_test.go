package systemtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	gosync "sync"
	"syscall"
	"time"

	"fieldsync/server/badline"
	"fieldsync/sync/record"
)

// hand is a technician with a device: a process that can be killed and stopped, and goes on with what is in its folder.
type hand struct {
	d      *day
	name   string
	dir    string
	disk   *disk
	line   *badline.Line
	seed   uint64
	rate   float64 // changes a second
	person record.ID
	jobs   []record.ID

	history history

	down gosync.Mutex // held by who killed it, until it is up again
	told gosync.Mutex // held while an order is carried out
	mu   gosync.Mutex
	at   *process
	skew time.Duration
}

// process is one run of a device.
type process struct {
	*exec.Cmd
	in      io.WriteCloser
	log     bytes.Buffer // to be read once it has ended
	answers chan handAnswer
	over    chan struct{} // closed when all that it said was heard
}

// handAnswer is a line that a device's process says.
type handAnswer struct {
	Meant   *deed
	Kept    int
	Failed  int
	Reason  string
	Online  bool
	Trouble string
	Cursors []uint64
	Done    bool
	Error   string
	Pending int
	Refused int
	Changes []string
	Rows    map[string]string

	Goroutines int
}

func (h *hand) now() *process {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

// begin starts a process on the folder.
func (h *hand) begin() (*process, error) {
	h.seed++
	c := h.d.nodes[0].command("technician", "-dir", h.dir, "-seed", fmt.Sprint(h.seed), "-ahead", h.skew.String())
	p := &process{Cmd: c, answers: make(chan handAnswer, 1), over: make(chan struct{})}
	c.Stderr = &p.log
	var err error
	if p.in, err = c.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, err
	}
	heard := h.history.process()
	go func() {
		defer close(p.over)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 256<<20)
		for lines.Scan() {
			var a handAnswer
			if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
				continue // a line that a kill cut off
			}
			heard(a)
			if a.Done {
				p.answers <- a
			}
		}
	}()
	return p, nil
}

// start starts the device, again and again until it has opened its replica, as a person does.
func (h *hand) start() {
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var p *process
		if p, err = h.begin(); err != nil {
			break
		}
		h.mu.Lock()
		h.at = p
		h.mu.Unlock()
		if _, err = h.tell(map[string]any{"Do": "status"}); err == nil {
			return
		}
		_ = p.in.Close()
		<-p.over
		_ = p.Wait()
	}
	h.d.t.Errorf("%s's device does not start: %v", h.name, err)
}

// tell gives an order and returns what the device answers when it is done.
func (h *hand) tell(order map[string]any) (a handAnswer, err error) {
	h.told.Lock()
	defer h.told.Unlock()
	p := h.now()
	if err = json.NewEncoder(p.in).Encode(order); err != nil {
		return a, err
	}
	select {
	case a = <-p.answers:
	case <-p.over:
		select {
		case a = <-p.answers:
		default:
			return a, fmt.Errorf("%s's device has ended", h.name)
		}
	}
	if a.Error != "" {
		err = fmt.Errorf("%s: %s", h.name, a.Error)
	}
	return a, err
}

// must is tell for an order that has to be carried out.
func (h *hand) must(order map[string]any) handAnswer {
	a, err := h.tell(order)
	if err != nil {
		h.d.t.Errorf("%v: %v", order["Do"], err)
	}
	return a
}

// work is the order to connect, and to write as long as it is time to.
func (h *hand) work() map[string]any {
	rate := h.rate
	if h.d.resting.Load() {
		rate = 0
	}
	return map[string]any{"Do": "work", "On": h.jobs, "Rate": rate}
}

// kill ends the device at whatever it does, until it is healed.
func (h *hand) kill(*rand.Rand) heal {
	h.down.Lock()
	p := h.now()
	_ = p.Process.Kill()
	<-p.over
	_ = p.Wait()
	return func() bool {
		defer h.down.Unlock()
		h.start()
		h.must(h.work())
		how, known := p.ProcessState.Sys().(syscall.WaitStatus)
		return known && how.Signal() == syscall.SIGKILL
	}
}

// freeze stops the device's process until it is healed.
func (h *hand) freeze(*rand.Rand) heal { return frozen(h.now().Cmd) }

// misdate sets the device's clock, by seconds, hours or days and either way; it heals to the true time.
func (h *hand) misdate(r *rand.Rand) heal {
	unit := []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}[r.IntN(4)]
	by := time.Duration(float64(unit) * (20*r.Float64() - 10))
	taken := h.setClock(by)
	return func() bool {
		h.setClock(0)
		return taken
	}
}

// setClock reports whether the device took it at once; who is dead just now begins with it.
func (h *hand) setClock(ahead time.Duration) (taken bool) {
	h.mu.Lock()
	h.skew = ahead
	h.mu.Unlock()
	_, err := h.tell(map[string]any{"Do": "clock", "Ahead": ahead})
	return err == nil
}

// fill fills the device's disk. Who wants to write then is told that nothing is kept.
func (h *hand) fill() heal {
	before := h.history.refused()
	hit := func() bool { return h.history.refused() > before }
	empty := h.disk.fill(h.d.t)
	h.hurry(hit)
	return func() bool {
		empty()
		return hit()
	}
}

// hurry has the device write much until it is enough: a full disk is noticed when a log of commits has no room left, which it was
// given ahead; and a line is cut when it has carried so much.
func (h *hand) hurry(enough func() bool) {
	fast := h.work()
	fast["Rate"] = 1000
	for end := time.Now().Add(10 * time.Second); !enough() && !h.d.resting.Load() && time.Now().Before(end); {
		_, _ = h.tell(fast) // again and again: it may be dead just now, and others may have let it rest
		time.Sleep(100 * time.Millisecond)
	}
	_, _ = h.tell(h.work())
}

// end has the device end as it should.
func (h *hand) end() {
	p := h.now()
	_ = p.in.Close()
	<-p.over
	if err := p.Wait(); err != nil {
		h.d.t.Errorf("%s's device did not end well: %v: %s", h.name, err, p.log.String())
	}
}

// abandon ends what a test that failed left, and the line.
func (h *hand) abandon() {
	if p := h.now(); p != nil && p.ProcessState == nil {
		_ = p.Process.Kill()
		<-p.over
		_ = p.Wait()
	}
	_ = h.line.Close()
}
