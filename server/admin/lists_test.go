package admin

import (
	"regexp"
	"strings"
	"testing"
)

// TestWhateverAListIsSortedByHasAnIndex in just that order, the id last, or all rows would be sorted for a page of them. What
// none has is Fixed, and sorted by only where few rows match. Lists that stay short need none, nor do sums.
func TestWhateverAListIsSortedByHasAnIndex(t *testing.T) {
	t.Parallel()
	for _, l := range listings {
		alias, id, _ := strings.Cut(l.List.ID, ".")
		sums := strings.HasPrefix(l.List.From, "(")
		for _, c := range l.List.Columns {
			column, own := strings.CutPrefix(c.SQL, alias+".")
			if c.Fixed || c.Told || sums || id != "id" || !own || column == "id" || len(l.List.Indexes) == 0 {
				continue
			}
			if !regexp.MustCompile(`\(` + column + `, id[,)]`).MatchString(strings.Join(l.List.Indexes, "\n")) {
				t.Errorf("%s: no index has %s, id", l.List.Name, column)
			}
		}
	}
}
