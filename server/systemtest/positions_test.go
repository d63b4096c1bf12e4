package systemtest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// everyDay is a calendar of the same shift on every day.
func everyDay(shift string) string {
	week := ""
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		week += `,"` + day + `":["` + shift + `"]`
	}
	return `{"zone":"UTC","week":{` + week[1:] + `}}`
}

// elsewhen is an hour of the day that is hours away from now, in UTC.
func elsewhen() string {
	hour := (time.Now().UTC().Hour() + 8) % 23
	return time.Date(2000, 1, 1, hour, 0, 0, 0, time.UTC).Format("15:04") + "-" + time.Date(2000, 1, 1, hour+1, 0, 0, 0, time.UTC).Format("15:04")
}

// sharing is a phone of Wang's who is on the way to a job with his switch on.
func (b *bureau) sharing(boss *browser) (wang record.ID, phone *client.Client) {
	b.t.Helper()
	wang = b.hire("wang", "Wang", auth.Technician)
	job := b.plans("Fan rattles", wang, 9, 10)
	b.office("hours", func(tx aftersales.Tx) error {
		return aftersales.SetHours(tx, wang, everyDay("00:00-24:00"))
	})
	phone = b.phone(boss, wang, "Wang's phone")
	sync(b.t, phone)
	update(b.t, phone, aftersales.CausePositionShare, func(tx aftersales.Tx) error { return aftersales.SharePosition(tx, true) })
	update(b.t, phone, aftersales.CauseVisitTravel, func(tx aftersales.Tx) error {
		return aftersales.Travel(tx, aftersales.VisitInput{Job: job})
	})
	return wang, phone
}

var pier = aftersales.PositionInput{Position: aftersales.Position{Latitude: 251310001, Longitude: 1217440001}}

func notes(t *testing.T, phone *client.Client) {
	t.Helper()
	update(t, phone, aftersales.CausePosition, func(tx aftersales.Tx) error { return aftersales.RecordPosition(tx, pier) })
	sync(t, phone)
}

// The map shows where somebody was last and how long ago, to who may see it, until he turns it off.
func TestTheMapShowsWhereSomebodyWasLastToWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("head", "Head Office", "head_office")
	boss, head := b.browser("boss"), b.browser("head")
	_, phone := b.sharing(boss)
	sync(t, phone)
	boss.get("/map").sees(http.StatusOK).lacks("Wang ·")
	notes(t, phone)
	boss.get("/map").sees(http.StatusOK, "Wang ·", " ago")
	head.get("/map").sees(http.StatusOK).lacks("Wang")
	update(t, phone, aftersales.CausePositionShare, func(tx aftersales.Tx) error { return aftersales.SharePosition(tx, false) })
	sync(t, phone)
	boss.get("/map").sees(http.StatusOK).lacks("Wang ·")
}

// What a phone brings of a time that is not the person's working time any more the hub refuses, and who may see refused
// changes, but not where people are, reads no place there; nor does anybody once its days are over.
func TestTheHubRefusesAPositionOutsideWorkingTime(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("clerk", "Parts Clerk", "parts_clerk")
	boss := b.browser("boss")
	wang, phone := b.sharing(boss)
	sync(t, phone)
	b.office("hours", func(tx aftersales.Tx) error {
		return aftersales.SetHours(tx, wang, everyDay(elsewhen()))
	})
	update(t, phone, aftersales.CausePosition, func(tx aftersales.Tx) error { return aftersales.RecordPosition(tx, pier) })
	sync(t, phone)
	boss.get("/map").sees(http.StatusOK).lacks("Wang ·")
	if !b.refusedPlace() {
		t.Fatal("the refused change says no place")
	}
	path := boss.get("/refused").find(`href="(/refused/[^"?]+)">`)
	boss.get(path).sees(http.StatusOK, "25.1310001")
	b.browser("clerk").get(path).lacks("25.131")
	b.refusedPlaceIsToldTo(boss)
	b.office("days", func(tx aftersales.Tx) error {
		return aftersales.SetSetting(tx, aftersales.SettingPositionDays, record.ID{}, "0")
	})
	if _, err := b.core.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.refusedPlace() {
		t.Error("the refused change says where he was after its days")
	}
	boss.get(path).lacks("25.131")
}

// refusedPlaceIsToldTo checks that a program reads the place, or writes another in its stead, only where its token says so.
func (b *bureau) refusedPlaceIsToldTo(boss *browser) {
	b.t.Helper()
	blind := b.program(boss, "inbox", string(auth.SeeInbox), string(auth.Release))
	one := blind.asks("GET", "/refused-changes", "").has(http.StatusOK).rows()[0]
	change := one["rows"].([]any)[0].(map[string]any)
	if fields := change["fields"].(map[string]any); fields["latitude"] != nil || fields["longitude"] != nil || fields["person"] == nil {
		b.t.Errorf("a program that may not see positions reads %v", fields)
	}
	amends := fmt.Sprintf(`{"rows": [{"table": "position", "id": %q, "fields": {"latitude": "1.5"}}]}`, change["id"])
	blind.asks("POST", "/refused-changes/"+one["id"].(string)+"/amend", amends).refuses(unprocessable, "unknown_field", "rows")
	one = b.program(boss, "map", string(auth.SeeInbox), string(auth.SeePositions)).asks("GET", "/refused-changes", "").has(http.StatusOK).rows()[0]
	if fields := one["rows"].([]any)[0].(map[string]any)["fields"].(map[string]any); fields["latitude"] != "25.1310001" {
		b.t.Errorf("a program that may see positions reads %v", fields)
	}
}

// refusedPlace reports whether the one refused change says a place.
func (b *bureau) refusedPlace() (place bool) {
	b.t.Helper()
	err := b.core.Store.Read(b.t.Context(), func(v *store.View) error {
		list, err := v.Quarantined(true, store.Position{}, 10)
		if err != nil || len(list) != 1 {
			b.t.Fatalf("%d changes are refused: %v", len(list), err)
		}
		if list[0].Code != aftersales.NotAtWork {
			b.t.Errorf("it is refused with %s", list[0].Code)
		}
		cs, err := record.ParseChangeSet(list[0].Encoded)
		if err != nil {
			return err
		}
		for _, c := range cs.Rows {
			for _, cell := range c.Cells {
				place = place || cell.Column == 20 && !cell.Value.IsNull()
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return place
}

// A position is gone from the phone, too, when its days are over.
func TestAPositionLeavesThePhoneWhenItsDaysAreOver(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	_, phone := b.sharing(b.browser("boss"))
	sync(t, phone)
	notes(t, phone)
	b.office("days", func(tx aftersales.Tx) error {
		return aftersales.SetSetting(tx, aftersales.SettingPositionDays, record.ID{}, "0")
	})
	if done, err := b.core.Tidy(t.Context()); err != nil || done.Positions != 1 {
		t.Fatalf("%+v %v", done, err)
	}
	sync(t, phone)
	err := phone.View(t.Context(), func(tx client.Tx) error {
		list, err := tx.Refs("position", "person", tx.Author())
		if len(list) != 0 {
			t.Errorf("the phone keeps %d positions", len(list))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
