package systemtest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/record"
)

// id returns the id at the end of the page's URL.
func (v *browser) id() string {
	v.t.Helper()
	return v.at.Path[strings.LastIndexByte(v.at.Path, '/')+1:]
}

// deed opens the form of a deed on the page of a row and sends it.
func (v *browser) deed(path, name string, pairs ...string) *browser {
	v.t.Helper()
	v.get(path+"/"+name).sees(http.StatusOK, "</form>")
	return v.post(path+"/"+name, append([]string{"seen", v.hidden("seen")}, pairs...)...)
}

func TestAMachineWithItsModelComponentsAndWarranty(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.get("/products").sees(http.StatusOK, "The models that you sell")
	v.post("/products", "code", "").sees(http.StatusUnprocessableEntity, "This is needed.")
	v.post("/products", "code", "WP-200", "name.en", "Heat pump 200", "name.zh-Hans", "热泵200", "warranty_months", "24").sees(http.StatusOK, "The model is made.", "Heat pump 200")
	model := v.at.Path
	v.deed(model, "component", "code", "compressor", "name.en", "Compressor", "warranty_months", "0").sees(http.StatusUnprocessableEntity, "give it some months", "compressor")
	v.deed(model, "component", "code", "compressor", "name.en", "Compressor", "warranty_months", "60").sees(http.StatusOK, "The component is set.", "60 months")

	v.post("/customers", "name", "Quay Bakery").sees(http.StatusOK)
	v.post("/assets", "serial", "HP-77 <b>", "product", "WP-200", "party", "Quay Bakery", "installed_on", "2020-03-01", "meter_unit", "h").
		sees(http.StatusOK, "The machine is made.", "HP-77 <b>", "Warranty and contract today", "The whole machine", "The warranty ended on 2022-03-01", "Compressor")
	if strings.Contains(v.source, "HP-77 <b>") {
		t.Error("a serial number writes into the page")
	}
	machine := v.at.Path
	v.post("/assets", "serial", "FAN-1", "parent", "HP-77 <b>", "name", "Outer fan").sees(http.StatusOK, "What it is made of", machine)
	v.get(machine).sees(http.StatusOK, "Outer fan")
	v.deed(machine, "meter", "reading", "1200").sees(http.StatusOK, "Noted.", "1200")
	v.deed(machine, "meter", "reading", "900").sees(http.StatusUnprocessableEntity, "already")
	v.get("/assets?q=HP-77&status=installed").sees(http.StatusOK, "Quay Bakery", "WP-200")
	v.get("/assets?format=csv").sees(http.StatusOK, "FAN-1")

	v.post("/jobs", "title", "No heat", "unit", "HP-77 <b>").sees(http.StatusOK)
	number := v.find(`<span class="num">([^<]+)</span>`)
	v.post("/locations", "name", "Main store", "kind", "central").sees(http.StatusOK, "Now say who holds it.")
	v.deed(machine, "swap", "job", number, "serial", "HP-78", "location", "Main store").sees(http.StatusOK, "Swapped.", "HP-77 <b> → HP-78")
	v.get(machine+"/swap").sees(http.StatusNotFound, "This cannot be done now")
	v.deed(machine, "archive", "reason", "scrapped").sees(http.StatusOK, "Archived.", "Bring it back")
}

