package admin

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/notify"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// webhooksPage is the page of webhooks: which programs hear of what.
type webhooksPage struct {
	frame
	Key     string // the secret of the one that was just made: it is shown once
	For     string
	List    []webhookView
	Groups  []programGroup
	Name    string // as typed
	URL     string
	Problem string
	Private bool
}

type webhookView struct {
	ID                record.ID
	Name, URL, Person string
	Events            []string
	State             string
	On                bool
	FailingSince      int64
	Last              string // what became of the latest event
	LastURL           string
	LastAt            int64
	Sent              string // URL of all that it was sent
	Seen              string // its row as the page shows it
}

// hookNeeds says what who makes a webhook must see himself: nobody lets another program hear what he may not.
var hookNeeds = map[string]auth.Permission{
	"job": auth.SeeJobs, "request": auth.SeeRequests, "customer": auth.SeeCustomers, "machine": auth.SeeAssets, "slip": auth.SeeJobs,
}

func hookNoun(event string) string { noun, _, _ := strings.Cut(event, "."); return noun }

// ListWebhooks shows which programs hear of what, and the form that makes a webhook.
func (o *Office) ListWebhooks(v *Visit) error {
	return o.showWebhooks(v, http.StatusOK, webhooksPage{})
}

func (o *Office) showWebhooks(v *Visit, status int, page webhooksPage) error {
	page.frame = v.frame(v.t("Webhooks"), webhooksURL)
	page.Groups = v.hookGroups(page.Problem != "")
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		hooks, err := aftersales.Webhooks(aftersales.Look(r))
		if err != nil {
			return err
		}
		for _, w := range slices.Backward(hooks) {
			view, err := v.webhookView(r, w)
			if err != nil {
				return err
			}
			page.List = append(page.List, view)
		}
		page.Private, err = aftersales.PrivateWebhooks(aftersales.Look(r))
		return err
	})
	if err != nil {
		return err
	}
	return v.show(status, "webhooks", page)
}

func (v *Visit) webhookView(r Reader, w aftersales.Webhook) (view webhookView, err error) {
	view = webhookView{ID: w.ID, Name: w.Name, URL: w.URL, State: w.State, On: w.On(), FailingSince: w.FailingSince, Sent: noticesURL + "?channel=webhook&webhook=" + w.ID.String()}
	slices.Sort(w.Events)
	for _, e := range w.Events {
		view.Events = append(view.Events, v.lang.Name("notice.event."+e))
	}
	row, err := r.Row(record.Key{Table: v.office.Schema.Table("webhook").ID, ID: w.ID})
	if err != nil {
		return view, err
	}
	if row != nil {
		view.Seen = Seen{row.Key(): row.Vector}.String()
	}
	if view.Person, err = r.PersonName(w.Person); err != nil {
		return view, err
	}
	return view, r.Select(func(q *sqlrow.Rows) error {
		view.Last, view.LastURL, view.LastAt = v.lang.Name("notice.state."+q.Text(1)), noticesURL+"/"+q.ID(0).String(), q.Int(2)
		return q.Err()
	}, "SELECT n.id, coalesce("+ofLast("state")+", 'waiting'), n.corrected FROM notice n WHERE n.webhook = ? AND n._del = 0 ORDER BY n._seq DESC LIMIT 1", w.ID[:])
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
		return o.showWebhooks(v, http.StatusUnprocessableEntity, webhooksPage{Name: in.Name, URL: in.URL, Problem: v.lang.refusal(f)})
	}
	return o.showWebhooks(v, http.StatusOK, webhooksPage{Key: in.Secret, For: in.Name})
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
	return o.showWebhooks(v, http.StatusOK, webhooksPage{Key: secret, For: name})
}

// RemoveWebhook ends one.
func (o *Office) RemoveWebhook(v *Visit) error {
	if err := o.webhookDo(v, aftersales.RemoveWebhook); err != nil {
		return err
	}
	return v.done(webhooksURL, v.t("The webhook is removed."))
}
