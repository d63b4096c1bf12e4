package wake_test

import (
	"log/slog"
	"testing"
	"time"

	"fieldsync/server/wake"
	"fieldsync/server/wake/natstest"

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

// TestAnAddressThatIsNone is refused.
func TestAnAddressThatIsNone(t *testing.T) {
	t.Parallel()
	if _, err := wake.Connect("nats://host:port", "hub", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it is taken")
	}
}
