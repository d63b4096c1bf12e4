package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

// statuses says what a code is in HTTP; any other refusal is 422.
var statuses = map[fault.Code]int{
	NotFound: http.StatusNotFound, fault.UnknownRow: http.StatusNotFound, BadRequest: http.StatusBadRequest, UnknownField: http.StatusUnprocessableEntity,
	BadMethod: http.StatusMethodNotAllowed, NeedsMatch: http.StatusPreconditionRequired, NoRight: http.StatusForbidden, fault.NotAllowed: http.StatusForbidden,
	fault.Unauthentic: http.StatusUnauthorized, TooOften: http.StatusTooManyRequests, fault.TooLarge: http.StatusRequestEntityTooLarge,
	auth.LoginTaken: http.StatusConflict, auth.RoleTaken: http.StatusConflict, auth.RoleInUse: http.StatusConflict, auth.LastAdmin: http.StatusConflict, auth.BeyondOwn: http.StatusForbidden, aftersales.KeyReused: http.StatusConflict, fault.Exists: http.StatusConflict, fault.Closed: http.StatusConflict, aftersales.NotSeen: http.StatusConflict,
	blob.Unknown: http.StatusNotFound, blob.NoPicture: http.StatusNotFound, blob.WrongKind: http.StatusUnsupportedMediaType, blob.Erased: http.StatusGone,
	blob.OverQuota: http.StatusTooManyRequests, blob.HubFull: http.StatusInsufficientStorage, fault.Malformed: http.StatusBadRequest,
	fault.Overloaded: http.StatusServiceUnavailable, fault.Internal: http.StatusInternalServerError,
}

var (
	errNotFound = fault.New(NotFound, "There is nothing at this address.")
	errMovedOn  = fault.New(aftersales.NotSeen, "It has changed since you saw it. Read it again.")
	errMethod   = fault.New(BadMethod, "This address does not take this method. The header Allow says which it takes.")
)

// misfit is a refusal of what one field of a body says.
type misfit struct {
	field   string // "" where it is not known
	refusal error
}

func (m *misfit) Error() string { return m.field + ": " + m.refusal.Error() }
func (m *misfit) Unwrap() error { return m.refusal }

// about says which field of a body an error is about.
func about(field string, err error) error { return &misfit{field: field, refusal: err} }

// needed refuses a body without the field.
func needed(field string) error { return refused(field, fault.Invalid, nil, "%s is needed.", field) }

// firstOf returns the first error, nil for none.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// refused refuses what a field says, in a sentence with values in it (fault.Newf); the cause is for the log.
func refused(field string, code fault.Code, cause error, form string, values ...any) error {
	why := fault.Newf(code, form, values...)
	why.Detail = cause
	return &misfit{field: field, refusal: why}
}

// blamed says which field of a body a refusal of the business is about: the first that the route takes.
var blamed = map[fault.Code][]string{
	aftersales.MissingReason: {"reason"}, aftersales.UnknownPart: {"part"}, aftersales.UnknownLocation: {"location", "to_location", "from_location"},
	aftersales.BadQuantity: {"quantity", "counted", "approved", "minimum", "reading"}, aftersales.WrongUnit: {"quantity", "minimum"},
	aftersales.SamePlace: {"to_location", "from_location"}, aftersales.MissingSerial: {"serial"}, aftersales.SameSerial: {"serial", "unit"}, aftersales.BadTerm: {"last_day", "ends_on"},
	aftersales.CoverUnclear: {"unit"}, aftersales.BadMoney: {"amount", "unit_cost", "price"}, aftersales.BadPhone: {"phone", "phone2"}, aftersales.BadMail: {"email"},
	aftersales.BadFile: {"sha256"}, aftersales.BadAmount: {"amount"}, aftersales.UnknownCode: {"method"}, aftersales.BadAnswer: {"text"}, aftersales.UnknownQuestion: {"question"}, aftersales.MissingPhoto: {"photo_files"},
	aftersales.ClockRunning: {"edge"}, aftersales.ClockStopped: {"edge"}, aftersales.NotAssigned: {"person"}, aftersales.MeterBackwards: {"reading"}, aftersales.PricePublished: {"valid_from"},
	aftersales.BadWindow: {"window_end", "plan_end", "end", "ends_at"}, aftersales.BadCall: {"phone"}, aftersales.BadSkill: {"level"},
	aftersales.BadHours: {"hours"}, aftersales.BadPosition: {"latitude"},
	aftersales.MergeSelf: {"same_as"}, aftersales.AlreadyMerged: {"same_as"}, aftersales.DiscountTooHigh: {"discount"}, auth.LoginTaken: {"login"},
	aftersales.UnknownPolicy: {"kind"}, aftersales.BadPolicy: {"body"}, aftersales.PolicyBackdated: {"valid_from"}, aftersales.Backdated: {"at", "occurred", "taken_at"}, aftersales.PolicyPublished: {"replaces"},
	aftersales.BadQuestion: {"questions"}, aftersales.BadSetting: {"value"}, aftersales.BadPattern: {"pattern"}, auth.UnknownRole: {"like", "roles"},
	aftersales.BadField: {"fields", "field", "minimum"}, aftersales.TooManyFields: {"field"}, auth.RoleTaken: {"name"}, auth.BeyondOwn: {"roles", "may", "like"}, auth.LastAdmin: {"roles"},
}

// blame names the field that a refusal is about, where only its code says so.
func (rt *Route) blame(err error) error {
	var m *misfit
	if errors.As(err, &m) {
		return err
	}
	for _, field := range blamed[fault.CodeOf(err)] {
		if rt.takes(field) {
			return about(field, err)
		}
	}
	if fault.CodeOf(err) == fault.UnknownRow && rt.body != nil { // not the row in the URL: one that the body needs
		return &misfit{refusal: err}
	}
	return err
}

// say returns why something was refused, in the language that the program asks for.
func (a *API) say(w http.ResponseWriter, r *http.Request, f *fault.Error) string {
	if a.Say == nil {
		return f.Message
	}
	said, language := a.Say(r.Header.Get("Accept-Language"), f)
	w.Header().Set("Content-Language", language)
	w.Header().Set("Vary", "Accept-Language")
	return said
}

// fail answers with what is wrong (RFC 9457). What is no refusal is a fault of the hub, whose detail stays in its log. That has routes
// and no paths: what another system calls a row stands in some, often somebody's telephone number.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.Wrap(fault.Internal, "Something is wrong with the server. Nothing was written. Try again later.", err)
	}
	status, ok := statuses[f.Code]
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	var m *misfit
	named := errors.As(err, &m)
	if named && f.Code == fault.UnknownRow {
		status = http.StatusUnprocessableEntity
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		a.Log.Warn("a program was refused", "route", r.Pattern, "code", f.Code, "from", auth.Address(r, a.Proxies))
	}
	if status >= 500 {
		a.Log.Error("a program's request failed", "route", r.Pattern, "err", err)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fieldsync"`)
	}
	problem := object{"type": "about:blank", "title": http.StatusText(status), "status": status, "code": f.Code, "detail": a.say(w, r, f)}
	if named && m.field != "" {
		problem["field"] = m.field
	}
	b, _ := json.Marshal(problem) // texts and a number
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
