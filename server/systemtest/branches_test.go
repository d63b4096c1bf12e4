package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// elsewhere is what stands in every text of the other branch.
const elsewhere = "Zanzibar"

// abroad makes a branch with a customer, a machine, a request, a job and a colleague, whose texts all bear the mark, and
// returns the branch and the ids of the rows.
func (b *bureau) abroad(mark string) (branch record.ID, rows []record.ID) {
	b.t.Helper()
	made := func(id record.ID, err error) record.ID {
		if err != nil {
			b.t.Fatal(err)
		}
		rows = append(rows, id)
		return id
	}
	b.office("found "+mark, func(tx aftersales.Tx) error {
		branch = made(aftersales.CreateBranch(tx, aftersales.BranchInput{Code: mark, Name: mark, Zone: "Asia/Taipei", Currency: "TWD"}))
		party := made(aftersales.CreateParty(tx, aftersales.PartyInput{Branch: branch, Name: "Customer " + mark, Roles: []string{"customer"}, City: mark}))
		made(aftersales.CreateContact(tx, aftersales.ContactInput{Branch: branch, Party: party, Name: "Contact " + mark}))
		unit := made(aftersales.CreateUnit(tx, aftersales.UnitInput{Branch: branch, Party: party, Serial: "S-" + mark, Name: "Boiler " + mark}))
		request := made(aftersales.CreateRequest(tx, aftersales.RequestInput{Branch: branch, Party: party, Unit: unit, Title: "Request " + mark}))
		person := made(aftersales.CreatePerson(tx, aftersales.PersonInput{Branch: branch, Name: "Colleague " + mark, Technician: true}))
		job := made(aftersales.CreateJob(tx, aftersales.JobInput{Branch: branch, Party: party, Unit: unit, Request: request, Title: "Job " + mark}))
		made(aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: person}))
		made(aftersales.CreateJob(tx, aftersales.JobInput{Branch: branch, Party: party, Title: "Open job " + mark}))
		made(aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: branch, Code: mark, Name: "Store " + mark}))
		made(aftersales.CreateTeam(tx, branch, "Team "+mark))
		return nil
	})
	return branch, rows
}

// state says at which commits the rows stand.
func (b *bureau) state(rows []record.ID) string {
	b.t.Helper()
	var s strings.Builder
	for _, t := range aftersales.Schema.Tables {
		for _, id := range rows {
			q, err := b.core.Store.Query(b.t.Context(), "SELECT _seq FROM "+t.Name+" WHERE id = ?", id[:])
			if err != nil {
				b.t.Fatal(err)
			}
			for q.Next() {
				var seq string
				if err := q.Scan(&seq); err != nil {
					b.t.Fatal(err)
				}
				s.WriteString(t.Name + seq + " ")
			}
			_ = q.Close()
		}
	}
	return s.String()
}

