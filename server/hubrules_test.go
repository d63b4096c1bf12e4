package server

import (
	"path/filepath"
	"testing"

	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// A notice of what a phone did whose clock is ahead, be it by thousands of years, leaves today: it happened, at the latest, when it came.
func TestANoticeOfAClockThatIsAheadLeavesToday(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	job := NewID()
	k.do(func(tx aftersales.Tx) error {
		if _, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: job, Branch: k.branch, Title: "pump leaks"}); err != nil {
			return err
		}
		_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: aftersales.PolicyNotice, Body: aftersales.NoticePolicy{
			Attempts: 5, RetrySeconds: 60,
			Rules: []aftersales.NoticeRule{{Event: aftersales.NoticeAssigned, To: aftersales.ToConcerned, Channel: aftersales.ChannelApp}},
		}})
		return err
	})
	given, err := record.NewChange(record.Insert, aftersales.Schema.Table("assignment"), NewID(), record.Values{
		"branch": record.Ref(k.branch), "job": record.Ref(job), "person": record.Ref(k.li), "state": record.Text(aftersales.AssignmentOpen),
		"role": record.Text(aftersales.Lead),
	})
	if err != nil {
		t.Fatal(err)
	}
	today := clock.StampAt(k.today.Load())
	cs := &record.ChangeSet{
		Dot: clock.Dot{Actor: 1, Counter: 1}, Stamp: clock.StampAt(1 << 60), Rows: []record.RowChange{given},
	}
	err = k.Hub.View(t.Context(), func(v hub.View) error {
		d, err := Rules().Review(v, cs, judge.Author{Trusted: true, Eff: today})
		if len(d.Also) != 1 {
			t.Fatalf("%d notices, %v", len(d.Also), err)
		}
		if err := record.CheckChange(aftersales.Schema.Table("notice"), &d.Also[0]); err != nil {
			t.Errorf("the hub could not write it: %v", err)
		}
		n := aftersales.NoticeOf(record.NewRow(aftersales.Schema.Table("notice"), &d.Also[0], cs.Dot))
		if n.NotBefore != today.Millis() {
			t.Errorf("it leaves at %d, want %d", n.NotBefore, today.Millis())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
