package aftersales

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestARefusalIsSaidWithItsValues(t *testing.T) {
	t.Parallel()
	called := map[string]string{"in_work": "处理中", "closed": "已关闭", "service_record": "维修记录", "job": "工单"}
	named := func(name string) string {
		if said := called[name]; said != "" {
			return said
		}
		return name
	}
	for message, want := range map[string]string{
		"a job that is in work cannot be closed: it must be done or cancelled":                     "“处理中”的工单不能关闭：须先完成或取消",
		"say why you want to cancel the job":                                                       "请说明为什么要取消工单",
		"the name is empty":                                                                        "未填写名称",
		"by | mail is no telephone number: type its digits, and write anything else into the note": "“by | mail”不是电话号码：请输入数字，其他内容请写入备注",
		"the answer to oil does not fit: the number must lie between 1 l and 4 l":                  "“oil”的回答不合要求：数字须在 1 l 与 4 l 之间",
		"the meter showed 120 already: correct that reading, or say that the meter was exchanged":  "仪表已有读数 120：请更正该读数，或注明已换表",
		"this service record is not here: sync, and try again":                                     "这里没有此维修记录：请同步后重试",
		"the key 7 %d of SAP 100% does not name this row":                                          "SAP 100% 的键 7 %d 不指向这条记录",
		"there is no sub-state waiting under closed":                                               "“已关闭”之下没有子状态“waiting”",
		"this job leads to a service_record that is not yours: the office decides":                 "此工单指向不归您的维修记录：由办公室决定",
		"this job leads to a service record that is not yours: the office decides":                 "此工单指向不归您的维修记录：由办公室决定",
	} {
		if said, ok := SayRefusal("zh-Hans", message, named); !ok || said != want {
			t.Errorf("%s: %q, want %q", message, said, want)
		}
	}
	for _, message := range []string{"", "what nobody ever says", " is empty"} {
		if said, ok := SayRefusal("zh-Hant", message, named); ok {
			t.Errorf("%q: %s", message, said)
		}
	}
	if said, ok := SayRefusal("en", "the name is empty", named); ok {
		t.Errorf("in English it is the message itself, not %q", said)
	}
}

// Every refusal of a command, of the judge or of a device that has values in it can be said in every language, and every
// phrase that is a value of one.
func TestEveryRefusalWithValuesIsTranslated(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	verb := regexp.MustCompile(`%(\[\d\])?([vsd])`)
	verbs := func(text string) (kinds []string) {
		for _, m := range verb.FindAllStringSubmatch(text, -1) {
			kinds = append(kinds, m[2])
		}
		slices.Sort(kinds)
		return kinds
	}
	for line := range strings.Lines(refusalText) {
		texts := strings.Split(strings.TrimSpace(line), " | ")
		if line[0] == '#' {
			continue
		}
		if listed[texts[0]] {
			t.Errorf("twice: %s", texts[0])
		}
		listed[texts[0]] = true
		for _, text := range texts[1:] {
			if !slices.Equal(verbs(text), verbs(texts[0])) {
				t.Errorf("other values than the English: %s", text)
			}
		}
	}
	for _, c := range calls(t, ".", "../judge", "../device", "../record", "../worktime", "../../client", "../../client/link", "../../client/files",
		"../../client/replica", "../../server/importer", "../../server/api") {
		form, literal := sentence(c)
		switch {
		case !literal:
			t.Errorf("%s: the sentence is no literal", c.place)
		case form != "" && !listed[form] && !listed[strings.ReplaceAll(form, "%s", "%v")]:
			t.Errorf("%s: refusals.txt lacks %q", c.place, form)
		}
	}
}

// sentence returns the sentence with values, or the phrase, that a call refuses something with; "" where it has neither. In
// what is put together of several, %s stands for what is no literal.
func sentence(c call) (form string, literal bool) {
	at := map[string]int{"fault.Newf": 1, "textFor": 0, "reasonFor": 0, "fault.New": 1, "fault.Wrap": 1}
	switch {
	case strings.Contains(c.place, "worktime"):
		at["fmt.Errorf"] = 0
	case strings.Contains(c.place, "api/refuse.go"):
		return "", true // what the refusals of the API go through
	case strings.Contains(c.place, "server/api"):
		at["refused"] = 3
	}
	i, says := at[c.name]
	if !says {
		return "", true
	}
	form = strings.NewReplacer("%q", "\"%s\"", "%w", "%s").Replace(joined(c.args[i]))
	switch c.name {
	case "fault.New", "fault.Wrap", "refused": // a sentence without values has words of its own, in the lists of who shows it
		if !strings.Contains(form, "%") || form == "%s" {
			form = ""
		}
		return form, true
	}
	_, literal = c.args[i].(*ast.BasicLit)
	return form, literal
}

// joined returns the literals of a text that is put together, with %s for the rest.
func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	}
	return "%s"
}

type call struct {
	place, name string
	args        []ast.Expr
}

// calls are all calls of functions by name in the packages, their tests aside.
func calls(t *testing.T, dirs ...string) (found []call) {
	t.Helper()
	for _, dir := range dirs {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := parser.ParseFile(set, file, source, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok {
					name := string(source[set.Position(c.Fun.Pos()).Offset:set.Position(c.Fun.End()).Offset])
					found = append(found, call{set.Position(c.Pos()).String(), name, c.Args})
				}
				return true
			})
		}
	}
	return found
}
