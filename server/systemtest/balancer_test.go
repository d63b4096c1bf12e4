package systemtest

import (
	"io"
	"net"
	"net/url"
	gosync "sync"
	"testing"
)

// pool are the nodes that take connections.
type pool struct {
	mu    gosync.Mutex
	nodes []*serving
	next  int
}

func (p *pool) add(n *serving) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nodes = append(p.nodes, n)
}

func (p *pool) remove(n *serving) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.nodes {
		if p.nodes[i] == n {
			p.nodes = append(p.nodes[:i:i], p.nodes[i+1:]...)
			return
		}
	}
}

// turns returns the nodes, each time beginning at another.
func (p *pool) turns() []*serving {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.nodes) == 0 {
		return nil
	}
	p.next = (p.next + 1) % len(p.nodes)
	return append(append([]*serving(nil), p.nodes[p.next:]...), p.nodes[:p.next]...)
}

// balancer takes the connections of one phone, and gives each to the next node that takes it.
type balancer struct {
	url  string
	pool *pool
	mu   gosync.Mutex
	at   *serving // the node that has the latest connection
}

func newBalancer(t *testing.T, p *pool) *balancer {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	b := &balancer{url: "http://" + l.Addr().String(), pool: p}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.carry(c)
		}
	}()
	return b
}

// node returns the node that the phone is connected to, or was last.
func (b *balancer) node() *serving {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *balancer) carry(from net.Conn) {
	defer func() { _ = from.Close() }()
	to := b.dial()
	if to == nil {
		return
	}
	defer func() { _ = to.Close() }()
	go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
	_, _ = io.Copy(from, to)
}

func (b *balancer) dial() net.Conn {
	for _, n := range b.pool.turns() {
		u, err := url.Parse(n.url)
		if err != nil {
			return nil
		}
		if c, err := net.Dial("tcp", u.Host); err == nil {
			b.mu.Lock()
			b.at = n
			b.mu.Unlock()
			return c
		}
	}
	return nil
}
