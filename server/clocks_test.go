package server

import (
	"path/filepath"
	"testing"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Nobody does anything, and a promise comes due and is missed: each is told once, by a hub that is restarted too.
func TestAPromiseThatComesDueIsToldOnce(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	for _, policy := range []aftersales.PolicyInput{
		{Kind: aftersales.PolicySLA, Body: aftersales.SLAPolicy{SoonMinutes: 60, Promises: []aftersales.Promise{
			{Target: aftersales.EventResponse, Minutes: 120},
		}}},
		{Kind: aftersales.PolicyNotice, Body: aftersales.NoticePolicy{Attempts: 5, RetrySeconds: 60, Rules: []aftersales.NoticeRule{
			{Event: aftersales.NoticeDueSoon, To: aftersales.ToConcerned, Channel: aftersales.ChannelApp},
			{Event: aftersales.NoticeBreached, To: aftersales.ToConcerned, Channel: aftersales.ChannelApp},
			{Event: aftersales.NoticeBreached, To: aftersales.ToConcerned, Channel: aftersales.ChannelApp, Text: map[string]string{"en": "Twice"}},
			{Event: aftersales.NoticeBreached, To: aftersales.ToAddress, Channel: aftersales.ChannelWebhook, Address: "crm"},
		}}},
	} {
		k.do(func(tx aftersales.Tx) error {
			_, err := aftersales.PublishPolicy(tx, policy)
			return err
		})
	}
	k.today.Add(time.Second.Milliseconds())
	request := record.ID{7}
	k.do(func(tx aftersales.Tx) error {
		_, err := aftersales.CreateRequest(tx, aftersales.RequestInput{ID: request, Branch: k.branch, Title: "Pump leaks", Handler: k.li})
		return err
	})
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 0}, {61 * time.Minute, 1}, {0, 0}, {time.Hour, 2}, {0, 0}, {24 * time.Hour, 0}} {
		k.today.Add(step.after.Milliseconds())
		if n, err := k.AnnounceClocks(t.Context()); err != nil || n != step.want {
			t.Errorf("%s later: %d notices, %v; want %d", step.after, n, err, step.want)
		}
	}
}
