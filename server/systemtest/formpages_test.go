package systemtest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Forms that write about something there is and overwrite nothing that their user may not have seen, and why.
var overwritesNothing = map[string]string{
	"/people/{id}/password": "makes a new one, and tells nobody of the old", "/people/{id}/sign-out": "ends what there is", "/people/{id}/second-step": "ends what there is",
	"/people/{id}/active": "says in so many words which of two it shall be", "/programs/{id}/revoke": "ends it for good", "/language": "his own",
	"/views": "his own", "/views/drop": "his own", "/password": "his own", "/sign-out": "his own", "/sign-out/everywhere": "his own", "/ring": "his own",
	"/second-step": "his own", "/second-step/offer": "his own", "/second-step/recovery": "his own", "/second-step/remove": "his own",
	"/second-step/passkeys": "his own", "/second-step/passkeys/offer": "his own", "/second-step/passkeys/remove": "his own",
	"/refused/{dot}": "what was decided before is refused", "/conflicts/settle": "names each value that it shows", "/audit/chain": "reads",
	"/import": "new", "/import/{id}/take": "phases follow one another", "/import/{id}/undo": "leaves what others touched", "/import/{id}/check": "of a file that nobody else has open",
	"/brought": "new", "/intake": "new", "/jobs": "new", "/requests": "new", "/customers": "new", "/people": "new", "/programs": "new", "/webhooks": "new", "/roles": "new",
	"/devices/codes": "new", "/parts/{id}/keys/retire": "ends it for good", "/assets/{id}/keys/retire": "ends it for good", "/customers/{id}/keys/retire": "ends it for good", "/jobs/{id}/code": "new", "/jobs/{id}/files": "adds", "/requests/{id}/files": "adds", "/jobs/{id}/comments": "adds", "/requests/{id}/comments": "adds",
	"/requests/{id}/calls": "adds", "/customers/{id}/contacts": "adds", "/customers/{id}/sites": "adds", "/customers/{id}/machines": "adds", "/customers/{id}/contracts": "adds",
	"/dossiers/{table}/{id}/erase": "erases whatever there is", "/locations/{id}/count": "says what it counted from",
}

var (
	anyForm = regexp.MustCompile(`(?s)<form method="post"[^>]*?action="([^"?]+)[^"]*"[^>]*>(.*?)</form>`)
	shows   = regexp.MustCompile(`name="(?:seen|shown|was)"`)
)

// saysWhatItShowed finds every form of the pages: each says what it showed of what it writes, or is known to overwrite nothing.
func (g *glass) saysWhatItShowed(pages []string) {
	g.t.Helper()
	routes, asked := http.NewServeMux(), map[string]bool{}
	for _, p := range server.Pages {
		if p.Method == http.MethodPost {
			routes.Handle("POST "+p.Path, http.NotFoundHandler())
		}
	}
	for _, page := range pages {
		g.get(page)
		for _, form := range anyForm.FindAllStringSubmatch(g.body, -1) {
			r, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.base+form[1], nil)
			if err != nil {
				g.t.Fatal(err)
			}
			_, route := routes.Handler(r)
			route = strings.TrimPrefix(route, "POST ")
			makes := !strings.Contains(route, "{") && strings.Contains(form[2], `action="`+route+`"`)
			if asked[route] = true; overwritesNothing[route] == "" && !shows.MatchString(form[2]) && !makes && !strings.HasSuffix(page, "/new") {
				g.t.Errorf("%s: a form for %q says nothing of what it showed", page, route)
			}
		}
	}
	if len(asked) < 50 {
		g.t.Errorf("only forms of %d kinds were found", len(asked))
	}
}

// Who changes what somebody else has changed since his page was opened is told so, or both are merged; never is it as if
// the other had done nothing.
func TestNobodyOverwritesWhatHisPageDidNotShow(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	b.phone(boss, wang, "Wang's phone")
	const before = "Somebody changed this before you"

	at := boss.get("/devices").find(`action="(/devices/[^"]+/standing)"`)
	boss.post(at, "shown", "1", "standing", "hard").sees(http.StatusOK, "shut out for good")
	boss.post(at, "shown", "1", "standing", "revoke").sees(http.StatusConflict, before)
	boss.post(at, "shown", "2", "standing", "admit").sees(http.StatusConflict, before)
	boss.post(at, "shown", "3", "standing", "admit").sees(http.StatusOK, "let in again")

	boss.post("/roles", "name", "checker", "like", "dispatcher").sees(http.StatusOK)
	shown := boss.get("/roles?role=checker").find(`name="shown" value="([^"]+)"`)
	boss.post("/roles/second-step", "role", "checker", "was", "no", "guarded", "yes").sees(http.StatusOK, "The role is changed")
	boss.post("/roles/second-step", "role", "checker", "was", "no").sees(http.StatusOK, "Nothing was changed", `name="was" value="yes"`)
	boss.post("/roles/drop", "role", "checker", "shown", shown).sees(http.StatusConflict, before)
	boss.post("/roles/drop", "role", "checker", "shown", boss.get("/roles?role=checker").find(`name="shown" value="([^"]+)"`)).sees(http.StatusOK, "Done.")

	boss.sendsForm("/slip-logo", "", nil, "shown", "0123456789ab", "remove", "1").sees(http.StatusUnprocessableEntity, before)
	boss.sendsForm("/slip-logo", "", nil, "shown", "none", "remove", "1").sees(http.StatusOK, "The logo is off the slips.")

	var a, c, d record.ID
	b.office("create", func(tx aftersales.Tx) (err error) {
		for _, one := range []struct {
			id   *record.ID
			name string
		}{{&a, "Harbour Hotel"}, {&c, "Harbour Hotel Ltd"}, {&d, "Quayside"}} {
			if *one.id, err = aftersales.CreateParty(tx, aftersales.PartyInput{Name: one.name, Phone: "+862155550017"}); err != nil {
				return err
			}
		}
		return nil
	})
	join := regexp.MustCompile(`action="/customers/` + c.String() + `/join"><input type="hidden" name="seen" value="([^"]+)"><input type="hidden" name="ref.merged_into" value="` + a.String())
	seen := join.FindStringSubmatch(boss.get("/customers/duplicates").body)
	if seen == nil {
		t.Fatal("the page of duplicates does not say what it showed")
	}
	b.office("join", func(tx aftersales.Tx) error {
		return aftersales.Merge(tx, aftersales.MergeInput{Table: "party", Loser: c, Winner: d})
	})
	boss.post("/customers/"+c.String()+"/join", "seen", seen[1], "ref.merged_into", a.String())
	if boss.status == http.StatusOK && b.conflicts() == 0 {
		t.Error("a customer was joined otherwise, and nobody is told")
	}
}
