package admin

import (
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// lostNumbers shows the numbers of series without gaps that a restore forgot and no phone has brought back.
func (v *Visit) lostNumbers(r Reader) (shown block, err error) {
	shown = block{
		ID: "lost", Title: v.t("Numbers lost by a restore"),
		Heads: []string{v.t("Number"), v.lang.Name("branch"), v.t("Given to"), v.t("Entered")},
		Hint:  v.t("They stand on papers that went out, and are given to nobody again. One that a phone brings back, and that is applied in the inbox, leaves this list."),
	}
	var ids []record.ID
	err = r.Select(func(q *sqlrow.Rows) error { ids = append(ids, q.ID(0)); return q.Err() }, `SELECT c.id FROM number_claim c
		WHERE c.lost_at IS NOT NULL AND c._del = 0
		AND NOT EXISTS (SELECT 1 FROM document_number d WHERE d.number = c.number AND d.series = c.series AND d._del = 0)
		ORDER BY c.series, c.branch, c.position`)
	n := v.office.names(r)
	for _, id := range ids {
		if err == nil {
			err = v.lostNumber(n, r, &shown, record.Key{Table: v.office.Schema.Table("number_claim").ID, ID: id})
		}
	}
	return shown, err
}

func (v *Visit) lostNumber(n *names, r Reader, shown *block, key record.Key) error {
	claim, err := r.Row(key)
	if err != nil || claim == nil {
		return err
	}
	branch, err := n.row(record.Key{Table: v.office.Schema.Table("branch").ID, ID: claim.Get("branch").Ref()})
	if err != nil {
		return err
	}
	paper, err := v.paperOf(n, r, claim.Get("about"))
	if err != nil {
		return err
	}
	at := time.UnixMilli(claim.Get("lost_at").Number()).In(v.office.Zone).Format("2006-01-02 15:04")
	shown.Rows = append(shown.Rows, []spot{leads(claim.Get("number").Text(), trailURL(key)), says(branch), paper, says(at)})
	return nil
}

// paperOf names the document that had the number; nothing where it is not known, or was lost with it.
func (v *Visit) paperOf(n *names, r Reader, about record.Value) (spot, error) {
	if about.IsNull() {
		return says(""), nil
	}
	row, err := r.Row(about.Key())
	if err != nil || row == nil {
		return says(""), err
	}
	name, err := v.rowName(n, about.Key())
	return leads(name, v.pageOfRow(about.Key())), err
}

// starting is the form that says from which number a series without gaps goes on.
func (v *Visit) starting() (*asking, error) {
	series := v.r.PathValue("series")
	if !aftersales.IsGapless(series) {
		return nil, errNoPage
	}
	return &asking{
		form: &Form{
			Table: "number_start", Asks: []schema.Column{ask("first", schema.Integer), askRow("branch", "branch"), ask("valid_from", schema.Date)},
			Needed: []string{"first", "branch"}, URL: numbersURL, New: "Set", Make: "Set",
			Hint: "For a company that comes from another system. Without a day it goes on from this number at once. What was said last holds.",
		},
		action: numbersURL + "/" + series + "/start", back: numbersURL, name: v.lang.Name("series." + series), done: "Set.", cause: aftersales.CauseNumberStart,
		do: func(tx aftersales.Tx, values record.Values) error {
			return aftersales.StartNumbers(tx, series, values["branch"].Ref(), values["first"].Number(), values["valid_from"].Number())
		},
	}, nil
}

// ShowStart shows it.
func (o *Office) ShowStart(v *Visit) error {
	a, err := v.starting()
	if err != nil {
		return err
	}
	return o.showAsking(v, a, nil, nil)
}

// SetStart writes it.
func (o *Office) SetStart(v *Visit) error {
	a, err := v.starting()
	if err != nil {
		return err
	}
	return o.sendAsking(v, a)
}
