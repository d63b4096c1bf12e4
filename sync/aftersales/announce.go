package aftersales

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// happening is an event in a change set, and whom it concerns.
type happening struct {
	event     string
	about     *record.Row // a job or a request; as it was, or as it is made
	concerned []record.ID // people
}

// Announce returns the notices of what a change set does, as rows to be written with it: who hears of what is for the
// branch's policy to say. Nobody is told what he did himself. The ids follow from the change set, so that judging it
// again makes no other notices. View is the hub as it is before the change set.
func Announce(v View, cs *record.ChangeSet, author record.ID) ([]record.RowChange, error) {
	a := announcer{View: v, cs: cs, author: author, at: cs.Stamp.Millis() + cs.Offset, occurred: record.Within(cs.Stamp.Millis())}
	a.name = func(h happening, _ NoticeRule, i int, to recipient) record.ID {
		return a.idOf(a.at, fmt.Sprintf("%v %s %v %d", cs.Dot, h.event, h.about.Key(), i), to)
	}
	for i := range cs.Rows {
		if err := a.change(&cs.Rows[i]); err != nil {
			return nil, err
		}
	}
	return a.notices, nil
}

type announcer struct {
	View
	cs       *record.ChangeSet
	author   record.ID
	at       int64
	occurred int64 // at, by the clock of the device
	name     func(h happening, rule NoticeRule, i int, to recipient) record.ID
	notices  []record.RowChange
	hooks    []Webhook // those that there are, once they were asked for
	asked    bool
}

// change announces what one row change does.
func (a *announcer) change(c *record.RowChange) error {
	t := Schema.TableByID(c.Table)
	if t == nil {
		return nil
	}
	if err := a.rowEvent(t, c); err != nil {
		return err
	}
	var h happening
	var err error
	switch t.Name {
	case "assignment":
		h, err = a.assignment(t, c)
	case "job":
		h, err = a.job(t, c)
	case "request":
		h, err = a.request(t, c)
	case "wait_mark":
		h, err = a.given(t, c)
	}
	if err != nil || h.event == "" || h.about == nil {
		return err
	}
	return a.tell(h)
}

func (a *announcer) assignment(t *schema.Table, c *record.RowChange) (h happening, err error) {
	row, err := a.now(t, c)
	if err != nil || row == nil {
		return h, err
	}
	switch state := cell(t, c, "state").Text(); {
	case c.Op == record.Insert:
		h.event = NoticeAssigned
	case state == AssignmentEnded:
		h.event = NoticeUnassigned
	default:
		return h, nil
	}
	as := AssignmentOf(row)
	if h.about, err = a.current("job", as.Job); err != nil || h.event == NoticeUnassigned && JobOf(h.about).Over() {
		return happening{}, err // the job was over: it only leaves his phone
	}
	h.concerned, err = a.people(as.Person, as.Team)
	return h, err
}

func (a *announcer) job(t *schema.Table, c *record.RowChange) (h happening, err error) {
	if c.Op != record.Update {
		return h, nil
	}
	switch state := cell(t, c, "state").Text(); {
	case state == JobCancelled:
		h.event = NoticeCancelled
	case state == JobDone:
		h.event = NoticeDone
	case state == "" && touches(t, c, []string{"plan_start"}):
		h.event = NoticeMoved
	default:
		return h, nil
	}
	if h.about, err = a.now(t, c); err != nil {
		return h, err
	}
	if h.about != nil {
		h.concerned, err = a.holders(h.about)
	}
	return h, err
}

func (a *announcer) request(t *schema.Table, c *record.RowChange) (h happening, err error) {
	if h.about, err = a.now(t, c); err != nil || h.about == nil {
		return h, err
	}
	r := RequestOf(h.about)
	switch state := cell(t, c, "state").Text(); {
	case c.Op == record.Insert && r.Handler.IsZero() && r.HandlerTeam.IsZero():
		h.event = NoticeReceived
	case c.Op == record.Update && state == RequestEscalated:
		h.event = NoticeEscalated
	case state == RequestClosed:
		h.event = NoticeClosed
	case touches(t, c, []string{"handler", "handler_team"}):
		h.event = NoticeHanded
	}
	if c.Op == record.Insert && h.event == NoticeHanded {
		if err := a.tell(happening{event: NoticeReceived, about: h.about}); err != nil {
			return h, err
		}
	}
	h.concerned, err = a.people(r.Handler, r.HandlerTeam)
	return h, err
}

// given tells that the customer has the plan, or the report, that he waited for.
func (a *announcer) given(t *schema.Table, c *record.RowChange) (h happening, err error) {
	row, err := a.now(t, c)
	if err != nil || c.Op != record.Insert {
		return h, err
	}
	m := WaitMarkOf(row)
	event := map[string]string{EventPlan: NoticePlanned, EventReport: NoticeReported}[m.Reason]
	if event == "" || m.Edge != EdgeStop || !m.Replaces.IsZero() {
		return h, nil
	}
	if h.about, err = a.current("request", m.Request); err != nil || h.about == nil {
		return h, err
	}
	r := RequestOf(h.about)
	h.event = event
	h.concerned, err = a.people(r.Handler, r.HandlerTeam)
	return h, err
}

// now returns the row as the change leaves it; nil for one that is not there.
func (a *announcer) now(t *schema.Table, c *record.RowChange) (*record.Row, error) {
	if c.Op == record.Insert {
		return record.NewRow(t, c, a.cs.Dot), nil
	}
	row, err := a.Row(t.Name, c.ID)
	if err != nil || row == nil || c.Op != record.Update {
		return nil, err
	}
	row = row.Clone()
	row.Show(c)
	return row, nil
}

