package mobile

import (
	"context"

	"fieldsync/client"
)

// commands are named as the audit names what they write.
var commands = map[string]call{
	"job.create":   adds((*client.Client).Jobs, client.Jobs.Create),
	"job.note":     taking(note),
	"job.finding":  does((*client.Client).Jobs, client.Jobs.Finding),
	"job.complete": does((*client.Client).Jobs, client.Jobs.Complete),
	"job.substate": taking(substate),

	"visit.accept":    does((*client.Client).Jobs, client.Jobs.Accept),
	"visit.travel":    does((*client.Client).Jobs, client.Jobs.Travel),
	"visit.arrive":    does((*client.Client).Jobs, client.Jobs.Arrive),
	"visit.pause":     does((*client.Client).Jobs, client.Jobs.Pause),
	"visit.resume":    does((*client.Client).Jobs, client.Jobs.Resume),
	"visit.decline":   does((*client.Client).Jobs, client.Jobs.Decline),
	"visit.no_access": does((*client.Client).Jobs, client.Jobs.NoAccess),

	"visit.finding":       adds((*client.Client).Visits, client.Visits.Finding),
	"visit.answer":        adds((*client.Client).Visits, client.Visits.Answer),
	"visit.consent":       on((*client.Client).Visits, client.Visits.Consent),
	"visit.approve":       taking(approve),
	"visit.go_on_flagged": taking(goOn),
	"visit.payment":       on((*client.Client).Visits, client.Visits.Pay),
	"goods.take":          on((*client.Client).Visits, client.Visits.TakeGoods),
	"goods.return":        does((*client.Client).Visits, client.Visits.ReturnGoods),
	"slip.write":          adds((*client.Client).Jobs, client.Jobs.WriteSlip),
	"slip.sign":           sign(client.Visits.Sign),

	"part.use":         adds((*client.Client).Parts, client.Parts.Use),
	"part.return":      adds((*client.Client).Parts, client.Parts.Return),
	"part.transfer":    adds((*client.Client).Parts, client.Parts.Transfer),
	"part.scrap":       adds((*client.Client).Parts, client.Parts.Scrap),
	"part.count":       counts(client.Parts.Count),
	"part.correct":     adds((*client.Client).Parts, client.Parts.Correct),
	"part.ask":         adds((*client.Client).Parts, client.Parts.Ask),
	"hand_over.give":   on((*client.Client).Parts, client.Parts.Give),
	"hand_over.take":   on((*client.Client).Parts, client.Parts.Take),
	"hand_over.cancel": byID((*client.Client).Parts, client.Parts.CancelHandOver),

	"unit.create":  adds((*client.Client).Assets, client.Assets.Create),
	"unit.swap":    adds((*client.Client).Assets, client.Assets.Swap),
	"unit.service": adds((*client.Client).Assets, client.Assets.Service),
	"comment.add":  adds((*client.Client).Comments, client.Comments.Add),
	"solution.use": adds((*client.Client).Knowledge, client.Knowledge.Use),

	"time.start": taking(startClock),
	"time.stop":  taking(stopClock),
	"time.mark":  adds((*client.Client).Time, client.Times.Mark),

	"plans.saw": taking(sawPlans),
	"choose":    taking(choose),

	"outbox.resend":    taking(resend),
	"outbox.dismiss":   taking(dismiss),
	"attachment.retry": taking(retry),
}

// made is what commands answer that make a row.
type made struct {
	ID client.ID `json:"id"`
}

// adds returns the call of a method that makes a row.
func adds[Part, In any](part func(*client.Client) Part, do func(Part, context.Context, In) (client.ID, error)) call {
	return taking(func(ctx context.Context, c *client.Client, in In) (made, error) {
		id, err := do(part(c), ctx, in)
		return made{id}, err
	})
}

// does returns the call of a method that makes nothing.
func does[Part, In any](part func(*client.Client) Part, do func(Part, context.Context, In) error) call {
	return taking(func(ctx context.Context, c *client.Client, in In) (nothing, error) {
		return nothing{}, do(part(c), ctx, in)
	})
}

