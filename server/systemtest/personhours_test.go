package systemtest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// everyDayTyped are the fields of a week with the same hours every day.
func everyDayTyped(hours string) (form []string) {
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		form = append(form, day, hours)
	}
	return form
}

// On the page of somebody stands when he works and where he sets out from; the board and the suggestions go by it, and nobody
// overwrites there what he had not seen.
func TestWorkingHoursAndBaseAreOnThePageOfAPerson(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	at := "/people/" + wang.String()
	boss.get(at).sees(http.StatusOK, "as the calendar of the branch says", `href="`+at+`/hours"`, `href="`+at+`/base"`)
	set := func(deed string, pairs ...string) *browser {
		t.Helper()
		boss.get(at + deed).sees(http.StatusOK)
		return boss.post(at+deed, append([]string{"seen", boss.hidden("seen")}, pairs...)...)
	}

	set("/hours", "mon", "<b>late").sees(http.StatusUnprocessableEntity, "is no shift: write 08:00-12:00", `value="<b>late"`)
	set("/hours", "days", "2031-02-30 08:00-12:00", "mon", "08:00-12:00").sees(http.StatusUnprocessableEntity, "is no date")
	set("/hours", "days", "2031-02-03 08:00-12:00").sees(http.StatusUnprocessableEntity, "type its hours too")
	today := time.Now().In(officeZone)
	end := time.Date(today.Year(), today.Month(), today.Day(), 11, 0, 0, 0, officeZone).UnixMilli()
	set("/hours", append(everyDayTyped("08:00-09:30，10:00-11:00"), "days", "2031-02-03 08:00-12:00\r\n2031-02-04")...).
		sees(http.StatusOK, "Monday 08:00-09:30, 10:00-11:00", "2031-02-03 08:00-12:00", "2031-02-04 free").lacks("as the calendar of the branch says")
	boss.get(at+"/hours").sees(http.StatusOK, `value="08:00-09:30, 10:00-11:00"`, "2031-02-03 08:00-12:00\n2031-02-04</textarea>")
	boss.get("/board").sees(http.StatusOK, fmt.Sprintf(" %d-", end)) // the time after his last shift is off

	set("/base", "latitude", "31.2304").sees(http.StatusUnprocessableEntity, "A position has a latitude and a longitude")
	set("/base", "latitude", "91", "longitude", "0").sees(http.StatusUnprocessableEntity, "Latitude goes to 90 degrees")
	set("/base", "latitude", "31.2304", "longitude", "121.4737").sees(http.StatusOK, "Sets out from 31.2304, 121.4737", "Monday 08:00-09:30")
	boss.post("/language", "language", "zh-Hans", "to", at).sees(http.StatusOK, "工作时间", "周一 08:00-09:30", "2031-02-04 休息", "出发地点：31.2304, 121.4737")
	boss.post("/language", "language", "en", "to", at)

	// What was written between is a conflict, not gone: also where there was no row yet when the form was opened.
	boss.get(at + "/hours").sees(http.StatusOK)
	seen := boss.hidden("seen")
	set("/hours", everyDayTyped("07:00-15:00")...).sees(http.StatusOK, "Monday 07:00-15:00")
	boss.post(at+"/hours", append([]string{"seen", seen}, everyDayTyped("12:00-20:00")...)...).sees(http.StatusOK)
	if n := len(b.ids("SELECT pk FROM _conflict WHERE open = 1")); n != 1 {
		t.Errorf("of two who set his hours unseen, %d are asked about", n)
	}
	set("/hours", everyDayTyped("")...).sees(http.StatusOK, "as the calendar of the branch says")

	b.hire("desk", "Mei Lin", "receptionist")
	desk := b.browser("desk")
	for _, deed := range []string{"/hours", "/base"} {
		desk.get(at + deed).sees(http.StatusForbidden)
		desk.post(at+deed, "mon", "08:00-12:00", "latitude", "1", "longitude", "1").sees(http.StatusForbidden)
	}
	b.office("look", func(tx aftersales.Tx) error {
		row, err := tx.Row("resource", aftersales.ResourceID(wang))
		if err == nil && (!row.Get("hours").IsNull() || row.Get("latitude") != record.Number(312304000)) {
			t.Errorf("refused, and yet it stands: %v", row)
		}
		return err
	})
}
