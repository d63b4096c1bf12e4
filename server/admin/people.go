package admin

import (
	"net/http"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

type peoplePage struct {
	frame
	People  []personView
	New     personForm
	Printed *printedView // a password that was just made
}

type personView struct {
	auth.Person
	RoleList []roleView
	Self     bool
}

type roleView struct {
	Role auth.Role
	Has  bool
}

type personForm struct {
	Login, Name string
	Roles       []roleView
	Problem     string
}

type printedView struct{ Login, Password string }

// ListPeople shows who works here and what each may do.
func (o *Office) ListPeople(v *Visit) error {
	page, err := o.loadPeople(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "people", page)
}

func (o *Office) loadPeople(v *Visit) (peoplePage, error) {
	page := peoplePage{frame: v.frame(v.t("People"), peopleURL), New: personForm{Roles: roleViews(nil)}}
	everybody, err := o.People.All(v.r.Context())
	for _, p := range everybody {
		page.People = append(page.People, personView{p, roleViews(p.Roles), p.ID == v.Who.ID})
	}
	return page, err
}

func roleViews(has []auth.Role) []roleView {
	views := make([]roleView, len(auth.Roles))
	for i, r := range auth.Roles {
		views[i] = roleView{r, slices.Contains(has, r)}
	}
	return views
}

// AddPerson adds somebody, with a password that is shown this once. The store makes him the colleague whom jobs name.
func (o *Office) AddPerson(v *Visit) error {
	form := personForm{Login: v.form("login"), Name: v.form("name")}
	roles, err := auth.ParseRoles(v.r.PostForm["role"])
	form.Roles = roleViews(roles)
	if err != nil {
		return o.addPersonAgain(v, form, err)
	}
	p, err := o.People.Add(v.r.Context(), auth.Person{Login: form.Login, Name: form.Name, Roles: roles}, "")
	if err != nil {
		return o.addPersonAgain(v, form, err)
	}
	return o.printPassword(v, p)
}

func (o *Office) addPersonAgain(v *Visit, form personForm, problem error) error {
	f, status := statusOf(problem)
	if status >= 500 {
		return problem
	}
	page, err := o.loadPeople(v)
	if err != nil {
		return err
	}
	form.Problem = v.lang.refusal(f)
	page.New = form
	return v.show(status, "people", page)
}

// ResetPassword gives somebody a new password to be read to him; his sessions end.
func (o *Office) ResetPassword(v *Visit) error {
	p, err := o.personInURL(v)
	if err != nil {
		return err
	}
	return o.printPassword(v, p)
}

func (o *Office) printPassword(v *Visit, p *auth.Person) error {
	printed, err := o.People.OneTimePassword(v.r.Context(), p.ID)
	if err != nil {
		return err
	}
	page, err := o.loadPeople(v)
	if err != nil {
		return err
	}
	page.Printed = &printedView{p.Login, printed}
	return v.show(http.StatusOK, "people", page)
}

func (o *Office) personInURL(v *Visit) (*auth.Person, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	return o.person(v, id)
}

// SetRoles replaces what somebody may do; his sessions end.
func (o *Office) SetRoles(v *Visit) error {
	p, err := o.personInURL(v)
	if err != nil {
		return err
	}
	roles, err := auth.ParseRoles(v.r.PostForm["role"])
	if err != nil {
		return err
	}
	if _, err := o.People.SetRoles(v.r.Context(), p.ID, roles); err != nil {
		return err
	}
	return o.afterChange(v, p.ID, "The roles are changed.")
}

// SetActive lets somebody in or keeps him out. What he did stays.
func (o *Office) SetActive(v *Visit) error {
	p, err := o.personInURL(v)
	if err != nil {
		return err
	}
	active := v.form("active") == "yes"
	if !active && p.ID == v.Who.ID {
		return fault.New(fault.Invalid, "You cannot deactivate yourself. Ask another administrator.")
	}
	if _, err := o.People.SetActive(v.r.Context(), p.ID, active); err != nil {
		return err
	}
	if active {
		return v.done(peopleURL, v.t("Active again."))
	}
	return v.done(peopleURL, v.t("Deactivated, and signed out everywhere. What was done stays."))
}

// afterChange goes back to the list; somebody who changed himself stays signed in.
func (o *Office) afterChange(v *Visit, changed record.ID, notice string) error {
	if changed == v.Who.ID {
		p, err := o.person(v, changed)
		if err != nil {
			return err
		}
		if err := o.Sessions.Begin(v.r.Context(), p); err != nil {
			return err
		}
	}
	return v.done(peopleURL, v.t(notice))
}
