package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The channels of notices.
const (
	ChannelApp      = "app" // on the person's phone and office page
	ChannelMail     = "mail"
	ChannelSMS      = "sms"
	ChannelDingTalk = "dingtalk"
	ChannelWeCom    = "wecom"
	ChannelFeishu   = "feishu"
	ChannelWebhook  = "webhook"
)

// NoticeChannels are the ways in which a notice reaches somebody.
var NoticeChannels = []string{
	ChannelApp, ChannelMail, ChannelSMS, ChannelDingTalk, ChannelWeCom, ChannelFeishu, ChannelWebhook,
}

// NoticeBucket is the kind of buckets that nobody holds: what lies only there stays on the hub.
const NoticeBucket schema.BucketKind = 9

// A notice tells somebody of something that happened. It is written with the change that it tells of, or not at all.
// One for a person in the app lies with him; the others leave the hub by their channels, attempt by attempt.
var noticeTable = &schema.Table{
	ID: 162, Name: "notice", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		code(1, "event", required),
		anyRef(2, "about", required, indexed),
		ref(3, "person", "person", fixed), // whose app shows it; empty for other channels
		ref(4, "recipient", "person"),     // whom it is for; empty for a customer and for a group's robot
		enum(5, "channel", NoticeChannels, required),
		text(6, "address", personal, searchable), // of the channel: a mail address, a telephone, the name of a robot
		text(7, "language"),                      // BCP 47
		long(4<<10, text(8, "text", required, personal, searchable)),
		instant(9, "not_before", required), // quiet hours: it may leave from then on
		ref(10, "webhook", "webhook"),      // for which it is, where it is for one
	}, occurred()),
	Buckets: []schema.Bucket{in(schema.PersonBucket, "person"), in(NoticeBucket, "id")},
}

// How an attempt to send a notice ended.
const (
	AttemptSent    = "sent"
	AttemptFailed  = "failed"   // and will be tried again
	AttemptGivenUp = "given_up" // and will not
)

// A notice attempt is one try to send a notice: its state, and when it is tried again, are those of the last.
var noticeAttemptTable = &schema.Table{
	ID: 164, Name: "notice_attempt", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "notice", "notice", required, fixed),
		enum(2, "state", []string{AttemptSent, AttemptFailed, AttemptGivenUp}, required),
		text(3, "detail"), // what the other side said
		instant(4, "next_at", indexed),
	}, occurred()),
	Buckets: []schema.Bucket{in(NoticeBucket, "notice")},
}

// NoticeSettled says that a notice was sent, or given up, already.
const NoticeSettled fault.Code = "notice_settled"

// NoticeStays says that a notice is for the app alone, or was erased: it leaves the hub by no channel.
const NoticeStays fault.Code = "notice_stays"

// Notice is a row of the table notice.
type Notice struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Event     string    `json:"event"`
	About     Row       `json:"about"`
	Person    record.ID `json:"person"`
	Recipient record.ID `json:"recipient"`
	Channel   string    `json:"channel"`
	Address   string    `json:"address"`
	Language  string    `json:"language"`
	Text      string    `json:"text"`
	NotBefore int64     `json:"not_before"`
	Webhook   record.ID `json:"webhook"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// NoticeOf returns the row as a Notice; the zero Notice for nil.
func NoticeOf(r *record.Row) Notice { return view[Notice](r) }

// NoticeAttempt is a row of the table notice_attempt.
type NoticeAttempt struct {
	ID        record.ID `json:"id"`
	Notice    record.ID `json:"notice"`
	State     string    `json:"state"`
	Detail    string    `json:"detail"`
	NextAt    int64     `json:"next_at"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// NoticeAttemptOf returns the row as a NoticeAttempt; the zero NoticeAttempt for nil.
func NoticeAttemptOf(r *record.Row) NoticeAttempt { return view[NoticeAttempt](r) }

// NoticeAttempts returns the tries to send a notice, the first one first.
func NoticeAttempts(v View, notice record.ID) ([]NoticeAttempt, error) {
	rows, err := v.Refs("notice_attempt", "notice", notice)
	list := make([]NoticeAttempt, len(rows))
	for i, row := range rows {
		list[i] = NoticeAttemptOf(row)
	}
	slices.SortFunc(list, func(a, b NoticeAttempt) int {
		return cmp.Or(cmp.Compare(a.Corrected, b.Corrected), compareIDs(a.ID, b.ID))
	})
	return list, err
}

