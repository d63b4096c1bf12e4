package systemtest

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// sends a file to the import page.
func (v *browser) sends(kind, name string, content []byte) *browser {
	v.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("kind", kind)
	file, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = file.Write(content)
	}
	if err != nil || form.Close() != nil {
		v.t.Fatal(err)
	}
	return v.sendBody("/import", form.FormDataContentType(), &body)
}

// ends waits until what is under way with a file has ended.
func (v *browser) ends() *browser {
	v.t.Helper()
	under := func() bool { return strings.Contains(v.body, `http-equiv="refresh"`) }
	for under() { // as long as it goes on
		before := v.body
		soon(v.t, "what is under way with the file goes on", func() bool { return v.get(v.at.Path).sees(http.StatusOK).body != before || !under() })
	}
	return v
}

// mapping returns the form that names the columns, filled in as the page has it, with the branch.
func (b *bureau) mapping(fields ...string) []string {
	form := []string{"branch", b.ids("SELECT id FROM branch")[0].String(), "currency", "AUD"}
	for i, f := range fields {
		form = append(form, fmt.Sprint("c", i), f)
	}
	return form
}

func (b *bureau) ids(query string) []record.ID {
	b.t.Helper()
	ids, err := sqlrow.IDs(b.core.Store.Query(b.t.Context(), query))
	if err != nil {
		b.t.Fatal(err)
	}
	return ids
}

const orders = "When,Machine,What,Cost\n2004-07-01,EX-7,bucket won't open,183.05\n2004-07-02,EX-7,<script>alert(1)</script>,12\n" +
	"2004-07-02,EX-8,oil leak,7\n2004-07-02,EX-8,oil leak,7\nsoon,EX-9,=noise,1\n"

func TestARowOfADayThatNobodyMeansIsRefused(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	for _, f := range []struct {
		kind, file string
		columns    []string
		english    string
	}{
		{"jobs", "When,Machine,What\n2909-07-01,EX-7,leak\n1899-12-31,EX-7,noise\n2199-12-31,EX-7,smoke\n", []string{"date", "asset", "text"},
			"Reported on lies in no year that can be meant here: it must be in the years 1900 to 2199"},
		{"machines", "Serial,Sold\nEX-1,2204-02-01\nEX-2,1492-10-12\nEX-3,1900-01-01\n", []string{"serial", "sold"},
			"Sold on lies in no year that can be meant here: it must be in the years 1900 to 2199"},
	} {
		v.sends(f.kind, f.kind+".csv", []byte(f.file)).sees(http.StatusOK)
		page := v.at.Path
		v.post(page+"/check", b.mapping(f.columns...)...).ends().sees(http.StatusOK, "would be made: 1", "would be refused: 2", f.english)
		v.post("/language", "language", "zh-Hans", "to", page).sees(http.StatusOK, "的年份不可能：须在 1900 年至 2199 年之间")
		v.post("/language", "language", "en", "to", page)
		v.post(page+"/take").ends().sees(http.StatusOK, "made: 1", "refused: 2")
	}
}

func TestJobsComeInThroughThePageAndGoAgain(t *testing.T) {
	t.Parallel()
	takesJobsIn(t, newBureau(t))
}

