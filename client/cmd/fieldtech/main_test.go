package main

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/fault"
)

// told is what the program said.
type told struct {
	exit     int
	out, err string
}

func tell(t *testing.T, in string, args ...string) told {
	t.Helper()
	var out, err strings.Builder
	exit := run(t.Context(), args, strings.NewReader(in), &out, &err)
	return told{exit, out.String(), err.String()}
}

func TestWrongUsageIsOneClearLine(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nothing here")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FIELDTECH_DATA", nowhere)
	t.Setenv("FIELDTECH_SERVER", "")
	for line, want := range map[string]string{
		"":                            "say what to do",
		"-x":                          "-x",
		"-data":                       "-data",
		"dance":                       `no command "dance"`,
		"part":                        "fieldtech part use",
		"part dance":                  "fieldtech part use",
		"help dance":                  `no command "dance"`,
		"jobs -x":                     "fieldtech jobs -h",
		"jobs today":                  "usage: fieldtech jobs",
		"jobs":                        nowhere,
		"accept":                      "usage: fieldtech accept JOB",
		"accept J-1 J-2":              "usage: fieldtech accept JOB",
		"note J-1":                    "usage: fieldtech note JOB TEXT...",
		"complete J-1 -meter much":    "-meter",
		"sync -within soon":           "-within",
		"outbox resend":               "usage: fieldtech outbox resend CHANGE",
		"enrol":                       "usage: fieldtech enrol",
		"enrol CODE":                  "https://",
		"enrol hub.example.com CODE":  "https://",
		"enrol https://127.0.0.1:1 -": "standard input",
		"-data " + file + " enrol http://127.0.0.1:1 CODE": "folder",
		"-data " + file + " jobs":                          "no replica",
	} {
		got := tell(t, "", strings.Fields(line)...)
		if got.exit != exitUsage || got.out != "" || !strings.HasPrefix(got.err, "fieldtech: ") ||
			strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, want) {
			t.Errorf("fieldtech %s\ngives %+v, want exit %d and one line with %q", line, got, exitUsage, want)
		}
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("a command that found no replica left a folder")
	}
}

func TestWithJSONAnErrorIsAnObject(t *testing.T) {
	t.Setenv("FIELDTECH_DATA", t.TempDir())
	if got := tell(t, "", "enrol", "http://127.0.0.1:1", "CODE"); got.exit != exitRefused { // leaves a replica of nobody's
		t.Fatalf("enrolling without a hub gives %+v", got)
	}
	for line, want := range map[string]failure{
		"-json dance":                         {"usage", "no command"},
		"enrol http://127.0.0.1:1 CODE -json": {"no_network", "cannot be reached"},
		"outbox dismiss d1:1 -json":           {fault.UnknownRow, "no refused change is called d1:1"},
		"accept J-1 --json":                   {fault.NotAllowed, "not enrolled"},
		"part use -json J-1 4711 two":         {"usage", "a quantity is a number"},
		"part use J-1 4711 -json 1.0001":      {"usage", "three decimals"},
		"jobs -today -all -json":              {"usage", "exclude each other"},
		"sync -json":                          {fault.NotAllowed, "not enrolled"},
		"watch -json":                         {fault.NotAllowed, "not enrolled"},
		"decline J-1 -json":                   {fault.NotAllowed, "not enrolled"},
		"note -json J-1 -- -5 in the cellar":  {fault.NotAllowed, "not enrolled"},
	} {
		got := tell(t, "", strings.Fields(line)...)
		var said failure
		if err := json.Unmarshal([]byte(got.err), &said); err != nil || got.out != "" {
			t.Errorf("fieldtech %s gives %+v: %v", line, got, err)
			continue
		}
		if said.Code != want.Code || !strings.Contains(said.Message, want.Message) {
			t.Errorf("fieldtech %s\nsays %+v, want %+v", line, said, want)
		}
		if (said.Code == "usage") != (got.exit == exitUsage) || got.exit == exitDone {
			t.Errorf("fieldtech %s exits with %d for %s", line, got.exit, said.Code)
		}
	}
}

func TestHelpIsThereForEveryCommand(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"--help"}, {"help"}} {
		got := tell(t, "", args...)
		if got.exit != exitDone || got.err != "" {
			t.Fatalf("fieldtech %v gives %+v", args, got)
		}
		for _, c := range commands() {
			if !strings.Contains(got.out, "  "+c.Name+" ") || !strings.Contains(got.out, c.Brief) {
				t.Errorf("fieldtech %v does not tell of %s", args, c.Name)
			}
		}
	}
	for _, c := range commands() {
		words := strings.Fields(c.Name)
		long := tell(t, "", append(words, "-h")...)
		if long != tell(t, "", append([]string{"help"}, words...)...) {
			t.Errorf("two helps for %s", c.Name)
		}
		for _, want := range []string{"Usage:\n  fieldtech " + c.Name, "Example:\n  fieldtech " + c.Name, "-json", "-data DIR"} {
			if long.exit != exitDone || !strings.Contains(long.out, want) {
				t.Errorf("the help of %s lacks %q: %+v", c.Name, want, long)
			}
		}
		for _, line := range strings.Split(long.out, "\n") {
			if cellsOf(line) > 120 {
				t.Errorf("the help of %s is too wide: %s", c.Name, line)
			}
		}
	}
}

