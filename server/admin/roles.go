package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fieldsync/server/auth"
)

const rolesURL = "/roles"

// roleURL leads to the form that changes the role.
func roleURL(role auth.Role) string { return rolesURL + "?role=" + url.QueryEscape(string(role)) }

type rolesPage struct {
	frame
	Roles  []definedView
	Groups []groupView
	One    *definedView // the role that is being changed
}

// definedView is a role with what it includes.
type definedView struct {
	auth.Definition
	Label string
	URL   string
	Fixed bool // may not be changed by anybody
}

type groupView struct {
	Name        string
	Permissions []auth.Permission
}

// Has reports whether the role includes the permission; templates ask it.
func (d definedView) Has(p auth.Permission) bool { return d.Grants(p) }

// Shown says what the page shows of the role; templates ask it.
func (d definedView) Shown() string {
	said := ""
	for _, p := range auth.Permissions {
		if d.Has(p) {
			said += string(p) + " "
		}
	}
	return strings.TrimSpace(said + strconv.FormatBool(d.Guarded))
}

// ListRoles shows which role may do what, and the form that changes the one in the URL.
func (o *Office) ListRoles(v *Visit) error {
	page := rolesPage{frame: v.frame(v.t("Roles and rights"), rolesURL)}
	defined, err := o.People.Roles(v.r.Context())
	if err != nil {
		return err
	}
	for _, d := range defined {
		view := definedView{d, v.roleName(d.Role), roleURL(d.Role), d.Role == auth.Administrator}
		page.Roles = append(page.Roles, view)
		if string(d.Role) == v.query("role") {
			page.One = &view
		}
	}
	for _, g := range auth.Groups {
		page.Groups = append(page.Groups, groupView{"mays." + g.Name, g.Permissions})
	}
	return v.show(http.StatusOK, "roles", page)
}

// AddRole makes a role of the company's own.
func (o *Office) AddRole(v *Visit) error {
	name := v.form("name")
	if err := o.People.AddRole(v.r.Context(), v.Who, name, auth.Role(v.form("like"))); err != nil {
		return err
	}
	return v.done(roleURL(auth.Role(name)), v.t("The role is made."))
}

// ChangeRole adds and takes away what was ticked and unticked: nothing that another changed meanwhile.
func (o *Office) ChangeRole(v *Visit) error {
	var add, drop []string
	was, now := v.r.PostForm["was"], v.r.PostForm["may"]
	for _, p := range now {
		if !slices.Contains(was, p) {
			add = append(add, p)
		}
	}
	for _, p := range was {
		if !slices.Contains(now, p) {
			drop = append(drop, p)
		}
	}
	role := v.form("role")
	if err := o.People.ChangeRole(v.r.Context(), v.Who, auth.Role(role), add, drop); err != nil {
		return err
	}
	return v.done(roleURL(auth.Role(role)), v.t("The role is changed. It holds from the next click of everybody who has it."))
}

// DropRole forgets a role of the company's own, or makes a shipped one what it was.
func (o *Office) DropRole(v *Visit) error {
	role := auth.Role(v.form("role"))
	defined, err := o.People.Roles(v.r.Context())
	if err != nil {
		return err
	}
	for _, d := range defined {
		if d.Role == role {
			err = stillShown(v.form("shown"), definedView{Definition: d}.Shown())
		}
	}
	if err == nil {
		err = o.People.DropRole(v.r.Context(), v.Who, role)
	}
	if err != nil {
		return err
	}
	return v.done(rolesURL, v.t("Done."))
}