func TestPartsAreReceivedAskedForIssuedCountedAndCorrected(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.get("/stock").sees(http.StatusOK)
	v.post("/parts", "code", "SEAL-12", "unit", "pcs", "list_price", "90.00 CNY").sees(http.StatusOK, "in the catalogue", "None of it lies anywhere")
	part := v.at.Path
	v.deed(part, "price", "amount", "free").sees(http.StatusUnprocessableEntity, "cannot be read")
	v.deed(part, "price", "amount", "120.50 CNY").sees(http.StatusOK, "The price is set.", "120.50 CNY")
	v.post("/locations", "name", "Main store", "kind", "central").sees(http.StatusOK)
	store := v.id()
	v.post("/locations", "name", "Van 7", "kind", "van").sees(http.StatusOK)
	van := v.id()
	v.post("/movements", "cause", "receipt", "part", "SEAL-12", "quantity", "10", "to_location", "Main store", "unit_cost", "60 CNY").sees(http.StatusOK, "Moved.", "Supplier")
	v.post("/movements", "cause", "issue", "part", "SEAL-12", "quantity", "4", "to_location", "Van 7").sees(http.StatusUnprocessableEntity, "Say where it comes from.")
	v.post("/movements", "cause", "issue", "part", "SEAL-12", "quantity", "0", "from_location", "Main store", "to_location", "Van 7").sees(http.StatusUnprocessableEntity, "More than nothing")
	v.post("/movements", "cause", "issue", "part", "SEAL-12", "quantity", "4", "from_location", "Main store", "to_location", "Van 7").sees(http.StatusOK, "Moved.")
	v.deed(v.at.Path, "correct", "quantity", "3", "note", "three were taken").sees(http.StatusOK, "Corrected.")
	v.deed(part, "level", "location", "Van 7", "minimum", "5", "maximum", "8").sees(http.StatusOK, "Set.", "Van 7")
	v.get("/stock?location="+store).sees(http.StatusOK, "SEAL-12", "7 pcs")
	v.get("/stock?short=1&location="+van).sees(http.StatusOK, "3 pcs", "2 pcs", "5 pcs")

	v.post("/part-requests", "part", "SEAL-12", "quantity", "5", "location", "Van 7").sees(http.StatusOK, "Asked for.")
	ask := v.at.Path
	v.get(ask + "/issue").sees(http.StatusNotFound)
	v.deed(ask, "approve", "approved", "4").sees(http.StatusOK, "Approved.")
	v.deed(ask, "issue", "from_location", "Main store").sees(http.StatusOK, "Issued.")
	v.get("/stock?location="+van).sees(http.StatusOK, "7 pcs")
	count := "/locations/" + store + "/count"
	v.get(count).sees(http.StatusOK, "SEAL-12", "3 pcs")
	expected := v.find(`name="(expected\.[^"]+)"`)
	counted := "counted" + strings.TrimPrefix(expected, "expected")
	v.post(count, expected, "3000", counted, "lots").sees(http.StatusUnprocessableEntity, "cannot be read", `value="lots"`)
	v.post(count, expected, "3000").sees(http.StatusUnprocessableEntity, "Nothing is entered yet.")
	v.post(count, expected, "4000", counted, "2").sees(http.StatusUnprocessableEntity, "SEAL-12: of it 4 pcs lay here when you began to count, and now 3 pcs.", `value="2"`)
	v.post(count, expected, "3000", counted, "2").sees(http.StatusOK, "Counted: 1 parts, of which 1 differ.", "Thirty days")
	v.post(count, "part", "SEAL-12", "counted", "2").sees(http.StatusOK, "Counted: 1 parts, of which 0 differ.")
	v.get("/locations/" + record.ID{1}.String() + "/count").sees(http.StatusNotFound)
	v.get("/locations/"+store+"?from=2020-01-01&until=2020-12-31").sees(http.StatusOK, "What came and went", `value="2020-12-31"`).lacks("10</td>")
	v.get("/locations/"+store+"?from=2020-01-01").sees(http.StatusOK, "What came and went", "10</td>")
	v.get("/movements?location="+store).sees(http.StatusOK, "count")
	v.get("/movements?location="+url.QueryEscape(record.ID{}.String())).sees(http.StatusOK, "Nothing matches")

	// Nobody who may only look can move anything.
	b.hire("look", "Lena Looks", "auditor")
	look := b.browser("look")
	look.get(part).sees(http.StatusOK, "SEAL-12").lacks("Set a price")
	look.get(part + "/price").sees(http.StatusForbidden)
	look.post("/movements", "cause", "receipt").sees(http.StatusForbidden)
	look.get(count).sees(http.StatusForbidden)
	look.post(count, "part", "SEAL-12", "counted", "1").sees(http.StatusForbidden)
}
