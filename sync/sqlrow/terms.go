package sqlrow

import (
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
// A value that is a single piece is also indexed whole, marked "=", so that the thing with exactly this number comes
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
		if len(cut) == 1 {
			b.WriteString("=" + string(cut[0].text) + " ")
		}
	}
	return strings.TrimSuffix(b.String(), " ")
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

// matching returns the condition of FTS5 that all pieces stand in a row. Terms are made of letters, digits and our marks
// only, and quoted, so that no text means anything else to FTS5 than itself.
func matching(cut []piece) string {
	asked := make([]string, len(cut))
	for i, p := range cut {
		asked[i] = p.asked()
	}
	return strings.Join(asked, " AND ")
}

// wholeOf returns the term of a value that is all of what is looked for, "" where none can be. A serial may be typed with
// blanks, so that its pieces together are a value too; words may not: "b a" is not "ba".
func wholeOf(cut []piece) string {
	joined, isValue := "", false
	for _, p := range cut {
		joined += string(p.text)
		isValue = isValue || p.kind != word || len(cut) == 1
	}
	if !isValue {
		return ""
	}
	return "=" + joined
}

// isWhole reports whether a value of a source text is the one with that term.
func isWhole(source, term string) bool {
	for value := range strings.SplitSeq(source, valueEnd) {
		if cut := pieces(fold(value)); len(cut) == 1 && "="+string(cut[0].text) == term {
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
