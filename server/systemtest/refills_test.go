package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"

	"github.com/chromedp/chromedp"
)

// Two forms answer as one fills them in: the slip's template shows the slip, and a movement's places follow its cause. What
// somebody typed is never touched.
func TestFormsFollowWhatIsTyped(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	boss.post("/locations", "name", "Main store", "kind", "central").sees(http.StatusOK)
	boss.post("/locations", "name", "Van 7", "kind", "van").sees(http.StatusOK)
	s := b.open()

	s.visit("/slip-template")
	_ = ask[int](s, "window.stayed = 1")
	s.do(chromedp.SendKeys(`[name="slip_title"]`, "Work <b>report</b>"))
	s.holds("the slip beside it has the title, as text", `document.querySelector("#paper h1").textContent === "Work <b>report</b>"`)
	s.do(chromedp.SendKeys(`[name="slip_foot"]`, "Thank you."))
	s.holds("and what stands at its foot", `document.querySelector("#paper").textContent.includes("Thank you.")`)
	_ = ask[any](s, `document.querySelector('[name="paper"][value="80"]').click()`)
	s.holds("and it is as narrow as a roll", `document.querySelector("#paper .p80") !== null`)
	s.holds("the page was not loaded again, and the fields are as they were typed",
		`window.stayed === 1 && document.querySelector('[name="slip_title"]').value === "Work <b>report</b>" && document.querySelector('[name="slip_foot"]').value === "Thank you."`)
	boss.get("/slip-template").sees(http.StatusOK).lacks("Thank you.") // shown is not kept

	s.visit("/movements/new")
	from, to := `document.querySelector('[name="from_location"]')`, `document.querySelector('[name="to_location"]')`
	s.holds("it begins with a receipt's place", to+`.value === "Main store"`)
	_ = ask[any](s, because("issue"))
	s.holds("an issue goes from the store to the van", from+`.value === "Main store" && `+to+`.value === "Van 7"`)
	_ = ask[any](s, to+`.value = "Van 8"`)
	_ = ask[any](s, because("receipt"))
	s.holds("what nobody touched follows", from+`.value !== "Main store"`)
	s.holds("what somebody typed stays", to+`.value === "Van 8"`)
}

// because chooses why parts move, as a hand would.
func because(cause string) string {
	return `(() => { const c = document.querySelector('form[data-refills] [name="cause"]'); c.value = "` + cause + `"; c.dispatchEvent(new Event("change", {bubbles: true})) })()`
}
