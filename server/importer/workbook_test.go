package importer

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// saved writes a workbook as a spreadsheet program does, and opens its file.
func saved(t *testing.T, fill func(*excelize.File)) *os.File {
	t.Helper()
	book := excelize.NewFile()
	fill(book)
	path := filepath.Join(t.TempDir(), "book.xlsx")
	if err := book.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return opened(t, path)
}

func opened(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// zipped writes a workbook part by part, as a hostile one is.
func zipped(t *testing.T, parts map[string]io.Reader) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "book.xlsx")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	for name, part := range parts {
		w, err := archive.Create(name)
		if err == nil {
			_, err = io.Copy(w, part)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return opened(t, path)
}

const oneSheet = `<workbook xmlns:r="r"><sheets><sheet name="a" r:id="rId1"/></sheets></workbook>`

func TestAWorkbookIsReadLikeText(t *testing.T) {
	t.Parallel()
	file := saved(t, func(book *excelize.File) {
		date, _ := book.NewStyle(&excelize.Style{NumFmt: 14})
		own := "dd/mm/yyyy hh:mm"
		timed, _ := book.NewStyle(&excelize.Style{CustomNumFmt: &own})
		for cell, value := range map[string]any{
			"A1": "date", "B1": "asset", "C1": "text", "E1": "cost", "F1": "id",
			"A2": 38169, "B2": "EX 7", "C2": "液压油管漏油", "E2": 183.05, "F2": 4711,
			"A4": 38169.5, "B4": "EX 7", "C4": "two\nlines", "E4": 1e9, "F4": true,
		} {
			if err := book.SetCellValue("Sheet1", cell, value); err != nil {
				t.Fatal(err)
			}
		}
		_ = book.SetCellStyle("Sheet1", "A2", "A2", date)
		_ = book.SetCellStyle("Sheet1", "A4", "A4", timed)
	})
	f, err := Open(Jobs, file, Options{Currency: "AUD"})
	if err != nil {
		t.Fatal(err)
	}
	var items []Item
	for item, err := range f.Items() {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	if len(items) != 2 || items[0].Refused.Says() || items[1].Refused.Says() {
		t.Fatalf("%+v", items)
	}
	first, second := items[0].Row, items[1].Row
	if first.Line != 2 || first.Value(Date) != day("2004-07-01") || first.Text(Text) != "液压油管漏油" ||
		first.Value(Cost) != record.Money(18305, "AUD") || first.Text(Number) != "4711" {
		t.Errorf("%+v", first)
	}
	if second.Line != 4 || second.Text(Text) != "two\nlines" || second.Value(Cost) != record.Money(100000000000, "AUD") ||
		second.Text(Note) != "date: 2004-07-01 12:00:00" || second.Text(Number) != "TRUE" {
		t.Errorf("%+v", second)
	}
}

func TestDatesOfNumberFormats(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]bool{
		"yyyy-mm-dd": true, "d/m/yy": true, "General": false, "0.00": false, `"day "0`: false, "[Red]0": false, `\d0`: false,
		"[$-409]d-mmm": true, "hh:mm": false, "": false,
	} {
		if got := showsDate(format); got != want {
			t.Errorf("%q: %v", format, got)
		}
	}
}

// endless is XML that goes on for so many bytes.
func endless(before, piece string, bytes int, after string) io.Reader {
	again := io.LimitReader(&repeated{piece: piece}, int64(bytes/len(piece)*len(piece)))
	return io.MultiReader(strings.NewReader(before), again, strings.NewReader(after))
}

type repeated struct {
	piece string
	at    int
}

func (r *repeated) Read(b []byte) (n int, err error) {
	for n < len(b) {
		m := copy(b[n:], r.piece[r.at:])
		n, r.at = n+m, (r.at+m)%len(r.piece)
	}
	return n, nil
}

// A workbook of some kilobytes can unpack to gigabytes: it is refused, in bounded time and memory.
func TestHostileWorkbooksAreRefused(t *testing.T) {
	t.Parallel()
	head := `<worksheet><sheetData><row><c t="inlineStr"><is><t>date</t></is></c><c t="inlineStr"><is><t>asset</t></is></c>` +
		`<c t="inlineStr"><is><t>text</t></is></c></row>`
	for name, c := range map[string]struct {
		parts map[string]io.Reader
		want  fault.Code
	}{
		"no workbook in it": {map[string]io.Reader{"a": strings.NewReader("b")}, Unreadable},
		"no sheet":          {map[string]io.Reader{"xl/workbook.xml": strings.NewReader(oneSheet)}, Unreadable},
		"broken XML":        {map[string]io.Reader{"xl/workbook.xml": strings.NewReader("<a><b")}, Unreadable},
		"texts without end": {map[string]io.Reader{
			"xl/workbook.xml":      strings.NewReader(oneSheet),
			"xl/sharedStrings.xml": endless("<sst>", "<si><t>"+strings.Repeat("x", 1000)+"</t></si>", 128<<20, "</sst>"),
		}, TooLarge},
		"one text without end": {map[string]io.Reader{
			"xl/workbook.xml":      strings.NewReader(oneSheet),
			"xl/sharedStrings.xml": endless("<sst><si><t>", "x", 8<<20, "</t></si></sst>"),
		}, TooLarge},
		"one cell without end": {map[string]io.Reader{
			"xl/workbook.xml":          strings.NewReader(oneSheet),
			"xl/worksheets/sheet1.xml": endless("<worksheet><sheetData><row><c><v>", "1", 8<<20, "</v></c></row></sheetData></worksheet>"),
		}, TooLarge},
		"a text that is not there": {map[string]io.Reader{
			"xl/workbook.xml":          strings.NewReader(oneSheet),
			"xl/worksheets/sheet1.xml": strings.NewReader(`<worksheet><sheetData><row><c t="s"><v>7</v></c></row></sheetData></worksheet>`),
		}, Unreadable},
		"wider than any sheet": {map[string]io.Reader{
			"xl/workbook.xml":          strings.NewReader(oneSheet),
			"xl/worksheets/sheet1.xml": strings.NewReader(`<worksheet><sheetData><row><c r="ZZZ1"><v>7</v></c></row></sheetData></worksheet>`),
		}, Unreadable},
		"a row cut off": {map[string]io.Reader{
			"xl/workbook.xml":          strings.NewReader(oneSheet),
			"xl/worksheets/sheet1.xml": strings.NewReader(head + `<row><c><v>7`),
		}, Unreadable},
	} {
		began := time.Now()
		f, err := Open(Jobs, zipped(t, c.parts), Options{})
		if err == nil {
			for _, e := range f.Items() {
				err = e
			}
		}
		if fault.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if took := time.Since(began); took > 5*time.Minute {
			t.Errorf("%s: %v", name, took)
		}
	}
}

func TestAWorkbookOfTooManyPartsIsRefused(t *testing.T) {
	t.Parallel()
	parts := map[string]io.Reader{}
	for i := range 40000 {
		parts[fmt.Sprintf("a part with a name that is rather long, number %d", i)] = strings.NewReader("")
	}
	if _, err := Open(Jobs, zipped(t, parts), Options{}); fault.CodeOf(err) != TooLarge {
		t.Error(err)
	}
}

// FuzzWorkbook finds no sheet that makes the reader panic or hang, or fail without a code.
func FuzzWorkbook(f *testing.F) {
	f.Add([]byte(`<worksheet><sheetData><row r="3"><c r="B3" s="1" t="s"><v>0</v></c></row><row r="1"/></sheetData></worksheet>`), []byte(`<sst><si><r><t>a</t></r><rPh><t>b</t></rPh></si></sst>`))
	f.Fuzz(func(t *testing.T, sheet, shared []byte) {
		file := zipped(t, map[string]io.Reader{
			"xl/workbook.xml": strings.NewReader(oneSheet), "xl/worksheets/sheet1.xml": strings.NewReader(string(sheet)),
			"xl/sharedStrings.xml": strings.NewReader(string(shared)),
		})
		book, err := Open(Stock, file, Options{})
		if err == nil {
			for _, e := range book.Items() {
				err = e
			}
		}
		if err != nil && fault.CodeOf(err) == "" {
			t.Fatal(err)
		}
	})
}

// What tells two rows apart depends on what the file is of.
func TestRowsOfOneThing(t *testing.T) {
	t.Parallel()
	look := func(sheet *Sheet, file string) (items []Item) {
		f, err := Open(sheet, strings.NewReader(file), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for item, err := range f.Items() {
			if err != nil {
				t.Fatal(err)
			}
			items = append(items, item)
		}
		return items
	}
	parts := look(Parts, "code,name,price\nA-1,Seal,5\nA1,Seal,5\nA-1,Gasket,6\nB,x,much\n")
	if parts[0].Row.Identity == parts[1].Row.Identity || parts[2].Refused.String() != "line 2 is about the same part" || !parts[3].Refused.Says() {
		t.Errorf("%+v", parts)
	}
	customers := look(Customers, "name,phone,site\nNord,1,A\nNord,1,B\nNord,2,A\n")
	if customers[1].Row.Again != 2 || customers[1].Row.Identity != customers[0].Row.Identity || customers[2].Row.Again != 0 {
		t.Errorf("%+v", customers)
	}
	again := look(Customers, "name,phone,site,"+ReasonColumns[1]+"\nNord,1,A,because\n")
	if again[0].Row.Identity != customers[0].Row.Identity {
		t.Error("why a row was refused is taken for content")
	}
	stock := look(Stock, "part,store,qty,min\nA,Main,1.5,2\nA,Van,-1,\n")
	if stock[0].Row.Number(Quantity) != 1500 || stock[0].Row.Number(Minimum) != 2000 || stock[1].Row.Number(Quantity) != -1000 {
		t.Errorf("%+v", stock)
	}
}
