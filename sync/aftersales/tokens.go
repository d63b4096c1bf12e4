package aftersales

import (
	"slices"
	"strings"
	"unicode"
)

// tokens returns what a text is compared by, sorted and each once: words of letters and digits in lower case, and of
// scripts without blanks every two neighbours, since most words of Chinese have two characters.
func tokens(s string) []string {
	var list []string
	var run []rune
	kind := 0
	for _, r := range strings.ToLower(s) + " " {
		k := kindOf(r)
		if k != kind {
			list, run, kind = append(list, pieces(run, kind)...), nil, k
		}
		run = append(run, r)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// The kinds of rune that tokens tells apart.
const (
	between = iota
	inWord
	ideograph
)

func kindOf(r rune) int {
	switch {
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
		return ideograph
	case unicode.IsLetter(r) || unicode.IsDigit(r):
		return inWord
	}
	return between
}

func pieces(run []rune, kind int) (list []string) {
	switch {
	case kind == between || len(run) == 0:
		return nil
	case kind == inWord || len(run) == 1:
		return []string{string(run)}
	}
	for i := range len(run) - 1 {
		list = append(list, string(run[i:i+2]))
	}
	return list
}
