package wake_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/server/wake"
	"fieldsync/server/wake/natstest"
	"fieldsync/sync/fault"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T, url, hub string) *wake.NATS {
	t.Helper()
	n, err := wake.Connect(url, hub, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// hears wakes until the other hears it: a hint may be lost, but not every one.
func hears(t *testing.T, from, to *wake.NATS) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		from.Wake()
		select {
		case <-to.Woken():
			return
		case <-time.After(20 * time.Millisecond): // the next hint
		}
	}
	t.Fatal("no hint was heard")
}

// TestNodesWakeOneAnother: those of one hub, and nobody himself; without a server at first, and when it was away.
func TestNodesWakeOneAnother(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	server.Stop()
	one, two := connect(t, server.URL, "hub"), connect(t, server.URL, "hub")
	one.Wake() // waits for nobody
	server.Again()
	hears(t, one, two)
	server.Stop()
	for range 1000 {
		one.Wake()
	}
	server.Again()
	hears(t, two, one)
	hears(t, one, two)
	other := connect(t, server.URL, "another") // the server is there: no hint of its own coming back is on its way
	hears(t, one, two)
	if len(other.Woken()) > 0 {
		t.Error("another company's hub is woken")
	}
}

// TestAnAddressThatIsNone is refused, and the password in it is not repeated.
func TestAnAddressThatIsNone(t *testing.T) {
	t.Parallel()
	_, err := wake.Connect("nats://node:secret@host:port", "hub", slog.New(slog.DiscardHandler))
	if fault.CodeOf(err) != wake.BadAddress || strings.Contains(err.Error(), "secret") {
		t.Errorf("it is taken, or said aloud: %v", err)
	}
}

// TestAnOperatorHearsOfNATS: that it is not there when the node begins, when it is, and that it does not let the node in, which may be mended
// without another start of the node.
func TestAnOperatorHearsOfNATS(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	server.Stop()
	log := &lines{}
	n, err := wake.Connect(server.URL, "hub", slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	log.await(t, "NATS is away", 1)
	server.Again()
	log.await(t, "NATS is there", 1)
	server.Stop()
	server.Again("--user", "node", "--pass", "secret")
	log.await(t, "NATS refuses this node", 2)
	server.Stop()
	server.Again()
	log.await(t, "NATS is there", 2)
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) await(t *testing.T, what string, times int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		l.mu.Lock()
		said := strings.Count(l.text.String(), what)
		l.mu.Unlock()
		if said >= times {
			return
		}
	}
	t.Fatalf("the log does not say %q %d times: %s", what, times, l.text.String())
}
