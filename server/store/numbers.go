package store

import (
	"fmt"
	"strconv"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Numbered says that a document was given a number of a series without gaps.
type Numbered struct {
	Series   string // without blanks
	Branch   record.ID
	Position int64
	About    record.Key // the document
	Number   string     // as it stands on paper
}

// NoteNumbers writes numbers down before the database has them. The code is DiskFull where it cannot be.
func (s *Store) NoteNumbers(given []Numbered) error {
	if len(given) == 0 {
		return nil
	}
	lines := make([]string, len(given))
	for i, n := range given {
		lines[i] = fmt.Sprintf("%s %s %d %d %s %s", n.Series, n.Branch, n.Position, n.About.Table, n.About.ID, strconv.Quote(n.Number))
	}
	if err := s.addLines(numbers, lines); err != nil {
		return fault.Wrap(DiskFull, "The list of numbers cannot be written. Nothing was changed; make room and try again.", err)
	}
	return nil
}

// NumbersGiven returns every position that was noted, in the order in which they were first noted: each as the last note
// has it, since a number whose commit failed is given to the next that asks.
func (s *Store) NumbersGiven() ([]Numbered, error) {
	lines, err := linesOf(s.options.Path + numbers)
	position := func(n Numbered) Numbered { return Numbered{Series: n.Series, Branch: n.Branch, Position: n.Position} }
	return latestOf(lines, parseNumbered, position), err
}

func parseNumbered(line string) (n Numbered, ok bool) {
	words := strings.SplitN(line, " ", 6)
	if len(words) != 6 {
		return n, false
	}
	n.Series = words[0]
	branch, e1 := record.ParseID(words[1])
	position, e2 := strconv.ParseInt(words[2], 10, 64)
	table, e3 := strconv.ParseUint(words[3], 10, 16)
	about, e4 := record.ParseID(words[4])
	number, e5 := strconv.Unquote(words[5])
	for _, err := range []error{e1, e2, e3, e4, e5} {
		if err != nil {
			return n, false
		}
	}
	n.Branch, n.Position, n.Number = branch, position, number
	n.About = record.Key{Table: schema.TableID(table), ID: about}
	return n, position > 0
}
