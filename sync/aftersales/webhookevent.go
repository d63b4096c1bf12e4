package aftersales

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// hookNouns are the tables whose rows webhooks hear of, under the names that the API has for them.
var hookNouns = map[string]string{"job": "job", "request": "request", "party": "customer", "unit": "machine", "slip": "slip"}

// hookVerbs are what can happen to such a row.
var hookVerbs = map[record.Op]string{record.Insert: "created", record.Update: "changed", record.Delete: "deleted"}

// WebhookEvents are what webhooks can hear of: all that notices tell of, and that a row was created, changed or deleted.
func WebhookEvents() []string {
	events := slices.Collect(maps.Keys(noticeTexts))
	for _, noun := range hookNouns {
		for _, verb := range hookVerbs {
			events = append(events, noun+"."+verb)
		}
	}
	slices.Sort(events)
	return events
}

// rowEvent tells webhooks that a row was created, changed or deleted.
func (a *announcer) rowEvent(t *schema.Table, c *record.RowChange) error {
	noun := hookNouns[t.Name]
	if noun == "" {
		return nil
	}
	about, err := a.now(t, c)
	if err == nil && c.Op == record.Delete {
		about, err = a.Row(t.Name, c.ID)
	}
	if err != nil || about == nil {
		return err
	}
	return a.tellHooks(happening{event: noun + "." + hookVerbs[c.Op], about: about})
}

// tellHooks writes a notice for each webhook that hears of it. They are read once for a change set.
func (a *announcer) tellHooks(h happening) (err error) {
	if !a.asked {
		if a.hooks, err = Webhooks(a); err != nil {
			return err
		}
		a.asked = true
	}
	for _, w := range a.hooks {
		if !w.On() || !slices.Contains(w.Events, h.event) {
			continue
		}
		if err := a.writeHook(h, w); err != nil {
			return err
		}
	}
	return nil
}

func (a *announcer) writeHook(h happening, w Webhook) error {
	values := record.Values{
		"event": record.Text(h.event), "about": record.AnyRef(h.about.Key()), "channel": record.Text(ChannelWebhook),
		"address": record.Text(w.Host()), "webhook": record.Ref(w.ID), "language": record.Text("en"), "text": record.Text(hookText(h)),
		"not_before": record.Instant(a.at), "occurred": record.Instant(a.occurred), "corrected": record.Instant(a.at),
	}
	if branch := h.about.Get("branch"); !branch.IsNull() {
		values["branch"] = branch
	}
	// Its name is the webhook's id, not the host: two webhooks of one host are two.
	id := a.name(h, NoticeRule{Channel: ChannelWebhook}, -1, recipient{address: w.ID.String()})
	change, err := record.NewChange(record.Insert, noticeTable, id, values)
	if err == nil {
		a.notices = append(a.notices, change)
	}
	return err
}

// hookText says in a sentence what happened, for people who look at what was sent.
func hookText(h happening) string {
	number := h.about.Get("number").Text()
	title := cmp.Or(h.about.Get("title").Text(), h.about.Get("name").Text(), h.about.Get("serial").Text())
	if usual := noticeTexts[h.event]; usual != nil {
		return strings.NewReplacer("{number}", number, "{title}", title).Replace(Label(usual, "en"))
	}
	noun, verb, _ := strings.Cut(h.event, ".")
	return strings.TrimSpace(fmt.Sprintf("%s %s was %s: %s", strings.ToUpper(noun[:1])+noun[1:], number, verb, title))
}
