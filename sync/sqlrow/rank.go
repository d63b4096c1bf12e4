package sqlrow

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"fieldsync/sync/record"
)

// candidate is a row that may hold what is looked for.
type candidate struct {
	t     *searched
	id    record.ID
	text  []piece // nil while it was not read
	score float64
}

// within counts how often the piece stands in the pieces of a text: a word at the beginning of one or within a serial,
// everything else anywhere within its like.
func (p piece) within(text []piece) (n int) {
	asked := string(p.text)
	for _, q := range text {
		found := q.kind == p.kind && strings.Contains(string(q.text), asked)
		if p.kind == word {
			found = q.kind == word && strings.HasPrefix(string(q.text), asked) || q.kind == serial && strings.Contains(string(q.text), asked)
		}
		if found {
			n++
		}
	}
	return n
}

// Of a search that fits more rows of a table only the latest are ranked, by the beginning of what is in them: a manual of
// a thousand pages is not cut into pieces for that.
const (
	ranked       = 200
	rankedMost   = 8 << 10 // bytes
	longTermRate = 1.2     // BM25's k1
	lengthRate   = 0.75    // and b
)

// beginning returns what of a source text is looked at to rank it.
func beginning(source string) string {
	if len(source) <= rankedMost {
		return source
	}
	return strings.ToValidUTF8(source[:rankedMost], "")
}

// rank orders what was found: by BM25, in which all words count the same, and then the latest.
func rank(list []candidate, cut []piece) {
	total := 0
	for i := range list {
		total += len(list[i].text)
	}
	average := float64(max(total, 1)) / float64(max(len(list), 1))
	for i := range list {
		c := &list[i]
		long := longTermRate * (1 - lengthRate + lengthRate*float64(len(c.text))/average)
		for _, p := range cut {
			n := float64(p.within(c.text))
			c.score += n * (longTermRate + 1) / (n + long)
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(math.Round(b.score*10), math.Round(a.score*10)), slices.Compare(b.id[:], a.id[:]))
	})
}
