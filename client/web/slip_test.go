package web

import (
	"bytes"
	"image"
	encode "image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/record"
)

// The company's picture came with the rows: the slip that a customer sees where there is no network bears it.
func TestTheSlipBearsTheLogo(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	if h.get(logoURL); h.status != http.StatusNotFound {
		t.Errorf("a company without a picture has one: %d", h.status)
	}
	var picture bytes.Buffer
	if err := encode.Encode(&picture, image.NewGray(image.Rect(0, 0, 600, 200))); err != nil {
		t.Fatal(err)
	}
	h.office(func(tx client.Tx) error { return aftersales.SetLogo(tx, picture.Bytes()) })
	for _, step := range []string{"accept", "travel", "arrive"} {
		h.post(h.job()+"/step", "step", step)
	}
	logo := regexp.MustCompile(`<img class="logo" src="(/slip-logo[^"]*)"`).FindStringSubmatch(h.get(h.job() + "/slip").body)
	if logo == nil {
		t.Fatal("the slip has no logo", h.text())
	}
	if h.get(logo[1]); h.status != http.StatusOK || blob.Sniff([]byte(h.body)) != "image/jpeg" {
		t.Errorf("%d, %d bytes", h.status, len(h.body))
	}
}

// What the customer is shown on the phone is the slip that the office prints: with the company's own lines, in its order, and
// without what it leaves out.
func TestTheSlipLooksAsTheCompanyHasIt(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	for name, value := range map[string]string{
		aftersales.SettingSlipTitle: "Arbeitsbericht", aftersales.SettingSlipHead: "Pumpenwerk Nord GmbH\nHafenstraße 4",
		aftersales.SettingSlipFoot: "Zahlbar in 14 Tagen", aftersales.SettingSlipTimes: "0", aftersales.SettingSlipParts: "0",
	} {
		h.office(func(tx client.Tx) error { return aftersales.SetSetting(tx, name, record.ID{}, value) })
	}
	for _, step := range []string{"accept", "travel", "arrive"} {
		h.post(h.job()+"/step", "step", step)
	}
	h.get(h.job()+"/parts/use/"+h.s.seal.String()).post(h.job()+"/parts/use/"+h.s.seal.String(), "quantity", "1")
	h.get(h.job()+"/slip").sees("Arbeitsbericht", "Pumpenwerk Nord GmbH</p>", "Hafenstraße 4", "Zahlbar in 14 Tagen")
	if text := h.text(); strings.Contains(text, "On site") || strings.Contains(text, "SEAL-40") {
		t.Error("what the company leaves out stands on it", text)
	}
}
