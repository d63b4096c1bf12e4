package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
)

// An administrator sets a webhook up on the page, sees its secret once, and what becomes of what it is sent.
func TestWebhooksAreSetUpOnThePage(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("mei", "陈梅", auth.Dispatcher)
	boss := b.browser("boss")

	// What cannot be is said, and what was typed stays.
	boss.post("/webhooks", "name", "CRM", "url", "http://127.0.0.1:9/in", "event", "job.created").sees(http.StatusUnprocessableEntity, "must begin with https://", "http://127.0.0.1:9/in")
	boss.post("/webhooks", "name", "CRM", "url", "https://crm.example/in").sees(http.StatusUnprocessableEntity, "Choose what it hears of")
	boss.post("/webhooks", "name", "CRM", "url", "https://crm.example/in", "event", "job.exploded").sees(http.StatusUnprocessableEntity)
	boss.post("/webhooks", "name", "CRM", "url", "https://crm.example/in", "event", "weather.changed").sees(http.StatusForbidden)
	b.browser("mei").post("/webhooks", "name", "CRM", "url", "https://crm.example/in", "event", "job.created").sees(http.StatusForbidden)

	boss.post("/webhooks", "name", "<b>CRM</b>", "url", "https://crm.example/in", "event", "job.created", "event", "job.done").
		sees(http.StatusOK, "It is shown only now", "whsec_", "<b>CRM</b>", "job made, job done")
	secret := boss.find(`class="secret">(whsec_[^<]+)<`)
	boss.get("/webhooks").sees(http.StatusOK, "https://crm.example/in", "none yet").lacks(secret)
	boss.get("/audit").sees(http.StatusOK, "webhook changed").lacks(secret)

	// A change writes its event, which waits to be sent; another does not concern it.
	boss.post("/jobs", "title", "Boiler cold").sees(http.StatusOK)
	boss.get("/webhooks").sees(http.StatusOK, "waits")
	all := boss.find(`href="(/notices\?channel=webhook[^"]+)"`)
	boss.get(all).sees(http.StatusOK, "Boiler cold", "<b>CRM</b>", "waits")
	if n := len(b.ids("SELECT id FROM notice WHERE webhook IS NOT NULL")); n != 1 {
		t.Fatalf("%d events were written", n)
	}

	// Off, it hears of nothing; removed, it is gone from the page, and what it was sent stays.
	page := boss.get("/webhooks").find(`action="(/webhooks/[^"]+)/switch"`)
	boss.post(page+"/switch", "on", "0").sees(http.StatusOK, "The webhook is off")
	boss.post("/jobs", "title", "Boiler loud").sees(http.StatusOK)
	if n := len(b.ids("SELECT id FROM notice WHERE webhook IS NOT NULL")); n != 1 {
		t.Fatalf("%d events were written", n)
	}
	boss.post(page+"/switch", "on", "1").sees(http.StatusOK, "The webhook is on")
	boss.post(page+"/key").sees(http.StatusOK, "It is shown only now")
	if again := boss.find(`class="secret">(whsec_[^<]+)<`); again == secret {
		t.Fatal("the other secret is the same")
	}
	boss.post(page+"/remove").sees(http.StatusOK, "The webhook is removed").lacks("crm.example")
	boss.get(all).sees(http.StatusOK, "Boiler cold")
}

// The document says what webhooks hear of.
func TestTheDocumentNamesWebhooks(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	v := b.visitor().get("/api/v1/openapi.json").sees(http.StatusOK)
	for _, event := range aftersales.WebhookEvents() {
		if !strings.Contains(v.body, `"`+event+`":{"post"`) {
			t.Errorf("it does not name %s", event)
		}
	}
}
