package aftersales

import (
	"regexp"
	"slices"
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
		"a slip is audited after it is signed":                                                     "服务单须签名后才能审核",
		"party has no reference job":                                                               "“party”没有引用“工单”",
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

// Every refusal in the sources of both sides, and every phrase that is a value of one, can be said in every language: by the
// lists of refusals, or where a page says it, by that page's own lists (TestEverySentenceIsTranslated there).
func TestEveryRefusalIsTranslated(t *testing.T) {
	t.Parallel()
	listed := listedRefusals(t)
	found := 0
	for _, p := range packages(t, "..", "../../client", "../../server") {
		if p.isPages() {
			continue
		}
		for _, s := range p.sentences(t) {
			found++
			if !listed[s.form] && !listed[strings.ReplaceAll(s.form, "%s", "%v")] {
				t.Errorf("%s: refusals lack %q", s.place, s.form)
			}
		}
	}
	if found < 500 {
		t.Errorf("only %d refusals were found", found)
	}
}

// listedRefusals are all lines of the lists, by the English, each with the same values in every language, each there once.
func listedRefusals(t *testing.T) map[string]bool {
	listed := map[string]bool{}
	verb := regexp.MustCompile(`%(\[\d\])?([vsd])`)
	verbs := func(text string) (kinds []string) {
		for _, m := range verb.FindAllStringSubmatch(text, -1) {
			kinds = append(kinds, m[2])
		}
		slices.Sort(kinds)
		return kinds
	}
	for line := range strings.Lines(refusalText()) {
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
			if text == texts[0] || text == "" {
				t.Errorf("not translated: %s", texts[0])
			}
		}
	}
	return listed
}
