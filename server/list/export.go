package list

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Teller says cells and heads in somebody's language.
type Teller interface {
	Head(c *Column) string
	// Tell returns a cell as text.
	Tell(c Cell) string
	// Value returns a cell as a spreadsheet keeps it: a text, a number, a time.Time.
	Value(c Cell) any
}

// CSV writes the rows as comma-separated values in UTF-8, with the mark by which spreadsheets know it. A text that a
// spreadsheet would take for a formula has an apostrophe before it.
func (l *List) CSV(w io.Writer, s Selecter, q Query, columns []*Column, say Teller) error {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = say.Head(c)
	}
	if err := out.Write(heads); err != nil {
		return err
	}
	err := l.Each(s, q, func(row Row) error {
		var line []string
		for _, c := range row.Of(columns) {
			line = append(line, harmless(c, say.Tell(c)))
		}
		return out.Write(line)
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

// harmless keeps a text from being a formula: https://owasp.org/www-community/attacks/CSV_Injection
func harmless(c Cell, text string) string {
	if kind := c.Column.Kind; kind == Text || kind == Translated {
		if strings.ContainsAny(text[:min(1, len(text))], "=+-@\t\r") {
			return "'" + text
		}
	}
	return text
}

// XLSX writes the rows as a spreadsheet, whose first line stays in sight.
func (l *List) XLSX(w io.Writer, s Selecter, q Query, columns []*Column, say Teller) (err error) {
	book := excelize.NewFile()
	defer func() {
		if e := book.Close(); err == nil {
			err = e
		}
	}()
	sheet, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	if err := sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	heads := make([]any, len(columns))
	for i, c := range columns {
		heads[i] = say.Head(c)
	}
	if err := sheet.SetRow("A1", heads); err != nil {
		return err
	}
	n := 1
	err = l.Each(s, q, func(row Row) error {
		n++
		var line []any
		for _, c := range row.Of(columns) {
			line = append(line, say.Value(c))
		}
		place, err := excelize.CoordinatesToCellName(1, n)
		if err != nil {
			return err
		}
		return sheet.SetRow(place, line)
	})
	if err != nil {
		return err
	}
	if err := sheet.Flush(); err != nil {
		return err
	}
	_, err = book.WriteTo(w)
	return err
}

// Of returns the row's cells of the columns, in their order.
func (r Row) Of(columns []*Column) []Cell {
	cells := make([]Cell, 0, len(columns))
	for _, want := range columns {
		for _, c := range r.Cells {
			if c.Column == want {
				cells = append(cells, c)
			}
		}
	}
	return cells
}
