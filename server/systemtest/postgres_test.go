package systemtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/server/store/postgres/pgtest"
)

// TestTheOfficeOnPostgreSQL tells stories of the office again on a hub whose database is in PostgreSQL: every page; lists,
// filters, orders and exports; a role in one branch; a phone in the field and a conflict with it.
func TestTheOfficeOnPostgreSQL(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]func(*testing.T, *bureau){
		"every page opens":             func(t *testing.T, b *bureau) { opensEveryPage(t, b, "en"); sortsEveryList(b) },
		"a customer is served":         servesACustomer,
		"a role of one's own":          makesARole,
		"a second step":                signsInByTwoSteps,
		"a conflict with a phone":      settlesAConflict,
		"paid work":                    paysForWork,
		"jobs come in and go again":    takesJobsIn,
		"customers come in and change": takesAWorkbookIn,
		"a program works":              worksLikeTheOffice,
		"a list goes on":               listsGoOn,
		"a warehouse moves parts":      warehouseMoves,
		"keys of other systems":        findsByKeys,
		"keys on pages":                keepsKeys,
		"a manual reaches a phone":     bringsAManual,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(t, newBureauOn(t, filepath.Join(t.TempDir(), "hub.db"), pgtest.Database(t)))
		})
	}
}

// TestPhonesOnPostgreSQL tells stories of phones again on such a hub.
func TestPhonesOnPostgreSQL(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]func(*testing.T, *world){
		"a repair without network": repairsOffline,
		"a phone enrolled anew":    enrolsAnew,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(t, newWorldOn(t, filepath.Join(t.TempDir(), "hub.db"), pgtest.Database(t)))
		})
	}
}

// movesToPostgreSQL moves a company to PostgreSQL while a phone has work that it has not sent, serves it there, backs it
// up, restores the backup into another database, and moves back. The phone notices nothing until the restore, which is
// none of its own: it stays with the hub that moved.
func movesToPostgreSQL(t *testing.T, i *installation) {
	there := pgtest.Database(t)
	url, stop := i.serve()
	code := i.employ("li", 6, url)
	li := i.phone()
	li.do(map[string]any{"Do": "enrol", "Server": url, "Code": code, "Name": "Li's phone"})
	li.sync(url)
	li.do(map[string]any{"Do": "repair", "Jobs": 2})
	stop()

	var moved struct {
		Rows, Commit, Epoch int
		Aside               string
	}
	i.must(&moved, "move", "-db", there)
	if _, err := os.Stat(moved.Aside); err != nil || moved.Rows == 0 || moved.Epoch != 0 {
		t.Fatalf("moved: %+v %v", moved, err)
	}
	if r := i.run("verify"); r.code != 2 || !strings.Contains(r.err, "name it with -db") {
		t.Errorf("who forgets -db is answered %d, %s", r.code, r.err)
	}
	i.must(nil, "verify", "-db", there)
	i.db = there
	url, stop = i.serve()
	li.sync(url)
	backup := filepath.Join(t.TempDir(), "backup.db")
	i.must(nil, "backup", backup)
	li.do(map[string]any{"Do": "repair", "Jobs": 1})
	li.sync(url)
	stop()
	i.must(nil, "verify")

	other := &installation{t: t, program: i.program, data: filepath.Join(t.TempDir(), "other")}
	elsewhere := pgtest.Database(t)
	if r := i.run("restore", backup, "-force"); r.code != 2 {
		t.Errorf("a backup is restored over a hub in PostgreSQL: %d, %s", r.code, r.err)
	}
	var restored struct{ Epoch, Commit int }
	keys := filepath.Join(i.data, "hub.db.keys")
	other.must(&restored, "restore", backup, "-db", elsewhere, "-key-file", keys)
	if restored.Epoch != 1 || restored.Commit <= moved.Commit {
		t.Errorf("restored: %+v", restored)
	}
	other.must(nil, "verify", "-db", elsewhere, "-key-file", keys)

	i.must(nil, "move", "-back")
	i.db = ""
	url, stop = i.serve()
	li.sync(url)
	stop()
	var whole struct {
		OK      bool
		Changes int
	}
	if i.must(&whole, "verify"); !whole.OK {
		t.Errorf("after the way back: %+v", whole)
	}
}
