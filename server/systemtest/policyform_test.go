package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// A version is tried on a machine before it is published: what it would decide stands beside what holds.
func TestAPolicyIsTriedBeforeItIsPublished(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("mei", "陈梅", auth.Dispatcher)
	boss := b.browser("boss")
	var unit record.ID
	b.office("machine", func(tx aftersales.Tx) (err error) {
		unit, err = aftersales.CreateUnit(tx, aftersales.UnitInput{Name: "Pump P-1", Serial: "P1", SoldOn: tx.Now()/86_400_000 - 200})
		return err
	})
	boss.get("/policies/warranty/new?from=sale_card&branch=").sees(http.StatusOK, `name="p.starts" value="sold_on" checked`, `name="p.card_days" value="20"`, "Try it on a machine")

	// What cannot be read is said beside its field, and what was typed stays.
	boss.post("/policies/warranty", "p.starts", "sold_on", "p.months", "a year", "p.excludes", "wear").
		sees(http.StatusUnprocessableEntity, "They are marked", `value="a year" aria-label="months" autocomplete="off" inputmode="decimal" aria-invalid="true"`)
	boss.post("/policies/warranty", "p.months", "12").sees(http.StatusUnprocessableEntity, "This is needed.")
	boss.post("/policies/warranty", "p.starts", "birthday", "p.months", "12").sees(http.StatusUnprocessableEntity, "does not start with birthday")
	boss.post("/policies/warranty", "do", "preview", "p.starts", "sold_on", "p.months", "3", "preview", "no such machine").
		sees(http.StatusUnprocessableEntity, "Nothing of that name is known")
	boss.post("/policies/warranty", "do", "preview", "p.starts", "sold_on", "p.months", "3", "p.excludes", "wear", "preview", "Pump P-1", "ref.preview", unit.String()).
		sees(http.StatusOK, "What it would decide", "the customer pays 0 %", "<b>the customer pays 100 %</b>", `name="p.months" value="3"`)
	if n := len(b.ids("SELECT id FROM policy_version WHERE kind = 'warranty'")); n != 1 {
		t.Fatalf("a preview wrote: %d versions", n)
	}
	boss.post("/policies/warranty", "do", "publish", "p.starts", "sold_on", "p.months", "3", "p.excludes", "wear", "note", "<b>short</b>", "valid_from", "2001-01-01T00:00").
		sees(http.StatusUnprocessableEntity, "Decisions were made by the policy of that time")
	boss.post("/policies/warranty", "do", "publish", "p.starts", "sold_on", "p.months", "3", "p.excludes", "wear", "note", "<b>short</b>").
		sees(http.StatusOK, "Version 2", "<b>short</b>", "in force")
	boss.get("/policies/warranty/new?from=&branch=").sees(http.StatusOK, `name="p.months" value="3"`)
	b.browser("mei").post("/policies/warranty", "do", "publish", "p.starts", "sold_on", "p.months", "3").sees(http.StatusForbidden)
}

