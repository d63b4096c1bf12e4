package sqlrow

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What the search index holds of a text, and what it is asked for.
//
// Text is folded (NFKC, lower case: "ＡＢ１２" is "ab12") and cut into pieces of three kinds, each indexed so that it is
// found as people type it:
//
//	dense    a run of a script without spaces (Chinese, Japanese, Korean, Thai ...): every pair of neighbouring
//	         characters, and the last character alone. One character is found as the beginning of a pair, two as a pair,
//	         more as pairs that follow one another: exactly where they stand together, from the first character typed.
//	serial   letters and digits with at least one digit, joined over single - . / _ between them, without the joints
//	         (AB-0123.C is ab0123c): every three neighbouring characters, shorter at the end, marked "#". Any part is
//	         found, whatever joints are typed.
//	word     any other run of letters: itself; found by how it begins. A word may also be a part of a serial.
//
// A short value is also indexed whole, each piece marked "=", so that the thing with exactly this number or name comes
// first. SQLite's own trigram tokenizer would miss words of two characters, the most common length in Chinese, and its
// unicode61 takes a whole Chinese sentence for one word. Simplified and traditional characters are different ones.

// kindOf is the kind of a piece, and of a character.
type kindOf uint8

const (
	separator kindOf = iota
	dense
	word
	serial
)

var spaceless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer,
	unicode.Myanmar, unicode.Bopomofo, unicode.Yi,
}

// piece is a run of characters that is searched as one.
type piece struct {
	kind kindOf
	text []rune
}

func classify(r rune) kindOf {
	switch {
	case r < 0x80 && (r|0x20 >= 'a' && r|0x20 <= 'z'):
		return word
	case unicode.IsDigit(r):
		return serial
	case r < 0x80:
		return separator
	case unicode.In(r, spaceless...) || r == 'ー':
		return dense
	case unicode.IsLetter(r) || unicode.IsMark(r):
		return word
	}
	return separator
}

// fold returns the text in the form in which it is compared.
func fold(text string) []rune { return []rune(strings.ToLower(norm.NFKC.String(text))) }

// pieces cuts a folded text.
func pieces(text []rune) (cut []piece) {
	for i := 0; i < len(text); {
		var p piece
		switch p.kind = classify(text[i]); p.kind {
		case separator:
			i++
			continue
		case dense:
			p.text, i = denseFrom(text, i)
		default:
			p, i = wordFrom(text, i)
		}
		cut = append(cut, p)
	}
	return cut
}

func denseFrom(text []rune, from int) (run []rune, next int) {
	next = from
	for next < len(text) && classify(text[next]) == dense {
		next++
	}
	return text[from:next], next
}

// wordFrom cuts a word, or a serial where its letters, single joints and digits hang together.
func wordFrom(text []rune, from int) (p piece, next int) {
	p.kind = word
	lettersEnd, next := from, from
	var joined []rune
	for next < len(text) {
		switch kind := classify(text[next]); {
		case kind == serial:
			p.kind = serial
			joined = append(joined, text[next])
		case kind == word:
			joined = append(joined, text[next])
		case strings.ContainsRune("-./_", text[next]) && next+1 < len(text) && classify(text[next+1]) >= word:
			if lettersEnd == from {
				lettersEnd = next
			}
		default:
			return finish(p.kind, text, joined, from, lettersEnd, next)
		}
		next++
	}
	return finish(p.kind, text, joined, from, lettersEnd, next)
}

// finish decides about joints: letters alone ("read/write") are words of their own, each of them.
func finish(kind kindOf, text, joined []rune, from, lettersEnd, next int) (piece, int) {
	if kind == word && lettersEnd > from {
		return piece{word, text[from:lettersEnd]}, lettersEnd
	}
	return piece{kind, joined}, next
}

// gram is how many neighbouring characters of a serial stand together in the index.
const gram = 3

// valueEnd stands between the values of a row's source text.
const valueEnd = "\x1f"

