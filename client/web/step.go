package web

import (
	"errors"
	"slices"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// step is a button of a visit.
type step struct {
	Name  string // as the form sends it; "" for one that is a page
	URL   string // of a page
	Label string
}

// visitStep is what a button does.
type visitStep struct {
	cause string
	to    string // the state that the visit is in afterwards
	take  func(aftersales.Tx, aftersales.VisitInput) error
	label string
}

var visitSteps = map[string]visitStep{
	"accept": {aftersales.CauseVisitAccept, aftersales.VisitAccepted, aftersales.Accept, "Accept"},
	"travel": {aftersales.CauseVisitTravel, aftersales.VisitTravelling, aftersales.Travel, "Set out"},
	"arrive": {aftersales.CauseVisitArrive, aftersales.VisitOnSite, aftersales.Arrive, "I am there"},
	"pause":  {aftersales.CauseVisitPause, aftersales.VisitPaused, aftersales.Pause, "Pause"},
	"resume": {aftersales.CauseVisitResume, aftersales.VisitOnSite, aftersales.Resume, "Go on"},
}

// stepsFrom returns the buttons where the visit stands, the one that comes next first.
func stepsFrom(s stand) []step {
	if !s.Mine() {
		return nil
	}
	take := func(names ...string) (list []step) {
		for _, name := range names {
			list = append(list, step{Name: name, Label: visitSteps[name].label})
		}
		return list
	}
	finish := step{URL: s.URL() + "/finish", Label: "Finish"}
	switch s.Visit.State {
	case aftersales.VisitAccepted:
		return take("travel", "arrive")
	case aftersales.VisitTravelling:
		return take("arrive", "pause")
	case aftersales.VisitOnSite:
		return append([]step{finish}, take("pause")...)
	case aftersales.VisitPaused:
		return append(take("resume", "travel"), finish)
	}
	return take("accept", "travel", "arrive") // assigned, or the visit before came to nothing
}

// step takes a step of the visit.
func (v *request) step() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	s, ok := visitSteps[v.form("step")]
	if !ok {
		return fault.New(aftersales.WrongState, "There is no such step.")
	}
	err = v.client.Update(v.ctx(), s.cause, func(tx client.Tx) error {
		state, err := v.visitState(tx, job)
		if err != nil {
			return err
		}
		if state == s.to {
			return errDone // the button was pressed twice, or its answer was lost
		}
		return s.take(tx, aftersales.VisitInput{Job: job})
	})
	if err != nil && !errors.Is(err, errDone) {
		return err
	}
	return v.redirect(jobURL(job))
}

// visitState returns the state of the user's latest visit; "" before the first.
func (v *request) visitState(tx client.Tx, job record.ID) (state string, err error) {
	visits, err := aftersales.Visits(tx, job)
	for _, visit := range visits {
		if visit.Person == v.me {
			state = visit.State
		}
	}
	return state, err
}

// Seen names the visit as a page shows it, for the form on it to say what it was made of.
func (s stand) Seen() string { return s.Visit.ID.String() + " " + s.Visit.State }

// endPage asks why a visit comes to nothing.
type endPage struct {
	frame
	stand
	Reasons []aftersales.Code
	Likely  string // the code of the reason that is chosen already; "" for none
	Act     string // where the form goes
	Says    string // what follows
	Do      string // the button
}

// decline gives the job back to the office.
func (v *request) decline() error {
	return v.endPage("Give the job back", "decline", "", "The office gets it back and gives it to somebody else.", "Give it back")
}

// absent ends a visit that met a closed door.
func (v *request) absent() error {
	return v.endPage("Nobody is there", "absent", "absent", "The job stays with you; the office hears of it and calls the customer.",
		"Nobody is there")
}

func (v *request) endPage(title, act, likely, says, do string) error {
	p := endPage{frame: v.frame(title), Act: act, Likely: likely, Says: says, Do: do}
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		p.Reasons, err = aftersales.Codes(tx, aftersales.ListVisitReason, false)
		return err
	})
	if err != nil {
		return err
	}
	p.Back = p.URL()
	return v.show("end", p)
}

func (v *request) doDecline() error {
	return v.end(aftersales.CauseVisitDecline, aftersales.Decline, func(job record.ID) string { return todayURL })
}

func (v *request) doAbsent() error {
	return v.end(aftersales.CauseVisitNoAccess, aftersales.NoAccess, jobURL)
}

func (v *request) end(cause string, end func(aftersales.Tx, aftersales.EndInput) error, next func(record.ID) string) error {
	job, err := v.path()
	if err != nil {
		return err
	}
	in := aftersales.EndInput{VisitInput: aftersales.VisitInput{Job: job}, ReasonCode: v.form("code"), Reason: v.form("reason")}
	err = v.client.Update(v.ctx(), cause, func(tx client.Tx) error {
		s, err := v.stand(tx)
		if err != nil {
			return err
		}
		if s.Visit.State == aftersales.VisitCancelled && s.Seen() != v.form("seen") {
			return errDone // this form was sent before
		}
		if in.Reason == "" && in.ReasonCode != "" { // the code says why
			in.Reason, err = v.codeLabel(tx, aftersales.ListVisitReason, in.ReasonCode)
		}
		return firstOf(err, end(tx, in))
	})
	if err != nil && !errors.Is(err, errDone) {
		return err
	}
	v.noted(v.client.SawPlan(v.ctx(), job)) // what one does oneself is no news
	return v.redirect(next(job))
}

// codeLabel returns what a code of a list is called.
func (v *request) codeLabel(tx client.Tx, list, code string) (string, error) {
	codes, err := aftersales.Codes(tx, list, true)
	i := slices.IndexFunc(codes, func(c aftersales.Code) bool { return c.Code == code })
	if i < 0 {
		return code, err
	}
	return v.lang.label(codes[i].Label), err
}
