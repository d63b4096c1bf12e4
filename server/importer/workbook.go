package importer

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/fault"
)

// A workbook (XLSX, ECMA-376) is a zip of XML parts, which can unpack to a thousand times its size. What is read of one
// is bounded: its parts by maxPart, one piece of XML by MaxRecord, the texts that cells share by maxShared, and rows
// come one at a time, only as wide as spreadsheet programs make them.
const (
	maxPart   = 1 << 30
	maxShared = 64 << 20
)

var (
	errWorkbook = fault.New(Unreadable, "The workbook cannot be read: it is damaged or protected. Save the sheet as CSV (UTF-8) and import that.")
	errBomb     = fault.New(TooLarge, "The workbook unpacks to more than any honest one of its kind. Save the sheet as CSV (UTF-8) and import that.")
)

// isWorkbook reports whether the file is a zip, and goes back to its beginning. What cannot go back is none.
func isWorkbook(file io.ReadSeeker) (bool, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return false, nil
	}
	var head [4]byte
	n, err := io.ReadFull(file, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return bytes.Equal(head[:n], []byte("PK\x03\x04")), err
}

// maxDirectory bounds what is read to list the parts of a workbook, in bytes: each takes some memory.
const maxDirectory = 2 << 20

// bounded stops reading after so many bytes.
type bounded struct {
	io.ReaderAt
	left int64
}

// ReadAt reads, as long as there is something left to read.
func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return b.ReaderAt.ReadAt(p, at)
}

// workbook hands out the rows of a workbook's first sheet.
type workbook struct {
	xml    *part
	shared []string
	dates  []bool // of each cell format: whether it shows a number as a date
	since  time.Time
	line   int
}

// openWorkbook reads what the first sheet's cells refer to, and leaves the sheet itself to be read row by row.
func openWorkbook(r io.ReaderAt, end io.Seeker) (*workbook, error) {
	size, err := end.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	directory := &bounded{ReaderAt: r, left: maxDirectory}
	archive, err := zip.NewReader(directory, size)
	if directory.left < 0 {
		return nil, errBomb
	}
	if err != nil {
		return nil, errWorkbook
	}
	directory.left = 1 << 62
	w := &workbook{}
	sheet, err := w.findSheet(archive)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(w.readShared(archive), w.readStyles(archive)); err != nil {
		return nil, err
	}
	w.xml, err = openPart(archive, sheet)
	if w.xml == nil && err == nil {
		err = errWorkbook
	}
	return w, err
}

// part is one XML part of a workbook, read piece by piece.
type part struct {
	*xml.Decoder
	from  io.Reader
	total int64 // bytes so far
	since int64 // bytes since the last whole piece
}

// openPart returns nil for a part that is not there.
func openPart(archive *zip.Reader, name string) (*part, error) {
	i := slices.IndexFunc(archive.File, func(f *zip.File) bool { return strings.EqualFold(f.Name, strings.TrimPrefix(name, "/")) })
	if i < 0 {
		return nil, nil
	}
	from, err := archive.File[i].Open()
	if err != nil {
		return nil, errWorkbook
	}
	p := &part{from: from}
	p.Decoder = xml.NewDecoder(p)
	return p, nil
}

// Read bounds what the decoder takes in, in all and for one piece, which it holds whole.
func (p *part) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.total += int64(n)
	p.since += int64(n)
	if p.total > maxPart || p.since > MaxRecord+64<<10 {
		return 0, errBomb
	}
	return n, err
}

// piece returns the next token, io.EOF after the last.
func (p *part) piece() (xml.Token, error) {
	t, err := p.Token()
	p.since = 0
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return t, err
	case errors.Is(err, errBomb):
		return nil, errBomb
	}
	return nil, errWorkbook
}

// each calls do for every element of the part.
func (p *part) each(do func(xml.StartElement) error) error {
	if p == nil {
		return nil
	}
	for {
		t, err := p.piece()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			if err := do(e); err != nil {
				return err
			}
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// findSheet returns the name of the first sheet's part, and notes from which day the workbook counts.
func (w *workbook) findSheet(archive *zip.Reader) (string, error) {
	book, err := openPart(archive, "xl/workbook.xml")
	if err != nil || book == nil {
		return "", errWorkbook
	}
	first := ""
	w.since = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	err = book.each(func(e xml.StartElement) error {
		switch {
		case e.Name.Local == "sheet" && first == "":
			first = attribute(e, "id")
		case e.Name.Local == "workbookPr" && (attribute(e, "date1904") == "1" || attribute(e, "date1904") == "true"):
			w.since = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	rels, err := openPart(archive, "xl/_rels/workbook.xml.rels")
	if err != nil {
		return "", err
	}
	name := "xl/worksheets/sheet1.xml"
	err = rels.each(func(e xml.StartElement) error {
		if to := attribute(e, "Target"); e.Name.Local == "Relationship" && attribute(e, "Id") == first && to != "" {
			if name = to; !strings.HasPrefix(to, "/") {
				name = path.Join("xl", to)
			}
		}
		return nil
	})
	return name, err
}

// readShared reads the texts that cells share.
func (w *workbook) readShared(archive *zip.Reader) error {
	p, err := openPart(archive, "xl/sharedStrings.xml")
	size := 0
	return errors.Join(err, p.each(func(e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		text, err := p.text(e)
		if size += len(text) + 16; size > maxShared {
			return errBomb
		}
		w.shared = append(w.shared, text)
		return err
	}))
}

// text returns what the t elements within an element say; phonetic runs are no part of the text.
func (p *part) text(of xml.StartElement) (string, error) {
	var b strings.Builder
	taking, hidden := false, 0
	for {
		t, err := p.piece()
		if err != nil {
			return "", cmpEOF(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "rPh" {
				hidden++
			}
			taking = t.Name.Local == "t" && hidden == 0
		case xml.EndElement:
			taking = false
			if t.Name.Local == "rPh" {
				hidden--
			}
			if t.Name == of.Name {
				return b.String(), nil
			}
		case xml.CharData:
			if taking {
				b.Write(t)
			}
			if b.Len() > MaxRecord {
				return "", errBomb
			}
		}
	}
}

// cmpEOF makes an end that comes too early the fault of the file.
func cmpEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return errWorkbook
	}
	return err
}

// readStyles finds out which cell formats show a number as a date.
func (w *workbook) readStyles(archive *zip.Reader) error {
	p, err := openPart(archive, "xl/styles.xml")
	own, inCells := map[string]bool{}, false
	return errors.Join(err, p.each(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			own[attribute(e, "numFmtId")] = showsDate(attribute(e, "formatCode"))
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if inCells && len(w.dates) < 1<<16 {
				id := attribute(e, "numFmtId")
				n, _ := strconv.Atoi(id)
				w.dates = append(w.dates, own[id] || n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58)
			}
		}
		return nil
	}))
}

// showsDate reports whether a number format has days or years in it, outside of quoted text, brackets and escapes.
func showsDate(format string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case !bracket && strings.IndexByte("dDyY", c) >= 0:
			return true
		}
	}
	return false
}
