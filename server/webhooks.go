package server

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/notify"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// hookIndexes find what webhooks were not sent yet.
var hookIndexes = []string{`CREATE INDEX IF NOT EXISTS "notice.webhook" ON notice(webhook, _seq) WHERE webhook IS NOT NULL`}

// dueHooks are the notices of a webhook that were never tried and lie behind a commit, and those whose last try failed and
// whose next was due since a moment. In the order of their commits, in which things happened to the hub.
const dueHooks = `SELECT n.id FROM (
		SELECT id FROM notice WHERE webhook = ? AND _seq > ?
		UNION SELECT notice FROM notice_attempt WHERE state = 'failed' AND next_at BETWEEN ? AND ?
	) d JOIN notice n ON n.id = d.id
	LEFT JOIN notice_attempt a ON a.id = (SELECT x.id FROM notice_attempt x WHERE x.notice = n.id AND x._del = 0 ORDER BY x.id DESC LIMIT 1)
	WHERE n.webhook = ? AND n.address IS NOT NULL AND n._del = 0
	AND (a.id IS NULL OR a.state = 'failed' AND a.next_at <= ?) ORDER BY n._seq, n.id LIMIT ?`

// hookBox is one webhook's notices as their sender sees them. It remembers up to where nothing is left to be sent, so
// that looking costs nothing where nothing happened; a process that begins looks through the last month.
type hookBox struct {
	*Core
	id    record.ID
	tried uint64 // up to this commit every notice was tried
	next  int64  // what was to be tried again before this moment was
	busy  bool   // a round is under way; guarded by hookSender.mu
}

// slack is how far clocks of two processes may be apart.
const slack = time.Minute

// Due returns what is to be sent now.
func (b *hookBox) Due(ctx context.Context, now time.Time, limit int) (list []notify.Message, err error) {
	var head uint64
	err = b.Store.Read(ctx, func(v *store.View) error { head, err = v.Head(); return err })
	if err != nil {
		return nil, err
	}
	at := now.UnixMilli()
	since := max(b.next, now.Add(-noticeAge).UnixMilli())
	ids, err := b.ids(ctx, dueHooks, b.id[:], int64(b.tried), since, at, b.id[:], at, limit)
	if err == nil && len(ids) == 0 {
		b.tried, b.next = head, now.Add(-slack).UnixMilli()
	}
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return b.messages(ctx, ids)
}

// Record writes the try down.
func (b *hookBox) Record(ctx context.Context, id record.ID, outcome notify.Outcome) error {
	return outbox{b.Core}.Record(ctx, id, outcome)
}

// hookSender sends to webhooks, to each by itself: one that does not answer holds up no other.
type hookSender struct {
	*Core
	people  *auth.People
	client  *http.Client
	private atomic.Bool // the company lets them go into its own network
	mu      sync.Mutex
	boxes   map[record.ID]*hookBox
	rounds  sync.WaitGroup
}

func (c *Core) hookSender() (s *hookSender, err error) {
	s = &hookSender{Core: c, boxes: map[record.ID]*hookBox{}}
	s.client = notify.Guarded(noticeTime, s.private.Load)
	s.people, err = auth.NewPeople(peopleStore{Store: c.Store, now: c.now}, rand.Reader, c.now)
	return s, err
}

// SendWebhooks sends what webhooks are to hear until ctx ends.
func (c *Core) SendWebhooks(ctx context.Context) {
	s, err := c.hookSender()
	if err != nil {
		c.log.Error("webhooks are not sent; their events wait", "error", err)
		return
	}
	defer s.client.CloseIdleConnections()
	defer s.rounds.Wait()
	tick := time.NewTicker(noticesEvery)
	defer tick.Stop()
	for {
		if err := s.begin(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("webhooks could not be looked for; their events wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// begin begins a round for each webhook that is on and has none under way.
func (s *hookSender) begin(ctx context.Context) error {
	hooks, err := s.active(ctx)
	for _, w := range hooks {
		s.mu.Lock()
		box := s.boxes[w.ID]
		if box == nil {
			box = &hookBox{Core: s.Core, id: w.ID}
			s.boxes[w.ID] = box
		}
		idle := !box.busy
		box.busy = true
		s.mu.Unlock()
		if idle {
			s.rounds.Go(func() { s.round(ctx, box, w) })
		}
	}
	return err
}

func (s *hookSender) round(ctx context.Context, box *hookBox, w aftersales.Webhook) {
	defer func() {
		s.mu.Lock()
		box.busy = false
		s.mu.Unlock()
	}()
	hook := &notify.Subscription{Client: s.client, Hook: notify.Hook{URL: w.URL, Secret: w.Secret}, Now: s.now}
	sender := notify.Sender{
		Outbox: box, Channels: map[string]notify.Channel{aftersales.ChannelWebhook: hook}, Now: s.now, Timeout: noticeTime, Halts: true, Log: s.log,
	}
	if _, err := sender.Round(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("a webhook's events could not be sent; they wait", "webhook", w.ID, "error", err)
	}
}

// active returns the webhooks that are on, and whose maker may still have others hear: as a program's token, they may what he may.
func (s *hookSender) active(ctx context.Context) (list []aftersales.Webhook, err error) {
	var all []aftersales.Webhook
	err = s.Hub.View(ctx, func(v hub.View) (err error) {
		if all, err = aftersales.Webhooks(aftersales.Look(v)); err != nil {
			return err
		}
		private, err := aftersales.PrivateWebhooks(aftersales.Look(v))
		s.private.Store(private)
		return err
	})
	for _, w := range all {
		if err != nil {
			return nil, err
		}
		if !w.On() {
			continue
		}
		var maker *auth.Person
		if maker, err = s.people.Person(ctx, w.Person); maker != nil && maker.May(auth.ManageWebhooks) {
			list = append(list, w)
		}
	}
	return list, err
}
