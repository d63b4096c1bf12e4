// Package formula keeps texts that anybody may have typed from being formulas where a spreadsheet opens them.
package formula

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// begins are the characters by which a text would begin a formula, or, where what is before it is dropped, could; in the wide form
// too, which spreadsheets of East Asia take for the same: https://owasp.org/www-community/attacks/CSV_Injection
const begins = "=+-@\t\r\n＝＋－＠"

// Guard returns a text as no spreadsheet takes it for a formula: with an apostrophe before it where one would, or where it looks
// guarded already.
func Guard(text string) string {
	if reckoned(text) {
		return "'" + text
	}
	return text
}

// GuardAll returns the cells of a line guarded.
func GuardAll(cells []string) []string {
	guarded := slices.Clone(cells)
	for i, text := range guarded {
		guarded[i] = Guard(text)
	}
	return guarded
}

// Unguard returns the text that Guard was given: a file that was exported, and comes back, says what it said.
func Unguard(text string) string {
	if guarded, ok := strings.CutPrefix(text, "'"); ok && reckoned(guarded) {
		return guarded
	}
	return text
}

// reckoned reports whether a text begins a formula, behind whatever apostrophes.
func reckoned(text string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, "'"))
	return first != utf8.RuneError && strings.ContainsRune(begins, first)
}