func TestTheReplicaIsWhereItIsSaidToBe(t *testing.T) {
	byEnv, byFlag := t.TempDir(), t.TempDir()
	t.Setenv("FIELDTECH_DATA", byEnv)
	for dir, args := range map[string][]string{
		byEnv: {"enrol", "http://127.0.0.1:1", "CODE"}, byFlag: {"enrol", "http://127.0.0.1:1", "CODE", "-data", byFlag},
	} {
		if got := tell(t, "", args...); got.exit != exitRefused {
			t.Fatalf("without a hub: %+v", got)
		}
		if _, err := os.Stat(filepath.Join(dir, "replica.db")); err != nil {
			t.Error(err)
		}
		got := tell(t, "", "-data", dir, "status")
		if got.exit != exitDone || !strings.Contains(got.out, "not enrolled") {
			t.Errorf("the status is %+v", got)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAnAnswerThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	var errs strings.Builder
	exit := run(t.Context(), []string{"-h"}, strings.NewReader(""), full{}, &errs)
	if exit != exitRefused || !strings.Contains(errs.String(), "no space left") {
		t.Fatalf("exit %d: %s", exit, &errs)
	}
}

func TestEveryFailureHasACodeForScripts(t *testing.T) {
	t.Parallel()
	var line strings.Builder
	if (&app{json: true, err: &line}).exit(errors.New("no luck")); line.String() != `{"code":"failed","message":"no luck"}`+"\n" {
		t.Errorf("it is said as %s", line.String())
	}
}

func TestABarAppearsOnceTheSizeIsKnown(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	var p progress
	p.show(&out, client.Status{})
	if p.end(); out.Len() > 0 {
		t.Fatalf("before the size is known: %q", out.String())
	}
	p.show(&out, client.Status{Done: 50, Total: 100})
	if !strings.Contains(out.String(), "fetching") || !strings.Contains(out.String(), "50") {
		t.Fatalf("half way: %q", out.String())
	}
	p.end()
}

func TestQuantitiesAreExact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1": 1000, "2.5": 2500, "0.001": 1, "12.345": 12345, "3.": 3000, "99999999999999999999": math.MaxInt64} {
		if got, err := quantity(text); err != nil || got != want {
			t.Errorf("%s is %d, want %d, %v", text, got, want, err)
		}
	}
	for _, text := range []string{"", ".5", "-1", "+1", "1.2345", "1e3", "one", "1.-5", "1.2.3"} {
		if got, err := quantity(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

func TestColumnsStandUnderEachOtherInChineseToo(t *testing.T) {
	t.Parallel()
	var tb table
	tb.add("J-1", "大華物業", "x")
	tb.add("J-22", "Acme", "é") // a letter and a combining accent
	tb.add("J-3", "", "")
	want := "J-1   大華物業  x\nJ-22  Acme      é\nJ-3\n"
	if got := tb.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for text, want := range map[string]string{"大華物業": "大華…", "a  b\nc": "a b c", "abcdefg": "abcde…", "大大a": "大大a"} {
		if got := short(text, 6); got != want {
			t.Errorf("%q is short %q, want %q", text, got, want)
		}
	}
}

func TestTheUsersLanguageComesFromTheLocale(t *testing.T) {
	t.Setenv("LC_ALL", "")
	t.Setenv("LC_MESSAGES", "")
	for locale, want := range map[string]string{
		"": "en", "C.UTF-8": "en", "de_DE.UTF-8": "en", "en_GB": "en", "zh_CN.UTF-8": "zh-Hans", "zh_TW.UTF-8": "zh-Hant", "zh_HK": "zh-Hant",
	} {
		t.Setenv("LANG", locale)
		if got := userLanguage(); got != want {
			t.Errorf("%q is %s, want %s", locale, got, want)
		}
	}
}

func TestMoneyIsReadAndShownWithoutRounding(t *testing.T) {
	for _, c := range []struct{ amount, currency, shown string }{
		{"80", "cny", "80.00 CNY"}, {"80.5", "EUR", "80.50 EUR"}, {"0.05", "USD", "0.05 USD"}, {"1200", "JPY", "1200 JPY"},
	} {
		m, err := money(c.amount, c.currency)
		if err != nil || amountOf(m) != c.shown {
			t.Errorf("%s %s is %+v, %q (%v)", c.amount, c.currency, m, amountOf(m), err)
		}
	}
	for _, wrong := range [][2]string{{"1.005", "CNY"}, {"1.5", "JPY"}, {"-1", "CNY"}, {"", "CNY"}, {"x", "CNY"}, {"1", "shells"}} {
		if m, err := money(wrong[0], wrong[1]); err == nil {
			t.Errorf("%v is read as %+v", wrong, m)
		}
	}
}

// Where nothing can be written, as on a full disk, what only reads says so and reads.
func TestWhatOnlyReadsWorksOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "replica.db")
	c, err := client.Open(t.Context(), client.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Close(), os.Mkdir(path+"-shm", 0o700)); err != nil { // SQLite cannot make its file there
		t.Fatal(err)
	}
	said := tell(t, "", "status", "-data", dir)
	if said.exit != exitDone || !strings.Contains(said.err, "shown all the same") || !strings.Contains(said.out, "not enrolled") {
		t.Errorf("it says %+v", said)
	}
}

// What wants to write beside a program that works on the same data says which that is, and what to do.
func TestBesideTheAppACommandSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := client.Open(t.Context(), client.Options{Path: filepath.Join(dir, "replica.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if said := tell(t, "", "sync", "-data", dir); said.exit != exitRefused || !strings.Contains(said.err, "as app and watch do until Ctrl-C") {
		t.Errorf("it says %+v", said)
	}
}
