package web

import (
	"embed"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/words"
)

// The lists in words hold all that the app says.
//
//go:embed words/*.txt
var wordLists embed.FS

func readWords() (*words.Book, error) { return words.Read(wordLists, "words/*.txt") }

// language says things in one language.
type language struct{ *words.Language }

// called returns what a thing of the domain is called that a refusal names: a state, a table or a column.
func (l *language) called(name string) string {
	for _, of := range []string{"job.state.", "visit.state.", "request.state.", "slip.state.", "time.", "table.", "column."} {
		if l.Knows(of + name) {
			return l.Name(of + name)
		}
	}
	return l.Name(name)
}

// refusal returns why something was refused: the message, with the values in it, if it is translated; else what its code
// says. In English it is the message itself, which says most.
func (l *language) refusal(code fault.Code, text string) string {
	said := l.refusalText(code, text)
	if l.Tag == words.Tags[0] {
		said = aftersales.Sentence(said)
	}
	return said
}

// sentence begins a label with a capital, as one that stands by itself.
func sentence(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return string(text[0]-'a'+'A') + text[1:]
}

func (l *language) refusalText(code fault.Code, text string) string {
	if l.Knows(text) {
		return l.Say(text)
	}
	if said, ok := aftersales.SayRefusal(l.Tag, text, l.called); ok {
		return said
	}
	if key := "fault." + string(code); l.Knows(key) && (l.Tag != words.Tags[0] || text == "") {
		return l.Say(key)
	}
	return text
}
