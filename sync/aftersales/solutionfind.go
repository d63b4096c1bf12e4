package aftersales

import (
	"cmp"
	"math/bits"
	"slices"

	"fieldsync/sync/record"
)

// SolutionQuery says what is wrong with what.
type SolutionQuery struct {
	Unit      record.ID // its model counts, or ...
	Product   record.ID // ... this one
	FaultCode string
	Text      string      // as the customer says it
	Found     []record.ID // solutions that a full-text index found besides; may be empty
}

// Ranked is a solution with how well it fits, and why: "product", "fault", "text", "used".
type Ranked struct {
	Solution
	Score   int64    `json:"score"`
	Reasons []string `json:"reasons"`
}

// Solutions returns the solutions that fit, the best first: those of the model, of the fault, and those found; retired
// and archived ones are left out. It computes the same on a phone and on the hub.
func Solutions(v View, q SolutionQuery) ([]Ranked, error) {
	if q.Product.IsZero() {
		unit, err := v.Row("unit", q.Unit)
		if err != nil {
			return nil, err
		}
		q.Product = UnitOf(unit).Product
	}
	rows, err := q.candidates(v)
	if err != nil {
		return nil, err
	}
	wanted, list := tokens(q.Text), []Ranked{}
	for _, row := range rows {
		s := SolutionOf(row)
		if s.State == SolutionRetired || s.ArchivedAt != 0 || !s.MergedInto.IsZero() {
			continue
		}
		if r := q.rank(s, wanted); r.Score > 0 {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.LastUsedAt, a.LastUsedAt), compareIDs(a.ID, b.ID))
	})
	return list, nil
}

// candidates returns the rows that could fit, each once.
func (q SolutionQuery) candidates(v View) (rows []*record.Row, err error) {
	seen := map[record.ID]bool{}
	put := func(list ...*record.Row) {
		for _, row := range list {
			if row != nil && !seen[row.ID] {
				seen[row.ID], rows = true, append(rows, row)
			}
		}
	}
	for column, id := range map[string]record.ID{"product": q.Product, "fault": faultRef(q.FaultCode).Ref()} {
		if id.IsZero() {
			continue
		}
		list, err := v.Refs("solution", column, id)
		if err != nil {
			return nil, err
		}
		put(list...)
	}
	for _, id := range q.Found {
		row, err := v.Row("solution", id)
		if err != nil {
			return nil, err
		}
		put(row)
	}
	return rows, nil
}

// The weights of what speaks for a solution. One of another model does not count for its fault alone as much as words.
const (
	weighProduct  = 40
	weighFault    = 30
	weighText     = 60 // where all words are in it
	weighUse      = 4  // for each doubling of its uses
	weighApproved = 5
)

func (q SolutionQuery) rank(s Solution, wanted []string) Ranked {
	r := Ranked{Solution: s, Reasons: []string{}}
	count := func(reason string, n int64) {
		if n > 0 {
			r.Score, r.Reasons = r.Score+n, append(r.Reasons, reason)
		}
	}
	if s.Product == q.Product && !q.Product.IsZero() {
		count("product", weighProduct)
	}
	if q.FaultCode != "" && s.Fault == CodeID(ListFault, q.FaultCode) {
		count("fault", weighFault)
	}
	if len(wanted) > 0 {
		has := tokens(s.Title + " " + s.Symptom + " " + s.Solution)
		hits := 0
		for _, word := range wanted {
			if _, ok := slices.BinarySearch(has, word); ok {
				hits++
			}
		}
		count("text", int64(weighText*hits/len(wanted)))
	}
	if r.Score == 0 {
		return r
	}
	count("used", int64(weighUse*bits.Len64(uint64(max(0, s.Uses)))))
	if s.State == SolutionApproved {
		r.Score += weighApproved
	}
	return r
}
