package link

import (
	"net/http"
	"testing"

	"fieldsync/sync/fault"

	"github.com/gorilla/websocket"
)

// A hub that is full, and a proxy whose hubs are being restarted, are waited for; another program at the address is for the
// user to look into.
func TestWhatPassesIsWaitedFor(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]fault.Code{
		http.StatusServiceUnavailable: fault.Overloaded, http.StatusBadGateway: fault.Overloaded,
		http.StatusGatewayTimeout: fault.Overloaded, http.StatusTooManyRequests: fault.Overloaded,
		http.StatusNotFound: fault.Version, http.StatusOK: fault.Version,
	} {
		err := dialFault(&http.Response{StatusCode: status}, websocket.ErrBadHandshake)
		if got := fault.CodeOf(err); got != want {
			t.Errorf("%d is taken for %s, want %s", status, got, want)
		}
	}
}
