package hub

import (
	"testing"
	"time"
)

// A device may be silent as long as it announced and a little longer; nobody stays for good by announcing much.
func TestADeviceAnnouncesHowLongItRests(t *testing.T) {
	t.Parallel()
	for ping, want := range map[string]time.Duration{
		"": silentFor, "soon": silentFor, "-5": silentFor, "45": silentFor, "240": 5 * time.Minute, "540": 10 * time.Minute,
		"65535": longestRest, "65536": silentFor, "99999999999999999999": silentFor,
	} {
		if got := restOf(ping); got != want {
			t.Errorf("after %q it may be silent for %s, want %s", ping, got, want)
		}
	}
}
