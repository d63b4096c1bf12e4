package systemtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"

	"github.com/chromedp/chromedp"
)

// A phone brings that more was used than lay in its van. In the office that is found, counted right or settled in words; then
// what came back defective goes from the van to the store, and what is broken away.
func TestAVanIsCountedAndEmptiedPageByPage(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	stockParts(boss)
	van := boss.post("/locations", "name", "Van 7", "kind", "van").sees(http.StatusOK).at.Path
	boss.deed(van, "holder", "holder", "王强", "ref.holder", wang.String()).sees(http.StatusOK)
	boss.post("/movements", "cause", "issue", "part", "SEAL-12", "quantity", "4", "from_location", "Main store", "to_location", "Van 7").sees(http.StatusOK)
	for place, least := range map[string]string{"Van 7": "3", "Main store": "8"} {
		boss.deed("/parts/"+b.partOf("SEAL-12").String(), "level", "location", place, "minimum", least, "maximum", "12").sees(http.StatusOK)
	}
	phone := b.phone(boss, wang, "Wang's phone")
	job, _ := boss.makes("Pump leaks", wang)
	sync(t, phone)
	update(t, phone, aftersales.CausePartUse, func(tx aftersales.Tx) error {
		for code, n := range map[string]int64{"SEAL-12": 5, "FAN-3": 1} {
			if _, err := aftersales.UsePart(tx, aftersales.MoveInput{Part: b.partOf(code), Quantity: aftersales.Quantity{Amount: n * aftersales.One}, Job: job}); err != nil {
				return err
			}
		}
		return nil
	})
	sync(t, phone)

	s := b.open()
	s.findsTheShortages()
	s.counts(van)
	s.settles("FAN-3", "bought on the way, the receipt is here")
	s.empties(van)
	s.do(chromedp.EmulateViewport(390, 844))
	s.fits(van, van+"/count", "/movements/new", "/discrepancies", "/stock?location="+van[len("/locations/"):])
	s.visit(van + "/count")
	s.holds("every figure of the sheet says what it is, where its head has no room",
		`[...document.querySelectorAll(".sheet td.num")].every((e) => e.dataset.label && getComputedStyle(e, "::before").content.includes(e.dataset.label))`)
}

// stockParts makes two parts, and a store in which ten of each lie.
func stockParts(boss *browser) {
	boss.post("/locations", "name", "Main store", "kind", "central").sees(http.StatusOK)
	for _, code := range []string{"SEAL-12", "FAN-3"} {
		boss.post("/parts", "code", code, "unit", "pcs").sees(http.StatusOK)
		boss.post("/movements", "cause", "receipt", "part", code, "quantity", "10", "to_location", "Main store").sees(http.StatusOK)
	}
}

func (b *bureau) partOf(code string) record.ID {
	return b.ids("SELECT id FROM part WHERE code = '" + code + "'")[0]
}

// row is the first row of a table on the page in which a text stands.
func row(text string) string {
	return `[...document.querySelectorAll("main tr")].find((r) => r.textContent.includes(` + strconv.Quote(text) + `))`
}

