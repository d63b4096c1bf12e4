package aftersales

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// The lists in refusals hold every sentence that is refused with, pages' own aside, a file for whose they are.
//
//go:embed refusals/*.txt
var refusalLists embed.FS

// refusalLanguages are the tags of the languages of the list, after English.
var refusalLanguages = []string{"zh-Hans", "zh-Hant"}

// A refusalForm is a sentence that a refusal says, with places for values where it has some.
type refusalForm struct {
	between []string // what stands before, between and after the values
	verbs   []string // %v for a value that has a name, %s and %d for one that stands as it is
	said    []string // the sentence in refusalLanguages
	length  int      // of what stands between, in bytes
}

// refusalForms are all of them, those that say most before those that fit almost anything.
var refusalForms = mustRefusals(refusalText())

var valueIn = regexp.MustCompile(`%[vsd]`)

// refusalText returns all lists as one.
func refusalText() string {
	var all strings.Builder
	files, _ := fs.Glob(refusalLists, "refusals/*.txt") // the pattern is well formed
	for _, file := range files {
		text, err := refusalLists.ReadFile(file)
		if err != nil {
			panic(err) // a part of the program
		}
		all.Write(text)
	}
	return all.String()
}

func mustRefusals(list string) (forms []refusalForm) {
	for line := range strings.Lines(list) {
		texts := strings.Split(strings.TrimSpace(line), " | ")
		if texts[0] == "" || texts[0][0] == '#' {
			continue
		}
		if len(texts) != 1+len(refusalLanguages) {
			panic("aftersales: refusals: " + line) // a part of the program
		}
		f := refusalForm{between: valueIn.Split(texts[0], -1), verbs: valueIn.FindAllString(texts[0], -1)}
		f.length = len(strings.Join(f.between, ""))
		for _, text := range texts[1:] {
			f.said = append(f.said, strings.ReplaceAll(text, "%d", "%s"))
		}
		forms = append(forms, f)
	}
	slices.SortStableFunc(forms, func(a, b refusalForm) int { return b.length - a.length })
	return forms
}

// SayRefusal says the message of a refusal in another language (zh-Hans, zh-Hant), with the values that are in it; not ok
// for one that the list lacks, and in English, which the message is. The message alone is enough: over the wire, in the
// hub's ledger and in a phone's outbox it goes as text, and outlives the program that said it. named says what a thing of
// the domain is called, by its name in the schema: a table, a column, a state.
func SayRefusal(language, message string, named func(string) string) (said string, ok bool) {
	at := slices.Index(refusalLanguages, language)
	if at < 0 {
		return "", false
	}
	for _, f := range refusalForms {
		values, fits := f.read(message)
		if !fits {
			continue
		}
		args := make([]any, len(values))
		for i, value := range values {
			args[i] = value
			if f.verbs[i] == "%v" {
				args[i] = callValue(language, value, named)
			}
		}
		return fmt.Sprintf(f.said[at], args...), true
	}
	return "", false
}

// callValue says a value that has a name: one of the list's own phrases, or a thing of the domain.
func callValue(language, value string, named func(string) string) string {
	if said, ok := SayRefusal(language, value, named); ok {
		return said
	}
	return named(strings.ReplaceAll(value, " ", "_"))
}

// read returns the values in a message of this form.
func (f refusalForm) read(message string) (values []string, fits bool) {
	rest, fits := strings.CutPrefix(message, f.between[0])
	if !fits || len(f.verbs) == 0 {
		return nil, fits && rest == ""
	}
	last := len(f.between) - 1
	for _, after := range f.between[1:last] {
		value, behind, found := strings.Cut(rest, after)
		if !found {
			return nil, false
		}
		values, rest = append(values, value), behind
	}
	value, fits := strings.CutSuffix(rest, f.between[last])
	return append(values, value), fits && value != ""
}
