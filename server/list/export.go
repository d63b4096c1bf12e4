package list

import (
	"encoding/csv"
	"io"

	"fieldsync/server/formula"

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

// WriteCSV writes the rows as comma-separated values in UTF-8, with the mark by which spreadsheets know it. A text that a
// spreadsheet would take for a formula has an apostrophe before it. Each calls do with every row; see List.Each.
func WriteCSV(w io.Writer, each func(do func(Row) error) error, columns []*Column, say Teller) error {
	return CSV(w, headsOf(columns, say), func(put func([]string) error) error {
		return each(func(row Row) error {
			var line []string
			for _, c := range row.Of(columns) {
				line = append(line, harmless(c, say.Tell(c)))
			}
			return put(line)
		})
	})
}

func headsOf(columns []*Column, say Teller) []string {
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = say.Head(c)
	}
	return heads
}

// CSV writes the lines that each puts under the heads, in UTF-8 with the mark by which spreadsheets know it.
func CSV(w io.Writer, heads []string, each func(put func(line []string) error) error) error {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	err := out.Write(heads)
	if err == nil {
		err = each(out.Write)
	}
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

// harmless keeps a text from being a formula.
func harmless(c Cell, text string) string {
	if kind := c.Column.Kind; kind == Text || kind == Translated {
		return formula.Guard(text)
	}
	return text
}

// WriteXLSX writes the rows as a spreadsheet, whose first line stays in sight; see WriteCSV.
func WriteXLSX(w io.Writer, each func(do func(Row) error) error, columns []*Column, say Teller) error {
	return XLSX(w, headsOf(columns, say), func(put func([]any) error) error {
		return each(func(row Row) error {
			var line []any
			for _, c := range row.Of(columns) {
				line = append(line, say.Value(c))
			}
			return put(line)
		})
	})
}

// XLSX writes the lines that each puts under the heads as a spreadsheet, whose first line stays in sight.
func XLSX(w io.Writer, heads []string, each func(put func(line []any) error) error) (err error) {
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
	n := 0
	put := func(line []any) error {
		n++
		place, err := excelize.CoordinatesToCellName(1, n)
		if err != nil {
			return err
		}
		return sheet.SetRow(place, line)
	}
	first := make([]any, len(heads))
	for i, h := range heads {
		first[i] = h
	}
	if err := put(first); err != nil {
		return err
	}
	if err := each(put); err != nil {
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
