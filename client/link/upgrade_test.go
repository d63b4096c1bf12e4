package link_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"fieldsync/client/link"
)

// A reconnect is mostly the upgrade: the request says nothing that the hub does not read, unless the program wants it to.
func TestTheUpgradeSaysNothingInVain(t *testing.T) {
	t.Parallel()
	heard := make(chan http.Header, 1)
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard <- r.Header
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer hub.Close()
	for _, c := range []struct {
		header http.Header
		want   int // headers, Host apart
	}{{nil, 5}, {http.Header{"X-Branch": {"north"}}, 6}, {http.Header{"User-Agent": {"robot"}}, 6}} {
		if _, err := link.Dial(t.Context(), link.Config{Server: hub.URL, Header: c.header}); err == nil {
			t.Fatal("a hub that refuses was dialled")
		}
		if got := <-heard; len(got) != c.want || got.Get("User-Agent") != c.header.Get("User-Agent") {
			t.Errorf("with %v: %v", c.header, got)
		}
	}
}
