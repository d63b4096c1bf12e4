package client

import (
	"context"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Visits is typed access to what a visit leaves on paper: findings, checklists, the customer's yes to a price, money,
// receipts, his signature. Every method that changes something is one durable change that works offline; what the rules
// refuse is a *fault.Error with the codes of the command in package aftersales.
type Visits struct{ c *Client }

// Visits returns typed access to what visits leave on paper.
func (c *Client) Visits() Visits { return Visits{c} }

// Checklists returns what the user's visit to the job is asked, with the answers so far; before the visit, what it will
// be asked.
func (v Visits) Checklists(ctx context.Context, job record.ID) ([]aftersales.Filled, error) {
	return see(ctx, v.c, func(tx Tx) ([]aftersales.Filled, error) {
		visit, err := lastVisit(tx, job)
		if err != nil || visit.IsZero() {
			return []aftersales.Filled{}, err
		}
		return aftersales.Filling(tx, visit)
	})
}

// lastVisit returns the user's latest visit to the job, zero if there is none.
func lastVisit(tx Tx, job record.ID) (last record.ID, err error) {
	visits, err := aftersales.Visits(tx, job)
	for _, v := range visits {
		if v.Person == tx.Author() {
			last = v.ID
		}
	}
	return last, err
}

// Answer answers a question of a checklist, or corrects the answer, and returns the answer's id.
func (v Visits) Answer(ctx context.Context, in aftersales.AnswerInput) (record.ID, error) {
	return add(ctx, v.c, aftersales.CauseAnswer, aftersales.AnswerQuestion, in)
}

// Finding notes one more thing that was wrong, or revises one, and returns its id.
func (v Visits) Finding(ctx context.Context, in aftersales.VisitFindingInput) (record.ID, error) {
	return add(ctx, v.c, aftersales.CauseFinding, aftersales.AddFinding, in)
}

// Consent records the customer's yes to a price. NeedsSecond of what it returns says whether the office must agree too;
// aftersales.Challenge has the digits to read out.
func (v Visits) Consent(ctx context.Context, in aftersales.ConsentInput) (c aftersales.Consent, err error) {
	err = v.c.Update(ctx, aftersales.CauseConsent, func(tx Tx) error {
		id, err := aftersales.RecordConsent(tx, in)
		if err != nil {
			return err
		}
		row, err := tx.Row("consent", id)
		c = aftersales.ConsentOf(row)
		return err
	})
	return c, err
}

// Agreed returns what the customer agreed to last and the office's yes to it; zero values where there is none.
func (v Visits) Agreed(ctx context.Context, job record.ID) (c aftersales.Consent, yes aftersales.Approval, err error) {
	err = v.c.View(ctx, func(tx Tx) (err error) {
		if c, err = aftersales.LastConsent(tx, job); err == nil {
			yes, err = aftersales.ApprovalOf(tx, c.ID)
		}
		return err
	})
	return c, yes, err
}

// ApproveByCode gives the second yes by the digits that the office read out.
func (v Visits) ApproveByCode(ctx context.Context, consent record.ID, code string) error {
	return do(ctx, v.c, aftersales.CauseApproval, func(tx Tx, code string) error {
		return aftersales.ApproveByCode(tx, consent, code)
	}, code)
}

// GoOn goes on without the second yes because nobody can be reached, where the policy lets it.
func (v Visits) GoOn(ctx context.Context, consent record.ID, reason string) error {
	return do(ctx, v.c, aftersales.CauseApprovalFlag, func(tx Tx, reason string) error {
		return aftersales.GoOnFlagged(tx, consent, reason)
	}, reason)
}

// Pay records money that the customer gave, and returns the payment with the number for his receipt.
func (v Visits) Pay(ctx context.Context, in aftersales.PaymentInput) (p aftersales.Payment, err error) {
	err = v.c.Update(ctx, aftersales.CausePayment, func(tx Tx) error {
		id, err := aftersales.TakePayment(tx, in)
		if err != nil {
			return err
		}
		row, err := tx.Row("payment", id)
		p = aftersales.PaymentOf(row)
		return err
	})
	return p, err
}

// TakeGoods makes the receipt for what is taken to the workshop, and returns it.
func (v Visits) TakeGoods(ctx context.Context, in aftersales.TakeGoodsInput) (g aftersales.GoodsReceipt, err error) {
	err = v.c.Update(ctx, aftersales.CauseGoodsTake, func(tx Tx) error {
		id, err := aftersales.TakeGoods(tx, in)
		if err != nil {
			return err
		}
		row, err := tx.Row("goods_receipt", id)
		g = aftersales.GoodsReceiptOf(row)
		return err
	})
	return g, err
}

// ReturnGoods gives the customer his thing again, and voids the receipt.
func (v Visits) ReturnGoods(ctx context.Context, in aftersales.ReturnGoodsInput) error {
	return do(ctx, v.c, aftersales.CauseGoodsReturn, aftersales.ReturnGoods, in)
}

// Goods returns the job's receipts for goods, oldest first.
func (v Visits) Goods(ctx context.Context, job record.ID) ([]aftersales.GoodsReceipt, error) {
	return see(ctx, v.c, func(tx Tx) ([]aftersales.GoodsReceipt, error) { return aftersales.GoodsOf(tx, job) })
}

// Sign has the customer sign the slip of the user's visit, which is made where there is none, and returns the slip's id.
func (v Visits) Sign(ctx context.Context, job record.ID, in aftersales.SignInput) (record.ID, error) {
	return add(ctx, v.c, aftersales.CauseSlipSign, func(tx Tx, in aftersales.SignInput) (record.ID, error) {
		var err error
		if in.Slip.IsZero() {
			if in.Slip, err = slipFor(tx, job); err != nil {
				return record.ID{}, err
			}
		}
		return in.Slip, aftersales.SignSlip(tx, in)
	}, in)
}

// slipFor returns the slip of the user's last visit to the job, a new one where there is none.
func slipFor(tx Tx, job record.ID) (record.ID, error) {
	visit, err := lastVisit(tx, job)
	if err != nil {
		return record.ID{}, err
	}
	slips, err := tx.Refs("slip", "job", job)
	if err != nil {
		return record.ID{}, err
	}
	for _, row := range slips {
		if s := aftersales.SlipOf(row); s.Visit == visit && s.Person == tx.Author() {
			return s.ID, nil
		}
	}
	return aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job})
}

// Slip returns what stands on the slip of the user's last visit to the job; nil before the first.
func (v Visits) Slip(ctx context.Context, job record.ID) (*aftersales.SlipPaper, error) {
	return see(ctx, v.c, func(tx Tx) (*aftersales.SlipPaper, error) {
		visit, err := lastVisit(tx, job)
		if err != nil || visit.IsZero() {
			return nil, err
		}
		return aftersales.SlipDocument(tx, visit)
	})
}
