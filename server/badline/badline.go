// Package badline is a bad line between devices and their hub, for demonstrations and tests: a TCP proxy that is down,
// says nothing, is slow, breaks off in the middle, and says things twice, as it is told while it runs.
package badline

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// State is how a line is. The zero State carries everything as it came.
type State struct {
	Down   bool // connections break, and new ones too: nobody is there
	Silent bool // nothing passes and nobody is told, as in a tunnel; it passes when the line speaks again
	Cut    bool // each connection breaks after some hundred to some tens of thousands of bytes, in the middle of something
	Twice  int  // so many of a hundred messages are said again, at once or when others have passed
	// Delay is how much later everything arrives, and Pace how many bytes pass in a second, 0 for all that come.
	Delay time.Duration
	Pace  int
}

// Line leads whoever connects to it to one of its targets.
type Line struct {
	// What it did: connections that were cut, messages that were said twice, connections that broke or found nobody since it
	// was down, pieces that waited since it was silent, and that came later since it was slow.
	Cuts, Again, Broken, Held, Slowed atomic.Int64

	listener net.Listener
	targets  func() []string
	wait     sync.WaitGroup

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed when the state changes
	random  *rand.Rand
	conns   map[net.Conn]bool
	closed  bool
}

// Open opens a line of this machine. It asks for the targets, host:port, whenever somebody connects, and takes the first
// that answers. What it does by chance the seed decides.
func Open(seed uint64, targets func() []string) (*Line, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Line{
		listener: listener, targets: targets, changed: make(chan struct{}), random: rand.New(rand.NewPCG(seed, 1)),
		conns: map[net.Conn]bool{},
	}
	l.wait.Go(l.accept)
	return l, nil
}

// To is the targets of a line that always leads to one.
func To(target string) func() []string { return func() []string { return []string{target} } }

// URL is where devices find the line.
func (l *Line) URL() string { return "http://" + l.listener.Addr().String() }

// Set makes the line so from now on.
func (l *Line) Set(s State) { l.Alter(func(now *State) { *now = s }) }

// Alter changes the state that the line has.
func (l *Line) Alter(change func(*State)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.state)
	close(l.changed)
	l.changed = make(chan struct{})
	if l.state.Down {
		l.breakAll()
	}
}

// State returns how the line is.
func (l *Line) State() State {
	s, _ := l.now()
	return s
}

// Close ends the line and what is under way on it.
func (l *Line) Close() error {
	err := l.listener.Close()
	l.mu.Lock()
	l.closed = true
	close(l.changed)
	l.changed = make(chan struct{})
	l.breakAll()
	l.mu.Unlock()
	l.wait.Wait()
	return err
}

func (l *Line) breakAll() {
	for c := range l.conns {
		l.Broken.Add(1)
		_ = c.Close()
	}
}

// now returns the state, and what is closed when it changes.
func (l *Line) now() (State, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.changed
}

// chance draws a number below n.
func (l *Line) chance(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.random.IntN(n)
}

func (l *Line) accept() {
	for {
		c, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.wait.Go(func() { l.carry(c) })
	}
}

// keep notes a connection, or reports that the line is down.
func (l *Line) keep(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	up := !l.state.Down && !l.closed
	if up {
		l.conns[c] = true
	} else {
		l.Broken.Add(1)
	}
	return up
}

func (l *Line) drop(c net.Conn) {
	_ = c.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// carry carries both ways until one side ends or the connection is cut.
func (l *Line) carry(near net.Conn) {
	defer l.drop(near)
	if !l.keep(near) {
		return
	}
	far := l.dial()
	if far == nil {
		return
	}
	defer l.drop(far)
	if !l.keep(far) {
		return
	}
	left := &atomic.Int64{}
	left.Store(300 << l.chance(9)) // bytes until it is cut, if it is
	var both sync.WaitGroup
	both.Go(func() { l.copy(far, near, left) })
	both.Go(func() { l.copy(near, far, left) })
	both.Wait()
}

func (l *Line) dial() net.Conn {
	for _, target := range l.targets() {
		if c, err := net.Dial("tcp", target); err == nil {
			return c
		}
	}
	return nil
}

func (l *Line) copy(to, from net.Conn, left *atomic.Int64) {
	defer func() { _, _ = to.Close(), from.Close() }()
	say := &speech{in: bufio.NewReaderSize(from, 16<<10)}
	var said [][]byte // messages that may be said once more
	for {
		piece, err := say.next()
		if len(piece) > 0 && !l.pass(to, piece, left) || err != nil {
			return
		}
		if !say.message {
			continue
		}
		if said = append(said, piece); len(said) > 4 {
			said = said[1:]
		}
		if s := l.State(); s.Twice > l.chance(100) {
			l.Again.Add(1)
			if !l.pass(to, said[l.chance(len(said))], left) {
				return
			}
		}
	}
}

// pass sends a piece on as the line does just now, and reports whether the connection goes on.
func (l *Line) pass(to io.Writer, piece []byte, left *atomic.Int64) bool {
	s, changed := l.now()
	if s.Silent {
		l.Held.Add(1)
	}
	for s.Silent {
		<-changed
		if s, changed = l.now(); l.ended() {
			return false
		}
	}
	wait := s.Delay
	if s.Pace > 0 {
		wait += time.Duration(len(piece)) * time.Second / time.Duration(s.Pace)
	}
	if wait > 0 {
		l.Slowed.Add(1)
		time.Sleep(min(wait, 10*time.Second))
	}
	if s.Cut && left.Add(-int64(len(piece))) < 0 {
		l.Cuts.Add(1)
		_, _ = to.Write(piece[:len(piece)/2]) // the other end has half of it, and then nothing
		return false
	}
	_, err := to.Write(piece)
	return err == nil
}

func (l *Line) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}
