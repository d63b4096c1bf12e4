package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Roles are no rows, as accounts are none: what somebody may do is kept apart from what phones hold.

var (
	rolesBody = []schema.Column{takes("roles", schema.Set, "")}
	roleBody  = []schema.Column{takes("name", schema.Text, ""), takes("like", schema.Text, "")}
	mayBody   = []schema.Column{takes("may", schema.Set, "")}
)

var (
	ofPerson = object{"type": "object", "properties": object{"roles": object{"type": "array", "items": text}}}
	ofRole   = object{"type": "object", "properties": object{
		"name": text, "may": object{"type": "array", "items": text}, "shipped": object{"type": "boolean"}, "changed": object{"type": "boolean"},
		"second_step": object{"type": "boolean"},
	}}
)

// roleRoutes say who has which roles, and what each includes.
func roleRoutes() []Route {
	people := resourceAt("people")
	return []Route{
		{
			Method: "GET", Path: "/people/{id}/roles", Need: auth.SeePeople, of: people, do: (*API).rolesOfPerson, name: "roles", status: http.StatusOK, answers: ofPerson,
			params: []any{path("id")},
		},
		{
			Method: "PUT", Path: "/people/{id}/roles", Need: auth.ManagePeople, of: people, do: (*API).giveRoles, name: "giveRoles", status: http.StatusOK, answers: ofPerson,
			body: properties(rolesBody), needs: []string{"roles"}, params: []any{path("id"), header("If-Match", true)},
			says: " Replaces all of them, and ends the person's sessions. Refused where they are others by now.",
		},
		{Method: "GET", Path: "/roles", Need: auth.SeePeople, do: (*API).roles, name: "list", status: http.StatusOK, answers: object{
			"type": "object", "properties": object{"rows": object{"type": "array", "items": ofRole}},
		}},
		{
			Method: "POST", Path: "/roles", Need: auth.ManageRoles, do: (*API).addRole, name: "create", status: http.StatusCreated, answers: ofRole, body: properties(roleBody),
			needs: []string{"name"}, says: " A role of the company's own; like names the one whose permissions it begins with.",
		},
		{
			Method: "PATCH", Path: "/roles/{name}", Need: auth.ManageRoles, do: (*API).changeRole, name: "edit", status: http.StatusOK, answers: ofRole, body: properties(mayBody),
			needs: []string{"may"}, params: []any{path("name")}, says: " Adds and takes away permissions; the others stay.",
		},
		{
			Method: "DELETE", Path: "/roles/{name}", Need: auth.ManageRoles, do: (*API).dropRole, name: "drop", status: http.StatusOK, answers: object{"type": "object"},
			params: []any{path("name")}, says: " Forgets a role of the company's own that nobody has; a shipped one becomes what it was.",
		},
	}
}

// colleague returns the person whom the URL names.
func (a *API) colleague(c *call) (*auth.Person, error) {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return nil, errNotFound
	}
	if err := a.visible(c, id); err != nil {
		return nil, err
	}
	p, err := a.Staff.Person(auth.By(c.r.Context(), c.by.Person), id)
	if err == nil && p == nil {
		err = errNotFound
	}
	return p, err
}

// rolesTag changes with the roles of a person.
func rolesTag(p *auth.Person) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %v", p.Roles, p.Posts))
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

func (a *API) rolesOfPerson(c *call) error {
	p, err := a.colleague(c)
	if err != nil {
		return err
	}
	return showRoles(c, p)
}

func showRoles(c *call, p *auth.Person) error {
	all := []string{}
	for _, role := range p.Roles {
		all = append(all, string(role))
	}
	for _, post := range p.Posts {
		all = append(all, string(post.Role)+"@"+post.Branch.String())
	}
	c.w.Header().Set("ETag", rolesTag(p))
	return reply(c.w, http.StatusOK, object{"roles": all})
}

// giveRoles replaces the roles of a person whom the program's may manage, as they were shown to it.
func (a *API) giveRoles(c *call) error {
	p, err := a.colleague(c)
	if err != nil {
		return err
	}
	shown := c.r.Header.Get("If-Match")
	if shown == "" {
		return errMatch
	}
	v, err := a.values(c, func(name string) *schema.Column { return among(rolesBody, name) })
	if err == nil {
		err = missing(v, c.at.needs)
	}
	if err != nil {
		return err
	}
	ctx := auth.By(c.r.Context(), c.by.Person)
	roles, posts, err := a.rolesOf(ctx, elementsOf(v, "roles"))
	if err == nil {
		err = a.Staff.MayManage(ctx, c.who, p, roles, posts)
	}
	if err != nil {
		return about("roles", err)
	}
	p, err = a.Staff.ReplaceRoles(ctx, p.ID, func(now *auth.Person) error {
		if rolesTag(now) != shown {
			return errMovedOn
		}
		return nil
	}, roles, posts...)
	if err != nil {
		return err
	}
	return showRoles(c, p)
}

func (a *API) roles(c *call) error {
	list, err := a.Staff.Roles(c.r.Context())
	if err != nil {
		return err
	}
	rows := []any{}
	for _, d := range list {
		rows = append(rows, roleObject(d))
	}
	return reply(c.w, http.StatusOK, object{"rows": rows})
}

func roleObject(d auth.Definition) object {
	may := []string{}
	for _, p := range d.May {
		may = append(may, string(p))
	}
	return object{"name": d.Role, "may": may, "shipped": d.Shipped, "changed": d.Changed, "second_step": d.Guarded}
}

// role shows one as it stands.
func (a *API) role(c *call, role auth.Role, status int) error {
	list, err := a.Staff.Roles(c.r.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(d auth.Definition) bool { return d.Role == role })
	if i < 0 {
		return errNotFound
	}
	return reply(c.w, status, roleObject(list[i]))
}

func (a *API) addRole(c *call) error {
	v, err := a.values(c, func(name string) *schema.Column { return among(roleBody, name) })
	if err == nil {
		err = missing(v, c.at.needs)
	}
	if err != nil {
		return err
	}
	name := v["name"].Text()
	if err := a.Staff.AddRole(auth.By(c.r.Context(), c.by.Person), c.who, name, auth.Role(v["like"].Text())); err != nil {
		return err
	}
	return a.role(c, auth.Role(name), http.StatusCreated)
}

func (a *API) changeRole(c *call) error {
	role := auth.Role(c.r.PathValue("name"))
	v, err := a.values(c, func(name string) *schema.Column { return among(mayBody, name) })
	if err != nil {
		return err
	}
	var add, drop []string
	for name, cell := range v {
		if permission := name[len("may."):]; cell.IsNull() {
			drop = append(drop, permission)
		} else {
			add = append(add, permission)
		}
	}
	err = a.Staff.ChangeRole(auth.By(c.r.Context(), c.by.Person), c.who, role, add, drop)
	if fault.CodeOf(err) == fault.Invalid {
		err = about("may", err)
	}
	if err != nil {
		return orGone(err)
	}
	return a.role(c, role, http.StatusOK)
}

// orGone says that the role in the URL is not there, where that is what is wrong.
func orGone(err error) error {
	if fault.CodeOf(err) == auth.UnknownRole {
		return errNotFound
	}
	return err
}

func (a *API) dropRole(c *call) error {
	if err := a.Staff.DropRole(auth.By(c.r.Context(), c.by.Person), c.who, auth.Role(c.r.PathValue("name"))); err != nil {
		return orGone(err)
	}
	return reply(c.w, http.StatusOK, object{})
}
