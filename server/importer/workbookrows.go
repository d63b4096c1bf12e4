package importer

import (
	"encoding/xml"
	"strconv"
	"strings"
	"time"
)

// next returns the next row that is not blank; io.EOF ends them.
func (w *workbook) next() (rawRecord, error) {
	for {
		t, err := w.xml.piece()
		if err != nil {
			return rawRecord{}, err
		}
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "row" {
			continue
		}
		rec, err := w.row(e)
		if err != nil || rec.problem.Says() || !blank(rec.cells) {
			return rec, err
		}
	}
}

// row reads one row to its end. A cell says where it stands; one that does not stands beside the last.
func (w *workbook) row(e xml.StartElement) (rawRecord, error) {
	w.line++
	if n, err := strconv.Atoi(attribute(e, "r")); err == nil && n >= w.line && n <= 1<<20 {
		w.line = n
	}
	rec, size := rawRecord{line: w.line}, 0
	for {
		t, err := w.xml.piece()
		if err != nil {
			return rec, cmpEOF(err)
		}
		if end, ok := t.(xml.EndElement); ok && end.Name.Local == "row" {
			return rec, nil
		}
		cell, ok := t.(xml.StartElement)
		if !ok || cell.Name.Local != "c" {
			continue
		}
		text, err := w.cell(cell)
		if err != nil {
			return rec, err
		}
		at := columnOf(attribute(cell, "r"), len(rec.cells))
		if size += len(text); size > MaxRecord {
			rec.problem, rec.cells = Say(LineLong, MaxRecord), nil
		}
		if at >= maxColumns {
			rec.problem, rec.cells = Say(LineWide), nil
		}
		if rec.problem.Says() || text == "" || at < len(rec.cells) {
			continue
		}
		for len(rec.cells) < at {
			rec.cells = append(rec.cells, "")
		}
		rec.cells = append(rec.cells, text)
	}
}

// columnOf returns the column of a reference such as "AB12", from 0.
func columnOf(ref string, beside int) int {
	n := 0
	for i := 0; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z' && i < 4; i++ {
		n = n*26 + int(ref[i]-'A') + 1
	}
	if n == 0 {
		return beside
	}
	return n - 1
}

// cell reads a cell to its end, as text: a date as an ISO date, a number as plain digits.
func (w *workbook) cell(e xml.StartElement) (string, error) {
	kind := attribute(e, "t")
	if kind == "inlineStr" {
		return w.xml.text(e)
	}
	value, err := w.value(e)
	switch {
	case err != nil || value == "":
		return "", err
	case kind == "s":
		i, err := strconv.Atoi(value)
		if err != nil || i < 0 || i >= len(w.shared) {
			return "", errWorkbook
		}
		return w.shared[i], nil
	case kind == "b":
		return map[string]string{"1": "TRUE", "0": "FALSE"}[value], nil
	case kind != "" && kind != "n":
		return value, nil
	}
	style, _ := strconv.Atoi(attribute(e, "s"))
	number, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil:
		return value, nil
	case style >= 0 && style < len(w.dates) && w.dates[style] && number >= 0 && number < 2958466: // the year 9999
		return w.date(number), nil
	case strings.ContainsAny(value, "eE"):
		return strconv.FormatFloat(number, 'f', -1, 64), nil
	}
	return tidy(value, number), nil
}

// tidy takes off what binary fractions leave behind: 183.05000000000001 is 183.05.
func tidy(value string, number float64) string {
	if _, frac, _ := strings.Cut(value, "."); len(frac) > 10 {
		return strconv.FormatFloat(number, 'g', 15, 64)
	}
	return value
}

// value returns what stands in the v element of a cell.
func (w *workbook) value(of xml.StartElement) (string, error) {
	value, inside := "", false
	for {
		t, err := w.xml.piece()
		if err != nil {
			return "", cmpEOF(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			inside = t.Name.Local == "v"
		case xml.EndElement:
			if inside = false; t.Name == of.Name {
				return value, nil
			}
		case xml.CharData:
			if inside {
				value += string(t)
			}
		}
	}
}

// date returns a day, with the time of day if there is one.
func (w *workbook) date(serial float64) string {
	at := w.since.Add(time.Duration(serial*86400+0.5) * time.Second)
	if at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 {
		return at.Format(time.DateOnly)
	}
	return at.Format(time.DateTime)
}
