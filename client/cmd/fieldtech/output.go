package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// output keeps the first failure of a writer, so that a full disk is noticed at the end.
type output struct {
	io.Writer
	failed error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.failed == nil {
		o.failed = err
	}
	return n, err
}

// say prints to standard output; see output.
func (a *app) say(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format, args...) }

// answer prints v as one line of JSON where -json asks for it, else what text prints.
func (a *app) answer(v any, text func()) error {
	if a.json {
		encoder := json.NewEncoder(a.out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	}
	text()
	return nil
}

// table is text in columns.
type table struct{ rows [][]string }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// list prints the table, where answers are to be read by people, or what is to be said where nothing stands below its heads.
func (a *app) list(t *table, nothing string) {
	switch {
	case a.json:
	case len(t.rows) > 1:
		a.say("%s", t)
	default:
		a.say("%s", nothing)
	}
}

// String returns the table with its columns aligned, two blanks apart.
func (t *table) String() string {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], cellsOf(cell))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-cellsOf(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// cellsOf returns how many cells of a terminal the text takes: two for a Chinese character, none for a combining mark.
func cellsOf(s string) (n int) {
	for _, r := range s {
		n += cellsOfRune(r)
	}
	return n
}

func cellsOfRune(r rune) int {
	switch k := width.LookupRune(r).Kind(); {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case k == width.EastAsianWide || k == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// short returns the text on one line of at most n cells; "…" ends one that was longer.
func short(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if cellsOf(s) <= n {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if n -= cellsOfRune(r); n < 1 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}

// when returns a moment (ms UTC) in the zone of this computer; "" for none.
func when(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).Local().Format("2006-01-02 15:04")
}

// plain returns a name of the code as words: "on_site" is "on site".
func plain(s string) string { return strings.ReplaceAll(s, "_", " ") }

// count returns "1 change", "2 changes".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
