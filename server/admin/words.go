package admin

import (
	_ "embed"
	"fmt"
	"strings"

	"fieldsync/sync/fault"

	textlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// words.txt holds all that the office says, a line a message: English | 简体 | 繁體. A line that begins with @ names
// its message first ("@job.state.new New | 新建 | 新建"); for the others the English text is the name.
//
//go:embed words.txt
var wordList string

// Languages are the tags of the languages that the office speaks, the first where nothing better is known.
var Languages = []string{"en", "zh-Hans", "zh-Hant"}

// LanguageNames are what the languages call themselves, in the order of Languages.
var LanguageNames = []string{"English", "简体中文", "繁體中文"}

// words is the office's vocabulary.
type words struct {
	known     map[string]bool
	languages []*language
	matcher   textlanguage.Matcher
}

// language says things in one language.
type language struct {
	tag     string
	known   map[string]bool
	printer *message.Printer
}

func loadWords() (words, error) {
	w := words{known: map[string]bool{}}
	tags := make([]textlanguage.Tag, len(Languages))
	for i, tag := range Languages {
		tags[i] = textlanguage.MustParse(tag)
	}
	c := catalog.NewBuilder(catalog.Fallback(tags[0]))
	for n, line := range strings.Split(wordList, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		key, texts, err := parseWord(line)
		if err != nil || w.known[key] {
			return w, fmt.Errorf("admin: words.txt:%d: malformed or twice: %s", n+1, line)
		}
		w.known[key] = true
		for i, text := range texts {
			if err := c.SetString(tags[i], key, text); err != nil {
				return w, err
			}
		}
	}
	for i, tag := range tags {
		w.languages = append(w.languages, &language{Languages[i], w.known, message.NewPrinter(tag, message.Catalog(c))})
	}
	w.matcher = textlanguage.NewMatcher(tags)
	return w, nil
}

func parseWord(line string) (key string, texts []string, err error) {
	named := strings.HasPrefix(line, "@")
	if named {
		key, line, _ = strings.Cut(line[1:], " ")
	}
	texts = strings.Split(line, " | ")
	if len(texts) != len(Languages) {
		return "", nil, fmt.Errorf("%d texts", len(texts))
	}
	if !named {
		key = texts[0]
	}
	return key, texts, nil
}

// match returns the language that serves best who asks for those, as in Accept-Language.
func (w words) match(wanted string) *language {
	tags, _, err := textlanguage.ParseAcceptLanguage(wanted)
	if err != nil || len(tags) == 0 {
		return w.languages[0]
	}
	_, i, _ := w.matcher.Match(tags...)
	return w.languages[i]
}

// say returns the message; one that words.txt lacks is said as it stands.
func (l *language) say(key string, args ...any) string {
	if !l.known[key] && len(args) == 0 {
		return key
	}
	return l.printer.Sprintf(key, args...)
}

// name returns what a thing of the schema is called: "job.state.new" by that name, else as what any column calls new
// ("*.new"), else its own name made readable. Code lists are data, and grow beyond words.txt.
func (l *language) name(key string) string {
	last := key[strings.LastIndexByte(key, '.')+1:]
	for _, k := range []string{key, "*." + last} {
		if l.known[k] {
			return l.printer.Sprintf(k)
		}
	}
	return strings.ReplaceAll(last, "_", " ")
}

// refusal returns why something was refused: the message if it is translated, else what its code says, else as it is.
func (l *language) refusal(f *fault.Error) string {
	if l.known[f.Message] {
		return l.say(f.Message)
	}
	if key := "fault." + string(f.Code); l.known[key] && l.tag != Languages[0] {
		return l.say(key)
	}
	return f.Message
}
