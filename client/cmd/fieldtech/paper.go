package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/currency"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// What a visit leaves on paper: the price agreed to, money, receipts, the signature.

// money reads an amount such as 80.50 in a currency such as CNY, without rounding.
func money(amount, code string) (aftersales.Money, error) {
	unit, err := currency.ParseISO(strings.ToUpper(code))
	if err != nil {
		return aftersales.Money{}, cli.Usage("a currency has three letters, like CNY, not %q", code)
	}
	scale, _ := currency.Standard.Rounding(unit)
	whole, fraction, _ := strings.Cut(amount, ".")
	if len(fraction) > scale {
		return aftersales.Money{}, cli.Usage("%s has at most %d decimals: %s", unit, scale, amount)
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || whole == "" || strings.ContainsAny(amount, "+-") {
		return aftersales.Money{}, cli.Usage("an amount is a number like 80 or 80.50, not %q", amount)
	}
	return aftersales.Money{Minor: n, Currency: unit.String()}, nil
}

// amountOf returns the money as people write it: "80.50 CNY".
func amountOf(m aftersales.Money) string {
	unit, err := currency.ParseISO(m.Currency)
	if err != nil {
		return fmt.Sprint(m.Minor, " ", m.Currency)
	}
	scale, _ := currency.Standard.Rounding(unit)
	digits := fmt.Sprintf("%0*d", scale+1, m.Minor)
	if scale == 0 {
		return digits + " " + m.Currency
	}
	return digits[:len(digits)-scale] + "." + digits[len(digits)-scale:] + " " + m.Currency
}

// agreed is what consent, approve and goon answer.
type agreed struct {
	aftersales.Consent
	Challenge string `json:"challenge"` // to read out to the office; "" where no second yes is needed
	Approved  string `json:"approved"`  // how the second yes was given; "" if it was not
}

func consentCommand() *command {
	var in aftersales.ConsentInput
	return &command{
		Name: "consent", Args: "JOB AMOUNT CURRENCY -by NAME -shown TEXT", Least: 3, Most: 3, Needs: writing,
		Brief: "record the customer's yes to a price, before paid work",
		About: "AMOUNT is the price of the whole job. Above the company's limit the office must agree too: the answer has\n" +
			"the challenge to read out to it, and fieldtech approve takes the code that it reads back.",
		Example: "fieldtech consent J-d1-42 180 CNY -by \"Ms Chen\" -shown \"1 seal 80, labour 100\"",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.SignedBy, "by", "", "NAME of the customer who agrees")
			f.StringVar(&in.Shown, "shown", "", "TEXT the price as he was shown it")
		},
		Do: func(ctx context.Context, a *app, args []string) (err error) {
			if in.Amount, err = money(args[1], args[2]); err != nil {
				return err
			}
			if in.Job, err = a.client.Jobs().Find(ctx, args[0]); err != nil {
				return err
			}
			if _, err = a.client.Visits().Consent(ctx, in); err != nil {
				return err
			}
			return a.agreed(ctx, in.Job)
		},
	}
}

// agreed says what the customer agreed to, and what is still missing.
func (a *app) agreed(ctx context.Context, job record.ID) error {
	c, yes, err := a.client.Visits().Agreed(ctx, job)
	if err != nil {
		return err
	}
	answer := agreed{Consent: c, Approved: yes.How}
	if c.NeedsSecond {
		answer.Challenge = aftersales.Challenge(c.ID)
	}
	return a.answer(answer, func() {
		a.say("%s agreed to %s.\n", c.SignedBy, amountOf(c.Amount))
		switch {
		case !c.NeedsSecond:
		case yes.How != "":
			a.say("The second yes is there: %s.\n", plain(yes.How))
		default:
			a.say("The office must agree too. Challenge to read out: %s\n", answer.Challenge)
		}
	})
}

