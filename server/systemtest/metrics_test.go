package systemtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"fieldsync/server/auth"
)

// An operator who watches the hub reads when a phone works on what was given to somebody else, and that it has come back.
func TestAnOperatorSeesWhatWaits(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Boss", auth.Administrator)
	li, wu := b.hire("li", "Li", auth.Technician), b.hire("wu", "Wu", auth.Technician)
	boss := b.browser("boss")
	phone := b.phone(boss, li, "Li's phone")
	_, path := boss.makes("Lift stands still", li)
	if err := phone.SyncOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.tells(map[string]string{"devices": "1", "leaves_unacknowledged": "0", "database_up": "1"})

	boss.get(path)
	assignment := boss.find(`name="assignment" value="([^"]+)"`)
	boss.post(path+"/reassign", "seen", boss.hidden("seen"), "assignment", assignment, "person", wu.String(), "reason", "nearer").sees(http.StatusOK)
	soon(t, "Li's phone is known to hold what is Wu's", func() bool { return b.metric("leaves_unacknowledged") != "0" })
	if err := phone.SyncOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	soon(t, "the phone has given it back", func() bool { return b.metric("leaves_unacknowledged") == "0" })
	b.tells(map[string]string{"leave_unacknowledged_seconds_max": "0"})
}

func (b *bureau) tells(want map[string]string) {
	b.t.Helper()
	for name, value := range want {
		if got := b.metric(name); got != value {
			b.t.Errorf("%s is %s, not %s", name, got, value)
		}
	}
}

// comparisons returns how often devices asked whether what they hold is what the hub has.
func (w *world) comparisons() int {
	w.t.Helper()
	all := prometheus.NewRegistry()
	all.MustRegister(w.core.Hub.Collectors()...)
	gathered, err := all.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, one := range gathered {
		if one.GetName() == "fieldsync_comparisons_total" {
			return int(one.GetMetric()[0].GetCounter().GetValue())
		}
	}
	w.t.Fatal("comparisons are not counted")
	return 0
}

// metric returns a gauge's value as it is written.
func (b *bureau) metric(name string) string {
	b.t.Helper()
	v := b.visitor()
	v.get("/metrics").sees(http.StatusOK)
	for line := range strings.Lines(v.body) {
		if value, ok := strings.CutPrefix(line, fmt.Sprintf("fieldsync_%s ", name)); ok {
			return strings.TrimSpace(value)
		}
	}
	b.t.Fatalf("no metric %s in\n%s", name, v.body)
	return ""
}
