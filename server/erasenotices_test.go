package server

import (
	"path/filepath"
	"testing"

	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Who is erased is erased from what he was told, too: his address, and the text; a customer's contact as a colleague.
func TestAnErasureReachesNotices(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	party, contact, job := record.ID{5}, record.ID{6}, record.ID{7}
	k.do(func(tx aftersales.Tx) error {
		_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: aftersales.PolicyNotice, Body: aftersales.NoticePolicy{
			Attempts: 5, RetrySeconds: 60, Rules: []aftersales.NoticeRule{
				{Event: aftersales.NoticeAssigned, To: aftersales.ToConcerned, Channel: aftersales.ChannelApp},
				{Event: aftersales.NoticeAssigned, To: aftersales.ToContact, Channel: aftersales.ChannelMail},
			},
		}})
		return err
	})
	k.do(func(tx aftersales.Tx) error {
		if _, err := aftersales.CreateParty(tx, aftersales.PartyInput{ID: party, Branch: k.branch, Name: "Works"}); err != nil {
			return err
		}
		in := aftersales.ContactInput{ID: contact, Branch: k.branch, Party: party, Name: "Chen", Email: "chen@example.com"}
		if _, err := aftersales.CreateContact(tx, in); err != nil {
			return err
		}
		at := aftersales.JobInput{ID: job, Branch: k.branch, Party: party, Contact: contact, Title: "At Ms Chen's"}
		if _, err := aftersales.CreateJob(tx, at); err != nil {
			return err
		}
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: k.li})
		return err
	})
	standing := func() (n int) {
		ids, err := k.ids(t.Context(), "SELECT id FROM notice WHERE text IS NOT NULL OR address IS NOT NULL")
		if err != nil {
			t.Fatal(err)
		}
		return len(ids)
	}
	if n := standing(); n != 2 {
		t.Fatalf("%d notices", n)
	}
	for i, of := range []record.Key{{Table: aftersales.Schema.Table("contact").ID, ID: contact}, {Table: aftersales.Schema.Table("person").ID, ID: k.li}} {
		if err := k.Erase(t.Context(), record.ID{}, []record.Key{of}); err != nil || standing() != 1-i {
			t.Errorf("%d notices still say something, %v", standing(), err)
		}
	}
	err := k.Store.Read(t.Context(), func(v *store.View) error {
		found, err := v.Living(aftersales.Schema.Table("notice"), 10)
		if err == nil && len(found) != 2 {
			t.Errorf("%d notices are left", len(found))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
