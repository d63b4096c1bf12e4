package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
)

// A customer gets contacts, places, machines and a contract; a duplicate is found, joined, and parted again.
func TestACustomerIsLookedAfter(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	path := "/customers/" + b.party("上海东方热力", "+862155550101").String()
	twin := b.party("上海东方热力有限公司", "+862155550101")
	do := func(action string, pairs ...string) *browser {
		t.Helper()
		v.get(path)
		return v.post(path+"/"+action, append([]string{"seen", v.hidden("seen")}, pairs...)...)
	}
	do("contacts", "name", "王丽", "phone", "+86 21 5555 0102").sees(http.StatusOK, "The contact is added.", "王丽")
	contact := v.find(`href="(/contacts/[^"]+)"`)
	v.get(contact).sees(http.StatusOK, "+862155550102")
	v.get(contact+"/edit").sees(http.StatusOK, "Edit 王丽")
	do("contacts", "name", "").sees(http.StatusUnprocessableEntity, `role="alert"`)
	do("sites", "address", "人民路 1 号", "city", "上海").sees(http.StatusOK, "The place is added.", "人民路 1 号")
	v.get(v.find(`href="(/sites/[^"]+)"`)).sees(http.StatusOK, "人民路 1 号")
	do("machines", "name", "Boiler", "serial", "B-1", "installed_on", "2026-01-02").sees(http.StatusOK, "The machine is added.", "B-1", "2026-01-02")
	do("machines", "name", "Boiler", "product", "nothing like it").sees(http.StatusUnprocessableEntity, "Nothing of that name is known")
	do("machines", "name", "Boiler 2", "installed_on", "soon").sees(http.StatusUnprocessableEntity, "This cannot be read", `value="Boiler 2"`, `<details class="act" open`)

	do("contracts", "starts_on", "2026-01-01", "ends_on", "2030-12-31", "scope", "listed", "parts_percent", "half").
		sees(http.StatusUnprocessableEntity, "A share is a whole number of percent")
	do("contracts", "ends_on", "2030-12-31", "note", "renewed").sees(http.StatusUnprocessableEntity, "Say on which day the contract begins", `value="renewed"`)
	do("contracts", "starts_on", "2026-12-31", "ends_on", "2026-01-01").sees(http.StatusUnprocessableEntity, `role="alert"`)
	do("contracts", "starts_on", "2026-01-01", "ends_on", "2030-12-31", "scope", "listed", "parts_percent", "50").
		sees(http.StatusOK, "The contract is made.", "2030-12-31")
	contract := v.find(`href="(/contracts/[^"]+)"`)
	v.get(contract).sees(http.StatusOK, "50", "End the contract")
	v.post(contract+"/covers", "seen", v.hidden("seen"), "unit", "Boiler").sees(http.StatusOK, "The machine is covered.", "What it covers")
	v.post(contract+"/end", "seen", v.hidden("seen"), "reason", "sold").sees(http.StatusUnprocessableEntity, "Say which day is the last one.")
	v.get(contract)
	v.post(contract+"/end", "seen", v.hidden("seen"), "last_day", "2027-01-31", "reason", "the machine is sold").sees(http.StatusOK, "The contract ends.", "the machine is sold")

	do("blacklist", "reason", "").sees(http.StatusUnprocessableEntity, `role="alert"`)
	do("blacklist", "reason", "never pays").sees(http.StatusOK, "Blacklisted: never pays", "on the blacklist")
	do("unblacklist", "reason", "paid").sees(http.StatusOK, "The customer is off the blacklist.").lacks("Blacklisted: never pays")

	v.get("/customers/duplicates").sees(http.StatusOK, "上海东方热力有限公司", "same telephone", "1 shown of 1")
	v.post("/customers/"+twin.String()+"/join", "ref.merged_into", path[len("/customers/"):]).sees(http.StatusOK, "Joined. Nothing is lost", "what is his stands there.")
	v.get("/customers/duplicates").sees(http.StatusOK, "Nobody seems to be here twice")
	do("part", "alias", contact[len("/contacts/"):]).sees(http.StatusBadRequest)
	do("part", "alias", twin.String()).sees(http.StatusOK, "They stand apart again.")
	do("join", "merged_into", "nobody like him").sees(http.StatusUnprocessableEntity, "Nothing of that name is known")
}

// Customers are grouped by region or as the company likes, and looked after by a salesman: the list shows those of either.
func TestCustomersAreListedByGroupAndSalesman(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	lin := b.hire("lin", "林志強", auth.Technician)
	v := b.browser("boss")
	v.get("/customers").lacks(`name="salesman"`)
	b.office(aftersales.CauseCreate, func(tx aftersales.Tx) error {
		_, err := aftersales.CreateParty(tx, aftersales.PartyInput{Name: "Harbour Cold Store", Group: "key", Salesman: lin})
		if err == nil {
			_, err = aftersales.CreateParty(tx, aftersales.PartyInput{Name: "Pilbara Earthworks"})
		}
		return err
	})
	v.get("/customers").sees(http.StatusOK, "Key customer", "林志強", "Harbour Cold Store", "Pilbara Earthworks")
	v.get("/customers?salesman="+lin.String()).sees(http.StatusOK, "Harbour Cold Store").lacks("Pilbara Earthworks")
	v.get("/customers?customer_group="+aftersales.CodeID(aftersales.ListCustomerGroup, "key").String()).sees(http.StatusOK, "Harbour Cold Store").lacks("Pilbara Earthworks")
}
