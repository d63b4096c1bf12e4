package systemtest

import (
	"fmt"
	"testing"
	"time"

	"fieldsync/sync/wire"
)

// A hub that stops tells each device to come back at another moment, and none later than it was told to: all at once would
// be a storm on the one that follows.
func TestDevicesAreToldToComeBackOneAfterTheOther(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	devices := make([]*rogue, 5)
	for i := range devices {
		devices[i] = c.rogue(fmt.Sprint("device ", i)).enter(nil)
	}
	const spread = 5 * time.Second
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		c.core.Hub.Close(spread)
	}()
	moments := map[uint64]bool{}
	for _, d := range devices {
		moment := uint64(await[wire.Goodbye](d).RetryAfter)
		if moment == 0 || moment > uint64(spread.Milliseconds()) {
			t.Errorf("a device is told to come back after %d ms", moment)
		}
		moments[moment] = true
		d.hangUp()
	}
	<-closed
	if len(moments) != len(devices) {
		t.Errorf("%d devices come back at %d moments", len(devices), len(moments))
	}
}
