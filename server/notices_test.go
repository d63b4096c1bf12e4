package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// A job is given out: the notice is committed with it, leaves for a system that is down, waits, and leaves again.
func TestANoticeLeavesInTheEnd(t *testing.T) {
	t.Parallel()
	var heard []string
	down := true
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(r.Body)
		heard = append(heard, string(body))
	}))
	t.Cleanup(crm.Close)
	channels, err := NoticeChannels([]byte(`{"webhook": {"crm": {"URL": "` + crm.URL + `", "Secret": "key"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db"))
	k.do(aftersales.SetUp)
	k.founded()
	k.do(func(tx aftersales.Tx) error {
		_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: aftersales.PolicyNotice, Body: aftersales.NoticePolicy{
			Attempts: 5, RetrySeconds: 60, Rules: []aftersales.NoticeRule{
				{Event: aftersales.NoticeAssigned, To: aftersales.ToAddress, Channel: aftersales.ChannelWebhook, Address: "crm"},
				{Event: aftersales.NoticeAssigned, To: aftersales.ToConcerned, Channel: aftersales.ChannelApp},
			},
		}})
		return err
	})
	job := record.ID{7}
	k.do(func(tx aftersales.Tx) error {
		if _, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: job, Branch: k.branch, Title: "Pump leaks"}); err != nil {
			return err
		}
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: k.li})
		return err
	})
	sender := k.sender(channels)
	for i, want := range []int{0, 0, 1, 0} {
		if i == 2 {
			down = false
			k.today.Add(61_000)
		}
		if sent, err := sender.Round(t.Context()); err != nil || sent != want {
			t.Fatalf("round %d: %d sent, %v", i, sent, err)
		}
	}
	if len(heard) != 1 || !strings.Contains(heard[0], "Pump leaks") {
		t.Fatalf("it heard %v", heard)
	}
	err = k.Hub.View(t.Context(), func(v hub.View) error {
		mine, err := aftersales.Look(v).Refs("notice", "person", k.li)
		if err == nil && (len(mine) != 1 || mine[0].Meta.Created.Actor.Side() != clock.SideHub) {
			t.Errorf("he has %d notices in the app, or not in the hub's name", len(mine))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestChannelsThatAreMiswritten(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "[]", `{"fax": {}}`} {
		if _, err := NoticeChannels([]byte(body)); err == nil {
			t.Errorf("%q passes", body)
		}
	}
}
