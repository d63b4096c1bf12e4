package systemtest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// A job goes to somebody, comes back, is done, closed, reopened and put away; a request is edited, called off and closed:
// all of it by the forms that their pages offer, alone and with others.
func TestJobsAndRequestsGoTheirWayByTheirForms(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "Wang", auth.Technician)
	v := b.browser("boss")
	job, path := v.makes("Fan rattles", wang)
	id := job.String()
	v.fills(path+"/unassign", "reason", "too far").sees(http.StatusOK)
	v.fills(path+"/assign", "person", wang.String()).sees(http.StatusOK, "Assigned.")
	v.post("/jobs/each/unassign", "id", id).fills("/jobs/each/unassign", "reason", "too far").sees(http.StatusOK, "Done: 1.")
	v.get(path+"/keys").fills(path+"/keys", "key_system", "erp", "key_text", "J-9").sees(http.StatusOK, "The key is noted.")
	v.fills(path + "/keys/retire").sees(http.StatusOK)

	v.get(path).fills(path+"/cancel", "reason", "sold").sees(http.StatusOK, "Cancelled.")
	v.fills(path+"/reopen", "reason", "bought again").sees(http.StatusOK, "Fan rattles")
	v.get(path).fills(path+"/cancel", "reason", "sold").sees(http.StatusOK, "Cancelled.")
	v.fills(path+"/close").sees(http.StatusOK, "closed")
	v.get(path).fills(path+"/reopen", "reason", "too early").sees(http.StatusOK)
	v.get(path).fills(path+"/cancel", "reason", "sold").sees(http.StatusOK)
	v.post("/jobs/each/close", "id", id).fills("/jobs/each/close").sees(http.StatusOK, "Done: 1.")
	v.post("/jobs/each/archive", "id", id).fills("/jobs/each/archive", "reason", "old").sees(http.StatusOK, "Done: 1.")
	v.post("/jobs/each/unarchive", "id", id).fills("/jobs/each/unarchive").sees(http.StatusOK, "Done: 1.")

	for n, do := range []string{"open", "solved"} {
		v.get("/intake").fills("/intake", "title", "It drips", "name", []string{"Harbour Hotel", "Quayside"}[n], "party", "new", "unit", "none", "solution", "close the tap", "do", do).sees(http.StatusOK, "It drips")
		at, id := v.at.Path, strings.TrimPrefix(v.at.Path, "/requests/")
		v.get(at+"/keys").fills(at+"/keys", "key_system", "erp", "key_text", "R-"+do).sees(http.StatusOK, "The key is noted.")
		v.fills(at + "/keys/retire").sees(http.StatusOK)
		if do == "open" {
			v.get(at+"/edit").fills(at+"/edit", "title", "It pours").sees(http.StatusOK, "It pours")
			v.post("/requests/each/hand", "id", id).fills("/requests/each/hand", "person", "Anna Berg").sees(http.StatusOK, "Done: 1.")
			v.post("/requests/each/cancel", "id", id).fills("/requests/each/cancel", "reason", "dry again").sees(http.StatusOK, "Done: 1.")
		}
		v.post("/requests/each/archive", "id", id).fills("/requests/each/archive", "reason", "old").sees(http.StatusOK, "Done: 1.")
		v.post("/requests/each/unarchive", "id", id).fills("/requests/each/unarchive").sees(http.StatusOK, "Done: 1.")
	}
}

// A request that its job has solved is closed by whoever has told the customer.
func TestARequestThatItsJobSolvedIsClosed(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "Wang", auth.Technician)
	v := b.browser("boss")
	v.get("/intake").fills("/intake", "title", "It drips", "name", "Harbour Hotel", "party", "new", "do", "open").sees(http.StatusOK, "It drips")
	request := v.at.Path
	v.fills(request + "/job").sees(http.StatusOK)
	job, path := b.ids("SELECT id FROM job")[0], v.at.Path
	v.fills(path+"/assign", "person", wang.String()).sees(http.StatusOK, "Assigned.")
	phone := b.phone(v, wang, "Wang's phone")
	sync(t, phone)
	repair(t, phone, job)
	sync(t, phone)
	v.get(request).fills(request+"/close").sees(http.StatusOK, "closed").lacks(request + "/close")
}

