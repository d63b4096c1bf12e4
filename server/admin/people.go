package admin

import (
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// peopleList tells of who works here and may sign in.
var peopleList = &list.List{
	Name: "people", Order: "name",
	Columns: []list.Column{
		{Name: "name", URL: peopleURL + "/"},
		{Name: "login"},
		{Name: "roles"},
		{Name: "extension"},
		{Name: "steps", Kind: list.Flag},
		{Name: "state", Kind: list.Code, Codes: "people.state"},
	},
	Filters: []list.Filter{
		{Name: "q", Test: list.Search},
		{Name: "state", Test: list.OneOf, Where: "state", Codes: []string{personOff}, Names: "people.state"},
		{Name: "steps", Test: list.Is, Where: "steps"},
	},
}

// people is the list of who works here and may sign in.
var people = &Listing{
	List: peopleList,
	URL:  peopleURL, Title: "People", Page: "people", Rows: (*Office).peopleRows,
	Empty: "Who works here will stand here.",
}

// personOff is how somebody stands who may no longer sign in.
const personOff = "deactivated"

// peopleExtra is what the page of that list has around it.
type peopleExtra struct {
	New      personForm
	Roles    []roleView
	Branches []list.Option
	Printed  *printedView // a password that was just made
}

type personView struct {
	auth.Person
	Does     []string // his roles, in words
	RoleList []roleView
	PostList []postView
	Shown    string // his roles as the page shows them
	Ext      string // his extension of the telephone system
	Seen     string // his row as the page shows it
	Self     bool
}

type personForm struct {
	Login, Name string
	Roles       []roleView
	Problem     string
}

type printedView struct{ Login, Password string }

// ListPeople shows who works here and what each may do.
func (o *Office) ListPeople(v *Visit) error {
	extra, err := o.peopleExtra(v)
	if err != nil {
		return err
	}
	return o.ShowList(v, people, extra)
}

func (o *Office) peopleExtra(v *Visit) (extra peopleExtra, err error) {
	defined, err := o.People.Roles(v.r.Context())
	if err != nil {
		return extra, err
	}
	extra.Roles = v.roleViews(defined, nil)
	extra.New = personForm{Roles: v.roleViews(defined, nil)}
	extra.Branches, err = o.branches(v)
	return extra, err
}

// peopleRows are everybody whom the visitor may see.
func (o *Office) peopleRows(v *Visit) (rows []list.Row, tails map[record.ID]any, err error) {
	views, err := o.personViews(v)
	tails = map[record.ID]any{}
	for i := range views {
		p := &views[i]
		row, state, steps := peopleList.New(p.ID), "", int64(0)
		if !p.Active {
			state = personOff
		}
		if p.Second.On() {
			steps = 1
		}
		row.Put("name", p.Name).Lead("name", p.ID).Put("login", p.Login).Put("roles", strings.Join(p.Does, ", ")).
			Put("extension", p.Ext).Put("state", state).Count("steps", steps)
		rows, tails[p.ID] = append(rows, row), p
	}
	return rows, tails, err
}

func (o *Office) personViews(v *Visit) (views []personView, err error) {
	defined, err := o.People.Roles(v.r.Context())
	if err != nil {
		return nil, err
	}
	branches, err := o.branches(v)
	if err != nil {
		return nil, err
	}
	everybody, err := o.colleagues(v)
	if err != nil {
		return nil, err
	}
	for _, p := range everybody {
		view := personView{Person: p, RoleList: v.roleViews(defined, p.Roles), Shown: shownRoles(&p), Self: p.ID == v.Who.ID}
		for _, r := range p.Roles {
			view.Does = append(view.Does, v.roleName(r))
		}
		for _, post := range p.Posts {
			label := v.t("%s in %s", v.roleName(post.Role), branchName(branches, post.Branch))
			view.PostList = append(view.PostList, postView{postValue(post), label})
			view.Does = append(view.Does, label)
		}
		views = append(views, view)
	}
	return views, o.extensions(v, views)
}

// extensions adds where everybody sits.
func (o *Office) extensions(v *Visit, people []personView) error {
	return o.Engine.View(v.r.Context(), func(r Reader) error {
		at := map[record.ID]string{}
		err := r.Select(func(q *sqlrow.Rows) error { at[q.ID(0)] = q.Text(1); return q.Err() },
			"SELECT id, extension FROM person WHERE extension IS NOT NULL AND _del = 0")
		if err != nil {
			return err
		}
		for i := range people {
			people[i].Ext = at[people[i].ID]
			row, err := r.Row(record.Key{Table: o.Schema.Table("person").ID, ID: people[i].ID})
			if err != nil {
				return err
			}
			if row != nil {
				people[i].Seen = Seen{row.Key(): row.Vector}.String()
			}
		}
		return nil
	})
}

// colleagues returns everybody whom the visitor may see, with what each may do: who works in a branch of his, or in none.
func (o *Office) colleagues(v *Visit) ([]auth.Person, error) {
	everybody, err := o.People.All(v.r.Context())
	if err != nil || auth.BranchesOf(v.r.Context()).All {
		return everybody, err
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		everybody = slices.DeleteFunc(everybody, func(p auth.Person) bool {
			row, e := r.Row(record.Key{Table: o.Schema.Table("person").ID, ID: p.ID})
			if e != nil {
				err = e
			}
			return row == nil && p.ID != v.Who.ID
		})
		return err
	})
	return everybody, err
}

