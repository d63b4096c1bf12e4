package auth

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"fieldsync/sync/fault"
)

// Role names a set of permissions.
type Role string

// The roles that the program itself speaks of; roles.txt has all.
const (
	Administrator Role = "administrator"
	Manager       Role = "manager"
	Dispatcher    Role = "dispatcher"
	Auditor       Role = "auditor"
	Technician    Role = "technician" // works on a device; the office's pages are not for him
)

//go:embed roles.txt
var shippedText string

// Roles are all that the program ships, from the one that may most; shipped is what each includes.
var Roles, shipped = mustShip(parseShipped(shippedText))

func mustShip(roles []Role, may map[Role][]Permission, err error) ([]Role, map[Role][]Permission) {
	if err != nil {
		panic(err) // roles.txt is part of the program
	}
	return roles, may
}

// parseShipped reads lines of "role: permission …".
func parseShipped(text string) (roles []Role, may map[Role][]Permission, err error) {
	may = map[Role][]Permission{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, list, ok := strings.Cut(line, ":")
		if _, twice := may[Role(name)]; !ok || twice {
			return nil, nil, fmt.Errorf("auth: roles.txt: %q", line)
		}
		if may[Role(name)], err = parsePermissions(strings.Fields(list)); err != nil {
			return nil, nil, fmt.Errorf("auth: roles.txt: %s: %w", name, err)
		}
		roles = append(roles, Role(name))
	}
	return roles, may, nil
}

// parsePermissions returns the permissions of those names in order, SignedIn before all; "*" is every one.
func parsePermissions(names []string) ([]Permission, error) {
	if slices.Contains(names, "*") {
		return Permissions, nil
	}
	for _, name := range names {
		if !Permission(name).Known() {
			return nil, fault.New(fault.Invalid, "There is no permission of that name. Open the page again.")
		}
	}
	may := []Permission{SignedIn}
	for _, p := range Permissions {
		if p != SignedIn && slices.Contains(names, string(p)) {
			may = append(may, p)
		}
	}
	return may, nil
}

// Grants reports whether the role, as it is shipped, has the permission.
func (r Role) Grants(p Permission) bool { return slices.Contains(shipped[r], p) }

// Definition is a role as it stands in this company.
type Definition struct {
	Role    Role
	May     []Permission // in the order of Permissions
	Shipped bool         // comes with the program; else it is the company's own
	Changed bool         // shipped, and includes something else here
	Guarded bool         // whoever has it signs in by two steps
}

// Grants reports whether the role has the permission.
func (d Definition) Grants(p Permission) bool { return slices.Contains(d.May, p) }

// RoleStore keeps what the company made of roles: those of the shipped ones that it changed, and its own.
type RoleStore interface {
	// Roles returns them by name, with the names of their permissions.
	Roles(context.Context) (map[Role][]string, error)
	// ChangeRoles lets change alter that map, and keeps it, in one transaction.
	ChangeRoles(ctx context.Context, change func(map[Role][]string) error) error
	// Guarded returns the roles that ask for a second step of signing in.
	Guarded(context.Context) ([]Role, error)
	// ChangeGuarded lets change make another list of them, and keeps it, in one transaction.
	ChangeGuarded(ctx context.Context, change func([]Role) []Role) error
}

// Roles returns all roles as they stand, the shipped ones first.
func (s *People) Roles(ctx context.Context) ([]Definition, error) {
	own, err := s.store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	var list []Definition
	for _, r := range Roles {
		d := Definition{Role: r, May: shipped[r], Shipped: true}
		if names, ok := own[r]; ok && r != Administrator {
			d.May, d.Changed = known(names), true
		}
		list = append(list, d)
	}
	for _, r := range slices.Sorted(maps.Keys(own)) {
		if !slices.Contains(Roles, r) {
			list = append(list, Definition{Role: r, May: known(own[r])})
		}
	}
	guarded, err := s.store.Guarded(ctx)
	for i, d := range list {
		list[i].Guarded = slices.Contains(guarded, d.Role)
	}
	return list, err
}

// known returns the permissions of those names that this version has.
func known(names []string) []Permission {
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !Permission(n).Known() })
	may, _ := parsePermissions(names)
	return may
}

func (s *People) defined(ctx context.Context) (map[Role][]Permission, error) {
	list, err := s.Roles(ctx)
	return mayOf(list), err
}

func mayOf(list []Definition) map[Role][]Permission {
	may := make(map[Role][]Permission, len(list))
	for _, d := range list {
		may[d.Role] = d.May
	}
	return may
}

