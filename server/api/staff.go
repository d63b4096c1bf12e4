package api

import (
	"context"
	"net/http"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Staff are the accounts of people, which are no rows: each has one, that follows it. *auth.People is one. Refusals are
// *fault.Error for the program.
type Staff interface {
	Person(ctx context.Context, id record.ID) (*auth.Person, error)
	ParseRoles(ctx context.Context, names []string) ([]auth.Role, error)
	// ReplaceRoles gives a person those roles and no others, unless check refuses him as he is now.
	ReplaceRoles(ctx context.Context, id record.ID, check func(now *auth.Person) error, roles []auth.Role, posts ...auth.Post) (*auth.Person, error)
	Roles(ctx context.Context) ([]auth.Definition, error)
	AddRole(ctx context.Context, by *auth.Person, name string, like auth.Role) error
	ChangeRole(ctx context.Context, by *auth.Person, role auth.Role, add, drop []string) error
	DropRole(ctx context.Context, by *auth.Person, role auth.Role) error
	MayManage(ctx context.Context, by, who *auth.Person, roles []auth.Role, posts []auth.Post) error
	Add(ctx context.Context, p auth.Person, password string) (*auth.Person, error)
	SetActive(ctx context.Context, id record.ID, active bool) (*auth.Person, error)
}

// hired is what a body says of a new colleague.
var hired = []schema.Column{takes("login", schema.Text, ""), takes("name", schema.Text, ""), takes("roles", schema.Set, "")}

var branchIn = takes("roles", schema.Ref, "branch")

// staffRoutes are those by which a system of the personnel department lets people in and out.
func staffRoutes() []Route {
	people := resourceAt("people")
	row := object{"$ref": "#/components/schemas/" + people.Table}
	says := " A program gives no right that its token does not include."
	return []Route{
		{
			Method: "POST", Path: "/people", Need: auth.ManagePeople, of: people, do: (*API).hire, name: "hire", status: http.StatusCreated, answers: row,
			body: properties(hired), needs: []string{"login", "name", "roles"}, says: says + " A role is its name, or its name, @ and the id of the branch where it is good.",
		},
		letIn(people, row, "activate", true, says), letIn(people, row, "deactivate", false, says),
	}
}

func letIn(people *resource, row object, name string, in bool, says string) Route {
	return Route{
		Method: "POST", Path: "/people/{id}/" + name, Need: auth.ManagePeople, of: people, name: name, status: http.StatusOK, answers: row, says: says,
		do: func(a *API, c *call) error { return a.letIn(c, in) }, body: properties(nil), params: []any{path("id")},
	}
}

func resourceAt(path string) *resource {
	for _, r := range resources {
		if r.Path == path {
			return r
		}
	}
	return nil
}

// hire makes an account without a password: the office prints one, once, for who shall sign in. The sign-in name is the key
// by which a second try is refused.
func (a *API) hire(c *call) error {
	v, err := a.values(c, func(name string) *schema.Column { return among(hired, name) })
	if err == nil {
		err = missing(v, c.at.needs)
	}
	if err != nil {
		return err
	}
	ctx := auth.By(c.r.Context(), c.by.Person)
	roles, posts, err := a.rolesOf(ctx, elementsOf(v, "roles"))
	if err != nil {
		return about("roles", err)
	}
	fresh := auth.Person{Login: v["login"].Text(), Name: v["name"].Text(), Roles: roles, Posts: posts}
	if err := a.Staff.MayManage(ctx, c.who, &fresh, roles, posts); err != nil {
		return about("roles", err)
	}
	p, err := a.Staff.Add(ctx, fresh, "")
	if err != nil {
		return err
	}
	c.w.Header().Set("Location", Prefix+"/people/"+p.ID.String())
	return a.show(c, p.ID, http.StatusCreated)
}

// rolesOf reads roles: those in every branch, and those in one, "manager@" and the branch.
func (a *API) rolesOf(ctx context.Context, names []string) (roles []auth.Role, posts []auth.Post, err error) {
	var everywhere []string
	for _, name := range names {
		role, in, one := strings.Cut(name, "@")
		if !one {
			everywhere = append(everywhere, name)
			continue
		}
		known, err := a.Staff.ParseRoles(ctx, []string{role})
		if err != nil {
			return nil, nil, err
		}
		branch, err := record.ParseID(in)
		if err != nil {
			return nil, nil, fault.Wrap(fault.Invalid, "Behind @ stands the id of a branch.", err)
		}
		err = a.Engine.View(ctx, func(r Reader) error { return refers(r, &branchIn, record.Ref(branch)) })
		if err != nil {
			return nil, nil, err
		}
		posts = append(posts, auth.Post{Role: known[0], Branch: branch})
	}
	roles, err = a.Staff.ParseRoles(ctx, everywhere)
	return roles, posts, err
}

// letIn lets somebody in, or keeps him out. What he did stays.
func (a *API) letIn(c *call, in bool) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	ctx := auth.By(c.r.Context(), c.by.Person)
	p, err := a.Staff.Person(ctx, id)
	switch {
	case err != nil:
		return err
	case p == nil:
		return errNotFound
	case !in && id == c.by.Person:
		return fault.New(fault.Invalid, "A program cannot deactivate its own person. Ask another administrator.")
	}
	if err := a.Staff.MayManage(ctx, c.who, p, nil, nil); err != nil {
		return err
	}
	if _, err := a.Staff.SetActive(ctx, id, in); err != nil {
		return err
	}
	return a.show(c, id, http.StatusOK)
}
