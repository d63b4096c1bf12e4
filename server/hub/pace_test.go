package hub

import (
	"testing"
	"time"

	"fieldsync/sync/record"
)

func TestAnHonestDeviceInABadNetworkNeverWaits(t *testing.T) {
	t.Parallel()
	hellos, _ := newPaces(nil)
	now := time.Unix(1_800_000_000, 0)
	for range 24 * 3600 { // it comes back every second for a day
		if wait := hellos.Take(t.Context(), record.ID{1}, now); wait != 0 {
			t.Fatalf("it waits %v", wait)
		}
		now = now.Add(time.Second)
	}
}
