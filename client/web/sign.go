package web

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"strconv"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
)

// signature takes in what was drawn; nil where nothing was.
func (v *request) signature() (*aftersales.AttachmentInput, error) {
	drawn := v.form("signature")
	if drawn == "" {
		return nil, nil
	}
	png, err := base64.StdEncoding.DecodeString(drawn)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "The signature did not arrive whole: let the customer sign again.", err)
	}
	in, err := v.client.Stage(v.ctx(), bytes.NewReader(png), client.FileInput{Kind: aftersales.AttachSignature, Name: "signature.png"})
	return &in, err
}

// signPage is what the customer signs, with what he thinks of the visit.
type signPage struct {
	frame
	stand
	Lead   string // who leads the job and has the customer sign; "" where the user has him sign here
	Paper  *aftersales.SlipPaper
	Scale  []int // 1 to 4
	Likely []int // 0 to 10
}

// Ratings are what the customer rates, as the form names it.
func (signPage) Ratings() []string { return []string{"attitude", "skill", "arrival", "promises"} }

func (v *request) sign() error {
	p := signPage{frame: v.frame("Signature"), Scale: []int{1, 2, 3, 4}}
	for n := range 11 {
		p.Likely = append(p.Likely, n)
	}
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil || !p.Begun() {
			return err
		}
		if p.Paper, err = aftersales.SlipDocument(tx, p.Visit.ID); err != nil {
			return err
		}
		if p.Helps() && p.Paper.Slip.SignedAt == 0 && v.form("here") == "" && p.Problem == "" {
			p.Lead, err = p.leader(tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	p.Back = p.URL()
	return v.show("sign", p)
}

// leader returns the name of who leads the job; "?" where this phone does not know it.
func (s stand) leader(tx client.Tx) (string, error) {
	for _, a := range s.Assignments {
		if a.Role == aftersales.Lead && !a.Person.IsZero() && a.State != aftersales.AssignmentDeclined && a.State != aftersales.AssignmentEnded {
			person, err := rowAs(tx, "person", a.Person, aftersales.PersonOf)
			return cmp.Or(person.Name, "?"), err
		}
	}
	return "", nil
}

// doSign has the customer sign the slip of the visit, which is made where there is none.
func (v *request) doSign() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	in, err := v.signInput()
	if err != nil {
		return err
	}
	switch drawn := v.form("signature") != ""; {
	case !drawn && in.UnsignedReason == "":
		return fault.New(aftersales.MissingReason, "Let the customer sign in the field, or say why he does not.")
	case drawn && in.SignedBy == "":
		return fault.New(aftersales.MissingText, "The name of who signed is missing: write it above the signature.")
	}
	drawn, err := v.signature()
	if err != nil {
		return err
	}
	err = v.once("slip attachment", aftersales.CauseSlipSign, func(tx client.Tx) error {
		if err := v.slipFor(tx, &in); err != nil {
			return err
		}
		if drawn != nil {
			drawn.About = aftersales.Row{Table: "slip", ID: in.Slip}
			if in.Signature, err = aftersales.AddAttachment(tx, *drawn); err != nil {
				return err
			}
		}
		return aftersales.SignSlip(tx, in)
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(job) + "/slip")
}

func (v *request) signInput() (in aftersales.SignInput, err error) {
	in = aftersales.SignInput{SignedBy: v.form("name"), UnsignedReason: v.form("unsigned"), Comment: v.form("comment")}
	for name, into := range map[string]*int64{
		"attitude": &in.Attitude, "skill": &in.Skill, "arrival": &in.Arrival, "promises": &in.Promises,
	} {
		if v.form(name) == "" {
			continue
		}
		if *into, err = strconv.ParseInt(v.form(name), 10, 64); err != nil {
			return in, fault.Wrap(aftersales.BadRating, "ratings go from 1 to 4", err)
		}
	}
	if v.form("recommend") != "" {
		n, err := strconv.ParseInt(v.form("recommend"), 10, 64)
		if err != nil || n < 0 || n > 10 {
			return in, fault.New(aftersales.BadRating, "recommendations go from 0 to 10")
		}
		in.Recommend = &n
	}
	return in, nil
}

// slipFor finds the slip of the user's visit, and writes one where there is none. One that is signed is left alone: it
// is this form, sent a second time, or another one that came first.
func (v *request) slipFor(tx client.Tx, in *aftersales.SignInput) error {
	s, err := v.stand(tx)
	if err != nil {
		return err
	}
	for _, slip := range s.Slips {
		if slip.Visit != s.Visit.ID || slip.Person != v.me {
			continue
		}
		if in.Slip = slip.ID; slip.State != aftersales.SlipOpen {
			return fault.New(aftersales.WrongState, "The slip is signed already.")
		}
	}
	if in.Slip.IsZero() {
		in.Slip, err = aftersales.WriteSlip(tx, aftersales.SlipInput{Job: s.Job.ID})
	}
	return err
}

// finishPage ends the visit.
type finishPage struct {
	frame
	stand
	jobLinks
}

func (v *request) finish() error {
	p := finishPage{frame: v.frame("Finish")}
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		p.jobLinks, err = v.links(tx, p.stand, p.Bar)
		return err
	})
	if err != nil {
		return err
	}
	p.Back = p.URL()
	return v.show("finish", p)
}

