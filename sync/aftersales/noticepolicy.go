package aftersales

import (
	"slices"
	"strings"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/worktime"
)

// The events that notices tell of.
const (
	NoticeAssigned   = "job.assigned"
	NoticeUnassigned = "job.unassigned"
	NoticeMoved      = "job.moved" // its window was changed
	NoticeCancelled  = "job.cancelled"
	NoticeDone       = "job.done"
	NoticeReceived   = "request.received"
	NoticeHanded     = "request.handed"
	NoticeEscalated  = "request.escalated"
	NoticePlanned    = "request.planned"  // the customer was told what will be done
	NoticeReported   = "request.reported" // he was given the report of it
	NoticeClosed     = "request.closed"
	NoticeDueSoon    = "request.due_soon" // a promise of it; nobody did anything
	NoticeBreached   = "request.breached"
)

// NoticeEvents are all of them.
var NoticeEvents = []string{
	NoticeAssigned, NoticeUnassigned, NoticeMoved, NoticeCancelled, NoticeDone, NoticeReceived, NoticeHanded, NoticeEscalated,
	NoticePlanned, NoticeReported, NoticeClosed, NoticeDueSoon, NoticeBreached,
}

// To whom a notice goes.
const (
	ToConcerned = "concerned" // whose job or request it is now; of a job that was taken away: whose it was
	ToContact   = "contact"   // the customer's
	ToAddress   = "address"   // one that the rule names: a robot, a webhook
)

// NoticeRule says who hears of an event, and how.
type NoticeRule struct {
	Event    string            `json:"event"`
	To       string            `json:"to"`
	Channel  string            `json:"channel"`
	Address  string            `json:"address,omitempty"`  // for ToAddress
	Language string            `json:"language,omitempty"` // of who has none of his own, such as a group's robot; empty: the company's
	Text     map[string]string `json:"text,omitempty"`     // by language, with {number} and {title}; empty: the usual one
}

// NoticePolicy says who hears of what, when nobody is to be disturbed, and how often sending is tried.
type NoticePolicy struct {
	Rules        []NoticeRule `json:"rules"`
	Quiet        string       `json:"quiet,omitempty"` // "22:00-07:00", for people who have no quiet hours of their own
	Attempts     int          `json:"attempts"`
	RetrySeconds int64        `json:"retry_seconds"` // before the second attempt; then twice as long each time
}

// longestRetry is the longest time between two attempts, in seconds.
const longestRetry = 6 * 60 * 60

// Validate refuses rules that nobody could follow. Codes: BadPolicy.
func (p NoticePolicy) Validate() error {
	if p.Attempts < 1 || p.Attempts > 100 || p.RetrySeconds < 1 || p.RetrySeconds > longestRetry {
		return fault.New(BadPolicy, "1 to 100 attempts, and some seconds between them, up to six hours")
	}
	if _, err := worktime.ParseShift(p.Quiet); p.Quiet != "" && err != nil {
		return fault.New(BadPolicy, err.Error())
	}
	for i, r := range p.Rules {
		switch {
		case noticeTexts[r.Event] == nil:
			return fault.Newf(BadPolicy, "rule %d: there is no event \"%s\"", i+1, r.Event)
		case !slices.Contains(NoticeChannels, r.Channel):
			return fault.Newf(BadPolicy, "rule %d: there is no channel \"%s\"", i+1, r.Channel)
		case !slices.Contains([]string{ToConcerned, ToContact, ToAddress}, r.To), (r.To == ToAddress) != (r.Address != ""):
			return fault.Newf(BadPolicy, "rule %d: to whom it concerns, the contact, or an address", i+1)
		case r.Language != "" && !slices.Contains(Languages, r.Language):
			return fault.Newf(BadPolicy, "the languages are %s", strings.Join(Languages, ", "))
		case r.Channel == ChannelApp && r.To != ToConcerned:
			return fault.Newf(BadPolicy, "rule %d: only colleagues have the app", i+1)
		}
	}
	return nil
}

// retry returns how many ms after so many attempts the next would follow, and whether it does.
func (p NoticePolicy) retry(made int) (int64, bool) {
	seconds := max(1, p.RetrySeconds) << min(made-1, 14)
	return min(seconds, longestRetry) * 1000, made < max(1, p.Attempts)
}

