package admin

import (
	"slices"

	"fieldsync/sync/fault"
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
	v.redirect(local(v.form("to"), jobsURL))
	return nil
}
