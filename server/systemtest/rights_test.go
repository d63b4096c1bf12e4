package systemtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"fieldsync/server"
	"fieldsync/server/api"
	"fieldsync/server/auth"
)

// forEverybody are the pages of whoever is signed in: about himself, or about what his roles include.
var forEverybody = []string{"/password", "/language", "/sign-out", "/sign-out/everywhere", "/second-step", "/second-step/offer", "/second-step/recovery", "/second-step/remove",
	"/second-step/passkeys", "/second-step/passkeys/offer", "/second-step/passkeys/remove", "/views", "/views/drop", "/live", "/find", "/search", "/told", "/told/reach", "/"}

// Every URL of the office names a permission, and one that some shipped role lacks; but for those that are everybody's.
func TestEveryURLNamesAPermission(t *testing.T) {
	t.Parallel()
	for _, p := range server.Pages {
		lacking := slices.ContainsFunc(auth.Roles, func(r auth.Role) bool { return !r.Grants(p.Need) })
		switch {
		case !p.Need.Known():
			t.Errorf("%s %s needs %q, which is no permission", p.Method, p.Path, p.Need)
		case p.Need == auth.SignedIn && !slices.Contains(forEverybody, p.Path):
			t.Errorf("%s %s is open to everybody who is signed in", p.Method, p.Path)
		case p.Need != auth.SignedIn && !lacking:
			t.Errorf("%s %s needs %q, which every role has", p.Method, p.Path, p.Need)
		}
	}
}

// askedWithin are the permissions that are asked for within a page or an address that is open to more, and where that is tested.
var askedWithin = map[auth.Permission]string{
	auth.SeeToday:     "TestEverybodySeesWhatHisRolesInclude",
	auth.SeePositions: "TestTheMapShowsWhereSomebodyWasLastToWhoMaySeeIt",
	auth.ExportData:   "TestAListIsExportedByWhoMay",
}

// awaited are the permissions of what is still to come, and why nothing asks for them yet.
var awaited = map[string]string{
	"complaints": "there are no complaints yet, which have a flow of their own",
	"callbacks":  "there is no list yet of whom to call back",
	"sales":      "there are no sales slips yet: what customers bought and owe",
	"points":     "customers collect no points yet",
}

// Every permission but those that are awaited is asked for by a page or an address of the API, each of which refuses who lacks
// it (TestEveryPageRefusesWhoMayNot, TestEveryRouteRefusesWhoMayNot), or within one.
func TestEveryPermissionIsAsked(t *testing.T) {
	t.Parallel()
	asked := map[auth.Permission]bool{auth.SignedIn: true}
	for _, p := range server.Pages {
		asked[p.Need] = true
	}
	for _, rt := range api.Routes() {
		asked[rt.Need] = true
	}
	for _, p := range auth.Permissions {
		is := []bool{asked[p], askedWithin[p] != "", awaited[string(p)] != ""}
		if n := strings.Count(fmt.Sprint(is), "true"); n != 1 {
			t.Errorf("%q is asked for, asked for within, awaited: %v; one of them is so", p, is)
		}
	}
	for name := range awaited {
		if !auth.Permission(name).Known() || asked[auth.Permission(name)] {
			t.Errorf("%q is awaited, and is no permission, or a page asks for it", name)
		}
	}
}

// An administrator makes a role of the company's own, changes what it includes and gives it to somebody in one branch.
func TestARoleOfTheCompanysOwn(t *testing.T) {
	t.Parallel()
	makesARole(t, newBureau(t))
}

func makesARole(t *testing.T, b *bureau) {
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	boss := b.browser("boss")
	boss.get("/roles").sees(http.StatusOK, "dispatcher", "see jobs", "head office")
	boss.post("/roles", "name", "Night <b>desk</b>", "like", "auditor").sees(http.StatusOK, "The role is made.", "Night <b>desk</b>")
	role := "Night <b>desk</b>"
	north := boss.get("/people").find(`<option value="([0-9a-f-]{36})">North`)
	boss.post("/roles/change", "role", role, "was", "see_audit", "may", "dispatch").sees(http.StatusOK, "The role is changed.")
	boss.post("/people/"+li.String()+"/roles", "role", "technician", "post_role", role, "post_branch", north).
		sees(http.StatusOK, "The roles are changed.", "Night <b>desk</b> in North")
	boss.post("/people/"+li.String()+"/roles", "shown", "[king] []", "role", "administrator").
		sees(http.StatusConflict, "Somebody changed these roles before you.")
	boss.post("/roles/drop", "role", role).sees(http.StatusUnprocessableEntity, "Somebody has this role.")
	boss.post("/roles/change", "role", "administrator", "was", "see_jobs").sees(http.StatusUnprocessableEntity, "may do everything")

	v := b.browser("li")
	v.get("/jobs").sees(http.StatusOK)
	v.get("/roles").sees(http.StatusOK).lacks("Save")
	v.post("/roles", "name", "mine").sees(http.StatusForbidden)
}

// Who sees a list does not for that reason carry it away.
func TestAListIsExportedByWhoMay(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("desk", "Mei Lin", "receptionist")
	v := b.browser("desk")
	v.get("/customers").sees(http.StatusOK)
	v.get("/customers?format=csv").sees(http.StatusForbidden, "Your roles do not include this")
}