// terms returns the source text of a row as the index holds it: terms with spaces between them.
func terms(source string) string {
	var b strings.Builder
	for value := range strings.SplitSeq(source, valueEnd) {
		cut := pieces(fold(value))
		for _, p := range cut {
			p.write(&b)
		}
		if whole := wholeOf(cut); whole != "" {
			b.WriteString(whole + " ")
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

// A value is indexed whole up to so many pieces: a name, a number, a title; not what somebody wrote about them.
const wholeMost = 8

// wholeOf returns the term of a whole value, "" for one that is not indexed so.
func wholeOf(cut []piece) string {
	var b strings.Builder
	for _, p := range cut {
		b.WriteString("=" + string(p.text))
	}
	if len(cut) > wholeMost || b.Len() > longestLexeme {
		return ""
	}
	return b.String()
}

func (p piece) write(b *strings.Builder) {
	switch p.kind {
	case dense:
		p.grams(b, "", 2)
	case serial:
		p.grams(b, "#", gram)
	default:
		b.WriteString(string(p.text) + " ")
	}
}

// grams writes the n characters from each character on, fewer at the end.
func (p piece) grams(b *strings.Builder, mark string, n int) {
	for i := range p.text {
		b.WriteString(mark + string(p.text[i:min(i+n, len(p.text))]) + " ")
	}
}

// MaxSearch is the longest text that can be searched for, in bytes.
const MaxSearch = 1000

// waysOf returns the pieces that are looked for: all of one of the ways. What has digits only is also looked for as one
// number without the zeros before it, since people write telephone numbers with blanks, brackets and a zero that is not
// dialled from abroad: "(021) 5555 0017" stands in +862155550017, and "+86 (0)21 5555-0017" is the same.
func waysOf(query string) (ways [][]piece) {
	text := fold(query)
	cut := pieces(text)
	if len(cut) == 0 {
		return nil
	}
	ways = [][]piece{cut}
	if number := numberIn(string(text)); number != "" && (len(cut) > 1 || string(cut[0].text) != number) {
		ways = append(ways, []piece{{serial, []rune(number)}})
	}
	return ways
}

// numberFrom is how many digits a number has that may be spelled in several ways.
const numberFrom = 5

// numberIn returns the digits of a text that has nothing else but what stands between them, "" for any other.
func numberIn(text string) string {
	var digits []rune
	for _, r := range strings.ReplaceAll(text, "(0)", "") {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, r)
		case !strings.ContainsRune(" +-()./", r):
			return ""
		}
	}
	if len(digits) < numberFrom {
		return ""
	}
	return strings.TrimLeft(string(digits), "0")
}

// matching returns the condition of FTS5 that all pieces stand in a row. Terms are made of letters, digits and our marks
// only, and quoted, so that no text means anything else to FTS5 than itself.
func matching(cut []piece) string {
	asked := make([]string, len(cut))
	for i, p := range cut {
		asked[i] = p.asked()
	}
	return strings.Join(asked, " AND ")
}

func quotedTerm(term string) string { return `"` + term + `"` }

// wholesOf returns the terms of values that are all of what is looked for. A serial may be typed with blanks, so that its
// pieces together are a value too; words may not: "b a" is not "ba".
func wholesOf(cut []piece) (terms []string) {
	if whole := wholeOf(cut); whole != "" {
		terms = append(terms, whole)
	}
	joined, isSerial := "=", false
	for _, p := range cut {
		joined += string(p.text)
		isSerial = isSerial || p.kind != word
	}
	if isSerial && len(cut) > 1 {
		terms = append(terms, joined)
	}
	return terms
}

// isWhole reports whether a value of a source text is one with such a term.
func isWhole(source string, terms []string) bool {
	for value := range strings.SplitSeq(source, valueEnd) {
		if slices.Contains(terms, wholeOf(pieces(fold(value)))) {
			return true
		}
	}
	return false
}

// piecesOf cuts a source text, value by value.
func piecesOf(source string) (cut []piece) {
	for value := range strings.SplitSeq(source, valueEnd) {
		cut = append(cut, pieces(fold(value))...)
	}
	return cut
}

// asked returns the piece as a condition of FTS5.
func (p piece) asked() string {
	switch p.kind {
	case dense:
		return p.phrase("", 2)
	case serial:
		return p.phrase("#", gram)
	}
	return `("` + string(p.text) + `"* OR ` + p.phrase("#", gram) + ")"
}

// phrase asks for the whole piece within a longer one.
func (p piece) phrase(mark string, n int) string {
	if len(p.text) < n {
		return `"` + mark + string(p.text) + `"*`
	}
	var grams []string
	for i := 0; i+n <= len(p.text); i++ {
		grams = append(grams, mark+string(p.text[i:i+n]))
	}
	return `"` + strings.Join(grams, " ") + `"`
}
