package cli

import (
	"strings"
	"unicode/utf8"
)

// folded breaks a text between words into lines of so many columns, all but the first indented.
func folded(text string, width, indent int) string {
	var lines strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i > 0 && column+1+n > width:
			lines.WriteString("\n" + strings.Repeat(" ", indent))
			column = 0
		case i > 0:
			lines.WriteByte(' ')
			column++
		}
		lines.WriteString(word)
		column += n
	}
	return lines.String()
}
