package admin

import (
	"encoding/json"
	"strconv"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// previewLine is what the version in force and the new one say of one thing.
type previewLine struct{ Label, Now, Then string }

// Differs reports whether they say different things; templates ask it.
func (l previewLine) Differs() bool { return l.Now != l.Then }

// previewView is what both versions say of a row.
type previewView struct {
	Name, URL string
	Lines     []previewLine
	Same      bool
}

// tried says which kind of row each kind of policy is tried on.
var tried = map[string]string{
	aftersales.PolicyWarranty: "unit", aftersales.PolicyCharge: "unit", aftersales.PolicyFreight: "unit", aftersales.PolicyPrice: "unit",
	aftersales.PolicyReturn: "unit", aftersales.PolicySLA: "request", aftersales.PolicyCalendar: "request",
	aftersales.PolicyConsent: "job", aftersales.PolicyDispatch: "job", aftersales.PolicyNotice: "job", aftersales.PolicyIntake: "party",
}

// tryOn says what the form is tried on.
var tryOn = map[string]string{
	"unit": "Try it on a machine", "request": "Try it on a request", "job": "Try it on a job", "party": "Try it on a customer",
}

// previewing compares what two versions of a policy say.
type previewing struct {
	*builder
	kind      string
	said      map[string]any
	now, then aftersales.View
	at        int64
}

// preview tells what the version would decide about the row, against what holds. Codes: BadPolicy.
func (b *builder) preview(kind string, branch record.ID, said map[string]any, id record.ID) (*previewView, error) {
	body, err := json.Marshal(said)
	if err != nil {
		return nil, err
	}
	p := previewing{builder: b, kind: kind, said: said, now: aftersales.Look(b.r), at: b.o.Now().UnixMilli()}
	if p.then, err = aftersales.Imagine(p.now, kind, branch, string(body)); err != nil {
		return nil, err
	}
	key := record.Key{Table: b.o.Schema.Table(tried[kind]).ID, ID: id}
	view := &previewView{URL: b.v.pageOfRow(key), Same: true}
	if view.Name, err = b.n.row(key); err != nil {
		return nil, err
	}
	of := p.deciding()
	was, err := of(p.now, id)
	if err != nil {
		return nil, err
	}
	is, err := of(p.then, id)
	if err != nil {
		return nil, err
	}
	view.Lines = beside(was, is)
	for _, l := range view.Lines {
		view.Same = view.Same && !l.Differs()
	}
	return view, nil
}

// deciding returns what says what such a policy decides about a row.
func (p previewing) deciding() func(aftersales.View, record.ID) ([]sentence, error) {
	switch p.kind {
	case aftersales.PolicyReturn:
		return p.remedies
	case aftersales.PolicySLA, aftersales.PolicyCalendar:
		return p.clocked
	case aftersales.PolicyConsent:
		return p.secondYes
	case aftersales.PolicyDispatch:
		return p.suggested
	case aftersales.PolicyNotice:
		return p.told
	case aftersales.PolicyIntake:
		return p.received
	}
	return p.entitled
}

// sentence is something that a version says, under a label.
type sentence struct{ label, text string }

// beside joins what two versions say, by the labels, in the order of the second.
func beside(was, is []sentence) (lines []previewLine) {
	find := func(list []sentence, label string) (string, bool) {
		for _, s := range list {
			if s.label == label {
				return s.text, true
			}
		}
		return "—", false
	}
	for _, s := range is {
		now, _ := find(was, s.label)
		lines = append(lines, previewLine{s.label, now, s.text})
	}
	for _, s := range was {
		if _, there := find(is, s.label); !there {
			lines = append(lines, previewLine{s.label, s.text, "—"})
		}
	}
	return lines
}

// entitled says what the customer may have for a machine today, and what services cost.
func (p previewing) entitled(v aftersales.View, unit record.ID) (said []sentence, err error) {
	d, err := aftersales.Entitle(v, unit, aftersales.Work{}, p.at)
	if err != nil {
		return nil, err
	}
	view, err := p.v.entitlement(p.n, d)
	if err != nil {
		return nil, err
	}
	term := p.v.t("not known")
	if d.Term.Until != 0 {
		term = date(d.Term.From) + " – " + date(d.Term.Until)
	}
	said = append(said, sentence{p.v.t("Warranty"), term}, sentence{p.v.t("Why"), strings.Join(view.Why, " · ")})
	for _, c := range view.Covers {
		text := p.v.t("the customer pays %d %%", c.Customer())
		if c.Percent > 0 {
			text += ", " + p.v.lang.Name("payer."+c.Payer) + " " + strconv.FormatInt(c.Percent, 10) + " %"
		}
		label := capital(p.v.lang.Name("policy.is." + c.Kind))
		if c.Only != "" {
			label += p.v.t(":") + " " + c.Only
		}
		said = append(said, sentence{label, text})
	}
	if p.kind != aftersales.PolicyPrice {
		return said, nil
	}
	prices, err := p.priced(v, unit)
	return append(said, prices...), err
}

// priced says what one of each service costs the customer.
func (p previewing) priced(v aftersales.View, unit record.ID) (said []sentence, err error) {
	rows, _ := p.said["services"].([]any)
	for _, one := range rows {
		row, _ := one.(map[string]any)
		code, _ := row["code"].(string)
		label, err := p.v.code(p.n, aftersales.ListService, code)
		if err != nil {
			return nil, err
		}
		line := aftersales.ChargeLine{Service: code, Quantity: aftersales.Quantity{Amount: aftersales.One}}
		d, err := aftersales.Entitle(v, unit, aftersales.Work{Lines: []aftersales.ChargeLine{line}}, p.at)
		switch {
		case fault.CodeOf(err) == aftersales.UnknownCode || fault.CodeOf(err) == aftersales.BadMoney || fault.CodeOf(err) == aftersales.BadQuantity:
			continue // the version knows no such service
		case err != nil:
			return nil, err
		}
		said = append(said, sentence{capital(label), p.v.t("%s, of which the customer pays %s", money(d.Lines[0].UnitPrice), money(d.Lines[0].Gross))})
	}
	return said, nil
}

// remedies says what the customer may ask for beside a repair.
func (p previewing) remedies(v aftersales.View, unit record.ID) ([]sentence, error) {
	r, err := aftersales.RemediesFor(v, unit, "", p.at)
	if err != nil {
		return nil, err
	}
	yes := func(b bool) string { return p.v.t(map[bool]string{true: "yes", false: "no"}[b]) }
	why, err := p.v.reasons(p.n, r.Why)
	return []sentence{
		{p.v.t("Refund"), yes(r.Refund)}, {p.v.t("Exchange"), yes(r.Exchange)}, {p.v.t("Early failure"), yes(r.Early)},
		{p.v.t("Replaced by a new one"), yes(r.Replace)}, {p.v.t("Why"), strings.Join(why, " · ")},
	}, err
}

// clocked says how the promises to a request stand.
func (p previewing) clocked(v aftersales.View, request record.ID) (said []sentence, err error) {
	clocks, err := aftersales.SLA(v, request, p.at)
	if err != nil {
		return nil, err
	}
	shown := times{p.v.lang, p.o.Zone}
	for _, c := range clocks {
		why, err := p.v.promise(p.n, c.Promise)
		if err != nil {
			return nil, err
		}
		text := p.v.lang.Name("clock." + c.State)
		if c.Due != 0 {
			text = p.v.t("due %s", shown.when(c.Due)) + " · " + text
		}
		said = append(said, sentence{capital(p.v.lang.Name("event." + c.Target)), text + " · " + why})
	}
	return said, nil
}
