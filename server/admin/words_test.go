package admin

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/words"
)

// Every page can be shown in every language: who starts the hub is not told, for a page is parsed when it is shown.
func TestEveryTemplateIsInOrder(t *testing.T) {
	t.Parallel()
	o, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range words.Tags {
		if err := o.pages[tag].Check(); err != nil {
			t.Errorf("%s: %v", tag, err)
		}
	}
}

// Every sentence that a page or a refusal says is in the lists of words, where every line has all languages.
func TestEverySentenceIsTranslated(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?:[{( ]t |\.t\(|\.[sS]ay\(|fault\.(?:New|Wrap)\([\w.]+, |(?:job|request|customer)Do\(v, [\w.]+, |\b(?:New|Edit|Make|Made|Title|Empty|Done|Hint):\s+)("(?:[^"\\]|\\.)+")`)
	for _, file := range append(goFiles(t, "."), goFiles(t, "../auth")...) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllSubmatch(b, -1) {
			if key, err := strconv.Unquote(string(m[1])); err != nil || !w.Knows(key) {
				t.Errorf("%s: the lists of words lack %s", file, m[1])
			}
		}
	}
	for _, texts := range []map[Verb]string{decided} {
		for _, key := range texts {
			if !w.Knows(key) {
				t.Errorf("the lists of words lack %q", key)
			}
		}
	}
	for _, area := range areas {
		for _, p := range area {
			if !w.Knows(p.label) {
				t.Errorf("the lists of words lack %q", p.label)
			}
		}
	}
	for _, e := range rail {
		if !w.Knows(e.label) {
			t.Errorf("the lists of words lack %q", e.label)
		}
	}
}

// Every refusal of the API can be said in every language, with the values that are in it.
func TestEveryRefusalOfTheAPIIsTranslated(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	const literal = "(\"(?:[^\"\\\\]|\\\\.)+\"|`[^`]+`)"
	said := regexp.MustCompile(`(?:fault\.(?:New|Wrap|Newf)\([\w.]+, |refused\((?:"\w+"|[\w.]+), [\w.]+, \w+, )` + literal)
	found := 0
	for _, file := range goFiles(t, "../api") {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllSubmatch(b, -1) {
			found++
			form, err := strconv.Unquote(string(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			message := strings.NewReplacer("%s", "X-7", "%v", "it is a text").Replace(form)
			for _, l := range w.Languages[1:] {
				translated := (&language{l}).refusal(&fault.Error{Message: message})
				if translated == message || strings.Count(translated, "X-7") != strings.Count(message, "X-7") {
					t.Errorf("%s: %q is %q in %s", file, message, translated, l.Tag)
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d refusals were found", found)
	}
}

func goFiles(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".html") || strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A name takes no arguments: one with a percent sign says it as two, or the page shows how it is broken.
func TestNamesReadAsTheyStand(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	takes := regexp.MustCompile(`%[\[\]0-9]*[sdv]`)
	err = words.Lines(wordLists, "words/*.txt", func(place, key string, texts []string) error {
		for _, l := range w.Languages {
			if key != texts[0] && !takes.MatchString(texts[0]) && strings.Contains(l.Name(key), "%!") {
				t.Errorf("%s: in %s it reads %q", place, l.Tag, l.Name(key))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every table, column, code, role and command that a page can name has a name in every language.
func TestEveryNameIsTranslated(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	need := func(key string) {
		if last := key[strings.LastIndexByte(key, '.')+1:]; !w.Knows(key) && !w.Knows("*."+last) {
			t.Errorf("the lists of words lack a name for %s", key)
		}
	}
	for _, table := range aftersales.Schema.Tables {
		if !w.Knows(table.Name) {
			t.Errorf("the lists of words lack the table %s", table.Name)
		}
		for i := range table.Columns {
			need(columnKey(table, &table.Columns[i]))
		}
	}
	for _, table := range aftersales.Schema.Tables {
		for i := range table.Columns {
			for _, code := range table.Columns[i].Codes {
				need(columnKey(table, &table.Columns[i], code))
			}
		}
	}
	for _, role := range auth.Roles {
		need("role." + string(role))
	}
	for _, group := range auth.Groups {
		need("mays." + group.Name)
	}
	for _, p := range auth.Permissions {
		need("may." + string(p))
	}
	for _, s := range jobDetail.Sections {
		need("many." + s.table)
	}
	for _, n := range append(slices.Clone(Nouns), Colleague) {
		for _, d := range n.Deeds {
			for i := range d.Asks {
				need(n.One.Table + "." + d.Asks[i].Name)
			}
		}
		for _, s := range n.One.Sections {
			need("many." + cmp.Or(s.title, s.table))
		}
	}
	for _, l := range listings {
		for _, c := range l.List.Columns {
			need(l.List.Name + "." + c.Name)
		}
		for _, f := range l.List.Filters {
			need(l.List.Name + "." + f.Name)
			for _, code := range f.Codes {
				need(f.Names + "." + code)
			}
			for _, tab := range f.Tabs {
				need(f.Names + "." + tab.Code)
			}
		}
	}
	causes, err := os.ReadFile("../../sync/aftersales/cause.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`= "([a-z_.]+)"`).FindAllSubmatch(causes, -1) {
		need("cause." + string(m[1]))
	}
}

// Every reason of an entitlement can be said in every language.
func TestEveryReasonIsTranslated(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for _, why := range slices.Concat(aftersales.EntitlementReasons, aftersales.RemedyReasons, []string{aftersales.WhyBlacklisted}) {
		if !w.Knows("why." + why) {
			t.Errorf("the lists of words lack why.%s", why)
		}
	}
}

// Who pays is said with one meaning wherever it stands: what a customer is to pay for is not "paid" yet.
func TestWhoPaysIsNotWhatWasPaid(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"en", "zh-Hans", "zh-Hant"} {
		l := w.Match(tag)
		if said := l.Name("job.charge.paid"); said != l.Name("charge.basis.paid") || said == l.Name("slip.paid") {
			t.Errorf("in %s a job that its customer pays for is called %q", tag, said)
		}
	}
}

// No two languages say a long sentence with the same words, and placeholders agree.
func TestTranslationsAreTranslations(t *testing.T) {
	t.Parallel()
	verb := regexp.MustCompile(`%[a-z]`)
	err := words.Lines(wordLists, "words/*.txt", func(place, _ string, texts []string) error {
		for _, text := range texts[1:] {
			if strings.Join(verb.FindAllString(text, -1), "") != strings.Join(verb.FindAllString(texts[0], -1), "") {
				t.Errorf("%s: other placeholders than the English: %q", place, texts)
			}
			if len(text) > 12 && text == texts[0] || strings.TrimSpace(text) == "" {
				t.Errorf("%s: not translated: %q", place, texts)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What an import says of a line it says in every language, in English as the command line does; and a sheet of refused
// rows is known again in whichever language it says why.
func TestEveryRemarkOfAnImportIsTranslated(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for code, english := range importer.Sentences {
		about := []any{"one", "two", "three"}[:strings.Count(english, "%[")]
		said := importer.Say(code, about...)
		if got := (&language{w.Languages[0]}).remark(said); !w.Knows("fault."+string(code)) || got != said.String() {
			t.Errorf("the lists of words say %q of %s, not %q", got, code, english)
		}
	}
	for i, l := range w.Languages {
		if l.Name("import.because") != importer.ReasonColumns[i] {
			t.Errorf("in %s the column of reasons is called %q", l.Tag, l.Name("import.because"))
		}
	}
	for _, sheet := range importer.Sheets {
		if key := "import.thing." + sheet.Thing; !w.Knows(key) {
			t.Errorf("the lists of words lack %s", key)
		}
		for _, spec := range sheet.Fields {
			if key := "import." + sheet.Name + "." + string(spec.Field); !w.Knows(key) {
				t.Errorf("the lists of words lack %s", key)
			}
		}
	}
}

// Who is refused reads the words of his trade, not the names of columns.
func TestARefusalNamesNoColumn(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	f := &fault.Error{Code: fault.Invalid, Message: "state_reason is too long or not text"}
	for i, want := range []string{"Reason is too long, or not text.", "原因", "原因"} {
		if said := (&language{w.Languages[i]}).refusal(f); !strings.Contains(said, want) || strings.Contains(said, "_") {
			t.Errorf("%q is said as %q, want %q in it", f.Message, said, want)
		}
	}
}

// A column is called by its name; what its label explains in brackets is for forms.
func TestAHeadIsShort(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{"Priority (1 is most urgent)": "Priority", "优先级（1 最紧急）": "优先级", "State": "State"} {
		if got := plainHead(label); got != want {
			t.Errorf("the head of %q is %q, want %q", label, got, want)
		}
	}
}

// Every refusal of the domain is a sentence on a page in English, though it is written down as the end of one: it begins with a
// capital, unless with a value, and ends as a sentence does.
func TestEveryRefusalIsASentence(t *testing.T) {
	t.Parallel()
	book, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	l := &language{book.Languages[0]}
	lists, err := filepath.Glob("../../sync/aftersales/refusals/*.txt")
	if err != nil || len(lists) == 0 {
		t.Fatal(lists, err)
	}
	values := strings.NewReplacer("%v", "X-1", "%s", "X-1", "%d", "7")
	whole := regexp.MustCompile(`^("?[A-Z]|[0-9])(.|\n)*[.?!…]$`)
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			english, _, ok := strings.Cut(line, " | ")
			if !ok || strings.HasPrefix(line, "#") || !strings.Contains(english, " ") { // a word is part of another
				continue
			}
			if said := l.refusal(fault.New(fault.Invalid, values.Replace(english))); !whole.MatchString(said) {
				t.Errorf("%s: %q is no sentence", list, said)
			}
		}
	}
}