// What a phone holds of another branch is shown to nobody of one, whether it is the phone of somebody there or of one of his own who
// works there too.
func TestAPhoneTellsNobodyOfAnotherBranch(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li, wang := b.hire("li", "Li Wei", auth.Technician), b.hire("wang", "Wang Qiang", auth.Technician)
	home, ours := b.abroad("Hamburg")
	away, theirs := b.abroad(elsewhere)
	if _, err := b.srv.People().SetRoles(t.Context(), li, []auth.Role{auth.Technician}, auth.Post{Role: auth.Administrator, Branch: home}); err != nil {
		t.Fatal(err)
	}
	boss, v := b.browser("boss"), b.browser("li")
	b.office("where they work", func(tx aftersales.Tx) error {
		for i, rows := range [][]record.ID{ours, theirs} {
			if err := tx.Update("person", []record.ID{li, wang}[i], record.Values{"branch": record.Ref([]record.ID{home, away}[i])}); err != nil {
				return err
			}
			for _, person := range []record.ID{li, wang} {
				if _, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: rows[8], Person: person}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	page := map[record.ID]string{}
	for person, name := range map[record.ID]string{li: "Li's phone", wang: "Phone of " + elsewhere} {
		sync(t, b.phone(boss, person, name))
		page[person] = boss.get("/devices").find(`href="(/devices/[^"]+)">` + name)
	}
	boss.get(page[li]).sees(http.StatusOK, "Open job Hamburg", "Open job "+elsewhere)
	v.get(page[li]).sees(http.StatusOK, "Open job Hamburg").lacks(elsewhere)
	v.get(page[wang]).sees(http.StatusNotFound).lacks(elsewhere)
}

// Whoever has every right there is in one branch sees nothing of another on any page, and changes nothing there.
func TestNothingOfAnotherBranchIsShownOrWritten(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	home, ours := b.abroad("Hamburg")
	_, theirs := b.abroad(elsewhere)
	if _, err := b.srv.People().SetRoles(t.Context(), li, []auth.Role{auth.Technician}, auth.Post{Role: auth.Administrator, Branch: home}); err != nil {
		t.Fatal(err)
	}
	before, oursBefore := b.state(theirs), b.state(ours)
	v, boss := b.browser("li"), b.browser("boss")
	v.get("/customers").sees(http.StatusOK, "Customer Hamburg")
	v.get("/jobs").sees(http.StatusOK, "Job Hamburg")
	boss.get("/jobs").sees(http.StatusOK, "Job Hamburg", "Job "+elsewhere)
	for _, p := range server.Pages {
		if p.Path == "/live" || strings.HasPrefix(p.Path, "/sign-out") || p.Path == "/password" {
			continue
		}
		for _, id := range theirs {
			path := strings.NewReplacer("{id}", id.String(), "{dot}", "1-1").Replace(p.Path)
			if p.Method == http.MethodPost {
				s := id.String()
				v.post(path, "id", s, "job", s, "party", s, "unit", s, "person", s, "request", s, "name", "taken", "title", "taken",
					"reason", "mine", "text", "mine", "seen", "", "was.name", "x", "was.title", "x", "role", "lead", "standing", "revoke",
					"branch", s, "assignment", s, "location", s)
			} else {
				v.get(path + "?q=" + elsewhere + "&table=party&party=" + id.String() + "&job=" + id.String())
			}
			if page := strings.ReplaceAll(v.body, "q="+elsewhere, ""); strings.Contains(strings.ReplaceAll(page, `value="`+elsewhere, ""), elsewhere) {
				t.Errorf("%s %s shows what is of another branch", p.Method, path)
				break
			}
		}
	}
	if after := b.state(theirs); after != before {
		t.Errorf("rows of another branch were written:\n%s\n%s", before, after)
	}
	v.post("/customers/"+ours[1].String()+"/edit", "seen", "", "name", "Customer Hamburg-Altona", "was.name", "Customer Hamburg").sees(http.StatusOK)
	if b.state(ours) == oursBefore {
		t.Error("nor can he write in his own")
	}
}

// What nobody decided yet of another branch neither stands nor counts, and its colleagues are not named: on Today, in the lists, and for
// who may see Today everywhere and the rest in one branch only.
func TestWhatWaitsElsewhereIsNeitherShownNorCounted(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	home, _ := b.abroad("Hamburg")
	away, theirs := b.abroad(elsewhere)
	boss := b.browser("boss")
	wang := b.hire("wang", "Wang of "+elsewhere, auth.Technician)
	job := theirs[6]
	b.office("where they work", func(tx aftersales.Tx) error {
		if err := tx.Update("person", wang, record.Values{"branch": record.Ref(away)}); err != nil {
			return err
		}
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: wang})
		return err
	})
	phone := b.phone(boss, wang, "Phone of "+elsewhere)
	sync(t, phone)
	repair(t, phone, job)
	update(t, phone, aftersales.CauseEdit, func(tx aftersales.Tx) error { // the office's to say
		return tx.Update("job", job, record.Values{"title": record.Text("Refused in " + elsewhere)})
	})
	b.office("cancel", func(tx aftersales.Tx) error {
		return aftersales.CancelJob(tx, aftersales.CancelInput{Job: job, Reason: "sold"})
	})
	sync(t, phone)
	boss.get("/").sees(http.StatusOK, `id="conflicts"`, `id="refused"`, "Open job "+elsewhere)
	boss.get("/refused").sees(http.StatusOK, "Wang of "+elsewhere, "1 shown of 1")

	sees := func(everywhere ...auth.Role) *browser {
		if _, err := b.srv.People().SetRoles(t.Context(), li, everywhere, auth.Post{Role: auth.Administrator, Branch: home}); err != nil {
			t.Fatal(err)
		}
		return b.browser("li")
	}
	v := sees(auth.Technician)
	v.get("/").sees(http.StatusOK, "Hamburg").lacks(elsewhere, `id="conflicts"`, `id="refused"`)
	for _, path := range []string{"/conflicts", "/refused"} {
		v.get(path).sees(http.StatusOK).lacks(elsewhere, "shown of 1", "of more than")
	}
	boss.post("/roles", "name", "looks in", "like", "technician").sees(http.StatusOK)
	boss.post("/roles/change", "role", "looks in", "may", "see_today").sees(http.StatusOK, "The role is changed.")
	sees("looks in").get("/").sees(http.StatusOK, "Hamburg").lacks(elsewhere)
}
