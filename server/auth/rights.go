package auth

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/fault"
)

// Role is a named set of permissions.
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

// Roles are all that the program ships, from the one that may most, and granted is what each includes.
var Roles, granted = mustShip(parseShipped(shippedText))

func mustShip(roles []Role, granted map[Role][]Permission, err error) ([]Role, map[Role][]Permission) {
	if err != nil {
		panic(err) // roles.txt is part of the program
	}
	return roles, granted
}

// parseShipped reads lines of "role: permission …".
func parseShipped(text string) (roles []Role, granted map[Role][]Permission, err error) {
	granted = map[Role][]Permission{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, list, ok := strings.Cut(line, ":")
		if _, twice := granted[Role(name)]; !ok || twice {
			return nil, nil, fmt.Errorf("auth: roles.txt: %q", line)
		}
		may := []Permission{SignedIn}
		for _, word := range strings.Fields(list) {
			if word == "*" {
				may = Permissions
				break
			}
			if p := Permission(word); !p.Known() || slices.Contains(may, p) {
				return nil, nil, fmt.Errorf("auth: roles.txt: %s: %q", name, word)
			}
			may = append(may, Permission(word))
		}
		roles, granted[Role(name)] = append(roles, Role(name)), may
	}
	return roles, granted, nil
}

// Grants reports whether the role has the permission.
func (r Role) Grants(p Permission) bool { return slices.Contains(granted[r], p) }

// ParseRoles reads names of roles, drops repetitions and orders them as Roles does. The error is a *fault.Error with
// the code UnknownRole.
func ParseRoles(names []string) ([]Role, error) {
	for _, name := range names {
		if !slices.Contains(Roles, Role(name)) {
			return nil, fault.New(UnknownRole, "There is no role of that name. Choose one from the list.")
		}
	}
	var roles []Role
	for _, r := range Roles {
		if slices.Contains(names, string(r)) {
			roles = append(roles, r)
		}
	}
	return roles, nil
}
