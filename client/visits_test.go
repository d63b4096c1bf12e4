package client_test

import (
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

func english(s string) map[string]string { return map[string]string{"en": s} }

// onSite is Li's phone at a repair, with a stocked van, a checklist to answer and a colleague.
func onSite(t *testing.T) (c *client.Client, job, part, wang record.ID) {
	c = phone(t)
	update(t, c, aftersales.CauseSetUp, func(tx client.Tx) (err error) {
		if err = aftersales.SetUp(tx); err != nil {
			return err
		}
		branch, err := aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "SH", Name: "Shanghai"})
		if err != nil {
			return err
		}
		for id, name := range map[record.ID]string{li: "Li", {8}: "Wang"} {
			if _, err = aftersales.CreatePerson(tx, aftersales.PersonInput{ID: id, Name: name, Branch: branch, Technician: true}); err != nil {
				return err
			}
		}
		van, err := aftersales.CreateLocation(tx, aftersales.LocationInput{Name: "Van", Holder: li})
		if err != nil {
			return err
		}
		if part, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "SEAL-12"}); err != nil {
			return err
		}
		in := aftersales.MoveInput{Part: part, Quantity: aftersales.Quantity{Amount: 3 * aftersales.One}, To: van}
		if _, err = aftersales.ReceivePart(tx, in); err != nil {
			return err
		}
		_, err = aftersales.CreateChecklist(tx, aftersales.ChecklistInput{
			Name: english("Safety"), JobKind: "repair", Questions: []aftersales.Question{
				{Key: "power", Kind: aftersales.AskYesNo, Label: english("Power off?"), Required: aftersales.AskAlways},
			},
		})
		return err
	})
	return c, found(t, c, aftersales.JobInput{Title: "pump leaks", Kind: "repair"}), part, record.ID{8}
}

// A whole visit on a phone that has never met a hub: what it is asked, what it costs, who agreed, who paid, who signed.
func TestAVisitOnPaper(t *testing.T) {
	t.Parallel()
	c, job, _, _ := onSite(t)
	ctx, v := t.Context(), c.Visits()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.Jobs().Arrive(ctx, aftersales.VisitInput{Job: job}))
	end := aftersales.CompleteInput{FindingInput: aftersales.FindingInput{Job: job, Solution: "New seal"}}
	wantCode(t, c.Jobs().Complete(ctx, end), aftersales.MissingAnswer)
	_, err := v.Answer(ctx, aftersales.AnswerInput{Job: job, Question: "power", Text: aftersales.Yes})
	must(err)
	lists, err := v.Checklists(ctx, job)
	must(err)
	if len(lists) != 1 || lists[0].Lines[0].Answer == nil {
		t.Fatalf("%+v", lists)
	}
	_, err = v.Finding(ctx, aftersales.VisitFindingInput{Job: job, FaultCode: "leak", Text: "worn seal", Solved: true})
	must(err)
	price := aftersales.Money{Minor: 500000, Currency: "CNY"}
	consent, err := v.Consent(ctx, aftersales.ConsentInput{Job: job, Amount: price, Shown: "a seal", SignedBy: "Chen"})
	must(err)
	pay := aftersales.PaymentInput{Job: job, Method: "cash", Amount: price}
	_, err = v.Pay(ctx, pay)
	wantCode(t, err, aftersales.ApprovalMissing)
	wantCode(t, v.ApproveByCode(ctx, consent.ID, "1"), aftersales.BadCode)
	must(v.GoOn(ctx, consent.ID, "no signal"))
	paid, err := v.Pay(ctx, pay)
	must(err)
	goods, err := v.TakeGoods(ctx, aftersales.TakeGoodsInput{Job: job, Items: "control box"})
	must(err)
	must(v.ReturnGoods(ctx, aftersales.ReturnGoodsInput{Receipt: goods.ID, ReturnedTo: "Chen"}))
	must(c.Jobs().Complete(ctx, end))
	_, err = v.Sign(ctx, job, aftersales.SignInput{SignedBy: "Chen", Attitude: 4})
	must(err)
	slip, err := v.Slip(ctx, job)
	must(err)
	if slip.Slip.SignedBy != "Chen" || slip.Paid != price || slip.Payments[0].ReceiptNumber != paid.ReceiptNumber ||
		len(slip.Findings) != 1 || slip.Goods[0].State != aftersales.GoodsReturned || slip.Approval.How != aftersales.ApprovalFlagged {
		t.Fatalf("%+v", slip)
	}
}

func TestAPartIsGivenWithTheDevicesKeyAndTakenBack(t *testing.T) {
	t.Parallel()
	c, _, part, wang := onSite(t)
	ctx := t.Context()
	if id, err := c.FindPerson(ctx, "wa"); err != nil || id != wang {
		t.Fatalf("%v %v", id, err)
	}
	h, err := c.Parts().Give(ctx, aftersales.GiveInput{To: wang, Part: part, Quantity: aftersales.Quantity{Amount: aftersales.One}})
	if err != nil || strings.Count(h.Code, "\n") > 9 {
		t.Fatalf("%+v %v", h, err)
	}
	_, err = c.Parts().Take(ctx, aftersales.TakeInput{Code: h.Code})
	wantCode(t, err, aftersales.HandOverForged) // no key is published here
	if _, err = c.Parts().CancelHandOver(ctx, h.ID); err != nil {
		t.Fatal(err)
	}
	list, err := c.Parts().HandOvers(ctx)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v %v", list, err)
	}
	if stock, err := c.Parts().Stock(ctx); err != nil || stock[0].Quantity.Amount != 3*aftersales.One {
		t.Fatalf("%+v %v", stock, err)
	}
	if book, err := c.Parts().Book(ctx, 0, 0); err != nil || len(book) != 1 || book[0].Balance != 3*aftersales.One {
		t.Fatalf("%+v %v", book, err)
	}
	if _, err := c.Parts().Ask(ctx, aftersales.AskPartInput{Part: part, Quantity: aftersales.Quantity{Amount: aftersales.One}}); err != nil {
		t.Fatal(err)
	}
	if list, err := c.Parts().Shortfalls(ctx); err != nil || len(list) != 0 {
		t.Fatalf("%+v %v", list, err)
	}
}

func TestSolutionsOnThePhone(t *testing.T) {
	t.Parallel()
	c, job, _, _ := onSite(t)
	ctx := t.Context()
	var id record.ID
	update(t, c, aftersales.CauseSolution, func(tx client.Tx) (err error) {
		id, err = aftersales.PutSolution(tx, aftersales.SolutionInput{FaultCode: "leak", Solution: "更换密封圈"})
		return err
	})
	list, err := c.Knowledge().Solutions(ctx, aftersales.SolutionQuery{FaultCode: "leak", Text: "密封"})
	if err != nil || len(list) != 1 || list[0].ID != id {
		t.Fatalf("%+v %v", list, err)
	}
	if _, err := c.Knowledge().Use(ctx, aftersales.UseSolutionInput{Job: job, Solution: id, Helped: true}); err != nil {
		t.Fatal(err)
	}
	if documents, err := c.Knowledge().Documents(ctx, record.ID{3}); err != nil || len(documents) != 0 {
		t.Fatalf("%+v %v", documents, err)
	}
}
