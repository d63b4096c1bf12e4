// Package words is what programs say to people, in each of the languages that this project speaks. What is said stands in
// lists, files of text in which a line is a message:
//
//	English | 简体 | 繁體
//	@visit.state.paused Paused | 暂停中 | 暫停中
//
// A line that begins with @ names its message first; for the others the English text is the name. Empty lines and those
// that begin with # say nothing. A message may hold places for values, as fmt has them.
package words

import (
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// Tags are the BCP 47 tags of the languages, the first where nothing better is known.
var Tags = []string{"en", "zh-Hans", "zh-Hant"}

// Names are what the languages call themselves, in the order of Tags.
var Names = []string{"English", "简体中文", "繁體中文"}

// Book holds all that a program says.
type Book struct {
	Languages []*Language // in the order of Tags
	known     map[string]bool
	matcher   language.Matcher
}

// Language says things in one language.
type Language struct {
	Tag     string
	known   map[string]bool
	printer *message.Printer
}

// Read makes a book of the lists that match the pattern. It fails at the first line that lacks a language, or whose
// message was there already.
func Read(files fs.FS, pattern string) (*Book, error) {
	b := &Book{known: map[string]bool{}}
	tags := make([]language.Tag, len(Tags))
	for i, tag := range Tags {
		tags[i] = language.MustParse(tag)
	}
	said := catalog.NewBuilder(catalog.Fallback(tags[0]))
	err := Lines(files, pattern, func(place, key string, texts []string) error {
		if b.known[key] {
			return fmt.Errorf("words: %s: %q stands there twice", place, key)
		}
		b.known[key] = true
		for i, text := range texts {
			if err := said.SetString(tags[i], key, text); err != nil {
				return fmt.Errorf("words: %s: %w", place, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, tag := range tags {
		b.Languages = append(b.Languages, &Language{Tags[i], b.known, message.NewPrinter(tag, message.Catalog(said))})
	}
	b.matcher = language.NewMatcher(tags)
	return b, nil
}

// Lines calls do with every message of the lists that match the pattern: where it stands, as FILE:LINE, its name, and its
// text in each language.
func Lines(files fs.FS, pattern string, do func(place, key string, texts []string) error) error {
	lists, err := fs.Glob(files, pattern)
	if err != nil {
		return err
	}
	for _, list := range lists {
		text, err := fs.ReadFile(files, list)
		if err != nil {
			return err
		}
		for n, line := range strings.Split(string(text), "\n") {
			if line == "" || line[0] == '#' {
				continue
			}
			place := fmt.Sprintf("%s:%d", list, n+1)
			key, texts := parse(line)
			if len(texts) != len(Tags) {
				return fmt.Errorf("words: %s: %d texts for %d languages: %s", place, len(texts), len(Tags), line)
			}
			if err := do(place, key, texts); err != nil {
				return err
			}
		}
	}
	return nil
}

func parse(line string) (key string, texts []string) {
	if strings.HasPrefix(line, "@") {
		key, line, _ = strings.Cut(line[1:], " ")
	}
	texts = strings.Split(line, " | ")
	if key == "" {
		key = texts[0]
	}
	return key, texts
}

// Match returns the language that serves best who asks for those, as in Accept-Language.
func (b *Book) Match(wanted string) *Language {
	tags, _, err := language.ParseAcceptLanguage(wanted)
	if err != nil || len(tags) == 0 {
		return b.Languages[0]
	}
	_, i, _ := b.matcher.Match(tags...)
	return b.Languages[i]
}

// Knows reports whether the lists have the message.
func (b *Book) Knows(key string) bool { return b.known[key] }

// Knows reports whether the lists have the message.
func (l *Language) Knows(key string) bool { return l.known[key] }

// Say returns the message, with the values in their places; one that the lists lack is said as it stands.
func (l *Language) Say(key string, values ...any) string {
	if !l.known[key] && len(values) == 0 {
		return key
	}
	return l.printer.Sprintf(key, values...)
}

// Name returns what a thing of the domain is called: "job.state.new" by that name, else as what anything calls new
// ("*.new"), else its own name made readable. Code lists are data, and grow beyond the lists of words.
func (l *Language) Name(key string) string {
	last := key[strings.LastIndexByte(key, '.')+1:]
	for _, k := range []string{key, "*." + last} {
		if l.known[k] {
			return l.printer.Sprintf(k)
		}
	}
	return strings.ReplaceAll(last, "_", " ")
}