// ParseRoles reads names of roles, drops repetitions and orders them as Roles does. The error is a *fault.Error with
// the code UnknownRole.
func (s *People) ParseRoles(ctx context.Context, names []string) (roles []Role, err error) {
	list, err := s.Roles(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(list, func(d Definition) bool { return d.Role == Role(name) }) {
			return nil, fault.New(UnknownRole, "There is no role of that name. Choose one from the list.")
		}
	}
	for _, d := range list {
		if slices.Contains(names, string(d.Role)) {
			roles = append(roles, d.Role)
		}
	}
	return roles, nil
}

// AddRole makes a role of the company's own, which includes what another one does; like is "" for nothing. The error is
// a *fault.Error with the code RoleTaken, UnknownRole, BeyondOwn or fault.Invalid.
func (s *People) AddRole(ctx context.Context, by *Person, name string, like Role) error {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 40 || strings.ContainsAny(name, "@,*\n\t") {
		return fault.New(fault.Invalid, "A role needs a name of up to 40 characters, without @ , and *.")
	}
	defined, err := s.defined(ctx)
	if err != nil {
		return err
	}
	may, ok := defined[like]
	if like != "" && !ok {
		return fault.New(UnknownRole, "There is no role of that name. Choose one from the list.")
	}
	for r := range defined {
		if strings.EqualFold(string(r), name) {
			return fault.New(RoleTaken, "There is a role of that name already.")
		}
	}
	if err := s.mayGive(by, may); err != nil {
		return err
	}
	return s.store.ChangeRoles(ctx, func(own map[Role][]string) error {
		if _, taken := own[Role(name)]; taken {
			return fault.New(RoleTaken, "There is a role of that name already.")
		}
		own[Role(name)] = names(may)
		return nil
	})
}

// ChangeRole adds and takes away permissions of a role; what else changed of it meanwhile stays. Nobody's session ends:
// what a role includes is asked at every request. The error is a *fault.Error with the code UnknownRole, BeyondOwn,
// LastAdmin or fault.Invalid.
func (s *People) ChangeRole(ctx context.Context, by *Person, role Role, add, drop []string) error {
	if role == Administrator {
		return fault.New(fault.Invalid, "An administrator may do everything: that is what keeps a company from locking itself out.")
	}
	added, err := parsePermissions(add)
	if err != nil {
		return err
	}
	dropped, err := parsePermissions(drop)
	if err != nil {
		return err
	}
	if err := s.mayGive(by, slices.Concat(added, dropped)); err != nil {
		return err
	}
	return s.store.ChangeRoles(ctx, func(own map[Role][]string) error {
		has, ok := own[role]
		if !ok && !slices.Contains(Roles, role) {
			return fault.New(UnknownRole, "There is no role of that name. Choose one from the list.")
		}
		if !ok {
			has = names(shipped[role])
		}
		own[role] = slices.DeleteFunc(union(has, add), func(n string) bool { return slices.Contains(drop, n) })
		return nil
	})
}

// DropRole forgets a role of the company's own that nobody has, or makes a shipped one what it was. The error is a
// *fault.Error with the code UnknownRole, BeyondOwn or RoleInUse.
func (s *People) DropRole(ctx context.Context, by *Person, role Role) error {
	defined, err := s.defined(ctx)
	if err != nil {
		return err
	}
	if err := s.mayGive(by, slices.Concat(defined[role], shipped[role])); err != nil {
		return err
	}
	if !slices.Contains(Roles, role) {
		everybody, err := s.store.People(ctx)
		if err != nil || slices.ContainsFunc(everybody, func(p Person) bool { return p.Is(role) }) {
			return orInUse(err)
		}
	}
	err = s.store.ChangeRoles(ctx, func(own map[Role][]string) error {
		if _, ok := own[role]; !ok {
			return fault.New(UnknownRole, "There is no role of that name. Choose one from the list.")
		}
		delete(own, role)
		return nil
	})
	if err != nil || slices.Contains(Roles, role) {
		return err
	}
	return s.guard(ctx, role, false) // of another role of the name, one day, nothing is known yet
}

func orInUse(err error) error {
	if err != nil {
		return err
	}
	return fault.New(RoleInUse, "Somebody has this role. Give those people another one first.")
}

// mayGive refuses permissions that the person has not, for the whole company, himself.
func (s *People) mayGive(by *Person, may []Permission) error {
	all := rights{}
	for _, p := range may {
		all[p] = Branches{All: true}
	}
	if !by.covers(all) {
		return errBeyond
	}
	return nil
}

var errBeyond = fault.New(BeyondOwn, "This goes beyond what you may do yourself. Ask an administrator.")

func names(may []Permission) (list []string) {
	for _, p := range may {
		if p != SignedIn {
			list = append(list, string(p))
		}
	}
	return list
}

func union(a, b []string) []string {
	list := append(slices.Clone(a), b...)
	slices.Sort(list)
	return slices.Compact(list)
}
