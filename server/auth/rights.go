package auth

import (
	"slices"

	"fieldsync/sync/fault"
)

// Permission names one thing that a person may do in the office.
type Permission string

// The permissions.
const (
	SignedIn      Permission = "signed_in" // everybody who is signed in has it
	SeeJobs       Permission = "see_jobs"
	CreateJobs    Permission = "create_jobs"
	EditJobs      Permission = "edit_jobs"
	Dispatch      Permission = "dispatch" // assign, reassign, plan
	CancelJobs    Permission = "cancel_jobs"
	CloseJobs     Permission = "close_jobs"
	Comment       Permission = "comment"
	SeeDevices    Permission = "see_devices"
	EnrolDevices  Permission = "enrol_devices"
	RevokeDevices Permission = "revoke_devices"
	SeeInbox      Permission = "see_inbox" // conflicts and refused changes
	Settle        Permission = "settle"    // decide conflicts
	Release       Permission = "release"   // release, amend or dismiss refused changes
	SeePeople     Permission = "see_people"
	ManagePeople  Permission = "manage_people"
	SeeAudit      Permission = "see_audit"
	AuditSlips    Permission = "audit_slips"
)

// Permissions are all of them, in the order in which a page shows them.
var Permissions = []Permission{
	SignedIn, SeeJobs, CreateJobs, EditJobs, Dispatch, CancelJobs, CloseJobs, Comment, SeeDevices, EnrolDevices,
	RevokeDevices, SeeInbox, Settle, Release, SeePeople, ManagePeople, SeeAudit, AuditSlips,
}

// Role is a named set of permissions.
type Role string

// The roles.
const (
	Administrator Role = "administrator"
	Manager       Role = "manager"
	Dispatcher    Role = "dispatcher"
	Auditor       Role = "auditor"
	Technician    Role = "technician" // works on a device; the office's pages are not for him
)

// Roles are all of them, from the one that may most.
var Roles = []Role{Administrator, Manager, Dispatcher, Auditor, Technician}

var granted = map[Role][]Permission{
	Administrator: Permissions,
	Manager: {
		SignedIn, SeeJobs, CreateJobs, EditJobs, Dispatch, CancelJobs, CloseJobs, Comment, SeeDevices, EnrolDevices,
		SeeInbox, Settle, Release, SeePeople, SeeAudit, AuditSlips,
	},
	Dispatcher: {
		SignedIn, SeeJobs, CreateJobs, EditJobs, Dispatch, CancelJobs, CloseJobs, Comment, SeeDevices, SeeInbox, Settle,
		SeePeople,
	},
	Auditor:    {SignedIn, SeeJobs, Comment, SeeDevices, SeeInbox, SeePeople, SeeAudit, AuditSlips},
	Technician: {SignedIn},
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
