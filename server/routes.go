package server

import (
	"net/http"
	"slices"

	"fieldsync/server/admin"
	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/sync/wire"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// Page is one action of the office: its URL, the permission it takes, and what answers.
type Page struct {
	Method, Path string
	Need         auth.Permission
	Act          admin.Action
}

// Pages are the office's, for people who are signed in.
var Pages = slices.Concat(ownPages, several(), keys(),
	usual(admin.Assets, auth.SeeAssets, auth.EditAssets),
	usual(admin.Products, auth.SeeProducts, auth.EditProducts),
	usual(admin.Parts, auth.SeeParts, auth.EditParts),
	usual(admin.Locations, auth.SeeParts, auth.EditParts),
	usual(admin.Movements, auth.SeeParts, auth.MoveStock),
	usual(admin.PartRequests, auth.SeeParts, auth.RequestParts),
	usual(admin.HandOvers, auth.SeeParts, ""),
	usual(admin.Notices, auth.SeeNotices, ""),
	usual(admin.Solutions, auth.SeeKnowledge, auth.EditKnowledge),
	usual(admin.Documents, auth.SeeKnowledge, auth.EditKnowledge),
	usual(admin.Checklists, auth.SeeChecklists, auth.EditChecklists),
	usual(admin.Codes, auth.EditSettings, auth.EditSettings),
	usual(admin.Fields, auth.EditSettings, auth.EditSettings),
	usual(admin.Branches, auth.EditSettings, auth.EditSettings),
	usual(admin.Teams, auth.SeePeople, auth.EditPeople),
	usual(admin.Substates, auth.EditSettings, auth.EditSettings),
	usual(admin.Calls, auth.SeeRequests, ""),
	usual(admin.Goods, auth.SeeJobs, ""),
	usual(admin.CustomerGroups, auth.SeeCustomers, auth.EditGroups),
	usual(admin.Colleague, auth.SeePeople, auth.EditPeople),
)

// usual are the pages of a noun: its list, where it has one, at its URL, the page of one at URL/{id}; where it has a form, URL/new and
// URL/{id}/edit; and URL/{id}/NAME for each of its deeds, which have permissions of their own.
func usual(n *admin.Noun, see, edit auth.Permission) []Page {
	one := n.URL + "/{id}"
	pages := []Page{{"GET", one, see, n.ShowOne}}
	if n.Lists != nil {
		pages = append(pages, Page{"GET", n.URL, see, n.ShowAll})
	}
	if f := n.One.Form; f != nil {
		if f.Create != nil {
			pages = append(pages, Page{"GET", n.URL + "/new", edit, n.ShowNew}, Page{"POST", n.URL, edit, n.SendNew})
		}
		if f.Edit != "" {
			pages = append(pages, Page{"GET", one + "/edit", edit, n.ShowEdit}, Page{"POST", one + "/edit", edit, n.SendEdit})
		}
	}
	for _, d := range n.Deeds {
		pages = append(pages, Page{"GET", one + "/" + d.Name, d.Need, n.Show(d)}, Page{"POST", one + "/" + d.Name, d.Need, n.Send(d)})
	}
	return pages
}

// keys are the pages by which rows are given keys of other systems, and lose them.
func keys() (pages []Page) {
	for _, k := range admin.KeyedRows {
		at := k.URL + "/{id}/keys"
		pages = append(pages, Page{"GET", at, k.Edit, k.Show}, Page{"POST", at, k.Edit, k.Send}, Page{"POST", at + "/retire", k.Edit, k.Retire})
	}
	return pages
}

// several are the pages on which something is done to several rows of a list at once.
func several() (pages []Page) {
	for _, e := range admin.Several() {
		for _, d := range e.Deeds {
			pages = append(pages, Page{"POST", e.URL + "/each/" + d.Name, d.Need, e.Send(d)})
		}
	}
	return pages
}

// ownPages are those that each have an action of their own.
var ownPages = []Page{
	{"GET", "/stock", auth.SeeParts, (*admin.Office).ListStock},
	{"GET", "/locations/{id}/count", auth.CountStock, (*admin.Office).ShowCount},
	{"POST", "/locations/{id}/count", auth.CountStock, (*admin.Office).SendCount},
	{"GET", "/checklists/{id}/questions", auth.EditChecklists, (*admin.Office).ShowQuestions},
	{"POST", "/checklists/{id}/questions", auth.EditChecklists, (*admin.Office).SendQuestions},

	{"GET", "/policies", auth.SeePolicies, (*admin.Office).ListPolicies},
	{"GET", "/policies/{kind}", auth.SeePolicies, (*admin.Office).ShowPolicy},
	{"GET", "/policies/{kind}/new", auth.EditPolicies, (*admin.Office).NewPolicy},
	{"POST", "/policies/{kind}", auth.EditPolicies, (*admin.Office).PublishPolicy},
	{"GET", "/policies/{kind}/end", auth.EditPolicies, (*admin.Office).AskEndPolicy},
	{"POST", "/policies/{kind}/end", auth.EditPolicies, (*admin.Office).EndPolicy},

	{"GET", "/settings", auth.EditSettings, (*admin.Office).ListSettings},
	{"GET", "/settings/{name}", auth.EditSettings, (*admin.Office).ShowSetting},
	{"POST", "/settings/{name}", auth.EditSettings, (*admin.Office).SetSetting},
	{"GET", "/slip-template", auth.EditSettings, (*admin.Office).ShowTemplate},
	{"POST", "/slip-template", auth.EditSettings, (*admin.Office).SendTemplate},
	{"POST", "/slip-logo", auth.EditSettings, (*admin.Office).SendLogo},
	{"GET", "/slip-logo", auth.SeeJobs, (*admin.Office).ShowLogo},
	{"GET", "/numbers", auth.EditSettings, (*admin.Office).ListNumbers},
	{"GET", "/numbers/{series}", auth.EditSettings, (*admin.Office).ShowNumber},
	{"POST", "/numbers/{series}", auth.EditSettings, (*admin.Office).SetNumber},
	{"GET", "/numbers/{series}/start", auth.EditSettings, (*admin.Office).ShowStart},
	{"POST", "/numbers/{series}/start", auth.EditSettings, (*admin.Office).SetStart},

	{"GET", "/import", auth.ImportData, (*admin.Office).ListImports},
	{"POST", "/import", auth.ImportData, (*admin.Office).SendImport},
	{"GET", "/import/{id}", auth.ImportData, (*admin.Office).ShowImport},
	{"POST", "/import/{id}/check", auth.ImportData, (*admin.Office).CheckImport},
	{"POST", "/import/{id}/take", auth.ImportData, (*admin.Office).TakeImport},
	{"POST", "/import/{id}/undo", auth.ImportData, (*admin.Office).UndoImport},
	{"GET", "/import/{id}/refused", auth.ImportData, (*admin.Office).RefusedRows},
	{"GET", "/import/{id}/stayed", auth.ImportData, (*admin.Office).StayedRows},

	{"GET", "/keys", auth.ImportData, (*admin.Office).ListKeys},
	{"GET", "/keys/{id}", auth.ImportData, (*admin.Office).FollowKey},

	{"GET", "/password", auth.SignedIn, (*admin.Office).ShowPassword},
	{"POST", "/password", auth.SignedIn, (*admin.Office).SetPassword},
	{"GET", "/second-step", auth.SignedIn, (*admin.Office).ShowSecondStep},
	{"POST", "/second-step", auth.SignedIn, (*admin.Office).ConfirmSecondStep},
	{"POST", "/second-step/offer", auth.SignedIn, (*admin.Office).OfferSecondStep},
	{"POST", "/second-step/recovery", auth.SignedIn, (*admin.Office).RenewRecovery},
	{"POST", "/second-step/remove", auth.SignedIn, (*admin.Office).RemoveSecondStep},
	{"POST", "/second-step/passkeys", auth.SignedIn, (*admin.Office).AddPasskey},
	{"POST", "/second-step/passkeys/offer", auth.SignedIn, (*admin.Office).OfferPasskey},
	{"POST", "/second-step/passkeys/remove", auth.SignedIn, (*admin.Office).RemovePasskey},
	{"POST", "/language", auth.SignedIn, (*admin.Office).SetLanguage},
	{"POST", "/sign-out", auth.SignedIn, (*admin.Office).SignOut},
	{"POST", "/sign-out/everywhere", auth.SignedIn, (*admin.Office).SignOutEverywhere},
	{"POST", "/views", auth.SignedIn, (*admin.Office).SaveView},
	{"POST", "/views/drop", auth.SignedIn, (*admin.Office).DropView},
	{"GET", "/live", auth.SignedIn, (*admin.Office).Live},
	{"GET", "/search", auth.SignedIn, (*admin.Office).Search},
	{"GET", "/find", auth.SignedIn, (*admin.Office).Find},
	{"GET", "/", auth.SignedIn, (*admin.Office).Home},

	{"GET", "/intake", auth.TakeCalls, (*admin.Office).ShowIntake},
	{"POST", "/intake", auth.TakeCalls, (*admin.Office).SendIntake},

	{"GET", "/requests", auth.SeeRequests, (*admin.Office).ListRequests},
	{"GET", "/requests/{id}", auth.SeeRequests, (*admin.Office).ShowRequest},
	{"GET", "/requests/{id}/edit", auth.EditRequests, (*admin.Office).EditRequest},
	{"POST", "/requests/{id}/edit", auth.EditRequests, (*admin.Office).SaveRequest},
	{"POST", "/requests/{id}/hand", auth.EditRequests, (*admin.Office).HandRequest},
	{"POST", "/requests/{id}/answer", auth.EditRequests, (*admin.Office).AnswerRequest},
	{"POST", "/requests/{id}/wait", auth.EditRequests, (*admin.Office).WaitRequest},
	{"POST", "/requests/{id}/move", auth.EditRequests, (*admin.Office).MoveRequest},
	{"POST", "/requests/{id}/substate", auth.EditRequests, (*admin.Office).SetRequestSubstate},
	{"POST", "/requests/{id}/cancel", auth.EditRequests, (*admin.Office).CancelRequest},
	{"POST", "/requests/{id}/solve", auth.TakeCalls, (*admin.Office).SolveRequest},
	{"POST", "/requests/{id}/close", auth.EditRequests, (*admin.Office).CloseRequest},
	{"POST", "/requests/{id}/reopen", auth.EditRequests, (*admin.Office).ReopenRequest},
	{"POST", "/requests/{id}/job", auth.CreateJobs, (*admin.Office).MakeJobOfRequest},
	{"POST", "/requests/{id}/calls", auth.TakeCalls, (*admin.Office).CallAboutRequest},
	{"POST", "/requests/{id}/files", auth.Comment, (*admin.Office).AttachToRequest},
	{"POST", "/requests/{id}/comments", auth.Comment, (*admin.Office).CommentRequest},

	{"GET", "/board", auth.SeeBoard, (*admin.Office).ShowBoard},
	{"GET", "/map", auth.SeeMap, (*admin.Office).ShowMap},
	{"POST", "/board/{id}/assign", auth.Dispatch, (*admin.Office).AssignOnBoard},
	{"POST", "/board/{id}/move", auth.Dispatch, (*admin.Office).MoveOnBoard},
	{"POST", "/board/{id}/unassign", auth.Dispatch, (*admin.Office).UnassignOnBoard},

	{"GET", "/jobs", auth.SeeJobs, (*admin.Office).ListJobs},
	{"GET", "/jobs/new", auth.CreateJobs, (*admin.Office).NewJob},
	{"POST", "/jobs", auth.CreateJobs, (*admin.Office).CreateJob},
	{"GET", "/jobs/{id}", auth.SeeJobs, (*admin.Office).ShowJob},
	{"GET", "/jobs/{id}/edit", auth.EditJobs, (*admin.Office).EditJob},
	{"POST", "/jobs/{id}/edit", auth.EditJobs, (*admin.Office).SaveJob},
	{"POST", "/jobs/{id}/assign", auth.Dispatch, (*admin.Office).AssignJob},
	{"POST", "/jobs/{id}/reassign", auth.Dispatch, (*admin.Office).ReassignJob},
	{"POST", "/jobs/{id}/unassign", auth.Dispatch, (*admin.Office).UnassignJob},
	{"POST", "/jobs/{id}/cancel", auth.CancelJobs, (*admin.Office).CancelJob},
	{"POST", "/jobs/{id}/finish", auth.EditRecords, (*admin.Office).FinishVisit},
	{"POST", "/jobs/{id}/close", auth.CloseJobs, (*admin.Office).CloseJob},
	{"POST", "/jobs/{id}/reopen", auth.CloseJobs, (*admin.Office).ReopenJob},
	{"POST", "/jobs/{id}/charges", auth.EditRecords, (*admin.Office).ChargeJob},
	{"POST", "/jobs/{id}/charges/back", auth.EditRecords, (*admin.Office).TakeBackCharge},
	{"POST", "/jobs/{id}/reckon", auth.SettleBilling, (*admin.Office).ReckonJob},
	{"POST", "/jobs/{id}/approve", auth.Approve, (*admin.Office).ApproveJob},
	{"POST", "/jobs/{id}/code", auth.Approve, (*admin.Office).IssueCode},
	{"POST", "/jobs/{id}/slips/audit", auth.AuditSlips, (*admin.Office).AuditSlip},
	{"POST", "/jobs/{id}/slips/unaudit", auth.AuditSlips, (*admin.Office).UnauditSlip},
	{"POST", "/jobs/{id}/substate", auth.EditJobs, (*admin.Office).SetSubstate},
	{"POST", "/jobs/{id}/comments", auth.Comment, (*admin.Office).CommentJob},
	{"POST", "/jobs/{id}/comments/correct", auth.EditMessages, (*admin.Office).CorrectComment},
	{"POST", "/jobs/{id}/comments/take-back", auth.DeleteMessages, (*admin.Office).TakeBackComment},
	{"POST", "/jobs/{id}/archive", auth.DeleteRecords, (*admin.Office).ArchiveJob},
	{"POST", "/jobs/{id}/unarchive", auth.DeleteRecords, (*admin.Office).UnarchiveJob},
	{"POST", "/requests/{id}/archive", auth.DeleteRecords, (*admin.Office).ArchiveRequest},
	{"POST", "/requests/{id}/unarchive", auth.DeleteRecords, (*admin.Office).UnarchiveRequest},
	{"POST", "/jobs/{id}/files", auth.Comment, (*admin.Office).AttachToJob},
	{"GET", "/slips/{id}", auth.SeeJobs, (*admin.Office).ShowSlip},
	{"GET", "/attachments/{id}", auth.SeeJobs, (*admin.Office).ShowFile},
	{"GET", "/attachments/{id}/thumbnail", auth.SeeJobs, (*admin.Office).ShowThumbnail},

	{"GET", "/documents/{id}/file", auth.SeeKnowledge, (*admin.Office).ShowDocumentFile},

	{"GET", "/ring", auth.TakeCalls, (*admin.Office).ShowRing},
	{"POST", "/ring", auth.TakeCalls, (*admin.Office).TakeRing},

	{"GET", "/customers", auth.SeeCustomers, (*admin.Office).ListCustomers},
	{"GET", "/customers/new", auth.EditCustomers, (*admin.Office).NewCustomer},
	{"POST", "/customers", auth.EditCustomers, (*admin.Office).CreateCustomer},
	{"GET", "/customers/duplicates", auth.EditCustomers, (*admin.Office).ListDuplicates},
	{"GET", "/customers/{id}", auth.SeeCustomers, (*admin.Office).ShowCustomer},
	{"GET", "/customers/{id}/edit", auth.EditCustomers, (*admin.Office).EditCustomer},
	{"POST", "/customers/{id}/edit", auth.EditCustomers, (*admin.Office).SaveCustomer},

	{"POST", "/customers/{id}/contacts", auth.EditCustomers, (*admin.Office).AddContact},
	{"POST", "/customers/{id}/sites", auth.EditCustomers, (*admin.Office).AddSite},
	{"POST", "/customers/{id}/machines", auth.EditAssets, (*admin.Office).AddMachine},
	{"POST", "/customers/{id}/contracts", auth.EditContracts, (*admin.Office).MakeContract},
	{"POST", "/customers/{id}/blacklist", auth.Blacklist, (*admin.Office).BlacklistCustomer},
	{"POST", "/customers/{id}/unblacklist", auth.Blacklist, (*admin.Office).UnblacklistCustomer},
	{"POST", "/customers/{id}/join", auth.DeleteCustomers, (*admin.Office).JoinCustomer},
	{"POST", "/customers/{id}/part", auth.DeleteCustomers, (*admin.Office).PartCustomer},
	{"GET", "/contacts/{id}", auth.SeeCustomers, (*admin.Office).ShowContact},
	{"GET", "/contacts/{id}/edit", auth.EditCustomers, (*admin.Office).EditContact},
	{"POST", "/contacts/{id}/edit", auth.EditCustomers, (*admin.Office).SaveContact},
	{"GET", "/sites/{id}", auth.SeeCustomers, (*admin.Office).ShowSite},
	{"GET", "/sites/{id}/edit", auth.EditCustomers, (*admin.Office).EditSite},
	{"POST", "/sites/{id}/edit", auth.EditCustomers, (*admin.Office).SaveSite},
	{"GET", "/contracts/{id}", auth.SeeContracts, (*admin.Office).ShowContract},
	{"GET", "/contracts/{id}/edit", auth.EditContracts, (*admin.Office).EditContract},
	{"POST", "/contracts/{id}/edit", auth.EditContracts, (*admin.Office).SaveContract},
	{"POST", "/contracts/{id}/end", auth.EditContracts, (*admin.Office).EndContract},
	{"POST", "/contracts/{id}/covers", auth.EditContracts, (*admin.Office).CoverMachine},

	{"GET", "/day-reports", auth.SeeStatistics, (*admin.Office).ListDayReports},
	{"GET", "/day-reports/{id}", auth.SeeStatistics, (*admin.Office).ShowDayReport},

	{"GET", "/conflicts", auth.SeeInbox, (*admin.Office).ListConflicts},
	{"POST", "/conflicts/settle", auth.Settle, (*admin.Office).Settle},
	{"GET", "/discrepancies", auth.SeeInbox, (*admin.Office).ListDiscrepancies},
	{"GET", "/discrepancies/{id}", auth.SeeInbox, (*admin.Office).ShowDiscrepancy},
	{"POST", "/discrepancies/{id}/settle", auth.SettleStock, (*admin.Office).SettleDiscrepancy},
	{"GET", "/billing-findings", auth.SeeInbox, (*admin.Office).ListFindings},
	{"GET", "/billing-findings/{id}", auth.SeeInbox, (*admin.Office).ShowFinding},
	{"POST", "/billing-findings/{id}/settle", auth.SettleBilling, (*admin.Office).SettleFinding},
	{"GET", "/refused", auth.SeeInbox, (*admin.Office).ListRefused},
	{"GET", "/refused/{dot}", auth.SeeInbox, (*admin.Office).ShowRefused},
	{"POST", "/refused/{dot}", auth.Release, (*admin.Office).Decide},

	{"GET", "/devices", auth.SeeDevices, (*admin.Office).ListDevices},
	{"GET", "/devices/{id}", auth.SeeDevices, (*admin.Office).ShowDevice},
	{"POST", "/devices/codes", auth.EnrolDevices, (*admin.Office).NewCode},
	{"GET", "/brought", auth.EnrolDevices, (*admin.Office).ShowBrought},
	{"POST", "/brought", auth.EnrolDevices, (*admin.Office).TakeBrought},
	{"POST", "/devices/{id}/standing", auth.RevokeDevices, (*admin.Office).SetStanding},

	{"GET", "/dossiers/{table}/{id}", auth.EraseCustomers, (*admin.Office).ShowDossier},
	{"GET", "/dossiers/{table}/{id}/file", auth.EraseCustomers, (*admin.Office).DownloadDossier},
	{"POST", "/dossiers/{table}/{id}/erase", auth.EraseCustomers, (*admin.Office).EraseDossier},

	{"GET", "/told", auth.SignedIn, (*admin.Office).ShowTold},
	{"GET", "/told/reach", auth.SignedIn, (*admin.Office).ShowReach},
	{"POST", "/told/reach", auth.SignedIn, (*admin.Office).SetReach},

	{"GET", "/people", auth.SeePeople, (*admin.Office).ListPeople},
	{"POST", "/people", auth.ManagePeople, (*admin.Office).AddPerson},
	{"POST", "/people/{id}/roles", auth.ManagePeople, (*admin.Office).SetRoles},
	{"POST", "/people/{id}/extension", auth.EditPeople, (*admin.Office).SetExtension},
	{"POST", "/people/{id}/password", auth.ManagePeople, (*admin.Office).ResetPassword},
	{"POST", "/people/{id}/second-step", auth.ManagePeople, (*admin.Office).ResetSecondStep},
	{"POST", "/people/{id}/sign-out", auth.ManagePeople, (*admin.Office).EndSessions},
	{"POST", "/people/{id}/active", auth.ManagePeople, (*admin.Office).SetActive},

	{"GET", "/audit", auth.SeeAudit, (*admin.Office).ShowAudit},
	{"GET", "/audit/deeds", auth.SeeAudit, (*admin.Office).ListDeeds},
	{"POST", "/audit/chain", auth.SeeAudit, (*admin.Office).FollowChain},

	{"GET", "/programs", auth.ManageTokens, (*admin.Office).ListPrograms},
	{"POST", "/programs", auth.ManageTokens, (*admin.Office).AddProgram},
	{"POST", "/programs/{id}/revoke", auth.ManageTokens, (*admin.Office).RevokeProgram},
	{"GET", "/webhooks", auth.ManageWebhooks, (*admin.Office).ListWebhooks},
	{"POST", "/webhooks", auth.ManageWebhooks, (*admin.Office).AddWebhook},
	{"POST", "/webhooks/{id}/switch", auth.ManageWebhooks, (*admin.Office).SwitchWebhook},
	{"POST", "/webhooks/{id}/key", auth.ManageWebhooks, (*admin.Office).RekeyWebhook},
	{"POST", "/webhooks/{id}/remove", auth.ManageWebhooks, (*admin.Office).RemoveWebhook},

	{"GET", "/roles", auth.SeePeople, (*admin.Office).ListRoles},
	{"POST", "/roles", auth.ManageRoles, (*admin.Office).AddRole},
	{"POST", "/roles/change", auth.ManageRoles, (*admin.Office).ChangeRole},
	{"POST", "/roles/second-step", auth.ManageRoles, (*admin.Office).GuardRole},
	{"POST", "/roles/drop", auth.ManageRoles, (*admin.Office).DropRole},
}

// routes returns the handler of every URL.
func (s *Server) routes(office *admin.Office, sessions *auth.Sessions, programs http.Handler) http.Handler {
	m := newMeters(s.parts.Metrics)
	r := chi.NewRouter()
	r.Use(s.recoverer, m.count, s.stayEncrypted, closed)

	r.Get("/healthz", s.health)
	r.Get("/metrics", s.metrics)
	r.Method("GET", "/sync", s.parts.Sync)
	r.Post("/enrol", s.enrol)
	r.Post("/wiped", wiped(s.devices, s.refuse))
	if s.parts.Files != nil {
		r.Handle("/files/*", s.parts.Files)
	}
	if s.parts.Segments != nil {
		r.Get(wire.SegmentPath+"{class}", s.parts.Segments)
	}
	if programs != nil {
		r.Handle(api.Prefix+"/*", programs)
	}
	r.Handle("/static/*", admin.Guard(middleware.NewCompressor(5, "text/css", "text/javascript").Handler(admin.Static())))

	r.Group(func(r chi.Router) {
		guard := http.NewCrossOriginProtection()
		guard.SetDenyHandler(admin.Guard(sessions.Load(office.Open((*admin.Office).Foreign))))
		r.Use(admin.Guard, guard.Handler, sessions.Load)
		r.Method("GET", "/sign-in", office.Open((*admin.Office).ShowSignIn))
		r.Method("GET", "/sign-in/code", office.Open((*admin.Office).ShowSignInCode))
		r.Method("POST", "/sign-in/code", office.Open((*admin.Office).SignInCode))
		r.Method("POST", "/sign-in/code/passkey", office.Open((*admin.Office).StepByPasskey))
		r.Method("POST", "/sign-in", office.Open((*admin.Office).SignIn))
		r.Method("POST", "/sign-in/passkey", office.Open((*admin.Office).SignInByPasskey))
		for _, p := range Pages {
			r.Method(p.Method, p.Path, office.Page(p.Need, p.Act))
		}
		r.NotFound(office.Page(auth.SignedIn, (*admin.Office).NotFound).ServeHTTP)
	})
	return r
}

// closed sets what every answer carries, whoever gives it: it is what it says to be, nothing in it runs, and no page of
// another site holds it. Pages and files have policies of their own.
func closed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
