package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
)

// What was done to the hub itself stands on a page, and so does how far its chain is known to be whole.
func TestDeedsAndTheirChainAreSeen(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	boss := b.browser("boss")
	boss.post("/devices/codes", "person", li.String()).sees(http.StatusOK)
	b.program(boss, "CRM", "see_customers")
	boss.get("/audit/deeds").sees(http.StatusOK, "It was not followed yet", "person added", "Li Wei", "enrolment code made", "programs changed").lacks("fsk_", `"Hash"`)
	boss.get("/audit/deeds?kind=devices").sees(http.StatusOK, "enrolment code made").lacks("person added</td>", "programs changed</td>")
	boss.get("/audit/deeds?person="+li.String()).sees(http.StatusOK, "will stand here")
	boss.get("/audit/deeds?person=7").sees(http.StatusBadRequest)
	boss.get("/audit/deeds?after=x").sees(http.StatusBadRequest)

	boss.post("/audit/chain").sees(http.StatusOK, "The chain is being followed")
	soon(t, "the chain is followed", func() bool { return strings.Contains(boss.get("/audit/deeds").body, ">whole<") })
	boss.sees(http.StatusOK, "Last link").lacks("It was not followed yet")
	b.hire("mei", "陈梅", auth.Dispatcher)
	mei := b.browser("mei")
	mei.get("/audit/deeds").sees(http.StatusForbidden)
	mei.post("/audit/chain").sees(http.StatusForbidden)
}