func takesJobsIn(t *testing.T, b *bureau) {
	t.Helper()
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.get("/import").sees(http.StatusOK, "Files that were taken in will stand here")
	v.sends("jobs", "orders.csv", []byte(orders)).sees(http.StatusOK, "orders.csv", "bucket won't open", "Holds")
	page := v.at.Path

	v.post(page+"/check", b.mapping("date", "asset", "", "cost")...).sees(http.StatusUnprocessableEntity, "Say which column holds this: what is wrong")
	v.post(page+"/check", b.mapping("date", "date", "text", "cost")...).sees(http.StatusUnprocessableEntity, "Two columns cannot both hold the same thing")
	v.post(page+"/check", b.mapping("date", "asset", "text", "cost")[2:]...).sees(http.StatusUnprocessableEntity, "Choose the branch")
	v.post(page+"/take").sees(http.StatusUnprocessableEntity, "Open its page again")

	v.post(page+"/check", b.mapping("date", "asset", "text", "cost")...).ends().sees(http.StatusOK, "would be made: 4", "would be refused: 1", "“soon”: no date")
	if made := b.ids("SELECT id FROM job WHERE _del = 0"); len(made) != 0 {
		t.Fatalf("a look has made %d jobs", len(made))
	}
	v.post(page+"/take").ends().sees(http.StatusOK, "made: 4", "refused: 1")
	jobs := b.ids("SELECT id FROM job WHERE _del = 0 ORDER BY title")
	if len(jobs) != 4 || len(b.ids("SELECT id FROM unit WHERE _del = 0")) != 2 {
		t.Fatalf("%d jobs", len(jobs))
	}

	// The refused row is mended and sent again: it alone is made.
	v.get(page+"/refused").sees(http.StatusOK, "soon,EX-9,'=noise,1", "Refused because")
	v.post("/language", "language", "zh-Hans", "to", page).sees(http.StatusOK, "“soon”：不是日期")
	v.get(page+"/refused").sees(http.StatusOK, "拒绝原因", "报修日期 “soon”：不是日期")
	mended := strings.Replace(v.body, "soon", "2004-07-09", 1)
	v.post("/language", "language", "en", "to", page)
	v.sends("jobs", "mended.csv", []byte(mended)).sees(http.StatusOK)
	second := v.at.Path
	v.post(second+"/check", b.mapping("date", "asset", "text", "cost", "skip")...).ends().sees(http.StatusOK, "would be made: 1")
	v.post(second+"/take").ends().sees(http.StatusOK, "made: 1")

	// Sent once more, nothing doubles; the columns are named as they were.
	v.sends("jobs", "orders.csv", []byte(strings.Replace(orders, "soon", "2004-07-09", 1))).sees(http.StatusOK, `value="asset" selected`, `value="AUD"`)
	again := v.at.Path
	v.post(again+"/check", b.mapping("date", "asset", "text", "cost")...).ends().sees(http.StatusOK, "are known already: 5")
	v.post(again+"/take").ends().sees(http.StatusOK, "known already: 5")

	// Somebody works on one of the jobs. Undoing takes the others, and the machine that nothing names any more.
	b.office(aftersales.CauseComment, func(tx aftersales.Tx) error {
		_, err := aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: jobs[1]}, Text: "called him"})
		return err
	})
	v.post(page+"/undo").ends().sees(http.StatusOK, "4 rows were taken back, 2 stay", "a comment names it")
	left := b.ids("SELECT id FROM job WHERE _del = 0")
	if len(left) != 2 || len(b.ids("SELECT id FROM unit WHERE _del = 0")) != 2 { // of the first file one, and that of the second
		t.Fatalf("%d jobs are left", len(left))
	}
	v.get(page+"/stayed").sees(http.StatusOK, "a comment names it")
	v.post("/language", "language", "zh-Hant", "to", page).sees(http.StatusOK, "被另一留言引用")
	v.get(page+"/stayed").sees(http.StatusOK, "被另一留言引用", "保留原因")
	v.post("/language", "language", "en", "to", page)
	v.post(page+"/undo").sees(http.StatusUnprocessableEntity, "Open its page again")
	v.get("/import").sees(http.StatusOK, "orders.csv", "undone")

	// What was taken back can be taken in again.
	v.post(page+"/check", b.mapping("date", "asset", "text", "cost")...).ends().sees(http.StatusOK, "would be made: 3", "are known already: 1")
}

func TestAWorkbookOfCustomersIsChangedByTheNext(t *testing.T) {
	t.Parallel()
	takesAWorkbookIn(t, newBureau(t))
}