func counts[In any](do func(client.Parts, context.Context, In) (int64, error)) call {
	return taking(func(ctx context.Context, c *client.Client, in In) (any, error) {
		difference, err := do(c.Parts(), ctx, in)
		return map[string]int64{"difference": difference}, err
	})
}

func sign[In any](do func(client.Visits, context.Context, client.ID, In) (client.ID, error)) call {
	type signing struct {
		Job  client.ID
		Sign In
	}
	return taking(func(ctx context.Context, c *client.Client, in signing) (made, error) {
		id, err := do(c.Visits(), ctx, in.Job, in.Sign)
		return made{id}, err
	})
}

// onJob is what commands take in that say a word about a job.
type onJob struct {
	Job                  client.ID
	Text, Substate, Kind string
}

func note(ctx context.Context, c *client.Client, in onJob) (made, error) {
	id, err := c.Jobs().Note(ctx, in.Job, in.Text)
	return made{id}, err
}

func substate(ctx context.Context, c *client.Client, in onJob) (nothing, error) {
	return nothing{}, c.Jobs().Substate(ctx, in.Job, in.Substate)
}

func startClock(ctx context.Context, c *client.Client, in onJob) (made, error) {
	id, err := c.Time().Start(ctx, in.Job, in.Kind)
	return made{id}, err
}

func stopClock(ctx context.Context, c *client.Client, in onJob) (made, error) {
	id, err := c.Time().Stop(ctx, in.Job)
	return made{id}, err
}

type onConsent struct {
	Consent      client.ID
	Code, Reason string
}

func approve(ctx context.Context, c *client.Client, in onConsent) (nothing, error) {
	return nothing{}, c.Visits().ApproveByCode(ctx, in.Consent, in.Code)
}

func goOn(ctx context.Context, c *client.Client, in onConsent) (nothing, error) {
	return nothing{}, c.Visits().GoOn(ctx, in.Consent, in.Reason)
}

type onChange struct{ Change string }

func resend(ctx context.Context, c *client.Client, in onChange) (nothing, error) {
	s, err := refused(ctx, c, in.Change)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, c.SendAgain(ctx, s.Dot)
}

func dismiss(ctx context.Context, c *client.Client, in onChange) (nothing, error) {
	s, err := refused(ctx, c, in.Change)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, c.Dismiss(ctx, s.Dot)
}

// refused returns the refused change of that name.
func refused(ctx context.Context, c *client.Client, name string) (client.Sent, error) {
	list, err := c.Outbox(ctx, client.Refused)
	for _, s := range list {
		if s.Dot.String() == name {
			return s, nil
		}
	}
	if err == nil {
		err = refuse("already_closed", "this change is not refused, or no longer")
	}
	return client.Sent{}, err
}

func retry(ctx context.Context, c *client.Client, in identified) (nothing, error) {
	return nothing{}, c.RetryFile(ctx, in.ID)
}

// sawPlans notes that the person has seen one job as it stands, or, without an id, those of the list.
func sawPlans(ctx context.Context, c *client.Client, in struct {
	ID    client.ID
	Which client.Which
}) (nothing, error) {
	if !in.ID.IsZero() {
		return nothing{}, c.SawPlan(ctx, in.ID)
	}
	list, err := c.Jobs().List(ctx, client.JobFilter{Which: in.Which})
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, c.SawPlans(ctx, list)
}

func choices(_ context.Context, c *client.Client, _ nothing) (client.Choices, error) {
	return c.Choices(), nil
}

// choose changes what the JSON names, and leaves the rest as it was.
func choose(_ context.Context, c *client.Client, in struct {
	Reduce, WiFiOnly *bool
}) (client.Choices, error) {
	now := c.Choices()
	if in.Reduce != nil {
		now.Reduce = *in.Reduce
	}
	if in.WiFiOnly != nil {
		now.WiFiOnly = *in.WiFiOnly
	}
	return now, c.Choose(now)
}