// What does not fit together, and what was given away, is settled in words; what a technician asks for is approved by the
// office.
func TestWhatDoesNotFitIsSettledByItsForms(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "Wang", auth.Technician)
	v := b.browser("boss")
	stockParts(v)
	v.makesOne("/locations", []string{"name", "Van 7", "kind", "van"})
	van := v.at.Path
	v.get(van+"/holder").fills(van+"/holder", "holder", "Wang").sees(http.StatusOK)
	phone := b.phone(v, wang, "Wang's phone")
	job, path := v.makes("Pump leaks", wang)
	sync(t, phone)
	for _, code := range []string{"SEAL-12", "FAN-3"} {
		update(t, phone, aftersales.CausePartUse, func(tx aftersales.Tx) error {
			_, err := aftersales.UsePart(tx, aftersales.MoveInput{Part: b.partOf(code), Quantity: aftersales.Quantity{Amount: aftersales.One}, Job: job})
			return err
		})
	}
	sync(t, phone)
	if err := b.core.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.get("/discrepancies").sees(http.StatusOK, "2 shown of 2")
	first := v.find(`href="(/discrepancies/[0-9a-f-]{36})"`)
	v.get(first).fills(first+"/settle", "reason", "bought on the way").sees(http.StatusOK, "It is settled.")
	second := strings.TrimPrefix(v.get("/discrepancies?open=1").find(`href="(/discrepancies/[0-9a-f-]{36})"`), "/discrepancies/")
	v.post("/discrepancies/each/settle", "id", second).fills("/discrepancies/each/settle", "reason", "counted again").sees(http.StatusOK, "Done: 1.")

	v.get(path).fills(path+"/charges", "service", "labour", "quantity", "1", "basis", "goodwill", "reason", "an old friend").sees(http.StatusOK, "The charge is added.")
	b.office("price", func(tx aftersales.Tx) error {
		return aftersales.Edit(tx, aftersales.EditInput{Table: "part", ID: b.partOf("SEAL-12"), Values: record.Values{"list_price": record.Money(12_00, "CNY")}})
	})
	v.get(path).fills(path+"/reckon").sees(http.StatusOK, "Reckoned again.")
	finding := v.get("/billing-findings").find(`href="(/billing-findings/[0-9a-f-]{36})"`)
	leads := ""
	for _, found := range regexp.MustCompile(`/billing-findings/[0-9a-f-]{36}`).FindAllString(v.source, -1) {
		leads += v.get(found).source
	}
	for _, to := range []string{path + "#ch-", "/movements/", "/parts/" + b.partOf("SEAL-12").String()} {
		if !strings.Contains(leads, `href="`+to) {
			t.Errorf("no finding leads to %s", to)
		}
	}
	v.get(finding).fills(finding+"/settle", "as", "waived", "reason", "the boss said so").sees(http.StatusOK, "settled")

	visit := aftersales.VisitInput{Job: job}
	for _, step := range []func(aftersales.Tx, aftersales.VisitInput) error{aftersales.Accept, aftersales.Travel, aftersales.Arrive} {
		update(t, phone, "visit.step", func(tx aftersales.Tx) error { return step(tx, visit) })
	}
	update(t, phone, aftersales.CauseConsent, func(tx aftersales.Tx) error {
		_, err := aftersales.RecordConsent(tx, aftersales.ConsentInput{Job: job, Amount: aftersales.Money{Minor: 99_000_00, Currency: "CNY"}, Shown: "compressor", SignedBy: "Chen"})
		return err
	})
	sync(t, phone)
	v.get(path).fills(path+"/approve").sees(http.StatusOK, "approved").lacks("waits for a second yes")

	v.get("/part-requests/new").fills("/part-requests", "part", "SEAL-12", "quantity", "2", "location", "Van 7").sees(http.StatusOK)
	request := v.at.Path
	b.office("for the job", func(tx aftersales.Tx) error {
		_, err := aftersales.AskPart(tx, aftersales.AskPartInput{Part: b.partOf("FAN-3"), Quantity: aftersales.Quantity{Amount: aftersales.One}, Location: b.ids("SELECT id FROM location WHERE name = 'Van 7'")[0], Job: job})
		return err
	})
	v.get(path).sees(http.StatusOK, "Part requests", "FAN-3", "asked")
	v.get(request+"/cancel").fills(request+"/cancel", "reason", "found some").sees(http.StatusOK)
}

