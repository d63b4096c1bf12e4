package auth

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Post is a role that a person has in one branch.
type Post struct {
	Role   Role
	Branch record.ID
}

// Branches are those in which somebody may do something: all, or some.
type Branches struct {
	All bool
	IDs []record.ID // each once, unless All
}

// Has reports whether a row of that branch is among them. Rows of no branch are the whole company's, and so everybody's.
func (b Branches) Has(branch record.ID) bool {
	return b.All || len(b.IDs) > 0 && branch.IsZero() || slices.Contains(b.IDs, branch)
}

// Both returns the branches that are among these and among the others.
func (b Branches) Both(other Branches) Branches {
	if b.All {
		return other
	}
	if other.All {
		return b
	}
	var both Branches
	for _, id := range b.IDs {
		if slices.Contains(other.IDs, id) {
			both.IDs = append(both.IDs, id)
		}
	}
	return both
}

// None reports whether there is no branch among them.
func (b Branches) None() bool { return !b.All && len(b.IDs) == 0 }

// covers reports whether all of the others are among them.
func (b Branches) covers(other Branches) bool {
	return b.All || !other.All && !slices.ContainsFunc(other.IDs, func(id record.ID) bool { return !slices.Contains(b.IDs, id) })
}

// rights are what somebody may do, and where.
type rights map[Permission]Branches

// rightsOf returns what the person may do by his roles and posts, as roles are defined.
func rightsOf(p *Person, defined map[Role][]Permission) rights {
	r := rights{}
	if !p.Active {
		return r
	}
	for _, role := range p.Roles {
		for _, may := range defined[role] {
			r[may] = Branches{All: true}
		}
	}
	for _, post := range p.Posts {
		for _, may := range defined[post.Role] {
			if in := r[may]; !in.Has(post.Branch) || post.Branch.IsZero() {
				in.IDs = append(in.IDs, post.Branch)
				r[may] = in
			}
		}
	}
	r.signIn()
	return r
}

// signIn binds what is everybody's who is signed in to the branches in which he may do something else, if he may: being a
// technician everywhere shows a manager of one branch nothing of the others.
func (r rights) signIn() {
	var in Branches
	for may, other := range r {
		if may != SignedIn {
			in.All = in.All || other.All
			in.IDs = append(in.IDs, slices.DeleteFunc(slices.Clone(other.IDs), func(id record.ID) bool { return slices.Contains(in.IDs, id) })...)
		}
	}
	if !in.None() {
		r[SignedIn] = in
	}
}

// wholeCompany are the permissions that are worth something only for the whole company: what they change holds in every
// branch.
var wholeCompany = []Permission{
	EditProducts, EditParts, EditChecklists, EditKnowledge, EditPolicies, EditSettings, EraseCustomers, ManagePeople,
	ManageRoles, ManageTokens, ManageWebhooks, SeeAudit,
}

// In returns the branches in which the person may do it.
func (p *Person) In(need Permission) Branches {
	in := p.rights[need]
	if !in.All && slices.Contains(wholeCompany, need) {
		return Branches{}
	}
	return in
}

// May reports whether the person may do it: in some branch; or, where branches are named, in each of those. The zero
// branch stands for rows of no branch, the whole company's. Pages, the store of changes and the API ask this one
// question.
func (p *Person) May(need Permission, branches ...record.ID) bool {
	in := p.In(need)
	return !in.None() && !slices.ContainsFunc(branches, func(b record.ID) bool { return !in.Has(b) })
}

// Limited returns the same person with those of his rights that are listed: what a program may do in his name.
func (p *Person) Limited(to []Permission) *Person {
	limited := *p
	limited.rights = rights{}
	for _, may := range to {
		if in, ok := p.rights[may]; ok {
			limited.rights[may] = in
		}
	}
	return &limited
}

// MayRead reports whether the person may read what stands in the column wherever it is told, in histories, conflicts and refused
// changes too: where somebody was, and what things cost the company, is not for everybody who may see those.
func (p *Person) MayRead(t *schema.Table, c *schema.Column) bool {
	switch {
	case t.Name == "position" && c.Has(schema.Personal):
		return p.May(SeePositions)
	case c.Name == "unit_cost":
		return p.May(SeeCosts)
	}
	return true
}

// covers reports whether the person may do all that those rights include: nobody gives or takes what he has not.
func (p *Person) covers(other rights) bool {
	for may, in := range other {
		if may != SignedIn && !p.rights[may].covers(in) {
			return false
		}
	}
	return true
}

// Is reports whether the person has the role, in every branch or in one.
func (p *Person) Is(role Role) bool {
	return slices.Contains(p.Roles, role) || slices.ContainsFunc(p.Posts, func(x Post) bool { return x.Role == role })
}
