package aftersales

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

var noticeRefusals = []refusal{
	{BadPolicy, "no attempt", newWorld, func(w *world) error { return w.notifying(func(p *NoticePolicy) { p.Attempts = 0 }) }},
	{BadPolicy, "quiet for ever", newWorld, func(w *world) error { return w.notifying(func(p *NoticePolicy) { p.Quiet = "always" }) }},
	{BadPolicy, "of no event", newWorld, func(w *world) error { return w.notifying(only("job.dreamt", ToConcerned, ChannelApp, "")) }},
	{BadPolicy, "by pigeon", newWorld, func(w *world) error { return w.notifying(only(NoticeDone, ToConcerned, "pigeon", "")) }},
	{BadPolicy, "to nobody", newWorld, func(w *world) error { return w.notifying(only(NoticeDone, "", ChannelSMS, "")) }},
	{BadPolicy, "to no address", newWorld, func(w *world) error { return w.notifying(only(NoticeDone, ToAddress, ChannelSMS, "")) }},
	{BadPolicy, "in Klingon", newWorld, func(w *world) error {
		return w.notifying(func(p *NoticePolicy) { p.Rules[0].Language = "tlh" })
	}},
	{BadSetting, "all in Klingon", newWorld, func(w *world) error { return SetSetting(w, SettingLanguage, record.ID{}, "tlh") }},
	{BadPolicy, "to a customer's app", newWorld, func(w *world) error { return w.notifying(only(NoticeDone, ToContact, ChannelApp, "")) }},
	{BadHours, "quiet when he likes", newWorld, func(w *world) error {
		return SetQuiet(w, w.wang, "late")
	}},
	{NoticeSettled, "sent twice", newWorld, func(w *world) error {
		w.ok(w.notifying(only(NoticeAssigned, ToAddress, ChannelWebhook, "crm")))
		n := w.announced(func() { w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang})) })[0]
		w.ok(RecordAttempt(w, AttemptInput{Notice: n.ID, Sent: true}))
		return RecordAttempt(w, AttemptInput{Notice: n.ID, Sent: true})
	}},
	{NoticeSettled, "sent again", newWorld, func(w *world) error {
		w.ok(w.notifying(only(NoticeAssigned, ToAddress, ChannelWebhook, "crm")))
		n := w.announced(func() { w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang})) })[0]
		w.ok(RecordAttempt(w, AttemptInput{Notice: n.ID, Sent: true}))
		return RetryNotice(w, n.ID)
	}},
	{NoticeStays, "one of the app sent", newWorld, func(w *world) error {
		n := w.announced(func() { w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang})) })[0]
		return RetryNotice(w, n.ID)
	}},
	{fault.UnknownRow, "nothing sent again", newWorld, func(w *world) error { return RetryNotice(w, nobody) }},
	{fault.UnknownRow, "an attempt at nothing", newWorld, func(w *world) error { return RecordAttempt(w, AttemptInput{Notice: nobody}) }},
}

// notifying publishes the shipped policy of notices with a change.
func (w *world) notifying(change func(*NoticePolicy)) error {
	p := noticePolicies()[0].Body.(NoticePolicy)
	change(&p)
	return drop(PublishPolicy(w, PolicyInput{Kind: PolicyNotice, Body: p}))
}

// only leaves one rule.
func only(event, to, channel, address string) func(*NoticePolicy) {
	return func(p *NoticePolicy) {
		p.Rules = []NoticeRule{{Event: event, To: to, Channel: channel, Address: address}}
	}
}

// announced does something and writes, and returns, the notices of it. Like the hub, it looks at the rows from before.
func (w *world) announced(do func()) []Notice {
	w.t.Helper()
	before := &world{t: w.t, rows: map[record.Key]*record.Row{}}
	for key, row := range w.rows {
		before.rows[key] = row
	}
	from := len(w.written)
	do()
	cs := &record.ChangeSet{Dot: clock.Dot{Actor: 9, Counter: uint64(from)}, Stamp: clock.StampAt(w.now), Rows: w.written[from:]}
	changes, err := Announce(before, cs, w.author)
	w.ok(err)
	again, err := Announce(before, cs, w.author)
	w.ok(err)
	var list []Notice
	for i, c := range changes {
		if again[i].ID != c.ID {
			w.t.Fatal("judged again, it makes another notice")
		}
		w.rows[c.Key()] = record.NewRow(noticeTable, &c, cs.Dot)
		list = append(list, NoticeOf(w.rows[c.Key()]))
	}
	return list
}

