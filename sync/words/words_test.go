package words_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"fieldsync/sync/words"
)

func read(t *testing.T, list string) *words.Book {
	t.Helper()
	b, err := words.Read(fstest.MapFS{"words/list.txt": {Data: []byte(list)}}, "words/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAMessageIsSaidInEachLanguage(t *testing.T) {
	t.Parallel()
	b := read(t, `# what a page says
Sign in | 登录 | 登入

%d jobs | %d 个工单 | %d 張工單
@state.new New | 新建 | 新建立
@*.paused Paused | 暂停中 | 暫停中
`)
	for i, want := range []string{
		"Sign in, 5 jobs, New, Paused, in work, unlisted",
		"登录, 5 个工单, 新建, 暂停中, in work, unlisted",
		"登入, 5 張工單, 新建立, 暫停中, in work, unlisted",
	} {
		l := b.Languages[i]
		said := []string{l.Say("Sign in"), l.Say("%d jobs", 5), l.Name("state.new"), l.Name("visit.state.paused"), l.Name("state.in_work"), l.Say("unlisted")}
		if got := strings.Join(said, ", "); l.Tag != words.Tags[i] || got != want {
			t.Errorf("in %s it says %s, not %s", l.Tag, got, want)
		}
	}
	if !b.Knows("state.new") || b.Knows("New") || b.Knows("unlisted") {
		t.Error("it knows other messages than the list has")
	}
}

func TestLanguageIsMatched(t *testing.T) {
	t.Parallel()
	b := read(t, "")
	for wanted, tag := range map[string]string{
		"": "en", "fr": "en", "zh-CN,zh;q=0.9": "zh-Hans", "zh": "zh-Hans", "zh-TW": "zh-Hant", "zh-HK,en;q=0.5": "zh-Hant",
		"en-GB,zh-TW;q=0.5": "en", "!!": "en",
	} {
		if got := b.Match(wanted).Tag; got != tag {
			t.Errorf("%q is answered in %s, want %s", wanted, got, tag)
		}
	}
}

func TestAListThatIsNotWholeIsRefusedByItsLine(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"One | 一 | 一\nTwo | 二":             "words/list.txt:2: 2 texts for 3 languages",
		"One | 一 | 一\nOne | 壹 | 壹":         `words/list.txt:2: "One" stands there twice`,
		"@one One | 一 | 一 | 一":             "words/list.txt:1: 4 texts",
		"@one One | 一 | 一\n@one A | 甲 | 甲": `"one" stands there twice`,
	} {
		_, err := words.Read(fstest.MapFS{"words/list.txt": {Data: []byte(strings.ReplaceAll(list, "\\n", "\n"))}}, "words/*.txt")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", list, err, want)
		}
	}
}
