package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// takesIn sends a file of customers of the system "erp" and takes it in; the page says the words.
func (b *bureau) takesIn(boss *browser, file string, words ...string) {
	b.t.Helper()
	boss.sends("customers", "customers.csv", []byte(file)).sees(http.StatusOK)
	page := boss.at.Path
	boss.post(page+"/check", append(b.mapping("id", "name", "phone"), "system", "erp")...).ends().sees(http.StatusOK, "would be")
	boss.post(page+"/take").ends().sees(http.StatusOK, words...)
}

// phones edits the customer's telephone number, by the hub itself or by a person's own hands.
func (b *bureau) phones(by record.ID, id, number string) {
	b.t.Helper()
	customer, err := record.ParseID(id)
	if err == nil {
		_, err = b.core.Hub.Do(b.t.Context(), by, nil, aftersales.CauseEdit, func(o *hub.Office) error {
			values := record.Values{"phone": record.Text(number)}
			return aftersales.Edit(server.Bind(o, by), aftersales.EditInput{Table: "party", ID: customer, Values: values})
		})
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bureau) conflicts() int { return len(b.ids("SELECT pk FROM _conflict WHERE open = 1")) }

// What others wrote since a file was taken in stays when the same file comes again; when the file says something else,
// both values stand, and the report says so. So it is for a program that puts by key.
func TestWhatASystemRepeatsReplacesNothing(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	p := b.program(boss, "ERP", "see_customers", "edit_customers")
	const file = "number,name,phone\nC-17,Alpha,+49431555001\n"
	b.takesIn(boss, file, "made: 1")
	p.asks("GET", "/customers/by-key/erp/C-17", "")
	id := p.text("id")
	b.phones(record.ID{}, id, "+49431555777")

	b.takesIn(boss, file, "known already: 1")
	p.asks("GET", "/customers/by-key/erp/C-17", "").has(http.StatusOK, "phone", "+49431555777")
	p.asks("PUT", "/customers/by-key/erp/C-17", `{"name": "Alpha", "phone": "+49431555001"}`).has(http.StatusOK, "phone", "+49431555777")
	if n := b.conflicts(); n != 0 {
		t.Fatalf("%d conflicts of nothing new", n)
	}

	b.takesIn(boss, "number,name,phone\nC-17,Alpha two,+49431555002\n", "changed: 1", "phone: changed here since this source last told of it")
	p.asks("GET", "/customers/by-key/erp/C-17", "").has(http.StatusOK, "name", "Alpha two")
	if n := b.conflicts(); n != 1 {
		t.Fatalf("%d conflicts: what the office wrote is gone, or the name is one", n)
	}
}

// What a file calls its rows does not keep them from being taken back.
func TestAnImportWithKeysIsUndone(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	const file = "number,name,phone\nC-17,Alpha,+49431555001\n"
	b.takesIn(boss, file, "made: 1")
	boss.post(boss.at.Path+"/undo").ends().sees(http.StatusOK, "1 rows were taken back")
	b.takesIn(boss, file, "made: 1")
}

// The nightly put of a program does not undo what the office wrote since; what it was shown, by If-Match, it replaces.
func TestAPutByKeyKeepsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	p := b.program(b.browser("boss"), "ERP", "see_customers", "edit_customers")
	const nightly = `{"name": "Nordwind", "phone": "+49431555001", "city": null}`
	p.asks("PUT", "/customers/by-key/erp/C-1", nightly).has(http.StatusCreated)
	id, old := p.text("id"), p.tag
	b.phones(record.ID{}, id, "+49431555777")
	p.asks("PUT", "/customers/by-key/erp/C-1", nightly).has(http.StatusOK, "phone", "+49431555777")
	shown := p.tag
	p.asks("PUT", "/customers/by-key/erp/C-1", nightly, "If-Match", "rubbish!").has(http.StatusBadRequest)
	p.asks("PUT", "/customers/by-key/erp/C-1", nightly, "If-Match", old).has(http.StatusOK, "phone", "+49431555777")
	p.asks("PUT", "/customers/by-key/erp/C-1", nightly, "If-Match", shown).has(http.StatusOK, "phone", "+49431555001")
	if n := b.conflicts(); n != 0 {
		t.Fatalf("%d conflicts: it had seen what it replaced", n)
	}

	// Something new, said without having seen the last word of the office, stands beside that.
	b.phones(record.ID{}, id, "+49431555778")
	p.asks("PUT", "/customers/by-key/erp/C-1", `{"name": "Nordwind", "phone": "+49431555002"}`).has(http.StatusOK)
	if n := b.conflicts(); n != 1 {
		t.Fatalf("%d conflicts: what the office wrote is gone", n)
	}
}

