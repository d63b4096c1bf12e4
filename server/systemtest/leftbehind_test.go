package systemtest

import (
	"net/http"
	"regexp"
	"slices"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// A phone is shut out for good while work waits on it. What it delivers stands among the refused changes, each with who made
// it, on which device and why it waits, and a person settles each: in the order of the work or not, as it was recorded, with
// corrections, or not at all. The device's page leads to what it left.
func TestWhatAPhoneThatWasShutOutLeftIsSettledByAPerson(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang, chen := b.hire("wang", "王强", auth.Technician), b.hire("chen", "Chen", auth.Technician)
	boss := b.browser("boss")
	phone, other := b.phone(boss, wang, "Wang's phone"), b.phone(boss, chen, "Chen's phone")
	job, path := boss.makes("Fan rattles", wang)
	chens, _ := boss.makes("Belt torn", chen)
	sync(t, phone)
	sync(t, other)
	var found record.ID
	update(t, phone, aftersales.CauseJobCreate, func(tx aftersales.Tx) (err error) {
		found, err = aftersales.CreateJob(tx, aftersales.JobInput{Title: "Pump leaks", Origin: aftersales.OriginFound})
		return err
	})
	for _, said := range []struct {
		job  record.ID
		text string
	}{{found, "seal worn"}, {job, "greased"}, {job, "swept the floor"}} {
		update(t, phone, aftersales.CauseJobNote, func(tx aftersales.Tx) error { _, err := aftersales.AddNote(tx, said.job, said.text); return err })
	}
	update(t, other, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		return tx.Update("job", chens, record.Values{"title": record.Text("not his to say")})
	})
	sync(t, other)
	b.setStanding(wang, auth.HardRevoked)
	if err := phone.SyncOnce(t.Context()); fault.CodeOf(err) != fault.Revoked {
		t.Fatalf("it hears: %v", err)
	}

	boss.get("/devices").sees(http.StatusOK, "shut out for good", ">4</a>")
	left := boss.find(`<a href="(/refused\?device=[^"]+)">4</a>`)
	boss.get(left).sees(http.StatusOK, "4 shown of 4", "王强, Wang's phone", "seal worn", "This device was shut out").lacks("not his to say")
	dots := links(boss)
	if len(dots) != 4 {
		t.Fatalf("waiting are %v", dots)
	}
	boss.post(dots[1], "verb", "release").sees(http.StatusUnprocessableEntity) // of a job that is not there yet
	boss.post(dots[0], "verb", "release").sees(http.StatusOK, "Released")
	boss.post(dots[1], "verb", "release").sees(http.StatusOK, "Released")
	boss.post(dots[2], "verb", "release").sees(http.StatusOK, "Released")
	boss.post(dots[3], "verb", "dismiss", "reason", "nobody asked for it").sees(http.StatusOK, "Dismissed.")
	boss.get(left).sees(http.StatusOK, "Nothing matches")
	boss.get("/refused").sees(http.StatusOK, "not his to say")
	boss.get("/jobs/"+found.String()).sees(http.StatusOK, "Pump leaks", "seal worn")
	boss.get(path).sees(http.StatusOK, "greased").lacks("swept the floor")

	b.setStanding(wang, auth.Admitted) // it was found again
	sync(t, phone)
	if refused, err := phone.Outbox(t.Context(), device.Refused); err != nil || len(refused) != 0 {
		t.Errorf("the phone still has %d refused changes: %v", len(refused), err)
	}
}

// links are the pages of the refused changes that a page lists.
func links(v *browser) (all []string) {
	for _, m := range regexp.MustCompile(`href="(/refused/[^"?]+)">`).FindAllStringSubmatch(v.body, -1) {
		if !slices.Contains(all, m[1]) {
			all = append(all, m[1])
		}
	}
	return all
}
