package importer

import (
	"errors"
	"io"
)

// Column is a column of a file, as a page shows it before anything is read.
type Column struct {
	Name    string
	Field   Field    // what it seems to hold, "" for nothing known
	Samples []string // of the first rows
}

// Look returns the columns of a file with what each seems to hold, and what stands in the first rows. What a sheet needs
// may be lacking. The errors are those of Open.
func Look(sheet *Sheet, r io.Reader, opts Options, rows int) ([]Column, error) {
	from, err := openSource(r, &opts)
	if err != nil {
		return nil, err
	}
	head, err := header(from)
	if err != nil {
		return nil, err
	}
	known, err := sheet.guess(head, &opts)
	if err != nil {
		return nil, err
	}
	columns := make([]Column, len(known))
	for i, c := range known {
		columns[i] = Column{Name: c.name, Field: c.field}
	}
	for range rows {
		rec, err := from.next()
		if errors.Is(err, io.EOF) {
			return columns, nil
		}
		if err != nil {
			return nil, err
		}
		for i, cell := range rec.cells[:min(len(rec.cells), len(columns))] {
			columns[i].Samples = append(columns[i].Samples, cell)
		}
	}
	return columns, nil
}