func (w *world) hears(list []Notice, event string, people ...record.ID) {
	w.t.Helper()
	if len(list) != len(people) {
		w.t.Fatalf("%s: %d notices: %+v", event, len(list), list)
	}
	for i, n := range list {
		if n.Event != event || n.Recipient != people[i] || n.Person != people[i] || !strings.Contains(n.Text, "-") {
			w.t.Fatalf("%s: %+v", event, n)
		}
	}
}

func TestWhoItConcernsHearsOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var given record.ID
	w.hears(w.announced(func() { given = w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang})) }), NoticeAssigned, w.wang)
	w.hears(w.announced(func() { w.ok(PlanJob(w, PlanInput{w.job, w.now, w.now + 1})) }), NoticeMoved, w.wang)
	list := w.announced(func() { w.id(Reassign(w, ReassignInput{Assignment: given, Person: w.li, Reason: "x"})) })
	if len(list) != 2 || list[0].Recipient == list[1].Recipient {
		t.Fatalf("one lost it, the other has it: %+v", list)
	}
	w.hears(w.announced(func() { w.ok(CancelJob(w, CancelInput{w.job, "x"})) }), NoticeCancelled, w.li)

	var r record.ID
	w.hears(w.announced(func() { r = w.request() }), NoticeReceived)
	w.hears(w.announced(func() { w.ok(HandRequest(w, HandRequestInput{Request: r, Person: w.office})) }), NoticeHanded)
	w.hears(w.announced(func() { w.ok(HandRequest(w, HandRequestInput{Request: r, Person: w.li})) }), NoticeHanded, w.li)
	team := w.id(CreateTeam(w, w.branch, "Experts"))
	w.ok(JoinTeam(w, team, w.wang))
	w.hears(w.announced(func() {
		w.ok(MoveRequest(w, MoveRequestInput{Request: r, To: RequestEscalated, Reason: "hard", Team: team}))
	}), NoticeEscalated, w.wang)
}

func TestACustomerHearsInHisChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.notifying(only(NoticeClosed, ToContact, ChannelSMS, "")))
	contact := w.id(CreateContact(w, ContactInput{Party: w.party, Name: "Ms Chen", Phone: "+86 139 0000 0000"}))
	r := w.id(CreateRequest(w, RequestInput{Unit: w.unit, Contact: contact, Title: "Leaks"}))
	list := w.announced(func() { w.ok(SolveRequest(w, SolveRequestInput{Request: r, Solution: "x"})) })
	if len(list) != 1 || list[0].Address == "" || !list[0].Person.IsZero() || !strings.HasSuffix(list[0].Text, "Leaks") {
		t.Fatalf("she hears %+v", list)
	}
	if at, ok, err := NoticeDue(w, list[0].ID); err != nil || !ok || at != list[0].NotBefore {
		t.Fatalf("due at %d, %v, %v", at, ok, err)
	}
}

func TestEveryoneIsToldInHisLanguage(t *testing.T) {
	t.Parallel()
	for event, labels := range noticeTexts {
		for _, language := range []string{"en", "zh-Hans", "zh-Hant"} {
			if !strings.Contains(labels[language], "{number}") {
				t.Errorf("%s says no number in %s", event, language)
			}
		}
	}
	w := newWorld(t)
	w.ok(w.Update("person", w.wang, record.Values{"language": record.Text("zh-Hans")}))
	n := w.announced(func() { w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang})) })[0]
	if n.Language != "zh-Hans" || !strings.HasPrefix(n.Text, "工单") {
		t.Fatalf("he reads %+v", n)
	}
}

