package main

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
)

// badNetwork is a TCP proxy in front of the hub that cuts connections at random bytes, as a lift or a cellar does.
type badNetwork struct {
	listener net.Listener
	target   string
	steady   atomic.Bool // stops cutting
	cuts     atomic.Int64
	mu       sync.Mutex
	random   *rand.Rand
	wait     sync.WaitGroup
}

func startBadNetwork(target string, seed uint64) (*badNetwork, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &badNetwork{listener: l, target: target, random: rand.New(rand.NewPCG(seed, 1))}
	p.wait.Go(p.accept)
	return p, nil
}

func (p *badNetwork) url() string { return "http://" + p.listener.Addr().String() }

func (p *badNetwork) close() {
	_ = p.listener.Close()
	p.wait.Wait()
}

func (p *badNetwork) accept() {
	for {
		device, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wait.Go(func() { p.carry(device) })
	}
}

// carry copies both ways until one side ends or the connection's bytes are used up.
func (p *badNetwork) carry(device net.Conn) {
	defer func() { _ = device.Close() }()
	hub, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer func() { _ = hub.Close() }()
	left := &atomic.Int64{}
	left.Store(p.allowance())
	var both sync.WaitGroup
	both.Go(func() { p.copy(hub, device, left) })
	both.Go(func() { p.copy(device, hub, left) })
	both.Wait()
}

// allowance draws how many bytes a connection carries before it is cut: a few hundred to some tens of thousands.
func (p *badNetwork) allowance() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return 300 << p.random.IntN(9)
}

func (p *badNetwork) copy(to, from net.Conn, left *atomic.Int64) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if !p.steady.Load() && left.Add(-int64(n)) < 0 {
			p.cuts.Add(1)
			n /= 2 // the cut falls into the middle of what was being sent
			err = io.EOF
		}
		if n > 0 {
			if _, werr := to.Write(buffer[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