func noticePolicies() []PolicyTemplate {
	var app []NoticeRule
	for _, event := range []string{
		NoticeAssigned, NoticeUnassigned, NoticeMoved, NoticeCancelled, NoticeHanded, NoticeEscalated,
		NoticeDueSoon, NoticeBreached,
	} {
		app = append(app, NoticeRule{Event: event, To: ToConcerned, Channel: ChannelApp})
	}
	customer := slices.Clone(app)
	for _, event := range []string{NoticeReceived, NoticePlanned, NoticeReported, NoticeClosed} {
		customer = append(customer, NoticeRule{Event: event, To: ToContact, Channel: ChannelSMS})
	}
	p := NoticePolicy{Rules: app, Quiet: "22:00-07:00", Attempts: 8, RetrySeconds: 60}
	with := p
	with.Rules = customer
	return []PolicyTemplate{
		{PolicyNotice, "app", texts("In the app", "仅应用内", "僅應用內"), p},
		{PolicyNotice, "customer", texts("In the app, and by text to the customer", "应用内及客户短信", "應用內及客戶簡訊"), with},
	}
}

// noticeTexts are the usual texts, by event and language.
var noticeTexts = map[string]map[string]string{
	NoticeDueSoon:    texts("Request {number} is due soon: {title}", "报修 {number} 即将到期：{title}", "報修 {number} 即將到期：{title}"),
	NoticeBreached:   texts("Request {number} is overdue: {title}", "报修 {number} 已超时：{title}", "報修 {number} 已逾時：{title}"),
	NoticeAssigned:   texts("Job {number} is yours: {title}", "工单 {number} 已派给您：{title}", "工單 {number} 已派給您：{title}"),
	NoticeUnassigned: texts("Job {number} is no longer yours: {title}", "工单 {number} 已取消派给您：{title}", "工單 {number} 已取消派給您：{title}"),
	NoticeMoved:      texts("Job {number} has another window: {title}", "工单 {number} 时间有变：{title}", "工單 {number} 時間有變：{title}"),
	NoticeCancelled:  texts("Job {number} is cancelled: {title}", "工单 {number} 已取消：{title}", "工單 {number} 已取消：{title}"),
	NoticeDone:       texts("Job {number} is done: {title}", "工单 {number} 已完成：{title}", "工單 {number} 已完成：{title}"),
	NoticeReceived:   texts("We have your request {number}: {title}", "已收到您的报修 {number}：{title}", "已收到您的報修 {number}：{title}"),
	NoticeHanded:     texts("Request {number} is yours: {title}", "请求 {number} 由您处理：{title}", "請求 {number} 由您處理：{title}"),
	NoticeEscalated:  texts("Request {number} was escalated: {title}", "请求 {number} 已升级：{title}", "請求 {number} 已升級：{title}"),
	NoticePlanned:    texts("Our plan for your request {number} is ready: {title}", "您的报修 {number} 的处理方案已提出：{title}", "您的報修 {number} 的處理方案已提出：{title}"),
	NoticeReported:   texts("The report on your request {number} is ready: {title}", "您的报修 {number} 的报告已提交：{title}", "您的報修 {number} 的報告已提交：{title}"),
	NoticeClosed:     texts("Your request {number} is closed: {title}", "您的报修 {number} 已完成：{title}", "您的報修 {number} 已完成：{title}"),
}

// MayLeave returns the first instant from at on (ms UTC) that is not in the quiet hours ("22:00-07:00", "" for none) by
// the clocks of the zone. What is no stretch of a day disturbs nobody and keeps nothing back.
func MayLeave(quiet, zone string, at int64) int64 {
	shift, err := worktime.ParseShift(quiet)
	location, unknown := worktime.Zone(zone)
	if err != nil || unknown != nil {
		return at
	}
	y, m, d := time.UnixMilli(at).In(location).Date()
	for _, day := range []int{d - 1, d} {
		start := time.Date(y, m, day, 0, shift.Start, 0, 0, location).UnixMilli()
		end := time.Date(y, m, day, 0, shift.End, 0, 0, location).UnixMilli()
		if start <= at && at < end {
			return end
		}
	}
	return at
}