// short has the hub look at what does not fit, and wants so many shortages open.
func (s *screen) short(want int) {
	s.t.Helper()
	if err := s.core.Reconcile(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if n := len(s.ids("SELECT id FROM discrepancy WHERE kind = 'shortage' AND state = 'open'")); n != want {
		s.t.Fatalf("%d shortages are open, want %d", n, want)
	}
}

func (s *screen) findsTheShortages() {
	s.t.Helper()
	s.short(2)
	s.visit("/discrepancies?open=1")
	s.holds("they are listed", row("SEAL-12")+` !== undefined && `+row("FAN-3")+` !== undefined`)
}

// counts goes from the van's page to the sheet, and finds two seals: what was missing has come.
func (s *screen) counts(van string) {
	s.t.Helper()
	s.visit(van)
	_ = ask[any](s, `document.querySelector('.deeds a[href$="/count"]').click()`)
	s.at(van + "/count")
	line := row("SEAL-12")
	s.holds("the sheet says what should be there, and how much there should be at least and at most",
		`["-1 pcs", "3", "12", "too little"].every((said) => `+line+`.textContent.includes(said))`)
	_ = ask[any](s, line+`.querySelector("input").focus()`)
	s.do(chromedp.KeyEvent("2"), chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	s.holds("the count is booked", stands+` && location.pathname === "`+van+`" && document.querySelector(".notice").textContent.includes("1 parts, of which 1 differ")`)
	s.short(1) // it settled itself
}

// settles says in the inbox how a shortage came to be.
func (s *screen) settles(part, how string) {
	s.t.Helper()
	s.visit("/discrepancies?open=1")
	_ = ask[any](s, row(part)+`.querySelector("a").click()`)
	s.holds("its page asks how it was settled", stands+` && document.querySelector("#reason") !== null`)
	s.do(chromedp.SendKeys("#reason", how), chromedp.KeyEvent("\r"))
	s.holds("it is settled, and says how", stands+` && document.querySelector("#reason") === null && document.querySelector("main").textContent.includes(`+strconv.Quote(how)+`)`)
}

// empties returns a defective seal from the van to the store, transfers a good one, and scraps the defective one.
func (s *screen) empties(van string) {
	s.t.Helper()
	move := func(what string, steps string) {
		s.t.Helper()
		_ = ask[any](s, `(() => { const f = document.querySelector("form.grid"); const set = (n, v) => { const e = f.elements[n]; e.value = v; e.dispatchEvent(new Event("change", {bubbles: true})) }; `+steps+` })()`)
		s.holds(what+": the places stand", `document.querySelector('[name="from_location"]').value !== "" && document.querySelector('[name="to_location"]').value !== ""`)
		_ = ask[any](s, `document.querySelector("form.grid button.main").click()`)
		s.holds(what+" is booked", stands+` && document.querySelector(".notice") !== null && document.querySelector("main").textContent.includes("SEAL-12")`)
	}
	s.visit(van)
	_ = ask[any](s, `document.querySelector('.deeds a[href*="/movements/new"]').click()`)
	s.holds("the form begins with the van", stands+` && document.querySelector('[name="from_location"]').value === "Van 7"`)
	_ = ask[any](s, because("return"))
	s.holds("a return goes to the store", `document.querySelector('[name="from_location"]').value === "Van 7" && document.querySelector('[name="to_location"]').value === "Main store"`)
	move("the return", `set("part", "SEAL-12"); set("condition", "defective")`)
	s.visit("/movements/new?cause=transfer&from_location=" + van[len("/locations/"):])
	move("the transfer", `set("part", "SEAL-12"); set("to_location", "Main store")`)
	s.visit("/movements/new")
	_ = ask[any](s, because("scrap"))
	s.holds("scrap comes from the store", `document.querySelector('[name="from_location"]').value === "Main store"`)
	stock := "/stock?location=" + s.ids("SELECT id FROM location WHERE name = 'Main store'")[0].String()
	s.visit(stock)
	s.holds("of what lies in the store one is defective, and does not count for the least", saysOf("SEAL-12", "8 pcs", "1 pcs", "8 pcs", "12 pcs", "1 pcs", "5 pcs"))
	s.visit("/movements/new?cause=scrap")
	move("the scrap", `set("part", "SEAL-12"); set("condition", "defective")`)
	s.visit(stock)
	s.holds("it is gone", saysOf("SEAL-12", "7 pcs", "", "8 pcs", "12 pcs", "1 pcs", "5 pcs"))
}

// saysOf is true where the row of a part in the list of stock ends with these cells: on hand, defective, least, most, lacking,
// to order.
func saysOf(part string, cells ...string) string {
	return fmt.Sprintf(`[...%s.cells].slice(-%d).map((c) => c.textContent.trim()).join("|") === %q`, row(part), len(cells), strings.Join(cells, "|"))
}