// current returns a row that the change set may have made.
func (a *announcer) current(table string, id record.ID) (*record.Row, error) {
	t := Schema.Table(table)
	for i := range a.cs.Rows {
		if c := &a.cs.Rows[i]; c.Table == t.ID && c.ID == id && c.Op == record.Insert {
			return record.NewRow(t, c, a.cs.Dot), nil
		}
	}
	return a.Row(table, id)
}

func (a *announcer) people(person, team record.ID) ([]record.ID, error) {
	if !person.IsZero() || team.IsZero() {
		return slices.DeleteFunc([]record.ID{person}, record.ID.IsZero), nil
	}
	rows, err := a.Refs("membership", "team", team)
	var list []record.ID
	for _, row := range rows {
		list = append(list, row.Get("person").Ref())
	}
	return list, err
}

// tell writes the notices that the rules of the row's branch, and webhooks, ask for.
func (a *announcer) tell(h happening) error {
	p, _, err := InForce[NoticePolicy](a, PolicyNotice, h.about.Get("branch").Ref(), a.at)
	if err != nil {
		return err
	}
	if err := a.tellHooks(h); err != nil {
		return err
	}
	for i, rule := range p.Rules {
		if rule.Event != h.event {
			continue
		}
		switch rule.To {
		case ToAddress:
			err = a.write(h, rule, i, recipient{address: rule.Address}, p)
		case ToContact:
			err = a.tellContact(h, rule, i, p)
		default:
			err = a.tellConcerned(h, rule, i, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recipient is whom a notice goes to.
type recipient struct {
	person                         record.ID
	address, language, quiet, zone string
}

func (a *announcer) tellConcerned(h happening, rule NoticeRule, i int, p NoticePolicy) error {
	for _, id := range h.concerned {
		row, err := a.Row("person", id)
		if err != nil {
			return err
		}
		person := PersonOf(row)
		if row == nil || person.ArchivedAt != 0 || id == a.author {
			continue
		}
		own, err := a.Row("resource", ResourceID(id))
		if err != nil {
			return err
		}
		branch, err := a.Row("branch", person.Branch)
		if err != nil {
			return err
		}
		to := recipient{person: id, language: person.Language, quiet: p.Quiet, zone: zoneOf(branch)}
		to.address = map[string]string{ChannelMail: person.Email, ChannelSMS: person.Phone}[rule.Channel]
		if own != nil && !own.Get("quiet").IsNull() {
			to.quiet = own.Get("quiet").Text()
		}
		if err := a.write(h, rule, i, to, p); err != nil {
			return err
		}
	}
	return nil
}

func (a *announcer) tellContact(h happening, rule NoticeRule, i int, p NoticePolicy) error {
	contact, err := a.current("contact", h.about.Get("contact").Ref())
	if err != nil || contact == nil {
		return err
	}
	site, err := a.current("site", h.about.Get("site").Ref())
	if err != nil {
		return err
	}
	c := ContactOf(contact)
	customer, err := a.current("party", c.Party)
	if err != nil {
		return err
	}
	to := recipient{language: cmp.Or(c.Language, PartyOf(customer).Language), quiet: p.Quiet, zone: zoneOf(site)}
	to.address = map[string]string{ChannelMail: c.Email, ChannelSMS: c.Phone}[rule.Channel]
	return a.write(h, rule, i, to, p)
}

// write adds a notice; none where its channel needs an address and there is none.
func (a *announcer) write(h happening, rule NoticeRule, i int, to recipient, p NoticePolicy) error {
	if to.address == "" && rule.Channel != ChannelApp {
		return nil
	}
	labels := rule.Text
	if len(labels) == 0 {
		labels = noticeTexts[rule.Event]
	}
	language, err := a.language(h, rule, to)
	if err != nil {
		return err
	}
	text := strings.NewReplacer("{number}", h.about.Get("number").Text(), "{title}", h.about.Get("title").Text()).
		Replace(Label(labels, language))
	values := record.Values{
		"branch": h.about.Get("branch"), "event": record.Text(h.event), "about": record.AnyRef(h.about.Key()),
		"recipient": record.Ref(to.person), "channel": record.Text(rule.Channel), "address": optional(to.address),
		"language": record.Text(language), "text": record.Text(text),
		"not_before": record.Instant(MayLeave(to.quiet, to.zone, a.at)),
		"occurred":   record.Instant(a.occurred), "corrected": record.Instant(a.at),
	}
	if rule.Channel == ChannelApp {
		values["person"] = record.Ref(to.person)
	}
	for name, v := range values {
		if v.IsNull() {
			delete(values, name)
		}
	}
	change, err := record.NewChange(record.Insert, noticeTable, a.name(h, rule, i, to), values)
	if err == nil {
		a.notices = append(a.notices, change)
	}
	return err
}

// language returns that in which somebody is told: his own, else that of the rule, else the branch's or the company's.
func (a *announcer) language(h happening, rule NoticeRule, to recipient) (string, error) {
	if own := cmp.Or(to.language, rule.Language); own != "" {
		return own, nil
	}
	return companyLanguage(a, h.about.Get("branch").Ref())
}

// companyLanguage returns the language of who has none of his own.
func companyLanguage(v Reader, branch record.ID) (string, error) {
	set, err := Setting(v, SettingLanguage, branch)
	return cmp.Or(set, Languages[0]), err
}

// idOf returns the id that the notice of that name to a recipient always has.
func (a *announcer) idOf(born int64, name string, to recipient) record.ID {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s %v %s", name, to.person, to.address)))
	return record.NewID(born, [10]byte(sum[:10]))
}