// branches returns the branches that there are.
func (o *Office) branches(v *Visit) (all []list.Option, err error) {
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		return r.Select(func(q *sqlrow.Rows) error {
			all = append(all, list.Option{ID: q.ID(0), Label: q.Text(1)})
			return q.Err()
		}, "SELECT id, name FROM branch WHERE _del = 0 AND archived_at IS NULL ORDER BY name, id")
	})
	return all, err
}

func branchName(branches []list.Option, id record.ID) string {
	for _, b := range branches {
		if b.ID == id {
			return b.Label
		}
	}
	return "…" + id.String()[len(id.String())-6:]
}

// AddPerson adds somebody, with a password that is shown this once. The store makes him the colleague whom jobs name.
func (o *Office) AddPerson(v *Visit) error {
	form := personForm{Login: v.form("login"), Name: v.form("name")}
	roles, posts, err := o.rolesInForm(v)
	if err != nil {
		return o.addPersonAgain(v, form, err)
	}
	fresh := auth.Person{Login: form.Login, Name: form.Name, Roles: roles, Posts: posts}
	if err := o.People.MayManage(v.r.Context(), v.Who, &fresh, roles, posts); err != nil {
		return o.addPersonAgain(v, form, err)
	}
	p, err := o.People.Add(v.r.Context(), fresh, "")
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
	extra, err := o.peopleExtra(v)
	if err != nil {
		return err
	}
	form.Problem, form.Roles = v.lang.refusal(f), extra.New.Roles
	for i, r := range form.Roles {
		form.Roles[i].Has = slices.Contains(v.r.PostForm["role"], string(r.Role))
	}
	extra.New = form
	return o.showList(v, status, people, extra)
}

// ResetPassword gives somebody a new password to be read to him; his sessions end.
func (o *Office) ResetPassword(v *Visit) error {
	p, err := o.managed(v)
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
	extra, err := o.peopleExtra(v)
	if err != nil {
		return err
	}
	extra.Printed = &printedView{p.Login, printed}
	return o.ShowList(v, people, extra)
}

func (o *Office) personInURL(v *Visit) (*auth.Person, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	return o.person(v, id)
}

// managed returns the person in the URL, one who may do nothing that the visitor may not.
func (o *Office) managed(v *Visit) (*auth.Person, error) {
	p, err := o.personInURL(v)
	if err != nil {
		return nil, err
	}
	return p, o.People.MayManage(v.r.Context(), v.Who, p, nil, nil)
}

// EndSessions signs somebody out wherever he is signed in; he may sign in again.
func (o *Office) EndSessions(v *Visit) error {
	p, err := o.managed(v)
	if err != nil {
		return err
	}
	if err := o.People.EndSessions(v.r.Context(), p.ID); err != nil {
		return err
	}
	return v.done(peopleURL, v.t("Signed out everywhere."))
}

// SetActive lets somebody in or keeps him out. What he did stays.
func (o *Office) SetActive(v *Visit) error {
	p, err := o.managed(v)
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
	return v.done(peopleURL, v.t("Deactivated, and signed out everywhere. What was done stays. Phones work on until they are shut out: see Devices."))
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
