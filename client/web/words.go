package web

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	textlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
)

// The lists in words hold all that the app says, a line a message: English | 简体 | 繁體. A line that begins with @ names
// its message first ("@visit.state.paused Paused | 暂停中 | 暫停中"); for the others the English text is the name.
//
//go:embed words/*.txt
var wordLists embed.FS

// Languages are the tags of the languages that the app speaks, the first where nothing better is known.
var Languages = []string{"en", "zh-Hans", "zh-Hant"}

// words is the app's vocabulary.
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
	err := eachWord(func(place, key string, texts []string) error {
		if len(texts) != len(Languages) || w.known[key] {
			return fmt.Errorf("web: %s: malformed or twice: %s", place, key)
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

// eachWord calls do with every message, and where it stands.
func eachWord(do func(place, key string, texts []string) error) error {
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
			key, texts := parseWord(line)
			if err := do(fmt.Sprintf("%s:%d", file, n+1), key, texts); err != nil {
				return err
			}
		}
	}
	return nil
}

func parseWord(line string) (key string, texts []string) {
	if strings.HasPrefix(line, "@") {
		key, line, _ = strings.Cut(line[1:], " ")
	}
	texts = strings.Split(line, " | ")
	if key == "" {
		key = texts[0]
	}
	return key, texts
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

// name returns what a thing of the domain is called; code lists are data and grow beyond the lists, so that a name
// that is not there is made readable.
func (l *language) name(key string) string {
	if l.known[key] {
		return l.printer.Sprintf(key)
	}
	return strings.ReplaceAll(key[strings.LastIndexByte(key, '.')+1:], "_", " ")
}

// called returns what a thing of the domain is called that a refusal names: a state, a table or a column.
func (l *language) called(name string) string {
	for _, of := range []string{"job.state.", "visit.state.", "request.state.", "slip.state.", "time.", "table.", "column."} {
		if l.known[of+name] {
			return l.name(of + name)
		}
	}
	return l.name(name)
}

// refusal returns why something was refused: the message, with the values in it, if it is translated; else what its code
// says. In English it is the message itself, which says most.
func (l *language) refusal(code fault.Code, text string) string {
	if l.known[text] {
		return l.say(text)
	}
	if said, ok := aftersales.SayRefusal(l.tag, text, l.called); ok {
		return said
	}
	if key := "fault." + string(code); l.known[key] && (l.tag != Languages[0] || text == "") {
		return l.say(key)
	}
	return text
}
