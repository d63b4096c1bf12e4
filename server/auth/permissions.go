package auth

import "slices"

// Permission names one thing that a person may do. Pages, the API and their refusals are written in these names; which
// role includes which is data (roles.txt, and what the company makes of it).
type Permission string

// SignedIn is what everybody has who is signed in.
const SignedIn Permission = "signed_in"

// The permissions of the day's work.
const (
	SeeToday       Permission = "see_today"       // what needs a person now
	SeeRequests    Permission = "see_requests"    // requests, calls
	TakeCalls      Permission = "take_calls"      // intake: register a call, make a request, solve it on the telephone
	RingCalls      Permission = "ring_calls"      // a telephone system says who calls whom
	EditRequests   Permission = "edit_requests"   // change, escalate, hold, cancel and reopen requests
	DeleteCalls    Permission = "delete_calls"    // the call register
	SeeJobs        Permission = "see_jobs"        // jobs, with their visits, slips, files
	CreateJobs     Permission = "create_jobs"     // also copies of one, and second visits
	EditJobs       Permission = "edit_jobs"       // what a job says
	EditRecords    Permission = "edit_records"    // correct what was recorded of a visit: findings, times, charges
	DeleteRecords  Permission = "delete_records"  // archive jobs and requests that are over
	Dispatch       Permission = "dispatch"        // assign, reassign, plan
	SeeBoard       Permission = "see_board"       // the dispatch board
	SeeMap         Permission = "see_map"         // where jobs are, and where people arrived
	SeePositions   Permission = "see_positions"   // where people at work were last, who have turned that on
	CancelJobs     Permission = "cancel_jobs"     // with a reason
	CloseJobs      Permission = "close_jobs"      // and reopen
	Comment        Permission = "comment"         // memos and comments, files too
	EditMessages   Permission = "edit_messages"   // correct what was said about a job
	DeleteMessages Permission = "delete_messages" // take back what was said, with a reason
	Approve        Permission = "approve"         // the second yes to paid work above the limit
	AuditSlips     Permission = "audit_slips"     // lock a finished slip, and unlock it
	Complaints     Permission = "complaints"      // take and settle complaints
	Callbacks      Permission = "callbacks"       // call customers back
)

// The permissions of what a service company knows.
const (
	SeeCustomers    Permission = "see_customers" // customers, contacts, sites
	EditCustomers   Permission = "edit_customers"
	DeleteCustomers Permission = "delete_customers" // archive, and join duplicates
	Blacklist       Permission = "blacklist"        // and take off it
	EraseCustomers  Permission = "erase_customers"  // personal data, for ever
	EditGroups      Permission = "edit_groups"      // customer groups: make and rename
	DeleteGroups    Permission = "delete_groups"
	Sales           Permission = "sales"  // what customers bought and owe
	Points          Permission = "points" // loyalty points
	SeeAssets       Permission = "see_assets"
	EditAssets      Permission = "edit_assets"
	SeeContracts    Permission = "see_contracts"
	EditContracts   Permission = "edit_contracts"
	SeeProducts     Permission = "see_products"
	EditProducts    Permission = "edit_products"
	SeeParts        Permission = "see_parts"  // catalogue, balances, movements
	EditParts       Permission = "edit_parts" // the catalogue, locations, least and most
	MoveStock       Permission = "move_stock" // receive, issue, return, transfer, scrap
	CountStock      Permission = "count_stock"
	SeeCosts        Permission = "see_costs" // what parts cost the company, and to set it
	RequestParts    Permission = "request_parts"
	ApproveParts    Permission = "approve_parts" // requests for parts
	SeeKnowledge    Permission = "see_knowledge"
	EditKnowledge   Permission = "edit_knowledge" // solutions, documents
	SeeChecklists   Permission = "see_checklists"
	EditChecklists  Permission = "edit_checklists"
	SeePolicies     Permission = "see_policies" // warranty, prices, promises, calendars, returns
	EditPolicies    Permission = "edit_policies"
	SeeStatistics   Permission = "see_statistics" // daily reports
	ImportData      Permission = "import"
	ExportData      Permission = "export" // lists as files, the register of calls too
	SeeInbox        Permission = "see_inbox"
	Settle          Permission = "settle"          // decide conflicts
	Release         Permission = "release"         // release, amend or dismiss refused changes
	SettleStock     Permission = "settle_stock"    // discrepancies
	SettleBilling   Permission = "settle_billing"  // leakage, refunds due
	SeeNotices      Permission = "see_notices"     // what was sent to whom, and what failed
	RetryNotices    Permission = "retry_notices"   // send again
	SeeDevices      Permission = "see_devices"     // phones
	EnrolDevices    Permission = "enrol_devices"   // a phone for a person
	RevokeDevices   Permission = "revoke_devices"  //
	SeePeople       Permission = "see_people"      // people, teams, skills, absences
	EditPeople      Permission = "edit_people"     // their particulars, skills, teams, hours
	ManagePeople    Permission = "manage_people"   // who may sign in, with which roles
	ManageRoles     Permission = "manage_roles"    // what a role includes
	SeeAudit        Permission = "see_audit"       // who changed what
	EditSettings    Permission = "edit_settings"   // parameters: code lists, numbers, own fields, branches, templates
	ManageTokens    Permission = "manage_tokens"   // for programs
	ManageWebhooks  Permission = "manage_webhooks" // what programs are told
)

// Group is permissions that a page shows together.
type Group struct {
	Name        string // in the lists of words, after "mays."
	Permissions []Permission
}

// Groups are all permissions but SignedIn, in the order in which a page shows them.
var Groups = []Group{
	{"work", []Permission{
		SeeToday, SeeRequests, TakeCalls, RingCalls, EditRequests, DeleteCalls, SeeJobs, CreateJobs, EditJobs, CancelJobs, CloseJobs,
		Comment, EditMessages, DeleteMessages, Approve, AuditSlips, EditRecords, DeleteRecords, Complaints, Callbacks,
	}},
	{"dispatch", []Permission{SeeBoard, SeeMap, SeePositions, Dispatch}},
	{"customers", []Permission{
		SeeCustomers, EditCustomers, DeleteCustomers, Blacklist, EraseCustomers, EditGroups, DeleteGroups, SeeAssets,
		EditAssets, SeeContracts, EditContracts, Sales, Points,
	}},
	{"stock", []Permission{
		SeeProducts, EditProducts, SeeParts, EditParts, SeeCosts, MoveStock, CountStock, RequestParts, ApproveParts,
	}},
	{"inbox", []Permission{SeeInbox, Settle, Release, SettleStock, SettleBilling, SeeNotices, RetryNotices}},
	{"rules", []Permission{
		SeeKnowledge, EditKnowledge, SeeChecklists, EditChecklists, SeePolicies, EditPolicies, SeeStatistics, ImportData,
		ExportData, EditSettings,
	}},
	{"people", []Permission{
		SeeDevices, EnrolDevices, RevokeDevices, SeePeople, EditPeople, ManagePeople, ManageRoles, SeeAudit, ManageTokens,
		ManageWebhooks,
	}},
}

// Permissions are all of them, in the order in which a page shows them.
var Permissions = allPermissions()

func allPermissions() []Permission {
	all := []Permission{SignedIn}
	for _, g := range Groups {
		all = append(all, g.Permissions...)
	}
	return all
}

// Known reports whether there is a permission of that name.
func (p Permission) Known() bool { return slices.Contains(Permissions, p) }
