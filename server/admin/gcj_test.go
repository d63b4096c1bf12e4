package admin

import (
	"math"
	"testing"

	"fieldsync/sync/aftersales"
)

// The positions of three cities, as two other programs move them.
func TestPositionsAreMovedForServicesThatWantIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lat, lon, wantLat, wantLon float64 }{
		{31.1774276, 121.5272106, 31.17530398, 121.53154186},
		{22.543847, 113.912316, 22.54079613, 113.91717648},
		{39.911954, 116.377817, 39.91334545, 116.38404722},
		{-31.9505, 115.8605, -31.9505, 115.8605}, // Perth: outside
	} {
		got := gcj02(aftersales.Position{Latitude: int64(math.Round(c.lat * 1e7)), Longitude: int64(math.Round(c.lon * 1e7))})
		if math.Abs(float64(got.Latitude)/1e7-c.wantLat) > 2e-6 || math.Abs(float64(got.Longitude)/1e7-c.wantLon) > 2e-6 {
			t.Errorf("%v, %v became %v", c.lat, c.lon, got)
		}
	}
}