// NoticeDue returns when a notice is to be sent, or tried again (ms UTC); false for one that needs no sending: in the
// app, sent, or given up. Codes: fault.UnknownRow.
func NoticeDue(v View, notice record.ID) (at int64, ok bool, err error) {
	row, err := need(v, "notice", notice)
	if err != nil {
		return 0, false, err
	}
	n := NoticeOf(row)
	attempts, err := NoticeAttempts(v, notice)
	if err != nil || n.Channel == ChannelApp {
		return 0, false, err
	}
	if len(attempts) == 0 {
		return n.NotBefore, true, nil
	}
	last := attempts[len(attempts)-1]
	return last.NextAt, last.State == AttemptFailed, nil
}

// AttemptInput says how a try to send a notice ended.
type AttemptInput struct {
	Notice record.ID
	Sent   bool
	Final  bool   // it failed, and trying again makes no sense
	Gone   bool   // a webhook that is there no more
	Detail string // what the other side said
}

// RecordAttempt writes down a try to send a notice; one that failed is tried again, each time twice as much later, as
// often as the policy says. Codes: NoticeSettled, fault.UnknownRow.
func RecordAttempt(tx Tx, in AttemptInput) error {
	row, err := need(tx, "notice", in.Notice)
	if err != nil {
		return err
	}
	if _, open, err := NoticeDue(tx, in.Notice); err != nil || !open {
		return cmp.Or[error](err, fault.New(NoticeSettled, "the notice was sent or given up already"))
	}
	n := NoticeOf(row)
	before, err := NoticeAttempts(tx, in.Notice)
	if err != nil {
		return err
	}
	p, _, err := InForce[NoticePolicy](tx, PolicyNotice, n.Branch, n.Corrected)
	if err != nil {
		return err
	}
	values := record.Values{"branch": record.Ref(n.Branch), "notice": record.Ref(n.ID), "detail": optional(clip(in.Detail))}
	wait, again := p.retry(len(before) + 1)
	if !n.Webhook.IsZero() {
		if again, err = delivered(tx, n, in, wait); err != nil {
			return err
		}
	}
	switch {
	case in.Sent:
		values["state"] = record.Text(AttemptSent)
	case in.Final || !again:
		values["state"] = record.Text(AttemptGivenUp)
	default:
		values["state"], values["next_at"] = record.Text(AttemptFailed), record.Instant(tx.Now()+wait)
	}
	Moment{}.put(tx, values)
	return insert(tx, "notice_attempt", tx.NewID(), values)
}

// RetryNotice has a notice tried again at once, one that was given up too: once more, and then as the policy says.
// Codes: NoticeSettled for one that was sent, NoticeStays for one that needs no sending, WebhookIdle, fault.UnknownRow.
func RetryNotice(tx Tx, notice record.ID) error {
	row, err := need(tx, "notice", notice)
	if err != nil {
		return err
	}
	n := NoticeOf(row)
	if err := awake(tx, n.Webhook); err != nil {
		return err
	}
	attempts, err := NoticeAttempts(tx, notice)
	switch {
	case err != nil:
		return err
	case n.Channel == ChannelApp || n.Address == "":
		return fault.New(NoticeStays, "This notice does not leave the hub: there is nothing to send again.")
	case len(attempts) == 0:
		return nil // its first try is still to come
	case n.Webhook.IsZero() && attempts[len(attempts)-1].State == AttemptSent: // a webhook knows a repetition by its id
		return fault.New(NoticeSettled, "This notice was sent already.")
	}
	values := record.Values{
		"branch": record.Ref(n.Branch), "notice": record.Ref(n.ID), "state": record.Text(AttemptFailed), "next_at": record.Instant(tx.Now()),
	}
	Moment{}.put(tx, values)
	return insert(tx, "notice_attempt", tx.NewID(), values)
}

// awake refuses a webhook to which nothing is sent.
func awake(tx Tx, webhook record.ID) error {
	row, err := tx.Row("webhook", webhook)
	if err == nil && !webhook.IsZero() && !WebhookOf(row).On() {
		err = fault.New(WebhookIdle, "This webhook is switched off. Switch it on first: what waits for it is sent then.")
	}
	return err
}

// clip shortens what somebody else's server said to what a row takes.
func clip(s string) string {
	const most = 1000
	if len(s) > most {
		s = s[:most]
	}
	return string([]rune(s))
}
