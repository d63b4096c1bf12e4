package systemtest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"fieldsync/server"
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

// awaited are the permissions whose pages are still to come, and those that no URL names: what is shown and may be done within
// a page, or is for programs alone. What is not here is refused by a page, which TestEveryPageRefusesWhoMayNot asks; and auth
// asks of each that who lacks it alone is refused.
var awaited = strings.Fields(`
	delete_records edit_messages delete_messages complaints callbacks sales points see_statistics
	see_today see_positions export ring_calls`)

// Every permission is refused by some page, or is known to wait for one.
func TestEveryPermissionIsAsked(t *testing.T) {
	t.Parallel()
	asked := map[auth.Permission]bool{auth.SignedIn: true}
	for _, p := range server.Pages {
		asked[p.Need] = true
	}
	for _, p := range auth.Permissions {
		if !asked[p] && !slices.Contains(awaited, string(p)) {
			t.Errorf("no page asks for %q", p)
		}
	}
	for _, name := range awaited {
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