// Whoever has a language of his own is told in it: a contact, or his customer; a group's robot that of its rule. All others
// are told in the branch's, else the company's.
func TestWhoHasNoLanguageIsToldInTheCompanys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rules := NoticePolicy{Attempts: 1, RetrySeconds: 1, Rules: []NoticeRule{
		{Event: NoticeReceived, To: ToContact, Channel: ChannelSMS},
		{Event: NoticeReceived, To: ToAddress, Channel: ChannelWebhook, Address: "night shift"},
		{Event: NoticeReceived, To: ToAddress, Channel: ChannelWebhook, Address: "day shift", Language: "zh-Hant"},
	}}
	w.id(PublishPolicy(w, PolicyInput{Kind: PolicyNotice, Body: rules}))
	contact := w.id(CreateContact(w, ContactInput{Party: w.party, Name: "Ms Chen", Phone: "+86 139 0000 0000"}))
	told := func(what string, want ...string) {
		t.Helper()
		list := w.announced(func() { w.id(CreateRequest(w, RequestInput{Unit: w.unit, Contact: contact, Title: "Leaks"})) })
		var got []string
		for _, n := range list {
			got = append(got, n.Language)
			if labels := noticeTexts[NoticeReceived]; n.Text[:3] != labels[n.Language][:3] {
				t.Errorf("%s: in %s it says %s", what, n.Language, n.Text)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: told in %v, want %v", what, got, want)
		}
	}
	told("nothing is set", "en", "en", "zh-Hant")
	w.ok(SetSetting(w, SettingLanguage, record.ID{}, "zh-Hans"))
	told("the company's", "zh-Hans", "zh-Hans", "zh-Hant")
	w.ok(SetSetting(w, SettingLanguage, w.branch, "zh-Hant"))
	told("the branch's", "zh-Hant", "zh-Hant", "zh-Hant")
	w.ok(w.Update("party", w.party, record.Values{"language": record.Text("en")}))
	told("the customer's", "en", "zh-Hant", "zh-Hant")
	w.ok(w.Update("contact", contact, record.Values{"language": record.Text("zh-Hans")}))
	told("the contact's", "zh-Hans", "zh-Hant", "zh-Hant")
}

func TestFailedAttemptsAreRepeatedLaterAndLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.notifying(func(p *NoticePolicy) {
		only(NoticeAssigned, ToAddress, ChannelWebhook, "crm")(p)
		p.Attempts, p.RetrySeconds = 4, 60
	}))
	n := w.announced(func() { w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang})) })[0]
	for _, wait := range []int64{60, 120, 240} {
		w.ok(RecordAttempt(w, AttemptInput{Notice: n.ID, Detail: strings.Repeat("噪", 999)}))
		at, ok, err := NoticeDue(w, n.ID)
		if w.ok(err); !ok || at != w.now+wait*1000 {
			t.Fatalf("the next try is at %d, want %d s", at-w.now, wait)
		}
		w.now = at
	}
	w.ok(RecordAttempt(w, AttemptInput{Notice: n.ID}))
	attempts, err := NoticeAttempts(w, n.ID)
	w.ok(err)
	if _, open, _ := NoticeDue(w, n.ID); open || attempts[3].State != AttemptGivenUp {
		t.Fatalf("tried for ever: %+v", attempts)
	}
	w.ok(RetryNotice(w, n.ID)) // somebody mended the address
	if at, open, _ := NoticeDue(w, n.ID); !open || at != w.now {
		t.Fatalf("tried again in %d s, %v", at-w.now, open)
	}
	w.ok(RecordAttempt(w, AttemptInput{Notice: n.ID}))
	if _, open, _ := NoticeDue(w, n.ID); open {
		t.Fatal("one that was tried again is tried for ever")
	}
}

// Whatever the quiet hours, a notice leaves at once or at their end, and never within them.
func TestQuietHoursEnd(t *testing.T) {
	t.Parallel()
	shanghai := time.FixedZone("", 8*3600)
	at := func(hour, minute int) int64 { return time.Date(2025, 10, 9, hour, minute, 0, 0, shanghai).UnixMilli() }
	for _, c := range []struct{ asked, want int64 }{
		{at(21, 59), at(21, 59)}, {at(22, 0), at(31, 0)}, {at(3, 0), at(7, 0)}, {at(7, 0), at(7, 0)},
	} {
		if got := MayLeave("22:00-07:00", "Asia/Shanghai", c.asked); got != c.want {
			t.Errorf("asked at %d it leaves at %d, want %d", c.asked, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		quiet := rapid.SampledFrom([]string{"", "nonsense", "22:00-07:00", "12:00-13:00", "00:00-23:59"}).Draw(t, "quiet")
		zone := rapid.SampledFrom([]string{"", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns"}).Draw(t, "zone")
		asked := rapid.Int64Range(1_700_000_000_000, 1_800_000_000_000).Draw(t, "asked")
		leaves := MayLeave(quiet, zone, asked)
		if leaves < asked || leaves-asked > dayMillis || MayLeave(quiet, zone, leaves) != leaves {
			t.Fatalf("asked at %d it leaves at %d", asked, leaves)
		}
	})
}
