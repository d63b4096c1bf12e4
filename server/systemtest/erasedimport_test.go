package systemtest

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// A customer who was erased is one that a file has no word about any more: under his number, and his key, comes another,
// and the rest of the file comes in.
func TestAnErasedCustomerDoesNotStopTheNextFile(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	p := b.program(boss, "ERP", "see_customers", "edit_customers")
	b.takesIn(boss, "number,name,phone\nC-17,Alpha,+49431555001\nC-18,Beta,+49431555002\n", "made: 2")
	erased := p.asks("GET", "/customers/by-key/erp/C-17", "").text("id")
	b.erases(erased)
	p.asks("GET", "/customers/by-key/erp/C-17", "").has(http.StatusNotFound)

	b.takesIn(boss, "number,name,phone\nC-17,Alpha two,+49431555001\nC-18,Beta two,+49431555002\nC-19,Gamma,+49431555003\n", "made: 2", "changed: 1")
	p.asks("GET", "/customers/by-key/erp/C-17", "").has(http.StatusOK, "name", "Alpha two")
	if p.text("id") == erased {
		t.Error("who was erased is back")
	}
	p.asks("GET", "/customers/by-key/erp/C-18", "").has(http.StatusOK, "name", "Beta two")
	p.asks("GET", "/customers/by-key/erp/C-19", "").has(http.StatusOK, "name", "Gamma")

	b.erases(p.text("id"))
	p.asks("PUT", "/customers/by-key/erp/C-19", `{"name": "Gamma two"}`).has(http.StatusCreated, "name", "Gamma two")
	p.asks("PUT", "/customers/by-key/erp/C-19", `{"name": "Gamma three"}`).has(http.StatusOK, "name", "Gamma three")
}

// What the office imported forgets with the rest, wherever it is kept; what was made of it can still be undone.
func TestAnErasureReachesWhatWasImported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBureauOn(t, emptyOffice(t, filepath.Join(dir, "hub.db")), "")
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	p := b.program(boss, "ERP", "see_customers", "edit_customers")
	b.takesIn(boss, "number,name,phone\n+49431555001,Alpha,+49431555001\nC-18,,+49431555001\n", "made: 1", "refused: 1")
	page := boss.at.Path
	b.erases(p.asks("GET", "/customers/by-key/erp/+49431555001", "").text("id"))
	if left := holding(t, dir+"/hub.db.imports", "431555001"); len(left) > 0 {
		t.Errorf("he still stands in %v", left)
	}
	if n := len(b.ids("SELECT id FROM external_key WHERE key IS NOT NULL")); n != 0 {
		t.Errorf("%d keys still name him", n)
	}
	boss.get(page).sees(http.StatusOK, "made: 1")
	boss.post(page + "/undo").ends().sees(http.StatusOK)
}

func (b *bureau) erases(id string) {
	b.t.Helper()
	customer, err := record.ParseID(id)
	if err == nil {
		err = b.core.Erase(b.t.Context(), record.ID{}, []record.Key{{Table: aftersales.Schema.Table("party").ID, ID: customer}})
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// holding returns the files beneath the folder that hold the text.
func holding(t *testing.T, dir, text string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			paths = append(paths, strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// A key is put again under the name that was joined, and however its system is written.
func TestAKeyIsPutAgainAfterAJoinAndHoweverItsSystemIsWritten(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	p := b.program(b.browser("boss"), "ERP", "see_customers", "edit_customers")
	loser, winner := b.customer("Nord"), b.customer("Nord AG")
	at := "/customers/" + loser.String() + "/keys/"
	p.asks("PUT", at+"erp/A", "").has(http.StatusOK)
	b.office("join", func(tx aftersales.Tx) error {
		return aftersales.Merge(tx, aftersales.MergeInput{Table: "party", Loser: loser, Winner: winner})
	})
	p.asks("PUT", at+"erp/A", "").has(http.StatusOK)
	p.asks("PUT", "/customers/"+winner.String()+"/keys/ERP/A", "").has(http.StatusOK)
	p.asks("PUT", "/customers/by-key/%20Erp%20/A%20", `{"name": "Nord AG"}`).has(http.StatusOK, "id", winner.String())
	p.asks("PUT", at+"%20/A", "").has(http.StatusUnprocessableEntity, "code", "invalid_value")
	p.asks("PUT", at+"erp/%20", "").has(http.StatusUnprocessableEntity, "code", "invalid_value")
	p.asks("PUT", "/customers/by-key/%20/A", `{"name": "Nobody"}`).has(http.StatusUnprocessableEntity, "code", "invalid_value")
}

// A customer who stays when an import is undone is called by his name.
func TestWhoStaysAfterAnUndoIsNamed(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	b.takesIn(boss, "number,name,phone\nC-17,Alpha,+49431555001\n", "made: 1")
	page := boss.at.Path
	b.office(aftersales.CauseComment, func(tx aftersales.Tx) error {
		_, err := aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "party", ID: b.ids("SELECT id FROM party WHERE name = 'Alpha'")[0]}, Text: "pays late"})
		return err
	})
	boss.post(page+"/undo").ends().sees(http.StatusOK, "customer Alpha · C-17")
	boss.get(page+"/stayed").sees(http.StatusOK, "Alpha · C-17")
}
