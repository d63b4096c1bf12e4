package admin

import (
	"slices"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/words"
)

// SetLanguage changes the language of the visitor's pages, now and on every machine he signs in from.
func (o *Office) SetLanguage(v *Visit) error {
	if !slices.Contains(words.Tags, v.form("language")) {
		return fault.New(BadForm, "The office does not speak that language. Choose one from the list.")
	}
	if err := o.People.SetLanguage(v.r.Context(), v.Who.ID, v.form("language")); err != nil {
		return err
	}
	if err := o.noteLanguage(v); err != nil {
		return err
	}
	v.redirect(local(v.form("to"), jobsURL))
	return nil
}

// noteLanguage has notices speak to the visitor as his pages do.
func (o *Office) noteLanguage(v *Visit) error {
	return o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		row, err := tx.Row("person", v.Who.ID)
		if err != nil || row == nil || row.Get("language").Text() == v.form("language") {
			return err
		}
		return tx.Update("person", v.Who.ID, record.Values{"language": record.Text(v.form("language"))})
	})
}
