package admin

import (
	"testing"

	"fieldsync/sync/record"
)

// A branch whose work lies a continent apart opens on where most of it is; one with a region opens on all of it.
func TestTheMapOpensWhereTheWorkIs(t *testing.T) {
	t.Parallel()
	own := record.ID{1}
	at := func(x, y float64) located { return located{x: x, y: y, branch: own} }
	taipei, perth, elsewhere := at(.8375, .43), at(.8218, .59), located{x: .5, y: .3, branch: record.ID{2}}
	region := []located{taipei, at(.8376, .431), at(.839, .4305), elsewhere}
	if got := near(region, own); len(got) != 3 {
		t.Errorf("of three in a region %d are shown", len(got))
	}
	if got := near(append(region, perth), own); len(got) != 3 || around(got).span > widestRegion {
		t.Errorf("with one a continent away: %v", got)
	}
}

// No label of a degree stands where another does, nor where the scale is.
func TestLabelsOfDegreesKeepApart(t *testing.T) {
	t.Parallel()
	for _, s := range []sight{{.8375, .43, .004}, {.8375, .43, .0004}, {.5, .5, 1}, {.8375, .43, .03}} {
		var page mapPage
		page.grid(s)
		east := -1000.0
		for _, l := range page.Lines {
			switch upright := l.Y1 != l.Y2; {
			case upright && l.Label == "": // none where there is no room
			case upright && l.X1 > mapWidth-labelWidth:
				t.Errorf("%v: %s is cut off at the edge, %f", s, l.Label, l.X1)
			case upright && !l.Minor && l.X1-east < labelWidth:
				t.Errorf("%v: %s stands on the label before it", s, l.Label)
			case upright && !l.Minor:
				east = l.X1
			case !upright && l.Label != "" && (l.Y1 < labelRoom || l.Y1 > mapHeight-labelRoom):
				t.Errorf("%v: %s stands at the edge, %f", s, l.Label, l.Y1)
			}
		}
	}
}
