package admin

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"

	textlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// The lists in words hold all that the office says, a file an area, a line a message: English | 简体 | 繁體. A line that
// begins with @ names its message first ("@job.state.new New | 新建 | 新建"); for the others the English text is the name.
//
//go:embed words/*.txt
var wordLists embed.FS

// wordLines calls do with every line of every list that says something, and where it stands.
func wordLines(do func(place, line string) error) error {
	files, err := fs.Glob(wordLists, "words/*.txt")
	if err != nil {
		return err
	}
	for _, file := range files {
		list, err := wordLists.ReadFile(file)
		if err != nil {
			return err
		}
		for n, line := range strings.Split(string(list), "\n") {
			if line == "" || line[0] == '#' {
				continue
			}
			if err := do(fmt.Sprintf("%s:%d", file, n+1), line); err != nil {
				return err
			}
		}
	}
	return nil
}

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
	err := wordLines(func(place, line string) error {
		key, texts, err := parseWord(line)
		if err != nil || w.known[key] {
			return fmt.Errorf("admin: %s: malformed or twice: %s", place, line)
		}
		w.known[key] = true
		for i, text := range texts {
			if err := c.SetString(tags[i], key, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return w, err
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

// say returns the message; one that the lists lack is said as it stands.
func (l *language) say(key string, args ...any) string {
	if !l.known[key] && len(args) == 0 {
		return key
	}
	return l.printer.Sprintf(key, args...)
}

// name returns what a thing of the schema is called: "job.state.new" by that name, else as what any column calls new
// ("*.new"), else its own name made readable. Code lists are data, and grow beyond the lists.
func (l *language) name(key string) string {
	last := key[strings.LastIndexByte(key, '.')+1:]
	for _, k := range []string{key, "*." + last} {
		if l.known[k] {
			return l.printer.Sprintf(k)
		}
	}
	return strings.ReplaceAll(last, "_", " ")
}

// refusal returns why something was refused: the message if it is translated, with the values in it, else what its code
// says, else as it is.
func (l *language) refusal(f *fault.Error) string {
	if l.known[f.Message] {
		return l.say(f.Message)
	}
	if said, ok := aftersales.SayRefusal(l.tag, f.Message, l.name); ok {
		return said
	}
	if key := "fault." + string(f.Code); l.known[key] && l.tag != Languages[0] {
		return l.say(key)
	}
	return f.Message
}
