package server

import (
	"context"
	"net/http"
	"time"

	"fieldsync/server/api"
	"fieldsync/server/hub"
	"fieldsync/server/notify"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// How often notices are looked for, how long one may take, and how old one may be that is still tried.
const (
	noticesEvery = 5 * time.Second
	noticeTime   = 20 * time.Second
	noticeAge    = 30 * 24 * time.Hour
)

// noticeIndexes find the notices that leave the hub.
var noticeIndexes = []string{
	`CREATE INDEX IF NOT EXISTS "notice.out,id" ON notice(not_before, id) WHERE channel <> 'app'`,
	`DROP INDEX IF EXISTS "notice.out"`, // as it was before
}

// dueNotices are those that were neither sent nor given up nor erased, and whose time has come: what counts is the last
// attempt. One that somebody has tried again is due however old it is. Webhooks are asked one by one (see dueHooks).
const dueNotices = `SELECT n.id FROM (
		SELECT id FROM notice WHERE channel <> 'app' AND not_before BETWEEN ? AND ?
		UNION SELECT notice FROM notice_attempt WHERE state = 'failed' AND next_at BETWEEN ? AND ?
	) d JOIN notice n ON n.id = d.id
	LEFT JOIN notice_attempt a ON a.id = (SELECT x.id FROM notice_attempt x WHERE x.notice = n.id AND x._del = 0 ORDER BY x.id DESC LIMIT 1)
	WHERE n.channel <> 'app' AND n.webhook IS NULL AND n.address IS NOT NULL AND n._del = 0 AND n.not_before <= ?
	AND (a.id IS NULL OR a.state = 'failed' AND a.next_at <= ?) ORDER BY n.not_before, n.id LIMIT ?`

// outbox is the hub's notices as their sender sees them.
type outbox struct{ *Core }

func (o outbox) Due(ctx context.Context, now time.Time, limit int) (list []notify.Message, err error) {
	at, since := now.UnixMilli(), now.Add(-noticeAge).UnixMilli()
	ids, err := o.ids(ctx, dueNotices, since, at, since, at, at, at, limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return o.messages(ctx, ids)
}

// messages returns the notices of the ids as messages.
func (c *Core) messages(ctx context.Context, ids []record.ID) (list []notify.Message, err error) {
	err = c.Hub.View(ctx, func(v hub.View) error {
		for _, id := range ids {
			row, err := aftersales.Look(v).Row("notice", id)
			if err != nil {
				return err
			}
			if row != nil {
				list = append(list, messageOf(aftersales.NoticeOf(row)))
			}
		}
		return nil
	})
	return list, err
}

func messageOf(n aftersales.Notice) notify.Message {
	return notify.Message{
		ID: n.ID, Channel: n.Channel, Address: n.Address, Event: n.Event, Text: n.Text, At: time.UnixMilli(n.Corrected),
		Resource: api.PathOf(n.About.Table), Row: n.About.ID,
	}
}

// Record writes the try down; one that another process has settled meanwhile stays as it is.
func (o outbox) Record(ctx context.Context, id record.ID, outcome notify.Outcome) error {
	_, err := o.Hub.Do(ctx, record.ID{}, nil, aftersales.CauseNoticeSend, func(tx *hub.Office) error {
		return aftersales.RecordAttempt(Bind(tx, record.ID{}), aftersales.AttemptInput{
			Notice: id, Sent: outcome.Sent, Final: outcome.Final, Gone: outcome.Gone, Detail: outcome.Detail,
		})
	})
	if fault.CodeOf(err) == aftersales.NoticeSettled {
		return nil
	}
	return err
}

// SendNotices sends what is due by the channels until ctx ends. Without a channel it leaves them where they are.
func (c *Core) SendNotices(ctx context.Context, channels map[string]notify.Channel) {
	if len(channels) == 0 {
		return
	}
	c.sender(channels).Run(ctx, noticesEvery)
}

func (c *Core) sender(channels map[string]notify.Channel) *notify.Sender {
	return &notify.Sender{Outbox: outbox{c}, Channels: channels, Now: c.now, Timeout: noticeTime, Log: c.log}
}

// NoticeChannels reads, from JSON, by what channels notices leave (see notify.Configure).
func NoticeChannels(body []byte) (map[string]notify.Channel, error) {
	client := &http.Client{
		Timeout:       noticeTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return notify.Configure(body, client, time.Now)
}
