package admin

import (
	"math"

	"fieldsync/sync/aftersales"
)

// Map services in mainland China draw in GCJ-02, which is WGS-84 moved by some hundred metres, here and there another way.
// What the company keeps is WGS-84; it is moved only to be drawn over the tiles of such a service.

// The ellipsoid of the transformation: Krasovsky 1940.
const (
	krasovskyAxis = 6378245.0
	krasovskyE2   = 0.00669342162296594323
)

// gcj02 returns where such a service draws a position; one outside the box around mainland China stays where it is, as
// the services have it.
func gcj02(p aftersales.Position) aftersales.Position {
	lat, lon := float64(p.Latitude)/1e7, float64(p.Longitude)/1e7
	if lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271 {
		return p
	}
	north, east := gcjOffset(lon-105, lat-35)
	rad := lat * math.Pi / 180
	magic := 1 - krasovskyE2*math.Sin(rad)*math.Sin(rad)
	root := math.Sqrt(magic)
	lat += north * 180 / (krasovskyAxis * (1 - krasovskyE2) / (magic * root) * math.Pi)
	lon += east * 180 / (krasovskyAxis / root * math.Cos(rad) * math.Pi)
	return aftersales.Position{Latitude: int64(math.Round(lat * 1e7)), Longitude: int64(math.Round(lon * 1e7))}
}

// gcjOffset returns by how many metres a position is moved, x and y being degrees from 105° E, 35° N.
func gcjOffset(x, y float64) (north, east float64) {
	wave := func(of float64, amplitude, period float64) float64 { return amplitude * math.Sin(of*math.Pi*period) }
	both := (wave(x, 20, 6) + wave(x, 20, 2)) * 2 / 3
	north = -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*math.Sqrt(math.Abs(x)) + both +
		(wave(y, 20, 1)+wave(y, 40, 1.0/3))*2/3 + (wave(y, 160, 1.0/12)+wave(y, 320, 1.0/30))*2/3
	east = 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*math.Sqrt(math.Abs(x)) + both +
		(wave(x, 20, 1)+wave(x, 40, 1.0/3))*2/3 + (wave(x, 150, 1.0/12)+wave(x, 300, 1.0/30))*2/3
	return north, east
}
