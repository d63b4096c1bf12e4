package web

import (
	"slices"
	"strconv"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// refusedChange returns the refused change that the URL names. Codes: fault.Closed.
func (v *request) refusedChange() (client.Sent, error) {
	list, err := v.client.Outbox(v.ctx(), device.Refused)
	i := slices.IndexFunc(list, func(s client.Sent) bool { return s.Dot.String() == v.r.PathValue("dot") })
	if err == nil && i < 0 {
		err = fault.New(fault.Closed, "This change is not waiting for you any more.")
	}
	if err != nil {
		return client.Sent{}, err
	}
	return list[i], nil
}

// mendPage shows a refused change with what can be mended in it.
type mendPage struct {
	frame
	sentLine
	Fields []mendField
}

// mendField is a value of a refused change that can be written otherwise.
type mendField struct {
	Name   string // as the form has it: the place of the row and of the cell
	Table  string
	Column string
	Value  string
	Long   bool
}

// mend shows a refused change: why, what it says, and the ways out.
func (v *request) mend() error {
	p := mendPage{frame: v.frame("Refused")}
	p.Tab, p.Back = "outbox", outboxURL
	s, err := v.refusedChange()
	if err != nil {
		return err
	}
	err = v.view(func(tx client.Tx) error {
		lines, err := v.sentLines(tx, []client.Sent{s})
		if err == nil {
			p.sentLine = lines[0]
		}
		return err
	})
	if err != nil {
		return err
	}
	v.eachField(s.Rows, func(name string, t *schema.Table, c *schema.Column, _ *record.Value, text string) {
		p.Fields = append(p.Fields, mendField{name, t.Name, c.Name, text, len(text) > 40})
	})
	return v.show("mend", p)
}

// eachField calls do for every value of a change that a person may rewrite, as he reads it.
func (v *request) eachField(rows []record.RowChange, do func(name string, t *schema.Table, c *schema.Column, value *record.Value, text string)) {
	for i := range rows {
		if t := v.client.Schema.TableByID(rows[i].Table); t != nil && t.Name == "hand_over" {
			return // its code is signed, and says what the rows beside it say
		}
	}
	for i := range rows {
		t := v.client.Schema.TableByID(rows[i].Table)
		if t == nil {
			continue
		}
		for j := range rows[i].Cells {
			w := &rows[i].Cells[j]
			at := t.ColumnByID(w.Column)
			if at < 0 {
				continue
			}
			if text, ok := editable(t, &t.Columns[at], w.Value); ok {
				do("c"+strconv.Itoa(i)+"-"+strconv.Itoa(j), t, &t.Columns[at], &w.Value, text)
			}
		}
	}
}

// made are the texts that the app writes, and what a customer has signed or has in his hands: they stay as they are.
var made = map[string]bool{
	"consent.shown": true, "payment.receipt_number": true, "slip.receipt_number": true, "document_number.series": true,
	"charge.component": true, "charge.cause_code": true, "attachment.media_type": true, "answer.question": true,
	"approval.challenge": true, "service_record.job_number": true,
}

// editable returns a value as a person may rewrite it: words and quantities. References, codes and moments are made
// by the app, and stay.
func editable(t *schema.Table, c *schema.Column, value record.Value) (string, bool) {
	switch {
	case c.Has(schema.Immutable) || made[t.Name+"."+c.Name] || c.Name == "sha256" || c.Name == "number" && c.Kind == schema.Text:
		return "", false
	case c.Kind == schema.Text:
		return value.Text(), value.Text() != "" && value.Text()[0] != '{' && value.Text()[0] != '['
	case c.Kind == schema.Quantity:
		return aftersales.Quantity{Amount: value.Number()}.String(), true
	}
	return "", false
}

// settle sends a refused change again, as it was or as it was mended, or gives it up.
func (v *request) settle() error {
	s, err := v.refusedChange()
	if fault.CodeOf(err) == fault.Closed {
		return v.redirect(outboxURL) // it was settled: the form was sent twice
	}
	if err != nil {
		return err
	}
	switch v.form("do") {
	case "again":
		err = v.resend(s)
	case "drop":
		if v.form("sure") == "" {
			return fault.New(fault.Invalid, "Say that you are sure before you give it up.")
		}
		err = v.client.Dismiss(v.ctx(), s.Dot)
	}
	if err != nil {
		return err
	}
	return v.redirect(outboxURL)
}

// resend writes what the change wrote, with what was mended, in one change that takes its place.
func (v *request) resend(s client.Sent) error {
	var mended bool
	var bad error
	v.eachField(s.Rows, func(name string, _ *schema.Table, c *schema.Column, value *record.Value, before string) {
		now := v.form(name)
		if !v.r.Form.Has(name) || now == before {
			return
		}
		mended = true
		if c.Kind != schema.Quantity {
			*value = record.Text(now)
			return
		}
		n, fine := amount(now, aftersales.QuantityScale)
		if *value = record.Quantity(n, value.Text()); !fine {
			bad = fault.New(aftersales.BadQuantity, "A quantity is a number like 2 or 1.5.")
		}
	})
	if bad != nil {
		return bad
	}
	if !mended {
		return v.client.SendAgain(v.ctx(), s.Dot)
	}
	return v.client.Resend(v.ctx(), s.Dot, s.Cause, func(tx client.Tx) error { return v.client.Repeat(tx, s.Rows) })
}
