package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// What another system calls a row can be said, read, looked up and taken back for every kind of row, with the rights that
// the kind takes, also for one that no program makes.
func TestEveryNounHasKeysOfOtherSystems(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	p := b.program(boss, "ERP", "see_jobs", "edit_records", "dispatch", "see_parts", "edit_parts", "move_stock", "see_customers", "edit_customers",
		"see_contracts", "edit_contracts", "see_knowledge", "edit_knowledge", "see_people", "edit_people", "edit_settings", "see_assets", "see_requests")
	nord, south := b.customer("Nordwind"), b.customer("Südwind")
	job, _ := boss.makes("Fan rattles", wang)
	var slip, contract, solution, part, movement record.ID
	b.office("goods", func(tx aftersales.Tx) (err error) {
		must := func(id record.ID, e error) record.ID {
			if err == nil {
				err = e
			}
			return id
		}
		slip = must(aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job, Summary: "mended"}))
		contract = must(aftersales.CreateContract(tx, aftersales.ContractInput{Party: nord, StartsOn: 20_000, EndsOn: 20_365}))
		solution = must(aftersales.PutSolution(tx, aftersales.SolutionInput{Title: "Rattling", Symptom: "rattles", Solution: "Tighten it."}))
		part = must(aftersales.CreatePart(tx, aftersales.PartInput{Code: "SEAL"}))
		to := must(aftersales.CreateLocation(tx, aftersales.LocationInput{Name: "Store"}))
		movement = must(aftersales.ReceivePart(tx, aftersales.MoveInput{Part: part, Quantity: aftersales.Quantity{Amount: aftersales.One}, To: to}))
		return err
	})
	one := func(table string) record.ID { return b.ids("SELECT id FROM " + table + " WHERE _del = 0")[0] }
	for path, id := range map[string]record.ID{
		"customers": south, "jobs": job, "assignments": one("assignment"), "visits": one("visit"), "slips": slip, "contracts": contract, "solutions": solution,
		"parts": part, "movements": movement, "people": wang, "branches": one("branch"), "codes": one("code"),
	} {
		at := "/" + path + "/" + id.String()
		if path != "jobs" { // which this program may not change
			p.asks("PUT", at+"/keys/ERP/X-1", "").has(http.StatusOK, "id", id.String())
			p.asks("GET", "/"+path+"/by-key/erp/X-1", "").has(http.StatusOK, "id", id.String())
			p.asks("GET", at+"/keys", "").has(http.StatusOK).names("keys", "system", "erp", "key", "X-1")
			p.asks("GET", "/keys/erp/X-1", "").has(http.StatusOK).names("rows", "resource", path, "id", id.String())
			continue
		}
		p.asks("PUT", at+"/keys/erp/X-1", "").has(http.StatusForbidden)
		p.asks("GET", at+"/keys", "").has(http.StatusOK).lacksAny("keys")
	}
	p.asks("PUT", "/customers/"+nord.String()+"/keys/erp/X-1", "").has(http.StatusConflict, "code", string(fault.Exists))
	p.asks("DELETE", "/movements/"+movement.String()+"/keys/erp/X-1", "").has(http.StatusOK)
	p.asks("GET", "/movements/by-key/erp/X-1", "").has(http.StatusNotFound)

	// Joined, the keys of both are those of the one who stayed.
	p.asks("PUT", "/customers/"+nord.String()+"/keys/erp/X-2", "").has(http.StatusOK)
	b.office("join", func(tx aftersales.Tx) error {
		return aftersales.Merge(tx, aftersales.MergeInput{Table: "party", Loser: nord, Winner: south})
	})
	p.asks("GET", "/customers/"+south.String()+"/keys", "").has(http.StatusOK).names("keys", "system", "erp", "key", "X-2").names("keys", "system", "erp", "key", "X-1")

	// Who may see one kind alone is told of that alone.
	few := b.program(boss, "Till", "see_parts")
	few.asks("GET", "/keys/erp/X-1", "").has(http.StatusOK).names("rows", "resource", "parts", "id", part.String())
	if rows := few.got["rows"].([]any); len(rows) > 2 { // codes and branches are everybody's
		for _, r := range rows {
			if of := r.(map[string]any)["resource"]; of != "parts" && of != "codes" && of != "branches" {
				t.Errorf("it is told of %v", r)
			}
		}
	}
	few.asks("GET", "/visits/by-key/erp/X-1", "").has(http.StatusForbidden)
	few.asks("PUT", "/parts/"+part.String()+"/keys/erp/X-9", "").has(http.StatusForbidden)

	nouns := map[string]bool{}
	for _, rt := range api.Routes() {
		if rt.Need == "" {
			t.Errorf("%s %s takes no right", rt.Method, rt.Path)
		}
		nouns[rt.Method+" "+rt.Path] = true
	}
	for _, table := range aftersales.Schema.Tables {
		if path := api.PathOf(table.Name); path != "" && !(nouns["PUT /"+path+"/{id}/keys/{system}/{key}"] && nouns["GET /"+path+"/by-key/{system}/{key}"]) {
			t.Errorf("%s cannot be named by a key", path)
		}
	}
}

// names expects an object with those fields in the list.
func (p *program) names(list string, pairs ...string) *program {
	p.t.Helper()
	all, _ := p.got[list].([]any)
	for _, one := range all {
		fits := true
		for i := 0; i < len(pairs); i += 2 {
			fits = fits && one.(map[string]any)[pairs[i]] == pairs[i+1]
		}
		if fits {
			return p
		}
	}
	p.t.Errorf("%v is not among %s: %v", pairs, list, all)
	return p
}

func (p *program) lacksAny(list string) {
	p.t.Helper()
	if all, _ := p.got[list].([]any); len(all) > 0 {
		p.t.Errorf("%s: %v", list, all)
	}
}
