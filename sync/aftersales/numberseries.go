package aftersales

import (
	"slices"
	"strconv"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A number start says from which position a gapless series goes on in a branch, and from which day: where the company came
// from another system, or above what a restore has forgotten. Its id follows from series, branch and how many there were.
var numberStartTable = &schema.Table{
	ID: 133, Name: "number_start", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "series", required),
		integer(2, "first", required),
		date(3, "valid_from"), // by the branch's clock; empty for at once
		enum(4, "reason", []string{StartCompany, StartRestore}, required),
		ref(5, "author", "person"),
	}, occurred()),
	Buckets: []schema.Bucket{in(OfficeBucket, "id")},
}

// A number claim holds a number of a gapless series as it stands on paper: its id follows from series and text, so that no
// two documents have the same, whatever branches are called. One with lost_at is a number that a restore forgot.
var numberClaimTable = &schema.Table{
	ID: 134, Name: "number_claim", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "series", required),
		integer(2, "position", required),
		text(3, "number", required),
		anyRef(4, "about"), // the document
		instant(5, "lost_at"),
	}, occurred()),
	Buckets: []schema.Bucket{in(OfficeBucket, "id")},
}

// Why a series goes on from a position.
const (
	StartCompany = "company"
	StartRestore = "restore"
)

// NumberTaken says that a number stands on another document already, or would come to.
const NumberTaken fault.Code = "number_taken"

// maxPosition is the last position at which a series can be told to go on.
const maxPosition = 999_999_999_999