// Prices, promises, the calendar and returns have forms too: each says again what was published.
func TestEachPolicyIsTyped(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	for _, kind := range []string{"warranty", "charge", "freight", "price", "sla", "calendar", "return"} {
		for _, template := range aftersales.PolicyTemplates(kind) {
			boss.get("/policies/"+kind+"/new?branch=&from="+template.Name).sees(http.StatusOK, `class="policy"`)
		}
	}
	boss.post("/policies/price", "p.currency", "TWD", "p.tax_rate", "5.5", "p.rounding", "line", "p.round_to", "1",
		"p.services.0.code", "labour", "p.services.0.kind", "labour", "p.services.0.unit", "h", "p.services.0.price", "800.50",
		"p.services.1.code", "travel", "p.services.1.kind", "travel", "p.services.1.unit", "", "p.services.1.price", "1").
		sees(http.StatusUnprocessableEntity, "This is needed.")
	boss.post("/policies/price", "p.currency", "TWD", "p.tax_rate", "5.5", "p.rounding", "line", "p.round_to", "1", "p.max_discount", "10",
		"p.services.0.code", "labour", "p.services.0.kind", "labour", "p.services.0.unit", "h", "p.services.0.price", "800.50",
		"p.services.1.code", "travel", "p.services.1.kind", "travel", "p.services.1.unit", "km", "p.services.1.price", "1", "p.services.1.drop", "1").
		sees(http.StatusOK, "Version 2", "Tax, in percent: 5.50", "Discount that needs no right, in percent: 10.00", "price 800.50 TWD")
	boss.get("/policies/price/new?from=&branch=").sees(http.StatusOK, `name="p.tax_rate" value="5.50"`, `name="p.services.0.price" value="800.50"`, `name="p.services.1.unit" value=""`)

	boss.post("/policies/calendar", "p.week.mon", "8 to 12").sees(http.StatusUnprocessableEntity, "Hours are written like")
	boss.post("/policies/calendar", "p.week.mon", "08:00-12:00", "p.days.0.date", "1 May", "p.days.0.hours", "").sees(http.StatusUnprocessableEntity, "A day is written like")
	boss.post("/policies/calendar", "p.week.mon", "").sees(http.StatusUnprocessableEntity, "no hour of work")
	boss.post("/policies/calendar", "p.week.mon", "08:00-12:00", "p.zone", "Asia/Nowhere").sees(http.StatusUnprocessableEntity, "no time zone of that name")
	boss.post("/policies/calendar", "p.week.mon", "08:00-12:00，13:00-17:00", "p.days.0.date", "2027-10-01", "p.days.0.hours", "", "p.days.1.date", "2027-10-09", "p.days.1.hours", "09:00-12:00").
		sees(http.StatusOK, "Version 2")
	boss.get("/policies/calendar/new?from=&branch=").sees(http.StatusOK, `value="08:00-12:00, 13:00-17:00"`, `value="2027-10-01"`, `name="p.days.1.hours" value="09:00-12:00"`)

	var request record.ID
	b.office("request", func(tx aftersales.Tx) (err error) {
		request, err = aftersales.CreateRequest(tx, aftersales.RequestInput{Title: "Leaks", Number: "R-7"})
		return err
	})
	boss.post("/policies/sla", "do", "preview", "p.promises.0.target", "arrival", "p.promises.0.minutes", "90", "preview", "R-7", "ref.preview", request.String()).
		sees(http.StatusOK, "What it would decide", "Arrival within 1 h 30 min")
	boss.post("/policies/sla", "do", "publish", "p.promises.0.target", "arrival", "p.promises.0.from", "repair", "p.promises.0.minutes", "90").
		sees(http.StatusUnprocessableEntity, "does not come after")
	boss.post("/policies/sla", "do", "rows", "p.promises.0.target", "arrival", "p.promises.0.minutes", "90").sees(http.StatusOK, `name="p.promises.2.minutes"`)
	boss.post("/policies/sla", "do", "publish", "p.promises.0.target", "arrival", "p.promises.0.minutes", "90").sees(http.StatusOK, "Version 2")

	boss.post("/policies/return", "p.from", "sold_on", "p.refund_days", "30", "p.exchange_days", "7").sees(http.StatusUnprocessableEntity, "may exchange it as long")
	boss.post("/policies/return", "p.from", "sold_on", "p.refund_days", "7", "p.exchange_days", "15", "p.same_fault", "1").sees(http.StatusOK, "Version 2")
	boss.post("/policies/charge", "p.rules.0.in", "out", "p.rules.0.kind", "labour", "p.rules.0.payer", "company").sees(http.StatusOK, "Version 2")
}

// Freight goes by its way, parts by their category, those that imports brought among them; a rule that fits nothing is
// refused beside its cell, and what differs stands apart in the preview.
func TestWhoPaysIsTypedByWayAndCategory(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	var unit record.ID
	b.office("machine and part", func(tx aftersales.Tx) (err error) {
		if _, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "HOSE", Category: "rubber"}); err != nil {
			return err
		}
		unit, err = aftersales.CreateUnit(tx, aftersales.UnitInput{Name: "Pump P-1", Serial: "P1", SoldOn: tx.Now()/86_400_000 - 900})
		return err
	})
	boss.get("/policies/charge/new?from=price_by_category&branch=").sees(http.StatusOK, `<option value="common" selected>Common part</option>`, `<option value="rubber">`)
	boss.post("/policies/charge", "p.rules.0.in", "", "p.rules.0.kind", "labour", "p.rules.0.part_category", "rubber", "p.rules.0.payer", "company").
		sees(http.StatusUnprocessableEntity, "A rule about a category of parts is about parts")
	boss.post("/policies/charge", "p.rules.0.in", "", "p.rules.0.service", "labour", "p.rules.0.part_category", "rubber", "p.rules.0.payer", "company").
		sees(http.StatusUnprocessableEntity, "parts are no service")
	boss.post("/policies/charge", "do", "publish", "p.rules.0.in", "", "p.rules.0.part_category", "rubber", "p.rules.0.payer", "customer", "p.rules.0.price_list", "market").
		sees(http.StatusOK, "Version 2", "category of parts rubber", "price list the market")
	boss.post("/policies/freight", "do", "preview", "p.rules.0.in", "", "p.rules.0.service", "freight_back", "p.rules.0.payer", "company", "preview", "Pump P-1", "ref.preview", unit.String()).
		sees(http.StatusOK, "Freight: Freight back to the customer", "<b>the customer pays 0 %, ")
	boss.post("/policies/freight", "do", "publish", "p.rules.0.in", "", "p.rules.0.service", "freight_back", "p.rules.0.payer", "company").sees(http.StatusOK, "Version 2", "freight back")
	boss.get("/parts/new").sees(http.StatusOK, `<option value="consumable">Consumable</option>`)
}

