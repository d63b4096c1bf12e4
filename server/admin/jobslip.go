package admin

import (
	"cmp"
	"fmt"
	"strconv"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// slipView is a slip on the page of its job, with what came after it was audited.
type slipView struct {
	ID, URL, Number, State, Total, SignedBy string
	Document                                string // the number that its audit gave it
	AuditNote                               string
	Ratings                                 []fact
	Supplements                             []supplementView
	signature
}

// supplementView is what a technician wrote into a row that had been locked meanwhile.
type supplementView struct {
	About, Why, Author string
	Occurred           int64
	Changes            []fact
}

func (s *serving) slips() error {
	rows, err := s.about("slip", "job", s.job.ID)
	if err != nil {
		return err
	}
	late, err := s.about("supplement", "job", s.job.ID)
	if err != nil {
		return err
	}
	if s.x.Supplements, err = s.supplements(late, record.ID{}); err != nil {
		return err
	}
	for _, row := range rows {
		p := aftersales.SlipOf(row)
		view := slipView{
			ID: p.ID.String(), URL: slipsURL + "/" + p.ID.String(), Number: p.Number, State: p.State, Total: money(p.Total),
			SignedBy: cmp.Or(p.SignedBy, p.UnsignedReason), AuditNote: p.AuditNote,
		}
		given, err := aftersales.NumberOf(s.view(), aftersales.SeriesAudit, p.ID)
		if err != nil {
			return err
		}
		view.Document = given.Number
		if view.Ratings, err = s.ratings(row, p); err != nil {
			return err
		}
		if view.signature, err = s.signed(row); err != nil {
			return err
		}
		if view.Supplements, err = s.supplements(late, p.ID); err != nil {
			return err
		}
		s.x.Slips = append(s.x.Slips, view)
	}
	return nil
}

// ratings are what the customer thought: 1 to 4, and 0 to 10.
func (s *serving) ratings(row *record.Row, p aftersales.Slip) (facts []fact, err error) {
	for _, r := range []struct {
		column string
		value  int64
	}{{"rating_attitude", p.RatingAttitude}, {"rating_skill", p.RatingSkill}, {"rating_arrival", p.RatingArrival}, {"rating_promises", p.RatingPromises}} {
		if r.value != 0 {
			facts = append(facts, fact{Label: s.label(row.Table, r.column), Text: fmt.Sprintf("%d/4", r.value)})
		}
	}
	if p.Recommend != nil {
		facts = append(facts, fact{Label: s.label(row.Table, "recommend"), Text: strconv.FormatInt(*p.Recommend, 10)})
	}
	if p.RatingComment != "" {
		facts = append(facts, fact{Label: s.label(row.Table, "rating_comment"), Text: p.RatingComment})
	}
	return facts, nil
}

// supplements are those that came after the slip was audited; for the zero id, after the job was closed without one.
func (s *serving) supplements(rows []*record.Row, slip record.ID) (views []supplementView, err error) {
	for _, row := range rows {
		of := aftersales.SupplementOf(row)
		if of.Slip != slip {
			continue
		}
		view, err := s.supplement(of)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

func (s *serving) supplement(of aftersales.Supplement) (view supplementView, err error) {
	view = supplementView{Why: of.Reason, Occurred: of.Corrected}
	if view.Author, err = s.n.row(s.key("person", of.Author)); err != nil {
		return view, err
	}
	t := s.o.Schema.Table(of.About.Table)
	if t == nil {
		return view, nil // of a later version
	}
	view.About = s.v.lang.Name(t.Name)
	changes, err := of.Changes()
	if err != nil {
		return view, nil // of a later version: shown without what it says
	}
	for _, c := range changes {
		i := t.Column(c.Column)
		if i < 0 {
			continue
		}
		label := s.builder.label(t, c.Column)
		if c.Key != "" {
			label += " " + c.Key
		}
		text, err := s.told(t, &t.Columns[i], c.Value)
		if err != nil {
			return view, err
		}
		view.Changes = append(view.Changes, fact{Label: label, Text: text})
	}
	return view, nil
}

// told says a value of a supplement, whose JSON is a number, a text, or both in a list.
func (s *serving) told(t *schema.Table, c *schema.Column, value any) (string, error) {
	var number int64
	var text string
	for _, part := range parts(value) {
		switch x := part.(type) {
		case float64:
			number = int64(x)
		case string:
			text = x
		}
	}
	switch {
	case value == nil:
		return s.v.t("(empty)"), nil
	case c.Kind == schema.Ref:
		id, err := record.ParseID(text)
		if err != nil {
			return text, nil
		}
		return s.n.ref(c, record.Ref(id))
	case c.Kind == schema.Translated || c.Kind == schema.Set || c.Kind == schema.Fields || c.Kind == schema.AnyRef:
		return fmt.Sprint(value), nil
	case text == "":
		return s.v.text(s.n, t, c, record.Number(number))
	case c.Kind == schema.Money || c.Kind == schema.Quantity:
		return s.v.text(s.n, t, c, record.Quantity(number, text))
	}
	return s.v.text(s.n, t, c, record.Text(text))
}

func parts(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// AuditSlip locks a signed slip, and has its job reckoned again: what comes later becomes a supplement.
func (o *Office) AuditSlip(v *Visit) error {
	return o.jobDo(v, aftersales.CauseSlipAudit, "Audited. What phones still bring stands beside it, as supplements.", func(tx aftersales.Tx, id record.ID) error {
		slip, err := v.ofJob(tx, "slip", id)
		if err != nil {
			return err
		}
		if err := aftersales.AuditSlip(tx, slip, v.form("note")); err != nil {
			return err
		}
		return aftersales.RecordFindings(tx, id)
	})
}

// UnauditSlip takes back the audit that the page showed: one that came since it does not undo.
func (o *Office) UnauditSlip(v *Visit) error {
	seen, err := parseSeen(v.form("seen"))
	if err != nil {
		return err
	}
	return o.jobDo(v, aftersales.CauseSlipUnaudit, "The audit is taken back.", func(tx aftersales.Tx, id record.ID) error {
		slip, err := v.ofJob(tx, "slip", id)
		if err != nil {
			return err
		}
		row, err := tx.Row("slip", slip)
		if err != nil {
			return err
		}
		if row != nil && !seen[row.Key()].CoversAll(row.Vector) {
			return fault.New(aftersales.NotSeen, "It has changed since you saw it. Look at it again.")
		}
		return aftersales.UnauditSlip(tx, slip, v.form("reason"))
	})
}

// ReckonJob reckons the charges of a job again, by what is known today.
func (o *Office) ReckonJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseFindings, "Reckoned again.", aftersales.RecordFindings)
}
