package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
)

// kept is a kind of row that the office makes, changes, gives keys and puts away by the same pages.
type kept struct {
	url          string
	made         []string // the fields of one
	other        []string // of another, with which it is joined; none where rows of the kind are not joined
	change       string   // the field that is changed
	keys, awaits bool     // other systems have keys for it; it is put away with a reason
}

var keptRows = []kept{
	{url: "/products", made: []string{"code", "P-1", "name.en", "Pump"}, other: []string{"code", "P-2", "name.en", "Pump again"}, change: "brand", keys: true, awaits: true},
	{url: "/assets", made: []string{"name", "Boiler", "serial", "B-1"}, other: []string{"name", "Kettle", "serial", "B-2"}, change: "place", keys: true, awaits: true},
	{url: "/parts", made: []string{"code", "SEAL-1", "name.en", "Seal"}, other: []string{"code", "SEAL-2", "name.en", "Gasket"}, change: "barcode", keys: true, awaits: true},
	{url: "/knowledge", made: []string{"title", "It drips", "solution", "tighten it"}, other: []string{"title", "Water below", "solution", "tighten it more"}, change: "symptom", awaits: true},
	{url: "/locations", made: []string{"name", "Cellar", "kind", "branch", "branch", "North"}, change: "code", keys: true, awaits: true},
	{url: "/branches", made: []string{"name", "South", "code", "S", "zone", "Asia/Taipei", "currency", "TWD"}, change: "phone", awaits: true},
	{url: "/groups", made: []string{"name", "Night shift"}, change: "note", awaits: true},
	{url: "/checklists", made: []string{"name.en", "Yearly check", "product", "Pump again"}, awaits: true},
	{url: "/documents", made: []string{"title.en", "Manual", "kind", "manual", "text", "turn it on"}, awaits: true},
	{url: "/contacts", keys: true},
	{url: "/sites", change: "access_note", keys: true},
}

// Whatever kind of row it is: it is made, changed, given a key that is retired again, joined and parted, put away and
// brought back, alone and with others, by the forms of its pages.
func TestEveryKindOfRowGoesThroughItsPages(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.post("/customers", "name", "Harbour Hotel").sees(http.StatusOK)
	customer := v.at.Path
	v.fills(customer+"/contacts", "name", "Wang Li").sees(http.StatusOK, "The contact is added.")
	v.fills(customer+"/sites", "name", "Pier 7", "address", "Pier 7").sees(http.StatusOK, "The place is added.")
	at := map[string]string{"/contacts": v.find(`href="(/contacts/[^"]+)"`), "/sites": v.find(`href="(/sites/[^"]+)"`)}
	for _, k := range keptRows {
		path := at[k.url]
		if path == "" {
			path = v.makesOne(k.url, k.made)
		}
		if k.change != "" {
			v.get(path+"/edit").fills(path+"/edit", k.change, "12345").sees(http.StatusOK, "12345")
		}
		if k.keys {
			v.get(path+"/keys").fills(path+"/keys", "key_system", "erp", "key_text", "K-1").sees(http.StatusOK, "The key is noted.")
			v.fills(path + "/keys/retire").sees(http.StatusOK).lacks("Retire the key")
		}
		if k.other != nil {
			other := v.makesOne(k.url, k.other)
			v.get(other+"/join").fills(other+"/join", "same_as", k.made[1]).sees(http.StatusOK, "Joined. It can be parted again.")
			v.get(other + "/part").fills(other + "/part").sees(http.StatusOK)
		}
		if k.awaits {
			v.putsAway(k.url, path)
		}
	}
}

// makesOne makes a row by the form of its kind, and returns where it is.
func (v *browser) makesOne(url string, fields []string) (path string) {
	v.t.Helper()
	if v.get(url+"/new").fills(url, fields...); v.status != http.StatusOK {
		v.t.Fatalf("%s: %s", url, v.find(`class="problem"[^>]*>([^<]+)`))
	}
	if !strings.HasPrefix(v.at.Path, url+"/") {
		v.t.Fatalf("%s was not made", url)
	}
	return v.at.Path
}

// putsAway puts a row away and brings it back, by its own page and by the list's.
func (v *browser) putsAway(url, path string) {
	v.t.Helper()
	id := strings.TrimPrefix(path, url+"/")
	v.get(path+"/archive").fills(path+"/archive", "reason", "").sees(http.StatusUnprocessableEntity, "This is needed.")
	v.fills(path+"/archive", "reason", "sold").sees(http.StatusOK, "Archived.")
	v.get(url).lacks(`data-row id="r-` + id)
	v.get(path+"/unarchive").fills(path+"/unarchive").sees(http.StatusOK, "It is back.")
	v.post(url+"/each/archive", "id", id).fills(url+"/each/archive", "reason", "sold").sees(http.StatusOK, "Done: 1.")
	v.post(url+"/each/unarchive", "id", id).fills(url+"/each/unarchive").sees(http.StatusOK, "Done: 1.")
}
