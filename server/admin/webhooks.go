package admin

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/server/notify"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// webhooksList tells of the programs that hear of what happens, the latest first.
var webhooksList = &list.List{
	Name: "webhook", Order: "-made",
	Columns: []list.Column{
		{Name: "name"},
		{Name: "state", Kind: list.Code, Codes: "webhook.state"},
		{Name: "url"},
		{Name: "events"},
		{Name: "person", Aside: true},
		{Name: "failing_since", Kind: list.Instant},
		{Name: "last", URL: noticesURL + "/"},
		{Name: "last_at", Kind: list.Instant},
		{Name: "made", Kind: list.Instant, Aside: true},
	},
	Filters: []list.Filter{
		{Name: "q", Test: list.Search},
		{Name: "state", Test: list.OneOf, Where: "state", Names: "webhook.state",
			Codes: []string{aftersales.WebhookOn, aftersales.WebhookOff, aftersales.WebhookFailed, aftersales.WebhookGone}},
		{Name: "failing", Test: list.Is, Where: "failing_since"},
	},
}

var webhooks = &Listing{
	List: webhooksList, URL: webhooksURL, Title: "Webhooks", Page: "webhooks", Rows: (*Office).webhookRows,
	Empty: "A program that is told when something happens need not keep asking. It will stand here with what it hears of, and whether it takes it.",
}

// webhooksExtra is what the page of that list has around it: the form that makes one.
type webhooksExtra struct {
	Key     string // the secret of the one that was just made: it is shown once
	For     string
	Groups  []programGroup
	Name    string // as typed
	URL     string
	Problem string
	Private bool
}

// webhookTail is what can be done to a webhook.
type webhookTail struct {
	ID   record.ID
	On   bool
	Sent string // URL of all that it was sent
	Seen string // its row as the page shows it
}

// hookNeeds says what who makes a webhook must see himself: nobody lets another program hear what he may not.
var hookNeeds = map[string]auth.Permission{
	"job": auth.SeeJobs, "request": auth.SeeRequests, "customer": auth.SeeCustomers, "machine": auth.SeeAssets, "slip": auth.SeeJobs,
}

func hookNoun(event string) string { noun, _, _ := strings.Cut(event, "."); return noun }

// ListWebhooks shows which programs hear of what, and the form that makes a webhook.
func (o *Office) ListWebhooks(v *Visit) error {
	return o.showWebhooks(v, http.StatusOK, webhooksExtra{})
}

func (o *Office) showWebhooks(v *Visit, status int, extra webhooksExtra) error {
	extra.Groups = v.hookGroups(extra.Problem != "")
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		extra.Private, err = aftersales.PrivateWebhooks(aftersales.Look(r))
		return err
	})
	if err != nil {
		return err
	}
	return o.showList(v, status, webhooks, extra)
}

// webhookRows are all webhooks.
func (o *Office) webhookRows(v *Visit) (rows []list.Row, tails map[record.ID]any, err error) {
	tails = map[record.ID]any{}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		hooks, err := aftersales.Webhooks(aftersales.Look(r))
		for i := 0; i < len(hooks) && err == nil; i++ {
			var row list.Row
			if row, err = v.webhookRow(r, hooks[i]); err == nil {
				rows = append(rows, row)
				tails[hooks[i].ID], err = o.webhookTail(r, hooks[i])
			}
		}
		return err
	})
	return rows, tails, err
}

// webhookRow is a webhook with what became of the latest event that it was told of.
func (v *Visit) webhookRow(r Reader, w aftersales.Webhook) (row list.Row, err error) {
	slices.Sort(w.Events)
	var events []string
	for _, e := range w.Events {
		events = append(events, v.lang.Name("notice.event."+e))
	}
	person, err := r.PersonName(w.Person)
	if err != nil {
		return row, err
	}
	row = webhooksList.New(w.ID)
	row.Put("name", w.Name).Put("state", w.State).Put("url", w.URL).Put("events", strings.Join(events, ", ")).Put("person", person)
	row.Put("last", v.t("none yet"))
	if made, says := w.ID.Made(); says {
		row.Count("made", made)
	}
	if w.On() && w.FailingSince != 0 {
		row.Count("failing_since", w.FailingSince)
	}
	return row, r.Select(func(q *sqlrow.Rows) error {
		row.Put("last", v.lang.Name("notice.state."+q.Text(1))).Lead("last", q.ID(0)).Count("last_at", q.Int(2))
		return q.Err()
	}, "SELECT n.id, coalesce("+ofLast("state")+", 'waiting'), n.corrected FROM notice n WHERE n.webhook = ? AND n._del = 0 ORDER BY n._seq DESC LIMIT 1", w.ID[:])
}

