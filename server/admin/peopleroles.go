package admin

import (
	"fmt"
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

type roleView struct {
	Role  auth.Role
	Label string
	Has   bool
}

// postView is a role in one branch.
type postView struct{ Value, Label string }

// postsForm is what the form says about roles in one branch: those there are, and what one more could be.
type postsForm struct {
	Posts    []postView
	Roles    []roleView
	Branches []list.Option
}

// PostsOf returns that form; templates ask it.
func (p peopleExtra) PostsOf(posts []postView) postsForm {
	return postsForm{posts, p.Roles, p.Branches}
}

// shownRoles says which roles a page showed, so that who changes them changes no others.
func shownRoles(p *auth.Person) string { return fmt.Sprint(p.Roles, p.Posts) }

func postValue(p auth.Post) string { return string(p.Role) + "@" + p.Branch.String() }

func (v *Visit) roleName(r auth.Role) string {
	if slices.Contains(auth.Roles, r) {
		return v.lang.Name("role." + string(r))
	}
	return string(r)
}

// rolesOf says the roles whose codes stand in the text.
func (v *Visit) rolesOf(codes string) string {
	said := strings.FieldsFunc(codes, func(r rune) bool { return r == ' ' || r == ',' })
	for i, code := range said {
		said[i] = v.roleName(auth.Role(code))
	}
	return strings.Join(said, ", ")
}

func (v *Visit) roleViews(defined []auth.Definition, has []auth.Role) []roleView {
	views := make([]roleView, len(defined))
	for i, d := range defined {
		views[i] = roleView{d.Role, v.roleName(d.Role), slices.Contains(has, d.Role)}
	}
	return views
}

// rolesInForm returns the roles that the form gives in every branch, and those in one.
func (o *Office) rolesInForm(v *Visit) (roles []auth.Role, posts []auth.Post, err error) {
	ctx := v.r.Context()
	if roles, err = o.People.ParseRoles(ctx, v.r.PostForm["role"]); err != nil {
		return nil, nil, err
	}
	values := v.r.PostForm["post"]
	if role, branch := v.form("post_role"), v.form("post_branch"); role != "" && branch != "" {
		values = append(values, role+"@"+branch)
	}
	for _, value := range values {
		name, in, _ := strings.Cut(value, "@")
		branch, err := record.ParseID(in)
		if err != nil {
			return nil, nil, errForm
		}
		role, err := o.People.ParseRoles(ctx, []string{name})
		if err != nil {
			return nil, nil, err
		}
		if post := (auth.Post{Role: role[0], Branch: branch}); !slices.Contains(posts, post) {
			posts = append(posts, post)
		}
	}
	return roles, posts, nil
}

// SetRoles replaces what somebody may do; his sessions end.
func (o *Office) SetRoles(v *Visit) error {
	p, err := o.personInURL(v)
	if err != nil {
		return err
	}
	roles, posts, err := o.rolesInForm(v)
	if err != nil {
		return err
	}
	if err := o.People.MayManage(v.r.Context(), v.Who, p, roles, posts); err != nil {
		return err
	}
	_, err = o.People.ReplaceRoles(v.r.Context(), p.ID, func(now *auth.Person) error {
		if shown := v.form("shown"); shown != "" && shown != shownRoles(now) {
			return fault.New(fault.Closed, "Somebody changed these roles before you. Look at them again.")
		}
		return nil
	}, roles, posts...)
	if err != nil {
		return err
	}
	return o.afterChange(v, p.ID, "The roles are changed.")
}