// doFinish ends the visit and, where the user leads the job and nothing is left to do, the job.
func (v *request) doFinish() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	in := aftersales.CompleteInput{
		FindingInput: aftersales.FindingInput{Job: job, Solution: v.form("solution")}, Summary: v.form("solution"),
	}
	if v.form("outcome") == aftersales.OutcomeFollowUp {
		in.Outcome, in.FollowUp = aftersales.OutcomeFollowUp, v.form("why")
	}
	if v.form("meter") != "" {
		if in.Meter, err = strconv.ParseInt(v.form("meter"), 10, 64); err != nil || in.Meter < 0 {
			return fault.New(fault.Invalid, "A meter reading is a whole number.")
		}
	}
	err = v.once("service_record time_mark", aftersales.CauseJobComplete, func(tx client.Tx) error {
		s, err := v.stand(tx)
		if err != nil {
			return err
		}
		if s.Visit.State == aftersales.VisitCompleted && s.Seen() != v.form("seen") {
			return errDone // this form was sent before
		}
		return aftersales.Complete(tx, in)
	})
	if err != nil {
		return err
	}
	v.noted(v.client.SawPlan(v.ctx(), job))  // what one does oneself is no news
	return v.redirect(jobURL(job) + "/sign") // which says so where the customer signs with somebody else
}

// goodsPage is what goes to the workshop, with the receipt for it.
type goodsPage struct {
	frame
	stand
	Receipts []aftersales.GoodsReceipt
	Rest     rest
}

func (v *request) goods() error {
	p := goodsPage{frame: v.frame("Taken to the workshop")}
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		if p.Receipts, err = aftersales.GoodsOf(tx, p.Job.ID); err != nil {
			return err
		}
		p.Receipts, p.Rest, err = latest(v, p.Receipts, func(r aftersales.GoodsReceipt) string { return r.Items + r.Condition })
		return err
	})
	if err != nil {
		return err
	}
	p.Back = p.URL()
	return v.show("goods", p)
}

// takeGoods writes the receipt for what is taken along, or gives it back.
func (v *request) takeGoods() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	receipt, err := v.formID("receipt")
	if err != nil {
		return err
	}
	if !receipt.IsZero() {
		err := v.client.Visits().ReturnGoods(v.ctx(), aftersales.ReturnGoodsInput{Receipt: receipt, ReturnedTo: v.form("to")})
		return firstOf(err, v.redirectIf(err, jobURL(job)+"/goods"))
	}
	in := aftersales.TakeGoodsInput{Job: job, Items: v.form("items"), Condition: v.form("condition"), GivenBy: v.form("by")}
	err = v.once("goods_receipt", aftersales.CauseGoodsTake, func(tx client.Tx) error {
		if v.form("machine") != "" {
			s, err := v.stand(tx)
			if err != nil {
				return err
			}
			in.Unit = s.Unit.ID
		}
		_, err := aftersales.TakeGoods(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(job) + "/goods")
}
