package api

import (
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The resources of what a visit leaves on paper: what was wrong, what was asked and answered, how long it took, what the customer
// agreed to, paid and gave along. A program that says at which visit records it for that visit's technician.
var visitResources = []*resource{
	{Path: "visits", Table: "visit", See: auth.SeeJobs, Names: auth.EditRecords, Actions: visitActions},
	{
		Path: "findings", Table: "finding", See: auth.SeeJobs, Create: auth.EditRecords, Edit: auth.EditRecords, Make: makeFinding, Save: saveFinding,
		Takes:   []string{"job", "visit", "unit", "fault_code", "cause_code", "remedy_code", "finding", "solution", "solved"},
		Changes: []string{"unit", "fault_code", "cause_code", "remedy_code", "finding", "solution", "solved"}, Needs: []string{"job"},
		Actions: []action{{
			Name: "retract", Need: auth.EditRecords, Cause: aftersales.CauseArchive, Needs: []string{"reason"}, Takes: []schema.Column{reason},
			Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
				return aftersales.RetractFinding(tx, row, v["reason"].Text())
			},
		}},
	},
	{
		Path: "answers", Table: "answer", See: auth.SeeJobs, Create: auth.EditRecords, Make: answer, Photos: "photo_files",
		Takes: []string{"visit", "question", "text", "number", "note", "occurred"}, Needs: []string{"visit", "question"},
		More: []schema.Column{takes("checklist", schema.Ref, "checklist"), takes("photo_files", schema.Set, "")},
	},
	{
		Path: "time-marks", Table: "time_mark", See: auth.SeeJobs, Create: auth.EditRecords, Make: markTime,
		Takes: []string{"job", "person", "kind", "edge", "replaces", "note", "occurred"}, Needs: []string{"job", "person", "kind", "edge"},
	},
	{
		Path: "consents", Table: "consent", See: auth.SeeJobs, Create: auth.EditRecords, Make: consent,
		Takes: []string{"job", "visit", "amount", "shown", "signed_by", "signature", "occurred"}, Needs: []string{"job", "amount", "shown", "signed_by"},
		Actions: []action{{
			Name: "approve", Need: auth.Approve, Cause: aftersales.CauseApproval,
			Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error { return aftersales.Approve(tx, row) },
		}},
	},
	{Path: "approvals", Table: "approval", See: auth.SeeJobs, Names: auth.EditRecords},
	{
		Path: "payments", Table: "payment", See: auth.SeeJobs, Create: auth.EditRecords, Make: pay,
		Takes: []string{"job", "visit", "slip", "method", "amount", "payer", "note", "replaces", "occurred"}, Needs: []string{"job", "method", "amount"},
	},
	{
		Path: "goods-receipts", Table: "goods_receipt", See: auth.SeeJobs, Create: auth.EditRecords, Make: takeGoods,
		Takes: []string{"job", "visit", "unit", "items", "condition", "promised_on", "taken_at", "given_by", "signature"}, Needs: []string{"job", "items"},
		Actions: []action{{
			Name: "return", Need: auth.EditRecords, Cause: aftersales.CauseGoodsReturn, Needs: []string{"returned_to"}, Do: returnGoods,
			Takes: []schema.Column{takes("returned_to", schema.Text, ""), takes("return_signature", schema.Ref, "attachment"), takes("at", schema.Instant, "")},
		}},
	},
	{Path: "slips", Table: "slip", See: auth.SeeJobs, Names: auth.EditRecords, Actions: slipActions},
	{Path: "supplements", Table: "supplement", See: auth.SeeJobs, Names: auth.EditRecords},
}

func findingOf(v record.Values) aftersales.VisitFindingInput {
	return aftersales.VisitFindingInput{
		Job: v["job"].Ref(), Visit: v["visit"].Ref(), Unit: v["unit"].Ref(), FaultCode: v["fault_code"].Text(), CauseCode: v["cause_code"].Text(),
		RemedyCode: v["remedy_code"].Text(), Text: v["finding"].Text(), Solution: v["solution"].Text(), Solved: v["solved"].Number() != 0,
	}
}

func makeFinding(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	id, err := aftersales.AddFinding(tx, findingOf(v))
	if fault.CodeOf(err) == aftersales.MissingText {
		err = about("finding", err)
	}
	return id, err
}