func (o *Office) webhookTail(r Reader, w aftersales.Webhook) (tail webhookTail, err error) {
	row, err := r.Row(record.Key{Table: o.Schema.Table("webhook").ID, ID: w.ID})
	tail = webhookTail{ID: w.ID, On: w.On(), Sent: noticesURL + "?channel=webhook&webhook=" + w.ID.String()}
	if err == nil && row != nil {
		tail.Seen = Seen{row.Key(): row.Vector}.String()
	}
	return tail, err
}

// hookGroups are the events that the visitor may have others hear of, those ticked that the form named.
func (v *Visit) hookGroups(again bool) (groups []programGroup) {
	named := v.r.PostForm["event"]
	for _, e := range aftersales.WebhookEvents() {
		noun := hookNoun(e)
		if !v.Who.May(hookNeeds[noun]) {
			continue
		}
		if i := len(groups) - 1; i < 0 || groups[i].Noun != noun {
			groups = append(groups, programGroup{Title: capital(v.lang.Name("hook." + noun)), Noun: noun})
		}
		g := &groups[len(groups)-1]
		g.Mays = append(g.Mays, programMay{e, v.lang.Name("notice.event." + e), again && slices.Contains(named, e)})
	}
	return groups
}

// hookSecret returns a fresh secret.
func hookSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return notify.NewSecret(b[:])
}

// AddWebhook makes a webhook, and shows its secret this once.
func (o *Office) AddWebhook(v *Visit) error {
	in := aftersales.WebhookInput{Name: v.form("name"), URL: v.form("url"), Secret: hookSecret(), Events: v.r.PostForm["event"], Person: v.Who.ID}
	if slices.ContainsFunc(in.Events, func(e string) bool { return !v.Who.May(hookNeeds[hookNoun(e)]) }) {
		return fault.New(NoRight, "This goes beyond what you may do yourself. Ask an administrator.")
	}
	err := o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseWebhook, func(tx aftersales.Tx) (err error) {
		if in.Private, err = aftersales.PrivateWebhooks(tx); err == nil {
			_, err = aftersales.CreateWebhook(tx, in)
		}
		return err
	})
	if f, status := statusOf(err); err != nil {
		if status >= 500 {
			return err
		}
		return o.showWebhooks(v, http.StatusUnprocessableEntity, webhooksExtra{Name: in.Name, URL: in.URL, Problem: v.lang.refusal(f)})
	}
	return o.showWebhooks(v, http.StatusOK, webhooksExtra{Key: in.Secret, For: in.Name})
}

// webhookDo does something to the webhook in the URL.
func (o *Office) webhookDo(v *Visit, do func(tx aftersales.Tx, id record.ID) error) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	seen, err := parseSeen(v.form("seen"))
	if err != nil {
		return err
	}
	return o.Engine.Do(v.r.Context(), v.author(), seen, aftersales.CauseWebhook, func(tx aftersales.Tx) error { return do(tx, id) })
}

// SwitchWebhook switches one on or off.
func (o *Office) SwitchWebhook(v *Visit) error {
	on := v.form("on") == "1"
	if err := o.webhookDo(v, func(tx aftersales.Tx, id record.ID) error { return aftersales.SwitchWebhook(tx, id, on) }); err != nil {
		return err
	}
	if on {
		return v.done(webhooksURL, v.t("The webhook is on. What waited for it is sent now."))
	}
	return v.done(webhooksURL, v.t("The webhook is off. It hears of nothing that happens from now on."))
}

// RekeyWebhook gives one another secret, and shows it this once.
func (o *Office) RekeyWebhook(v *Visit) error {
	secret, name := hookSecret(), ""
	err := o.webhookDo(v, func(tx aftersales.Tx, id record.ID) error {
		row, err := tx.Row("webhook", id)
		if err != nil {
			return err
		}
		name = aftersales.WebhookOf(row).Name
		return aftersales.RekeyWebhook(tx, id, secret)
	})
	if err != nil {
		return err
	}
	return o.showWebhooks(v, http.StatusOK, webhooksExtra{Key: secret, For: name})
}

// RemoveWebhook ends one.
func (o *Office) RemoveWebhook(v *Visit) error {
	if err := o.webhookDo(v, aftersales.RemoveWebhook); err != nil {
		return err
	}
	return v.done(webhooksURL, v.t("The webhook is removed."))
}
