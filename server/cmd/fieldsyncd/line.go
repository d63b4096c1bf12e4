package main

import (
	"io"
	"net"
	"sync"
)

// line is a phone's way to the hub, which can be cut: while it is, nobody listens to the phone, as in a cellar.
type line struct {
	listener net.Listener
	target   string
	wait     sync.WaitGroup

	mu    sync.Mutex
	on    bool
	conns map[net.Conn]bool
}

func openLine(target string) (*line, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &line{listener: listener, target: target, on: true, conns: map[net.Conn]bool{}}
	l.wait.Go(l.accept)
	return l, nil
}

func (l *line) url() string { return "http://" + l.listener.Addr().String() }

func (l *line) up() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.on
}

// set joins or cuts the line; what was under way breaks off.
func (l *line) set(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on = on
	for c := range l.conns {
		if !on {
			_ = c.Close()
		}
	}
}

func (l *line) close() error {
	err := l.listener.Close()
	l.set(false)
	l.wait.Wait()
	return err
}

func (l *line) accept() {
	for {
		phone, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.wait.Go(func() { l.carry(phone) })
	}
}

// keep notes a connection, or reports that the line is cut.
func (l *line) keep(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.on {
		l.conns[c] = true
	}
	return l.on
}

func (l *line) drop(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

func (l *line) carry(phone net.Conn) {
	defer func() { _ = phone.Close() }()
	if !l.keep(phone) {
		return
	}
	defer l.drop(phone)
	hub, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(hub, phone); _ = hub.Close() })
	both.Go(func() { _, _ = io.Copy(phone, hub); _ = phone.Close() })
	both.Wait()
}
