package main

import (
	"net"
	"sync"
	"sync/atomic"
)

// proxy stands between a device and the hub and counts the bytes of TCP payload that pass, both ways, whatever they
// are: the HTTP upgrade, authentication and all.
type proxy struct {
	listener net.Listener
	bytes    atomic.Int64

	mu     sync.Mutex
	idle   *sync.Cond // of mu: a connection has ended
	open   int        // connections under way
	target string
}

func startProxy() (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l}
	p.idle = sync.NewCond(&p.mu)
	go p.serve()
	return p, nil
}

func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

// lead makes connections from now on go to the address.
func (p *proxy) lead(to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = to
}

// take waits until no connection is open and returns the bytes that passed since the last call.
func (p *proxy) take() int64 {
	p.mu.Lock()
	for p.open > 0 {
		p.idle.Wait()
	}
	p.mu.Unlock()
	return p.bytes.Swap(0)
}

func (p *proxy) close() { _ = p.listener.Close() }

func (p *proxy) serve() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.mu.Lock()
		target := p.target
		p.open++
		p.mu.Unlock()
		go func() {
			p.join(in, target)
			p.ended()
		}()
	}
}

func (p *proxy) ended() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	p.idle.Broadcast()
}

// join carries bytes between two ends until both have ended.
func (p *proxy) join(in net.Conn, target string) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", target)
	if err != nil {
		return // the device sees a connection that ends
	}
	defer func() { _ = out.Close() }()
	var back sync.WaitGroup
	back.Go(func() { p.carry(in, out) })
	p.carry(out, in)
	back.Wait()
}

func (p *proxy) carry(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.bytes.Add(int64(n))
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			return // io.EOF, or a broken connection: either way there is no more
		}
	}
}