// What an administrator ends, retires or begins anew: programs, policies, codes, fields, models; passwords and sessions.
func TestWhatIsEndedByItsForms(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Dispatcher).String()
	v := b.browser("boss")
	v.get("/programs").fills("/programs", "name", "ERP", "may", "see_jobs").sees(http.StatusOK, "It is shown only now")
	v.get("/programs").fills(v.find(`action="(/programs/[^"]+/revoke)"`)).sees(http.StatusOK, "let in no more")

	v.makesOne("/branches", []string{"name", "South", "code", "S", "zone", "Asia/Taipei", "currency", "TWD"})
	south := strings.TrimPrefix(v.at.Path, "/branches/")
	v.get("/policies/intake/new?from=&branch="+south).fills("/policies/intake", "do", "publish").sees(http.StatusOK, "Published.")
	v.get("/policies/intake/end?branch=" + south).fills("/policies/intake/end").sees(http.StatusOK)

	code := v.makesOne("/codes", []string{"list", "fault", "code", "drip", "label.en", "Drips"})
	v.get(code+"/label").fills(code+"/label", "label.en", "Drips slowly").sees(http.StatusOK, "Drips slowly")
	field := v.makesOne("/fields", []string{"table_name", "unit", "field", "colour", "label.en", "Colour", "kind", "text"})
	v.get(field + "/retire").fills(field + "/retire").sees(http.StatusOK)
	model := v.makesOne("/products", []string{"code", "P-1", "name.en", "Pump"})
	v.get(model+"/component").fills(model+"/component", "code", "motor", "name.en", "Motor", "warranty_months", "12").sees(http.StatusOK)
	v.get(model+"/retire").fills(model+"/retire", "code", "motor").sees(http.StatusOK)
	b.office("suggested", func(tx aftersales.Tx) error {
		_, err := aftersales.PutSolution(tx, aftersales.SolutionInput{Title: "It drips", Solution: "tighten it", State: aftersales.SolutionSuggested})
		return err
	})
	article := v.get("/knowledge?state=suggested").find(`href="(/knowledge/[0-9a-f-]{36})"`)
	v.get(article+"/approve").fills(article+"/approve").sees(http.StatusOK, "approved")
	group := v.makesOne("/customer-groups", []string{"code", "hotel", "label.en", "Hotels"})
	v.get(group+"/label").fills(group+"/label", "label.en", "Hotels and inns").sees(http.StatusOK)
	v.post("/customers", "name", "Harbour Hotel").sees(http.StatusOK)
	customer := strings.TrimPrefix(v.at.Path, "/customers/")
	v.post("/customers/each/group", "id", customer).fills("/customers/each/group", "customer_group", "hotel").sees(http.StatusOK, "Done: 1.")
	v.post("/customers/each/archive", "id", customer).fills("/customers/each/archive", "reason", "closed").sees(http.StatusOK, "Done: 1.")
	v.post("/customers/each/unarchive", "id", customer).fills("/customers/each/unarchive").sees(http.StatusOK, "Done: 1.")

	wei := b.browser("li")
	v.get("/people").fills("/people/"+li+"/sign-out").sees(http.StatusOK, "Signed out everywhere.")
	if wei.get("/jobs"); wei.at.Path != "/sign-in" {
		t.Errorf("who was signed out sees %s", wei.at)
	}
	v.get("/people").fills("/people/" + li + "/password").sees(http.StatusOK)
	wei.post("/sign-in", "login", "li", "password", v.find(`class="secret">([^<]+)<`)).sees(http.StatusOK)
	const another = "three louder words"
	wei.get("/password").fills("/password", "current", v.find(`class="secret">([^<]+)<`), "password", another, "again", another).sees(http.StatusOK)
	wei.get("/password").fills("/sign-out")
	wei.post("/sign-in", "login", "li", "password", another).sees(http.StatusOK)
	wei.get("/password").fills("/sign-out/everywhere")
	if wei.get("/jobs"); wei.at.Path != "/sign-in" {
		t.Errorf("who signed out sees %s", wei.at)
	}
}
