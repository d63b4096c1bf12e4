package systemtest

import (
	"strings"

	"github.com/chromedp/chromedp"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// tongue is a language, with what the pages say in it.
type tongue struct{ tag, accept, cover, agrees, open string }

var (
	english = tongue{"en-GB", "Accept", "Free: in warranty", "I agree to 200.00 TWD", "All open jobs"}
	chinese = tongue{"zh-CN", "接单", "免费：保修期内", "我同意 200.00 TWD", "全部未完成工单"}
)

// dayByTouch is a whole day by touch, while the hub cannot be reached: a repair under warranty, one that the customer pays
// for, a job that is given back, and a part for a colleague.
func (h *handset) dayByTouch(in tongue) {
	wang := h.colleague()
	s := h.window(in.tag)
	h.repairsByTouch(s, in)
	h.isPaidByTouch(s, in)
	h.declinesByTouch(s)
	h.handsOverByTouch(s, wang)
	job := jobPage(h.lift)
	s.fits("/", "/open", job, job+"/price", "/stock", "/parts/"+h.seal.String(), "/outbox", "/mine", "/settings", "/search?q=KX",
		jobPage(h.pump)+"/price", jobPage(h.pump)+"/consent", jobPage(h.pump)+"/slip", "/handovers")
	h.back()
	wang.back()
	h.wantOnHub(h.lift, map[string]int{
		"slip": 1, "movement": 2, "answer": 1, "finding": 1,
		"attachment": 2, // a photo and the signature
	})
	h.wantOnHub(h.pump, map[string]int{"visit": 2, "charge": 1, "consent": 1, "payment": 1, "slip": 1})
	h.wantState(h.pump, aftersales.JobDone)
	h.wantState(h.fan, aftersales.JobNew)
	h.wantInVan(h.li, h.seal, 5-1+1-1) // one was used, the old one came, one went to Wang
	h.wantInVan(h.wang, h.seal, 1)
}

func jobPage(of record.ID) string { return "/jobs/" + of.String() }

// goes follows a row of the page that is shown to the page of the path.
func (s *screen) goes(path string) {
	s.t.Helper()
	s.do(tap(`.rows a[href="` + path + `"]`))
	s.at(path)
}

// repairsByTouch is the visit under warranty.
func (h *handset) repairsByTouch(s *screen, in tongue) {
	h.t.Helper()
	job := jobPage(h.lift)
	s.holds("today", `document.querySelectorAll(".job").length === 1 && document.querySelector(".net.off") !== null`)
	s.do(tap(".job"))
	s.at(job)
	s.says(in.accept, in.cover)
	s.steps("accept", "travel", "travel", "arrive", "arrive", "", "pause", "resume", "resume", "")
	s.holds("the clock runs", `document.querySelector("[data-since]") !== null`)
	h.worksByTouch(s, job)
	h.exchangesByTouch(s, job)
	h.finishesByTouch(s, job)
}

// says wants texts on the page that stands.
func (s *screen) says(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		s.holds("the words "+text, stands+` && document.body.innerText.includes("`+text+`")`)
	}
}

// steps presses the buttons of a visit: each is followed by the one that comes next, "" for one that is a page.
func (s *screen) steps(presses ...string) {
	s.t.Helper()
	for i := 0; i < len(presses); i += 2 {
		s.do(tap("button[value=" + presses[i] + "]"))
		s.holds("after "+presses[i], stands+` && (document.querySelector("button.main")?.value ?? "") === "`+presses[i+1]+`"`)
	}
}

// worksByTouch answers the checklist, uses a part, takes a photo and writes what was found.
func (h *handset) worksByTouch(s *screen, job string) {
	h.t.Helper()
	s.visit(job + "/checklist/" + h.checklist.String() + "/power")
	s.do(tap(`label.pick:has([value=yes])`), tap("button.main"))
	s.at(job + "/checklist")
	s.visit(job + "/parts/use")
	s.do(tap("#results .row"))
	s.at(job + "/parts/use/" + h.seal.String())
	s.do(tap("button.main"))
	s.at(job + "/parts")
	s.visit(job + "/photos")
	s.holds("a photo is taken", takenByTheCamera)
	s.holds("its thumbnail is there at once", `document.querySelector(".photos img")?.naturalWidth > 0`)
	s.visit(job + "/findings")
	s.do(tap("textarea[name=text]"), chromedp.SendKeys("textarea[name=text]", "軸封磨損"), tap("button.main"))
	s.holds("the finding", stands+` && document.querySelector("article.card .text")?.textContent === "軸封磨損"`)
}

