package web

import (
	"strings"
	"testing"
)

// What a person wrote is mended; what the app made, and what a customer has signed, is sent again as it is or not at all.
func TestWhatWasSignedIsNotMended(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	seal := "/parts/" + h.s.seal.String()
	h.get(seal).post(seal+"/give", "act", "give", "to", h.s.wang.String(), "quantity", "1", "gives", h.hidden("gives")).done()
	h.lastRefused()
	h.get(outboxURL).sees("Part given to a colleague", "Shaft seal 40 mm")
	if h.get(h.links("/outbox/")[0]).sees("as it is, or give it up"); strings.Contains(h.body, `<label class="field"`) {
		t.Errorf("a hand-over can be mended:\n%s", h.body)
	}

	h.get(h.job()).post(h.job()+"/step", "step", "arrive").done()
	h.get(h.job()+"/findings").post(h.job()+"/findings", "fault", "leak", "cause", "misuse", "text", "ran dry").done()
	h.get(h.job()+"/price").post(h.job()+"/charge", "service", "labour", "quantity", "2").done()
	h.get(h.job()+"/consent").post(h.job()+"/consent", "shown", h.hidden("shown"), "name", "Lin", "signature", png).done()
	h.lastRefused()
	h.get(h.get(outboxURL).links("/outbox/")[1]).sees(`value="Lin"`, "Mend it").lacks("Together:", "image/png")
}
