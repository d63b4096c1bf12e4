package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Who works here has a page: how he is reached, what he can do, when he is not there.
func TestAColleagueHasAPage(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	at := "/people/" + wang.String()
	boss.get("/people").sees(http.StatusOK, `href="`+at+`"`)
	boss.get(at).sees(http.StatusOK, "王强", "How notices reach them", "Enter an absence", "as the policy of notices says")

	boss.get(at+"/edit").sees(http.StatusOK, `name="email"`)
	seen := boss.hidden("seen")
	boss.post(at+"/edit", "seen", seen, "email", "nowhere", "was.email", "").sees(http.StatusUnprocessableEntity, "no mail address")
	boss.post(at+"/edit", "seen", seen, "email", "wang@example.com", "was.email", "", "phone", "+86 138 0013 8000", "was.phone", "").sees(http.StatusOK, "wang@example.com", "+8613800138000")

	boss.get(at + "/reach").sees(http.StatusOK)
	boss.post(at+"/reach", "seen", boss.hidden("seen"), "language", "zh-Hans", "quiet", "at night").sees(http.StatusUnprocessableEntity, "is no shift: write 08:00-12:00", `value="at night"`)
	boss.get(at + "/reach").sees(http.StatusOK)
	boss.post(at+"/reach", "seen", boss.hidden("seen"), "language", "zh-Hans", "quiet", "20:00-08:00").sees(http.StatusOK, "20:00-08:00", "简体中文")

	b.office(aftersales.CauseCodePut, func(tx aftersales.Tx) error {
		return aftersales.PutCode(tx, aftersales.CodeInput{List: aftersales.ListSkill, Code: "f-gas", Label: map[string]string{"en": "F-gas <b>"}})
	})
	boss.get(at + "/skill").sees(http.StatusOK)
	boss.post(at+"/skill", "seen", boss.hidden("seen"), "code", "f-gas", "level", "9").sees(http.StatusUnprocessableEntity, "level from 1 to 5")
	boss.post(at+"/skill", "seen", boss.hidden("seen"), "code", "f-gas", "level", "4").sees(http.StatusOK, "F-gas <b>")
	boss.get(at + "/absence").sees(http.StatusOK)
	boss.post(at+"/absence", "starts_at", "2031-03-08T00:00", "ends_at", "2031-03-01T00:00").sees(http.StatusUnprocessableEntity)
	boss.post(at+"/absence", "starts_at", "2031-03-01T00:00", "ends_at", "2031-03-08T00:00", "note", "wedding").sees(http.StatusOK, "wedding")

	b.hire("desk", "Mei Lin", "receptionist")
	desk := b.browser("desk")
	desk.post(at+"/reach", "language", "en").sees(http.StatusForbidden)
	desk.get(at + "/edit").sees(http.StatusForbidden)
}

// What somebody is told in the app he reads in the office too, in his language; and he says himself when nothing disturbs him.
func TestSomebodyReadsWhatHeWasTold(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	mei := b.hire("mei", "Mei Lin", auth.Manager)
	boss, v := b.browser("boss"), b.browser("mei")
	v.get("/told").sees(http.StatusOK, "What you are told will stand here")
	v.get("/told/reach").sees(http.StatusOK)
	v.post("/told/reach", "seen", v.hidden("seen"), "quiet", "never").sees(http.StatusUnprocessableEntity, "is no shift")
	v.post("/told/reach", "seen", v.hidden("seen"), "quiet", "21:00-06:00").sees(http.StatusOK, "21:00-06:00")
	v.post("/language", "language", "zh-Hans", "to", "/told").sees(http.StatusOK, "给您的通知", "21:00-06:00")
	b.office(aftersales.CauseCreate, func(tx aftersales.Tx) error {
		id, err := aftersales.CreateRequest(tx, aftersales.RequestInput{Title: "noise <b>"})
		if err != nil {
			return err
		}
		return aftersales.HandRequest(tx, aftersales.HandRequestInput{Request: id, Person: mei})
	})
	v.get("/told").sees(http.StatusOK, "由您处理：noise <b>", `href="/requests/`)
	boss.get("/told").lacks("noise")
}

// A customer's contact, a group's robot and the company each have a language, chosen on the page of each.
func TestWhoIsToldHasALanguage(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	var contact record.ID
	b.office("contact", func(tx aftersales.Tx) error {
		party, err := aftersales.CreateParty(tx, aftersales.PartyInput{Name: "Nordwind", Language: "de"})
		if err != nil {
			return err
		}
		contact, err = aftersales.CreateContact(tx, aftersales.ContactInput{Party: party, Name: "Ms Chen"})
		return err
	})
	at := "/contacts/" + contact.String()
	boss.get(at+"/edit").sees(http.StatusOK, `<option value="zh-Hant">繁體中文</option>`)
	boss.post(at+"/edit", "seen", boss.hidden("seen"), "language", "zh-Hant", "was.language", "").sees(http.StatusOK, "繁體中文")
	boss.post("/settings/language", "value", "tlh").sees(http.StatusUnprocessableEntity, "not one of the values that can stand here")
	boss.get("/settings/language").sees(http.StatusOK, `<option value="zh-Hans">简体中文</option>`)
	boss.post("/settings/language", "value", "zh-Hans").sees(http.StatusOK, "language of notices to who has none of his own", "简体中文")

	rule := []string{"p.rules.0.event", "request.received", "p.rules.0.to", "address", "p.rules.0.channel", "wecom", "p.rules.0.address", "night", "p.attempts", "3", "p.retry_seconds", "60"}
	boss.post("/policies/notice", append(rule, "do", "publish", "p.rules.0.language", "tlh")...).sees(http.StatusUnprocessableEntity, "The languages are en, zh-Hans, zh-Hant")
	boss.post("/policies/notice", append(rule, "do", "publish", "p.rules.0.language", "zh-Hant")...).sees(http.StatusOK, "Version 2")
	boss.get("/policies/notice/new?from=&branch=").sees(http.StatusOK, `<option value="zh-Hant" selected>繁體中文</option>`)
}
