package aftersales

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of webhooks.
const (
	WebhookOn     = "on"
	WebhookOff    = "off"    // by hand
	WebhookFailed = "failed" // it took nothing for days
	WebhookGone   = "gone"   // it answered that it is there no more
)

// A webhook is an address of another program that hears of events: a notice is written for each, with the change that it
// tells of, and leaves as notices do. It stays on the hub.
var webhookTable = &schema.Table{
	ID: 226, Name: "webhook",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "list", "webhook", required, fixed), // the same in all of them, so that one question finds them: webhookList
		text(2, "name", required),
		long(2<<10, text(3, "url", required)),
		set(4, "events"),
		text(5, "secret", required, sealed), // "whsec_" and the key in base64
		ref(6, "person", "person"),          // who made it: he is told when it is switched off
		enum(7, "state", []string{WebhookOn, WebhookOff, WebhookFailed, WebhookGone}, required),
		instant(8, "failing_since"), // of the first try since the last that was taken
	}, archive()),
	Buckets: []schema.Bucket{in(OfficeBucket, "id")},
}

var webhookList = NamedID("webhooks")

// NoticeWebhookOff tells who made a webhook that it was switched off.
const NoticeWebhookOff = "webhook.off"

// The codes of webhooks.
const (
	BadWebhook  fault.Code = "bad_webhook" // its address, or what it asks for, is none, or there are too many
	WebhookIdle fault.Code = "webhook_off" // nothing is sent to it
)

// mostWebhooks bounds how many there are: each is asked at once, and every change looks at all.
const mostWebhooks = 50

// Webhook is a row of the table webhook.
type Webhook struct {
	ID           record.ID `json:"id"`
	Name         string    `json:"name"`
	URL          string    `json:"url"`
	Events       []string  `json:"events"`
	Secret       string    `json:"secret"`
	Person       record.ID `json:"person"`
	State        string    `json:"state"`
	FailingSince int64     `json:"failing_since"`
	ArchivedAt   int64     `json:"archived_at"`
}

// WebhookOf returns the row as a Webhook; the zero Webhook for nil.
func WebhookOf(r *record.Row) Webhook { return view[Webhook](r) }

// On reports whether events are sent to it.
func (w Webhook) On() bool { return w.State == WebhookOn && w.ArchivedAt == 0 }

