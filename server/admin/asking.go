package admin

import (
	"net/http"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// blocksPage is a page made of blocks alone.
type blocksPage struct {
	frame
	Name   string
	Links  []link
	Blocks []block
}

// showBlocks shows a page of blocks.
func (v *Visit) showBlocks(here, name string, links []link, blocks []block) error {
	return v.show(http.StatusOK, "blocks", blocksPage{v.frame(name, here), name, links, blocks})
}

// asking is a form that belongs to no row of its own: a setting, a version of a policy.
type asking struct {
	form   *Form
	action string // where it is sent
	back   string // where leaving it leads, and where one goes afterwards
	name   string // what it is about
	done   string
	cause  string
	do     func(tx aftersales.Tx, values record.Values) error
}

func (a *asking) page() formPage {
	return formPage{Form: a.form, Back: a.back, Action: a.action, IsNew: true, Name: a.name}
}

// showAsking shows the form with what its fields begin with.
func (o *Office) showAsking(v *Visit, a *asking, begin map[string]record.Value, seen Seen) error {
	page := a.page()
	page.Seen = seen.String()
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		if page.Fields, err = v.formFields(r, a.form, nil); err != nil {
			return err
		}
		return o.builder(v, r, &about{}).prefill(page.Fields, begin)
	})
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, page)
}

// sendAsking does what the form asks for.
func (o *Office) sendAsking(v *Visit, a *asking) error {
	page := a.page()
	page.Seen = v.form("seen")
	seen, err := parseSeen(page.Seen)
	if err != nil {
		return err
	}
	values, err := v.readForm(&page)
	if err != nil {
		return err
	}
	if page.Marked {
		return v.showForm(http.StatusUnprocessableEntity, page)
	}
	err = o.Engine.Do(v.r.Context(), v.author(), seen, a.cause, func(tx aftersales.Tx) error { return a.do(tx, values) })
	if err != nil {
		return v.formRefused(page, err)
	}
	return v.done(a.back, v.t(a.done))
}
