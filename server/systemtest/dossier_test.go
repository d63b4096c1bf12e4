package systemtest

import (
	"archive/zip"
	"io"
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// An administrator gives a customer what is kept about him, and erases it when he asks for that; so with a colleague who left.
func TestACustomerAsksWhatIsKeptAndToBeForgotten(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("desk", "Mei Lin", auth.Dispatcher)
	li := b.hire("li", "Li Wei", auth.Technician)
	v := b.browser("boss")
	wang := b.party("王先生", "+862155550101")
	other := b.party("Nord AG", "+862155550999")
	var job record.ID
	b.office("job", func(tx aftersales.Tx) (err error) {
		job, err = aftersales.CreateJob(tx, aftersales.JobInput{Party: wang, Title: "Boiler cold"})
		return err
	})
	v.get("/customers/"+wang.String()).sees(http.StatusOK, "All that is kept about them")
	at := v.find(`href="(/dossiers/party/[^"]+)"`)
	b.browser("desk").get(at).sees(http.StatusForbidden, "Your roles do not include this")
	v.get(at).sees(http.StatusOK, "All about 王先生", "Work for this customer is still open").lacks("Erase for ever")
	v.post(at+"/erase", "name", "王先生").sees(http.StatusUnprocessableEntity, "Work for this customer is still open")

	b.office("cancel", func(tx aftersales.Tx) error {
		return aftersales.CancelJob(tx, aftersales.CancelInput{Job: job, Reason: "sold"})
	})
	v.get(at + "/file").sees(http.StatusOK)
	data := unzipped(t, v.body)
	for name, holds := range map[string][]string{"data.json": {"王先生", "+862155550101", "Boiler cold"}, "history.json": {"王先生", `"column": "phone"`}} {
		for _, text := range holds {
			if !strings.Contains(data[name], text) {
				t.Errorf("%s does not tell of %s", name, text)
			}
		}
		if strings.Contains(data[name], "Nord") {
			t.Errorf("%s tells of somebody else", name)
		}
	}
	v.post(at+"/erase", "name", "Wang").sees(http.StatusUnprocessableEntity, "Type the name as it stands above")
	v.post(at+"/erase", "name", "王先生").sees(http.StatusOK, "Erased. Phones forget it at their next contact.").lacks("王先生", "Erase for ever")
	v.get("/customers/"+wang.String()).sees(http.StatusOK).lacks("王先生", "55550101")
	v.get("/jobs/"+job.String()).sees(http.StatusOK, "Boiler cold").lacks("王先生")
	v.get("/customers/"+other.String()).sees(http.StatusOK, "Nord AG")
	v.get("/audit/deeds").sees(http.StatusOK, "personal data erased", "Anna Berg")

	l := b.visitor()
	l.post("/sign-in", "login", "li", "password", password)
	l.post("/views", "list", "/jobs", "name", "Wang's jobs", "query", "q=Wang").sees(http.StatusForbidden) // he may save it, and not see it
	b.phone(v, li, "Li's phone")
	person := "/dossiers/person/" + li.String()
	v.get(person).sees(http.StatusOK, "All about Li Wei", "He still works here").lacks("Erase for ever")
	v.post("/people/"+li.String()+"/active", "active", "no").sees(http.StatusOK)
	v.get(person + "/file").sees(http.StatusOK)
	for _, kept := range []string{`"login": "li"`, `"technician"`, "Li's phone", "Wang's jobs", "person_add"} {
		if !strings.Contains(unzipped(t, v.body)["account.json"], kept) {
			t.Errorf("account.json does not tell of %s", kept)
		}
	}
	v.post(person+"/erase", "name", "Li Wei").sees(http.StatusOK, "Erased.")
	v.get("/people").sees(http.StatusOK, "erased-").lacks("Li Wei")
	if left := b.ids("SELECT zeroblob(16) FROM _setting WHERE value LIKE '%Wang%'"); len(left) > 0 {
		t.Error("the views that he saved are kept")
	}
	b.visitor().post("/sign-in", "login", "li", "password", password).sees(http.StatusUnauthorized)
	v.get("/dossiers/job/"+job.String()).sees(http.StatusNotFound, "There is no such page")
}

// unzipped returns the texts of the files in an archive.
func unzipped(t *testing.T, archive string) map[string]string {
	t.Helper()
	r, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range r.File {
		content, err := f.Open()
		if err == nil {
			var b []byte
			b, err = io.ReadAll(content)
			texts[f.Name] = string(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return texts
}
