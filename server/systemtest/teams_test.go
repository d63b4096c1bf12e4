package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

func TestGroupsAndSubstatesAreTheCompanysOwn(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	boss := b.browser("boss")
	boss.get("/groups").sees(http.StatusOK, "Groups of people that work is given to")
	boss.post("/groups", "name", "").sees(http.StatusUnprocessableEntity, "This is needed.")
	boss.post("/groups", "name", "Night <b>shift</b>", "note", "after 20:00").sees(http.StatusOK, "Add its members", "Night <b>shift</b>", "after 20:00")
	group := boss.at.Path
	boss.post(group+"/join", "person", "nobody here").sees(http.StatusUnprocessableEntity, "Nothing of that name is known")
	boss.post(group+"/join", "person", "Li Wei", "ref.person", li.String()).sees(http.StatusOK, "Added.", "Li Wei")
	boss.post(group+"/leave", "person", "Li Wei", "ref.person", li.String()).sees(http.StatusOK, "Taken out.").lacks("Li Wei")
	boss.post(group+"/archive", "reason", "merged").sees(http.StatusOK, "Archived.")

	boss.post("/substates", "table_name", "job", "state", "escalated", "code", "x").sees(http.StatusUnprocessableEntity)
	boss.post("/substates", "table_name", "job", "state", "in_work", "code", "crane", "label.en", "Waits for a crane", "label.zh-Hans", "等吊车").
		sees(http.StatusOK, "The sub-state can be chosen.", "Waits for a crane")
	one := boss.at.Path
	boss.post(one+"/label", "label.en", "Waits for the big crane", "rank", "2").sees(http.StatusOK, "Waits for the big crane")
	boss.post(one+"/retire").sees(http.StatusOK, "Retired.")
	boss.get("/substates?retired=1").sees(http.StatusOK, "Waits for the big crane")
}

// as does something in somebody's name.
func (b *bureau) as(person record.ID, do func(aftersales.Tx) error) {
	b.t.Helper()
	_, err := b.core.Hub.Do(b.t.Context(), person, nil, "test", func(o *hub.Office) error { return do(server.Bind(o, person)) })
	if err != nil {
		b.t.Fatal(err)
	}
}

// The company says what stands on its slips, and above and below them.
func TestASlipIsAsTheCompanyWillsIt(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	li := b.hire("li", "Li Wei", auth.Technician)
	job, _ := boss.makes("Leaks", li)
	var slip record.ID
	for _, step := range []func(aftersales.Tx, aftersales.VisitInput) error{aftersales.Accept, aftersales.Travel, aftersales.Arrive} {
		b.as(li, func(tx aftersales.Tx) error { return step(tx, aftersales.VisitInput{Job: job}) })
	}
	b.as(li, func(tx aftersales.Tx) (err error) {
		slip, err = aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job, Summary: "seal replaced", Total: aftersales.Money{Minor: 12_000, Currency: "EUR"}})
		return err
	})
	boss.get("/slips/"+slip.String()).sees(http.StatusOK, "Service slip", "What it costs", "120.00 EUR")
	boss.get("/settings").sees(http.StatusOK, "heading of a service slip")
	boss.post("/settings/slip_title", "value", "Field <report>").sees(http.StatusOK, "Set.")
	boss.post("/settings/slip_head", "value", "Nordwind\r\nKiel").sees(http.StatusOK, "Set.")
	boss.post("/settings/slip_costs", "value", "0").sees(http.StatusOK, "Set.")
	boss.get("/slips/"+slip.String()).sees(http.StatusOK, "Field <report>", "<p>Kiel</p>").lacks("What it costs", "120.00 EUR")

	// Its sections stand in the order that the company sets; what that does not name follows.
	done, asked := "What was found and done", `<p class="text">Leaks`
	first, second := strings.Index(boss.body, asked), strings.Index(boss.body, done)
	boss.post("/settings/slip_order", "value", "findings, weather").sees(http.StatusUnprocessableEntity, "The sections of a slip are these")
	boss.post("/settings/slip_order", "value", "findings，problem").sees(http.StatusOK, "Set.")
	boss.get("/slips/" + slip.String()).sees(http.StatusOK)
	if now := strings.Index(boss.body, done); first < 0 || second < 0 || first > second || now < 0 || now > strings.Index(boss.body, asked) {
		t.Errorf("the problem stood at %d, what was done at %d and now at %d", first, second, now)
	}
	if strings.Count(boss.body, "seal replaced") != 1 {
		t.Errorf("the slip says what was done %d times", strings.Count(boss.body, "seal replaced"))
	}
}

// Charges in two currencies have two sums, on the job's page and on its slip, which say why there is not one.
func TestChargesInTwoCurrenciesHaveTwoSums(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	li := b.hire("li", "Li Wei", auth.Technician)
	job, path := boss.makes("Leaks", li)
	var slip record.ID
	for _, step := range []func(aftersales.Tx, aftersales.VisitInput) error{aftersales.Accept, aftersales.Travel, aftersales.Arrive} {
		b.as(li, func(tx aftersales.Tx) error { return step(tx, aftersales.VisitInput{Job: job}) })
	}
	for _, price := range []aftersales.Money{{Minor: 12_000, Currency: "EUR"}, {Minor: 80_000, Currency: "CNY"}} {
		b.as(li, func(tx aftersales.Tx) error {
			line := aftersales.ChargeLine{Kind: aftersales.ChargeLabour, Service: "labour", Quantity: aftersales.Quantity{Amount: aftersales.One, Unit: "h"}, Price: price}
			_, err := aftersales.AddCharge(tx, aftersales.ChargeInput{Job: job, ChargeLine: line})
			return err
		})
	}
	b.as(li, func(tx aftersales.Tx) (err error) {
		slip, err = aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job, Summary: "seal replaced"})
		return err
	})
	boss.get(path).sees(http.StatusOK, "in several currencies, and a slip is in one").sees(http.StatusOK, "CNY + ")
	boss.get("/slips/"+slip.String()).sees(http.StatusOK, "CNY + ", "in several currencies, and a slip is in one")
	if strings.Count(boss.get("/settings").sees(http.StatusOK).body, "problem, findings") != 1 {
		t.Error("the settings do not say which sections a slip has")
	}
	boss.get("/slip-template").sees(http.StatusOK, `value="problem, findings, checklists, parts, costs, goods, supplements"`)
	boss.post("/language", "language", "zh-Hans", "to", "/slip-template").sees(http.StatusOK, `value="故障、处理、检查表、备件、费用、收货、补充"`)
}