// consentOf returns what the customer agreed to, or refuses with aftersales.ConsentMissing.
func (a *app) consentOf(ctx context.Context, said string) (aftersales.Consent, error) {
	job, err := a.client.Jobs().Find(ctx, said)
	if err != nil {
		return aftersales.Consent{}, err
	}
	c, _, err := a.client.Visits().Agreed(ctx, job)
	if err == nil && c.ID.IsZero() {
		err = fault.New(aftersales.ConsentMissing, "the customer has agreed to no price yet: fieldtech consent")
	}
	return c, err
}

func approveCommand() *command {
	return &command{
		Name: "approve", Args: "JOB CODE", Least: 2, Most: cli.Any, Needs: writing,
		Brief:   "give the office's yes by the code that it read out",
		Example: "fieldtech approve J-d1-42 1234 5678",
		Do: func(ctx context.Context, a *app, args []string) error {
			c, err := a.consentOf(ctx, args[0])
			if err != nil {
				return err
			}
			if err := a.client.Visits().ApproveByCode(ctx, c.ID, strings.Join(args[1:], "")); err != nil {
				return err
			}
			return a.agreed(ctx, c.Job)
		},
	}
}

func goOnCommand() *command {
	var reason string
	return &command{
		Name: "goon", Args: "JOB -reason TEXT", Least: 1, Most: 1, Needs: writing,
		Brief:   "go on without the office's yes where it cannot be reached",
		About:   "Only where the company's policy lets it; the office finds it among its discrepancies.",
		Example: "fieldtech goon J-d1-42 -reason \"no signal in the pit\"",
		Flags:   func(f *flag.FlagSet) { f.StringVar(&reason, "reason", "", "TEXT why") },
		Do: func(ctx context.Context, a *app, args []string) error {
			c, err := a.consentOf(ctx, args[0])
			if err != nil {
				return err
			}
			if err := a.client.Visits().GoOn(ctx, c.ID, reason); err != nil {
				return err
			}
			return a.agreed(ctx, c.Job)
		},
	}
}

func payCommand() *command {
	var in aftersales.PaymentInput
	return &command{
		Name: "pay", Args: "JOB AMOUNT CURRENCY -method CODE", Least: 3, Most: 3, Needs: writing,
		Brief:   "record money that the customer gave, with the number for his receipt",
		Example: "fieldtech pay J-d1-42 180 CNY -method cash",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.Method, "method", "", "CODE in the company's list of payments: cash, card")
			f.StringVar(&in.Payer, "by", "", "NAME of who paid")
			f.StringVar(&in.Note, "note", "", "TEXT to go with it")
		},
		Do: func(ctx context.Context, a *app, args []string) (err error) {
			if in.Amount, err = money(args[1], args[2]); err != nil {
				return err
			}
			if in.Job, err = a.client.Jobs().Find(ctx, args[0]); err != nil {
				return err
			}
			p, err := a.client.Visits().Pay(ctx, in)
			if err != nil {
				return err
			}
			return a.answer(p, func() { a.say("Receipt %s: %s, %s.\n", p.ReceiptNumber, amountOf(p.Amount), p.Method) })
		},
	}
}

func takeAwayCommand() *command {
	var in aftersales.TakeGoodsInput
	return &command{
		Name: "takeaway", Args: "JOB ITEMS...", Least: 2, Most: cli.Any, Needs: writing,
		Brief:   "write the receipt for what goes to the workshop",
		Example: "fieldtech takeaway J-d1-42 control box, 2 cables -condition scratched -by \"Ms Chen\"",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.Condition, "condition", "", "TEXT in which it is")
			f.StringVar(&in.GivenBy, "by", "", "NAME of who gave it")
		},
		Do: func(ctx context.Context, a *app, args []string) (err error) {
			in.Items = strings.Join(args[1:], " ")
			if in.Job, err = a.client.Jobs().Find(ctx, args[0]); err != nil {
				return err
			}
			g, err := a.client.Visits().TakeGoods(ctx, in)
			if err != nil {
				return err
			}
			return a.answer(g, func() { a.say("Receipt %s: %s.\n", g.Number, g.Items) })
		},
	}
}

