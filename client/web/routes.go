package web

import "net/http"

// The URLs that more than one place names.
const (
	todayURL    = "/"
	openURL     = "/open"
	enrolURL    = "/enrol"
	liveURL     = "/live"
	settingsURL = "/settings"
	outboxURL   = "/outbox"
	stockURL    = "/stock"
	logoURL     = "/slip-logo"
)

// route is one URL: what it does and, where it may refuse, the page that shows why.
type route struct {
	pattern string
	do      handler
	again   handler
}

// routes lists every URL of the app.
var routes = []route{
	{"GET /{$}", (*request).today, nil},
	{"GET " + openURL, (*request).open, nil},
	{"POST /plans", (*request).seePlans, (*request).today},

	{"GET /jobs/{id}", (*request).job, nil},
	{"POST /jobs/{id}/step", (*request).step, (*request).job},
	{"GET /jobs/{id}/decline", (*request).decline, nil},
	{"POST /jobs/{id}/decline", (*request).doDecline, (*request).decline},
	{"GET /jobs/{id}/absent", (*request).absent, nil},
	{"POST /jobs/{id}/absent", (*request).doAbsent, (*request).absent},
	{"GET /jobs/{id}/machine", (*request).jobMachine, nil},
	{"GET /jobs/{id}/cover", (*request).cover, nil},
	{"GET /jobs/{id}/knowledge", (*request).knowledge, nil},
	{"GET /jobs/{id}/manuals", (*request).manuals, nil},
	{"POST /jobs/{id}/knowledge", (*request).useSolution, (*request).knowledge},
	{"GET /jobs/{id}/comments", (*request).comments, nil},
	{"POST /jobs/{id}/comments", (*request).comment, (*request).comments},

	{"GET /jobs/{id}/ready", (*request).ready, nil},
	{"GET /jobs/{id}/parts", (*request).jobParts, nil},
	{"GET /jobs/{id}/parts/{way}", (*request).pickPart, nil},
	{"GET /jobs/{id}/parts/{way}/{part}", (*request).movePart, nil},
	{"POST /jobs/{id}/parts/{way}/{part}", (*request).doMovePart, (*request).movePart},
	{"GET /jobs/{id}/swap", (*request).swap, nil},
	{"POST /jobs/{id}/swap", (*request).doSwap, (*request).swap},

	{"GET /jobs/{id}/checklist", (*request).checklist, nil},
	{"GET /jobs/{id}/checklist/{list}/{key}", (*request).question, nil},
	{"POST /jobs/{id}/checklist/{list}/{key}", (*request).answerIt, (*request).question},
	{"GET /jobs/{id}/findings", (*request).findings, nil},
	{"POST /jobs/{id}/findings", (*request).find, (*request).findings},
	{"GET /jobs/{id}/photos", (*request).photos, nil},
	{"POST /jobs/{id}/photos", (*request).addPhotos, (*request).photos},
	{"GET /jobs/{id}/price", (*request).price, nil},
	{"POST /jobs/{id}/charge", (*request).charge, (*request).price},
	{"GET /jobs/{id}/consent", (*request).consent, nil},
	{"POST /jobs/{id}/consent", (*request).agree, (*request).consent},
	{"POST /jobs/{id}/approve", (*request).approve, (*request).price},
	{"POST /jobs/{id}/pay", (*request).pay, (*request).price},
	{"GET /jobs/{id}/goods", (*request).goods, nil},
	{"POST /jobs/{id}/goods", (*request).takeGoods, (*request).goods},
	{"GET /jobs/{id}/finish", (*request).finish, nil},
	{"POST /jobs/{id}/finish", (*request).doFinish, (*request).finish},
	{"GET /jobs/{id}/sign", (*request).sign, nil},
	{"POST /jobs/{id}/sign", (*request).doSign, (*request).sign},
	{"GET /jobs/{id}/slip", (*request).slip, nil},
	{"GET " + logoURL, (*request).logo, nil},
	{"GET /files/{id}", (*request).file, nil},
	{"GET /files/{id}/small", (*request).thumbnail, nil},
	{"POST /files/{id}/fetch", (*request).fetch, nil},
	{"POST /files/{id}/still", (*request).still, nil},
	{"POST /files/{id}/again", (*request).sendAgain, nil},

	{"GET /stock", (*request).stock, nil},
	{"GET /parts/{id}", (*request).part, nil},
	{"POST /parts/{id}/count", (*request).count, (*request).part},
	{"POST /parts/{id}/ask", (*request).ask, (*request).part},
	{"POST /parts/{id}/give", (*request).give, (*request).part},
	{"GET /handovers", (*request).handOvers, nil},
	{"GET /handovers/{id}", (*request).handOver, nil},
	{"GET /handovers/{id}/qr.svg", (*request).handOverQR, nil},
	{"POST /handovers/{id}/cancel", (*request).cancelHandOver, (*request).handOver},
	{"GET /take", (*request).take, nil},
	{"POST /take", (*request).doTake, (*request).take},

	{"POST /scan", (*request).scan, nil},
	{"GET /outbox", (*request).outbox, nil},
	{"POST /outbox", (*request).syncNow, nil},
	{"GET /export", (*request).export, nil},
	{"POST /export", (*request).handedOver, (*request).export},
	{"GET /export/file", (*request).exportFile, nil},
	{"GET /export/codes", (*request).codes, nil},
	{"GET /export/codes/{n}", (*request).codeQR, nil},
	{"GET /outbox/{dot}", (*request).mend, nil},
	{"POST /outbox/{dot}", (*request).settle, (*request).mend},
	{"GET /search", (*request).search, nil},
	{"GET /machines/{id}", (*request).machine, nil},
	{"GET /machines/{id}/manuals", (*request).machineManuals, nil},
	{"GET /customers/{id}", (*request).customer, nil},
	{"GET /mine", (*request).mine, nil},
	{"GET /told", (*request).told, nil},
	{"GET /jobs/new", (*request).newJob, nil},
	{"POST /jobs/new", (*request).createJob, (*request).newJob},

	{"GET /settings", (*request).settings, nil},
	{"POST /settings", (*request).set, (*request).settings},
	{"POST /position", (*request).position, nil},
	{"GET /enrol", (*request).enrolment, nil},
	{"POST /enrol", (*request).enrol, (*request).enrolment},
	{"GET /live", (*request).live, nil},
	{"GET /{nowhere...}", (*request).nowhere, nil},
}

// Handler serves the app, for a program that listens by itself: on the loopback interface only. It wants the cookie
// that Start's URL is exchanged for.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", static())
	for _, r := range routes {
		mux.Handle(r.pattern, a.answer(r.do, r.again))
	}
	return a.guard(limited(mux))
}
