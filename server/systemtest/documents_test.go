package systemtest

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// sendsForm sends a form that may bring a file.
func (v *browser) sendsForm(path, file string, content []byte, pairs ...string) *browser {
	v.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		_ = form.WriteField(pairs[i], pairs[i+1])
	}
	part, err := form.CreateFormFile("file", file)
	if err == nil {
		_, err = part.Write(content)
	}
	if err != nil || form.Close() != nil {
		v.t.Fatal(err)
	}
	return v.sendBody(path, form.FormDataContentType(), &body)
}

// A manual comes in as a file through the page of the library, is what it is said to be or refused, and goes to the phones:
// by itself where it is about a machine of theirs, else when somebody asks.
func TestAManualReachesThePhoneThatNeedsIt(t *testing.T) {
	t.Parallel()
	bringsAManual(t, newBureau(t))
}

func bringsAManual(t *testing.T, b *bureau) {
	t.Helper()
	b.hire("ada", "Ada", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	v := b.browser("ada")
	var product, other record.ID
	b.office("create", func(tx aftersales.Tx) (err error) {
		if product, err = aftersales.CreateProduct(tx, aftersales.ProductInput{Code: "KX-90"}); err != nil {
			return err
		}
		other, err = aftersales.CreateProduct(tx, aftersales.ProductInput{Code: "ZZ-1"})
		return err
	})
	pdf := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("1 0 obj <</Type /Catalog>> endobj\n"), 500)...)
	fields := func(title, product string) []string {
		return []string{"kind", "manual", "title.en", title, "product", product, "edition", "3"}
	}
	v.get("/documents/new").sees(http.StatusOK, `type="file"`, "multipart/form-data")
	v.sendsForm("/documents", "x.pdf", []byte("<html><script>alert(1)</script></html>"), fields("KX-90 manual", "KX-90")...).
		sees(http.StatusUnprocessableEntity, "not what it is said to be", `value="KX-90 manual"`)
	v.sendsForm("/documents", "", nil, fields("KX-90 manual", "KX-90")...).sees(http.StatusUnprocessableEntity, `value="KX-90 manual"`)
	v.sendsForm("/documents", "<b>KX.pdf", pdf, fields("KX-90 manual", "KX-90")...).sees(http.StatusOK, "The document is in the library.", "<b>KX.pdf", "17 KB")
	page := v.at.Path
	v.get(page + "/file").sees(http.StatusOK)
	if v.body != string(pdf) {
		t.Error("the office sends another file")
	}
	v.sendsForm("/documents", "zz.pdf", append(bytes.Clone(pdf), "other"...), fields("ZZ-1 manual", "ZZ-1")...).sees(http.StatusOK, "The document is in the library.")
	_ = other

	phone := b.phone(v, li, "li")
	phone.Files.Ahead = client.AheadDocuments
	job, _ := v.makes("pump leaks", li)
	b.office("machine", func(tx aftersales.Tx) error {
		unit, err := aftersales.CreateUnit(tx, aftersales.UnitInput{Product: product, Serial: "S-1"})
		if err != nil {
			return err
		}
		return aftersales.Edit(tx, aftersales.EditInput{Table: "job", ID: job, Values: record.Values{"unit": record.Ref(unit)}})
	})
	sync(t, phone)
	list, err := phone.Knowledge().Library(t.Context(), product)
	if err != nil || len(list) != 1 || list[0].Name != "<b>KX.pdf" {
		t.Fatalf("%+v %v", list, err)
	}
	soon(t, "the manual comes by itself", func() bool { return phone.Knowledge().File(list[0]).State == client.FileDone })
	if got := b.content(phone, list[0].ID); !bytes.Equal(got, pdf) {
		t.Error("the phone has another file")
	}
	strange, err := phone.Knowledge().Library(t.Context(), other)
	if err != nil || len(strange) != 1 || phone.Knowledge().File(strange[0]).State != client.FileAway {
		t.Fatalf("%+v %v", strange, err)
	}
	if err := phone.Download(t.Context(), strange[0].ID); err != nil || phone.Knowledge().File(strange[0]).State != client.FileDone {
		t.Error(err)
	}

	// A new edition goes in the same way; the old one is in the archive, and nobody fetches it any more.
	v.get(page+"/revise").sees(http.StatusOK, `type="file"`)
	v.sendsForm(page+"/revise", "kx.pdf", append(bytes.Clone(pdf), "2"...), append(fields("KX-90 manual", "KX-90"), "seen", v.hidden("seen"))...).sees(http.StatusOK, "The new edition is in")
	v.get("/documents").sees(http.StatusOK, "kx.pdf")
	b.hire("nina", "Nina", auth.Technician)
	nina := b.visitor()
	nina.get(page+"/file").sees(http.StatusOK, "Sign-in name")
	if strings.Contains(nina.body, "%PDF") {
		t.Error("a stranger got the file")
	}
}

