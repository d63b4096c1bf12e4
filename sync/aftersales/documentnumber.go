package aftersales

import (
	"fmt"
	"slices"
	"strconv"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A document number is a number of a gapless series: the rows of a series and branch are 1, 2, 3 and so on. The row itself
// is the count, its id follows from series, branch and position. So a number comes and goes with the change set that
// needs it, none can be given twice, whatever a restore brings back, and what was given is never changed nor taken away.
var documentNumberTable = &schema.Table{
	ID: 48, Name: "document_number", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		anyRef(2, "about", required, indexed), // the document
		text(3, "series", required),
		integer(4, "position", required),                 // from 1
		text(5, "number", required, searchable, indexed), // as it stands on paper
		ref(6, "author", "person"),
	}, occurred()),
	Buckets: []schema.Bucket{in(JobBucket, "job")},
}

// SeriesAudit numbers the slips that were audited.
const SeriesAudit = "A"

// HubOnly says that a device was asked for what the hub alone can give.
const HubOnly fault.Code = "hub_only"

// DocumentNumber is a row of the table document_number.
type DocumentNumber struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Job       record.ID `json:"job"`
	About     Row       `json:"about"`
	Series    string    `json:"series"`
	Position  int64     `json:"position"`
	Number    string    `json:"number"`
	Author    record.ID `json:"author"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// DocumentNumberOf returns the row as a DocumentNumber; the zero DocumentNumber for nil.
func DocumentNumberOf(r *record.Row) DocumentNumber { return view[DocumentNumber](r) }

// IsGapless reports whether the hub alone gives the series' numbers, without a gap.
func IsGapless(series string) bool { return series == SeriesAudit }

// NumberOf returns the number that a document was given in a gapless series; the zero DocumentNumber for none. Of several,
// which a document has that was audited again after a restore before its first number came back, it is the lowest.
func NumberOf(v View, series string, document record.ID) (n DocumentNumber, err error) {
	rows, err := v.Refs("document_number", "about", document)
	for _, row := range rows {
		of := DocumentNumberOf(row)
		if of.Series == series && (n.Position == 0 || of.Position < n.Position) {
			n = of
		}
	}
	return n, err
}

// giveNumber gives a document of a job the next number of the series in its branch, unless it has one. Codes: HubOnly,
// NumberTaken.
func giveNumber(tx Tx, series string, document Row, job, branch record.ID) error {
	if !tx.Hub() {
		return fault.New(HubOnly, "this takes a number that must leave no gap: only the office can do it")
	}
	given, err := NumberOf(tx, series, document.ID)
	if err != nil || given.Position > 0 {
		return err
	}
	position, err := nextPosition(tx, series, branch)
	if err != nil {
		return err
	}
	number, err := written(tx, series, branch, fmt.Sprintf("%06d", position))
	if err != nil {
		return err
	}
	if err := claimNumber(tx, GivenNumber{series, branch, position, number, document}, false); err != nil {
		return err
	}
	values := record.Values{
		"branch": record.Ref(branch), "job": record.Ref(job), "about": document.Value(), "series": record.Text(series),
		"position": record.Number(position), "number": record.Text(number), "author": record.Ref(tx.Author()),
	}
	Moment{}.put(tx, values)
	return insert(tx, "document_number", positionID(series, branch, position), values)
}

// nextPosition returns the first position that the series has not reached, from where it goes on today.
func nextPosition(tx Present, series string, branch record.ID) (int64, error) {
	first, err := firstPosition(tx, series, branch)
	if err != nil {
		return 0, err
	}
	return freeFrom(tx, series, branch, first)
}

// freeFrom returns one that is free behind one that is taken, or the first: by doubling and halving, since reading all of a
// series would cost more with every year. Behind the first nothing is lost (LoseNumbers): where phones brought numbers back
// that nobody noted, the hole before them may be filled.
func freeFrom(tx View, series string, branch record.ID, first int64) (int64, error) {
	taken, free := int64(0), int64(0) // counted from the first, which is 1
	for free-taken != 1 {
		next := 2*taken + 1
		if free > 0 {
			next = taken + (free-taken)/2
		}
		row, err := tx.Row("document_number", positionID(series, branch, first-1+next))
		switch {
		case err != nil:
			return 0, err
		case row != nil:
			taken = next
		default:
			free = next
		}
	}
	return first - 1 + free, nil
}

func positionID(series string, branch record.ID, position int64) record.ID {
	return NamedID("document_number", series, branchName(branch), strconv.FormatInt(position, 10))
}
