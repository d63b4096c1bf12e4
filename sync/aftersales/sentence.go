package aftersales

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainWord is what a sentence may begin with in place of its capital: a number, a code or a name stands as it is.
var plainWord = regexp.MustCompile(`^[a-z]+[ ,:]`)

// Sentence makes the English message of a refusal stand by itself, with a capital, unless it begins with what somebody typed, and
// a full stop; it may be written down as the end of another. The lists of the other languages hold whole sentences.
func Sentence(message string) string {
	if plainWord.MatchString(message) && !quotesFirst(message) {
		message = strings.ToUpper(message[:1]) + message[1:]
	}
	if end, _ := utf8.DecodeLastRuneInString(message); unicode.IsLetter(end) || unicode.IsDigit(end) || strings.ContainsRune(`)"'”%/}`, end) {
		message += "."
	}
	return message
}

// quotesFirst reports whether the message begins with a value that stands as it is.
func quotesFirst(message string) bool {
	i := slices.IndexFunc(refusalForms, func(f refusalForm) bool { _, fits := f.read(message); return fits })
	return i >= 0 && refusalForms[i].between[0] == "" && refusalForms[i].verbs[0] != "%v"
}