// A telephone number or a mail address that is none is refused beside its field: nothing that was typed is lost in silence.
func TestWhatReachesNobodyIsRefused(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("ada", "Ada", auth.Administrator)
	v := b.browser("ada")
	v.post("/customers", "name", "Südwind", "kind", "organisation", "phone", "by mail").sees(http.StatusUnprocessableEntity, "no telephone number", `value="by mail"`)
	v.post("/customers", "name", "Südwind", "kind", "organisation", "email", "nonsense").sees(http.StatusUnprocessableEntity, "no mail address", `value="nonsense"`)
	v.post("/customers", "name", "Südwind", "kind", "organisation", "phone", "0431 555 01", "email", "a@b.example").sees(http.StatusOK, "The customer is made.")
	at := v.at.Path
	v.post(at+"/contacts", "name", "Ole", "phone", "ask for him").sees(http.StatusUnprocessableEntity, "no telephone number")
	v.post(at+"/contacts", "name", "Ole", "email", "nonsense").sees(http.StatusUnprocessableEntity, "no mail address")

	// Nor does a program put one in, nor a file.
	p := b.program(v, "CRM", "see_customers", "edit_customers")
	p.asks("POST", "/customers", `{"name": "Nordwind", "email": "nonsense"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.BadMail))
	v.sends("customers", "c.csv", []byte("name,email\nNordwind,nonsense\nWestwind,w@example.com\n")).ends()
	v.post(v.at.Path+"/check", b.mapping("name", "email")...).ends().sees(http.StatusOK, "no mail address", "would be made: 1")
	v.post(v.at.Path + "/take").ends().sees(http.StatusOK)
	v.get("/customers?q=Westwind").sees(http.StatusOK, "Westwind</a>")
	v.get("/customers?q=Nordwind").sees(http.StatusOK, "Nothing matches")
}

// A group is chosen from the company's list; a machine without a name is called by the serial that the caller reads out.
func TestAGroupIsChosenAndAMachineIsCalledByItsSerial(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("ada", "Ada", auth.Administrator)
	v := b.browser("ada")
	v.get("/customers/new").sees(http.StatusOK, `<select id="f-customer_group"`)
	v.post("/assets", "serial", "WF-1").sees(http.StatusOK, "<h1>WF-1")
	number := v.find(`(U-[^<" ]+)`)
	v.get("/find?table=unit&q=WF-1").sees(http.StatusOK, `"label":"WF-1"`, number)
	v.post("/jobs", "title", "No heat", "unit", "WF-1").sees(http.StatusOK, "WF-1 · "+number)
	v.post("/assets", "serial", "WF-2", "name", "Cold room").sees(http.StatusOK, "<h1>Cold room")
	v.post("/jobs", "title", "No cold", "unit", "Cold room").sees(http.StatusOK, "Cold room · WF-2")
}

// A refusal with values in it says them in the reader's language, and not only what its code says of all its kind.
func TestARefusalSaysItsValuesInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("ada", "Ada", auth.Administrator)
	v := b.browser("ada")
	v.post("/assets", "serial", "WF-1", "meter_unit", "h").sees(http.StatusOK)
	machine := v.at.Path
	v.deed(machine, "meter", "reading", "1200").sees(http.StatusOK)
	v.post("/jobs", "title", "No heat", "unit", "WF-1").sees(http.StatusOK)
	job := v.at.Path
	v.post("/language", "language", "zh-Hans", "to", "/jobs").sees(http.StatusOK)
	v.deed(machine, "meter", "reading", "900").sees(http.StatusUnprocessableEntity, "仪表已有读数 1200：")
	v.post(job+"/close", "seen", "").sees(http.StatusUnprocessableEntity, "“新建”的工单不能关闭：须先完成或取消")
}