// NumberStart is a row of the table number_start.
type NumberStart struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Series    string    `json:"series"`
	First     int64     `json:"first"`
	ValidFrom int64     `json:"valid_from"` // days since 1970-01-01
	Reason    string    `json:"reason"`
	Author    record.ID `json:"author"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// NumberStartOf returns the row as a NumberStart; the zero NumberStart for nil.
func NumberStartOf(r *record.Row) NumberStart { return view[NumberStart](r) }

// GivenNumber is a number of a gapless series that a document was given.
type GivenNumber struct {
	Series   string
	Branch   record.ID
	Position int64
	Number   string // as it stands on paper
	About    Row
}

// GivenIn returns the numbers that a change set gives.
func GivenIn(s *schema.Schema, cs *record.ChangeSet) (given []GivenNumber) {
	t := s.Table("document_number")
	for i := range cs.Rows {
		if t == nil || cs.Rows[i].Table != t.ID || cs.Rows[i].Op != record.Insert {
			continue
		}
		cell := func(name string) record.Value {
			for _, w := range cs.Rows[i].Cells {
				if w.Column == t.Columns[t.Column(name)].ID {
					return w.Value
				}
			}
			return record.Null
		}
		given = append(given, GivenNumber{
			cell("series").Text(), cell("branch").Ref(), cell("position").Number(), cell("number").Text(), rowOf(cell("about").Key()),
		})
	}
	return given
}

// StartNumbers says from which position a gapless series goes on in a branch, and from which day, in days since 1970-01-01:
// 0 is at once. The last that was said and has come holds. Codes: BadSetting, NumberTaken, HubOnly.
func StartNumbers(tx Tx, series string, branch record.ID, first, from int64) error {
	if !tx.Hub() {
		return fault.New(HubOnly, "where a series goes on is said in the office")
	}
	if !IsGapless(series) || first < 1 || first > maxPosition {
		return fault.Newf(BadSetting, "a series without gaps goes on from a number between 1 and %d", maxPosition)
	}
	last, err := reachedBy(tx, series, branch)
	if err != nil {
		return err
	}
	if first <= last {
		return fault.Newf(NumberTaken, "this series has given its numbers up to %d: let it go on above", last)
	}
	return addStart(tx, series, branch, first, from, StartCompany)
}

func addStart(tx Tx, series string, branch record.ID, first, from int64, reason string) error {
	starts, err := NumberStarts(tx, series, branch)
	if err != nil {
		return err
	}
	values := record.Values{
		"branch": record.Ref(branch), "series": record.Text(series), "first": record.Number(first),
		"reason": record.Text(reason), "author": record.Ref(tx.Author()),
	}
	if from > 0 {
		values["valid_from"] = record.Date(from)
	}
	Moment{}.put(tx, values)
	return insert(tx, "number_start", startID(series, branch, len(starts)), values)
}

func startID(series string, branch record.ID, n int) record.ID {
	return NamedID("number_start", series, branchName(branch), strconv.Itoa(n))
}

// NumberStarts returns all that was said of where a series goes on in a branch, the earliest word first.
func NumberStarts(v Reader, series string, branch record.ID) (all []NumberStart, err error) {
	for {
		row, err := v.Row("number_start", startID(series, branch, len(all)))
		if err != nil || row == nil {
			return all, err
		}
		all = append(all, NumberStartOf(row))
	}
}

// firstPosition returns where the series goes on today: as the company said last, but never below what a restore forgot.
func firstPosition(tx Present, series string, branch record.ID) (int64, error) {
	starts, err := NumberStarts(tx, series, branch)
	if err != nil {
		return 0, err
	}
	home, err := tx.Row("branch", branch)
	said, floor := int64(1), int64(1)
	today := DayIn(zoneOf(home), tx.Now())
	for _, s := range starts {
		if s.Reason == StartRestore {
			floor = max(floor, s.First)
		} else if s.ValidFrom <= today {
			said = s.First
		}
	}
	return max(said, floor), err
}

// reachedBy returns the highest position that a series may have reached in a branch: what a restore forgot counts.
func reachedBy(tx View, series string, branch record.ID) (last int64, err error) {
	starts, err := NumberStarts(tx, series, branch)
	for _, s := range append(starts, NumberStart{First: 1}) {
		if err != nil {
			return 0, err
		}
		if s.Reason == StartRestore {
			last = max(last, s.First-1)
		}
		var next int64
		if next, err = freeFrom(tx, series, branch, s.First); next > s.First {
			last = max(last, next-1)
		}
	}
	return last, err
}

// claimNumber lets nobody else have the number as it stands on paper. Codes: NumberTaken.
func claimNumber(tx Tx, n GivenNumber, lost bool) error {
	id := claimID(n.Series, n.Number)
	row, err := tx.Row("number_claim", id)
	if err != nil {
		return err
	}
	if row != nil {
		return fault.Newf(NumberTaken, "the number %s stands on another document already: give the branches different codes, or numbers that look different, and do it again", n.Number)
	}
	values := record.Values{
		"branch": record.Ref(n.Branch), "series": record.Text(n.Series), "position": record.Number(n.Position),
		"number": record.Text(n.Number),
	}
	if n.About.Table != "" {
		values["about"] = n.About.Value()
	}
	if lost {
		values["lost_at"] = record.Instant(tx.Now())
	}
	Moment{}.put(tx, values)
	return insert(tx, "number_claim", id, values)
}

func claimID(series, number string) record.ID { return NamedID("number_claim", series, number) }

// LoseNumbers accounts for the numbers that were given and that a restored database does not know: each is entered as lost,
// and their series go on above the highest. Done again, it does nothing. Codes: HubOnly.
func LoseNumbers(tx Tx, given []GivenNumber) error {
	if !tx.Hub() {
		return fault.New(HubOnly, "only the hub knows what a restore has lost")
	}
	type seriesOf struct {
		series string
		branch record.ID
	}
	above := map[seriesOf]int64{}
	var order []seriesOf
	for _, n := range given {
		lost, err := loseNumber(tx, n)
		if err != nil {
			return err
		}
		of := seriesOf{n.Series, n.Branch}
		if lost && above[of] == 0 {
			order = append(order, of)
		}
		if lost {
			above[of] = max(above[of], n.Position+1)
		}
	}
	for _, of := range order {
		first, err := firstPosition(tx, of.series, of.branch)
		if err != nil {
			return err
		}
		if first < above[of] {
			err = addStart(tx, of.series, of.branch, above[of], 0, StartRestore)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loseNumber enters a number as lost, unless the database knows it. A claim of the same text is another's: it came by a
// pattern that was in force before, and stands as it is.
func loseNumber(tx Tx, n GivenNumber) (bool, error) {
	row, err := tx.Row("document_number", positionID(n.Series, n.Branch, n.Position))
	if err != nil || row != nil && DocumentNumberOf(row).About == n.About {
		return false, err
	}
	claim, err := tx.Row("number_claim", claimID(n.Series, n.Number))
	if err != nil || claim != nil {
		return err == nil && !claim.Get("lost_at").IsNull(), err
	}
	return true, claimNumber(tx, n, true)
}
