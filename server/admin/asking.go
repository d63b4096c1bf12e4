package admin

import (
	"net/http"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
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
	over   func(values record.Values) record.Key // what it writes over, if that is there; nil: nothing
	stands func(*record.Row) string              // what of that it replaces, as people read it
}

func (a *asking) page() formPage {
	return formPage{Form: a.form, Back: a.back, Action: a.action, IsNew: true, Name: a.name}
}

// showAsking shows the form with what its fields begin with.
func (o *Office) showAsking(v *Visit, a *asking, begin map[string]record.Value, seen Seen) error {
	page := a.page()
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		if a.over != nil {
			seen = Seen{a.over(nil): clock.Vector{}}
			if _, err := seen.overtaken(r, a.over(nil)); err != nil {
				return err
			}
		}
		page.Seen = seen.String()
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
	if page.Problem, err = o.replaces(v, a, seen, values); err != nil {
		return err
	}
	if page.Problem != "" {
		page.Seen = seen.String()
		return v.showForm(http.StatusConflict, page)
	}
	err = o.Engine.Do(v.r.Context(), v.author(), seen, a.cause, func(tx aftersales.Tx) error { return a.do(tx, values) })
	if err != nil {
		return v.formRefused(page, err)
	}
	return v.done(a.back, v.t(a.done))
}

// replaces says what the form would write over that its user was not shown; "" for nothing.
func (o *Office) replaces(v *Visit, a *asking, seen Seen, values record.Values) (says string, err error) {
	if a.over == nil {
		return "", nil
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := seen.overtaken(r, a.over(values))
		if row != nil {
			says = v.standsNow(a.stands(row))
		}
		return err
	})
	return says, err
}

// standsNow tells who would write over something what it is.
func (v *Visit) standsNow(what string) string {
	if what == "" {
		what = v.t("(empty)")
	}
	return v.t("Something else stands there by now: %s. Send it again to replace that.", what)
}
