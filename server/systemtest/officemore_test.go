package systemtest

import (
	"fmt"
	"html"
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// A job stands under a state of the company's own; the office names it on the job's page, and takes it back.
func TestTheOfficeSaysHowAJobStandsInItsOwnWords(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "Wang", auth.Technician)
	boss := b.browser("boss")
	job := b.plans("Crane needed", wang, 9, 10)
	page := "/jobs/" + job.String()
	boss.get(page).sees(http.StatusOK).lacks("in your own words")
	b.office("states", func(tx aftersales.Tx) error {
		for code, state := range map[string]string{"crane": aftersales.JobPlanned, "dust": aftersales.JobDone} {
			in := aftersales.SubstateInput{Table: "job", Code: code, State: state, Label: map[string]string{"en": "Waits for <" + code + ">"}}
			if err := aftersales.PutSubstate(tx, in); err != nil {
				return err
			}
		}
		return nil
	})
	boss.get(page).sees(http.StatusOK, "in your own words", "Waits for <crane>").lacks("Waits for <dust>")
	seen := boss.find(`name="seen" value="([^"]*)"`)
	boss.post(page+"/substate", "seen", seen, "substate", "dust").sees(http.StatusUnprocessableEntity, "There is no sub-state dust")
	boss.post(page+"/substate", "seen", seen, "substate", "crane").sees(http.StatusOK, `<span class="chip">Waits for <crane></span>`, `value="crane" selected`)
	b.office("retire", func(tx aftersales.Tx) error { return aftersales.RetireSubstate(tx, "job", "crane") })
	boss.get(page).sees(http.StatusOK, `<span class="chip">Waits for <crane></span>`) // what has it keeps it
	boss.post(page+"/substate", "seen", boss.find(`name="seen" value="([^"]*)"`), "substate", "").sees(http.StatusOK, "Set.").lacks("Waits for <crane>")
	b.hire("guest", "Guest", auth.Auditor)
	b.browser("guest").post(page+"/substate", "substate", "").sees(http.StatusForbidden)
}

// What a part costs is set and seen on its page by who may, and by nobody else.
func TestWhatAPartCostsIsSeenByWhoMay(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("li", "Li", auth.Dispatcher)
	boss := b.browser("boss")
	var branch, part record.ID
	b.office("part", func(tx aftersales.Tx) (err error) {
		if branch, err = aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "T", Name: "Taipei", Zone: "Asia/Taipei", Currency: "TWD"}); err != nil {
			return err
		}
		part, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "P-1", Name: map[string]string{"en": "Bearing"}, Unit: "pcs"})
		return err
	})
	page := "/parts/" + part.String()
	boss.get(page).sees(http.StatusOK, "Nobody has said yet what it costs us.")
	boss.deed(page, "cost", "branch", "Taipei", "ref.branch", branch.String(), "unit_cost", "much").sees(http.StatusUnprocessableEntity)
	boss.deed(page, "cost", "branch", "Taipei", "ref.branch", branch.String(), "unit_cost", "480.50 TWD").sees(http.StatusOK, "The cost is set.", "480.50 TWD")
	b.browser("li").get(page).sees(http.StatusOK, "Bearing").lacks("480.50")
	b.browser("li").post(page+"/cost", "unit_cost", "1").sees(http.StatusForbidden)

	person := b.hire("wang", "Wang", auth.Technician)
	boss.deed("/branches/"+branch.String(), "costs", "person", "Wang", "ref.person", person.String(), "costs", aftersales.CostsSeen).sees(http.StatusOK, "Set.")
	if n := len(b.ids("SELECT id FROM posting WHERE costs = 'seen'")); n != 1 {
		t.Errorf("%d postings see costs, want one", n)
	}
	boss.deed("/branches/"+branch.String(), "costs", "person", "Wang", "ref.person", person.String(), "costs", "").sees(http.StatusOK, "Set.")
	if n := len(b.ids("SELECT id FROM posting WHERE costs = 'seen'")); n != 0 {
		t.Error("the right to see costs was not taken back")
	}
}

// What a part costs stands in the audit and with what was moved, too: there it is read by who may see costs, by nobody else, and by
// no program of theirs.
func TestCostsAreToldNowhereToWhoMayNotSeeThem(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("head", "Head Office", "head_office")
	boss, head := b.browser("boss"), b.browser("head")
	var moved record.ID
	b.office("costs", func(tx aftersales.Tx) error {
		branch, err := aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "T", Name: "Taipei", Zone: "Asia/Taipei", Currency: "TWD"})
		if err != nil {
			return err
		}
		store, err := aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: branch, Code: "S", Name: "Store", Kind: aftersales.LocationCentral})
		if err != nil {
			return err
		}
		part, err := aftersales.CreatePart(tx, aftersales.PartInput{Code: "P-1", Unit: "pcs"})
		if err != nil {
			return err
		}
		if _, err := aftersales.SetPartCost(tx, branch, part, aftersales.Money{Minor: 48051, Currency: "TWD"}, 0); err != nil {
			return err
		}
		moved, err = aftersales.ReceivePart(tx, aftersales.MoveInput{
			Part: part, To: store, Quantity: aftersales.Quantity{Amount: 1000, Unit: "pcs"}, UnitCost: aftersales.Money{Minor: 47951, Currency: "TWD"},
		})
		return err
	})
	for path, cost := range map[string]string{"/audit": "480.51 TWD", "/audit?format=csv": "480.51 TWD", "/movements/" + moved.String(): "479.51 TWD"} {
		boss.get(path).sees(http.StatusOK, cost)
		head.get(path).sees(http.StatusOK).lacks(cost)
	}
	may := b.program(boss, "till", string(auth.SeeParts), string(auth.SeeCosts))
	not := b.program(boss, "shop", string(auth.SeeParts))
	if may.asks("GET", "/movements/"+moved.String(), "").has(http.StatusOK); may.got["unit_cost"] == nil {
		t.Error("a program that may see costs reads none")
	}
	not.asks("GET", "/movements/"+moved.String(), "").has(http.StatusOK, "unit_cost", nil)
	if one := not.asks("GET", "/movements", "").has(http.StatusOK).rows()[0]; one["unit_cost"] != nil {
		t.Errorf("in the list it reads %v", one)
	}
}

