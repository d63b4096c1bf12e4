package auth

import (
	"cmp"
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

//go:embed common.txt
var commonText string

// common are the words that passwords are made of, those of this program and its trade too.
var common = strings.Fields(commonText)

// fresh is how much a password must hold that is not tried first.
const fresh = 6

// guessable reports whether a password is among the first that are tried. A list of passwords would miss all that are made
// as those on it are: so what counts here is what they are made of. A known word, a year, a run such as "1234", "aaaa" or
// "qwerty" counts as one character; what is left must be long enough.
func guessable(password string, about []string) bool {
	rest := []rune(plain(years.ReplaceAllString(password, string(mark))))
	for _, word := range knownWords(about) {
		rest = replaced(rest, []rune(word))
	}
	return len(shortened(rest)) < fresh
}

var years = regexp.MustCompile(`(19|20)[0-9]{2}`)

// plain undoes what people take for disguise: case, and signs in place of letters.
func plain(s string) string {
	return strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t").
		Replace(strings.ToLower(s))
}

// knownWords are the words as plain makes them, the longest first, so that none hides behind its beginning.
func knownWords(about []string) (words []string) {
	letters := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for _, a := range slices.Concat(common, about) {
		for _, word := range append(strings.FieldsFunc(a, letters), a) {
			if word = plain(word); len([]rune(word)) > 1 {
				words = append(words, word)
			}
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	return slices.Compact(words)
}

// mark stands for a word.
const mark = '\x00'

func replaced(text, word []rune) []rune {
	return []rune(strings.ReplaceAll(string(text), string(word), string(mark)))
}

// rows are the runs of keys, and of what people count by, in the form that plain gives them.
var rows = func() (both [][]rune) {
	for _, row := range []string{"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop"} {
		there := []rune(plain(row))
		back := slices.Clone(there)
		slices.Reverse(back)
		both = append(both, there, back)
	}
	return both
}()

// shortened makes one character of each run of three and more, and of each row of marks.
func shortened(text []rune) (short []rune) {
	for i := 0; i < len(text); {
		short = append(short, text[i])
		i += max(1, run(text[i:]))
	}
	return short
}

// run returns how long a run the text begins with: 0 for none.
func run(text []rune) int {
	longest := 1
	for longest < len(text) && text[longest] == text[0] {
		longest++
	}
	for _, row := range rows {
		for at := range row {
			n := 0
			for n < len(text) && at+n < len(row) && text[n] == row[at+n] {
				n++
			}
			longest = max(longest, n)
		}
	}
	if longest < 3 && text[0] != mark {
		return 0
	}
	return longest
}
