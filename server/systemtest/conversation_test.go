package systemtest

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it, to greet and not to protect
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"fieldsync/sync/wire"

	"github.com/klauspost/compress/zstd"
)

// said is one message of a conversation between a device and the hub.
type said struct {
	device  bool // by the device; else by the hub
	message []byte
}

func (s said) kind() wire.Kind { return wire.Kind(s.message[0]) }

// conversation is what a device and a hub said to each other on one connection. As a text it is the hub's time in
// milliseconds since 1970, and then a line for each message, in hexadecimal digits: > by the device, < by the hub.
type conversation struct {
	at   time.Time
	said []said
}

func (c *conversation) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, c.at.UnixMilli())
	for _, s := range c.said {
		by := "<"
		if s.device {
			by = ">"
		}
		fmt.Fprintf(&b, "%s %x\n", by, s.message)
	}
	return b.String()
}

func parseConversation(text string) (*conversation, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	at, err := strconv.ParseInt(lines[0], 10, 64)
	c := &conversation{at: time.UnixMilli(at)}
	for _, line := range lines[1:] {
		by, digits, _ := strings.Cut(line, " ")
		message, e := hex.DecodeString(digits)
		if e == nil && len(message) < 2 {
			e = fmt.Errorf("no message: %q", line)
		}
		err = errors.Join(err, e)
		c.said = append(c.said, said{by == ">", message})
	}
	return c, err
}

// readFrame reads a frame of a WebSocket (RFC 6455, 5.2) of either side.
func readFrame(in io.Reader) (opcode byte, payload []byte, err error) {
	head := make([]byte, 2)
	if _, err = io.ReadFull(in, head); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1] & 127)
	if size >= 126 {
		more := make([]byte, 8)
		if size == 126 {
			_, err = io.ReadFull(in, more[6:])
		} else {
			_, err = io.ReadFull(in, more)
		}
		size = binary.BigEndian.Uint64(more)
	}
	var mask [4]byte
	if err == nil && head[1]&0x80 != 0 {
		_, err = io.ReadFull(in, mask[:])
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(in, payload)
	for i := range payload {
		payload[i] ^= mask[i&3]
	}
	return head[0] & 15, payload, err
}

// hubFrame is a frame as a hub sends it: without a mask.
func hubFrame(opcode byte, payload []byte) []byte {
	b := frame(opcode, nil)[:1]
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// recorder is a way to a hub on which every message of the latest session is written down.
type recorder struct {
	url string
	mu  gosync.Mutex
	all []said
}

// recorded opens a way to the hub at the address host:port.
func recorded(t testing.TB, hub string) *recorder {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	r := &recorder{url: "http://" + listener.Addr().String()}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", hub)
			if err != nil {
				_ = near.Close()
				continue
			}
			go r.carry(far, near, true)
			go r.carry(near, far, false)
		}
	}()
	return r
}

// carry carries what one side says, and writes messages down.
func (r *recorder) carry(to, from net.Conn, device bool) {
	defer func() { _, _ = to.Close(), from.Close() }()
	in := bufio.NewReader(io.TeeReader(from, to))
	head, err := in.ReadString('\n')
	if err != nil || device && !strings.Contains(head, "/sync") || !device && !strings.Contains(head, "101") {
		_, _ = io.Copy(io.Discard, in) // no session
		return
	}
	for line := head; line != "\r\n" && err == nil; {
		line, err = in.ReadString('\n')
	}
	for err == nil {
		var opcode byte
		var payload []byte
		if opcode, payload, err = readFrame(in); err == nil && opcode == frameBinary {
			r.mu.Lock()
			r.all = append(r.all, said{device, payload})
			r.mu.Unlock()
		}
	}
}

// heard returns what was said so far.
func (r *recorder) heard() []said {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// reciter is a hub that says what another said: each message when it has heard as many of each kind from the device as
// that one had.
type reciter struct {
	*conversation
	t testing.TB
}

// ServeHTTP serves the session, and knows of nothing else.
func (r *reciter) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if q.URL.Path != "/sync" {
		http.NotFound(w, q)
		return
	}
	c, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		r.t.Error(err)
		return
	}
	defer func() { _ = c.Close() }()
	sum := sha1.Sum([]byte(q.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // as above
	_, err = fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]), wire.Subprotocol)
	if err == nil {
		r.recite(c, in)
	}
}

// recite says the hub's part.
func (r *reciter) recite(c net.Conn, in io.Reader) {
	heard := map[wire.Kind]int{}
	wanted := map[wire.Kind]int{}
	for _, s := range r.said {
		if s.device {
			wanted[s.kind()]++
			continue
		}
		for !covers(heard, wanted) {
			if !r.listen(c, in, heard) {
				return
			}
		}
		if _, err := c.Write(hubFrame(frameBinary, s.message)); err != nil {
			return
		}
	}
	for r.listen(c, in, heard) {
		continue // until the device leaves
	}
}

func covers(have, want map[wire.Kind]int) bool {
	for kind, n := range want {
		if have[kind] < n {
			return false
		}
	}
	return true
}

// listen takes one frame of the device, and answers pings; it reports whether the connection goes on.
func (r *reciter) listen(c net.Conn, in io.Reader, heard map[wire.Kind]int) bool {
	opcode, payload, err := readFrame(in)
	switch {
	case err != nil || opcode == frameClose:
		return false
	case opcode == framePing:
		_, err = c.Write(hubFrame(framePong, payload))
	case opcode == frameBinary && len(payload) > 0:
		heard[wire.Kind(payload[0])]++
	}
	return err == nil
}

const framePong = 10

// pack returns the regular files in a folder, compressed.
func pack(t testing.TB, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: filepath.ToSlash(name), Mode: 0o600, Size: int64(len(content))})
		}
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	})
	if err = errors.Join(err, w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpack puts the files into a folder of the test's own.
func unpack(t testing.TB, packed []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	z, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		var content []byte
		if err == nil && !filepath.IsLocal(h.Name) {
			err = fmt.Errorf("%q leaves the folder", h.Name)
		}
		if err == nil {
			content, err = io.ReadAll(r)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, h.Name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