// A webhook that the hub switched off stands on Today of whoever looks after webhooks, who needs no right to tokens.
func TestASwitchedOffWebhookStandsOnToday(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	boss.post("/webhooks", "name", "<b>CRM</b>", "url", "https://crm.example/in", "event", "job.created").sees(http.StatusOK, "It is shown only now")
	boss.get("/").sees(http.StatusOK).lacks("<b>CRM</b>")
	b.office("gone", func(tx aftersales.Tx) error {
		hooks, err := aftersales.Webhooks(tx)
		if err != nil {
			return err
		}
		return tx.Update("webhook", hooks[0].ID, record.Values{"state": record.Text(aftersales.WebhookGone)})
	})
	boss.get("/").sees(http.StatusOK, "Webhooks that were switched off", "<b>CRM</b>", `href="/webhooks"`)
	b.hire("mei", "Mei", auth.Dispatcher)
	b.browser("mei").get("/").sees(http.StatusOK).lacks("<b>CRM</b>")
	b.browser("mei").get("/webhooks").sees(http.StatusForbidden)
}

// A request stands under a state of the company's own as a job does, until it moves on.
func TestTheOfficeSaysHowARequestStandsInItsOwnWords(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	var request record.ID
	b.office("a call", func(tx aftersales.Tx) (err error) {
		request, err = aftersales.CreateRequest(tx, aftersales.RequestInput{Title: "No heat"})
		return err
	})
	page := "/requests/" + request.String()
	boss.get(page).sees(http.StatusOK).lacks("in your own words")
	boss.post("/substates", "table_name", "request", "state", "new", "code", "photo", "label.en", "Waits for a photo").sees(http.StatusOK)
	boss.post("/substates", "table_name", "job", "state", "new", "code", "crane", "label.en", "Waits for a crane").sees(http.StatusOK)
	boss.get(page).sees(http.StatusOK, "in your own words", "Waits for a photo").lacks("crane")
	seen := boss.find(`name="seen" value="([^"]*)"`)
	boss.post(page+"/substate", "seen", seen, "substate", "crane").sees(http.StatusUnprocessableEntity, "There is no sub-state crane")
	boss.post(page+"/substate", "seen", seen, "substate", "photo").sees(http.StatusOK, `<span class="chip">Waits for a photo</span>`)
	boss.post(page+"/cancel", "seen", boss.find(`name="seen" value="([^"]*)"`), "reason", "sold").sees(http.StatusOK).lacks(`<span class="chip">Waits for a photo</span>`)
	b.hire("guest", "Guest", auth.Auditor)
	b.browser("guest").post(page+"/substate", "substate", "").sees(http.StatusForbidden)
}

// Why parts move says where they usually come from and go to. Where there are several, nothing is guessed.
func TestAMovementBeginsWithItsUsualPlaces(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	boss.get("/movements/new").sees(http.StatusOK, `data-refills="cause"`)
	boss.post("/parts", "code", "SEAL-12", "unit", "pcs").sees(http.StatusOK)
	boss.post("/locations", "name", "Main store", "kind", "central").sees(http.StatusOK)
	boss.post("/locations", "name", "Van 7", "kind", "van").sees(http.StatusOK)
	boss.get("/movements/new").sees(http.StatusOK, `name="to_location" value="Main store"`)
	boss.post("/movements", "cause", "receipt", "part", "SEAL-12", "quantity", "3", "to_location", "Main store").sees(http.StatusOK, "Moved.")
	boss.get("/movements/new").sees(http.StatusOK, `name="from_location" value="Supplier"`, `name="to_location" value="Main store"`)
	boss.get("/movements/new?cause=issue").sees(http.StatusOK, `name="from_location" value="Main store"`, `name="to_location" value="Van 7"`)
	boss.post("/locations", "name", "Van 8", "kind", "van").sees(http.StatusOK)
	boss.get("/movements/new?cause=issue").sees(http.StatusOK, `name="from_location" value="Main store"`, `name="to_location" value=""`)
	boss.post("/movements", "cause", "issue", "part", "SEAL-12", "quantity", "1", "from_location", "Supplier", "to_location", "Van 8").
		sees(http.StatusUnprocessableEntity, "Say where it comes from.")
}

// A list of so many rows that they cannot be sorted as was asked has a next page, and a last one.
func TestAListThatIsNotSortedAsAskedGoesOn(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.office("customers", func(tx aftersales.Tx) error {
		for i := range list.CountMost + 20 {
			if _, err := aftersales.CreateParty(tx, aftersales.PartyInput{Name: fmt.Sprintf("Customer %04d", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	boss := b.browser("boss").get("/customers?sort=-address").sees(http.StatusOK, "Customer 0000")
	for range 3 {
		boss.get(html.UnescapeString(boss.find(`<a href="([^"]+)" rel="next">`)))
	}
	boss.sees(http.StatusOK, "Customer 0150", "Customer 0199").lacks("Customer 0000", "Customer 0149")
}
