package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// The register shows every call, as a file too; one is taken off it by who may, and stays in the history.
func TestTheCallRegister(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("desk", "Mei Lin", "receptionist")
	boss, desk := b.browser("boss"), b.browser("desk")
	boss.get("/calls").sees(http.StatusOK, "Every call and letter will stand here")
	p := b.program(boss, "PBX", everything()...)
	id := p.makes("/calls", `{"phone": "+4943155501", "caller": "=Ole <i>Hansen</i>", "note": "pump hums", "duration": 95}`)
	p.makes("/calls", `{"phone": "+4943155502", "direction": "out"}`)
	boss.get("/calls").sees(http.StatusOK, "=Ole <i>Hansen</i>", "+4943155502", "95")
	boss.get("/calls?direction=in").sees(http.StatusOK, "+4943155501").lacks("+4943155502")
	boss.get("/calls?q=Hansen").sees(http.StatusOK, "+4943155501").lacks("+4943155502")
	boss.get("/calls?format=csv").sees(http.StatusOK, "'=Ole", "+4943155502")
	boss.get("/calls/"+id).sees(http.StatusOK, "pump hums", "Take it off the register")

	desk.get("/calls/"+id).sees(http.StatusOK, "pump hums").lacks("Take it off the register")
	desk.get("/calls/" + id + "/take-back").sees(http.StatusForbidden)
	desk.post("/calls/"+id+"/take-back", "reason", "mine").sees(http.StatusForbidden)
	boss.get("/calls/" + id + "/take-back").sees(http.StatusOK)
	seen := boss.hidden("seen")
	boss.post("/calls/"+id+"/take-back", "seen", seen, "reason", "").sees(http.StatusUnprocessableEntity, "This is needed.")
	boss.post("/calls/"+id+"/take-back", "seen", seen, "reason", "private").sees(http.StatusOK, "Taken off the register.")
	boss.post("/calls/"+id+"/take-back", "seen", seen, "reason", "private").sees(http.StatusUnprocessableEntity, "taken off the register")
	boss.get("/calls").sees(http.StatusOK, "+4943155502").lacks("+4943155501")
}

// Whoever looks after customers makes, renames and retires their groups, and no codes of other lists.
func TestCustomerGroupsAreKeptByWhoMay(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("lead", "Li Na", "manager")
	b.hire("desk", "Mei Lin", "receptionist")
	boss, lead, desk := b.browser("boss"), b.browser("lead"), b.browser("desk")
	lead.get("/codes").sees(http.StatusForbidden)
	lead.post("/customer-groups", "code", "north", "label.en", "North <b>coast</b>").sees(http.StatusOK, "Customers can be put into it.", "North <b>coast</b>")
	group := lead.id()
	lead.deed("/customer-groups/"+group, "label", "label.en", "The north").sees(http.StatusOK, "The north")
	desk.get("/customer-groups").sees(http.StatusOK, "The north").lacks("New customer group")
	desk.post("/customer-groups", "code", "south").sees(http.StatusForbidden)
	desk.post("/customer-groups/" + group + "/retire").sees(http.StatusForbidden)
	boss.post("/codes", "list", "fault", "code", "rust", "label.en", "Rust").sees(http.StatusOK, "Rust")
	fault := boss.id()
	lead.get("/customer-groups/" + fault + "/label").sees(http.StatusNotFound)
	lead.post("/customer-groups/" + fault + "/retire").sees(http.StatusUnprocessableEntity)
	boss.get("/codes?retired=1").sees(http.StatusOK).lacks("Rust")
	lead.deed("/customer-groups/"+group, "retire").sees(http.StatusOK, "Retired.")
	lead.get("/customers/new").sees(http.StatusOK).lacks("The north")
}

// What technicians took from customers is a book in the office: what is here still, and what was promised back and is not.
func TestTheBookOfCustomersGoods(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Na", auth.Technician)
	boss := b.browser("boss")
	boss.get("/goods").sees(http.StatusOK, "What technicians take from customers")
	job, _ := boss.makes("Drive fails", li)
	var late record.ID
	b.as(li, func(tx aftersales.Tx) (err error) {
		if err = aftersales.Arrive(tx, aftersales.VisitInput{Job: job}); err != nil {
			return err
		}
		day := tx.Now() / 86_400_000
		if late, err = aftersales.TakeGoods(tx, aftersales.TakeGoodsInput{Job: job, Items: "1 drive <b>D7</b>", GivenBy: "Mr Ito", PromisedOn: day - 9}); err != nil {
			return err
		}
		_, err = aftersales.TakeGoods(tx, aftersales.TakeGoodsInput{Job: job, Items: "1 charger", GivenBy: "Mr Ito", PromisedOn: day + 9})
		return err
	})
	boss.get("/goods").sees(http.StatusOK, "1 drive <b>D7</b>", "1 charger", "Li Na")
	boss.get("/goods?overdue=1").sees(http.StatusOK, "D7").lacks("1 charger")
	boss.get("/goods?q=charger&format=csv").sees(http.StatusOK, "1 charger").lacks("D7")
	boss.get("/goods/"+late.String()).sees(http.StatusOK, "Mr Ito", "1 drive <b>D7</b>")
}
