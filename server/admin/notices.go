package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// lastAttempt is the id of the latest try to send a notice n.
const lastAttempt = "(SELECT x.id FROM notice_attempt x WHERE x.notice = n.id AND x._del = 0 ORDER BY x.id DESC LIMIT 1)"

// ofLast is a column of the latest try.
func ofLast(column string) string {
	return "(SELECT a." + column + " FROM notice_attempt a WHERE a.id = " + lastAttempt + ")"
}

// endedSo are the notices n whose latest try ended so.
func endedSo(state string) string {
	return "n.id IN (SELECT a.notice FROM notice_attempt a WHERE a.state = '" + state + "' AND a._del = 0" +
		" AND a.id = (SELECT x.id FROM notice_attempt x WHERE x.notice = a.notice AND x._del = 0 ORDER BY x.id DESC LIMIT 1))"
}

// Notices are what people, customers and programs are told: whether it left, and if not, why.
var Notices = &Noun{
	URL: noticesURL,
	Lists: &Listing{
		List: &list.List{
			Name: "notice", ID: "n.id", Where: "n._del = 0", Order: "-not_before",
			From: "notice n LEFT JOIN person p ON p.id = n.recipient LEFT JOIN webhook w ON w.id = n.webhook",
			Columns: []list.Column{
				{Name: "text", SQL: "n.text", Ref: "n.id", URL: noticesURL + "/", Fixed: true},
				{Name: "state", Kind: list.Code, Codes: "notice.state", Fixed: true, SQL: "CASE WHEN n.channel = 'app' THEN 'shown' WHEN n.address IS NULL THEN 'erased'" +
					" ELSE coalesce(" + ofLast("state") + ", 'waiting') END"},
				{Name: "detail", SQL: ofLast("detail"), Fixed: true},
				{Name: "channel", SQL: "n.channel", Kind: list.Code, Codes: "notice.channel", Fixed: true},
				{Name: "recipient", SQL: "coalesce(p.name, w.name, n.address)", Fixed: true},
				{Name: "not_before", SQL: "n.not_before", Kind: list.Instant},
				{Name: "next_at", SQL: ofLast("next_at"), Kind: list.Instant, Fixed: true, Aside: true},
				{Name: "event", SQL: "n.event", Kind: list.Code, Codes: "notice.event", Fixed: true, Aside: true},
				{Name: "tries", SQL: "(SELECT count(*) FROM notice_attempt x WHERE x.notice = n.id AND x._del = 0)", Kind: list.Number, Fixed: true, Aside: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("notice", "n.id", "person", "n.recipient")},
				{Name: "given_up", Test: list.Is, Where: endedSo(aftersales.AttemptGivenUp)},
				{Name: "failed", Test: list.Is, Where: endedSo(aftersales.AttemptFailed)},
				{Name: "waiting", Test: list.Is, Where: "n.channel <> 'app' AND n.address IS NOT NULL AND NOT EXISTS (SELECT 1 FROM notice_attempt x WHERE x.notice = n.id)"},
				{Name: "channel", Test: list.OneOf, Where: "n.channel", Codes: []string{
					aftersales.ChannelApp, aftersales.ChannelMail, aftersales.ChannelSMS, aftersales.ChannelDingTalk, aftersales.ChannelWeCom,
					aftersales.ChannelFeishu, aftersales.ChannelWebhook,
				}, Names: "notice.channel"},
				{Name: "webhook", Test: list.Refers, Where: "n.webhook", Of: "webhook"},
				{Name: "since", Test: list.Since, Where: "n.not_before"},
			},
			Indexes: []string{
				`CREATE INDEX IF NOT EXISTS "notice.before,id" ON notice(not_before, id)`,
				`CREATE INDEX IF NOT EXISTS "notice.channel,id" ON notice(channel, not_before, id)`,
				`CREATE INDEX IF NOT EXISTS "notice_attempt.bad" ON notice_attempt(state, notice) WHERE state <> 'sent'`,
			},
		},
		URL: noticesURL, Title: "Notices",
		Empty: "What people, customers and programs are told will stand here: whether it left, and if not, why. The policy of notices says who hears of what.",
	},
	One: &Detail{
		Table: "notice", URL: noticesURL, Texts: []string{"text"},
		Facts: []string{"event", "about", "recipient", "channel", "address", "language", "not_before", "corrected"},
		Sections: []sectionOf{
			{table: "notice_attempt", via: "notice", columns: []string{"state", "detail", "corrected", "next_at"}},
		},
	},
	Deeds: []*Deed{{
		Name: "retry", Title: "Send it again", Done: "It is sent again at once.", Cause: aftersales.CauseNoticeRetry, Need: auth.RetryNotices,
		Hint: "It is tried once more, and then as often as the policy says.", Many: true,
		Fits: func(row *record.Row) bool {
			return row.Get("channel").Text() != aftersales.ChannelApp && !row.Get("address").IsNull()
		},
		Do: func(tx aftersales.Tx, row *record.Row, _ record.Values) error {
			return aftersales.RetryNotice(tx, row.ID)
		},
	}},
	Above: noticesWaiting,
}

// noticesWaiting says how many were given up, which nobody would look for.
func noticesWaiting(v *Visit, r Reader) (blocks []block, err error) {
	count := 0
	err = r.Select(func(q *sqlrow.Rows) error { count = int(q.Int(0)); return q.Err() },
		"SELECT count(*) FROM notice n WHERE n._del = 0 AND "+endedSo(aftersales.AttemptGivenUp))
	if err != nil || count == 0 || v.query("given_up") != "" {
		return nil, err
	}
	return []block{{Lines: []saying{{Text: v.t("%d notices could not be sent and are not tried any more.", count), URL: noticesURL + "?given_up=1"}}}}, nil
}
