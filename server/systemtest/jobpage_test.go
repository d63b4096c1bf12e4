package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Paid work from the price to the audit: charged, agreed to, approved on the page and by a code, signed, audited; what a
// phone brings afterwards stands beside the slip.
func TestPaidWorkFromThePriceToTheAudit(t *testing.T) {
	t.Parallel()
	paysForWork(t, newBureau(t))
}

func paysForWork(t *testing.T, b *bureau) {
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	phone := b.phone(boss, wang, "Wang's phone")
	job, path := boss.makes("压缩机更换", wang)
	sync(t, phone)
	do := func(action string, pairs ...string) *browser {
		t.Helper()
		boss.get(path)
		return boss.post(path+"/"+action, append([]string{"seen", boss.hidden("seen")}, pairs...)...)
	}

	// Charges: by the price list, reckoned with their reasons; taken back; bad input stands on the page.
	do("charges", "service", "labour", "quantity", "2").sees(http.StatusOK, "The charge is added.", "Labour", "The customer pays", "To pay")
	charge := boss.find(`name="charge" value="([^"]+)"`)
	do("charges", "service", "labour", "quantity", "many").sees(http.StatusUnprocessableEntity, "The quantity is a number")
	do("charges", "service", "labour", "unit_price", "x").sees(http.StatusUnprocessableEntity, "The amount is a number and a currency")
	do("charges", "part", "nothing of that name").sees(http.StatusUnprocessableEntity, "Nothing of that name is known")
	do("charges", "service", "labour", "basis", "goodwill").sees(http.StatusUnprocessableEntity, `role="alert"`)
	do("charges/back", "charge", charge, "reason", "counted twice").sees(http.StatusOK, "The charge is taken back.", "Nothing is charged yet.")
	do("charges/back", "charge", record.ID{1}.String(), "reason", "x").sees(http.StatusBadRequest)

	// The customer agreed to more than the technician may decide: the office says yes, once.
	visit := aftersales.VisitInput{Job: job}
	for _, step := range []func(aftersales.Tx, aftersales.VisitInput) error{aftersales.Accept, aftersales.Travel, aftersales.Arrive} {
		update(t, phone, "visit.step", func(tx aftersales.Tx) error { return step(tx, visit) })
	}
	agreed := aftersales.Money{Minor: 99_000_00, Currency: "CNY"}
	var consent record.ID
	update(t, phone, aftersales.CauseConsent, func(tx aftersales.Tx) (err error) {
		consent, err = aftersales.RecordConsent(tx, aftersales.ConsentInput{Job: job, Amount: agreed, Shown: "compressor <b>", SignedBy: "陈建国"})
		return err
	})
	sync(t, phone)
	boss.get("/").sees(http.StatusOK, "Paid work that waits for a second yes", "99000.00 CNY")
	boss.get(path).sees(http.StatusOK, "waits for a second yes", "compressor <b>", "陈建国")
	do("code", "person", wang.String(), "amount", "99000", "currency", "CNY", "challenge", "12").sees(http.StatusUnprocessableEntity, `role="alert"`)
	do("code", "person", wang.String(), "amount", "99000", "currency", "CNY", "challenge", aftersales.Challenge(consent)).
		sees(http.StatusOK, "One-time code for 99000.00 CNY")
	code := boss.find(`class="secret">([^<]+)<`)
	update(t, phone, aftersales.CauseApproval, func(tx aftersales.Tx) error { return aftersales.ApproveByCode(tx, consent, code) })
	sync(t, phone)
	boss.get(path).sees(http.StatusOK, "approved by a code")
	do("approve", "consent", consent.String()).sees(http.StatusUnprocessableEntity, `role="alert"`)

	// The visit ends with a signature; the slip is audited, and its job reckoned again.
	update(t, phone, aftersales.CauseJobComplete, func(tx aftersales.Tx) error {
		in := aftersales.CompleteInput{Summary: "compressor replaced"}
		in.Job, in.Finding = job, "seized"
		return aftersales.Complete(tx, in)
	})
	update(t, phone, aftersales.CauseSlipSign, func(tx aftersales.Tx) error {
		slip, err := aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job, Summary: "replaced"})
		if err != nil {
			return err
		}
		return aftersales.SignSlip(tx, aftersales.SignInput{Slip: slip, SignedBy: "陈建国", Attitude: 4, Comment: "quick"})
	})
	sync(t, phone)
	boss.get(path).sees(http.StatusOK, "signed by", "4/4", "by the device's clock")
	slip := boss.find(`href="/slips/([^"]+)"`)
	err := phone.Update(t.Context(), aftersales.CauseSlipAudit, func(tx aftersales.Tx) error {
		id, err := record.ParseID(slip)
		if err != nil {
			return err
		}
		return aftersales.AuditSlip(tx, id, "")
	})
	if fault.CodeOf(err) != aftersales.HubOnly {
		t.Errorf("a phone audits: %v", err)
	}
	do("slips/audit", "slip", slip, "note", "all there").sees(http.StatusOK, "Audited.", "all there")
	number := boss.find(`<b class="num">(A-[^<]*-\d{4}-000001)</b>`)
	do("slips/audit", "slip", slip).sees(http.StatusUnprocessableEntity, `role="alert"`)
	do("reckon").sees(http.StatusOK, "Reckoned again.")

	// What he writes meanwhile comes late: beside the slip, never into it.
	update(t, phone, aftersales.CauseJobFinding, func(tx aftersales.Tx) error {
		return aftersales.RecordFinding(tx, aftersales.FindingInput{Job: job, Finding: "seized, bearing dry"})
	})
	sync(t, phone)
	boss.get(path).sees(http.StatusOK, "Supplement", "came after the audit", "seized, bearing dry")
	do("slips/unaudit", "slip", slip, "reason", "").sees(http.StatusUnprocessableEntity, `role="alert"`)
	do("slips/unaudit", "slip", slip, "reason", "the sum is wrong").sees(http.StatusOK, "The audit is taken back.")

	// Audited again, it has the number that it had.
	do("slips/audit", "slip", slip).sees(http.StatusOK, "Audited.", number)
	boss.get("/search?q="+number).sees(http.StatusOK, path)

	// Who still sees an earlier audit does not take this one back.
	stale := boss.get(path).hidden("seen")
	do("slips/unaudit", "slip", slip, "reason", "the sum is wrong again").sees(http.StatusOK, "The audit is taken back.")
	do("slips/audit", "slip", slip).sees(http.StatusOK, "Audited.", number)
	boss.post(path+"/slips/unaudit", "seen", stale, "slip", slip, "reason", "late").sees(http.StatusUnprocessableEntity, `role="alert"`)
	boss.get(path).sees(http.StatusOK, "Take the audit back")

	// The paper, as it is printed.
	boss.get("/slips/"+slip).sees(http.StatusOK, number, "压缩机更换", "compressor replaced", "陈建国", "王强")
	boss.get("/slips/"+slip+"?paper=80").sees(http.StatusOK, `class="paper p80"`)
	if !strings.Contains(boss.body, "99000.00 CNY") {
		t.Error("the paper does not say what the customer agreed to")
	}
}
