package admin

import (
	"testing"
	"time"
)

// What a device calls its change, and all else that stands in the file, is no formula there.
func TestTheAuditsFileHoldsNoFormula(t *testing.T) {
	t.Parallel()
	book, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	v := &Visit{lang: &language{book.Match("en")}, office: &Office{Options: Options{Zone: time.UTC}}}
	change := &changeView{By: "=1", Device: "@1", Cause: "=cmd", Rows: []changedRow{{Name: "+1", Cells: []field{{Label: "-1", Was: "＝1"}}}}}
	err = v.auditLinesOf(change, func(line []string) error {
		for _, cell := range line {
			if len(cell) > 0 && cell[0] != '\'' && cell != "applied" {
				t.Errorf("%q would be reckoned", cell)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