func signCommand() *command {
	var in aftersales.SignInput
	recommend := int64(-1)
	return &command{
		Name: "sign", Args: "JOB -by NAME [-attitude 1-4] ...", Least: 1, Most: 1, Needs: writing,
		Brief:   "have the customer sign the slip, and rate the visit",
		About:   "Where nobody can or will sign, -unsigned says why. Ratings go from 1 to 4, -recommend from 0 to 10.",
		Example: "fieldtech sign J-d1-42 -by \"Ms Chen\" -attitude 4 -skill 4 -recommend 9",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.SignedBy, "by", "", "NAME of who signs")
			f.StringVar(&in.UnsignedReason, "unsigned", "", "WHY nobody signs")
			f.Int64Var(&in.Attitude, "attitude", 0, "1-4 how he was treated")
			f.Int64Var(&in.Skill, "skill", 0, "1-4 how well the work was done")
			f.Int64Var(&in.Arrival, "arrival", 0, "1-4 whether the technician came in time")
			f.Int64Var(&in.Promises, "promises", 0, "1-4 whether promises were kept")
			f.Int64Var(&recommend, "recommend", -1, "0-10 whether he would recommend the company")
			f.StringVar(&in.Comment, "comment", "", "TEXT he added")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			if recommend != -1 {
				in.Recommend = &recommend
			}
			return a.onJob(ctx, args[0], aftersales.CauseSlipSign, func(_ client.Jobs, id record.ID) error {
				_, err := a.client.Visits().Sign(ctx, id, in)
				return err
			})
		},
	}
}

func slipCommand() *command {
	return &command{
		Name: "slip", Args: "JOB", Least: 1, Most: 1, Needs: reading,
		Brief:   "show what stands on the slip of your last visit",
		Example: "fieldtech slip J-d1-42 -json",
		Do: func(ctx context.Context, a *app, args []string) error {
			job, err := a.client.Jobs().Find(ctx, args[0])
			if err != nil {
				return err
			}
			p, err := a.client.Visits().Slip(ctx, job)
			if err == nil && p == nil {
				err = fault.New(fault.UnknownRow, "you have not visited this job yet: there is nothing on its slip")
			}
			if err != nil {
				return err
			}
			return a.answer(p, func() { a.say("%s", slipText(p)) })
		},
	}
}

// slipText returns the slip as a table.
func slipText(p *aftersales.SlipPaper) *table {
	var t table
	t.add("slip", p.Slip.Number, plain(p.Slip.State))
	t.add("job", p.Job.Number, p.Job.Title)
	t.add("customer", p.Party.Name, p.Site.Address)
	t.add("machine", p.Unit.Name, p.Unit.Serial)
	for _, l := range p.Times {
		t.add("time", plain(l.Kind), strings.TrimSpace(fmt.Sprintf("%d min  %s", l.Spent/60_000, l.Person)))
	}
	for _, f := range p.Findings {
		t.add("finding", aftersales.Label(f.Fault, userLanguage()), f.Finding.Finding)
	}
	for _, l := range p.Parts {
		t.add("part", l.Code, l.Quantity.String()+"  "+plain(l.Cause))
	}
	for _, f := range p.Answers {
		for _, l := range f.Lines {
			t.add("check", aftersales.Label(l.Question.Label, userLanguage()), answerText(l))
		}
	}
	for _, pay := range p.Payments {
		t.add("paid", pay.ReceiptNumber, amountOf(pay.Amount))
	}
	for _, g := range p.Goods {
		t.add("taken", g.Number, g.Items+" ("+plain(g.State)+")")
	}
	t.add("signed", p.Slip.SignedBy, p.Slip.UnsignedReason)
	return &t
}
