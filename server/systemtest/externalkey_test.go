package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// What another system calls a customer finds him whoever made him: a file, a program or the office, and also once he was
// joined with another.
func TestAKeyOfAnotherSystemFindsWhoeverMadeTheRow(t *testing.T) {
	t.Parallel()
	findsByKeys(t, newBureau(t))
}

func findsByKeys(t *testing.T, b *bureau) {
	t.Helper()
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	p := b.program(boss, "ERP", "see_customers", "edit_customers")
	file := []byte("number,name\nC-17,Nordwind Foods\n")
	taken := func(want string) {
		t.Helper()
		boss.sends("customers", "customers.csv", file).sees(http.StatusOK)
		page := boss.at.Path
		form := append(b.mapping("id", "name"), "system", "erp")
		boss.post(page+"/check", form...).ends().sees(http.StatusOK, "would be")
		boss.post(page+"/take").ends().sees(http.StatusOK, want)
	}
	taken("made: 1")
	p.asks("GET", "/customers/by-key/erp/C-17", "").has(http.StatusOK, "name", "Nordwind Foods")
	imported := p.text("id")
	p.asks("PUT", "/customers/by-key/erp/C-17", `{"name": "Nordwind Foods", "city": "Kiel"}`).has(http.StatusOK, "id", imported, "city", "Kiel")
	p.asks("GET", "/customers/by-key/other/C-17", "").has(http.StatusNotFound)

	// One that the office made is given a key, which then is nobody else's.
	made := b.customer("Südwind")
	p.asks("PUT", "/customers/"+made.String()+"/keys/erp/C-18", "").has(http.StatusOK, "id", made.String())
	p.asks("PUT", "/customers/"+made.String()+"/keys/erp/C-18", "").has(http.StatusOK)
	p.asks("PUT", "/customers/"+imported+"/keys/erp/C-18", "").has(http.StatusConflict, "code", string(fault.Exists))
	p.asks("GET", "/customers/by-key/erp/C-18", "").has(http.StatusOK, "name", "Südwind")

	// Joined, both keys name the one who stayed, for the file too.
	survivor, err := record.ParseID(imported)
	if err != nil {
		t.Fatal(err)
	}
	b.office("join", func(tx aftersales.Tx) error {
		return aftersales.Merge(tx, aftersales.MergeInput{Table: "party", Loser: made, Winner: survivor})
	})
	p.asks("GET", "/customers/by-key/erp/C-18", "").has(http.StatusOK, "id", imported)
	file = []byte("number,name\nC-18,Nordwind and Südwind\n")
	taken("changed: 1")
	p.asks("GET", "/customers/by-key/erp/C-17", "").has(http.StatusOK, "id", imported, "name", "Nordwind and Südwind")

	// A key whose row was deleted is free again.
	b.office("row.delete", func(tx aftersales.Tx) error { return tx.Delete("party", survivor) })
	p.asks("PUT", "/customers/by-key/erp/C-17", `{"name": "Nordwind again"}`).has(http.StatusCreated, "name", "Nordwind again")
}

func (b *bureau) customer(name string) (id record.ID) {
	b.t.Helper()
	b.office(aftersales.CauseCreate, func(tx aftersales.Tx) (err error) {
		id, err = aftersales.CreateParty(tx, aftersales.PartyInput{Name: name, Branch: b.onlyBranch()})
		return err
	})
	return id
}

func (b *bureau) onlyBranch() record.ID {
	b.t.Helper()
	return b.ids("SELECT id FROM branch WHERE _del = 0")[0]
}

// The office sees what other systems call a row, on its page, in a list and by searching; adds keys and retires them.
func TestTheOfficeKeepsKeysOfOtherSystems(t *testing.T) {
	t.Parallel()
	keepsKeys(t, newBureau(t))
}

func keepsKeys(t *testing.T, b *bureau) {
	t.Helper()
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	nord, south := b.customer("Nordwind"), b.customer("Südwind")
	at := "/customers/" + nord.String()
	v.get(at).sees(http.StatusOK, "In other systems", "Add a key")
	if n := strings.Count(v.body, `id="keys"`); n != 1 {
		t.Errorf("%d elements have the id of the keys that ? shows", n)
	}
	v.get(at+"/keys").sees(http.StatusOK, "What another system calls this")
	v.post(at+"/keys", "key_system", "erp", "key_text", "").sees(http.StatusUnprocessableEntity, "needed")
	v.post(at+"/keys", "key_system", "erp", "key_text", "<b>C-17</b>").sees(http.StatusOK, "The key is noted.", "<b>C-17</b>")
	v.post(at+"/keys", "key_system", "erp", "key_text", "C-4711").sees(http.StatusOK, "C-4711")
	v.post("/customers/"+south.String()+"/keys", "key_system", "erp", "key_text", "C-4711").sees(http.StatusUnprocessableEntity, "names another row")

	v.get("/keys").sees(http.StatusOK, "C-4711", "erp", "Nordwind", "customer")
	v.get("/keys?q=C-4711&kind=party").sees(http.StatusOK, "Nordwind")
	v.get("/keys?kind=job").lacks("C-4711</a>")
	v.get("/keys/"+b.ids("SELECT id FROM external_key WHERE key = 'C-4711'")[0].String()).sees(http.StatusOK, "Nordwind", "Join with another")
	v.get("/search?q=C-4711").sees(http.StatusOK, "Nordwind", `href="`+at+`"`)

	// Who joins the customer finds the key at the one who stays; retired there, it is free for another.
	b.office("join", func(tx aftersales.Tx) error {
		return aftersales.Merge(tx, aftersales.MergeInput{Table: "party", Loser: nord, Winner: south})
	})
	stays := "/customers/" + south.String()
	v.get(stays).sees(http.StatusOK, "C-4711")
	v.post(stays+"/keys/retire", "system", "erp", "key", "C-4711").sees(http.StatusOK, "The key is retired").lacks("C-4711</b>")
	v.get("/search?q=C-4711").lacks(`href="` + at)
	v.get("/keys?retired=1").sees(http.StatusOK, "C-4711")
	west := b.customer("Westwind")
	v.post("/customers/"+west.String()+"/keys", "key_system", "erp", "key_text", "C-4711").sees(http.StatusOK, "The key is noted.")
	v.post(stays+"/keys/retire", "system", "erp", "key", "C-4711").sees(http.StatusNotFound)

	// Who may not see customers does not learn of them by their keys.
	p := b.program(v, "ERP", "see_customers", "edit_customers")
	p.asks("DELETE", "/customers/"+west.String()+"/keys/erp/C-4711", "").has(http.StatusOK, "id", west.String())
	p.asks("GET", "/customers/by-key/erp/C-4711", "").has(http.StatusNotFound)
	p.asks("DELETE", "/customers/"+west.String()+"/keys/erp/none", "").has(http.StatusNotFound)
}
