package systemtest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"fieldsync/server/auth"
)

// Who changed what, when, and on which device: all of it, of one person, of one row, of some days, and as a file.
func TestTheAuditTrailTellsWhoDidWhatAndWhere(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	anna := b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	b.hire("li", "李娜", auth.Dispatcher)
	boss := b.browser("boss")
	phone := b.phone(boss, wang, "Wang's phone")
	job, path := boss.makes("Pump <b>hums</b>", wang)
	_, other := boss.makes("Fan rattles", wang)
	sync(t, phone)
	repair(t, phone, job)
	sync(t, phone)

	boss.get("/audit").sees(http.StatusOK, "Job completed", "Wang's phone", "Anna Berg", "worn seal", "Fan rattles")
	boss.get("/audit?person="+wang.String()).sees(http.StatusOK, "Job completed", "worn seal").lacks("Fan rattles")
	boss.get("/audit?person="+anna.String()).sees(http.StatusOK, "Fan rattles", "<b>hums</b>").lacks("worn seal")
	boss.get(path).sees(http.StatusOK, "In the audit trail")
	trail := boss.find(`href="(/audit\?row=[^"]+)"`)
	boss.get(trail).sees(http.StatusOK, "Only what touched", "Job completed").lacks("Fan rattles")
	boss.get(other).sees(http.StatusOK)
	boss.get(boss.find(`href="(/audit\?row=[^"]+)"`)).sees(http.StatusOK, "Fan rattles").lacks("Job completed")
	device := boss.get("/devices").sees(http.StatusOK).find(`href="/devices/([^"]+)"`)
	boss.get("/devices/"+device).sees(http.StatusOK, "What was written on it")
	boss.get("/audit?device="+device).sees(http.StatusOK, "Only what was written on", "Job completed").lacks("Fan rattles")

	tomorrow := time.Now().In(officeZone).AddDate(0, 0, 1).Format(time.DateOnly)
	boss.get("/audit?from="+tomorrow).sees(http.StatusOK, "Nothing was changed that fits")
	boss.get("/audit?to="+tomorrow).sees(http.StatusOK, "Job completed")
	boss.get("/audit?to=2001-01-01").sees(http.StatusOK, "Nothing was changed that fits")
	boss.get("/audit?row=7").sees(http.StatusBadRequest)
	boss.get("/audit?person=7").sees(http.StatusBadRequest)
	boss.get("/audit?after=zzz").sees(http.StatusBadRequest)

	boss.get(trail+"&format=csv").sees(http.StatusOK, "Wang's phone", "worn seal", "Pump <b>hums</b>").lacks("Fan rattles")
	if lines := strings.Count(boss.get("/audit?format=csv").sees(http.StatusOK).body, "\n"); lines < 20 {
		t.Errorf("the file has %d lines", lines)
	}
	boss.get("/audit?format=xlsx").sees(http.StatusOK)
	boss.get("/audit?format=exe").sees(http.StatusBadRequest)

	li := b.browser("li")
	li.get("/audit").sees(http.StatusForbidden)
	li.get(path).sees(http.StatusOK).lacks("In the audit trail")
}