// saveFinding revises a finding: what is not given stays, null clears.
func saveFinding(tx aftersales.Tx, id record.ID, v record.Values) error {
	row, err := tx.Row("finding", id)
	if err != nil {
		return err
	}
	in := findingOf(v)
	in.Finding = id
	if _, given := v["solved"]; !given {
		in.Solved = aftersales.FindingOf(row).Solved
	}
	if _, err := aftersales.AddFinding(tx, in); err != nil {
		return err
	}
	cleared := record.Values{}
	for column, value := range v {
		if value.IsNull() && column != "solved" {
			cleared[column] = value
		}
	}
	if len(cleared) == 0 {
		return nil
	}
	return tx.Update("finding", id, cleared)
}

// answer answers a question at a visit, or corrects the answer.
func answer(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	visit, err := tx.Row("visit", v["visit"].Ref())
	if err != nil {
		return record.ID{}, err
	}
	v["job"] = record.Ref(aftersales.VisitOf(visit).Job)
	at, err := onJob(tx, v)
	if err != nil {
		return record.ID{}, err
	}
	in := aftersales.AnswerInput{
		Job: v["job"].Ref(), Visit: v["visit"].Ref(), Checklist: v["checklist"].Ref(), Question: v["question"].Text(), Text: v["text"].Text(),
		Note: v["note"].Text(), Photos: photosOf(v, "photo_files"), At: at,
	}
	if n, given := v["number"]; given && !n.IsNull() {
		number := n.Number()
		in.Number = &number
	}
	id, err := aftersales.AnswerQuestion(tx, in)
	if fault.CodeOf(err) == aftersales.BadAnswer && in.Number != nil {
		err = about("number", err)
	}
	return id, err
}

// photosOf returns the photos that a set names, each with what is known of its file: see API.photos.
func photosOf(v record.Values, column string) (photos []aftersales.AttachmentInput) {
	known := cellsOf(v, column)
	for _, sum := range elementsOf(v, column) {
		photos = append(photos, aftersales.AttachmentInput{
			Kind: aftersales.AttachPhoto, SHA256: sum, Size: known[sum].Number(), MediaType: known[sum].Text(),
		})
	}
	return photos
}

// markTime starts or stops a person's clock, or corrects a mark.
func markTime(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	at, err := onJob(tx, v)
	if err != nil {
		return record.ID{}, err
	}
	return aftersales.MarkTime(tx, aftersales.MarkInput{
		Job: v["job"].Ref(), Person: v["person"].Ref(), Kind: v["kind"].Text(), Edge: v["edge"].Text(), At: at, Replaces: v["replaces"].Ref(), Note: v["note"].Text(),
	})
}

// consent records the customer's yes to a price.
func consent(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	at, err := onJob(tx, v)
	if err != nil {
		return record.ID{}, err
	}
	return aftersales.RecordConsent(tx, aftersales.ConsentInput{
		Job: v["job"].Ref(), Visit: v["visit"].Ref(), Amount: moneyOf(v["amount"]), Shown: v["shown"].Text(), SignedBy: v["signed_by"].Text(),
		Signature: v["signature"].Ref(), At: at,
	})
}

// pay records money that the customer gave, or corrects what was recorded.
func pay(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	at, err := onJob(tx, v)
	if err != nil {
		return record.ID{}, err
	}
	return aftersales.TakePayment(tx, aftersales.PaymentInput{
		Job: v["job"].Ref(), Visit: v["visit"].Ref(), Slip: v["slip"].Ref(), Method: v["method"].Text(), Amount: moneyOf(v["amount"]), Payer: v["payer"].Text(),
		Note: v["note"].Text(), Replaces: v["replaces"].Ref(), At: at,
	})
}

// takeGoods makes the receipt for what is taken along.
func takeGoods(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	at, err := momentOn(tx, v, "taken_at")
	if err != nil {
		return record.ID{}, err
	}
	return aftersales.TakeGoods(tx, aftersales.TakeGoodsInput{
		Job: v["job"].Ref(), Visit: v["visit"].Ref(), Unit: v["unit"].Ref(), Items: v["items"].Text(), Condition: v["condition"].Text(),
		PromisedOn: v["promised_on"].Number(), GivenBy: v["given_by"].Text(), Signature: v["signature"].Ref(), At: at,
	})
}

func returnGoods(tx aftersales.Tx, receipt record.ID, v record.Values) error {
	at, err := momentOf(tx, v, "at")
	if err == nil {
		err = aftersales.CheckReturn(tx, receipt, at.Corrected)
	}
	if err != nil {
		return err
	}
	return aftersales.ReturnGoods(tx, aftersales.ReturnGoodsInput{
		Receipt: receipt, ReturnedTo: v["returned_to"].Text(), Signature: v["return_signature"].Ref(), At: at,
	})
}
