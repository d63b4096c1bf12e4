package admin

import (
	"embed"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/words"
)

// The lists in words hold all that the office says, a file an area.
//
//go:embed words/*.txt
var wordLists embed.FS

func readWords() (*words.Book, error) { return words.Read(wordLists, "words/*.txt") }

// language says things in one language.
type language struct{ *words.Language }

// Refusal says why something was refused in the language that serves best who asks for those, as in Accept-Language, and
// which that is: for programs, which are refused in the same words as people.
func (o *Office) Refusal(wanted string, f *fault.Error) (said, tag string) {
	l := &language{o.words.Match(wanted)}
	return l.refusal(f), l.Tag
}

// refusal returns why something was refused: the message if it is translated, with the values in it, else what its code
// says, else as it is.
func (l *language) refusal(f *fault.Error) string {
	said := l.refused(f)
	if l.Tag == words.Tags[0] {
		said = aftersales.Sentence(said)
	}
	return said
}

func (l *language) refused(f *fault.Error) string {
	if l.Knows(f.Message) {
		return l.Say(f.Message)
	}
	if said, ok := aftersales.SayRefusal(l.Tag, f.Message, l.called); ok {
		return said
	}
	if column, is := strings.CutSuffix(f.Message, " is too long or not text"); is { // in English messages stand as they are, but for the schema's names
		return capital(l.called(column)) + " is too long, or not text."
	}
	if column, years, is := strings.Cut(f.Message, " lies in no year "); is {
		return capital(l.called(column)) + " lies in no year " + years
	}
	if key := "fault." + string(f.Code); l.Knows(key) && l.Tag != words.Tags[0] {
		return l.Say(key)
	}
	return f.Message
}

// called names a thing of the domain by its name in the schema. A column that is named without its table is called as in the
// first that has it.
func (l *language) called(thing string) string {
	if !l.Knows(thing) {
		for i := range aftersales.Schema.Tables {
			if key := aftersales.Schema.Tables[i].Name + "." + thing; l.Knows(key) {
				return l.Name(key)
			}
		}
	}
	return l.Name(thing)
}
