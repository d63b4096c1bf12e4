package admin

import (
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// toldMost is how many notices the page of one's own shows: the latest.
const toldMost = 100

// ShowTold shows the visitor what he was told in the app, the latest first, and how notices reach him.
func (o *Office) ShowTold(v *Visit) error {
	shown := block{ID: "told", Empty: v.t("What you are told will stand here: a request that was handed to you, a promise that burns.")}
	reach := block{ID: "reach", Title: v.t("How notices reach you"), Links: []link{{toldURL + "/reach", v.t("Change")}}}
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		found, err := v.told(r)
		if err != nil {
			return err
		}
		n := o.names(r)
		for _, row := range found {
			notice, about := aftersales.NoticeOf(row), row.Get("about").Key()
			name, err := v.rowName(n, about)
			if err != nil {
				return err
			}
			shown.Rows = append(shown.Rows, []spot{counts(times{v.lang, o.Zone}.when(notice.Corrected)), says(notice.Text), leads(name, v.pageOfRow(about))})
		}
		set, err := o.builder(v, r, &about{}).reach(v.Who.ID)
		for _, c := range reached {
			if value := set[c.Name].Text(); value != "" {
				reach.Lines = append(reach.Lines, saying{Text: v.lang.Name("person."+c.Name) + ": " + v.reachText(c.Name, value)})
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(shown.Rows) > 0 {
		shown.Heads = []string{v.t("When"), v.t("Notice"), v.t("About")}
	}
	return v.showBlocks(toldURL, v.t("Notices for you"), nil, []block{shown, reach})
}

func (v *Visit) reachText(column, value string) string {
	if column == "language" {
		return v.lang.Name("person.language." + value)
	}
	return value
}

// told returns the notices in the visitor's app.
func (v *Visit) told(r Reader) (list []*record.Row, err error) {
	var ids []record.ID
	err = r.Select(func(q *sqlrow.Rows) error { ids = append(ids, q.ID(0)); return q.Err() },
		"SELECT id FROM notice WHERE person = ? AND _del = 0 ORDER BY id DESC LIMIT ?", v.Who.ID[:], int64(toldMost))
	for _, id := range ids {
		if err != nil {
			return nil, err
		}
		var row *record.Row
		if row, err = aftersales.Look(r).Row("notice", id); row != nil {
			list = append(list, row)
		}
	}
	return list, err
}

// reachForm asks how notices reach the visitor himself.
func (v *Visit) reachForm() *asking {
	return &asking{
		form: &Form{
			Table: "person", Asks: reached, URL: toldURL, New: "How notices reach you", Make: "Set",
			Hint: "In quiet hours, written like 22:00-07:00, nothing leaves for you; empty, those of the policy of notices hold.",
		},
		action: toldURL + "/reach", back: toldURL, name: v.Who.Name, done: "Set.", cause: aftersales.CauseEdit,
		do: func(tx aftersales.Tx, values record.Values) error {
			return aftersales.SetReach(tx, v.Who.ID, values["language"].Text(), values["quiet"].Text())
		},
	}
}

// ShowReach shows that form.
func (o *Office) ShowReach(v *Visit) error {
	var begin map[string]record.Value
	seen := Seen{}
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		row, err := r.Row(record.Key{Table: o.Schema.Table("person").ID, ID: v.Who.ID})
		if err != nil || row == nil {
			return err
		}
		seen.see(row)
		b := o.builder(v, r, &about{})
		if err := b.see(seen, resourceOf(row)); err != nil {
			return err
		}
		begin, err = b.reach(v.Who.ID)
		return err
	})
	if err != nil {
		return err
	}
	return o.showAsking(v, v.reachForm(), begin, seen)
}

// SetReach writes it.
func (o *Office) SetReach(v *Visit) error { return o.sendAsking(v, v.reachForm()) }
