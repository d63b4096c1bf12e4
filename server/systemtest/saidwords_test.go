package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What rows keep for programs is said in words where people read it: reasons, the versions of policies, the codes in a policy.
func TestWhatIsKeptForProgramsIsSaidInWords(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	job := p.makes("/jobs", `{"title": "Leaks"}`)
	p.asks("POST", "/charges", `{"job": "`+job+`", "service": "labour", "quantity": {"amount": "2"}, "unit_price": {"minor": 9000, "currency": "EUR"}}`).has(http.StatusCreated)
	var kept string
	id, err := record.ParseID(p.text("id"))
	if err != nil {
		t.Fatal(err)
	}
	p.office("look", func(tx aftersales.Tx) error {
		row, err := tx.Row("charge", id)
		if err == nil {
			kept = row.Get("versions").Text()
		}
		return err
	})
	if len(kept) < 36 {
		t.Fatalf("the charge keeps no versions: %q", kept)
	}
	p.makes("/codes", `{"list": "region", "code": "island", "label": {"zh-Hans": "岛"}}`)
	boss.post("/language", "language", "zh-Hans", "to", "/")
	boss.get("/jobs/"+job).sees(http.StatusOK, "由客户").lacks(`[{"code"`, kept[:36])
	boss.get("/policies/notice").sees(http.StatusOK, "派工").lacks("job.assigned")
	boss.get("/policies/sla").sees(http.StatusOK, "响应").lacks("response")
	boss.get("/policies/warranty").sees(http.StatusOK, "不可抗力").lacks("force majeure")
	boss.get("/policies/return").lacks("From")
	boss.get("/codes/"+aftersales.CodeID("region", "island").String()).sees(http.StatusOK, "<dd>区域</dd>")
}