// Consent, intake, dispatch and notices are typed too; what is wrong stands beside the cell, and each is tried first.
func TestConsentIntakeDispatchAndNoticesAreTyped(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "Wang", auth.Technician)
	boss := b.browser("boss")
	job := b.plans("Fan rattles", wang, 9, 10)
	var party record.ID
	b.office("customer", func(tx aftersales.Tx) (err error) {
		if party, err = aftersales.CreateParty(tx, aftersales.PartyInput{Name: "Late Payer", Phone: "021 5555 0000"}); err != nil {
			return err
		}
		return aftersales.Blacklist(tx, party, "two bills")
	})
	for _, kind := range []string{"consent", "intake", "dispatch", "notice"} {
		for _, template := range aftersales.PolicyTemplates(kind) {
			boss.get("/policies/"+kind+"/new?branch=&from="+template.Name).sees(http.StatusOK, `class="policy"`).lacks("<textarea")
		}
	}
	tryOn := []string{"preview", "Fan rattles", "ref.preview", job.String()}
	with := func(given ...string) []string { return append(given, tryOn...) }

	boss.post("/policies/consent", "p.unreachable", "stop", "p.limits.0.currency", "yuan", "p.limits.0.above", "much").
		sees(http.StatusUnprocessableEntity, "The currency is three capital letters", `value="yuan"`, "This cannot be read")
	boss.post("/policies/consent", "p.unreachable", "stop", "p.limits.0.currency", "CNY", "p.limits.0.above", "1", "p.limits.1.currency", "cny", "p.limits.1.above", "2").
		sees(http.StatusUnprocessableEntity, "The same stands in two lines")
	boss.post("/policies/consent", with("do", "preview", "p.unreachable", "stop", "p.limits.0.currency", "TWD", "p.limits.0.above", "500")...).
		sees(http.StatusOK, "What it would decide", "above 500.00 TWD a second yes", "<b>stop</b>")
	boss.post("/policies/consent", "do", "publish", "p.unreachable", "stop", "p.limits.0.currency", "CNY", "p.limits.0.above", "500").sees(http.StatusOK, "Version 2")
	boss.get("/policies/consent/new?from=&branch=").sees(http.StatusOK, `name="p.limits.0.above" value="500.00"`)

	boss.post("/policies/intake", "p.blacklist", "stop", "p.country", "China").sees(http.StatusUnprocessableEntity, "The country is two letters", `value="China"`)
	boss.post("/policies/intake", "do", "preview", "p.blacklist", "stop", "p.country", "tw", "preview", "Late Payer", "ref.preview", party.String()).
		sees(http.StatusOK, "<b>not taken on: the customer is on the blacklist</b>", "taken on, with a warning")
	boss.post("/policies/intake", "do", "publish", "p.blacklist", "stop", "p.country", "tw").sees(http.StatusOK, "Version 2", "TW")

	points := []string{"p.skill", "40", "p.near", "0", "p.free", "20", "p.parts", "10", "p.knows", "10", "p.work_minutes", "90", "p.silent_minutes", "30", "p.early_minutes", "0"}
	say := func(more ...string) []string { return append(more, points...) }
	boss.post("/policies/dispatch", say("p.reach_km", "0", "p.needs.0.skill", "electrical", "p.needs.0.level", "9", "p.needs.0.fault", "", "p.routes.0.level", "", "p.routes.0.class", "A")...).
		sees(http.StatusUnprocessableEntity, "This is too much, or too little.", "choose one of the two")
	boss.post("/policies/dispatch", say(with("do", "preview", "p.reach_km", "50")...)...).sees(http.StatusOK, "What it would decide", "Wang")
	boss.post("/policies/dispatch", say("do", "publish", "p.reach_km", "50", "p.routes.0.level", "", "p.routes.0.class", "A", "p.routes.0.person", wang.String())...).
		sees(http.StatusOK, "Version 2")
	boss.get("/policies/dispatch/new?from=&branch=").sees(http.StatusOK, `value="`+wang.String()+`" selected`)

	rule := func(event, to, channel, address string) []string {
		return []string{"p.attempts", "3", "p.retry_seconds", "60", "p.rules.0.event", event, "p.rules.0.to", to, "p.rules.0.channel", channel, "p.rules.0.address", address, "p.rules.0.text.en", "Go to {number}"}
	}
	boss.post("/policies/notice", append(rule("job.assigned", "contact", "app", ""), "p.quiet", "at night")...).
		sees(http.StatusUnprocessableEntity, "Only colleagues have the app", "Hours are written like 22:00-07:00.")
	boss.post("/policies/notice", rule("job.assigned", "address", "dingtalk", "")...).sees(http.StatusUnprocessableEntity, "Which address?")
	boss.post("/policies/notice", rule("job.assigned", "concerned", "app", "robot")...).sees(http.StatusUnprocessableEntity, "An address is for rules")
	boss.post("/policies/notice", append(with(rule("job.assigned", "concerned", "app", "")...), "do", "preview")...).sees(http.StatusOK, "Wang · app · Go to ")
	boss.post("/policies/notice", append(rule("job.assigned", "concerned", "app", ""), "do", "publish", "p.quiet", "22:00-07:00")...).sees(http.StatusOK, "Version 2")
	boss.get("/policies/notice/new?from=&branch=").sees(http.StatusOK, `value="Go to {number}"`, `name="p.quiet" value="22:00-07:00"`)
}
