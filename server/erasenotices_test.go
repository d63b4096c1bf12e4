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

// What webhooks were told of a customer is kept as notices: his name goes from them with him.
func TestAnErasureReachesWhatWebhooksAreTold(t *testing.T) {
	t.Parallel()
	other := newCRM(t, "key")
	k, _, _ := hooked(t, other.URL, "customer.created", "customer.changed")
	party := record.ID{5}
	k.do(func(tx aftersales.Tx) error {
		_, err := aftersales.CreateParty(tx, aftersales.PartyInput{ID: party, Branch: k.branch, Name: "Ms Chen"})
		return err
	})
	k.do(func(tx aftersales.Tx) error {
		return tx.Update("party", party, record.Values{"phone": record.Text("+886912345678")})
	})
	if told := k.texts("SELECT text FROM notice WHERE text LIKE '%Chen%'"); len(told) != 2 {
		t.Fatalf("webhooks were told %q", told)
	}
	if err := k.Erase(t.Context(), record.ID{}, []record.Key{{Table: aftersales.Schema.Table("party").ID, ID: party}}); err != nil {
		t.Fatal(err)
	}
	if told := k.texts("SELECT text FROM notice WHERE text LIKE '%Chen%'"); len(told) != 0 {
		t.Errorf("kept is still %q", told)
	}
}