func takesAWorkbookIn(t *testing.T, b *bureau) {
	t.Helper()
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	book := func(rows ...[]any) []byte {
		f := excelize.NewFile()
		for i, row := range append([][]any{{"Name", "Number", "Phone", "City", "Site", "Contact"}}, rows...) {
			cell, _ := excelize.CoordinatesToCellName(1, i+1)
			if err := f.SetSheetRow("Sheet1", cell, &row); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if err := f.Write(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	fields := []string{"name", "id", "phone", "city", "site", "contact"}
	v.sends("customers", "crm.xlsx", book([]any{"上海东方热力", "C-1", "+86 21 5555 0101", "上海", "East", "Chen"}, []any{"上海东方热力", "C-1", "", "", "West", "Lin"}, []any{"Nordwind", "C-2", "", "Kiel", "", ""})).sees(http.StatusOK, "上海东方热力")
	v.post(v.at.Path+"/check", b.mapping(fields...)...).ends().sees(http.StatusOK, "would be made: 2", "would be changed: 1")
	v.post(v.at.Path + "/take").ends().sees(http.StatusOK)
	if n := len(b.ids("SELECT id FROM party WHERE _del = 0")); n != 2 || len(b.ids("SELECT id FROM site")) != 2 || len(b.ids("SELECT id FROM contact")) != 2 {
		t.Fatalf("%d customers", n)
	}
	v.sends("customers", "crm.xlsx", book([]any{"上海东方热力", "C-1", "+86 21 5555 0101", "苏州", "East", "Chen"}, []any{"Nordwind", "C-2", "", "Kiel", "", ""})).sees(http.StatusOK)
	v.post(v.at.Path+"/check", b.mapping(fields...)...).ends().sees(http.StatusOK, "would be changed: 1", "are known already: 1")
	v.post(v.at.Path+"/take").ends().sees(http.StatusOK, "changed: 1")
	v.get("/customers?q=%E4%B8%9C%E6%96%B9").sees(http.StatusOK, "苏州")
}

func TestMachinesPartsAndStockComeIn(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	take := func(kind, file string, sees string, fields ...string) {
		t.Helper()
		v.sends(kind, kind+".csv", []byte(file)).sees(http.StatusOK)
		v.post(v.at.Path+"/check", b.mapping(fields...)...).ends().sees(http.StatusOK)
		v.post(v.at.Path+"/take").ends().sees(http.StatusOK, sees)
	}
	take("machines", "serial,model,customer,installed\nSN-1,BX 200,Nordwind,2020-03-01\nSN-2,BX 200,Nordwind,2020-03-02\nSN-1,BX 300,,\n", "made: 2", "serial", "model", "customer", "installed")
	if len(b.ids("SELECT id FROM product")) != 1 || len(b.ids("SELECT id FROM party")) != 1 {
		t.Error("the model and the customer are not made once")
	}
	take("parts", "code,name,price\nF-1,Filter,12.50\nF-2,Seal,cheap\n", "made: 1", "code", "name", "price")
	b.office(aftersales.CauseCreate, func(tx aftersales.Tx) error {
		_, err := aftersales.CreateLocation(tx, aftersales.LocationInput{Code: "MAIN", Name: "Main store", Kind: aftersales.LocationBranch, Branch: b.ids("SELECT id FROM branch")[0]})
		return err
	})
	const count = "part,store,qty,min,max\nF-1,MAIN,12,5,20\nF-9,MAIN,1,,\nF-1,Moon,1,,\n"
	take("stock", count, "changed: 1", "code", "location", "quantity", "minimum", "maximum")
	page := v.at.Path
	v.sees(http.StatusOK, "there is no part F-9", "there is no location Moon")
	take("stock", count, "known already: 1", "code", "location", "quantity", "minimum", "maximum")
	v.post(page+"/undo").ends().sees(http.StatusOK, "2 rows were taken back")
	v.get("/stock").sees(http.StatusOK).lacks(">12<")
}

func TestWhoMayNotMakeThemMayNotImportThem(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("mia", "Mia", auth.Manager)
	v := b.browser("mia")
	v.get("/import").sees(http.StatusOK).lacks(`<option value="parts"`)
	v.sends("parts", "parts.csv", []byte("code\nA\n")).sees(http.StatusUnprocessableEntity, "Your roles do not include this")
	v.sends("people", "people.csv", []byte("name\nA\n")).sees(http.StatusUnprocessableEntity)
	v.sends("jobs", "jobs.csv", nil).sees(http.StatusUnprocessableEntity, "The file is empty")
	v.sends("jobs", "jobs.xlsx", []byte("PK\x03\x04 no zip at all")).sees(http.StatusUnprocessableEntity, "The workbook cannot be read")
	v.get("/import/00000000-0000-7000-8000-000000000001").sees(http.StatusUnprocessableEntity, "no longer kept")
	boss := b.browser("boss")
	boss.sends("parts", "parts.csv", []byte("code\nA\n")).sees(http.StatusOK)
	v.get(boss.at.Path).sees(http.StatusForbidden)
}

// 5,485 real orders of excavators, with everything that people type.
func TestTheRealOrdersComeInThroughThePage(t *testing.T) {
	t.Parallel()
	name := os.Getenv("FIELDSYNC_REAL_CSV")
	if name == "" {
		t.Skip("FIELDSYNC_REAL_CSV names no file of real work orders")
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	fields := []string{"date", "asset", "text", "type", "cost"}
	v.sends("jobs", "excavators.csv", raw).sees(http.StatusOK, `value="date" selected`, `value="text" selected`)
	page := v.at.Path
	v.post(page+"/check", b.mapping(fields...)...).ends().sees(http.StatusOK, "would be made: 5485")
	v.post(page+"/take").ends().sees(http.StatusOK, "made: 5485")
	if n := len(b.ids("SELECT id FROM job WHERE _del = 0")); n != 5485 || len(b.ids("SELECT id FROM unit")) != 5 {
		t.Errorf("%d jobs", n)
	}
	v.post(page+"/undo").ends().sees(http.StatusOK, "5,490 rows were taken back, 0 stay")
	if n := len(b.ids("SELECT id FROM job WHERE _del = 0")); n != 0 {
		t.Errorf("%d jobs stay", n)
	}
}
