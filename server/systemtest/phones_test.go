package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/record"
)

// The office sees what a phone in a cellar believes: what it was last told, not what has become of it.
func TestWhatAPhoneBelievesIsShown(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "Wang", auth.Technician)
	v := b.browser("boss")
	phone := b.phone(v, wang, "Wang's phone")
	if !strings.Contains(v.body, `class="qr"`) || strings.Count(v.body, "h1v1h-1z") < 200 {
		t.Error("the code is not shown as a picture")
	}
	cancelled, path := v.makes("Boiler cold", wang)
	sync(t, phone)

	v.get("/devices").sees(http.StatusOK, "Wang's phone")
	device := v.find(`href="(/devices/[0-9a-f-]{36})"`)
	knows := func() bool { return strings.Contains(v.get(device).body, "It knows all that the office knows.") }
	soon(t, "what it confirmed is noted", knows)
	v.sees(http.StatusOK, "Boiler cold")

	v.get(path)
	v.post(path+"/cancel", "seen", v.hidden("seen"), "reason", "sold").sees(http.StatusOK)
	b.plans("Fan rattles", wang, 9, 10)
	v.get(device).sees(http.StatusOK, "It does not know all of 2 jobs.", "does not have it yet", "Fan rattles")
	row := v.find(`(?s)(<tr id="b-` + cancelled.String() + `".*?</tr>)`)
	if !strings.Contains(row, `chip planned`) || !strings.Contains(row, `chip cancelled`) {
		t.Errorf("it should believe planned where cancelled is so: %s", row)
	}

	sync(t, phone)
	soon(t, "it has heard of both", knows)
	v.get("/devices/"+record.ID{}.String()).sees(http.StatusNotFound, "There is no such page")
}

// A job that is over, and that the phone knows to be, is counted on its page: what is open or differs stands there.
func TestAPhonesPageShowsWhatIsOpenOrDiffers(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "Wang", auth.Technician)
	v := b.browser("boss")
	phone := b.phone(v, wang, "Wang's phone")
	done, _ := v.makes("Boiler cold", wang)
	v.makes("Fan rattles", wang)
	sync(t, phone)
	repair(t, phone, done)
	sync(t, phone)
	sync(t, phone)
	device := v.get("/devices").find(`href="(/devices/[0-9a-f-]{36})"`)
	soon(t, "it has heard of both", func() bool { return strings.Contains(v.get(device).body, "1 more are over, as it knows.") })
	v.sees(http.StatusOK, "Fan rattles").lacks("Boiler cold")
	v.get(device+"?jobs=all").sees(http.StatusOK, "Fan rattles", "Boiler cold", "Show only what is open or differs")
	v.post("/language", "language", "zh-Hans", "to", device).sees(http.StatusOK, "另有 1 个工单已结束")
}
