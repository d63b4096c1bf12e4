package importer

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// read imports a file that must be readable.
func read(t *testing.T, file string, opts Options) []Item {
	t.Helper()
	f, err := Open(Jobs, strings.NewReader(file), opts)
	if err != nil {
		t.Fatal(err)
	}
	var out []Item
	for item, err := range f.Items() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, item)
	}
	return out
}

// one imports a file of a single row.
func one(t *testing.T, file string, opts Options) Item {
	t.Helper()
	items := read(t, file, opts)
	if len(items) != 1 {
		t.Fatalf("%d items, want 1: %+v", len(items), items)
	}
	return items[0]
}

func day(s string) record.Value {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return record.Date(d.Unix() / 86400)
}

func TestARowBecomesAJob(t *testing.T) {
	t.Parallel()
	got := one(t, "Work Order,DATE,Equipment,Description,Priority,Customer,Cost,Remarks,Shift\n"+
		"4711,2004-07-01, EX 7 ,\"  BUCKET WON'T OPEN, \"\"again\"\"\",high,Mount Iron,183.05,bring seals,night\n",
		Options{Currency: "AUD"})
	want := map[Field]record.Value{
		Date: day("2004-07-01"), Asset: record.Text("EX 7"), Text: record.Text("  BUCKET WON'T OPEN, \"again\""),
		Priority: record.Text("high"), Customer: record.Text("Mount Iron"), Number: record.Text("4711"),
		Cost: record.Money(18305, "AUD"), Note: record.Text("bring seals\nShift: night"),
	}
	if got.Row.Line != 2 || len(got.Row.Identity) != 32 {
		t.Errorf("%+v", got.Row)
	}
	if diff := cmp.Diff(want, got.Row.Values, cmp.Comparer(func(a, b record.Value) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	wantWarnings := []Warning{{1, "Priority", Say(ColumnElse)}, {1, "Shift", Say(ColumnKept)}}
	if diff := cmp.Diff(wantWarnings, got.Warnings); diff != "" || got.Refused.Says() {
		t.Error(got.Refused, diff)
	}
}

func TestWhatDoesNotFitIsKeptAsTyped(t *testing.T) {
	t.Parallel()
	got := one(t, "date,asset,text,type,cost,status\n2003-12-31,B,won, t swing,PM01,half done,7,8\n",
		Options{Codes: map[Field][]string{Status: {"new", "done"}}})
	want := "cost: PM01\nstatus: half done\nafter 6 cells: 7, 8"
	if got.Row.Text(Note) != want || got.Row.Text(Text) != "won" || got.Row.Text(Type) != "t swing" || got.Refused.Says() {
		t.Errorf("%+v", got)
	}
	if len(got.Warnings) != 4 || got.Warnings[0].Why.Code != ColumnElse || got.Warnings[1].Line != 2 {
		t.Errorf("warnings %v", got.Warnings)
	}
}

func TestARowIsRefusedOnlyForWhatAJobNeeds(t *testing.T) {
	t.Parallel()
	const header = "date,asset,text,cost\n"
	for row, want := range map[string]string{
		",A,oil leak,1\n":           "needed and missing: date",
		"soon,A,oil leak,1\n":       "date “soon”: no date",
		"2005-02-30,A,oil leak,1\n": "date “2005-02-30”: no date",
		"03/04/2005,A,oil leak,1\n": "date “03/04/2005”: can be read in two ways: " +
			"say whether days or months come first",
		"2005-02-03, ,oil leak,1\n":    "needed and missing: asset",
		"2005-02-03,A,  ,1\n":          "needed and missing: text",
		"2005-02-03,A\n":               "needed and missing: text",
		"2005-02-03,A,oil,much\n":      "",
		"2005-02-03,A,oil\n":           "",
		"2005-02-03,A,oil,1,2,3,4,5\n": "",
	} {
		if got := one(t, header+row, Options{}); got.Refused.String() != want {
			t.Errorf("%q: refused %q, want %q", row, got.Refused, want)
		}
	}
}

func TestALongTextIsRefusedNotCut(t *testing.T) {
	t.Parallel()
	const row = "date,asset,text,note\n2005-02-03,A,"
	fits := strings.Repeat("x", MaxText)
	if got := one(t, row+fits+"\n", Options{}); got.Refused.Says() || got.Row.Text(Text) != fits {
		t.Error("the longest text was refused:", got.Refused)
	}
	if got := one(t, row+fits+"x\n", Options{}); !strings.Contains(got.Refused.String(), "longer than 65536") {
		t.Errorf("refused %q", got.Refused)
	}
	if got := one(t, row+"x,"+fits+"x\n", Options{}); !strings.Contains(got.Refused.String(), "longer than 65536") {
		t.Errorf("refused %q", got.Refused)
	}
}

func TestLinesAreCountedAsAnEditorCounts(t *testing.T) {
	t.Parallel()
	items := read(t, "date,asset,text\r\n2005-01-01,A,\"one\r\ntwo\n\nthree\"\r\n\r\n"+
		"2005-01-02,A,four\r\n,,\r\nx,A,five", Options{})
	if len(items) != 3 {
		t.Fatalf("%d items", len(items))
	}
	if got := items[0].Row; got.Line != 2 || got.Text(Text) != "one\r\ntwo\n\nthree" {
		t.Errorf("%+v", got)
	}
	if items[1].Row.Line != 7 || items[2].Row.Line != 9 || !items[2].Refused.Says() {
		t.Errorf("%+v", items[1:])
	}
}

func TestAQuoteNobodyClosedSwallowsNothing(t *testing.T) {
	t.Parallel()
	items := read(t, "date,asset,text,type\n"+
		"2005-01-01,A,\"5 inch hose,PM01\n"+ // opens and never closes
		"2005-01-02,A,5\" hose,PM01\n"+ // within a cell a quote is a quote
		"2005-01-03,A,\"bucket\" pin,PM01\n"+ // something follows the closing one
		"2005-01-04,A,\"boom, stick\",PM01\n"+
		"2005-01-05,A,\"one\ntwo\",PM01\n"+
		"2005-01-06,A,\"last,PM01\n", Options{})
	var texts []string
	var lines, warned []int
	for _, it := range items {
		texts = append(texts, it.Row.Text(Text))
		lines = append(lines, it.Row.Line)
		for range it.Warnings {
			warned = append(warned, it.Row.Line)
		}
		if it.Refused.Says() || it.Row.Text(Type) != "PM01" {
			t.Errorf("line %d: %q %q", it.Row.Line, it.Refused, it.Row.Text(Type))
		}
	}
	want := []string{`"5 inch hose`, `5" hose`, `"bucket" pin`, "boom, stick", "one\ntwo", `"last`}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{2, 3, 4, 5, 6, 8}, lines); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{2, 4, 8}, warned); diff != "" {
		t.Error(diff)
	}
}

