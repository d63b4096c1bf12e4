package systemtest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"fieldsync/server"
	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/record"
)

// flagFilters are the filters of a list that are on or off: each is a condition of its own, which a database may not know.
var flagFilters = regexp.MustCompile(`type="checkbox" name="([a-z_]+)" value="1"[^>]* data-submit`)

// Every page of the office that needs no row opens, in every language, in a company that has just begun.
func TestEveryPageOpens(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	opensEveryPage(t, b, "en", "zh-Hans", "zh-Hant")
	sortsEveryList(b)
}

// sortsEveryList asks for every list in every order, filtered by every text and day, and as a file.
func sortsEveryList(b *bureau) {
	v := b.browser("boss")
	for _, l := range admin.Listings() {
		for _, c := range l.List.Columns {
			v.get(l.URL + "?sort=" + c.Name).sees(http.StatusOK)
			v.get(l.URL + "?sort=-" + c.Name).sees(http.StatusOK)
		}
		for _, f := range l.List.Filters {
			for test, answer := range map[list.Test]string{list.Search: "12", list.Since: "2026-01-02", list.Until: "2026-01-02", list.Refers: record.ID{1}.String()} {
				if f.Test == test {
					v.get(l.URL + "?" + f.Name + "=" + answer).sees(http.StatusOK)
				}
			}
			for _, code := range f.Codes {
				v.get(l.URL + "?" + f.Name + "=" + code).sees(http.StatusOK)
			}
			for _, tab := range f.Tabs {
				v.get(l.URL + "?" + f.Name + "=" + tab.Code).sees(http.StatusOK)
			}
		}
		v.get(l.URL+"?format=csv").sees(http.StatusOK, "\uFEFF")
	}
}

func opensEveryPage(t *testing.T, b *bureau, languages ...string) {
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	for _, lang := range languages {
		v.post("/language", "language", lang, "to", "/jobs").sees(http.StatusOK, `lang="`+lang+`"`)
		for _, p := range server.Pages {
			if p.Method != http.MethodGet || strings.Contains(p.Path, "{") || p.Path == "/live" || p.Path == "/find" || p.Path == "/slip-logo" { // no pages
				continue
			}
			if v.get(p.Path).sees(http.StatusOK); !strings.Contains(v.body, "</html>") {
				t.Errorf("%s is not a whole page", p.Path)
			}
			for _, flag := range flagFilters.FindAllStringSubmatch(v.body, -1) {
				v.get(p.Path + "?" + flag[1] + "=1").sees(http.StatusOK)
			}
		}
	}
}

// Somebody without a permission is refused by every page that takes it.
func TestEveryPageRefusesWhoMayNot(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("li", "Li Wei", auth.Technician)
	v := b.visitor()
	v.post("/sign-in", "login", "li", "password", password).sees(http.StatusForbidden, "Your jobs are in the app on your phone")
	for _, p := range server.Pages {
		if p.Need == auth.SignedIn {
			continue
		}
		path := strings.NewReplacer("{id}", "00000000-0000-7000-8000-000000000001", "{dot}", "1.1").Replace(p.Path)
		if p.Method == http.MethodGet {
			v.get(path)
		} else {
			v.post(path)
		}
		v.sees(http.StatusForbidden, "Your roles do not include this")
	}
}

func TestACustomerFromTheFirstCallToTheExport(t *testing.T) {
	t.Parallel()
	servesACustomer(t, newBureau(t))
}

func servesACustomer(t *testing.T, b *bureau) {
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.get("/customers").sees(http.StatusOK, "Your customers will stand here")
	v.get("/customers/new").sees(http.StatusOK, "New customer")
	v.post("/customers", "name", "").sees(http.StatusUnprocessableEntity, "This is needed.")
	v.post("/customers", "name", "上海东方热力", "phone", "+86 21 5555 0101", "city", "上海", "tags", "VIP, heating").sees(http.StatusOK, "上海东方热力", "VIP", "heating")
	path := v.at.Path
	v.post("/customers", "name", "<b>=1+1</b>").sees(http.StatusOK)
	v.get("/customers?q=%E4%B8%9C%E6%96%B9").sees(http.StatusOK, "+862155550101").lacks("=1+1")
	v.get("/find?table=party&q=%E4%B8%9C").sees(http.StatusOK, `"label":"上海东方热力"`)
	v.get("/customers?sort=-city").sees(http.StatusOK, `aria-sort="descending"`)
	v.get("/customers?format=csv").sees(http.StatusOK, "上海东方热力")
	v.get("/customers?format=xlsx").sees(http.StatusOK)
	v.get("/customers?format=exe").sees(http.StatusBadRequest)
	v.get("/customers?after=zzz").sees(http.StatusUnprocessableEntity, "link to a page of the list is damaged")

	v.get(path+"/edit").sees(http.StatusOK, "Edit 上海东方热力")
	v.post(path+"/edit", "seen", v.hidden("seen"), "name", "上海东方热力", "was.name", "上海东方热力", "city", "苏州", "was.city", "上海",
		"tags", "VIP", "was.tags", "VIP, heating").sees(http.StatusOK, "苏州")
	v.get(path).sees(http.StatusOK, "苏州", "VIP")
	if facts, _, _ := strings.Cut(v.body, "id=\"history\""); strings.Contains(facts, "heating") {
		t.Error("the tag that was taken away is still there")
	}
	v.get("/jobs/new").sees(http.StatusOK)
	v.post("/jobs", "title", "Boiler cold", "party", "上海东方").sees(http.StatusOK, "上海东方热力")
	v.post("/jobs", "title", "Boiler cold", "party", "nobody").sees(http.StatusUnprocessableEntity, "Nothing of that name is known")
	v.get(path).sees(http.StatusOK, "Boiler cold")
}
