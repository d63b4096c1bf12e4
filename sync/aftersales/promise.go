package aftersales

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/fault"
)

// The targets of service promises, and the events that their clocks start from, in the order in which they come.
const (
	EventReceived = "received" // the customer asked
	EventResponse = "response" // somebody reacted
	EventPlan     = "plan"     // the customer was told what will be done
	EventDispatch = "dispatch" // somebody was sent
	EventArrival  = "arrival"  // somebody was there
	EventRepair   = "repair"   // it works again
	EventReport   = "report"   // the customer was given the report of it
	EventClose    = "close"    // and the customer was told
)

// PromiseEvents are what clocks run between, in the order in which things happen.
var PromiseEvents = slices.Clone(slaEvents)

var slaEvents = []string{
	EventReceived, EventResponse, EventPlan, EventDispatch, EventArrival, EventRepair, EventReport, EventClose,
}

// Promise is one line of a service promise: for such a request, the target within so many minutes.
type Promise struct {
	// What it is for; "" fits all. A list is separated by commas: "city,suburb".
	Level    string `json:"level,omitempty"` // service level, of the customer's contract
	Severity string `json:"severity,omitempty"`
	Region   string `json:"region,omitempty"` // of the site
	Class    string `json:"class,omitempty"`
	Type     string `json:"type,omitempty"`

	Target    string `json:"target"`
	From      string `json:"from,omitempty"` // the event that the clock starts from; "": EventReceived
	Minutes   int64  `json:"minutes"`
	Working   bool   `json:"working,omitempty"`    // of working time; else by the clock on the wall
	NeverRest bool   `json:"never_rest,omitempty"` // whatever the request waits for
	Escalate  string `json:"escalate,omitempty"`   // why a request of which it is missed is escalated by itself; "": it is not
}

// SLAPolicy is what the company promises. Of each target the first promise that fits the request holds.
type SLAPolicy struct {
	Promises    []Promise `json:"promises"`
	Rests       []string  `json:"rests,omitempty"`        // codes of the list "wait", while which clocks rest
	SoonMinutes int64     `json:"soon_minutes,omitempty"` // a clock is due soon so long before it is due
}

// longestPromise is how long a promise may be, in minutes: five years.
const longestPromise = 5 * 366 * 24 * 60

// longestReason is how long the reason may be why a missed promise escalates a request, in bytes.
const longestReason = 500

// Validate refuses promises that cannot be kept or broken. Codes: BadPolicy.
func (p SLAPolicy) Validate() error {
	if p.SoonMinutes < 0 || p.SoonMinutes > longestPromise {
		return fault.New(BadPolicy, "a clock is due soon some minutes before it is due")
	}
	for i, promise := range p.Promises {
		from, target := slices.Index(slaEvents, promise.from()), slices.Index(slaEvents, promise.Target)
		switch {
		case target < 1 || from < 0 || from >= target:
			return fault.Newf(BadPolicy, "promise %d: \"%s\" does not come after \"%s\"", i+1, promise.Target, promise.from())
		case promise.Minutes <= 0 || promise.Minutes > longestPromise:
			return fault.Newf(BadPolicy, "promise %d: a promise is for some minutes, and at most five years", i+1)
		case strings.TrimSpace(promise.Escalate) != promise.Escalate || len(promise.Escalate) > longestReason:
			return fault.Newf(BadPolicy, "promise %d: a reason is a few words, without blanks around them", i+1)
		}
	}
	return nil
}

func (p Promise) from() string { return cmp.Or(p.From, EventReceived) }

// fits reports whether the promise is for the request, at a site in the region.
func (p Promise) fits(r Request, region string) bool {
	for _, c := range [][2]string{
		{p.Level, r.ServiceLevel}, {p.Severity, r.Severity}, {p.Region, region}, {p.Class, r.ServiceClass}, {p.Type, r.Type},
	} {
		if c[0] != "" && !slices.Contains(strings.Split(c[0], ","), c[1]) {
			return false
		}
	}
	return true
}

// String says the promise in words: "arrival within 6h of working time from received (region city)".
func (p Promise) String() string {
	span := fmt.Sprintf("%dmin", p.Minutes)
	if p.Minutes%60 == 0 {
		span = fmt.Sprintf("%dh", p.Minutes/60)
	}
	if p.Working {
		span += " of working time"
	}
	var about []string
	for _, c := range [][2]string{
		{"level", p.Level}, {"severity", p.Severity}, {"region", p.Region}, {"class", p.Class}, {"type", p.Type},
	} {
		if c[1] != "" {
			about = append(about, c[0]+" "+c[1])
		}
	}
	s := p.Target + " within " + span + " from " + p.from()
	if len(about) > 0 {
		s += " (" + strings.Join(about, ", ") + ")"
	}
	return s
}