func TestFilesOfManyKinds(t *testing.T) {
	t.Parallel()
	const sheet = "日期,设备,描述\n2024/3/5,挖掘机七号,\"液压油管漏油,需更换\"\n"
	const taiwan = "日期,機台,描述\n113/03/05,挖土機七號,\"液壓油管漏油,需更換\"\n"
	const west = "date,asset,text\n2024-03-05,Bagger,\"Ölleck, Dichtung prüfen\"\n"
	encode := func(s string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, c := range map[string]struct{ file, asset, text string }{
		"UTF-8":          {sheet, "挖掘机七号", "液压油管漏油,需更换"},
		"UTF-8 mark":     {"\ufeff" + sheet, "挖掘机七号", "液压油管漏油,需更换"},
		"GB18030":        {encode(simplifiedchinese.GB18030.NewEncoder().String(sheet)), "挖掘机七号", "液压油管漏油,需更换"},
		"Big5":           {encode(traditionalchinese.Big5.NewEncoder().String(taiwan)), "挖土機七號", "液壓油管漏油,需更換"},
		"Latin-1":        {strings.NewReplacer("Ö", "\xd6", "ü", "\xfc").Replace(west), "Bagger", "Ölleck, Dichtung prüfen"},
		"semicolons":     {strings.ReplaceAll(west, ",", ";"), "Bagger", "Ölleck; Dichtung prüfen"},
		"tabs":           {strings.ReplaceAll(west, ",", "\t"), "Bagger", "Ölleck\t Dichtung prüfen"},
		"sep=":           {"sep=;\r\n" + strings.ReplaceAll(west, ",", ";"), "Bagger", "Ölleck; Dichtung prüfen"},
		"carriage only":  {strings.ReplaceAll(west, "\n", "\r"), "Bagger", "Ölleck, Dichtung prüfen"},
		"no last line":   {strings.TrimSuffix(west, "\n"), "Bagger", "Ölleck, Dichtung prüfen"},
		"blank in front": {"\n \n" + west, "Bagger", "Ölleck, Dichtung prüfen"},
		"UTF-16": {encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(west)),
			"Bagger", "Ölleck, Dichtung prüfen"},
	} {
		got := one(t, c.file, Options{})
		if got.Row.Text(Asset) != c.asset || got.Row.Text(Text) != c.text || got.Row.Value(Date) != day("2024-03-05") || len(got.Warnings) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTheEncodingIsFoundLateInTheFile(t *testing.T) {
	t.Parallel()
	late, err := simplifiedchinese.GB18030.NewEncoder().String("2024-03-05,A,液压油管漏油\n")
	if err != nil {
		t.Fatal(err)
	}
	items := read(t, "date,asset,text\n"+strings.Repeat("2024-03-05,A,oil leak\n", 2*window/20)+late, Options{})
	if got := items[len(items)-1]; got.Row.Text(Text) != "液压油管漏油" || len(got.Warnings) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestAStrayByteIsReadAndReported(t *testing.T) {
	t.Parallel()
	got := one(t, "date,asset,text\n2024-03-05,挖,caf\xe9\n", Options{Encoding: UTF8})
	if got.Row.Text(Text) != "café" || len(got.Warnings) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	const row = "2005-01-01,A,bucket,0\n"
	const other = "2005-01-01,A,bucket,1\n"
	names := func(file string) (out []string) {
		for _, it := range read(t, "date,asset,text,cost\n"+file, Options{}) {
			out = append(out, it.Row.Identity)
		}
		return out
	}
	first := names(row + other + row + row)
	distinct := map[string]bool{}
	for _, id := range first {
		distinct[id] = true
	}
	if len(distinct) != 4 || len(first[0]) != 32 {
		t.Errorf("four orders are told apart by %v", first)
	}
	grown := names(other + row + "2006-01-01,B,new,2\n" + row + row)
	if grown[0] != first[1] || grown[1] != first[0] || grown[3] != first[2] || grown[4] != first[3] {
		t.Error("a file that has grown and moved names its old rows anew")
	}
	if windows := names(strings.ReplaceAll(row, "\n", ",,\r\n")); windows[0] != first[0] {
		t.Error("another program's line ends and empty cells make another row")
	}
	if shifted := names("2005-01-01,Ab,ucket,0\n"); shifted[0] == first[0] {
		t.Error("a cell's border is no part of the content")
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cell, order, want string
		timed             bool
	}{
		{"2004-07-01", "", "2004-07-01", false}, {" 2004/7/1 ", "", "2004-07-01", false},
		{"20040701", "", "2004-07-01", false}, {"2004.07.01", "", "2004-07-01", false},
		{"2004年7月1日", "", "2004-07-01", false}, {"113/07/01", "", "2024-07-01", false},
		{"2004-07-01T00:00:00", "", "2004-07-01", false}, {"2004-07-01 14:30", "", "2004-07-01", true},
		{"31/12/2004", "", "2004-12-31", false}, {"12/31/2004", "", "2004-12-31", false},
		{"01.07.2004", "", "2004-07-01", false}, {"1.7.2004 0:00", "mdy", "2004-07-01", false},
		{"03/04/2005", "dmy", "2005-04-03", false}, {"03/04/2005", "mdy", "2005-03-04", false},
		{"04/04/2005", "", "2005-04-04", false}, {"1969-12-31", "", "1969-12-31", false},
		{"03/04/2005", "", "", false}, {"31/12/2004", "mdy", "", false}, {"2004-13-01", "", "", false},
		{"2004-02-30", "", "", false}, {"38169", "", "", false}, {"2004-07-0199", "", "", false}, {"", "", "", false},
	} {
		got, timed, problem := parseDate(c.cell, c.order)
		if c.want == "" {
			if !problem.Says() {
				t.Errorf("%q %s: %v, want a problem", c.cell, c.order, got)
			}
		} else if got != day(c.want) || timed != c.timed || problem.Says() {
			t.Errorf("%q %s: %v %v %q", c.cell, c.order, got.Number(), timed, problem)
		}
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cell  string
		comma bool
		want  record.Value
	}{
		{"183.05", false, record.Money(18305, "AUD")}, {"-12.5", false, record.Money(-1250, "AUD")},
		{"0", false, record.Money(0, "AUD")}, {"1,234.50", false, record.Money(123450, "AUD")},
		{"1,234", false, record.Money(123400, "AUD")}, {"1,234", true, record.Null},
		{"1.234,50", true, record.Money(123450, "AUD")}, {"183,05", false, record.Money(18305, "AUD")},
		{"183.05", true, record.Money(18305, "AUD")}, {"5.0000", false, record.Money(500, "AUD")},
		{"0,500", false, record.Money(50, "AUD")}, {"-0.05", false, record.Money(-5, "AUD")},
		{"JPY 1200", false, record.Money(1200, "JPY")}, {"12.345KWD", false, record.Money(12345, "KWD")},
		{"JPY 1200.5", false, record.Null}, {"5.005", false, record.Null}, {"PM01", false, record.Null},
		{"12,34,567", false, record.Null}, {"99999999999999999999", false, record.Null}, {"$5", false, record.Null},
		{".5", false, record.Null}, {"", false, record.Null}, {"ZZZ 5", false, record.Null},
	} {
		got, ok := parseMoney(c.cell, "AUD", c.comma)
		if got != c.want || ok == got.IsNull() {
			t.Errorf("%q comma=%v: %d %s %v", c.cell, c.comma, got.Number(), got.Text(), ok)
		}
	}
}

// What an export put before a text, so that no spreadsheet reckons it, is not part of it.
func TestAnExportComesBackAsItWas(t *testing.T) {
	t.Parallel()
	got := one(t, "date,asset,text\n2005-01-01,'+EX7,'=leaks?\n", Options{})
	if got.Row.Text(Asset) != "+EX7" || got.Row.Text(Text) != "=leaks?" {
		t.Errorf("%+v", got)
	}
}

func TestMappings(t *testing.T) {
	t.Parallel()
	maps, err := Jobs.ParseMap("date=When, asset=Thing,text=What it is,note=A,note=B,skip=C,")
	if err != nil {
		t.Fatal(err)
	}
	got := one(t, "A,B,C,when,THING,what it is\n1,2,3,2005-01-01,EX7,leak\n", Options{Columns: maps})
	if got.Row.Text(Note) != "1\n2" || got.Row.Text(Asset) != "EX7" || got.Row.Text(Text) != "leak" || len(got.Warnings) > 0 {
		t.Errorf("%+v", got)
	}
	for s, code := range map[string]fault.Code{"date": BadMapping, "colour=A": BadMapping, "date=A,asset=B,text=C": ""} {
		if _, err := Jobs.ParseMap(s); fault.CodeOf(err) != code {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestAFileThatCannotBeImportedSaysWhy(t *testing.T) {
	t.Parallel()
	named := func(s string) Options {
		maps, err := Jobs.ParseMap(s)
		if err != nil {
			t.Fatal(err)
		}
		return Options{Columns: maps}
	}
	for _, c := range []struct {
		file string
		opts Options
		code fault.Code
	}{
		{"", Options{}, Unreadable},
		{"\n\n", Options{}, Unreadable},
		{"PK\x03\x04\x00\x00", Options{}, Unreadable},
		{strings.Repeat("x", MaxRecord+1), Options{}, Unreadable},
		{"date,asset,text" + strings.Repeat(",", maxColumns), Options{}, Unreadable},
		{"when,asset,text\n", Options{}, NoColumn},
		{"date,asset,text\n", named("date=Datum"), BadMapping},
		{"date,day,asset,text\n", named("date=date,date=day"), BadMapping},
		{"date,asset,text\n", named("date=date,asset=date"), BadMapping},
		{"date,asset,text\n", Options{Currency: "dollars"}, BadOption},
		{"date,asset,text\n", Options{Encoding: "ebcdic"}, BadOption},
		{"date,asset,text\n", Options{DateOrder: "ydm"}, BadOption},
	} {
		if _, err := Open(Jobs, strings.NewReader(c.file), c.opts); fault.CodeOf(err) != c.code {
			t.Errorf("%.20q %+v: %v, want %s", c.file, c.opts, err, c.code)
		}
	}
}

func TestAReadErrorIsPassedOn(t *testing.T) {
	t.Parallel()
	torn := errors.New("the disk is gone")
	f, err := Open(Jobs, io.MultiReader(strings.NewReader("date,asset,text\n"+strings.Repeat("x,y,z\n", window)),
		iotest.ErrReader(torn)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range f.Items() {
		err = got
	}
	if !errors.Is(err, torn) {
		t.Errorf("%v", err)
	}
}

func TestNoHeaderNamesTwoFields(t *testing.T) {
	t.Parallel()
	seen := map[string]Field{}
	for _, sheet := range Sheets {
		for _, spec := range sheet.Fields {
			for _, name := range spec.Headers {
				if other, ok := seen[sheet.Name+name]; ok || fold(name) != name {
					t.Errorf("%s: %q stands for %s and %s, or is not folded", sheet.Name, name, spec.Field, other)
				}
				seen[sheet.Name+name] = spec.Field
			}
		}
	}
}

// TestRealFile reads 5,485 real work orders of mining excavators.
func TestRealFile(t *testing.T) {
	t.Parallel()
	name := os.Getenv("FIELDSYNC_REAL_CSV")
	if name == "" {
		t.Skip("FIELDSYNC_REAL_CSV names no file of real work orders")
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	items := read(t, string(raw), Options{Currency: "AUD"})
	identities, negative := map[string]bool{}, 0
	var warnings []Warning
	for _, it := range items {
		identities[it.Row.Identity] = true
		warnings = append(warnings, it.Warnings...)
		if it.Refused.Says() {
			t.Errorf("line %d refused: %s", it.Row.Line, it.Refused)
		}
		if it.Row.Value(Cost).Number() < 0 {
			negative++
		}
	}
	if len(items) != 5485 || len(identities) != 5485 || negative != 6 {
		t.Errorf("%d rows, %d identities, %d negative costs", len(items), len(identities), negative)
	}
	want := []Warning{{3454, "Cost", Say(MisfitKept, "“PM01”", Say(NoAmount))}}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
	if got := items[3452].Row; got.Text(Text) != "won" || got.Text(Type) != "t swing" || got.Text(Note) != "Cost: PM01" {
		t.Errorf("%+v", got)
	}
}
