package badline

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// speech is what one side of a connection says, piece by piece: the header of a request or an answer; then, on a
// WebSocket, a frame at a time, and on any other connection what comes.
type speech struct {
	in      *bufio.Reader
	begun   bool
	frames  bool
	message bool // the latest piece is a whole message of the session
}

const (
	maxHeader = 64 << 10
	maxFrame  = 64 << 20
)

func (s *speech) next() ([]byte, error) {
	s.message = false
	switch {
	case !s.begun:
		s.begun = true
		return s.header()
	case s.frames:
		return s.frame()
	}
	return s.some()
}

// some returns what comes.
func (s *speech) some() ([]byte, error) {
	if _, err := s.in.Peek(1); err != nil {
		return nil, err
	}
	piece := make([]byte, s.in.Buffered())
	_, err := io.ReadFull(s.in, piece)
	return piece, err
}

// header returns a header, and notes whether frames follow. What is none, as TLS, is carried as it comes.
func (s *speech) header() (head []byte, err error) {
	if first, err := s.in.Peek(1); err != nil || first[0] < 'A' || first[0] > 'Z' {
		return nil, err
	}
	for len(head) < maxHeader && !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		line, err := s.in.ReadSlice('\n')
		head = append(head, line...)
		if err != nil {
			return head, ignoreFull(err)
		}
	}
	s.frames = bytes.Contains(bytes.ToLower(head), []byte("\r\nupgrade: websocket\r\n"))
	return head, nil
}

func ignoreFull(err error) error {
	if err == bufio.ErrBufferFull {
		return nil
	}
	return err
}

// frame returns a frame of a WebSocket with its head (RFC 6455, 5.2).
func (s *speech) frame() ([]byte, error) {
	head := make([]byte, 2, 14)
	if _, err := io.ReadFull(s.in, head); err != nil {
		return nil, err
	}
	const binaryAlone = 0x82 // a message of one frame; the session's always are
	s.message = head[0] == binaryAlone
	more, size := 0, uint64(head[1]&0x7f)
	switch size {
	case 126:
		more = 2
	case 127:
		more = 8
	}
	if head[1]&0x80 != 0 {
		more += 4 // the mask of what a device says
	}
	head = head[:2+more]
	if _, err := io.ReadFull(s.in, head[2:]); err != nil {
		return nil, err
	}
	switch size {
	case 126:
		size = uint64(binary.BigEndian.Uint16(head[2:]))
	case 127:
		size = binary.BigEndian.Uint64(head[2:])
	}
	if size > maxFrame {
		s.frames = false // this is no frame: it is carried as it comes
		return head, nil
	}
	piece := append(head, make([]byte, size)...)
	_, err := io.ReadFull(s.in, piece[len(head):])
	return piece, err
}