// exchangesByTouch takes the old seal back with its tag, and puts another machine in the place of this one.
func (h *handset) exchangesByTouch(s *screen, job string) {
	h.t.Helper()
	old := job + "/parts/old"
	s.visit(job + "/parts")
	s.goes(old)
	s.goes(old + "/" + h.seal.String())
	s.do(chromedp.SendKeys("input[name=tag]", "T-7"), tap("button.main"))
	s.at(job + "/parts")
	s.says("T-7")
	s.goes(job + "/swap")
	s.do(chromedp.SendKeys("input[name=other]", "KX-90-99"), tap("button.main"))
	s.at(job + "/parts")
	s.visit(job + "/machine")
	s.says("KX-90-17 → KX-90-99")
}

// isPaidByTouch finds nobody there, comes again, shows the price, has it signed before the work, and takes the money.
func (h *handset) isPaidByTouch(s *screen, in tongue) {
	h.t.Helper()
	job := jobPage(h.pump)
	s.visit("/")
	s.says(in.open)
	s.goes("/open")
	s.do(tap(`.job[href="` + job + `"]`))
	s.at(job)
	s.steps("travel", "arrive")
	s.goes(job + "/absent")
	s.do(tap("label.pick"), tap("button.main"))
	s.at(job)
	s.steps("arrive", "")

	s.goes(job + "/price")
	s.do(tap(`form[action$="/charge"] button`)) // what his clock says: a quarter of an hour has begun
	s.holds("a price, and no money before the yes", stands+` && document.querySelector(".sum") !== null && document.querySelector('form[action$="/pay"]') === null`)
	s.do(tap(`a.main[href="` + job + `/consent"]`))
	s.at(job + "/consent")
	s.says(in.agrees)
	h.signs(s)
	s.do(tap("button.main"))
	s.at(job + "/price")
	s.do(tap(`form[action$="/pay"] label.pick:last-of-type`), tap(`form[action$="/pay"] button.main`))
	s.holds("the receipt", stands+` && document.querySelector('form[action$="/pay"]') === null`)
	s.says("200.00 TWD")
	h.finishesByTouch(s, job)
}

// finishesByTouch ends a visit with the customer's signature.
func (h *handset) finishesByTouch(s *screen, job string) {
	h.t.Helper()
	s.visit(job + "/finish")
	s.do(tap("textarea[name=solution]"), chromedp.SendKeys("textarea[name=solution]", "更換軸封"), tap("button.main"))
	s.at(job + "/sign")
	h.signs(s)
	s.do(tap(".scale label:nth-child(4)"), tap("button.main"))
	s.at(job + "/slip")
	s.holds("the slip", `document.body.innerText.includes("林先生") && document.querySelector("img.signature").naturalWidth > 100`)
}

// declinesByTouch gives a job back, with a reason of his own.
func (h *handset) declinesByTouch(s *screen) {
	h.t.Helper()
	job := jobPage(h.fan)
	s.visit("/open")
	s.do(tap(`.job[href="` + job + `"]`))
	s.at(job)
	s.goes(job + "/decline")
	s.do(tap("textarea[name=reason]"), chromedp.SendKeys("textarea[name=reason]", "沒有吊車"), tap("button.main"))
	s.at("/")
	s.visit("/open")
	s.holds("it is his no more", stands+` && document.querySelector('.job[href="`+job+`"]') === null`)
}

// handsOverByTouch gives a seal to Wang, who types the code that the phone shows.
func (h *handset) handsOverByTouch(s *screen, wang *handset) {
	h.t.Helper()
	s.visit("/stock")
	s.goes("/parts/" + h.seal.String())
	s.do(tap("summary"), chromedp.SetValue("select[name=to]", h.wang.String()), tap("button.main"))
	s.holds("the code", stands+` && location.pathname.startsWith("/handovers/") && document.querySelector("img.qr").naturalWidth > 0`)
	code := ask[string](s, `document.getElementById("code").textContent`)
	wang.page("/take")
	wang.sends("/take", "code", strings.ToLower(code))
}

// signs has the customer write his name and sign with a finger.
func (h *handset) signs(s *screen) {
	h.t.Helper()
	s.do(chromedp.SendKeys("input[name=name]", "林先生"), draw("canvas.pad"))
	s.holds("what was drawn", `document.getElementById("signature").value.length > 500`)
}

// takenByTheCamera hands the page a picture, as a camera's program does.
const takenByTheCamera = `(() => {
	const c = document.createElement("canvas"), input = document.querySelector("input[name=photo]"), given = new DataTransfer();
	c.width = c.height = 400;
	c.getContext("2d").fillRect(50, 50, 200, 200);
	const bytes = Uint8Array.from(atob(c.toDataURL("image/jpeg").split(",")[1]), (b) => b.charCodeAt(0));
	given.items.add(new File([bytes], "seal.jpg", {type: "image/jpeg"}));
	input.files = given.files;
	input.dispatchEvent(new Event("change"));
	return true;
})()`