// Host returns the part of its URL that says whose it is.
func (w Webhook) Host() string {
	_, rest, _ := strings.Cut(w.URL, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// Webhooks returns those that were not removed, the oldest first.
func Webhooks(v View) (list []Webhook, err error) {
	rows, err := v.Refs("webhook", "list", webhookList)
	for _, row := range rows {
		if w := WebhookOf(row); w.ArchivedAt == 0 {
			list = append(list, w)
		}
	}
	return list, err
}

// WebhookInput is a new webhook.
type WebhookInput struct {
	Name, URL, Secret string
	Events            []string
	Person            record.ID
	Private           bool // it may be plain HTTP: the company lets webhooks go to its own network
}

// CreateWebhook makes a webhook, which is on. Codes: BadWebhook, MissingText.
func CreateWebhook(tx Tx, in WebhookInput) (record.ID, error) {
	values, err := in.values()
	if err != nil {
		return record.ID{}, err
	}
	there, err := Webhooks(tx)
	if err != nil {
		return record.ID{}, err
	}
	if len(there) >= mostWebhooks {
		return record.ID{}, fault.New(BadWebhook, "There are 50 webhooks already. Remove one that nobody needs.")
	}
	values["list"], values["secret"] = record.Ref(webhookList), record.Text(in.Secret)
	values["person"], values["state"] = record.Ref(in.Person), record.Text(WebhookOn)
	addSet(values, "events", in.Events)
	id := tx.NewID()
	return id, insert(tx, "webhook", id, values)
}

func (in WebhookInput) values() (record.Values, error) {
	name, err := textFor("the name", in.Name)
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(name) > 60 {
		return nil, fault.New(BadWebhook, "A webhook needs a name of up to 60 characters.")
	}
	if err := checkHookURL(in.URL, in.Private); err != nil {
		return nil, err
	}
	if len(in.Events) == 0 {
		return nil, fault.New(BadWebhook, "Choose what it hears of.")
	}
	for _, e := range in.Events {
		if !slices.Contains(WebhookEvents(), e) {
			return nil, fault.New(BadWebhook, "There is no such event. Open the page again.")
		}
	}
	return record.Values{"name": record.Text(name), "url": record.Text(strings.TrimSpace(in.URL))}, nil
}

// checkHookURL refuses what cannot be the URL of a webhook; who sends checks where it leads.
func checkHookURL(address string, private bool) error {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(address), "://")
	host := Webhook{URL: address}.Host()
	switch {
	case scheme != "https" && scheme != "http", host == "", strings.ContainsAny(rest, " \t\r\n\\"), strings.Contains(host, "@"), len(address) > 2000:
		return fault.New(BadWebhook, "A URL is needed that begins with https:// and has no password in it.")
	case scheme == "http" && !private:
		return fault.New(BadWebhook, "The URL must begin with https://: everybody on the way could read what is sent. Plain http is for your own network, and a setting permits it.")
	}
	return nil
}

// SwitchWebhook switches a webhook on or off by hand. What waited for it is sent when it is on again. Codes:
// fault.UnknownRow.
func SwitchWebhook(tx Tx, id record.ID, on bool) error {
	row, err := need(tx, "webhook", id)
	if err != nil {
		return err
	}
	state := WebhookOff
	if on {
		state = WebhookOn
	}
	if w := WebhookOf(row); w.State == state || w.ArchivedAt != 0 {
		return nil
	}
	return tx.Update("webhook", id, record.Values{"state": record.Text(state), "failing_since": record.Null})
}

// RekeyWebhook gives a webhook another secret: what was signed with the old one is believed no more. Codes:
// fault.UnknownRow.
func RekeyWebhook(tx Tx, id record.ID, secret string) error {
	if _, err := need(tx, "webhook", id); err != nil {
		return err
	}
	return tx.Update("webhook", id, record.Values{"secret": record.Text(secret)})
}

// RemoveWebhook ends a webhook for good; what was sent to it stays to be read. Codes: fault.UnknownRow.
func RemoveWebhook(tx Tx, id record.ID) error {
	row, err := need(tx, "webhook", id)
	if err != nil || WebhookOf(row).ArchivedAt != 0 {
		return err
	}
	return tx.Update("webhook", id, record.Values{"archived_at": record.Instant(tx.Now())})
}

// WebhookDays returns for how many days an event is tried, and after how many in which it took nothing a webhook is
// switched off.
func WebhookDays(v Reader) (int64, error) {
	s, err := Setting(v, SettingWebhookDays, record.ID{})
	if n, e := strconv.ParseInt(s, 10, 32); err == nil && e == nil && n > 0 {
		return n, nil
	}
	return standardWebhookDays, err
}

// PrivateWebhooks reports whether the company lets webhooks go to addresses of its own network, and over plain HTTP.
func PrivateWebhooks(v Reader) (bool, error) {
	s, err := Setting(v, SettingWebhookPrivate, record.ID{})
	return s == "1", err
}

// delivered notes at a webhook how a try to send to it ended, and reports whether the notice is tried again, after wait ms.
func delivered(tx Tx, n Notice, in AttemptInput, wait int64) (again bool, err error) {
	row, err := tx.Row("webhook", n.Webhook)
	if err != nil || row == nil {
		return false, err
	}
	w := WebhookOf(row)
	if in.Sent {
		if w.FailingSince != 0 {
			err = tx.Update("webhook", w.ID, record.Values{"failing_since": record.Null})
		}
		return false, err
	}
	days, err := WebhookDays(tx)
	if err != nil {
		return false, err
	}
	since := cmp.Or(w.FailingSince, tx.Now())
	switch {
	case w.On() && in.Gone:
		err = switchOff(tx, w, WebhookGone)
	case w.On() && tx.Now()-since >= days*dayMillis:
		err = switchOff(tx, w, WebhookFailed)
	case w.FailingSince == 0:
		err = tx.Update("webhook", w.ID, record.Values{"failing_since": record.Instant(since)})
	}
	return !in.Final && tx.Now()+wait < n.Corrected+days*dayMillis, err
}

// switchOff switches a webhook off, and tells who made it.
func switchOff(tx Tx, w Webhook, state string) error {
	err := tx.Update("webhook", w.ID, record.Values{"state": record.Text(state)})
	if err != nil {
		return err
	}
	row, err := tx.Row("person", w.Person)
	if err != nil || row == nil {
		return err
	}
	person := PersonOf(row)
	usual, err := companyLanguage(tx, person.Branch)
	if err != nil {
		return err
	}
	language := cmp.Or(person.Language, usual)
	values := record.Values{
		"branch": record.Ref(person.Branch), "event": record.Text(NoticeWebhookOff), "about": record.AnyRef(record.Key{Table: webhookTable.ID, ID: w.ID}),
		"person": record.Ref(person.ID), "recipient": record.Ref(person.ID), "channel": record.Text(ChannelApp), "language": record.Text(language),
		"text":       record.Text(strings.ReplaceAll(Label(webhookOffText, language), "{name}", w.Name)),
		"not_before": record.Instant(tx.Now()),
	}
	Moment{}.put(tx, values)
	return insert(tx, "notice", tx.NewID(), values)
}

var webhookOffText = texts("Webhook {name} is switched off: it took nothing. Look at it under Settings, Webhooks.",
	"回调 {name} 已停用：对方不接收。请在“设置 › Webhook 回调”中查看。", "回呼 {name} 已停用：對方不接收。請在「設定 › Webhook 回呼」中查看。")