// The person who takes a file in has not shown it what he wrote by hand.
func TestAFileHasNotSeenWhatWhoBringsItWrote(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	anna := b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	p := b.program(boss, "ERP", "see_customers", "edit_customers")
	b.takesIn(boss, "number,name,phone\nC-17,Alpha,+49431555001\n", "made: 1")
	p.asks("GET", "/customers/by-key/erp/C-17", "")
	b.phones(anna, p.text("id"), "+49431555777")
	b.takesIn(boss, "number,name,phone\nC-17,Alpha two,+49431555001\n", "changed: 1")
	p.asks("GET", "/customers/by-key/erp/C-17", "").has(http.StatusOK, "name", "Alpha two", "phone", "+49431555777")
	b.takesIn(boss, "number,name,phone\nC-17,Alpha two,+49431555002\n", "changed: 1", "phone: changed here since")
	if n := b.conflicts(); n != 1 {
		t.Fatalf("%d conflicts: what she wrote by hand is gone", n)
	}
}

// A row that the office made, and a file tells of for the first time: the file has not seen it.
func TestTheFirstWordOfASystemStandsBesideWhatIsThere(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	p := b.program(boss, "ERP", "see_customers", "edit_customers")
	id := b.customer("Alpha").String()
	b.phones(record.ID{}, id, "+49431555777")
	p.asks("PUT", "/customers/"+id+"/keys/erp/C-17", "").has(http.StatusOK)
	b.takesIn(boss, "number,name,phone\nC-17,Alpha,+49431555001\n", "changed: 1", "phone: changed here since")
	if n := b.conflicts(); n != 1 {
		t.Fatalf("%d conflicts", n)
	}
}

// Of two rows that were joined each keeps what the system said of it: the two do not take turns.
func TestTheKeysOfAJoinedRowDoNotTakeTurns(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	p := b.program(boss, "ERP", "see_customers", "edit_customers")
	const file = "number,name,phone\nC-1,Nord,+49431555001\nC-2,Süd,+49431555002\n"
	b.takesIn(boss, file, "made: 2")
	var ids [2]record.ID
	for i, key := range []string{"C-1", "C-2"} {
		var err error
		if ids[i], err = record.ParseID(p.asks("GET", "/customers/by-key/erp/"+key, "").text("id")); err != nil {
			t.Fatal(err)
		}
	}
	b.office("join", func(tx aftersales.Tx) error {
		return aftersales.Merge(tx, aftersales.MergeInput{Table: "party", Loser: ids[1], Winner: ids[0]})
	})
	b.takesIn(boss, file, "known already: 2")
	p.asks("GET", "/customers/by-key/erp/C-2", "").has(http.StatusOK, "name", "Nord", "phone", "+49431555001")
}

// What a program does to a row it may say that it has seen: what it had not seen it does not replace.
func TestAnActionOfAProgramSaysWhatItHasSeen(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	p := b.program(b.browser("boss"), "CRM", "see_jobs", "create_jobs", "edit_jobs", "dispatch")
	p.asks("POST", "/jobs", `{"title": "leak"}`).has(http.StatusCreated)
	path, shown := "/jobs/"+p.text("id")+"/plan", p.tag
	p.asks("POST", path, `{"start": "2030-05-02T08:00:00Z", "end": "2030-05-02T09:00:00Z"}`, "If-Match", "rubbish!").has(http.StatusBadRequest)
	p.asks("POST", path, `{"start": "2030-05-02T08:00:00Z", "end": "2030-05-02T09:00:00Z"}`, "If-Match", shown).has(http.StatusOK)
	if n := b.conflicts(); n != 0 {
		t.Fatalf("%d conflicts", n)
	}
	p.asks("POST", path, `{"start": "2030-05-03T08:00:00Z", "end": "2030-05-03T09:00:00Z"}`, "If-Match", shown).has(http.StatusOK)
	if n := b.conflicts(); n == 0 {
		t.Fatal("what it had not seen is gone")
	}
}
