package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
)

// asks returns what a page may ask the phone for.
func (h *thumb) asks(path string) string {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080"+path, nil)
	r.AddCookie(&http.Cookie{Name: h.app.gate.cookieName(), Value: h.app.gate.cookie})
	w := httptest.NewRecorder()
	h.app.Handler().ServeHTTP(w, r)
	return w.Header().Get("Permissions-Policy")
}

// tells sends where the phone is, and wants no answer but that it came.
func (h *thumb) tells(latitude, longitude string) {
	h.t.Helper()
	h.send(http.MethodPost, "/position", url.Values{"latitude": {latitude}, "longitude": {longitude}})
	if h.status != http.StatusNoContent {
		h.t.Fatalf("%d:\n%s", h.status, h.text())
	}
}

// The phone is asked where it is, and notes it, only while the person's own switch is on and his visit runs; every page
// shows that it is on.
func TestThePositionIsNotedWhileTheSwitchIsOnAndAVisitRuns(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	hours := `{"week": {` // whenever this test runs
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat"} {
		hours += `"` + day + `": ["00:00-24:00"], `
	}
	hours += `"sun": ["00:00-24:00"]}}`
	err := h.c.Update(t.Context(), aftersales.CauseSetUp, func(tx client.Tx) error {
		return aftersales.SetHours(tx, li, hours)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.c.Jobs().Travel(t.Context(), aftersales.VisitInput{Job: h.s.leak}); err != nil {
		t.Fatal(err)
	}
	silent := func(when string) {
		t.Helper()
		h.tells("25.0339", "121.5645")
		if n := h.count("position"); n != 0 {
			t.Fatalf("%s: a position is noted", when)
		}
		for _, path := range []string{"/", "/settings"} {
			if h.get(path); strings.Contains(h.body, "position.js") || strings.Contains(h.body, "is noted while you work") || h.asks(path) != permissionsNowhere {
				t.Errorf("%s: %s asks where the phone is: %s", when, path, h.asks(path))
			}
		}
	}
	silent("before it was ever on")
	h.get("/settings").sees("My position", "for 7 days at most").post("/settings", "position", "on").done()
	for _, path := range []string{"/", "/settings", h.job()} {
		if h.get(path).sees("position.js", "Your position is noted while you work"); h.asks(path) != permissionsWhere {
			t.Errorf("%s may not ask: %s", path, h.asks(path))
		}
	}
	for _, bad := range [][2]string{{"", ""}, {"NaN", "1"}, {"91", "1"}, {"1", "181"}, {"north", "1"}} {
		h.tells(bad[0], bad[1])
	}
	if n := h.count("position"); n != 0 {
		t.Fatal("what is no place is noted")
	}
	h.tells("25.0339", "121.5645")
	before := h.pending()
	h.tells("25.0340", "121.5646") // too soon
	if h.count("position") != 1 || h.pending() != before {
		t.Errorf("%d positions, %d changes wait, want 1 and %d", h.count("position"), h.pending(), before)
	}
	h.get("/outbox").sees("Position noted")
	err = h.c.Update(t.Context(), "test", func(tx client.Tx) error {
		row, err := tx.Row("position", aftersales.PositionID(li, aftersales.PositionDay(tx.Now())))
		if p := aftersales.SharedPositionOf(row); p.Latitude != 250339000 || p.Longitude != 1215645000 {
			t.Errorf("it was noted as %+v", p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.get("/settings").post("/settings", "position", "off").done()
	if h.get("/"); strings.Contains(h.body, "position.js") || h.asks("/") != permissionsNowhere {
		t.Error("it was turned off, and the page asks on")
	}
}
