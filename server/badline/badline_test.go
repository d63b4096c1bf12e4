package badline_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"testing"
	"time"

	"fieldsync/server/badline"
)

const upgrade = "GET /sync HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\n\r\n"

// frame is a message of a device, which the mask of zeros leaves readable.
func frame(text string) string {
	return string([]byte{0x82, 0x80 | byte(len(text)), 0, 0, 0, 0}) + text
}

// meet joins a device with a hub over a line.
func meet(t *testing.T, s badline.State) (l *badline.Line, device, hub net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if l, err = badline.Open(1, badline.To(listener.Addr().String())); err != nil {
		t.Fatal(err)
	}
	l.Set(s)
	u, err := url.Parse(l.URL())
	if err == nil {
		device, err = net.Dial("tcp", u.Host)
	}
	if err == nil {
		hub, err = listener.Accept()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = device.Close(), hub.Close()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		_ = listener.Close()
	})
	return l, device, hub
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("heard %q, want %q: %v", got[:n], want, err)
	}
}

func TestALineCarriesWhatIsSaid(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{
		"a request":   "POST /enrol HTTP/1.1\r\nHost: hub\r\n\r\n{}",
		"frames":      upgrade + frame("one") + frame("two"),
		"neither":     "\x16\x03\x01 no newline",
		"a long line": "GET /" + string(bytes.Repeat([]byte("x"), 40<<10)) + " HTTP/1.1\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, device, hub := meet(t, badline.State{Delay: time.Millisecond, Pace: 10 << 20})
			say(t, device, said)
			hear(t, hub, said)
			say(t, hub, "HTTP/1.1 200 OK\r\n\r\n")
			hear(t, device, "HTTP/1.1 200 OK\r\n\r\n")
			if l.Slowed.Load() == 0 {
				t.Error("nothing came later")
			}
		})
	}
}

func TestALineSaysMessagesAgainAndNothingElse(t *testing.T) {
	t.Parallel()
	l, device, hub := meet(t, badline.State{Twice: 100})
	say(t, device, upgrade+frame("one")+frame("two"))
	hear(t, hub, upgrade+frame("one")+frame("one")+frame("two"))
	again := make([]byte, len(frame("one")))
	if _, err := io.ReadFull(hub, again); err != nil || string(again) != frame("one") && string(again) != frame("two") {
		t.Errorf("said again: %q %v", again, err)
	}
	if n := l.Again.Load(); n != 2 {
		t.Errorf("%d messages were said twice", n)
	}
}

func TestALineIsSilentDownAndUpAgain(t *testing.T) {
	t.Parallel()
	l, device, hub := meet(t, badline.State{Silent: true})
	say(t, device, upgrade)
	for end := time.Now().Add(time.Minute); l.Held.Load() == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	l.Set(badline.State{})
	hear(t, hub, upgrade)
	l.Set(badline.State{Down: true})
	for _, c := range []net.Conn{device, hub} {
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("a line that is down carries %d bytes", n)
		}
	}
	if l.Held.Load() != 1 || l.Broken.Load() == 0 {
		t.Errorf("%d pieces waited and %d connections broke", l.Held.Load(), l.Broken.Load())
	}
}

func TestALineCutsInTheMiddle(t *testing.T) {
	t.Parallel()
	l, device, hub := meet(t, badline.State{Cut: true})
	go func() {
		for n := 0; n < 1<<20; n++ {
			if _, err := fmt.Fprintln(device, "line", n); err != nil {
				return
			}
		}
	}()
	_ = hub.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.Copy(io.Discard, hub); err != nil || l.Cuts.Load() != 1 {
		t.Errorf("%d cuts: %v", l.Cuts.Load(), err)
	}
}