// promiseFor returns the first promise of the target that is for the request.
func (p SLAPolicy) promiseFor(target string, r Request, region string) (Promise, bool) {
	i := slices.IndexFunc(p.Promises, func(q Promise) bool { return q.Target == target && q.fits(r, region) })
	if i < 0 {
		return Promise{}, false
	}
	return p.Promises[i], true
}

// slaPolicies are what companies of this trade promise: by region in working time, by severity, by the clock.
func slaPolicies() []PolicyTemplate {
	hours := func(n int64) int64 { return 60 * n }
	rests := []string{"customer"}
	working := func(target, region string, h int64) Promise {
		return Promise{Target: target, Region: region, Minutes: hours(h), Working: true}
	}
	plain := func(target string, minutes int64) Promise { return Promise{Target: target, Minutes: minutes} }
	at := func(target, region string, h int64) Promise {
		return Promise{Target: target, Region: region, Minutes: hours(h)}
	}
	severe := func(severity, target string, minutes int64) Promise {
		return Promise{Target: target, Severity: severity, Minutes: minutes}
	}
	return []PolicyTemplate{
		{PolicySLA, "region", texts("Arrival by region, in working time", "按区域到场（工作时间）", "按區域到場（工作時間）"),
			SLAPolicy{Rests: rests, SoonMinutes: 60, Promises: []Promise{
				plain(EventResponse, 120), working(EventArrival, "city", 6), working(EventArrival, "", 7),
			}}},
		{PolicySLA, "severity", texts("By severity, day and night", "按严重程度（7×24）", "按嚴重程度（7×24）"),
			SLAPolicy{Rests: rests, SoonMinutes: 5, Promises: []Promise{
				severe("1,2", EventResponse, 10), plain(EventResponse, 30), severe("1", EventArrival, hours(4)),
				{Target: EventReport, From: EventRepair, Minutes: 3 * hours(8), Working: true},
			}}},
		{PolicySLA, "distance", texts("By distance, with hotline", "按距离，含热线", "按距離，含熱線"),
			SLAPolicy{Rests: rests, SoonMinutes: 60, Promises: []Promise{
				plain(EventResponse, 60), working(EventPlan, "", 3*8), at(EventArrival, "city", 2), at(EventArrival, "suburb", 12), at(EventArrival, "", 48),
			}}},
		{PolicySLA, "supplier", texts("Response 2 h, on site 12 h", "2 小时响应、12 小时到场", "2 小時回應、12 小時到場"),
			SLAPolicy{Rests: rests, SoonMinutes: 30, Promises: []Promise{
				plain(EventResponse, 120), plain(EventArrival, hours(12)),
			}}},
		{PolicySLA, "machine", texts("Machines: cleared 24 h after the start", "设备：到场后 24 小时内排除", "設備：到場後 24 小時內排除"),
			SLAPolicy{Rests: []string{"customer", "parts"}, SoonMinutes: 60, Promises: []Promise{
				plain(EventResponse, 30), plain(EventArrival, hours(24)),
				{Target: EventRepair, From: EventArrival, Minutes: hours(24)},
			}}},
		{PolicySLA, "dispatch", texts("Sent within 2 h, checked after 4 h", "2 小时内派工、4 小时核查", "2 小時內派工、4 小時核查"),
			SLAPolicy{Rests: rests, SoonMinutes: 30, Promises: []Promise{
				plain(EventDispatch, 120), {Target: EventResponse, Minutes: 240, Escalate: "4 h: 无人核查 / nobody has checked it"},
				plain(EventArrival, hours(48)),
			}}},
		{PolicySLA, "tender", texts("Tender: 30 min, repaired in 24 h", "投标：30 分钟响应、24 小时修复", "投標：30 分鐘回應、24 小時修復"),
			SLAPolicy{Rests: rests, SoonMinutes: 30, Promises: []Promise{
				plain(EventResponse, 30), plain(EventArrival, hours(2)), plain(EventRepair, hours(24)),
			}}},
		{PolicySLA, "shop", texts("Web shop: handled in 24 h", "网店：24 小时内处理", "網店：24 小時內處理"),
			SLAPolicy{Rests: rests, SoonMinutes: 60, Promises: []Promise{
				working(EventResponse, "", 6), plain(EventRepair, hours(24)),
			}}},
		{PolicySLA, "workshop", texts("Workshop: repaired in 5 days", "返厂：5 日内修复", "返廠：5 日內修復"),
			SLAPolicy{Rests: []string{"customer", "parts", "supplier"}, SoonMinutes: hours(8), Promises: []Promise{
				plain(EventResponse, hours(24)), plain(EventRepair, hours(5*24)),
			}}},
		{PolicySLA, "plan", texts("Plan in 24 h, repaired in 48 h", "24 小时内提出方案、48 小时修复", "24 小時內提出方案、48 小時修復"),
			SLAPolicy{Rests: rests, SoonMinutes: 120, Promises: []Promise{
				plain(EventPlan, hours(24)), plain(EventRepair, hours(48)),
			}}},
	}
}
